//! How a text is written so that it comes out of Quadlet and systemd as it went in.
//!
//! Quadlet splits some values into words and quotes them again for `ExecStart=`, but touches neither `%` nor `$`; systemd expands
//! both there. So every text is escaped twice: for Quadlet by the kind of its key, and for systemd.

use std::fmt::Write;

use crate::keys::Kind;

/// systemd's own: `%` is a specifier everywhere, `$` a variable in what becomes a command line.
pub fn for_systemd(text: &str, command_line: bool) -> String {
    let text = text.replace('%', "%%");
    if command_line { text.replace('$', "$$") } else { text }
}

/// One word, as Quadlet reads a key of this kind.
pub fn word(text: &str, kind: Kind) -> String {
    match kind {
        Kind::Text | Kind::Bool => text.to_owned(),
        Kind::Words => quoted_plainly(text),
        // A `;` alone would be the end of a command to systemd.
        Kind::Arguments if text == ";" => "\";\"".to_owned(),
        Kind::Arguments => quoted_with_escapes(text),
    }
}

fn needs_quotes(text: &str) -> bool {
    text.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | '\\'))
}

fn quoted_with_escapes(text: &str) -> String {
    if !needs_quotes(text) {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_ascii_control() => {
                let _ = write!(quoted, "\\x{:02x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Here a backslash is one even inside quotes, so a double quote stands in single ones, beside the rest.
fn quoted_plainly(text: &str) -> String {
    if !needs_quotes(text) {
        return text.to_owned();
    }
    let pieces: Vec<String> = text.split('"').map(|piece| format!("\"{piece}\"")).collect();
    pieces.join("'\"'")
}

/// Why a text cannot stand on a line of a unit, if so.
pub fn misfit(line: &str) -> Option<&'static str> {
    if line.contains(['\n', '\r', '\0']) {
        Some("holds a line break")
    } else if line.ends_with('\\') {
        Some("ends in a backslash, which would join it with the next line")
    } else if line.trim() != line {
        Some("begins or ends with a space, which would be lost")
    } else {
        None
    }
}

/// Whether Quadlet would take double quotes off the ends of a text that is read to the end of the line. podman before 5.8.2
/// takes them off either end, later ones only in pairs.
pub fn loses_quotes(text: &str) -> bool {
    text.starts_with('"') || text.ends_with('"')
}
