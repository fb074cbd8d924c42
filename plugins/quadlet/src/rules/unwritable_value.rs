//! A value that no line of a unit can hold as it is.

use rick_plugin_sdk::{Diagnostic, Place, Rule, error};

pub const RULE: Rule = Rule {
    code: "QD055",
    name: "unwritable-value",
    waivable: false,
    what: "a value with a line break, with a space or a double quote at its ends, or with a backslash at its end",
    why: "A unit file is read line by line: the rest of the value would be a line of its own, or the next line a part of it.",
    example: "[quadlet.keys]\nAddHost = \"db:10.0.0.1\\nPrivileged=true\"\n",
    use_instead: "[quadlet.keys]\nAddHost = \"db:10.0.0.1\"\n",
    source: "systemd.syntax(7); podman: pkg/systemd/parser/unitfile.go",
};

/// The problem, where rendering came upon it.
pub fn found(key: &str, misfit: &str, place: Place) -> Diagnostic {
    error(RULE.code, format!("the value of `{key}` {misfit}"), place).help("leave that out of the value")
}
