//! `[[file]]`: the service's own configuration files, to which rick itself contributes their mounts.

use std::collections::BTreeMap;

use serde_json::json;

use super::Composition;
use super::merge::{self, Entry, Said, Source};
use super::texts::Memo;
use crate::diagnostic::Sink;
use crate::origin::Origin;
use crate::slots;

/// Mounts each file of each manifest where the service wants it, and says where rick keeps them.
pub fn contribute(composition: &mut Composition<'_>, sink: &mut Sink) {
    let mut said: BTreeMap<&str, Vec<Entry>> = BTreeMap::new();
    for manifest in composition.sound(sink) {
        for file in &manifest.files {
            let entry = |slot: &str, part: Option<String>, key: String, value, stated| Entry {
                slot: slot.to_owned(),
                service: Some(manifest.name.clone()),
                machine: Some(manifest.machine.clone()),
                part,
                key,
                value: Said::of(value),
                stated,
                from: vec![Source { plugin: "rick".to_owned(), because: vec![Origin::Written(file.place.clone())] }],
                memo: Memo::default(),
            };
            let value = json!({ "source": file.target, "read_only": true, "kind": "file" });
            let parts = if file.parts.is_empty() { vec![None] } else { file.parts.iter().cloned().map(Some).collect() };
            for part in parts {
                said.entry(slots::MOUNT).or_default().push(entry(slots::MOUNT, part, file.path.clone(), value.clone(), true));
            }
            let folder = format!("/etc/rick/{}/files", manifest.name);
            let value = json!({ "mode": "0750", "owner": "root" });
            said.entry(slots::DIRECTORY).or_default().push(entry(slots::DIRECTORY, None, folder, value, false));
        }
    }
    for (slot, entries) in said {
        let how = composition.plugins.slots[slot].merge;
        merge::merge(composition, slot, how, entries);
    }
}
