//! Lines that would not stay where they are put.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, table};

use crate::Caddy;
use crate::caddyfile::misfit;

pub const RULE: Rule = Rule {
    code: "CA026",
    name: "snippet-not-closed",
    severity: Severity::Error,
    waivable: false,
    what: "a `snippet` with a brace or a quote that has no partner, or with a heredoc",
    why: "It stands inside the site's `route`. A brace too many ends it there, and what follows would stand outside, where Caddy sorts it.",
    example: site!("[caddy]\nsnippet = \"\"\"\nheader {\n  X-Frame-Options DENY\n\"\"\"\n"),
    use_instead: site!("[caddy]\nsnippet = \"\"\"\nheader {\n  X-Frame-Options DENY\n}\n\"\"\"\n"),
    source: "https://caddyserver.com/docs/caddyfile/concepts#structure",
};

pub fn check(call: &ServiceCall<Caddy>, out: &mut Diagnostics) {
    if let Some(problem) = call.table.snippet.as_deref().and_then(misfit) {
        let message = format!("the snippet {problem}");
        out.push(error(RULE.code, message, table(&["snippet"])).help("give each brace and each quote its partner"));
    }
}
