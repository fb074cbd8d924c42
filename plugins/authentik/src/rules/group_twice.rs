//! Two keys that say who may enter.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, table_key};

use crate::Authentik;

pub const RULE: Rule = Rule {
    code: "AK035",
    name: "group-and-groups",
    severity: Severity::Error,
    waivable: false,
    what: "`group` and `groups` in one table",
    why: "Each says all of who may enter; which of the two was meant cannot be told.",
    example: beside_authentik!(site!(
        "[authentik]\npattern = \"forward-auth\"\ngroup = \"staff\"\ngroups = [\"friends\"]\n\n[caddy]\n"
    )),
    use_instead: beside_authentik!(site!(
        "[authentik]\npattern = \"forward-auth\"\ngroups = [\"staff\", \"friends\"]\n\n[caddy]\n"
    )),
    source: "docs/plugins/authentik.md",
};

pub fn check(call: &ServiceCall<Authentik>, out: &mut Diagnostics) {
    if call.table.group.is_some() && call.table.groups.is_some() {
        let message = "`group` and `groups` both say who may enter";
        out.push(
            error(RULE.code, message, table_key(&["groups"]))
                .help("name all of them in `groups`, and leave `group` out")
                .note("`group` is here", table_key(&["group"])),
        );
    }
}
