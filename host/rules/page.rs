//! A rule's page: as `rick explain` shows it, and as docs/rules/ and other tools have it in Markdown.

use std::fmt::Write as _;

use super::Rule;
use super::own::Own;

/// The page in Markdown, without its title.
pub fn markdown(rule: &Rule) -> String {
    let Rule { severity, waivable, plugin, what, why, example, use_instead, source, .. } = rule;
    if rule.is_policy {
        return policy_markdown(rule);
    }
    let plugin = plugin.split(' ').next().unwrap_or_default();
    let waivable =
        if *waivable { "can be waived" } else { "cannot be waived: what it finds would not work, or would not be safe" };
    let mut text = format!("{} of the plugin {plugin}; {waivable}.\n", capital(severity));
    section(&mut text, "What it finds", &sentence(what));
    section(&mut text, "Why", why);
    section(&mut text, "Example", &code(example));
    section(&mut text, "Use instead", &code(use_instead));
    section(&mut text, "Source", source);
    text
}

/// The page of a policy, without its title.
fn policy_markdown(rule: &Rule) -> String {
    let Rule { severity, waivable, plugin, what, why, example, use_instead, .. } = rule;
    let of = match plugin.strip_prefix("pack ") {
        Some(pack) => format!("of the pack {pack}"),
        None => format!("in {plugin}"),
    };
    let waivable = if *waivable { "can be waived" } else { "cannot be waived" };
    let mut text = format!("{} of a policy {of}; {waivable}.\n", capital(severity));
    section(&mut text, "What must hold", &sentence(what));
    section(&mut text, "Why", why);
    section(&mut text, "What it asks", &code(example));
    section(&mut text, "What to do", &sentence_or_nothing(use_instead));
    text
}

/// The page of one of rick's own words, without its title.
pub fn own_markdown(own: &Own) -> String {
    let mut text = format!("{} of rick itself; cannot be waived.\n", capital(own.severity));
    section(&mut text, "What it finds", &sentence(own.what));
    section(&mut text, "What to do", &sentence(own.act));
    text
}

fn section(text: &mut String, title: &str, body: &str) {
    if !body.is_empty() {
        let _ = write!(text, "\n## {title}\n\n{body}\n");
    }
}

fn code(toml: &str) -> String {
    if toml.is_empty() { String::new() } else { format!("```toml\n{toml}\n```") }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}

fn sentence_or_nothing(text: &str) -> String {
    if text.is_empty() { String::new() } else { sentence(text) }
}

/// With a capital letter, unless it begins with what somebody would write, and a full stop.
fn sentence(text: &str) -> String {
    let end = if text.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{}{end}", capital(text))
}
