//! A header for identities that clients could send as well.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, table_key};

use crate::Caddy;
use crate::identity::bad_name;

pub const RULE: Rule = Rule {
    code: "CA025",
    name: "identity-header-name",
    severity: Severity::Error,
    waivable: false,
    what: "a header in `identity` that does not begin with `Remote-` or `X-`, or that begins with `X-Forwarded-`",
    why: "Whatever a client sends under such a name is taken out of the request, with all that is spelt like it: many applications take \
          `_` for `-`. Under other names that would take away what requests need.",
    example: behind_sign_on!("identity = { Authorization = \"user\" }\n"),
    use_instead: behind_sign_on!("identity = { X-WebAuth-User = \"user\" }\n"),
    source: "docs/plugins/caddy.md",
};

pub fn check(call: &ServiceCall<Caddy>, out: &mut Diagnostics) {
    for header in call.table.identity.keys() {
        if let Some(problem) = bad_name(header) {
            let message = format!("the header `{header}` {problem}, so it cannot be kept from clients");
            let help = "use a name of its own for it, such as `Remote-User` or `X-WebAuth-User`";
            out.push(error(RULE.code, message, table_key(&["identity", header])).help(help));
        }
    }
}
