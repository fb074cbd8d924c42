//! Commands that reach beyond a service's own keys.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, remove, table, warning};

use crate::Valkey;

pub const RULE: Rule = Rule {
    code: "VK005",
    name: "dangerous-command",
    severity: Severity::Warning,
    waivable: true,
    what: "a rule in `commands` that gives back what rick takes away in a shared server: the categories `@all`, `@admin` and `@dangerous`, \
           and commands that touch other services' data or the server itself",
    why: "FLUSHALL, FLUSHDB, SWAPDB, CONFIG or SHUTDOWN ask nobody whose keys there are.",
    example: "[valkey]\ncommands = [\"+flushdb\"]\n",
    use_instead: "[valkey]\ndedicated = true\n",
    source: "https://valkey.io/topics/acl/, command categories",
};

const BEYOND: [&str; 17] = [
    "@all",
    "@admin",
    "@dangerous",
    "acl",
    "bgrewriteaof",
    "bgsave",
    "client",
    "config",
    "debug",
    "failover",
    "flushall",
    "flushdb",
    "module",
    "monitor",
    "replicaof",
    "shutdown",
    "swapdb",
];

pub fn check(call: &ServiceCall<Valkey>, out: &mut Diagnostics) {
    if call.table.dedicated {
        return;
    }
    for (index, rule) in call.table.commands.iter().enumerate() {
        let Some(allowed) = rule.strip_prefix('+') else { continue };
        if BEYOND.contains(&allowed) {
            let message = format!("`{rule}` lets the service reach what is not its own in a server that it shares");
            let help = "name the one command that it needs, or give it a server of its own by `dedicated = true`";
            let place = table(&["commands", &index.to_string()]);
            let fix = vec![remove(&place)];
            out.push(warning(RULE.code, message, place).help(help).unsafe_fix(format!("leave `{rule}` out"), fix));
        }
    }
}
