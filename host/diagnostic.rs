//! Problems in the user's files.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::plugin::limits::plain;
use crate::source::{Sources, Span};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is written.
    Error,
    /// Somebody should act.
    Warning,
    /// Worth knowing.
    Info,
    /// A suggestion in an editor.
    Hint,
}

impl Severity {
    /// "error", "warning" …
    pub fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
            Severity::Hint => "hint",
        }
    }
}

/// A place with what is to be seen there.
#[derive(Debug, Clone)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is there; may be empty.
    pub message: String,
}

/// A problem, with all that its reader needs.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// A rule's code, or one of rick's own words: "toml", "schema", "conflict", "plugin" …
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// What was found, then what was expected.
    pub message: String,
    /// The one place to look at first; a failure of a plugin may have none.
    pub primary: Option<Label>,
    /// Other places.
    pub related: Vec<Label>,
    /// More that is true.
    pub notes: Vec<String>,
    /// What can be done now.
    pub help: Option<String>,
    /// The plugin that found it, with its version.
    pub plugin: Option<String>,
    /// What the plugin adds for programs.
    pub more: Option<Value>,
    /// rick could not do its work, rather than: the files are wrong.
    pub failure: bool,
}

impl Diagnostic {
    /// An error at a place.
    pub fn error(code: &str, message: impl Into<String>, span: Span) -> Self {
        Self::new(code, Severity::Error, message, Some(span))
    }

    /// A problem, at a place if there is one.
    pub fn new(code: &str, severity: Severity, message: impl Into<String>, span: Option<Span>) -> Self {
        Self {
            code: code.to_owned(),
            severity,
            message: message.into(),
            primary: span.map(|span| Label { span, message: String::new() }),
            related: Vec::new(),
            notes: Vec::new(),
            help: None,
            plugin: None,
            more: None,
            failure: false,
        }
    }

    /// Says what is to be seen at the first place.
    pub fn label(mut self, message: impl Into<String>) -> Self {
        if let Some(primary) = &mut self.primary {
            primary.message = message.into();
        }
        self
    }

    /// Adds another place.
    pub fn related(mut self, message: impl Into<String>, span: Span) -> Self {
        self.related.push(Label { span, message: message.into() });
        self
    }

    /// Adds a note.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Says what can be done now.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Where stages put what they find. The same problem at the same place is kept once.
#[derive(Debug, Default)]
pub struct Sink {
    found: Vec<Diagnostic>,
    failed_services: BTreeSet<String>,
}

impl Sink {
    /// Adds a problem that belongs to no service.
    pub fn push(&mut self, mut diagnostic: Diagnostic) {
        // Words of plugins and of their schemas come in here, and are shown in a terminal.
        let notes = diagnostic.notes.iter_mut().chain(diagnostic.help.as_mut()).chain([&mut diagnostic.message]);
        let labels = diagnostic.primary.iter_mut().chain(&mut diagnostic.related).map(|label| &mut label.message);
        notes.chain(labels).for_each(|text| *text = plain(text));
        self.found.push(diagnostic);
    }

    /// Adds a problem of a service; with an error, the service leaves the later stages.
    pub fn push_for(&mut self, service: &str, diagnostic: Diagnostic) {
        if diagnostic.severity == Severity::Error {
            self.failed_services.insert(service.to_owned());
        }
        self.push(diagnostic);
    }

    /// Takes a service out of the later stages without a problem of its own.
    pub fn fail(&mut self, service: &str) {
        self.failed_services.insert(service.to_owned());
    }

    /// Whether a service has an error.
    pub fn has_failed(&self, service: &str) -> bool {
        self.failed_services.contains(service)
    }

    /// How many problems there are.
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Whether there is an error.
    pub fn has_errors(&self) -> bool {
        self.found.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// All problems, by file, place, severity and code: the same order in every run.
    pub fn sorted(&self, sources: &Sources) -> Vec<Diagnostic> {
        fn key<'a>(sources: &Sources, diagnostic: &'a Diagnostic) -> (bool, String, usize, usize, Severity, &'a str, &'a str) {
            let (path, bytes) = match &diagnostic.primary {
                Some(label) => (sources.path(label.span.source).to_string(), label.span.bytes.clone()),
                None => (String::new(), 0..0),
            };
            let Diagnostic { severity, code, message, .. } = diagnostic;
            (diagnostic.primary.is_none(), path, bytes.start, bytes.end, *severity, code, message)
        }
        let mut sorted = self.found.clone();
        sorted.sort_by(|left, right| key(sources, left).cmp(&key(sources, right)));
        sorted.dedup_by(|left, right| key(sources, left) == key(sources, right));
        sorted
    }
}
