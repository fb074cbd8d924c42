//! Merging: one list of what was said to a slot. What is stated beats what is derived; two of a kind that differ quarrel.

use std::ops::Deref;
use std::sync::OnceLock;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::Composition;
use super::texts::Memo;
use crate::diagnostic::{Diagnostic, Severity, Sink};
use crate::engine::short_digest;
use crate::origin::Origin;
use crate::slots::Merge;

/// A merged contribution.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The slot.
    pub slot: String,
    /// The service that it is for.
    pub service: Option<String>,
    /// The machine that it is for.
    pub machine: Option<String>,
    /// The part that it is for.
    pub part: Option<String>,
    /// What it is about.
    pub key: String,
    /// The value.
    pub value: Said,
    /// The user wrote it.
    pub stated: bool,
    /// Everybody who said it.
    pub from: Vec<Source>,
    /// As a plugin that reads the slot sees it.
    pub memo: Memo,
}

/// A value that was said to a slot: as JSON text in rick's own form, and read when somebody looks into it. Most are only passed on.
#[derive(Debug, Clone)]
pub struct Said {
    json: String,
    value: OnceLock<Value>,
}

impl Said {
    /// A value that was made or read here.
    pub fn of(value: Value) -> Self {
        Self { json: value.to_string(), value: OnceLock::from(value) }
    }

    /// The text of one, which [`in_own_form`] gave, and what it says.
    pub fn read(json: String, value: Value) -> Self {
        Self { json, value: OnceLock::from(value) }
    }

    /// The text of one, which [`in_own_form`] gave.
    pub fn kept(json: String) -> Self {
        Self { json, value: OnceLock::new() }
    }

    /// Its text: equal values have equal texts.
    pub fn json(&self) -> &str {
        &self.json
    }
}

impl Serialize for Said {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Value::serialize(self, serializer)
    }
}

impl Deref for Said {
    type Target = Value;

    fn deref(&self) -> &Value {
        self.value.get_or_init(|| serde_json::from_str(&self.json).unwrap_or_default())
    }
}

/// JSON text as rick writes it: equal values have equal texts. What is no JSON stays as it is, for whoever refuses it.
pub fn in_own_form(json: &str) -> String {
    serde_json::from_str::<Value>(json).map_or_else(|_| json.to_owned(), |value| value.to_string())
}

/// Who said it, and because of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// "postgres 0.1.0"
    pub plugin: String,
    /// Because of what.
    pub because: Vec<Origin>,
}

/// Whom an entry is for, and what it is about: entries that agree in it are about the same.
type Key<'a> = (Option<&'a str>, &'a str, Option<&'a str>, Option<&'a str>);

impl Entry {
    fn key(&self) -> Key<'_> {
        (self.service.as_deref(), &self.key, self.part.as_deref(), self.machine.as_deref())
    }

    /// As a plugin that reads the slot sees it, in JSON.
    pub(super) fn json(&self) -> &str {
        self.memo.json(|| {
            let Entry { service, machine, part, key, value, stated, .. } = self;
            let text = |text: &str| Value::from(text).to_string();
            let or_null = |said: &Option<String>| said.as_deref().map_or_else(|| "null".to_owned(), text);
            format!(
                r#"{{"key":{},"machine":{},"part":{},"service":{},"stated":{stated},"value":{}}}"#,
                text(key),
                or_null(machine),
                or_null(part),
                or_null(service),
                value.json()
            )
        })
    }

    /// Which entry a plugin that reads the slot sees.
    pub(super) fn digest(&self) -> &[u8; 16] {
        self.memo.digest(|| {
            let Entry { service, machine, part, key, value, stated, .. } = self;
            let said = |said: &Option<String>| u8::from(said.is_some());
            let marks = [u8::from(*stated), said(service), said(machine), said(part)];
            let texts = [service, machine, part].map(|said| said.as_deref().unwrap_or_default().as_bytes());
            short_digest(&[&marks, texts[0], texts[1], texts[2], key.as_bytes(), value.json().as_bytes()])
        })
    }

    /// Who said it.
    pub fn who(&self) -> String {
        let mut names: Vec<&str> = self.from.iter().map(|source| source.plugin.as_str()).collect();
        names.dedup();
        names.join(" and ")
    }
}

