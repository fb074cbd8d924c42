//! What a plugin that is not rick's own may do, as the user allowed it, and which bytes it is.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::plugin::{Descriptor, Plugin};

/// The kind of a step that runs any command.
pub const ANY_COMMAND: &str = "command";

/// A plugin in `rick.lock`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// Its version, as it says.
    pub version: String,
    /// Where it was taken from: a path, as it was given, or `oci://registry/name:tag@sha256:…`.
    pub source: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// The version of the contract that it was built for.
    pub contract: String,
    /// The slots that it may contribute to.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub slots: BTreeSet<String>,
    /// The slots whose contributions it may pass for the one that does.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub fulfils: BTreeSet<String>,
    /// The paths that it may write, as globs.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub paths: BTreeSet<String>,
    /// The kinds of steps that it may make.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub steps: BTreeSet<String>,
}

/// Something that a plugin does and that its pin does not allow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wish {
    /// It contributes to a slot.
    Slot(String),
    /// It says that it does what is contributed to a slot.
    Fulfils(String),
    /// It writes a path.
    Path(String),
    /// It makes steps of a kind.
    Step(String),
}

impl Wish {
    /// For a message: "writes `/etc/x/*`".
    pub fn title(&self) -> String {
        match self {
            Wish::Slot(slot) => format!("contributes to `{slot}`"),
            Wish::Fulfils(slot) => format!("fulfils `{slot}`"),
            Wish::Path(path) => format!("writes `{path}`"),
            Wish::Step(kind) => format!("makes steps of the kind `{kind}`"),
        }
    }
}

impl Pin {
    /// Of a plugin as it is, with all that it declares allowed. `sha256` is that of its file.
    pub fn of(plugin: &Plugin, source: String, sha256: String) -> Self {
        let Descriptor { version, writes_slots, writes, steps, .. } = &plugin.descriptor;
        Self {
            version: version.clone(),
            source,
            sha256,
            contract: plugin.contract.clone(),
            slots: writes_slots.clone(),
            fulfils: fulfilled(&plugin.descriptor),
            paths: writes.iter().cloned().collect(),
            steps: steps.clone(),
        }
    }

    /// What another pin allows and this one does not.
    pub fn lost(&self, before: &Pin) -> Vec<Wish> {
        let slots = before.slots.difference(&self.slots).cloned().map(Wish::Slot);
        let fulfils = before.fulfils.difference(&self.fulfils).cloned().map(Wish::Fulfils);
        let paths = before.paths.difference(&self.paths).cloned().map(Wish::Path);
        let steps = before.steps.difference(&self.steps).cloned().map(Wish::Step);
        slots.chain(fulfils).chain(paths).chain(steps).collect()
    }

    /// What a plugin declares beyond what is allowed here.
    pub fn lacks(&self, descriptor: &Descriptor) -> Vec<Wish> {
        let slots = descriptor.writes_slots.difference(&self.slots).cloned().map(Wish::Slot);
        let fulfilled = fulfilled(descriptor);
        let fulfils = fulfilled.difference(&self.fulfils).cloned().map(Wish::Fulfils);
        let paths = descriptor.writes.iter().filter(|path| !self.paths.contains(*path)).cloned().map(Wish::Path);
        let steps = descriptor.steps.difference(&self.steps).cloned().map(Wish::Step);
        slots.chain(fulfils).chain(paths).chain(steps).collect()
    }
}

fn fulfilled(descriptor: &Descriptor) -> BTreeSet<String> {
    descriptor.reads.iter().filter(|read| read.fulfils).map(|read| read.slot.clone()).collect()
}
