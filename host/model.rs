//! Where in the model of a project a place of a file is: the steps to a value, and the value. It survives what lines do not: a value keeps
//! its steps when something is written above it. Waivers, the baseline and fingerprints go by it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::diagnostic::{Diagnostic, Sink};
use crate::document::{self, Children, Document, Node};
use crate::source::{SourceId, Sources, Span};

/// A value of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Location {
    /// From the root of its file; a place in a list is its number. Empty where the file is no TOML.
    pub steps: Vec<String>,
    /// The value that is there, as text.
    pub value: String,
}

impl Location {
    /// As TOML writes a dotted key: `quadlet.volumes.0.name`.
    pub fn dotted(&self) -> String {
        dotted(&self.steps)
    }

    /// The steps without the numbers of lists, which change when something is put in before.
    pub fn without_numbers(&self) -> Vec<&str> {
        self.steps.iter().map(|step| if step.parse::<usize>().is_ok() { "*" } else { step.as_str() }).collect()
    }
}

/// Steps as TOML writes a dotted key: <https://toml.io/en/v1.0.0#keys>.
pub fn dotted<S: AsRef<str>>(steps: &[S]) -> String {
    let plain =
        |step: &str| !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    let quoted = |step: &S| {
        let step = step.as_ref();
        if plain(step) { step.to_owned() } else { Value::from(step).to_string() }
    };
    steps.iter().map(quoted).collect::<Vec<_>>().join(".")
}

/// Finds places, and keeps what it read of each file.
#[derive(Debug, Default)]
pub struct Model {
    documents: BTreeMap<SourceId, Option<Document>>,
}

impl Model {
    /// A file as TOML; `None` where it is none.
    pub fn document(&mut self, sources: &Sources, source: SourceId) -> Option<&Document> {
        let read = || {
            // What is no TOML was said when it was first read.
            let is_toml = sources.path(source).extension() == Some("toml");
            is_toml.then(|| document::parse(sources, source, &mut Sink::default())).flatten()
        };
        self.documents.entry(source).or_insert_with(read).as_ref()
    }

    /// The value that a diagnostic is about.
    pub fn locate(&mut self, sources: &Sources, diagnostic: &Diagnostic) -> Location {
        match &diagnostic.primary {
            Some(label) => self.at(sources, &label.span),
            None => Location { steps: Vec::new(), value: diagnostic.message.clone() },
        }
    }

    /// The smallest value whose key or text a span is in; of other files, the span's first line.
    pub fn at(&mut self, sources: &Sources, span: &Span) -> Location {
        let Some(document) = self.document(sources, span.source) else {
            let text = &sources.get(span.source).text;
            let line = text.get(span.bytes.start..).unwrap_or_default().lines().next().unwrap_or_default();
            return Location { steps: Vec::new(), value: line.trim().to_owned() };
        };
        let mut steps = Vec::new();
        let mut value = &document.value;
        let mut node = &document.node;
        while let Some((step, child)) = child_around(node, span) {
            value = match value {
                Value::Object(object) => &object[step.as_str()],
                Value::Array(array) => &array[step.parse::<usize>().unwrap_or(0)],
                other => other,
            };
            steps.push(step);
            node = child;
        }
        // What a whole table is about is not about what else is in it.
        let value = if value.is_object() { String::new() } else { value.to_string() };
        Location { steps, value }
    }
}

/// The child that a span is in.
fn child_around<'a>(node: &'a Node, span: &Span) -> Option<(String, &'a Node)> {
    let holds = |outer: &Span| outer.bytes.start <= span.bytes.start && span.bytes.end <= outer.bytes.end;
    let is_in = |child: &Node| child.key.as_ref().is_some_and(holds) || holds(&child.value) || encloses(child, span);
    match &node.children {
        Children::None => None,
        Children::Table(table) => table.iter().find(|(_, child)| is_in(child)).map(|(key, child)| (key.clone(), child)),
        Children::Array(array) => {
            let found = array.iter().enumerate().find(|(_, child)| is_in(child));
            found.map(|(index, child)| (index.to_string(), child))
        }
    }
}

/// Whether anything below holds it: the tables `[a]` and `[a.b]` are not one run of bytes.
fn encloses(node: &Node, span: &Span) -> bool {
    child_around(node, span).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn located(text: &str, what: &str) -> (String, String) {
        let mut sources = Sources::default();
        let source = sources.add("services/x.toml", text.to_owned());
        let start = text.find(what).expect("it is there");
        let location = Model::default().at(&sources, &Span { source, bytes: start..start + what.len() });
        (location.dotted(), location.value)
    }

    #[test]
    fn a_place_is_the_smallest_value_that_holds_it() {
        let text = "[a]\nb = [\n  1,\n  { c = \"d\" },\n]\n\n[a.e]\n\"f.g\" = 2\n\n[[h]]\ni = 3\n[[h]]\ni = 4\n";
        assert_eq!(located(text, "\"d\""), ("a.b.1.c".to_owned(), "\"d\"".to_owned()));
        assert_eq!(located(text, "c ="), ("a.b.1".to_owned(), String::new()));
        assert_eq!(located(text, "f.g"), ("a.e.\"f.g\"".to_owned(), "2".to_owned()));
        assert_eq!(located(text, "4"), ("h.1.i".to_owned(), "4".to_owned()));
    }
}
