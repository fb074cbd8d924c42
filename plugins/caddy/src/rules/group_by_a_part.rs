//! A group that is looked for as a part of a list.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, table};

use super::snippet_lines;
use crate::Caddy;
use crate::table::Known;

pub const RULE: Rule = Rule {
    code: "CA006",
    name: "group-by-a-part-of-a-list",
    severity: Severity::Error,
    waivable: true,
    what: "a matcher in a `snippet` that looks for a group's name anywhere in the header with the groups",
    why: "`*app_users*` is also in `notapp_users` and `app_users_former`: whoever is in one of these comes in. Groups stand with `|` between \
          them. authentik itself refuses whoever is not in the group, before the service is reached.",
    example: behind_sign_on!("snippet = \"\"\"\n@out not header Remote-Groups *app_users*\nrespond @out 403\n\"\"\"\n"),
    use_instead: behind_sign_on!(""),
    source: "https://caddyserver.com/docs/caddyfile/matchers#header; tried with Caddy 2.11",
};

pub fn check(call: &ServiceCall<Caddy>, out: &mut Diagnostics) {
    let own = call.table.identity.iter().filter(|(_, known)| **known == Known::Groups).map(|(header, _)| header.to_lowercase());
    let headers: Vec<String> = own.chain(["x-authentik-groups".to_owned(), "remote-groups".to_owned()]).collect();
    for line in snippet_lines(call) {
        let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_matches('"')).collect();
        let part = words.windows(3).find_map(|words| {
            let is_groups = words[0] == "header" && headers.contains(&words[1].to_lowercase());
            let part = words[2];
            // `*|admins|*` has the ends of a name in it.
            let is_whole = part == "*" || part.starts_with("*|") && part.ends_with("|*");
            (is_groups && part.contains('*') && !is_whole).then_some(part)
        });
        if let Some(part) = part {
            let message = format!("`{part}` also fits a longer name of another group");
            let help = "leave it to [authentik]: `group` there is who may enter";
            out.push(error(RULE.code, message, table(&["snippet"])).within(line).help(help));
        }
    }
}
