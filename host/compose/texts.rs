//! What calls are given: the digest of each piece, which tells whether a call was answered before, and its JSON text, which is written only
//! where it was not. Both are made once for all calls.

use std::borrow::Cow;
use std::sync::OnceLock;

use serde_json::Value;

use super::Composition;
use crate::engine::value_digest;
use crate::plugin::Plugin;
use crate::project::{Manifest, Project};

/// The digest of a value and its text, made when they are first wanted. A copy of what it is in may become another: it makes its own.
#[derive(Debug, Default)]
pub struct Memo {
    digest: OnceLock<[u8; 16]>,
    json: OnceLock<String>,
}

impl Clone for Memo {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Memo {
    /// The digest of what it is about, which is always the same.
    pub fn digest(&self, digest: impl FnOnce() -> [u8; 16]) -> &[u8; 16] {
        self.digest.get_or_init(digest)
    }

    /// The JSON text of what it is about, which is always the same.
    pub fn json(&self, json: impl FnOnce() -> String) -> &str {
        self.json.get_or_init(json)
    }
}

/// What a piece of a call's document is, but for contributions, which have their own memos.
#[derive(Clone, Copy)]
pub enum Part<'a> {
    /// `[service]`, filled.
    Service(&'a Manifest),
    /// What a service holds; asked for when all claims are allotted.
    Held(&'a Manifest),
    /// A plugin's table, filled.
    Table(&'a Plugin, &'a Manifest),
    /// What rick.toml says for a plugin.
    Settings(&'a Plugin),
    /// A machine, by its number among the project's.
    Machine(usize),
    /// What rick.toml says of a machine for a plugin.
    Facts(usize, &'a Plugin),
}

/// The memos of a composition, but for those of contributions, which are with them.
#[derive(Debug)]
pub struct Texts {
    services: Vec<Memo>,
    held: Vec<Memo>,
    /// By plugin and manifest.
    tables: Vec<Memo>,
    settings: Vec<Memo>,
    machines: Vec<Memo>,
    /// By machine and plugin.
    facts: Vec<Memo>,
}

impl Texts {
    /// Room for those of a project with so many plugins.
    pub fn of(project: &Project, plugins: usize) -> Self {
        let memos = |count: usize| std::iter::repeat_with(Memo::default).take(count).collect();
        let (manifests, machines) = (project.manifests.len(), project.machines.len());
        Self {
            services: memos(manifests),
            held: memos(manifests),
            tables: memos(manifests * plugins),
            settings: memos(plugins),
            machines: memos(machines),
            facts: memos(machines * plugins),
        }
    }

    fn memo(&self, part: Part<'_>) -> &Memo {
        match part {
            Part::Service(manifest) => &self.services[manifest.index],
            Part::Held(manifest) => &self.held[manifest.index],
            Part::Table(plugin, manifest) => &self.tables[plugin.index * self.services.len() + manifest.index],
            Part::Settings(plugin) => &self.settings[plugin.index],
            Part::Machine(index) => &self.machines[index],
            Part::Facts(index, plugin) => &self.facts[index * self.settings.len() + plugin.index],
        }
    }
}

impl Part<'_> {
    /// Which value it is.
    pub fn digest<'c>(&self, composition: &'c Composition<'_>) -> &'c [u8; 16] {
        composition.texts.memo(*self).digest(|| value_digest(&self.value(composition)))
    }

    /// Its text.
    pub fn json<'c>(&self, composition: &'c Composition<'_>) -> &'c str {
        composition.texts.memo(*self).json(|| self.value(composition).to_string())
    }

    fn value(&self, composition: &Composition<'_>) -> Cow<'_, Value> {
        let project = composition.project;
        match *self {
            Part::Service(manifest) => Cow::Borrowed(manifest.service()),
            Part::Held(manifest) => Cow::Owned(composition.held_by(&manifest.name)),
            Part::Table(plugin, manifest) => manifest.table(plugin),
            Part::Settings(plugin) => Cow::Owned(project.plugin_settings(plugin)),
            Part::Machine(index) => Cow::Owned(project.machine(&project.machines[index])),
            Part::Facts(index, plugin) => Cow::Owned(project.facts(&project.machines[index], plugin)),
        }
    }
}
