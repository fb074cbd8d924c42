//! The fourth stage: artifacts, and what ends in rick: steps, checks and models.

mod answer;
mod files;
pub mod secrets;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::calls::{self, Begun};
use crate::check::{Checked, Subjects};
use crate::compose::call::Call;
use crate::compose::{Composition, Entry};
use crate::contract::render::Rendered;
use crate::contract::types;
use crate::diagnostic::{Diagnostic, Severity, Sink};
use crate::origin::Origin;
use crate::plugin::limits::{short, steers};
use crate::plugin::{Failure, Plugin, Session, Stage};
use crate::slots;
use answer::{Answer, Marks, Whole};

/// A composition with the files that it becomes. Made by [`render`] alone.
#[non_exhaustive]
pub struct Deployment<'a> {
    /// What it was made of; its slots of steps, checks and models are full now.
    pub composition: Composition<'a>,
    /// By machine and path.
    pub artifacts: BTreeMap<(String, String), Artifact>,
}

/// A file to be.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// "quadlet 0.1.0", or "rick" for a manifest's own files.
    pub whose: String,
    /// The service that it was rendered for.
    pub service: Option<String>,
    /// Permission bits.
    pub mode: u32,
    /// A user's name.
    pub owner: String,
    /// A group's name.
    pub group: String,
    /// Its bytes, in order.
    pub segments: Vec<Segment>,
}

/// A run of bytes with its reasons.
#[derive(Debug, Clone)]
pub struct Segment {
    /// What is written.
    pub content: Content,
    /// Because of what.
    pub because: Vec<Origin>,
}

/// The bytes of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// As they are.
    Text(String),
    /// Put in on the machine.
    Secret {
        /// The secret's name.
        name: String,
        /// Encodings, the innermost first.
        encode: Vec<String>,
    },
}

impl Artifact {
    /// The text, with a mark where each secret goes.
    pub fn text(&self) -> String {
        self.segments.iter().map(|segment| segment.content.text()).collect()
    }

    /// The first reason of the byte at an offset of [`Artifact::text`].
    pub fn origin_at(&self, offset: usize) -> Option<&Origin> {
        let mut end = 0;
        let segment = self.segments.iter().find(|segment| {
            end += segment.content.text().len();
            offset < end
        });
        segment.or(self.segments.last()).and_then(|segment| segment.because.first())
    }
}

impl Content {
    /// The text, or the mark of a secret.
    pub fn text(&self) -> String {
        match self {
            Content::Text(text) => text.clone(),
            Content::Secret { name, encode } => secrets::mark(name, encode),
        }
    }
}

/// The calls of this stage, where they were begun before it.
pub struct Ahead<'a> {
    sound: usize,
    begun: Begun<'a, Rendered, Answer>,
}

/// Has helpers begin with what will be rendered where no check finds an error. `subjects`: of all services that are sound now.
pub fn ahead<'a>(composition: &Composition<'a>, subjects: &'a Subjects<'_>) -> Ahead<'a> {
    Ahead { sound: subjects.sound.len(), begun: begin(composition, subjects) }
}

fn begin<'a>(composition: &Composition<'a>, subjects: &'a Subjects<'_>) -> Begun<'a, Rendered, Answer> {
    calls::begin(
        composition,
        &subjects.of_function("render"),
        "render",
        Some(Stage::Render),
        |session, question| session.render(&question.about, question.scope, &question.input),
        Answer::of,
    )
}

