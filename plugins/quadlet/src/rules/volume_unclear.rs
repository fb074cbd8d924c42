//! A volume that says too little or too much.

use rick_plugin_sdk::slots::VolumeKind;
use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error};

use crate::Quadlet;
use crate::parts::parts_of;
use crate::volumes::stated_for;

pub const RULE: Rule = Rule {
    code: "QD054",
    name: "volume-unclear",
    severity: Severity::Error,
    waivable: false,
    what: "a volume with both `name` and `source` or with neither, of a kind that does not go with it, or with a `mode` or `owner` that \
           rick does not set",
    why: "`name` is something that the service keeps, and `source` a path of the machine, which rick leaves as it is.",
    example: "[quadlet]\nvolumes = [{ source = \"/srv/media\", path = \"/media\", mode = \"0750\" }]\n",
    use_instead: "[quadlet]\nvolumes = [{ source = \"/srv/media\", path = \"/media\" }]\n\n[account.directories]\n\"/srv/media\" = { mode = \"0750\" }\n",
    source: "docs/plugins/quadlet.md, volumes",
};

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    let mut found = Vec::new();
    for part in parts_of(call) {
        for volume in stated_for(&part, &call.table.main.volumes) {
            let (table, kind) = (&volume.table, volume.kind);
            let (message, help) = match (&table.name, &table.source) {
                (Some(_), Some(_)) => {
                    ("a volume has both `name` and `source`; one of them is said", "keep `name` for what the service keeps")
                }
                (None, None) => {
                    ("a volume has neither `name` nor `source`", "add `name = \"data\"` for a folder in the service's home")
                }
                (Some(_), None) if kind == VolumeKind::Machine => {
                    ("`kind = \"machine\"` is for a path of the machine, and this has a name", "say `source` instead of `name`")
                }
                (None, Some(_)) if kind != VolumeKind::Machine => {
                    ("this is a path of the machine, and `kind` says otherwise", "leave `kind` out")
                }
                _ if kind != VolumeKind::Directory && (table.mode.is_some() || table.owner.is_some()) => (
                    "`mode` and `owner` are for a folder in the service's home",
                    "leave them out; [account.directories] sets those of other directories",
                ),
                _ => continue,
            };
            if !found.contains(&volume.place) {
                out.push(error(RULE.code, message, volume.place.clone()).help(help));
                found.push(volume.place);
            }
        }
    }
}
