//! Merging: one list of what was said to a slot. What is stated beats what is derived; two of a kind that differ quarrel.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Composition;
use super::texts::{Memo, Text};
use crate::diagnostic::{Diagnostic, Severity, Sink};
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
    pub value: Value,
    /// The user wrote it.
    pub stated: bool,
    /// Everybody who said it.
    pub from: Vec<Source>,
    /// As a plugin that reads the slot sees it.
    pub text: Memo,
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
type Key = (Option<String>, String, Option<String>, Option<String>);

impl Entry {
    fn key(&self) -> Key {
        (self.service.clone(), self.key.clone(), self.part.clone(), self.machine.clone())
    }

    /// As a plugin that reads the slot sees it.
    pub fn as_read(&self) -> Value {
        let Entry { service, machine, part, key, value, stated, .. } = self;
        json!({ "service": service, "machine": machine, "part": part, "key": key, "value": value, "stated": stated })
    }

    /// The same as text.
    pub(super) fn text(&self) -> &Text {
        self.text.text(|| self.as_read())
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
pub fn merge(composition: &mut Composition<'_>, slot: &str, how: Merge, said: Vec<Entry>) {
    let before = composition.slots.remove(slot).unwrap_or_default();
    let mut groups: BTreeMap<Key, Vec<Entry>> = BTreeMap::new();
    let all = before.iter().map(|&index| composition.entries[index].clone()).chain(said);
    for entry in all {
        groups.entry(entry.key()).or_default().push(entry);
    }
    let mut indices = Vec::new();
    for mut group in groups.into_values() {
        if how == Merge::ByKey && group.iter().any(|entry| entry.stated) {
            group.retain(|entry| entry.stated);
        }
        let mut merged: Vec<Entry> = Vec::new();
        for entry in group {
            match merged.iter_mut().find(|other| other.value == entry.value) {
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
        merged.sort_by_cached_key(|entry| entry.value.to_string());
        for entry in merged {
            composition.entries.push(entry);
            indices.push(composition.entries.len() - 1);
        }
    }
    composition.slots.insert(slot.to_owned(), indices);
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
