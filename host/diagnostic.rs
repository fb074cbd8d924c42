//! Problems in the user's files.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::contract::types;
use crate::control::Control;
use crate::plugin::limits::plain;
use crate::source::{SourceId, Sources, Span};

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
    /// The one of a name.
    pub fn named(name: &str) -> Option<Self> {
        [Severity::Error, Severity::Warning, Severity::Info, Severity::Hint].into_iter().find(|severity| severity.name() == name)
    }

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

impl From<types::Severity> for Severity {
    fn from(severity: types::Severity) -> Self {
        match severity {
            types::Severity::Error => Severity::Error,
            types::Severity::Warning => Severity::Warning,
            types::Severity::Info => Severity::Info,
            types::Severity::Hint => Severity::Hint,
        }
    }
}

/// What becomes of a diagnostic. [`Control`] alone decides it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is shown, and counts.
    Reported,
    /// Somebody said, with a reason, that it may stay for a while.
    Waived {
        /// Why.
        reason: String,
        /// The last day, as year, month and day.
        expires: String,
        /// Where that is said.
        place: Span,
    },
    /// It was there when the baseline was written.
    Known,
}

/// A place with what is to be seen there.
#[derive(Debug, Clone)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is there; may be empty.
    pub message: String,
}

/// What would mend a problem. Its edits are made together or not at all.
#[derive(Debug, Clone, PartialEq)]
pub struct Fix {
    /// In the imperative: "remove `db`".
    pub title: String,
    /// It cannot change what runs other than as the diagnostic asks, and moves or loses no data.
    pub safe: bool,
    /// In the order in which they are made.
    pub edits: Vec<Edit>,
}

/// One change of a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Puts a value at these steps of a TOML file; what is missing on the way is made. A last step `-` is one past the end of a list.
    Set {
        /// The file.
        source: SourceId,
        /// From the root of the file.
        steps: Vec<String>,
        /// The value.
        value: Value,
    },
    /// Takes away what is at these steps of a TOML file.
    Remove {
        /// The file.
        source: SourceId,
        /// From the root of the file.
        steps: Vec<String>,
    },
    /// Puts a text in the place of another.
    Replace {
        /// What goes.
        span: Span,
        /// What comes.
        text: String,
    },
}

impl Edit {
    /// The file that it changes.
    pub fn source(&self) -> SourceId {
        match self {
            Edit::Set { source, .. } | Edit::Remove { source, .. } => *source,
            Edit::Replace { span, .. } => span.source,
        }
    }
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
    /// Ways to mend it, the best first.
    pub fixes: Vec<Fix>,
    /// What is at its place is not to be shown: a secret that somebody wrote down.
    pub hides: bool,
    /// What the plugin adds for programs.
    pub more: Option<Value>,
    /// rick could not do its work, rather than: the files are wrong.
    pub failure: bool,
    /// What becomes of it.
    pub standing: Standing,
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
            fixes: Vec::new(),
            hides: false,
            more: None,
            failure: false,
            standing: Standing::Reported,
        }
    }

    /// Whether it is shown and counts.
    pub fn is_reported(&self) -> bool {
        self.standing == Standing::Reported
    }

    /// Whether it is an error that counts.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error && self.is_reported()
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

/// A place, a code and a message.
type Known = (Option<(SourceId, usize, usize)>, String, String);

/// Where stages put what they find. The same problem at the same place is kept once.
#[derive(Debug, Default)]
pub struct Sink {
    found: Vec<Diagnostic>,
    /// By place, code and message, which of them it is: what is said of each service about the same line of rick.toml is one problem.
    known: BTreeMap<Known, usize>,
    failed_services: BTreeSet<String>,
    control: Option<Control>,
}

impl Sink {
    /// From now on it is decided of everything what becomes of it. What was found before, on the way to a project, is rick's own.
    pub fn under(&mut self, control: Control) {
        self.control = Some(control);
    }

    /// Says what is to be said of waivers and of the baseline, when everything was found.
    pub fn settle(&mut self) {
        let Some(mut control) = self.control.take() else { return };
        let found = control.settle(&self.failed_services);
        self.control = Some(control);
        found.into_iter().for_each(|diagnostic| self.push(diagnostic));
    }

    /// What decides.
    pub fn control(&self) -> Option<&Control> {
        self.control.as_ref()
    }

    /// Adds a problem that belongs to no service.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.keep(diagnostic);
    }

    /// Adds a problem of a service; with an error, the service leaves the later stages.
    pub fn push_for(&mut self, service: &str, diagnostic: Diagnostic) {
        if self.keep(diagnostic) {
            self.failed_services.insert(service.to_owned());
        }
    }

    /// Whether it is an error that counts.
    fn keep(&mut self, mut diagnostic: Diagnostic) -> bool {
        // Words of plugins and of their schemas come in here, and are shown in a terminal.
        let notes = diagnostic.notes.iter_mut().chain(diagnostic.help.as_mut()).chain([&mut diagnostic.message]);
        let labels = diagnostic.primary.iter_mut().chain(&mut diagnostic.related).map(|label| &mut label.message);
        let titles = diagnostic.fixes.iter_mut().map(|fix| &mut fix.title);
        notes.chain(labels).chain(titles).for_each(|text| *text = plain(text));
        let place = diagnostic.primary.as_ref().map(|Label { span, .. }| (span.source, span.bytes.start, span.bytes.end));
        let key = (place, diagnostic.code.clone(), diagnostic.message.clone());
        if let Some(&index) = self.known.get(&key) {
            return self.found[index].is_error();
        }
        if let Some(control) = &mut self.control
            && !control.decide(&mut diagnostic)
        {
            return false;
        }
        let counts = diagnostic.is_error();
        self.known.insert(key, self.found.len());
        self.found.push(diagnostic);
        counts
    }

    /// Takes a service out of the later stages without a problem of its own.
    pub fn fail(&mut self, service: &str) {
        self.failed_services.insert(service.to_owned());
    }

    /// Whether a service has an error.
    pub fn has_failed(&self, service: &str) -> bool {
        self.failed_services.contains(service)
    }

    /// The services with an error.
    pub fn failed(&self) -> &BTreeSet<String> {
        &self.failed_services
    }

    /// How many problems there are.
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Whether there is an error; in a strict project also a warning.
    pub fn has_errors(&self) -> bool {
        let strict = self.control.as_ref().is_some_and(Control::is_strict);
        let counts = |diagnostic: &Diagnostic| strict && diagnostic.severity == Severity::Warning && diagnostic.is_reported();
        self.found.iter().any(|diagnostic| diagnostic.is_error() || counts(diagnostic))
    }

    /// Whether rick could not do its work.
    pub fn has_failures(&self) -> bool {
        self.found.iter().any(|diagnostic| diagnostic.failure)
    }

    /// Whether there is one of a code.
    pub fn has(&self, code: &str) -> bool {
        self.found.iter().any(|diagnostic| diagnostic.code == code)
    }

    /// All that is reported, by file, place, severity and code: the same order in every run.
    pub fn sorted(&self, sources: &Sources) -> Vec<Diagnostic> {
        let mut sorted = self.sorted_with_waived(sources);
        sorted.retain(Diagnostic::is_reported);
        sorted
    }

    /// The same with what is waived, and with what the baseline knows.
    pub fn sorted_with_waived(&self, sources: &Sources) -> Vec<Diagnostic> {
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
        sorted
    }
}
