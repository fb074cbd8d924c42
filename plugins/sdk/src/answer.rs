//! What a call answers: builders that keep a reason with everything.

use serde::Serialize;
use serde_json::Value;

use crate::bindings::exports::rick::plugin::claim::ClaimEntry;
use crate::bindings::rick::plugin::types::{
    Artifact as WitArtifact, Content, Contribution, Diagnostic, Edit, Fix, Note, Place, Secret as WitSecret, Segment, Severity,
    Target,
};
use crate::place;
use crate::slots::{self, Piece, Slot};

/// The claims of a service.
#[derive(Debug, Default)]
pub struct Claims {
    pub(crate) entries: Vec<ClaimEntry>,
    /// Problems found on the way.
    pub diagnostics: Diagnostics,
}

impl Claims {
    /// Claims a name, or a number that the user stated.
    pub fn want(&mut self, pool: &str, key: &str, value: impl Into<Value>, because: Place) {
        self.push(pool, key, Some(value.into()), because);
    }

    /// Claims any number of the pool.
    pub fn any(&mut self, pool: &str, key: &str, because: Place) {
        self.push(pool, key, None, because);
    }

    fn push(&mut self, pool: &str, key: &str, want: Option<Value>, because: Place) {
        let want = want.map(|value| value.to_string());
        self.entries.push(ClaimEntry { pool: pool.to_owned(), key: key.to_owned(), want, because: vec![because] });
    }
}

/// Problems in the user's files.
#[derive(Debug, Default)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// Reports a problem. Write it with [`error`], [`warning`], [`info`] or [`hint`].
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }
}

fn diagnostic(severity: Severity, code: &str, message: impl Into<String>, at: Place) -> Diagnostic {
    Diagnostic {
        code: code.to_owned(),
        severity,
        message: message.into(),
        at,
        help: None,
        notes: Vec::new(),
        fixes: Vec::new(),
        more: None,
    }
}

/// Something that must not be built.
pub fn error(code: &str, message: impl Into<String>, at: Place) -> Diagnostic {
    diagnostic(Severity::Error, code, message, at)
}

/// Something that somebody should act on.
pub fn warning(code: &str, message: impl Into<String>, at: Place) -> Diagnostic {
    diagnostic(Severity::Warning, code, message, at)
}

/// Something worth knowing.
pub fn info(code: &str, message: impl Into<String>, at: Place) -> Diagnostic {
    diagnostic(Severity::Info, code, message, at)
}

/// A suggestion in an editor.
pub fn hint(code: &str, message: impl Into<String>, at: Place) -> Diagnostic {
    diagnostic(Severity::Hint, code, message, at)
}

/// Part of a fix: puts a value at a place of the user's, and makes what is missing on the way. A place whose last step is `-` is one past
/// the end of an array (RFC 6902). Of a place in a file, its text.
pub fn set(place: &Place, value: impl Into<Value>) -> Edit {
    let value = value.into();
    match place {
        Place::Value(pointer) | Place::Key(pointer) => Edit::Set((pointer.clone(), value.to_string())),
        Place::Text(span) => Edit::Replace((*span, value.as_str().map_or_else(|| value.to_string(), str::to_owned))),
    }
}

/// Part of a fix: takes away what is at a place of the user's, its key included.
pub fn remove(place: &Place) -> Edit {
    match place {
        Place::Value(pointer) | Place::Key(pointer) => Edit::Remove(pointer.clone()),
        Place::Text(span) => Edit::Replace((*span, String::new())),
    }
}

impl Diagnostic {
    /// Adds the one thing that can be done now.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a way to mend it that cannot change what runs other than as asked, and moves or loses no data. `title` is in the
    /// imperative: "remove `db`". The best comes first.
    pub fn safe_fix(self, title: impl Into<String>, edits: Vec<Edit>) -> Self {
        self.fix(title.into(), true, edits)
    }

    /// Adds a way to mend it that somebody should look at first.
    pub fn unsafe_fix(self, title: impl Into<String>, edits: Vec<Edit>) -> Self {
        self.fix(title.into(), false, edits)
    }

    /// Points at a part of the text that its place is: one line of several, or one word. rick shows just that, if it is there as it
    /// stands; else all of the value.
    pub fn within(mut self, text: impl Into<String>) -> Self {
        self.more = Some(serde_json::json!({ "within": text.into() }).to_string());
        self
    }

