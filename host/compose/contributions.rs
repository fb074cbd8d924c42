//! Contributions: wave by wave over all services. A plugin comes after all that contribute to what it reads.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Composition;
use super::call::{Call, Subject, secrets_in};
use super::merge::{self, Entry, Said, Source, in_own_form};
use super::texts::Memo;
use crate::calls;
use crate::contract::types;
use crate::diagnostic::{Diagnostic, Severity, Sink};
use crate::origin::Origin;
use crate::plugin::limits::short;
use crate::plugin::{Failure, Plugin, Session, Stage};
use crate::render::secrets::is_name;
use crate::slots;
use crate::source::SourceId;

/// Asks every plugin for every service, and merges after each wave.
pub fn contribute(composition: &mut Composition<'_>, sink: &mut Sink) {
    let plugins = composition.plugins;
    for wave in &plugins.waves {
        let mut said: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
        let sound = composition.sound(sink);
        let asked = calls::of_services(wave.iter().map(|&index| &plugins.all[index]), &sound, "contribute");
        let made = calls::begin(
            composition,
            &asked,
            "contribute",
            Some(Stage::Contribute),
            |session, question| session.contribute(&question.about, &question.input),
            |mut answer, _| {
                answer.contributions.iter_mut().for_each(|said| said.value = in_own_form(&said.value));
                answer
            },
        )
        .finish(plugins);
        for made in made {
            // Another plugin of this wave has refused the service.
            if matches!(made.call.subject, Subject::Service(manifest) if sink.has_failed(&manifest.name)) {
                // Nobody looked at the answer: it is no kept one.
                plugins.answers.forget(&made.key);
                continue;
            }
            let (key, new) = (made.key, made.new);
            let Some((plugin, call, answer)) = made.answered(sink) else { continue };
            let session = plugin.session();
            for diagnostic in answer.diagnostics {
                call.report(composition, &session, "contribute", diagnostic, sink);
            }
            for contribution in answer.contributions {
                match entry(composition, &session, &call, "contribute", plugin, contribution, new) {
                    Ok(entry) => said.entry(entry.slot.clone()).or_default().push(entry),
                    Err(failure) => {
                        plugins.answers.forget(&key);
                        call.fail(&failure, sink);
                    }
                }
            }
        }
        for (slot, entries) in said {
            // What was declared and is there: `entry` has seen to it.
            if let Some(definition) = plugins.slots.get(&slot) {
                merge::merge(composition, &slot, definition.merge, entries);
            }
        }
    }
    refuse_unread(composition, sink);
}

