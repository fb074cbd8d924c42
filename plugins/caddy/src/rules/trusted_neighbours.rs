//! Whoever is near is believed.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, table, warning};

use super::snippet_lines;
use crate::Caddy;

pub const RULE: Rule = Rule {
    code: "CA010",
    name: "trusted-neighbours",
    severity: Severity::Warning,
    waivable: true,
    what: "`trusted_proxies private_ranges` in a `snippet`",
    why: "Every client of the same network may then say which host it asked for and from which address: by `X-Forwarded-Host` it chooses the \
          application that authentik judges by. Where Caddy is what people reach, nobody before it is to be believed.",
    example: site!("[caddy]\nsnippet = \"\"\"\nreverse_proxy 127.0.0.1:8081 {\n  trusted_proxies private_ranges\n}\n\"\"\"\n"),
    use_instead: site!("[caddy]\nsnippet = \"\"\"\nreverse_proxy 127.0.0.1:8081 {\n  trusted_proxies 10.0.0.7\n}\n\"\"\"\n"),
    source: "https://caddyserver.com/docs/caddyfile/directives/reverse_proxy#trusted_proxies",
};

pub fn check(call: &ServiceCall<Caddy>, out: &mut Diagnostics) {
    for line in snippet_lines(call) {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.contains(&"trusted_proxies") && words.contains(&"private_ranges") {
            let message = "`private_ranges` lets every neighbour say who it is and what it asked for";
            let help = "leave it out; name the one address of a proxy that stands before this one";
            out.push(warning(RULE.code, message, table(&["snippet"])).within(line).help(help));
        }
    }
}