/// Merges what was said to a slot into what it holds already. Two that quarrel are both kept until [`settle`]: what the user
/// states may come in a later wave, and ends it.
pub fn merge(composition: &mut Composition<'_>, slot: &str, how: Merge, mut said: Vec<Entry>) {
    let before = composition.slots.remove(slot).unwrap_or_default();
    let entries = &mut composition.entries;
    said.sort_by(|left, right| left.key().cmp(&right.key()));
    let (mut indices, mut before, mut said) = (Vec::new(), before.into_iter().peekable(), said.into_iter().peekable());
    while let Some(first) = said.next() {
        // What nothing new is said about stays as it is.
        while let Some(index) = before.next_if(|&index| entries[index].key() < first.key()) {
            indices.push(index);
        }
        let mut group = Vec::new();
        while let Some(index) = before.next_if(|&index| entries[index].key() == first.key()) {
            group.push(entries[index].clone());
        }
        group.push(first);
        while let Some(entry) = said.next_if(|entry| entry.key() == group[0].key()) {
            group.push(entry);
        }
        for entry in merged(how, group) {
            indices.push(entries.len());
            entries.push(entry);
        }
    }
    indices.extend(before);
    composition.slots.insert(slot.to_owned(), indices);
}

/// What comes of entries about the same, in the order of their values.
fn merged(how: Merge, mut group: Vec<Entry>) -> Vec<Entry> {
    if how == Merge::ByKey && group.iter().any(|entry| entry.stated) {
        group.retain(|entry| entry.stated);
    }
    let mut merged: Vec<Entry> = Vec::new();
    for entry in group {
        match merged.iter_mut().find(|other| other.value.json() == entry.value.json()) {
            Some(other) => {
                other.stated |= entry.stated;
                for source in entry.from {
                    if !other.from.contains(&source) {
                        other.from.push(source);
                    }
                }
            }
            None => merged.push(entry),
        }
    }
    merged.sort_by(|left, right| left.value.json().cmp(right.value.json()));
    merged
}

/// Reports what still quarrels, and keeps one of each.
pub fn settle(composition: &mut Composition<'_>, sink: &mut Sink) {
    let by_key: Vec<&str> =
        composition.plugins.slots.iter().filter(|(_, slot)| slot.merge == Merge::ByKey).map(|(name, _)| name.as_str()).collect();
    for slot in by_key {
        let mut kept: Vec<usize> = Vec::new();
        for index in composition.slots.remove(slot).unwrap_or_default() {
            let entry = &composition.entries[index];
            match kept.last().map(|&last| &composition.entries[last]) {
                Some(last) if last.key() == entry.key() => quarrel(composition, last, entry, sink),
                _ => kept.push(index),
            }
        }
        composition.slots.insert(slot.to_owned(), kept);
    }
}

fn quarrel(composition: &Composition<'_>, one: &Entry, other: &Entry, sink: &mut Sink) {
    let place = |entry: &Entry| entry.from.iter().flat_map(|source| &source.because).find_map(|origin| origin.span(composition));
    let about = if one.key.is_empty() { format!("`{}`", one.slot) } else { format!("`{}` in `{}`", one.key, one.slot) };
    let whom = match (&one.service, &one.part) {
        (Some(service), Some(part)) => format!(" for `{service}`, part `{part}`,"),
        (Some(service), None) => format!(" for `{service}`"),
        _ => String::new(),
    };
    let how = if one.stated { "stated" } else { "derived" };
    let message = format!("{about}{whom} is {how} twice, and differs");
    let says = |entry: &Entry| format!("{} says {}", entry.who(), shown(&entry.value));
    let mut diagnostic = Diagnostic::new("conflict", Severity::Error, message, place(other)).label(says(other));
    match place(one) {
        // At one and the same place the second label would hide the first.
        Some(span) if diagnostic.primary.as_ref().is_none_or(|label| label.span != span) => {
            diagnostic = diagnostic.related(says(one), span)
        }
        _ => diagnostic = diagnostic.note(says(one)),
    }
    let help = if one.stated {
        "take one of them out"
    } else {
        "say in the manifest which it is to be: what is stated beats what is derived"
    };
    let diagnostic = diagnostic.help(help);
    match &one.service {
        Some(service) => sink.push_for(service, diagnostic),
        None => sink.push(diagnostic),
    }
}

/// A value in a message, in one line.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 100 { text } else { text.chars().take(99).chain(['…']).collect() }
}
