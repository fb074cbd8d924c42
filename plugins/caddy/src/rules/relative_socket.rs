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

/// Directives that take the address of somebody who answers.
const TAKES: &[&str] = &["reverse_proxy", "to", "php_fastcgi", "forward_auth"];

pub fn check(call: &ServiceCall<Caddy>, out: &mut Diagnostics) {
    let Some(snippet) = &call.table.snippet else { return };
    for line in snippet_lines(call) {
        let mut words = line.split_whitespace();
        if !words.next().is_some_and(|directive| TAKES.contains(&directive)) {
            continue;
        }
        let Some(word) = words.find(|word| is_relative(word)) else { continue };
        let mended = format!("unix//{}", &word["unix/".len()..]);
        // Just this line: the same word may stand in a comment.
        let change = |whole: &str| {
            let is_it = whole.split_once(" #").map_or(whole, |(code, _)| code).trim() == line;
            if is_it { whole.replacen(&format!(" {word}"), &format!(" {mended}"), 1) } else { whole.to_owned() }
        };
        let changed: Vec<String> = snippet.split('\n').map(change).collect();
        let message = format!("`{word}` is a path from the folder that Caddy runs in");
        let found = warning(RULE.code, message, table(&["snippet"])).within(line).help(format!("write `{mended}`"));
        out.push(found.safe_fix(format!("write `{mended}`"), vec![set(&table(&["snippet"]), changed.join("\n"))]));
    }
}

fn is_relative(word: &str) -> bool {
    word.strip_prefix("unix/").is_some_and(|path| !path.is_empty() && !path.starts_with(['/', '@', '{']))
}