/// Renders everything that is sound. `written`: files will be written, or looked into; else of what was answered before, and so was looked
/// at, only the beginning of each file is read: enough to say where it comes from.
pub fn render<'a>(checked: Checked<'a>, ahead: Ahead<'_>, written: bool, sink: &mut Sink) -> Deployment<'a> {
    let composition = checked.into_composition();
    let judged = composition.plugins.all.iter().any(|plugin| plugin.descriptor.answers.contains("check-files"));
    let written = written || judged || composition.plugins.recorder.is_some();
    let mut artifacts = BTreeMap::new();
    let mut said: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
    // A service never becomes sound again.
    let subjects = Subjects::of(&composition, sink);
    let begun = if subjects.sound.len() == ahead.sound { ahead.begun } else { begin(&composition, &subjects) };
    let made = begun.finish(composition.plugins);
    let answers = &composition.plugins.answers;
    let known = made.iter().filter(|made| !made.new).map(|made| &made.key);
    let known_to_fit = !written && answers.fitted(known) && !meet(&composition, &made);
    let keys = made.iter().map(|made| made.key).collect();
    for made in made {
        let (key, new) = (made.key, made.new);
        let Some((plugin, call, answer)) = made.answered(sink) else { continue };
        let session = plugin.session();
        let refuse = |failure: &Failure, sink: &mut Sink| {
            answers.forget(&key);
            call.fail(failure, sink);
        };
        for diagnostic in answer.diagnostics {
            call.report(&composition, &session, "render", diagnostic, sink);
        }
        if known_to_fit && !new {
            continue;
        }
        let Some(said_here) = answer.parts.or_else(|| answers.get::<Whole>(&key).map(|whole| whole.parts)) else {
            answers.forget(&key);
            call.unreadable(sink);
            continue;
        };
        for contribution in said_here.contributions {
            match end_in_rick(&composition, &session, &call, plugin, contribution, new) {
                Ok(entry) => said.entry(entry.slot.clone()).or_default().push(entry),
                Err(failure) => refuse(&failure, sink),
            }
        }
        for artifact in said_here.artifacts {
            let known = !written && !new;
            match read(&composition, &session, &call, plugin, artifact, known) {
                Ok((place, artifact)) => put(&composition, &mut artifacts, place, artifact, sink),
                Err(failure) => refuse(&failure, sink),
            }
        }
    }
    for manifest in &subjects.sound {
        for (path, artifact, secrets) in files::render(&composition, manifest, sink) {
            put(&composition, &mut artifacts, (manifest.machine.clone(), path), artifact, sink);
            said.entry(slots::SECRET.to_owned()).or_default().extend(secrets);
        }
    }
    let mut composition = composition;
    for (slot, entries) in said {
        let how = composition.plugins.slots[&slot].merge;
        crate::compose::merge(&mut composition, &slot, how, entries);
    }
    crate::compose::settle(&mut composition, sink);
    if !sink.has("conflict") {
        composition.plugins.answers.fit(keys);
    }
    Deployment { composition, artifacts }
}

/// Whether anything new may not fit to something that was there in the last run, which fitted together: another contribution about the
/// same, or a file at its path, or above or below it.
fn meet(composition: &Composition<'_>, made: &[calls::Made<'_, Answer>]) -> bool {
    let answers = |new: bool| {
        made.iter().filter(move |made| made.new == new).filter_map(|made| Some(&made.answer.as_ref()?.as_ref().ok()?.marks))
    };
    let mut news = Marks::default();
    answers(true).for_each(|marks| news.extend(marks));
    composition.project.manifests.iter().flat_map(|manifest| &manifest.files).for_each(|file| news.path(&file.target));
    news.sort();
    answers(false).any(|marks| news.meet(marks))
}

/// A step, a check or a model; what goes to any other slot would come too late for its readers.
fn end_in_rick(
    composition: &Composition<'_>,
    session: &Session<'_>,
    call: &Call<'_>,
    plugin: &Plugin,
    said: types::Contribution,
    new: bool,
) -> Result<Entry, Failure> {
    if ![slots::STEP, slots::CHECK, slots::MODEL].contains(&said.slot.as_str()) {
        let what = format!("contributes to `{}` while it renders, when it is too late for its readers", said.slot);
        return Err(session.lie("render", &call.subject.title(), what));
    }
    let entry = crate::compose::entry(composition, session, call, "render", plugin, said, new)?;
    let refused = match entry.slot.as_str() {
        slots::STEP => refuse_undeclared(composition, call, plugin, &entry.value),
        slots::CHECK => refuse_more_than_a_question(plugin, &entry.value),
        _ => Ok(()),
    };
    refused.map_err(|what| session.lie("render", &call.subject.title(), what))?;
    Ok(entry)
}

