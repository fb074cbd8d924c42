//! Two lists that say the opposite.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, table_key};

use crate::Caddy;

pub const RULE: Rule = Rule {
    code: "CA022",
    name: "public-and-protected",
    severity: Severity::Error,
    waivable: false,
    what: "`public` and `protected` in one table",
    why: "`public` names what needs no sign-on where all else does, `protected` what needs it where nothing else does. Of a path in \
          neither it cannot be told.",
    example: behind_sign_on!("public = [\"/health\"]\nprotected = [\"/admin/*\"]\n"),
    use_instead: behind_sign_on!("public = [\"/health\"]\n"),
    source: "docs/plugins/caddy.md",
};

pub fn check(call: &ServiceCall<Caddy>, out: &mut Diagnostics) {
    if !call.table.public.is_empty() && !call.table.protected.is_empty() {
        let message = "`public` says that all else needs sign-on, and `protected` that nothing else does";
        out.push(
            error(RULE.code, message, table_key(&["protected"]))
                .help("leave one of them out")
                .note("`public` is here", table_key(&["public"])),
        );
    }
}
