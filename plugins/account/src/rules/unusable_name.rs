//! What other plugins ask for, where the files that it would stand in have no words for it.

use rick_plugin_sdk::slots::{DirectoryValue, Nothing};
use rick_plugin_sdk::{Diagnostics, Place, Read, Rule, Severity, error};

pub const RULE: Rule = Rule {
    code: "SY010",
    name: "unusable-name",
    severity: Severity::Error,
    waivable: false,
    what: "a group, a unit or a directory that a plugin contributes by what is no name of one, or no absolute path",
    why: "Root reads it from a file of lines and words: a space would make two of one, and a line break another line.",
    // A manifest's own are held against the schema of [account], so that it takes a plugin to show this.
    example: "# a plugin that contributes to `rick:group@1` with the key `two words`\n",
    use_instead: "# one that contributes the group's name\n",
    source: "sysusers.d(5), tmpfiles.d(5), systemd.unit(5)",
};

/// The groups that are groups.
pub fn groups(reads: Vec<Read<Nothing>>, out: &mut Diagnostics) -> Vec<Read<Nothing>> {
    kept(reads, out, |group| (!is_name(&group.key)).then(|| format!("`{}` is no name of a group", group.key.escape_debug())))
}

/// The units that are units.
pub fn units(reads: Vec<Read<Nothing>>, out: &mut Diagnostics) -> Vec<Read<Nothing>> {
    let is_unit = |name: &str| name.contains('.') && name.chars().all(|c| c.is_ascii_alphanumeric() || r":-_.\@".contains(c));
    kept(reads, out, |unit| (!is_unit(&unit.key)).then(|| format!("`{}` is no name of a unit", unit.key.escape_debug())))
}

/// The directories that are at a path and somebody's.
pub fn directories(reads: Vec<Read<DirectoryValue>>, out: &mut Diagnostics) -> Vec<Read<DirectoryValue>> {
    kept(reads, out, |directory| {
        let path = &directory.key;
        if !path.starts_with('/') || path.chars().any(char::is_control) {
            return Some(format!("`{}` is no absolute path of a directory", path.escape_debug()));
        }
        let whose = [&directory.value.owner, &directory.value.group].into_iter().flatten();
        let odd = whose.into_iter().find(|name| !is_name(name))?;
        Some(format!("the directory `{path}` cannot be of `{}`, which is no name of a user or a group", odd.escape_debug()))
    })
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}

fn kept<V>(reads: Vec<Read<V>>, out: &mut Diagnostics, problem: impl Fn(&Read<V>) -> Option<String>) -> Vec<Read<V>> {
    let mut kept = Vec::new();
    for read in reads {
        match problem(&read) {
            Some(message) => out.push(found(message, read.place)),
            None => kept.push(read),
        }
    }
    kept
}

fn found(message: String, place: Place) -> rick_plugin_sdk::Diagnostic {
    error(RULE.code, message, place).help("leave it out, or use another version of the plugin that asks for it")
}
