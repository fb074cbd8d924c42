//! A client that nobody can be sent back to.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, table};

use crate::{Authentik, Pattern};

pub const RULE: Rule = Rule {
    code: "AK033",
    name: "no-callback",
    severity: Severity::Error,
    waivable: false,
    what: "`pattern = \"oauth2\"` without `callbacks`",
    why: "authentik sends people back only to addresses that were named. Without one, it takes the first that any client asks for.",
    example: beside_authentik!(site!("[authentik]\npattern = \"oauth2\"\n")),
    use_instead: beside_authentik!(site!("[authentik]\npattern = \"oauth2\"\ncallbacks = [\"/oauth/callback\"]\n")),
    source: "https://docs.goauthentik.io/add-secure-apps/providers/oauth2/#redirect-uris",
};

pub fn check(call: &ServiceCall<Authentik>, out: &mut Diagnostics) {
    if call.table.pattern == Pattern::Oauth2 && call.table.callbacks.is_empty() {
        let message = "nothing says where people may be sent back to";
        let help = "add `callbacks = [\"/oauth/callback\"]`, with the path that the service documents";
        out.push(error(RULE.code, message, table(&["pattern"])).help(help));
    }
}
