//! An assignment that Quadlet cuts at a space.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, set};

use super::written_values;
use crate::Quadlet;

pub const RULE: Rule = Rule {
    code: "QD026",
    name: "assignment-cut-at-a-space",
    severity: Severity::Error,
    waivable: true,
    what: "an `Environment`, `Label` or `Annotation` in `keys` with a space in a value that is not quoted",
    why: "Quadlet takes the words one by one: the value ends at the space, and the rest is a variable, or a label, of its own.",
    example: "[quadlet.keys]\nLabel = \"title=My service\"\n",
    use_instead: "[quadlet.keys]\nLabel = '\"title=My service\"'\n",
    source: "podman: pkg/systemd/parser/unitfile.go, LookupAllKeyVal",
};

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    for (_, key, value, place) in written_values(call) {
        if !["Environment", "Label", "Annotation"].contains(&key) || value.contains(['"', '\'']) {
            continue;
        }
        let Some(word) = value.split_whitespace().find(|word| !is_assignment(word)) else { continue };
        let message = format!("`{word}` becomes one by itself: Quadlet ends a value at a space");
        let found = error(RULE.code, message, place.clone()).help("put the whole assignment in double quotes");
        // With one assignment there is no doubt what is in it.
        out.push(
            if value.split_whitespace().filter(|word| is_assignment(word)).count() == 1
                && is_assignment(value)
                && !value.contains('\\')
            {
                found.unsafe_fix("put the whole assignment in double quotes", vec![set(&place, format!("\"{value}\""))])
            } else {
                found
            },
        );
    }
}

/// `NAME=value`.
fn is_assignment(word: &str) -> bool {
    let Some((name, _)) = word.split_once('=') else { return false };
    name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_./-".contains(letter))
}
