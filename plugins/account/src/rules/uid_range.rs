//! A service's uid among those of people, or among those that systemd hands out for a while.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, table, warning};

use crate::Account;

pub const RULE: Rule = Rule {
    code: "SY006",
    name: "uid-outside-system-range",
    severity: Severity::Warning,
    waivable: true,
    what: "a stated `uid` that is not one of a system user: 1 to 999",
    why: "From 1000 on useradd gives uids to people, and journald gives each its own journal; systemd uses 61184 to 65519 for \
          DynamicUser= and containers. Sooner or later somebody else has the number, and the service's files with it.",
    example: "[account]\nuid = 1001\n",
    use_instead: "[account]\nuid = 850\n",
    source: "https://systemd.io/UIDS-GIDS/",
};

pub fn check(call: &ServiceCall<Account>, out: &mut Diagnostics) {
    let Some(uid) = call.table.uid else { return };
    if uid >= 1000 {
        let message = format!("uid {uid} is not one of a system user, which are 1 to 999");
        out.push(
            warning(RULE.code, message, table(&["uid"])).help("leave `uid` out and rick hands out one that nobody else has"),
        );
    }
}