/// A step is done as root: whoever uses the plugin was shown the kinds that it makes, and the files that are not its own.
fn refuse_undeclared(composition: &Composition<'_>, call: &Call<'_>, plugin: &Plugin, step: &Value) -> Result<(), String> {
    let word = |key: &str| step.get(key).and_then(Value::as_str).unwrap_or_default();
    let kind = word("kind");
    if !plugin.descriptor.steps.contains(kind) {
        return Err(format!("makes a step of the kind `{kind}`, which it did not declare"));
    }
    // What a step reads, or writes into, is the plugin's own, or a file that the user named to it.
    for path in [word("file"), word("source")].into_iter().filter(|path| !path.is_empty()) {
        if !plugin.descriptor.may_write(path) && !composition.project.names_path(call.subject.machine(), plugin, path) {
            return Err(format!("makes a step `{kind}` with `{}`, which is not one of the paths that it declared", short(path)));
        }
    }
    Ok(())
}

/// A check is asked by root's hand, and nobody was asked to allow it: so it can be no more than a question.
fn refuse_more_than_a_question(plugin: &Plugin, check: &Value) -> Result<(), String> {
    let word = |key: &str| check.get(key).and_then(Value::as_str).unwrap_or_default();
    if texts(check).into_iter().any(|text| text.contains(char::is_control)) {
        return Err("makes a check with a control character in it".to_owned());
    }
    let words = check.get("command").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let refused = match word("kind") {
        "sql" | "valkey" if word("user") == "root" => "asks as root",
        // Who makes steps of that kind was allowed to say anything to the server.
        "sql" if word("user") == "postgres" && !plugin.descriptor.steps.contains("sql") => "asks as the superuser",
        // psql has commands of its own, which run programs.
        "sql" if word("query").trim_start().starts_with('\\') => "has a command of psql's in place of a query",
        "valkey" if words.into_iter().any(|word| word.starts_with('-')) => "has an option in place of a word",
        "http" if word("url").contains(['#', '\\']) || word("url").split('/').nth(2).is_some_and(|site| site.contains('@')) => {
            "has a URL that is more than a site and a path"
        }
        _ => return Ok(()),
    };
    Err(format!("makes a check `{}` that {refused}", word("kind")))
}

/// Every text in a value, keys included.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => {
            members.iter().flat_map(|(key, value)| texts(value).into_iter().chain([key.as_str()])).collect()
        }
        _ => Vec::new(),
    }
}

/// An artifact, held against what the plugin declared.
fn read(
    composition: &Composition<'_>,
    session: &Session<'_>,
    call: &Call<'_>,
    plugin: &Plugin,
    said: types::Artifact,
    known: bool,
) -> Result<((String, String), Artifact), Failure> {
    let lie = |what: String| session.lie("render", &call.subject.title(), what);
    if !known && !plugin.descriptor.may_write(&said.path) {
        return Err(lie(format!("writes `{}`, which is not one of the paths that it declared", said.path)));
    }
    if said.mode > 0o7777 {
        return Err(lie(format!("gives `{}` the mode {:o}", said.path, said.mode)));
    }
    for name in [&said.owner, &said.group] {
        if name.is_empty()
            || name.starts_with('-')
            || name.contains(|letter: char| ":/".contains(letter) || letter.is_whitespace() || steers(letter))
        {
            return Err(lie(format!("gives `{}` to `{name}`, which is no user's or group's name", said.path)));
        }
    }
    let machine = said.machine.or_else(|| call.subject.machine().map(str::to_owned));
    let Some(machine) = machine.filter(|machine| composition.project.machines.contains(machine)) else {
        return Err(lie(format!("writes `{}` for a machine that is not there", said.path)));
    };
    if call.subject.machine().is_some_and(|about| about != machine) {
        return Err(lie(format!("writes `{}` on {machine}, which this call is not about", said.path)));
    }
    let mut segments = Vec::new();
    for segment in said.content {
        let because: Vec<Origin> =
            segment.because.iter().map(|place| call.resolve(composition, place)).collect::<Result<_, _>>().map_err(lie)?;
        if because.is_empty() {
            return Err(lie(format!("writes a line of `{}` without a reason", said.path)));
        }
        let content = match segment.content {
            types::Content::Text(text) => Content::Text(text),
            types::Content::Secret(secret) => {
                if !secrets::is_name(&secret.name) {
                    return Err(lie(format!("names the secret `{}`, which is no name of one", secret.name)));
                }
                if !call.may_name_secret(composition, &secret.name) {
                    let what = format!(
                        "names the secret `{}`, which is neither its own nor named in what it was given",
                        short(&secret.name)
                    );
                    return Err(lie(what));
                }
                if let Some(unknown) = secret.encode.iter().find(|name| !secrets::ENCODINGS.contains(&name.as_str())) {
                    return Err(lie(format!("encodes the secret `{}` by `{unknown}`, which rick does not know", secret.name)));
                }
                Content::Secret { name: secret.name, encode: secret.encode }
            }
        };
        let has_a_place = because.iter().any(|origin| origin.span(composition).is_some());
        segments.push(Segment { content, because });
        if known && has_a_place {
            break;
        }
    }
    let service = call.subject.service().map(str::to_owned);
    let artifact = Artifact { whose: plugin.title(), service, mode: said.mode, owner: said.owner, group: said.group, segments };
    Ok(((machine, said.path), artifact))
}

