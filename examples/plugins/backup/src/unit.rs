//! A unit file of systemd as values, and how they are written:
//! <https://www.freedesktop.org/software/systemd/man/latest/systemd.syntax.html>, and systemd.service(5) for command lines.

use std::fmt::Write as _;

use rick_plugin_sdk::answer::Because;
use rick_plugin_sdk::{Artifact, Place};

/// A unit, or a drop-in of one.
#[derive(Debug)]
pub struct Unit(Artifact);

impl Unit {
    /// A unit with a first line that says whose it is.
    pub fn new(path: &str, about: &str, because: &Place) -> Self {
        let mut file = Artifact::new(path);
        file.line(format!("# {}; written by rick, change its manifest instead", about.replace(['\n', '\r'], " ")), because);
        Self(file)
    }

    /// Begins a section.
    pub fn section(&mut self, name: &str, because: &Place) {
        self.0.line("", because);
        self.0.line(format!("[{name}]"), because);
    }

    /// A value in systemd's own words: what it has a meaning for is meant.
    pub fn raw(&mut self, key: &str, value: &str, because: &Place) {
        self.0.line(format!("{key}={value}"), because);
    }

    /// A value that stands for itself.
    pub fn text(&mut self, key: &str, value: &str, because: impl Into<Because>) {
        self.0.line(format!("{key}={}", specifiers(&value.replace(['\n', '\r'], " "))), because);
    }

    /// A list of words that stand for themselves.
    pub fn words(&mut self, key: &str, words: &[&str], because: &Place) {
        let words: Vec<String> = words.iter().map(|word| specifiers(&quoted(word))).collect();
        self.0.line(format!("{key}={}", words.join(" ")), because);
    }

    /// A command line over several lines, each with its own reasons.
    pub fn command(&mut self, key: &str, lines: &[(Vec<String>, Vec<Place>)]) {
        for (index, (words, because)) in lines.iter().enumerate() {
            let words: Vec<String> = words.iter().map(|word| argument(word)).collect();
            let begin = if index == 0 { format!("{key}=") } else { "    ".to_owned() };
            let end = if index + 1 == lines.len() { "" } else { " \\" };
            self.0.line(format!("{begin}{}{end}", words.join(" ")), because.as_slice());
        }
    }

    /// The file.
    pub fn artifact(self) -> Artifact {
        self.0
    }
}

/// `%` begins a specifier everywhere.
fn specifiers(text: &str) -> String {
    text.replace('%', "%%")
}

/// A word of a command line: `$` begins a variable there, and a lone semicolon another command.
fn argument(word: &str) -> String {
    if word == ";" { "\\;".to_owned() } else { specifiers(&quoted(word)).replace('$', "$$") }
}

/// A word, in quotes where something in it would end it or mean something else.
fn quoted(word: &str) -> String {
    let special = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | '\\');
    if !word.is_empty() && !word.contains(special) && !word.starts_with(['#', ';']) {
        return word.to_owned();
    }
    let mut out = String::from("\"");
    for character in word.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            control if control.is_ascii_control() => drop(write!(out, "\\x{:02x}", u32::from(control))),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As systemd reads one word of `ExecStart=`: specifiers, then quotes and escapes, then variables.
    fn read(word: &str) -> Vec<String> {
        let word = word.replace("%%", "\u{1}");
        assert!(!word.contains('%'), "a specifier");
        let mut words = Vec::new();
        let mut rest = word.chars().peekable();
        while rest.peek().is_some() {
            let (mut out, mut quote) = (String::new(), None);
            while let Some(character) = rest.next() {
                match (character, quote) {
                    (c, Some(open)) if c == open => quote = None,
                    ('"' | '\'', None) => quote = Some(character),
                    ('\\', _) => match rest.next().expect("something escaped") {
                        'x' => {
                            let digits: String = rest.by_ref().take(2).collect();
                            out.push(char::from(u8::from_str_radix(&digits, 16).expect("a number")));
                        }
                        plain @ ('"' | '\\' | ';') => out.push(plain),
                        other => panic!("an unknown escape {other}"),
                    },
                    (c, None) if c.is_whitespace() => break,
                    (c, _) => out.push(c),
                }
            }
            assert_eq!(quote, None);
            let out = out.replace("$$", "\u{2}");
            assert!(!out.contains('$'), "a variable");
            words.push(out.replace('\u{2}', "$").replace('\u{1}', "%"));
        }
        words
    }

    proptest! {
        #[test]
        fn a_word_comes_back(word in "[^\\x00-\\x02]{0,12}") {
            prop_assert_eq!(read(&argument(&word)), vec![word.clone()]);
        }
    }

    #[test]
    fn words_are_quoted_where_they_must_be() {
        for (word, expected) in [
            ("--volume", "--volume"),
            ("/srv/my data", "\"/srv/my data\""),
            ("100%", "100%%"),
            ("$HOME", "$$HOME"),
            ("a\"b\\", "\"a\\\"b\\\\\""),
            ("", "\"\""),
            (";", "\\;"),
        ] {
            assert_eq!(argument(word), expected);
        }
    }
}
