//! What `rick plugin new` writes: the files below `scaffold/`, with the plugin's name in them, and the contract that this rick speaks.

use clap::ValueEnum;

use crate::contract;
use crate::plugin::RESERVED;
use crate::project::is_service_name;

mod built_in {
    include!(concat!(env!("OUT_DIR"), "/scaffold.rs"));
}

/// A language that plugins can be written in from a scaffold. Any other that makes components will do as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// With `rick-plugin-sdk`: the smallest and quickest plugins.
    Rust,
    /// By componentize-py.
    Python,
    /// By componentize-qjs.
    Javascript,
}

/// What cannot be the name of a crate, or is that of one which plugins in Rust depend on.
const RUSTS: &[&str] = &[
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "plugin",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "rick-plugin-sdk",
    "schemars",
    "self",
    "serde",
    "serde-json",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "wit-bindgen",
    "yield",
];

/// The names that a plugin goes by in its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    name: String,
    code: String,
}

impl Words {
    /// Of a plugin's name; what is wrong with it otherwise.
    pub fn of(name: &str) -> Result<Self, String> {
        if !is_service_name(name) || name.ends_with('-') || name.contains("--") {
            return Err(format!(
                "`{name}` cannot be a plugin's name: lower case letters, digits and hyphens, at most 30, a letter first"
            ));
        }
        if RESERVED.contains(&name) || built_in::TAKEN.contains(&name) {
            return Err(format!("`{name}` is taken: the official plugins and rick's own words have names of their own"));
        }
        if RUSTS.contains(&name) {
            return Err(format!(
                "`{name}` cannot be a plugin's name: it is a word of Rust's, or a crate that a plugin is made with"
            ));
        }
        // "motd-notes" is MN, "backup" is BA; never a code that an official rule may have.
        let letters: String = match name.split('-').filter_map(|word| word.chars().next()).collect::<String>() {
            initials if initials.chars().count() > 1 => initials,
            _ => name.chars().filter(|letter| *letter != '-').take(2).collect(),
        };
        let letters: String = letters.to_uppercase().chars().filter(char::is_ascii_uppercase).take(4).collect();
        let taken = built_in::CODES.contains(&letters.as_str()) || letters.len() < 2;
        Ok(Self { name: name.to_owned(), code: if taken { format!("{letters}X") } else { letters } })
    }

    fn fill(&self, text: &str) -> String {
        let parts = self.name.split('-');
        let camel: String = parts.map(|word| word[..1].to_uppercase() + &word[1..]).collect();
        text.replace("__name__", &self.name)
            .replace("__crate__", &self.name.replace('-', "_"))
            .replace("__Type__", &camel)
            .replace("__NAME__", &self.code)
            .replace("__rick__", env!("CARGO_PKG_VERSION"))
    }
}

/// Paths and texts of a plugin to begin with.
pub fn files(language: Language, words: &Words) -> Vec<(String, String)> {
    let own = match language {
        Language::Rust => built_in::RUST,
        Language::Python => built_in::PYTHON,
        Language::Javascript => built_in::JAVASCRIPT,
    };
    let mut files: Vec<(String, String)> = vec![("wit/rick.wit".to_owned(), contract::WIT.to_owned())];
    for (path, text) in own {
        // What cargo or git would take for their own where the scaffold itself is has a suffix.
        let path = path.strip_suffix(".template").unwrap_or(path);
        let path = if path == "sdk-Cargo.toml" { "sdk/Cargo.toml" } else { path };
        files.push((words.fill(path), words.fill(text)));
    }
    if language == Language::Rust {
        // The SDK of this very rick: it is on no registry, and a plugin needs one that fits.
        let sdk = built_in::SDK.iter();
        files.extend(sdk.map(|(path, text)| (format!("sdk/{path}"), text.replace(SDK_WIT, "../wit"))));
    }
    files
}

/// Where the SDK has the contract in rick's own sources.
const SDK_WIT: &str = "../../wit/0.1.0";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_the_words_of_its_files() {
        let words = Words::of("motd-notes").expect("a name");
        assert_eq!(words.fill("__name__ __crate__ __Type__ __NAME__001"), "motd-notes motd_notes MotdNotes MN001");
        assert_eq!(Words::of("backup").expect("a name").fill("__NAME__"), "BA");
        for name in ["", "Backup", "9lives", "a--b", "a-", "caddy", "rick", "a_b", "match", "serde", &"a".repeat(31)] {
            assert!(Words::of(name).is_err(), "{name}");
        }
        for name in ["pg", "p-g", "a", "qd"] {
            let code = Words::of(name).expect("a name").code;
            assert!(code.len() > 1 && !built_in::CODES.contains(&code.as_str()), "{name}: {code}");
        }
    }

    #[test]
    fn no_word_is_left_unfilled_and_the_sdk_finds_its_contract() {
        let words = Words::of("motd-notes").expect("a name");
        for language in [Language::Rust, Language::Python, Language::Javascript] {
            let files = files(language, &words);
            assert!(
                files.iter().any(|(path, _)| path == "README.md")
                    && files.iter().any(|(path, _)| path == "cases/first/rick.toml")
            );
            for (path, text) in files {
                for word in ["__name__", "__crate__", "__Type__", "__NAME__", "__rick__", ".template"] {
                    let main = word == "__name__" && text.contains("__name__ == ");
                    assert!(main || !text.contains(word) && !path.contains(word), "{language:?} {path}: {word}");
                }
                assert!(!text.contains(SDK_WIT), "{path}");
            }
        }
    }
}
