//! A file for `EnvironmentFile=`: <https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#EnvironmentFile=>.
//!
//! Every value is in double quotes, in which systemd takes a backslash's meaning from `"`, `\`, `$` and a backquote alone. A string of
//! JSON is just that for a value of one line, which `env-line` makes sure of. Values in quotes one after the other are one.

use rick_plugin_sdk::slots::Piece;
use rick_plugin_sdk::{Artifact, Line, Place};

/// How a secret becomes such a value, with its quotes.
const SECRET: [&str; 2] = ["env-line", "json-string"];

/// Adds a variable to a file.
pub fn variable(file: &mut Artifact, name: &str, pieces: &[Piece], because: &Place) {
    file.push(Line::text(name).then("=").pieces(pieces, quoted, &SECRET), because);
}

/// A text in quotes. What systemd cannot have in a value is left out: no schema lets it come here.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars().filter(|character| !character.is_control()) {
        if matches!(character, '"' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn values_are_in_quotes() {
        assert_eq!(quoted("s3:https://host/bucket"), "\"s3:https://host/bucket\"");
        assert_eq!(quoted("a\"b\\c$d`e # f"), "\"a\\\"b\\\\c$d`e # f\"");
    }
}
