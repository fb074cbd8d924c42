//! What becomes of a diagnostic: how bad it is here, and whether it is reported, waived, or known from before. Decided in one place, for
//! every command and format: what the project selects, then waivers, then the baseline.

pub mod baseline;
mod selection;
mod waiver;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::diagnostic::{Diagnostic, Severity, Sink, Standing};
use crate::model::{Location, Model};
use crate::project::Project;
use crate::rules::Rules;
use crate::source::{SourceId, Sources};

use baseline::Baseline;
use waiver::Waiver;

pub use baseline::Entry;
pub use selection::Selection;
pub use waiver::date;

/// What decides. Made once for each run, from the project and from what the command line says.
#[derive(Debug)]
pub struct Control {
    sources: Sources,
    model: Model,
    /// By code, whether a waiver can silence it: every rule of the project's plugins, and every policy.
    rules: BTreeMap<String, bool>,
    selection: Selection,
    waivers: Vec<Waiver>,
    baseline: Baseline,
    today: NaiveDate,
    strict: bool,
    /// By file of a service, the service and its manifest.
    services: BTreeMap<SourceId, (String, SourceId)>,
}

/// Where what is known from before is from.
#[derive(Debug, Clone, Default)]
pub enum KnownBefore {
    /// The project's baseline.
    #[default]
    File,
    /// Nowhere: nothing is.
    Nothing,
    /// These.
    These(Vec<Entry>),
}

/// What the command line adds to what rick.toml says.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Rules, in place of those that rick.toml selects.
    pub selection: Selection,
    /// A warning counts as an error.
    pub strict: bool,
    /// What is known from before.
    pub known: KnownBefore,
    /// The day that it is, for waivers; without it, the day in UTC, which is the same one on every machine.
    pub today: Option<NaiveDate>,
}

impl Control {
    /// Reads `[lint]`, the waivers and the baseline of a project. What is wrong with them is found at their lines.
    pub fn of(project: &Project, rules: &Rules<'_>, baseline: Baseline, asked: Asked, sink: &mut Sink) -> Self {
        let mut selection = Selection::read(&project.settings, rules, sink);
        selection.override_with(asked.selection);
        let mut waivers = waiver::read(&project.settings, rules, sink);
        let mut services = BTreeMap::new();
        for manifest in &project.manifests {
            waivers.extend(waiver::read(&manifest.document, rules, sink));
            let source = manifest.document.node.value.source;
            let files = manifest.files.iter().map(|file| file.source).chain([source]);
            services.extend(files.map(|file| (file, (manifest.name.clone(), source))));
        }
        let strict = project.settings.value.pointer("/lint/strict").and_then(serde_json::Value::as_bool).unwrap_or(false);
        Self {
            sources: project.sources.clone(),
            model: Model::default(),
            rules: rules.all_waivable().map(|(code, waivable)| (code.to_owned(), waivable)).collect(),
            selection,
            waivers,
            baseline,
            today: asked.today.unwrap_or_else(|| chrono::Utc::now().date_naive()),
            strict: strict || asked.strict,
            services,
        }
    }

    /// Whether a warning counts as an error.
    pub fn is_strict(&self) -> bool {
        self.strict
    }

    /// Decides how bad a diagnostic is and what becomes of it; `false` where it is not wanted at all.
    pub fn decide(&mut self, diagnostic: &mut Diagnostic) -> bool {
        let Some(&waivable) = self.rules.get(&diagnostic.code) else {
            // rick's own errors are no matter of taste; its warnings are there unless somebody names them.
            if diagnostic.severity == Severity::Error {
                return true;
            }
            diagnostic.severity = self.selection.level(&diagnostic.code).unwrap_or(diagnostic.severity);
            return !self.selection.ignores(&diagnostic.code);
        };
        match self.selection.level(&diagnostic.code) {
            // What cannot be waived can be made no less than it is.
            Some(level) if waivable || level < diagnostic.severity => diagnostic.severity = level,
            _ => {}
        }
        if !waivable {
            return true;
        }
        if !self.selection.wants(&diagnostic.code) {
            return false;
        }
        let location = self.model.locate(&self.sources, diagnostic);
        let source = diagnostic.primary.as_ref().map(|label| label.span.source);
        // A manifest speaks for the configuration files that it names.
        let file = source.map(|source| self.services.get(&source).map_or(source, |(_, manifest)| *manifest));
        for waiver in self.waivers.iter_mut().filter(|waiver| waiver.rule == diagnostic.code) {
            let is_here = file == Some(waiver.place.source);
            if !is_here || !waiver.covers(&location.steps) {
                // Nobody should have to find out by themselves why it is not waived.
                if let Some(note) = waiver.misses(is_here, file.map(|file| self.sources.path(file)), &self.sources) {
                    diagnostic.notes.push(note);
                }
            } else if waiver.meets(self.today) {
                let (reason, expires, place) = (waiver.reason.clone(), waiver.expires.clone(), waiver.place.clone());
                diagnostic.standing = Standing::Waived { reason, expires, place };
            }
        }
        if !diagnostic.is_reported() {
            return true;
        }
        if self.baseline.take(&self.entry(diagnostic, &location)) {
            diagnostic.standing = Standing::Known;
        }
        true
    }

    /// What is to be said of waivers and of the baseline when everything was found. Of a service that left early not everything was.
    pub fn settle(&mut self, failed: &BTreeSet<String>) -> Vec<Diagnostic> {
        let left_early = |source: SourceId| match self.services.get(&source) {
            Some((service, _)) => failed.contains(service),
            None => !failed.is_empty(),
        };
        let mut found = Vec::new();
        for waiver in &self.waivers {
            let sought = self.selection.wants(&waiver.rule) && !left_early(waiver.place.source);
            found.extend(waiver.finding(self.today, sought));
        }
        found.extend(self.baseline.findings(|entry| self.was_sought(entry, failed)));
        found
    }

    /// Whether a problem that is known would have been found.
    fn was_sought(&self, entry: &Entry, failed: &BTreeSet<String>) -> bool {
        let is_service = self.services.values().any(|(service, _)| *service == entry.of);
        let left_early = if is_service { failed.contains(&entry.of) } else { !failed.is_empty() };
        self.selection.wants(&entry.rule) && !left_early
    }

    /// What is left of the baseline: what was found again, or was not looked for. `None` where it could not be read.
    pub fn still_known(&self, failed: &BTreeSet<String>) -> Option<Vec<Entry>> {
        self.baseline.left(|entry| self.was_sought(entry, failed))
    }

    /// Whether a waiver, or the baseline, can silence what a rule finds.
    pub fn is_waivable(&self, code: &str) -> bool {
        self.rules.get(code).copied().unwrap_or(false)
    }

    /// A diagnostic as the baseline has it.
    pub fn entry(&self, diagnostic: &Diagnostic, location: &Location) -> Entry {
        let source = diagnostic.primary.as_ref().map(|label| label.span.source);
        let file = source.map(|source| self.sources.path(source).to_string()).unwrap_or_default();
        let service = source.and_then(|source| self.services.get(&source)).map(|(service, _)| service);
        Entry::new(&diagnostic.code, service.unwrap_or(&file), location)
    }
}
