//! A site without a name.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, table};

use crate::Caddy;

pub const RULE: Rule = Rule {
    code: "CA020",
    name: "site-without-domain",
    severity: Severity::Error,
    waivable: false,
    what: "a table `[caddy]` in a manifest whose `[service]` has no `domain`",
    why: "A site is known by its name: without one there is nothing to serve, and a gate that was asked for would stand nowhere.",
    example: "[service]\nimage = \"ghcr.io/acme/myservice:1.4.2\"\nport = 8080\n\n[caddy]\n",
    use_instead: site!("[caddy]\n"),
    source: "https://caddyserver.com/docs/caddyfile/concepts#addresses",
};

pub fn check(call: &ServiceCall<Caddy>, out: &mut Diagnostics) {
    if call.service.domain.is_none() {
        let message = "the service has no `domain`, so there is no site to write";
        out.push(error(RULE.code, message, table(&[])).help("add `domain` to [service], or take [caddy] out"));
    }
}
