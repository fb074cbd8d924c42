//! A further pattern that fits another service's keys or channels.

use rick_plugin_sdk::place::table_of;
use rick_plugin_sdk::{Diagnostics, MachineCall, Rule, Severity, error};

use super::may_meet;
use crate::Valkey;

pub const RULE: Rule = Rule {
    code: "VK011",
    name: "pattern-on-foreign-keys",
    severity: Severity::Error,
    waivable: true,
    what: "a pattern in `keys` or `channels` that may fit what belongs to another service on the same machine",
    why: "The prefix is the wall between services; such a pattern opens it. A service that takes no prefix needs a server of its own.",
    example: "# services/feeds.toml\n[valkey]\nkeys = [\"*\"]\n\n# services/wiki.toml\n[valkey]\n",
    use_instead: "# services/feeds.toml\n[valkey]\ndedicated = true\n\n# services/wiki.toml\n[valkey]\n",
    source: "https://valkey.io/topics/acl/, key permissions",
};

pub fn check(call: &MachineCall<Valkey>, out: &mut Diagnostics) {
    for (name, entry) in call.services.iter().filter(|(_, entry)| !entry.table.dedicated) {
        for (list, key) in [(&entry.table.keys, "keys"), (&entry.table.channels, "channels")] {
            for (index, pattern) in list.iter().enumerate() {
                let owner = call.services.iter().find(|(other, entry)| {
                    *other != name && !entry.table.dedicated && may_meet(pattern, &entry.table.prefix(other))
                });
                let Some((owner, other)) = owner else { continue };
                let message = format!("the pattern `{pattern}` may fit `{}…`, which is `{owner}`'s", other.table.prefix(owner));
                let help = "use a narrower pattern, or `dedicated = true` for a server of its own";
                out.push(error(RULE.code, message, table_of(name, &[key, &index.to_string()])).help(help));
            }
        }
    }
}
