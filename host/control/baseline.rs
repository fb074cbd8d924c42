//! `rick-baseline.toml`: what was there when rick was taken up, so that only what comes after is reported. An entry goes by the rule, the
//! place in the model and the value, never by a line; what is mended leaves it.

use std::collections::BTreeMap;
use std::fs;

use camino::Utf8Path;
use serde_json::Value;

use crate::diagnostic::{Diagnostic, Severity, Sink};
use crate::document;
use crate::engine::digest;
use crate::error::Error;
use crate::model::Location;
use crate::schema::Schema;
use crate::source::{Sources, Span};

/// The file, in the project's folder.
pub const FILE: &str = "rick-baseline.toml";

/// What is above its entries.
const HEAD: &str = "\
# What was there when this was written. It is not reported until it changes; what is mended is to be taken out:
#     rick lint --baseline update
# `value` is a digest of the rule, the place and the value, so that neither lines nor secrets are in here.
version = 1
";

/// One problem that is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The service, or the file where it is of none.
    pub of: String,
    /// The rule's code.
    pub rule: String,
    /// The place in the file, as TOML writes a dotted key; `*` for any place in a list.
    pub at: String,
    /// A digest of these and of the value.
    pub value: String,
}

impl Entry {
    /// A problem at a place.
    pub fn new(rule: &str, of: &str, location: &Location) -> Self {
        let at = location.without_numbers().join(".");
        let value = digest([rule, of, &at, &location.value].join("\0"))[..32].to_owned();
        Self { of: of.to_owned(), rule: rule.to_owned(), at, value }
    }
}

/// What is known, and how much of it was found again.
#[derive(Debug, Default)]
pub struct Baseline {
    known: BTreeMap<Entry, Known>,
    unreadable: bool,
}

#[derive(Debug)]
struct Known {
    count: usize,
    found: usize,
    place: Option<Span>,
}

impl Baseline {
    /// These problems, as if they were written down.
    pub fn of(entries: &[Entry]) -> Self {
        let mut known: BTreeMap<Entry, Known> = BTreeMap::new();
        for entry in entries {
            known.entry(entry.clone()).or_insert(Known { count: 0, found: 0, place: None }).count += 1;
        }
        Self { known, unreadable: false }
    }

    /// Reads it; nothing is known where there is none. An error where it cannot be read.
    pub fn read(root: &Utf8Path, sources: &mut Sources, sink: &mut Sink) -> Result<Self, Error> {
        let path = root.join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Error::file("read", path)(error)),
        };
        let source = sources.add(FILE, text);
        let unreadable = Self { known: BTreeMap::new(), unreadable: true };
        let Some(document) = document::parse(sources, source, sink) else { return Ok(unreadable) };
        if !Schema::new(schema()).check(&document.value, &document.node, sink).is_empty() {
            return Ok(unreadable);
        }
        let mut known = BTreeMap::new();
        for (index, entry) in document.value.get("known").and_then(Value::as_array).into_iter().flatten().enumerate() {
            let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let place = document.node.nearest(["known", &index.to_string(), "rule"]).0.value.clone();
            let count = entry.get("count").and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok()).unwrap_or(1);
            let entry = Entry { of: text("of"), rule: text("rule"), at: text("at"), value: text("value") };
            known.entry(entry).or_insert(Known { count: 0, found: 0, place: Some(place) }).count += count;
        }
        Ok(Self { known, unreadable: false })
    }

    /// Whether it was there before: each problem of an entry once.
    pub(super) fn take(&mut self, entry: &Entry) -> bool {
        let Some(known) = self.known.get_mut(entry) else { return false };
        known.found += 1;
        known.found <= known.count
    }

    /// Entries that stand for more than there is; of those that were looked for.
    pub(super) fn findings(&self, sought: impl Fn(&Entry) -> bool) -> Vec<Diagnostic> {
        let mended = self.known.iter().filter(|(entry, known)| known.found < known.count && sought(entry));
        let said = mended.map(|(entry, known)| {
            let Entry { of, rule, at, .. } = entry;
            let place = if at.is_empty() { format!("`{of}`") } else { format!("`{at}` of `{of}`") };
            let message = match known.found {
                0 => format!("`{rule}` finds nothing at {place} any more"),
                found => format!("`{rule}` finds {found} at {place}, where {} are known", known.count),
            };
            Diagnostic::new("baseline", Severity::Warning, message, known.place.clone())
                .help("`rick lint --baseline update` takes out what is mended")
        });
        said.collect()
    }

    /// What is left of it: what was found again, and what was not looked for. `None` where it could not be read.
    pub(super) fn left(&self, sought: impl Fn(&Entry) -> bool) -> Option<Vec<Entry>> {
        let count = |entry: &Entry, known: &Known| if sought(entry) { known.found.min(known.count) } else { known.count };
        let left = self.known.iter().flat_map(|(entry, known)| std::iter::repeat_n(entry.clone(), count(entry, known)));
        (!self.unreadable).then(|| left.collect())
    }
}

/// The text of a baseline of these problems.
pub fn render(mut entries: Vec<Entry>) -> String {
    entries.sort();
    let mut text = HEAD.to_owned();
    for same in entries.chunk_by(|left, right| left == right) {
        let Entry { of, rule, at, value } = &same[0];
        let quoted = |text: &str| toml_edit::Value::from(text).to_string();
        text.push_str(&format!(
            "\n[[known]]\nrule = {}\nof = {}\nat = {}\nvalue = {}\n",
            quoted(rule),
            quoted(of),
            quoted(at),
            quoted(value)
        ));
        if same.len() > 1 {
            text.push_str(&format!("count = {}\n", same.len()));
        }
    }
    text
}

fn schema() -> Value {
    let text = serde_json::json!({ "type": "string" });
    serde_json::json!({
        "type": "object",
        "required": ["version"],
        "additionalProperties": false,
        "properties": {
            "version": { "const": 1 },
            "known": { "type": "array", "items": {
                "type": "object",
                "required": ["rule", "of", "at", "value"],
                "additionalProperties": false,
                "properties": { "rule": text, "of": text, "at": text, "value": text, "count": { "type": "integer", "minimum": 1 } },
            } },
        },
    })
}
