//! A part's environment: a file of lines, and podman's secrets.
//!
//! podman's env files know no quotes, no escapes and no comments after a value: <https://docs.podman.io/en/latest/markdown/podman-run.1.html#env-file-file>.
//! What is just a secret never comes into a file: podman puts it into the environment itself.

use rick_plugin_sdk::slots::Piece;
use rick_plugin_sdk::{Artifact, Line, Read};

use crate::parts::Part;

/// A variable: its pieces, by name.
pub type Variable = Read<Vec<Piece>>;

/// The secret that a variable is, if it is one and nothing else, and podman can be told of it: its option is a list with commas.
pub fn native_secret(variable: &Variable) -> Option<&str> {
    match variable.value.as_slice() {
        [Piece::Secret(reference)] if reference.encode.is_empty() && !variable.key.contains([',', '"']) => {
            Some(&reference.secret)
        }
        _ => None,
    }
}

/// What is wrong with a name, if anything.
pub fn bad_name(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("is empty")
    } else if name.contains('=') {
        Some("holds a `=`")
    } else if name.chars().any(|c| c.is_whitespace() || c.is_control()) {
        Some("holds a space")
    } else if name.starts_with('#') {
        Some("begins with `#`, which makes the line a comment")
    } else if name.ends_with('*') {
        Some("ends in `*`, which stands for every variable of the machine that begins so")
    } else {
        None
    }
}

/// What is wrong with the text in a value, if anything. podman reads line by line, and a line of 64 KiB at most.
pub fn bad_value(name: &str, pieces: &[Piece]) -> Option<&'static str> {
    let texts = || pieces.iter().filter_map(|piece| if let Piece::Text(text) = piece { Some(text.as_str()) } else { None });
    let ends_in_return = matches!(pieces.last(), Some(Piece::Text(text)) if text.ends_with('\r'));
    if texts().any(|text| text.contains('\n')) {
        Some("holds a line break")
    } else if ends_in_return {
        Some("ends in a carriage return, which would be lost")
    } else if texts().any(|text| text.contains('\0')) {
        Some("holds a NUL")
    } else if name.len() + texts().map(str::len).sum::<usize>() >= 65_535 {
        Some("is longer than the 64 KiB that a line may have")
    } else {
        None
    }
}

/// The file of a part, empty where everything in its environment is a secret.
pub fn file(service: &str, part: &Part<'_>, group: &str, variables: &[Variable]) -> Artifact {
    let mut file = Artifact::new(format!("/etc/rick/{service}/{}.env", part.unit)).mode(0o640).owner("root", group);
    for variable in variables.iter().filter(|variable| native_secret(variable).is_none()) {
        if bad_name(&variable.key).is_some() || bad_value(&variable.key, &variable.value).is_some() {
            continue;
        }
        let line = Line::text(&format!("{}=", variable.key)).pieces(&variable.value, str::to_owned, &["env-line"]);
        file.push(line, &variable.place);
    }
    file
}