    /// Keeps what is at its place out of what is shown: a secret that somebody wrote down.
    pub fn hides(mut self) -> Self {
        self.more = Some(serde_json::json!({ "hides": true }).to_string());
        self
    }

    fn fix(mut self, title: String, safe: bool, edits: Vec<Edit>) -> Self {
        self.fixes.push(Fix { title, safe, edits });
        self
    }

    /// Adds another place that belongs to it.
    pub fn note(mut self, message: impl Into<String>, at: Place) -> Self {
        self.notes.push(Note { at, message: message.into() });
        self
    }
}

/// The contributions of a service.
#[derive(Debug, Default)]
pub struct Contributions {
    pub(crate) entries: Vec<Contribution>,
    /// Problems found on the way.
    pub diagnostics: Diagnostics,
}

impl Contributions {
    /// Contributes to a slot, for the service at hand and all its own parts, as derived; what it returns says otherwise.
    pub fn add<S: Slot>(&mut self, key: &str, value: &S::Value, because: Place) -> Added<'_> {
        add(&mut self.entries, S::NAME, key, value, because)
    }

    /// The same for each part that the plugin's table names in its `parts`; `None`: all that run the service's own image.
    pub fn add_for<S: Slot>(&mut self, parts: Option<&[String]>, key: &str, value: &S::Value, because: Place) {
        let Some(parts) = parts else {
            self.add::<S>(key, value, because);
            return;
        };
        for (index, part) in parts.iter().enumerate() {
            let named = place::table(&["parts", &index.to_string()]);
            self.add::<S>(key, value, because.clone()).part(part).because(named);
        }
    }
}

fn add<'a, V: Serialize>(entries: &'a mut Vec<Contribution>, slot: &str, key: &str, value: &V, because: Place) -> Added<'a> {
    let value = serde_json::to_string(value).unwrap_or_else(|error| panic!("a value of `{slot}` is no JSON: {error}"));
    let target = Target { service: None, machine: None, part: None };
    let because = vec![because];
    entries.push(Contribution { slot: slot.to_owned(), target, key: key.to_owned(), value, stated: false, because });
    let last = entries.len() - 1;
    Added(&mut entries[last])
}

/// A contribution that was just made.
#[derive(Debug)]
pub struct Added<'a>(&'a mut Contribution);

impl Added<'_> {
    /// The user wrote it.
    pub fn stated(self) -> Self {
        self.stated_if(true)
    }

    /// The user wrote it, if so.
    pub fn stated_if(self, stated: bool) -> Self {
        self.0.stated = stated;
        self
    }

    /// It is for one part.
    pub fn part(self, part: &str) -> Self {
        self.0.target.part = Some(part.to_owned());
        self
    }

    /// It is for another service.
    pub fn service(self, service: &str) -> Self {
        self.0.target.service = Some(service.to_owned());
        self
    }

    /// It is for a machine, and for no service.
    pub fn machine(self, machine: &str) -> Self {
        self.0.target.machine = Some(machine.to_owned());
        self
    }

    /// Another reason.
    pub fn because(self, place: Place) -> Self {
        self.0.because.push(place);
        self
    }
}

/// What a call of `render` makes.
#[derive(Debug, Default)]
pub struct Rendered {
    pub(crate) artifacts: Vec<WitArtifact>,
    pub(crate) entries: Vec<Contribution>,
    /// Problems found on the way.
    pub diagnostics: Diagnostics,
}

impl Rendered {
    /// Adds a file. One without content is left out.
    pub fn artifact(&mut self, artifact: Artifact) {
        if !artifact.0.content.is_empty() {
            self.artifacts.push(artifact.0);
        }
    }

    /// Contributes to a slot that ends in rick: a step, a check, a model.
    pub fn add<S: Slot>(&mut self, key: &str, value: &S::Value, because: Place) -> Added<'_> {
        add(&mut self.entries, S::NAME, key, value, because)
    }

    /// Adds a step that is called for by changes of artifacts; by every apply where `changed` is empty.
    pub fn step(&mut self, key: &str, phase: slots::Phase, action: slots::Action, changed: &[&str], because: Place) -> Added<'_> {
        let changed = changed.iter().map(|&path| path.to_owned()).collect();
        self.add::<slots::Step>(key, &slots::StepValue { phase, changed, action }, because)
    }
}

/// A file in the making: lines, each with its reason.
#[derive(Debug, Clone)]
pub struct Artifact(pub(crate) WitArtifact);

