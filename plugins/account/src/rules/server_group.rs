//! Membership in the group of a server that needs none.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, remove, table, warning};

use crate::Account;

pub const RULE: Rule = Rule {
    code: "SY004",
    name: "server-group",
    severity: Severity::Warning,
    waivable: true,
    what: "a service's user in the group `postgres`, `valkey` or `redis`",
    why: "The servers' sockets take connections from everybody, and know who may do what by peer or by password. Their groups read their \
          files: a member of `valkey` reads every service's keys in dump.rdb, and can replace the file that says who may do what.",
    example: "[account]\ngroups = [\"postgres\", \"valkey\"]\n",
    use_instead: "[postgres]\n\n[valkey]\n",
    source: "seen on Debian 13: /etc/valkey is 2770, group valkey; the sockets are 0777",
};

pub fn check(call: &ServiceCall<Account>, out: &mut Diagnostics) {
    for (index, group) in call.table.groups.iter().enumerate() {
        if ["postgres", "valkey", "redis"].contains(&group.as_str()) {
            let message = format!("the group `{group}` reads the server's own files, and nothing needs it to connect");
            let help =
                format!("leave it out: `[{}]` is all that a service needs", if group == "redis" { "valkey" } else { group });
            let place = table(&["groups", &index.to_string()]);
            let fix = vec![remove(&place)];
            out.push(warning(RULE.code, message, place).help(help).unsafe_fix(format!("leave the group `{group}` out"), fix));
        }
    }
}
