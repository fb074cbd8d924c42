//! A Quadlet file as a value, and how it is written for a podman of some version.
//!
//! Keys are those of the newest podman. One that the machine's podman does not have yet becomes `PodmanArgs=` with podman's own
//! flag; the model, which policies see, keeps the key.

use rick_plugin_sdk::{Artifact, Diagnostics, Place, Version};
use serde_json::{Value as Json, json};

use crate::escape;
use crate::keys::{self, FileType, Key, Kind};
use crate::rules::unwritable_value;

/// A value before any escaping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// One text.
    Text(String),
    /// Several words, for a key whose value Quadlet splits.
    Words(Vec<String>),
    /// As the user wrote it, who escaped it as well.
    Verbatim(String),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

#[derive(Debug)]
struct Entry {
    section: &'static str,
    key: String,
    value: Value,
    because: Place,
}

/// A Quadlet file.
#[derive(Debug)]
pub struct Unit {
    file_type: FileType,
    path: String,
    headline: String,
    headline_because: Place,
    entries: Vec<Entry>,
}

impl Unit {
    /// A file of this type in the folder of a user's units.
    pub fn new(file_type: FileType, uid: u32, stem: &str, headline: String, because: Place) -> Self {
        let path = format!("/etc/containers/systemd/users/{uid}/{stem}.{}", file_type.extension());
        Self { file_type, path, headline, headline_because: because, entries: Vec::new() }
    }

    /// Where it is.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Adds a key to a section of systemd's: "Unit", "Service" or "Install". Sections are written in the order in which they came.
    pub fn systemd(&mut self, section: &'static str, key: &str, value: impl Into<Value>, because: &Place) {
        self.entries.push(Entry { section, key: key.to_owned(), value: value.into(), because: because.clone() });
    }

    /// Adds a key to Quadlet's own section.
    pub fn put(&mut self, key: &str, value: impl Into<Value>, because: &Place) {
        self.systemd(self.file_type.section(), key, value, because);
    }

    /// The file as a podman of this version understands it.
    pub fn artifact(&self, podman: Version, out: &mut Diagnostics) -> Artifact {
        let mut file = Artifact::new(&self.path);
        file.line(format!("# {}", self.headline), &self.headline_because);
        let mut section = "";
        for entry in &self.entries {
            if section != entry.section {
                if !section.is_empty() {
                    file.line("", &entry.because);
                }
                section = entry.section;
                file.line(format!("[{section}]"), &entry.because);
            }
            for (key, value) in self.lines(entry, podman) {
                match escape::misfit(&value).or_else(|| self.lost_quotes(entry)) {
                    Some(misfit) => out.push(unwritable_value::found(&entry.key, misfit, entry.because.clone())),
                    None => file.line(format!("{key}={value}"), &entry.because),
                }
            }
        }
        file
    }

    /// What is written for an entry: nothing where no form of it is known to this podman, which a rule has reported.
    fn lines(&self, entry: &Entry, podman: Version) -> Vec<(String, String)> {
        if entry.section != self.file_type.section() {
            let value = match &entry.value {
                Value::Text(text) => escape::for_systemd(text, false),
                Value::Words(words) => escape::for_systemd(&words.join(" "), false),
                Value::Verbatim(text) => text.clone(),
            };
            return vec![(entry.key.clone(), value)];
        }
        let Some(key) = keys::find(self.file_type, &entry.key) else { return Vec::new() };
        if key.since <= podman {
            return vec![(entry.key.clone(), native(&entry.value, key.kind))];
        }
        let arguments = fallback(&entry.value, key).unwrap_or_default();
        arguments.into_iter().map(|argument| ("PodmanArgs".to_owned(), argument)).collect()
    }

    /// A text that is read to the end of the line may not have double quotes at its ends.
    fn lost_quotes(&self, entry: &Entry) -> Option<&'static str> {
        let Value::Text(text) = &entry.value else { return None };
        let key = keys::find(self.file_type, &entry.key).filter(|_| entry.section == self.file_type.section())?;
        let loses = key.kind == Kind::Text && !key.repeatable && escape::loses_quotes(text);
        loses.then_some("begins or ends with a double quote, which podman takes off")
    }

    /// The typed value behind the file: sections with their keys in order, and values before any escaping.
    pub fn model(&self) -> Json {
        let mut sections = serde_json::Map::new();
        for entry in &self.entries {
            let value = match &entry.value {
                Value::Text(text) | Value::Verbatim(text) => json!(text),
                Value::Words(words) => json!(words),
            };
            let list = sections.entry(entry.section).or_insert_with(|| json!([]));
            if let Json::Array(list) = list {
                list.push(json!([entry.key, value]));
            }
        }
        json!({ "kind": "quadlet-unit", "file_type": self.file_type.extension(), "sections": sections })
    }
}

/// The value as Quadlet reads the key.
fn native(value: &Value, kind: Kind) -> String {
    match value {
        Value::Verbatim(text) => text.clone(),
        Value::Text(text) => escape::word(&escape::for_systemd(text, true), kind),
        Value::Words(words) => {
            let words: Vec<String> = words.iter().map(|word| escape::word(&escape::for_systemd(word, true), kind)).collect();
            words.join(" ")
        }
    }
}

/// The arguments of `podman run` or `podman pod create` that say the same; `None` where there are none.
pub fn fallback(value: &Value, key: Key) -> Option<Vec<String>> {
    let flag = key.flag?;
    if !flag.ends_with(['=', ':']) {
        return match value {
            Value::Text(text) | Value::Verbatim(text) if matches!(text.as_str(), "true" | "yes" | "on" | "1") => {
                Some(vec![flag.to_owned()])
            }
            _ => Some(Vec::new()),
        };
    }
    let words: Vec<String> = match (value, key.kind) {
        (Value::Text(text), _) => vec![escape::for_systemd(text, true)],
        (Value::Words(words), _) => words.iter().map(|word| escape::for_systemd(word, true)).collect(),
        (Value::Verbatim(text), Kind::Text | Kind::Bool) => vec![text.clone()],
        // What the user quoted would have to be split as Quadlet does.
        (Value::Verbatim(text), _) if text.contains(['"', '\'', '\\']) => return None,
        (Value::Verbatim(text), _) => text.split_whitespace().map(str::to_owned).collect(),
    };
    Some(words.iter().map(|word| escape::word(&format!("{flag}{word}"), Kind::Arguments)).collect())
}
