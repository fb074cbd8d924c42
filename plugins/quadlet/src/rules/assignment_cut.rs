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
        let Some(word) = value.split_whitespace().find(|word| !word.contains('=')) else { continue };
        let message = format!("the value ends at the space before `{word}`, which becomes one by itself");
        let found = error(RULE.code, message, place.clone()).help("put the whole assignment in double quotes");
        // With one `=` there is one assignment, and no doubt what is in it.
        out.push(if value.matches('=').count() == 1 && !value.contains('\\') {
            found.unsafe_fix("put the whole assignment in double quotes", vec![set(&place, format!("\"{value}\""))])
        } else {
            found
        });
    }
}