impl Artifact {
    /// An empty file of root's, readable by all: mode 0644, root:root.
    pub fn new(path: impl Into<String>) -> Self {
        let (owner, group) = ("root".to_owned(), "root".to_owned());
        Self(WitArtifact { machine: None, path: path.into(), mode: 0o644, owner, group, content: Vec::new(), more: None })
    }

    /// Sets its permission bits.
    pub fn mode(mut self, mode: u32) -> Self {
        self.0.mode = mode;
        self
    }

    /// Sets its owner and group.
    pub fn owner(mut self, owner: &str, group: &str) -> Self {
        self.0.owner = owner.to_owned();
        self.0.group = group.to_owned();
        self
    }

    /// Sets the machine that it is for, where that is not the one of the call.
    pub fn machine(mut self, machine: &str) -> Self {
        self.0.machine = Some(machine.to_owned());
        self
    }

    /// Its path.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// Whether it has no line yet.
    pub fn is_empty(&self) -> bool {
        self.0.content.is_empty()
    }

    /// Adds a line of text; the newline is added here.
    pub fn line(&mut self, text: impl AsRef<str>, because: impl Into<Because>) {
        self.push(Line::text(text.as_ref()), because);
    }

    /// Adds a line in which secrets may be.
    pub fn push(&mut self, line: Line, because: impl Into<Because>) {
        let because = because.into().0;
        let mut text = String::new();
        for content in line.0 {
            match content {
                Content::Text(piece) => text.push_str(&piece),
                Content::Secret(_) => {
                    if !text.is_empty() {
                        let content = Content::Text(std::mem::take(&mut text));
                        self.0.content.push(Segment { content, because: because.clone() });
                    }
                    self.0.content.push(Segment { content, because: because.clone() });
                }
            }
        }
        text.push('\n');
        self.0.content.push(Segment { content: Content::Text(text), because });
    }

    /// The text of the file, with each secret as `«name»`: for tests.
    pub fn preview(&self) -> String {
        self.0
            .content
            .iter()
            .map(|segment| match &segment.content {
                Content::Text(text) => text.clone(),
                Content::Secret(secret) => {
                    format!("«{}»", std::iter::once(&secret.name).chain(&secret.encode).cloned().collect::<Vec<_>>().join(" "))
                }
            })
            .collect()
    }
}

/// The reasons of a line: one place, or several.
#[derive(Debug, Clone)]
pub struct Because(Vec<Place>);

impl From<Place> for Because {
    fn from(place: Place) -> Self {
        Self(vec![place])
    }
}

impl From<&Place> for Because {
    fn from(place: &Place) -> Self {
        Self(vec![place.clone()])
    }
}

impl From<Vec<Place>> for Because {
    fn from(places: Vec<Place>) -> Self {
        Self(places)
    }
}

impl From<&[Place]> for Because {
    fn from(places: &[Place]) -> Self {
        Self(places.to_vec())
    }
}

/// One line, in pieces.
#[derive(Debug, Clone, Default)]
pub struct Line(Vec<Content>);

impl Line {
    /// A line that begins with text.
    pub fn text(text: &str) -> Self {
        Self(vec![Content::Text(text.to_owned())])
    }

    /// The line's text.
    ///
    /// # Panics
    /// Where a secret is in it, which is no text.
    pub fn as_text(&self) -> String {
        let text = |content: &Content| match content {
            Content::Text(text) => text.clone(),
            Content::Secret(secret) => panic!("the secret `{}` is no text", secret.name),
        };
        self.0.iter().map(text).collect()
    }

    /// Adds text as it is.
    pub fn then(mut self, text: &str) -> Self {
        self.0.push(Content::Text(text.to_owned()));
        self
    }

    /// Adds a secret with encodings, the innermost first.
    pub fn secret(mut self, name: &str, encode: &[&str]) -> Self {
        let encode = encode.iter().map(|&name| name.to_owned()).collect();
        self.0.push(Content::Secret(WitSecret { name: name.to_owned(), encode }));
        self
    }

    /// Adds the pieces of a value: text through `escape`, secrets with `encode` after their own encodings.
    pub fn pieces(mut self, pieces: &[Piece], escape: impl Fn(&str) -> String, encode: &[&str]) -> Self {
        for piece in pieces {
            match piece {
                Piece::Text(text) => self.0.push(Content::Text(escape(text))),
                Piece::Secret(reference) => {
                    let all: Vec<&str> = reference.encode.iter().map(String::as_str).chain(encode.iter().copied()).collect();
                    self = self.secret(&reference.secret, &all);
                }
            }
        }
        self
    }
}
