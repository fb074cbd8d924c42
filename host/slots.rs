//! The neutral slots, which rick owns, and all slots of a run.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::Error;
use crate::plugin::Plugin;
use crate::schema::Schema;
use crate::verdicts::Verdicts;

/// How the contributions to a slot merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// Equal values collapse.
    List,
    /// Equal values under a key agree, others quarrel.
    ByKey,
}

/// A place for contributions.
pub struct Slot {
    /// "rick" or a plugin's name.
    pub owner: String,
    /// What a value must be.
    pub schema: Schema,
    /// How contributions merge.
    pub merge: Merge,
    /// What nobody reads is an error.
    pub must_be_read: bool,
}

/// The slots of a run, by name.
pub type Slots = BTreeMap<String, Slot>;

/// Steps: they end in rick.
pub const STEP: &str = "rick:step@1";
/// Checks: they end in rick.
pub const CHECK: &str = "rick:check@1";
/// Typed values behind artifacts: they end in rick.
pub const MODEL: &str = "rick:model@1";
/// What a service keeps: policies see it, as they do what follows.
pub const VOLUME: &str = "rick:volume@1";
/// Databases.
pub const DATABASE: &str = "rick:database@1";
/// What is backed up.
pub const BACKUP: &str = "rick:backup@1";
/// Where a service answers on its machine.
pub const ENDPOINT: &str = "rick:endpoint@1";
/// Where browsers reach a service.
pub const SITE: &str = "rick:site@1";
/// Whom a proxy asks before it lets a request through.
pub const GATE: &str = "rick:gate@1";
/// Supplementary groups of a service's user.
pub const GROUP: &str = "rick:group@1";
/// Whom a service runs as: rick itself reads the group that its files belong to.
pub const IDENTITY: &str = "rick:identity@1";
/// Mounts, to which rick itself contributes the files of manifests.
pub const MOUNT: &str = "rick:mount@1";
/// Directories, to which rick itself contributes where those files are.
pub const DIRECTORY: &str = "rick:directory@1";
/// Secrets, to which rick itself contributes those that files name.
pub const SECRET: &str = "rick:secret@1";

/// Each with what its schema says of it, which is read only where somebody contributes something new: how it merges, and whether it is an
/// error that nobody reads it.
const NEUTRAL: &[(&str, Merge, bool, &str)] = &[
    ("rick:backup@1", Merge::List, false, include_str!("../wit/slots/backup.schema.json")),
    ("rick:check@1", Merge::List, false, include_str!("../wit/slots/check.schema.json")),
    ("rick:command@1", Merge::ByKey, true, include_str!("../wit/slots/command.schema.json")),
    ("rick:database@1", Merge::ByKey, false, include_str!("../wit/slots/database.schema.json")),
    ("rick:directory@1", Merge::ByKey, true, include_str!("../wit/slots/directory.schema.json")),
    ("rick:endpoint@1", Merge::ByKey, false, include_str!("../wit/slots/endpoint.schema.json")),
    ("rick:env@1", Merge::ByKey, true, include_str!("../wit/slots/env.schema.json")),
    ("rick:gate@1", Merge::ByKey, true, include_str!("../wit/slots/gate.schema.json")),
    ("rick:group@1", Merge::ByKey, true, include_str!("../wit/slots/group.schema.json")),
    ("rick:host@1", Merge::ByKey, true, include_str!("../wit/slots/host.schema.json")),
    ("rick:identity@1", Merge::ByKey, false, include_str!("../wit/slots/identity.schema.json")),
    ("rick:model@1", Merge::ByKey, false, include_str!("../wit/slots/model.schema.json")),
    ("rick:mount@1", Merge::ByKey, true, include_str!("../wit/slots/mount.schema.json")),
    ("rick:secret@1", Merge::List, false, include_str!("../wit/slots/secret.schema.json")),
    ("rick:site@1", Merge::ByKey, false, include_str!("../wit/slots/site.schema.json")),
    ("rick:step@1", Merge::List, false, include_str!("../wit/slots/step.schema.json")),
    ("rick:system-unit@1", Merge::ByKey, true, include_str!("../wit/slots/system-unit.schema.json")),
    ("rick:volume@1", Merge::ByKey, false, include_str!("../wit/slots/volume.schema.json")),
];

/// The neutral slots and those of plugins.
pub fn all(plugins: &[Plugin], verdicts: &Arc<Verdicts>) -> Result<Slots, Error> {
    let mut slots = Slots::new();
    for &(name, merge, must_be_read, text) in NEUTRAL {
        let schema = Schema::known(text.into()).keeping(verdicts);
        slots.insert(name.to_owned(), Slot { owner: "rick".to_owned(), schema, merge, must_be_read });
    }
    for plugin in plugins {
        for slot in &plugin.descriptor.owns {
            let refused = |reason: String| Error::Plugin { plugin: plugin.title(), reason };
            let merge = match slot.merge.as_str() {
                "list" => Merge::List,
                "by-key" => Merge::ByKey,
                other => return Err(refused(format!("`{}` merges by `{other}`, and there are list and by-key", slot.name))),
            };
            let must_be_read = match slot.unread.as_str() {
                "ignore" => false,
                "error" => true,
                other => return Err(refused(format!("`{}` unread is `{other}`, and there are ignore and error", slot.name))),
            };
            // The plugin would not be here with a schema that is none.
            let schema = Schema::known(slot.schema.clone().into()).keeping(verdicts);
            slots.insert(slot.name.clone(), Slot { owner: plugin.descriptor.name.clone(), schema, merge, must_be_read });
        }
    }
    Ok(slots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_slot_is_what_its_schema_says() {
        for &(name, merge, must_be_read, text) in NEUTRAL {
            let schema = Schema::parse(text).expect("a schema");
            assert_eq!(schema.text("title"), name);
            assert_eq!(schema.text("x-rick-merge") == "list", merge == Merge::List, "{name}");
            assert_eq!(schema.text("x-rick-unread") == "error", must_be_read, "{name}");
        }
    }
}
