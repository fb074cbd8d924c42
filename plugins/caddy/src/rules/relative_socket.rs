//! A socket by a path that is none.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, set, table, warning};

use super::snippet_lines;
use crate::Caddy;

pub const RULE: Rule = Rule {
    code: "CA013",
    name: "relative-socket",
    severity: Severity::Warning,
    waivable: true,
    what: "`unix/run/…` in a `snippet`, with one slash",
    why: "What follows `unix/` is the path: with one slash it is relative to the folder that Caddy runs in, where there is no such socket.",
    example: site!("[caddy]\nsnippet = \"reverse_proxy /api/* unix/run/myservice/api.sock\"\n"),
    use_instead: site!("[caddy]\nsnippet = \"reverse_proxy /api/* unix//run/myservice/api.sock\"\n"),
    source: "https://caddyserver.com/docs/conventions#network-addresses",
};

pub fn check(call: &ServiceCall<Caddy>, out: &mut Diagnostics) {
    let Some(snippet) = &call.table.snippet else { return };
    for line in snippet_lines(call) {
        let Some(word) = line.split_whitespace().find(|word| is_relative(word)) else { continue };
        let mended = format!("unix//{}", &word["unix/".len()..]);
        let message = format!("`{word}` is a path from the folder that Caddy runs in");
        let found = warning(RULE.code, message, table(&["snippet"])).within(line).help(format!("write `{mended}`"));
        out.push(found.safe_fix(format!("write `{mended}`"), vec![set(&table(&["snippet"]), snippet.replace(word, &mended))]));
    }
}

fn is_relative(word: &str) -> bool {
    word.strip_prefix("unix/").is_some_and(|path| !path.starts_with(['/', '@', '{']) && path.contains('/'))
}
