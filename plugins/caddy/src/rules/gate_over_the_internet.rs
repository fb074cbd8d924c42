//! A gate that is asked by its public address.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, table};

use super::authentik_gates;
use crate::Caddy;

pub const RULE: Rule = Rule {
    code: "CA008",
    name: "gate-by-its-public-address",
    severity: Severity::Error,
    waivable: true,
    what: "`forward_auth https://…` in a `snippet`",
    why: "authentik tells applications apart by the host that it is asked for. Over its own site that is lost or overwritten: before Caddy \
          2.11 the question comes back to the application's own site and goes round, from 2.11 on authentik sees its own name.",
    example: site!(
        "[caddy]\nsnippet = \"\"\"\nforward_auth https://auth.example.org {\n  uri /outpost.goauthentik.io/auth/caddy\n}\n\"\"\"\n"
    ),
    use_instead: behind_sign_on!(""),
    source: "https://caddyserver.com/docs/caddyfile/directives/reverse_proxy#https",
};

pub fn check(call: &ServiceCall<Caddy>, out: &mut Diagnostics) {
    for line in authentik_gates(call).into_iter().filter_map(|gate| gate.first().copied()) {
        let mut words = line.split_whitespace();
        if words.next() == Some("forward_auth")
            && let Some(address) = words.find(|word| word.starts_with("https://"))
        {
            let message = format!("the gate is asked at `{address}`, where authentik cannot tell which application is meant");
            let help = "leave the gate to rick: [authentik] with `pattern = \"forward-auth\"`; it asks the outpost's own port";
            out.push(error(RULE.code, message, table(&["snippet"])).within(line).help(help));
        }
    }
}
