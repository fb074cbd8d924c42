//! What calls are given, as JSON text that is made once for all calls, each piece with its digest: whether a call was answered before is
//! found without writing its document.

use std::sync::OnceLock;

use serde_json::Value;

use crate::engine::short_digest;
use crate::plugin::Plugin;
use crate::project::{Manifest, Project};

/// A value as JSON text.
#[derive(Debug)]
pub struct Text {
    /// The text.
    pub json: String,
    /// The beginning of its SHA-256.
    pub digest: [u8; 16],
}

impl Text {
    fn of(value: &Value) -> Self {
        let json = value.to_string();
        let digest = short_digest(&[json.as_bytes()]);
        Self { json, digest }
    }
}

/// A text that is made when it is first wanted. A copy of what it is in may become another: it makes its own.
#[derive(Debug, Default)]
pub struct Memo(OnceLock<Text>);

impl Clone for Memo {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Memo {
    /// The text of a value, which is always the same one.
    pub fn text(&self, value: impl FnOnce() -> Value) -> &Text {
        self.0.get_or_init(|| Text::of(&value()))
    }
}

/// The texts of a composition, but for those of contributions, which are with them.
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

    /// `[service]`, filled.
    pub fn service(&self, manifest: &Manifest) -> &Text {
        self.services[manifest.index].text(|| manifest.service().clone())
    }

    /// What a service holds; asked for when all claims are allotted.
    pub fn held(&self, manifest: &Manifest, held: impl FnOnce() -> Value) -> &Text {
        self.held[manifest.index].text(held)
    }

    /// A plugin's table, filled.
    pub fn table(&self, plugin: &Plugin, manifest: &Manifest) -> &Text {
        self.tables[plugin.index * self.services.len() + manifest.index].text(|| manifest.table(plugin))
    }

    /// What rick.toml says for a plugin.
    pub fn settings(&self, plugin: &Plugin, project: &Project) -> &Text {
        self.settings[plugin.index].text(|| project.plugin_settings(plugin))
    }

    /// A machine, by its number among the project's.
    pub fn machine(&self, index: usize, project: &Project) -> &Text {
        self.machines[index].text(|| project.machine(&project.machines[index]))
    }

    /// What rick.toml says of a machine for a plugin.
    pub fn facts(&self, index: usize, plugin: &Plugin, project: &Project) -> &Text {
        let at = index * self.settings.len() + plugin.index;
        self.facts[at].text(|| project.facts(&project.machines[index], plugin))
    }
}
