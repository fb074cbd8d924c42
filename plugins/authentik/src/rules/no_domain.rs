//! Sign-on at a door that is not there.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, table};

use crate::{Authentik, Pattern};

pub const RULE: Rule = Rule {
    code: "AK030",
    name: "sign-on-without-domain",
    severity: Severity::Error,
    waivable: false,
    what: "`forward-auth`, or a callback that is a path, in a manifest whose `[service]` has no `domain`",
    why: "authentik tells applications apart by the host that a browser asked for, and sends people back to an address.",
    example: beside_authentik!(
        "[service]\nimage = \"ghcr.io/acme/myservice:1.4.2\"\nport = 8080\n\n[authentik]\npattern = \"forward-auth\"\n\n[caddy]\n"
    ),
    use_instead: beside_authentik!(site!("[authentik]\npattern = \"forward-auth\"\n\n[caddy]\n")),
    source: "https://docs.goauthentik.io/add-secure-apps/providers/proxy/",
};

pub fn check(call: &ServiceCall<Authentik>, out: &mut Diagnostics) {
    if call.service.domain.is_some() {
        return;
    }
    if call.table.pattern == Pattern::ForwardAuth {
        let message = "the service has no `domain`, so there is no door to sign on at";
        out.push(error(RULE.code, message, table(&["pattern"])).help("add `domain` to [service]"));
    }
    for (index, callback) in call.table.callbacks.iter().enumerate().filter(|(_, callback)| callback.starts_with('/')) {
        let message = format!("`{callback}` is a path of the service's domain, and it has none");
        let help = "add `domain` to [service], or write the whole address";
        out.push(error(RULE.code, message, table(&["callbacks", &index.to_string()])).help(help));
    }
}
