//! What no environment can hold.

use rick_plugin_sdk::slots::Piece;
use rick_plugin_sdk::{Diagnostics, Place, Rule, Severity, error};

use crate::destination::Destination;

pub const RULE: Rule = Rule {
    code: "BK009",
    name: "control-character",
    severity: Severity::Error,
    waivable: false,
    what: "a line break or another control character in a repository or a variable for restic",
    why: "systemd reads variables from a file line by line, and would read another value.",
    example: "[postgres]\n[backup]\n# rick.toml\n[plugins.backup]\nrepository = \"\"\"sftp:backup@nas:/backup\n\"\"\"\n",
    use_instead: "[postgres]\n[backup]\n# rick.toml\n[plugins.backup]\nrepository = \"sftp:backup@nas:/backup\"\n",
    source: "https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#EnvironmentFile=",
};

pub fn check(to: &Destination, out: &mut Diagnostics) {
    let mut look = |pieces: &[Piece], what: &str, place: &Place| {
        let broken = |piece: &Piece| matches!(piece, Piece::Text(text) if text.contains(char::is_control));
        if pieces.iter().any(broken) {
            let message = format!("{what} has a line break or another control character in it");
            out.push(error(RULE.code, message, place.clone()).help("write it on one line, between single quotes"));
        }
    };
    look(&to.repository, "the repository", &to.place);
    for (variable, pieces, place) in &to.env {
        look(pieces, &format!("`{variable}`"), place);
    }
}
