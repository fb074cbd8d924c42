//! A prefix that begins with another service's.

use rick_plugin_sdk::place::table_of;
use rick_plugin_sdk::{Diagnostics, MachineCall, Rule, Severity, error};

use crate::Valkey;

pub const RULE: Rule = Rule {
    code: "VK010",
    name: "prefix-within-prefix",
    severity: Severity::Error,
    waivable: false,
    what: "a `prefix` that begins with the prefix of another service on the same machine",
    why: "A user may use the keys that begin with its prefix: whoever has `app` also has the keys of whoever has `app2:`. The colon at \
          the end of what rick derives keeps them apart.",
    example: "# services/app.toml\n[valkey]\nprefix = \"app\"\n\n# services/app2.toml\n[valkey]\nprefix = \"app2:\"\n",
    use_instead: "# services/app.toml\n[valkey]\nprefix = \"app:\"\n\n# services/app2.toml\n[valkey]\nprefix = \"app2:\"\n",
    source: "https://valkey.io/topics/acl/, key permissions",
};

pub fn check(call: &MachineCall<Valkey>, out: &mut Diagnostics) {
    let prefixes: Vec<(&String, String)> = call
        .services
        .iter()
        .filter(|(_, entry)| !entry.table.dedicated)
        .map(|(name, entry)| (name, entry.table.prefix(name)))
        .collect();
    for (wide, wide_prefix) in &prefixes {
        for (narrow, narrow_prefix) in &prefixes {
            if wide == narrow || wide_prefix == narrow_prefix || !narrow_prefix.starts_with(wide_prefix.as_str()) {
                continue;
            }
            let message = format!(
                "the keys of `{narrow}` begin with `{narrow_prefix}`, and so with `{wide_prefix}`: `{wide}` could use them all"
            );
            let place = |service: &str| table_of(service, call.services[service].table.prefix_steps());
            let help = format!("end the prefix of `{wide}` with a colon, or leave it out");
            out.push(error(RULE.code, message, place(wide)).help(help).note(format!("`{narrow_prefix}` is here"), place(narrow)));
        }
    }
}