/// A contribution, held against what the plugin declared and, where it is new, against its slot's schema.
pub fn entry(
    composition: &Composition<'_>,
    session: &Session<'_>,
    call: &Call<'_>,
    function: &'static str,
    plugin: &Plugin,
    said: types::Contribution,
    new: bool,
) -> Result<Entry, Failure> {
    let lie = |what: String| session.lie(function, &call.subject.title(), what);
    let slot = &said.slot;
    if !plugin.descriptor.writes_slots.contains(slot) {
        return Err(lie(format!("contributes to `{slot}`, which it did not declare")));
    }
    let definition =
        composition.plugins.slots.get(slot).ok_or_else(|| lie(format!("contributes to `{slot}`, which no plugin here owns")))?;
    // A kept answer was taken when it was new.
    let value = if new {
        let value: Value = serde_json::from_str(&said.value)
            .map_err(|error| lie(format!("contributes to `{slot}` what is no JSON: {error}")))?;
        if let Some(problem) = definition.schema.problems(&value).into_iter().next() {
            let at = if problem.steps.is_empty() { String::new() } else { format!(" at /{}", problem.steps.join("/")) };
            return Err(lie(format!(
                "contributes to `{slot}`, key `{}`, what its schema refuses{at}: {}",
                said.key, problem.message
            )));
        }
        Said::read(said.value, value)
    } else {
        Said::kept(said.value)
    };
    if slot == slots::SECRET && !is_name(&said.key) {
        return Err(lie(format!("contributes to `{slot}`, key `{}`, which is no secret's name", said.key)));
    }
    let named = match slot.as_str() {
        slots::SECRET => vec![said.key.as_str()],
        _ if value.json().contains("\"secret") => secrets_in(&value),
        _ => Vec::new(),
    };
    if let Some(secret) = named.into_iter().find(|secret| !call.may_name_secret(composition, secret)) {
        return Err(lie(format!(
            "names the secret `{}`, which is neither its own nor named in what it was given",
            short(secret)
        )));
    }
    let because: Vec<_> =
        said.because.iter().map(|place| call.resolve(composition, place)).collect::<Result<_, _>>().map_err(lie)?;
    if because.is_empty() {
        return Err(lie(format!("contributes to `{slot}`, key `{}`, without a reason", said.key)));
    }
    let service = said.target.service.or_else(|| call.subject.service().map(str::to_owned));
    let machine = match &service {
        Some(name) if !composition.project.names.contains(name) => {
            return Err(lie(format!("contributes to `{slot}` for `{name}`, and there is no such service")));
        }
        Some(name) => composition.project.manifest(name).map(|manifest| manifest.machine.clone()),
        None => said.target.machine.or_else(|| call.subject.machine().map(str::to_owned)),
    };
    // What is stated beats what others derived, so somebody must have stated it: in rick.toml, or in the manifest that it is for.
    let stated_in = |source: SourceId| {
        let manifest = service.as_ref().and_then(|name| composition.project.manifest(name));
        source == composition.project.settings.node.value.source
            || manifest.is_none_or(|manifest| source == manifest.document.node.value.source)
    };
    if said.stated && !because.iter().any(|origin| matches!(origin, Origin::Written(span) if stated_in(span.source))) {
        return Err(lie(format!("says that the user stated `{}` in `{slot}`, where nobody wrote it", short(&said.key))));
    }
    let source = Source { plugin: plugin.title(), because };
    let (part, key, stated) = (said.target.part, said.key, said.stated);
    Ok(Entry { slot: said.slot, service, machine, part, key, value, stated, from: vec![source], memo: Memo::default() })
}

/// Where nobody reads a slot that must be read, what was asked for would silently not be there.
fn refuse_unread(composition: &Composition<'_>, sink: &mut Sink) {
    for (slot, definition) in &composition.plugins.slots {
        if !definition.must_be_read {
            continue;
        }
        for (_, entry) in composition.slot(slot) {
            let service = entry.service.as_deref().unwrap_or_default();
            let manifest = composition.project.manifest(service);
            let active = |plugin: &&Plugin| manifest.is_none_or(|manifest| manifest.has(plugin));
            let reads = |plugin: &Plugin| plugin.descriptor.reads.iter().any(|read| read.slot == *slot && read.fulfils);
            if composition.plugins.all.iter().filter(active).any(reads) {
                continue;
            }
            let origin = entry.from.iter().flat_map(|source| &source.because).find_map(|origin| origin.span(composition));
            let what = if entry.key.is_empty() { format!("`{slot}`") } else { format!("`{}` in `{slot}`", entry.key) };
            let message = format!("{what} is asked for by {}, and no plugin of `{service}` does it", entry.who());
            let readers: Vec<String> = composition
                .plugins
                .all
                .iter()
                .filter(|plugin| reads(plugin))
                .map(|plugin| format!("[{}]", plugin.descriptor.table))
                .collect();
            let help =
                if readers.is_empty() { "no plugin here can do it".to_owned() } else { format!("add {}", readers.join(" or ")) };
            let mut diagnostic = Diagnostic::new("unread", Severity::Error, message, origin).help(help);
            if let Some(said) = definition.schema.text("description").split(". ").next().filter(|said| !said.is_empty()) {
                diagnostic = diagnostic.note(format!("`{slot}`: {}", said.trim_end_matches('.')));
            }
            sink.push_for(service, diagnostic);
        }
    }
}
