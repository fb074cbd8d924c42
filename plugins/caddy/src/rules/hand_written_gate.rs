//! A gate in a snippet, copied from a guide.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, table};

use super::authentik_gates;
use crate::Caddy;

pub const RULE: Rule = Rule {
    code: "CA001",
    name: "headers-that-nobody-sends",
    severity: Severity::Error,
    waivable: true,
    what: "`copy_headers` in a `snippet` with names that authentik does not send, such as `Remote-User`",
    why: "authentik answers with `X-authentik-username` and the like. Of the others nothing is copied, and from Caddy 2.9 to 2.11.1 what the \
          client itself sent under these names goes through: whoever likes is whoever they like.",
    example: site!(
        "[caddy]\nsnippet = \"\"\"\nforward_auth 127.0.0.1:9000 {\n  uri /outpost.goauthentik.io/auth/caddy\n  copy_headers Remote-User Remote-Groups\n}\n\"\"\"\n"
    ),
    use_instead: behind_sign_on!("identity = { Remote-User = \"user\", Remote-Groups = \"groups\" }\n"),
    source: "authentik: internal/outpost/proxyv2/application/mode_common.go; GHSA-7r4p-vjf4-gxv4",
};

pub fn check(call: &ServiceCall<Caddy>, out: &mut Diagnostics) {
    for gate in authentik_gates(call) {
        let mut in_list = false;
        for line in gate {
            let mut words = line.split_whitespace().peekable();
            let is_list = words.peek() == Some(&"copy_headers");
            if is_list {
                words.next();
            } else if !in_list {
                continue;
            }
            in_list = is_list && line.ends_with('{') || in_list && !line.starts_with('}');
            let names = words.filter(|word| !["{", "}"].contains(word)).filter_map(|word| word.split('>').next());
            let others: Vec<&str> = names.filter(|name| !name.to_lowercase().starts_with("x-authentik-")).collect();
            if !others.is_empty() {
                let message = format!("authentik sends no `{}`: nothing is copied, or what the client sent", others.join("`, `"));
                let help = "leave the gate to rick: [authentik] with `pattern = \"forward-auth\"`, and `identity` in [caddy] for the names";
                out.push(error(RULE.code, message, table(&["snippet"])).within(line).help(help));
            }
        }
    }
}
