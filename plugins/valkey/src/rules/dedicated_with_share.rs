//! A server of its own, and what only means something in a shared one.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, table_key};

use crate::Valkey;

pub const RULE: Rule = Rule {
    code: "VK012",
    name: "share-in-dedicated",
    severity: Severity::Error,
    waivable: false,
    what: "`prefix`, `db`, `keys` or `channels` beside `dedicated = true`",
    why: "In a server of its own a service may use every key in every database: which of the two was meant cannot be told.",
    example: "[valkey]\ndedicated = true\nprefix = \"cloud:\"\n",
    use_instead: "[valkey]\ndedicated = true\n",
    source: "docs/plugins/valkey.md",
};

pub fn check(call: &ServiceCall<Valkey>, out: &mut Diagnostics) {
    let said = &call.table;
    if !said.dedicated {
        return;
    }
    let stated = [
        ("prefix", said.prefix.is_some()),
        ("db", said.db.is_some()),
        ("keys", !said.keys.is_empty()),
        ("channels", !said.channels.is_empty()),
    ];
    for (key, _) in stated.into_iter().filter(|(_, stated)| *stated) {
        let message = format!("`{key}` says what the service has of a shared server, and it has one of its own");
        out.push(error(RULE.code, message, table_key(&[key])).help(format!("leave out `{key}`, or `dedicated`")));
    }
}
