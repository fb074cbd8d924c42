//! A site that leads nowhere.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, table};

use crate::Caddy;
use crate::site::upstream;

pub const RULE: Rule = Rule {
    code: "CA021",
    name: "site-without-service",
    severity: Severity::Error,
    waivable: false,
    what: "a table `[caddy]` where nothing of the service answers HTTP: `[service]` has no `port`, or no container runs",
    why: "Caddy would have nobody to pass requests to.",
    example: "[service]\nimage = \"ghcr.io/acme/myservice:1.4.2\"\ndomain = \"myservice.example.org\"\n\n[caddy]\n",
    use_instead: site!("[caddy]\n"),
    source: "docs/plugins/caddy.md",
};

pub fn check(call: &ServiceCall<Caddy>, out: &mut Diagnostics) {
    if call.service.domain.is_some() && upstream(call).is_none() {
        let message = "nothing of the service answers HTTP, so the site would lead nowhere";
        let help = "add `port` to [service], or `upstream` for what rick does not run";
        out.push(error(RULE.code, message, table(&[])).help(help));
    }
}
