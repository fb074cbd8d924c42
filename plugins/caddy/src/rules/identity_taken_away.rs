//! A header with an identity that is taken away behind the gate.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, slots, table, warning};

use super::snippet_lines;
use crate::Caddy;

pub const RULE: Rule = Rule {
    code: "CA009",
    name: "identity-taken-away",
    severity: Severity::Warning,
    waivable: true,
    what: "`request_header -…` in a `snippet` for a header of `identity`",
    why: "The snippet stands behind the gate: it takes away what the gate has just put in, and the service knows nobody. What clients send \
          under these names rick takes away before the gate.",
    example: behind_sign_on!("snippet = \"request_header -Remote-User\"\n"),
    use_instead: behind_sign_on!(""),
    source: "https://caddyserver.com/docs/caddyfile/directives#directive-order",
};

pub fn check(call: &ServiceCall<Caddy>, out: &mut Diagnostics) {
    if call.reads.of::<slots::Gate>().is_empty() {
        return;
    }
    for line in snippet_lines(call) {
        let mut words = line.split_whitespace();
        if words.next() != Some("request_header") {
            continue;
        }
        // With a matcher it is of some requests alone, and meant.
        let Some(taken) = words.next().and_then(|word| word.strip_prefix('-')) else { continue };
        let pattern = taken.to_lowercase();
        let hits = |header: &&String| match pattern.strip_suffix('*') {
            Some(beginning) => header.to_lowercase().starts_with(beginning),
            None => header.to_lowercase() == pattern,
        };
        if let Some(header) = call.table.identity.keys().find(hits) {
            let message = format!("`request_header -{taken}` takes `{header}` away after the gate has put it in");
            out.push(
                warning(RULE.code, message, table(&["snippet"]))
                    .within(line)
                    .help("leave the line out: rick does it before the gate"),
            );
        }
    }
}