/// Adds an artifact. Two of one path, or one that is another's folder, cannot both be.
fn put(
    composition: &Composition<'_>,
    artifacts: &mut BTreeMap<(String, String), Artifact>,
    place: (String, String),
    artifact: Artifact,
    sink: &mut Sink,
) {
    // The same path; one of the folders that it is in; or, in the order of paths, the first that is in it.
    let (machine, path) = &place;
    let folders = path.match_indices('/').map(|(end, _)| &path[..end]).filter(|folder| !folder.is_empty());
    let at = |path: &str| artifacts.get_key_value(&(machine.clone(), path.to_owned()));
    let below = format!("{path}/");
    let inside = || {
        artifacts
            .range((machine.clone(), below.clone())..)
            .next()
            .filter(|((of, inner), _)| of == machine && inner.starts_with(&below))
    };
    let clash = at(path).or_else(|| folders.into_iter().find_map(at)).or_else(inside);
    let Some(((_, path), other)) = clash else {
        artifacts.insert(place, artifact);
        return;
    };
    let span = |artifact: &Artifact| {
        artifact.segments.iter().flat_map(|segment| &segment.because).find_map(|origin| origin.span(composition))
    };
    let message = if *path == place.1 && other.whose == artifact.whose {
        format!("`{path}` on {} is written twice by {}", place.0, other.whose)
    } else if *path == place.1 {
        format!("`{path}` on {} is written by {} and by {}", place.0, other.whose, artifact.whose)
    } else {
        format!("`{path}` of {} and `{}` of {} cannot both be on {}", other.whose, place.1, artifact.whose, place.0)
    };
    let mut diagnostic = Diagnostic::new("conflict", Severity::Error, message, span(&artifact)).label("because of this");
    if let Some(span) = span(other) {
        diagnostic = diagnostic.related("and because of this", span);
    }
    match &artifact.service {
        Some(service) => sink.push_for(service, diagnostic),
        None => sink.push(diagnostic),
    }
}

/// The names of the phases of an apply, in their order: from the schema of steps, which is where they are said.
fn phases(slots: &slots::Slots) -> Vec<&str> {
    let phases =
        slots.get(slots::STEP).and_then(|slot| slot.schema.value().pointer("/$defs/phase/enum")).and_then(Value::as_array);
    phases.into_iter().flatten().filter_map(Value::as_str).collect()
}

impl Deployment<'_> {
    /// The steps of a machine, in the order of an apply: by phase, then service (what is of the whole machine last), then key.
    pub fn steps(&self, machine: &str) -> Vec<(usize, &Entry)> {
        let phases = phases(&self.composition.plugins.slots);
        let mut steps: Vec<(usize, &Entry)> = self.of_machine(slots::STEP, machine);
        let phase =
            |entry: &Entry| phases.iter().position(|phase| entry.value.get("phase").and_then(Value::as_str) == Some(*phase));
        steps.sort_by_key(|(_, entry)| (phase(entry), entry.service.is_none(), entry.service.clone(), entry.key.clone()));
        steps
    }

    /// The checks of a machine, by service and key.
    pub fn checks(&self, machine: &str) -> Vec<(usize, &Entry)> {
        self.of_machine(slots::CHECK, machine)
    }

    fn of_machine(&self, slot: &str, machine: &str) -> Vec<(usize, &Entry)> {
        self.composition.slot(slot).filter(|(_, entry)| entry.machine.as_deref() == Some(machine)).collect()
    }
}
