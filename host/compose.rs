//! The second stage: what all services claim, are given, and contribute to each other.
//!
//! Reading order: [`claims`] allots numbers and names; [`contributions`] goes through the plugins wave by wave; [`merge`]
//! makes one list of what was said to a slot; [`call`] is the document that a plugin is given, and the way back from a
//! pointer into it to a line of the user's.

pub mod call;
mod claims;
mod contributions;
mod files;
mod merge;
mod texts;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::diagnostic::Sink;
use crate::lock::Lock;
use crate::origin::Origin;
use crate::plugins::Plugins;
use crate::project::{Manifest, Project};

pub use claims::Held;
pub use contributions::entry;
pub use merge::{Entry, Said, Source, in_own_form, merge, settle};
pub use texts::Memo;
use texts::Texts;

/// All manifests, claims and merged contributions, each with its reasons. Made by [`compose`] alone.
#[non_exhaustive]
pub struct Composition<'a> {
    /// The manifests.
    pub project: &'a Project,
    /// The plugins that made it.
    pub plugins: &'a Plugins,
    /// Everything that services hold.
    pub held: Vec<Held>,
    /// By service, the numbers of what it holds.
    held_by: BTreeMap<String, Vec<usize>>,
    /// Every merged contribution that ever was; an [`Origin`] names one by its index.
    pub entries: Vec<Entry>,
    /// By slot, the indices of the entries that hold now, in rick's order.
    pub slots: BTreeMap<String, Vec<usize>>,
    /// What rick.lock should hold after this.
    pub lock: Lock,
    /// What calls are given of it.
    texts: Texts,
}

/// Composes all services that are sound so far.
pub fn compose<'a>(project: &'a Project, plugins: &'a Plugins, lock: Lock, sink: &mut Sink) -> Composition<'a> {
    let texts = Texts::of(project, plugins.all.len());
    let mut composition = Composition {
        project,
        plugins,
        held: Vec::new(),
        held_by: BTreeMap::new(),
        entries: Vec::new(),
        slots: BTreeMap::new(),
        lock,
        texts,
    };
    claims::claim(&mut composition, sink);
    files::contribute(&mut composition, sink);
    contributions::contribute(&mut composition, sink);
    settle(&mut composition, sink);
    composition
}

impl<'a> Composition<'a> {
    /// The services that are sound so far, in the order of their names.
    pub fn sound(&self, sink: &Sink) -> Vec<&'a Manifest> {
        self.project.manifests.iter().filter(|manifest| !sink.has_failed(&manifest.name)).collect()
    }

    /// What a slot holds now.
    pub fn slot(&self, name: &str) -> impl Iterator<Item = (usize, &Entry)> {
        self.slots.get(name).into_iter().flatten().map(|&index| (index, &self.entries[index]))
    }

    /// What a slot holds for a service.
    pub fn slot_of(&self, name: &str, service: &str) -> impl Iterator<Item = (usize, &Entry)> {
        let indices = self.slots.get(name).map(Vec::as_slice).unwrap_or_default();
        // They are in the order of what they are for, the service first.
        let of = |index: &usize| self.entries[*index].service.as_deref();
        let start = indices.partition_point(|index| of(index) < Some(service));
        let end = start + indices[start..].partition_point(|index| of(index) == Some(service));
        indices[start..end].iter().map(|&index| (index, &self.entries[index]))
    }

    /// What a service holds of all pools, as a plugin is told.
    pub fn held_by(&self, service: &str) -> Value {
        let mut pools: BTreeMap<&str, BTreeMap<&str, &Value>> = BTreeMap::new();
        for held in self.all_held_by(service).map(|index| &self.held[index]) {
            pools.entry(&held.pool).or_default().insert(&held.key, &held.value);
        }
        serde_json::to_value(pools).unwrap_or_default()
    }

    /// The origin of what a service holds.
    pub fn held_origin(&self, service: &str, pool: &str, key: &str) -> Option<Origin> {
        let mut held = self.all_held_by(service);
        held.find(|&index| self.held[index].pool == pool && self.held[index].key == key).map(Origin::Held)
    }

    /// Keeps what a service holds.
    fn hold(&mut self, held: Held) {
        self.held_by.entry(held.service.clone()).or_default().push(self.held.len());
        self.held.push(held);
    }

    fn all_held_by(&self, service: &str) -> impl Iterator<Item = usize> {
        self.held_by.get(service).into_iter().flatten().copied()
    }
}
