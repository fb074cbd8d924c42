//! A call: the document that a plugin is given, and where the pointers in its answer lead.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Composition;
use super::merge::Entry;
use super::texts::Part;
use crate::contract::types::{self, Place, Scope};
use crate::diagnostic::{Diagnostic, Edit, Fix, Label, Severity, Sink};
use crate::document::{Children, Document, Node};
use crate::engine::short_digest;
use crate::model::Model;
use crate::origin::Origin;
use crate::plugin::{Failure, Of, Plugin, Session, Stage};
use crate::pointer;
use crate::project::{Manifest, Project};
use crate::slots;
use crate::source::{SourceId, Sources, Span};

/// What a call is about.
#[derive(Clone, Copy)]
pub enum Subject<'a> {
    /// One service.
    Service(&'a Manifest),
    /// One machine with these services of the plugin's.
    Machine(&'a str, &'a [&'a Manifest]),
    /// The project with these services of the plugin's.
    Project(&'a [&'a Manifest]),
}

impl Subject<'_> {
    /// As messages name it.
    pub fn title(&self) -> String {
        match self {
            Subject::Service(manifest) => format!("service `{}`", manifest.name),
            Subject::Machine(machine, _) => format!("machine `{machine}`"),
            Subject::Project(_) => "the project".to_owned(),
        }
    }

    /// As the contract names it.
    pub fn scope(&self) -> Scope {
        match self {
            Subject::Service(_) => Scope::Service,
            Subject::Machine(..) => Scope::Machine,
            Subject::Project(_) => Scope::Project,
        }
    }

    /// "service", "machine", "project"
    pub fn scope_name(&self) -> &'static str {
        match self {
            Subject::Service(_) => "service",
            Subject::Machine(..) => "machine",
            Subject::Project(_) => "project",
        }
    }

    /// The service that it is about.
    pub fn service(&self) -> Option<&str> {
        match self {
            Subject::Service(manifest) => Some(&manifest.name),
            Subject::Machine(..) | Subject::Project(_) => None,
        }
    }

    /// The machine that it is about.
    pub fn machine(&self) -> Option<&str> {
        match self {
            Subject::Service(manifest) => Some(&manifest.machine),
            Subject::Machine(machine, _) => Some(machine),
            Subject::Project(_) => None,
        }
    }
}

/// One call of a plugin.
pub struct Call<'a> {
    /// What it is about.
    pub subject: Subject<'a>,
    plugin: &'a Plugin,
    project: &'a Project,
    /// By slot, the entries that `/reads/<slot>/<n>` stands for.
    reads: BTreeMap<String, Vec<usize>>,
    /// `None` for `claim`, which holds and reads nothing yet.
    stage: Option<Stage>,
}

/// A piece of a call's document.
enum Piece<'t> {
    /// What is between the others, and follows from them.
    Mark(&'static str),
    /// A member's name, behind a comma where another one is before it.
    Name(bool, &'t str),
    /// A value.
    Value(Part<'t>),
    /// A contribution.
    Entry(&'t Entry),
}

impl<'a> Call<'a> {
    /// A call; its document is put together when it is wanted. `stage`: `None` for `claim`, which holds and reads nothing yet.
    pub fn new(composition: &Composition<'a>, plugin: &'a Plugin, subject: Subject<'a>, stage: Option<Stage>) -> Self {
        let reads = stage.map(|stage| readable(composition, plugin, subject, stage)).unwrap_or_default();
        Self { subject, plugin, project: composition.project, reads, stage }
    }

    /// The document that the plugin is given.
    pub fn input(&self, composition: &Composition<'_>) -> String {
        let mut text = String::new();
        self.pieces(composition, &mut |piece| match piece {
            Piece::Mark(mark) => text.push_str(mark),
            Piece::Name(comma, name) => {
                text.push_str(if comma { "," } else { "" });
                text.push_str(&Value::from(name).to_string());
                text.push(':');
            }
            Piece::Value(part) => text.push_str(part.json(composition)),
            Piece::Entry(entry) => text.push_str(entry.json()),
        });
        text
    }

    /// Which document it is, without putting it together.
    pub fn digest(&self, composition: &Composition<'_>) -> [u8; 16] {
        let scope = self.subject.scope_name();
        let mut pieces = vec![u8::from(self.stage.is_some())];
        pieces.extend(scope.as_bytes());
        self.pieces(composition, &mut |piece| match piece {
            Piece::Mark(_) => {}
            Piece::Name(_, name) => {
                pieces.push(0);
                pieces.extend(name.len().to_le_bytes());
                pieces.extend(name.as_bytes());
            }
            Piece::Value(part) => {
                pieces.push(1);
                pieces.extend(part.digest(composition));
            }
            Piece::Entry(entry) => {
                pieces.push(2);
                pieces.extend(entry.digest());
            }
        });
        short_digest(&[&pieces])
    }

    /// The pieces of the document, in its order: `wit/0.1.0/input.schema.json`.
    fn pieces(&self, composition: &Composition<'_>, put: &mut dyn FnMut(Piece<'_>)) {
        let (project, plugin) = (self.project, self.plugin);
        let index = self.subject.machine().and_then(|machine| project.machines.iter().position(|other| other == machine));
        put(Piece::Mark("{"));
        if let (Subject::Service(manifest), true) = (self.subject, self.stage.is_some()) {
            put(Piece::Mark("\"claimed\":"));
            put(Piece::Value(Part::Held(manifest)));
            put(Piece::Mark(","));
        }
        if let Some(index) = index {
            put(Piece::Mark("\"facts\":"));
            put(Piece::Value(Part::Facts(index, plugin)));
            put(Piece::Mark(",\"machine\":"));
            put(Piece::Value(Part::Machine(index)));
            put(Piece::Mark(","));
        }
        if let Subject::Project(_) = self.subject {
            put(Piece::Mark("\"machines\":{"));
            for (index, machine) in project.machines.iter().enumerate() {
                put(Piece::Name(index > 0, machine));
                put(Piece::Value(Part::Machine(index)));
            }
            put(Piece::Mark("},"));
        }
        if self.stage.is_some() {
            put(Piece::Mark("\"reads\":{"));
            for (number, (slot, entries)) in self.reads.iter().enumerate() {
                put(Piece::Name(number > 0, slot));
                put(Piece::Mark("["));
                for (number, &entry) in entries.iter().enumerate() {
                    if number > 0 {
                        put(Piece::Mark(","));
                    }
                    put(Piece::Entry(&composition.entries[entry]));
                }
                put(Piece::Mark("]"));
            }
            put(Piece::Mark("},"));
        }
        put(Piece::Mark("\"scope\":\""));
        put(Piece::Mark(self.subject.scope_name()));
        put(Piece::Mark("\","));
        if let Subject::Service(manifest) = self.subject {
            put(Piece::Mark("\"service\":"));
            put(Piece::Value(Part::Service(manifest)));
            put(Piece::Mark(","));
        }
        if let Subject::Machine(_, manifests) | Subject::Project(manifests) = self.subject {
            put(Piece::Mark("\"services\":{"));
            for (number, manifest) in manifests.iter().enumerate() {
                put(Piece::Name(number > 0, &manifest.name));
                put(Piece::Mark("{\"claimed\":"));
                put(Piece::Value(Part::Held(manifest)));
                put(Piece::Mark(",\"service\":"));
                put(Piece::Value(Part::Service(manifest)));
                put(Piece::Mark(",\"table\":"));
                put(Piece::Value(Part::Table(plugin, manifest)));
                put(Piece::Mark("}"));
            }
            put(Piece::Mark("},"));
        }
        put(Piece::Mark("\"settings\":"));
        put(Piece::Value(Part::Settings(plugin)));
        if let Subject::Service(manifest) = self.subject {
            put(Piece::Mark(",\"table\":"));
            put(Piece::Value(Part::Table(plugin, manifest)));
        }
        put(Piece::Mark("}"));
    }

    /// Where a place of the answer leads.
    pub fn resolve(&self, composition: &Composition<'_>, place: &Place) -> Result<Origin, String> {
        let (pointer, wants_key) = match place {
            Place::Value(pointer) => (pointer, false),
            Place::Key(pointer) => (pointer, true),
            Place::Text(_) => return Err("gave a place in a file, where it was given none".to_owned()),
        };
        let outside = || format!("gave the place `{pointer}`, which is not in its input");
        let steps = pointer::steps(pointer).ok_or_else(outside)?;
        let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
        let origin = match steps.as_slice() {
            ["reads", slot, index, ..] => {
                let entries = self.reads.get(*slot).ok_or_else(outside)?;
                let entry = index.parse::<usize>().ok().and_then(|index| entries.get(index)).ok_or_else(outside)?;
                Origin::Contributed(*entry)
            }
            ["settings", rest @ ..] => self.setting(&["plugins", &self.plugin.descriptor.name], rest, wants_key),
            ["facts", rest @ ..] => self.setting(&["machines", self.machine()?, &self.plugin.descriptor.name], rest, wants_key),
            // A machine has no defaults: what is not said of it is missing, there.
            ["machine", rest @ ..] => self.setting(&["machines", self.machine()?], rest, wants_key).as_written(),
            ["machines", rest @ ..] => self.setting(&["machines"], rest, wants_key).as_written(),
            ["services", name, rest @ ..] => self.of_service(composition, name, rest, wants_key).ok_or_else(outside)?,
            ["services"] | ["scope"] => self.setting(&[], &[], wants_key),
            rest => match self.subject {
                Subject::Service(manifest) => {
                    self.of_service(composition, &manifest.name, rest, wants_key).ok_or_else(outside)?
                }
                _ => return Err(outside()),
            },
        };
        Ok(origin)
    }

    /// Whether the plugin may name a secret here: one that the user named to it, one that another plugin told it of, or one of its own,
    /// which begins with `backup_`, or with `wiki_backup_` for the service or the machine `wiki`. So no plugin can put into a file of its
    /// own what is another's; what it put into its own input, by a default or by a slot of its own, tells it of none.
    pub fn may_name_secret(&self, composition: &Composition<'_>, name: &str) -> bool {
        let plugin = &self.plugin.descriptor;
        let own = format!("{}_", plugin.name);
        let of = |about: &str| {
            name.strip_prefix(about).and_then(|rest| rest.strip_prefix('_')).is_some_and(|rest| rest.starts_with(&own))
        };
        let services: &[&Manifest] = match &self.subject {
            Subject::Service(manifest) => &[*manifest],
            Subject::Machine(_, manifests) | Subject::Project(manifests) => manifests,
        };
        // A service of the plugin's own name has secrets that begin alike.
        if name.starts_with(&own) && !self.project.names.contains(&plugin.name)
            || self.subject.machine().is_some_and(of)
            || services.iter().any(|manifest| of(&manifest.name))
        {
            return true;
        }
        let written = |root: &Document, steps: &[&str]| {
            let value = root.value.pointer(&pointer::join(steps.iter().copied()));
            let (node, depth) = root.node.nearest(steps.iter().copied());
            depth == steps.len() && value.is_some_and(|value| is_written(value, node, name))
        };
        let settings = &self.project.settings;
        let mut machines = self
            .project
            .machines
            .iter()
            .map(String::as_str)
            .filter(|machine| self.subject.machine().is_none_or(|about| about == *machine));
        if services.iter().any(|manifest| written(&manifest.document, &[&plugin.table]))
            || written(settings, &["plugins", &plugin.name])
            || machines.any(|machine| written(settings, &["machines", machine, &plugin.name]))
        {
            return true;
        }
        let title = self.plugin.title();
        let told = self.reads.values().flatten().map(|&index| &composition.entries[index]);
        told.filter(|entry| entry.from.iter().any(|source| source.plugin != title))
            .any(|entry| entry.slot == slots::SECRET && entry.key == name || secrets_in(&entry.value).contains(&name))
    }

    fn machine(&self) -> Result<&str, String> {
        self.subject.machine().ok_or_else(|| "gave a place of a machine in a call about the project".to_owned())
    }

    fn of_service(&self, composition: &Composition<'_>, name: &str, steps: &[&str], wants_key: bool) -> Option<Origin> {
        let manifest = composition.project.manifest(name)?;
        let (path, is_service): (Vec<&str>, bool) = match steps {
            ["claimed", pool, key, ..] => return composition.held_origin(name, pool, key),
            ["service", rest @ ..] => (std::iter::once("service").chain(rest.iter().copied()).collect(), true),
            ["table", rest @ ..] => {
                let table = self.plugin.descriptor.table.as_str();
                // A plugin that is always there has no table in most manifests: the service itself is the reason.
                let first = if manifest.document.node.child(table).is_some() { table } else { "service" };
                (std::iter::once(first).chain(rest.iter().copied()).collect(), false)
            }
            _ => return None,
        };
        let whose = || if is_service { "rick".to_owned() } else { self.plugin.title() };
        let origin = place_of(&manifest.document.node, &path, wants_key, whose);
        // The name of the file, and the only machine: nobody's default, but the manifest as such.
        Some(if matches!(path.as_slice(), ["service", "name" | "machine"]) { origin.as_written() } else { origin })
    }

    fn setting(&self, root: &[&str], rest: &[&str], wants_key: bool) -> Origin {
        let path: Vec<&str> = root.iter().chain(rest).copied().collect();
        place_of(&self.project.settings.node, &path, wants_key, || self.plugin.title())
    }

    /// Turns a plugin's diagnostic into one with lines, and reports it.
    pub fn report(
        &self,
        composition: &Composition<'_>,
        session: &Session<'_>,
        function: &'static str,
        said: types::Diagnostic,
        sink: &mut Sink,
    ) {
        match self.diagnostic(composition, session, function, said, |place| self.resolve(composition, place)) {
            Ok(diagnostic) => self.push(diagnostic, sink),
            Err(failure) => self.fail(&failure, sink),
        }
    }

    /// Turns a plugin's diagnostic into one with lines, with a resolver of its own for places in files.
    pub fn diagnostic(
        &self,
        composition: &Composition<'_>,
        session: &Session<'_>,
        function: &'static str,
        said: types::Diagnostic,
        resolve: impl Fn(&Place) -> Result<Origin, String>,
    ) -> Result<Diagnostic, Failure> {
        let lie = |what: String| session.lie(function, &self.subject.title(), what);
        if !self.plugin.descriptor.rules.iter().any(|rule| rule.code == said.code) {
            return Err(lie(format!("reports `{}`, which is not one of its rules", said.code)));
        }
        let severity = Severity::from(said.severity);
        let origin = resolve(&said.at).map_err(lie)?;
        let more: Option<Value> = match said.more {
            None => None,
            Some(more) => {
                Some(serde_json::from_str(&more).map_err(|_| lie("gave a diagnostic whose `more` is no JSON".to_owned()))?)
            }
        };
        let part = more.as_ref().and_then(|more| more.get("within")).and_then(Value::as_str);
        let span = origin.span(composition).map(|span| narrowed(&composition.project.sources, span, part));
        let mut diagnostic = Diagnostic::new(&said.code, severity, said.message, span);
        diagnostic.notes.extend(origin.via(composition));
        diagnostic.hides = more.as_ref().and_then(|more| more.get("hides")).and_then(Value::as_bool).unwrap_or(false);
        diagnostic.more = more;
        for note in said.notes {
            let origin = resolve(&note.at).map_err(lie)?;
            match origin.span(composition) {
                Some(span) => diagnostic.related.push(Label { span, message: note.message }),
                None => diagnostic.notes.push(note.message),
            }
        }
        diagnostic.help = said.help;
        for fix in said.fixes {
            let at = diagnostic.primary.as_ref().map(|label| &label.span);
            diagnostic.fixes.extend(self.fix(composition, fix, at).map_err(lie)?);
        }
        diagnostic.plugin = Some(self.plugin.title());
        Ok(diagnostic)
    }

    /// A plugin's fix as edits of files; `None` where what it edits is written nowhere by itself. What is written for all services is
    /// changed for all of them, which is nothing to do unasked.
    fn fix(&self, composition: &Composition<'_>, said: types::Fix, at: Option<&Span>) -> Result<Option<Fix>, String> {
        let mut fix = Fix { title: said.title, safe: said.safe, edits: Vec::new() };
        for edit in said.edits {
            let (pointer, value) = match edit {
                types::Edit::Set((pointer, value)) => {
                    let value: Value =
                        serde_json::from_str(&value).map_err(|_| format!("sets `{pointer}` to something that is no JSON"))?;
                    (pointer, Some(value))
                }
                types::Edit::Remove(pointer) => (pointer, None),
                // A rendered file is made anew by every build: what is to be changed is what it is made from.
                types::Edit::Replace(_) => return Ok(None),
            };
            let Some(Editable { source, steps, shared, there }) = self.editable(composition, &pointer)? else { return Ok(None) };
            fix.safe &= !shared;
            // What somebody said elsewhere is not written over: which of the two is meant cannot be told.
            let elsewhere = there.filter(|there| value.is_some() && !at.is_some_and(|at| overlap(there, at)));
            if elsewhere.is_some() {
                return Ok(None);
            }
            fix.edits.push(match value {
                Some(value) => Edit::Set { source, steps, value },
                None => Edit::Remove { source, steps },
            });
        }
        Ok(Some(fix))
    }

    /// Where the value of a pointer is written, or would be.
    fn editable(&self, composition: &Composition<'_>, pointer: &str) -> Result<Option<Editable>, String> {
        let outside = || format!("edits `{pointer}`, which is not in its input");
        let steps = pointer::steps(pointer).ok_or_else(outside)?;
        let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
        let settings = self.project.settings.node.value.source;
        let name = self.plugin.descriptor.name.as_str();
        let of_settings = |root: &[&str], rest: &[&str]| {
            let steps = root.iter().chain(rest).map(|step| (*step).to_owned()).collect();
            let steps: Vec<String> = steps;
            let (node, depth) = self.project.settings.node.nearest(steps.iter().map(String::as_str));
            let there = (depth == steps.len()).then(|| node.value.clone());
            Some(Editable { source: settings, steps, shared: false, there })
        };
        let (service, rest) = match (steps.as_slice(), self.subject) {
            (["settings", rest @ ..], _) => return Ok(of_settings(&["plugins", name], rest)),
            (["facts", rest @ ..], _) => return Ok(of_settings(&["machines", self.machine()?, name], rest)),
            (["machine", rest @ ..], _) => return Ok(of_settings(&["machines", self.machine()?], rest)),
            (["machines", rest @ ..], _) => return Ok(of_settings(&["machines"], rest)),
            (["reads", slot, index, ..], _) => return Ok(self.contributed(composition, slot, index)),
            (["services", service, rest @ ..], _) => (*service, rest),
            (rest, Subject::Service(manifest)) => (manifest.name.as_str(), rest),
            _ => return Err(outside()),
        };
        let manifest = self.project.manifest(service).ok_or_else(outside)?;
        let steps: Vec<&str> = match rest {
            ["service", rest @ ..] => std::iter::once("service").chain(rest.iter().copied()).collect(),
            ["table", rest @ ..] => std::iter::once(self.plugin.descriptor.table.as_str()).chain(rest.iter().copied()).collect(),
            ["claimed", ..] => return Ok(None),
            _ => return Err(outside()),
        };
        let root = &manifest.document.node;
        let (node, depth) = root.nearest(steps.iter().copied());
        let own = root.value.source;
        // What is written in `[defaults]` is changed there; what is written nowhere becomes the manifest's own.
        let shared = node.value.source != own && depth == steps.len();
        let first = shared.then_some("defaults");
        let source = if shared { node.value.source } else { own };
        let there = (depth == steps.len()).then(|| node.value.clone());
        Ok(Some(Editable { source, steps: first.into_iter().chain(steps).map(str::to_owned).collect(), shared, there }))
    }

    /// Where the one value is written that an entry of a slot is there for.
    fn contributed(&self, composition: &Composition<'_>, slot: &str, index: &str) -> Option<Editable> {
        let entry = self.reads.get(slot)?.get(index.parse::<usize>().ok()?)?;
        let [from] = composition.entries[*entry].from.as_slice() else { return None };
        let [Origin::Written(span)] = from.because.as_slice() else { return None };
        let steps = Model::default().at(&self.project.sources, span).steps;
        let shared = steps.first().is_some_and(|step| step == "defaults");
        (!steps.is_empty()).then_some(Editable { source: span.source, steps, shared, there: Some(span.clone()) })
    }

    /// Nobody was asked: the service leaves the later stages, and one word is said for all that were left out.
    pub fn leave_out(&self, sink: &mut Sink) {
        if let Subject::Service(manifest) = self.subject {
            sink.fail(&manifest.name);
        }
        let message = format!("{} failed again and again, and was not asked about the rest", self.plugin.title());
        let mut diagnostic = Diagnostic::new("plugin", Severity::Error, message, None);
        diagnostic.failure = true;
        diagnostic.plugin = Some(self.plugin.title());
        sink.push(diagnostic);
    }

    /// What was answered in an earlier run was spoilt since: that is nobody's fault who can be named here.
    pub fn unreadable(&self, sink: &mut Sink) {
        let (title, about) = (self.plugin.title(), self.subject.title());
        let message = format!("what {title} answered in an earlier run for {about} was kept, and cannot be read any more");
        let mut diagnostic = Diagnostic::new("plugin", Severity::Error, message, None);
        diagnostic.failure = true;
        self.push(diagnostic.help("run it again: the plugin will be asked anew"), sink);
    }

    /// Reports a failure of this call.
    pub fn fail(&self, failure: &Failure, sink: &mut Sink) {
        self.push(failure.diagnostic(), sink);
    }

    fn push(&self, diagnostic: Diagnostic, sink: &mut Sink) {
        match self.subject {
            Subject::Service(manifest) => sink.push_for(&manifest.name, diagnostic),
            _ => sink.push(diagnostic),
        }
    }
}

/// The part of a text that a plugin points at, where it stands there as it is; else all of it.
fn narrowed(sources: &Sources, span: Span, part: Option<&str>) -> Span {
    let whole = sources.get(span.source).text.get(span.bytes.clone()).unwrap_or_default();
    match part.filter(|part| !part.is_empty()).and_then(|part| Some((whole.find(part)?, part.len()))) {
        Some((at, length)) => {
            let start = span.bytes.start + at;
            Span { source: span.source, bytes: start..start + length }
        }
        None => span,
    }
}

/// A value that an edit may change.
struct Editable {
    source: SourceId,
    steps: Vec<String>,
    /// It is of more than one service.
    shared: bool,
    /// Where it stands already.
    there: Option<Span>,
}

/// Whether one place is in the other.
fn overlap(left: &Span, right: &Span) -> bool {
    left.source == right.source && left.bytes.start < right.bytes.end && right.bytes.start < left.bytes.end
}

/// The entries that a plugin may read in a stage, by slot.
fn readable(composition: &Composition<'_>, plugin: &Plugin, subject: Subject<'_>, stage: Stage) -> BTreeMap<String, Vec<usize>> {
    let mut reads = BTreeMap::new();
    for read in plugin.descriptor.reads.iter().filter(|read| read.by <= stage) {
        let visible: Vec<usize> = match (read.of, subject) {
            (Of::Service, Subject::Service(manifest)) => {
                composition.slot_of(&read.slot, &manifest.name).map(|(index, _)| index).collect()
            }
            (Of::Project, _) | (_, Subject::Project(_)) => composition.slot(&read.slot).map(|(index, _)| index).collect(),
            (Of::Machine | Of::Service, _) => {
                let here = composition.slot(&read.slot).filter(|(_, entry)| entry.machine.as_deref() == subject.machine());
                here.map(|(index, _)| index).collect()
            }
        };
        reads.insert(read.slot.clone(), visible);
    }
    reads
}

/// Whether a text that somebody wrote, or a key, is just this.
fn is_written(value: &Value, node: &Node, text: &str) -> bool {
    match value {
        Value::String(written) => written == text,
        Value::Array(items) => items
            .iter()
            .enumerate()
            .any(|(index, item)| node.child(&index.to_string()).is_some_and(|node| is_written(item, node, text))),
        Value::Object(members) => {
            members.iter().any(|(key, value)| node.child(key).is_some_and(|node| key == text || is_written(value, node, text)))
        }
        _ => false,
    }
}

/// The secrets that a value names: `{ secret = "…" }` anywhere in it, as the schemas of slots have it.
pub(super) fn secrets_in(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(members) => {
            let list = members.get("secrets").and_then(Value::as_array).into_iter().flatten();
            let named = members.get("secret").into_iter().chain(list);
            named.filter_map(Value::as_str).chain(members.values().flat_map(secrets_in)).collect()
        }
        Value::Array(items) => items.iter().flat_map(secrets_in).collect(),
        _ => Vec::new(),
    }
}

fn place_of(root: &Node, path: &[&str], wants_key: bool, whose: impl FnOnce() -> String) -> Origin {
    let (node, depth) = root.nearest(path.iter().copied());
    // A scalar stands for all that rick made of it: `user = 1000` for uid, gid and the rest.
    let written = depth == path.len() || (depth > 0 && matches!(node.children, Children::None));
    let span: Span = if wants_key || (!written && depth > 0) { node.key_or_value().clone() } else { header_or_value(node) };
    if written { Origin::Written(span) } else { Origin::Default { whose: whose(), near: span } }
}

/// A table's value is all its lines; the place of a table is its header.
fn header_or_value(node: &Node) -> Span {
    match node.children {
        Children::Table(_) => node.key_or_value().clone(),
        _ => node.value.clone(),
    }
}
