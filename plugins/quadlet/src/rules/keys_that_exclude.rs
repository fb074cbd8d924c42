//! Keys of which the generator, or podman, takes one and not the other.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, key_of};

use super::written_keys;
use crate::Quadlet;
use crate::keys::FileType;

pub const RULE: Rule = Rule {
    code: "QD006",
    name: "keys-that-exclude-each-other",
    severity: Severity::Error,
    waivable: false,
    what: "`ReloadCmd` beside `ReloadSignal`, or a mapping of users (`UIDMap`, `GIDMap`, `SubUIDMap`, `SubGIDMap`, `Remap…`) beside the one \
           that rick writes",
    why: "The generator drops the unit, or podman refuses to start it: one of them is said, and `UserNS=` is there already.",
    example: "# rick.toml\n[machines.web1]\nversions = { podman = \"5.5.0\" }\n\n# services/myservice.toml\n[quadlet.keys]\nReloadCmd = \"kill -HUP 1\"\nReloadSignal = \"SIGHUP\"\n",
    use_instead: "# rick.toml\n[machines.web1]\nversions = { podman = \"5.5.0\" }\n\n# services/myservice.toml\n[quadlet.keys]\nReloadSignal = \"SIGHUP\"\n",
    source: "podman: pkg/systemd/quadlet/quadlet.go, handleUserMappings and handleReload",
};

/// What maps users in another way than `UserNS=`.
pub(super) const MAPPINGS: &[&str] =
    &["UIDMap", "GIDMap", "SubUIDMap", "SubGIDMap", "RemapUsers", "RemapUid", "RemapGid", "RemapUidSize"];

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    let keys = written_keys(call);
    for (file_type, key, _, place) in &keys {
        // The keys of one part are one table: its place without the key.
        let beside = |wanted: &str| {
            keys.iter().find(|(other, name, _, at)| other == file_type && *name == wanted && same_table(at, place))
        };
        if *key == "ReloadSignal"
            && let Some((.., other)) = beside("ReloadCmd")
        {
            let message = "`ReloadSignal` and `ReloadCmd` both say how to reload; the unit would be dropped";
            out.push(
                error(RULE.code, message, key_of(place.clone()))
                    .help("keep one of them")
                    .note("and this, too", key_of(other.clone())),
            );
        }
        if MAPPINGS.contains(key) {
            let whose = if *file_type == FileType::Pod { "the pod's" } else { "the part's" };
            let message =
                format!("`{key}` maps users in a second way: rick writes {whose} `UserNS=`, and one of them is refused");
            let help = "say it as podman's `--userns` in `user_namespace`, or leave it to rick: `user` in [service] is whom the image runs as";
            out.push(error(RULE.code, message, key_of(place.clone())).help(help));
        }
    }
}

fn same_table(left: &rick_plugin_sdk::Place, right: &rick_plugin_sdk::Place) -> bool {
    use rick_plugin_sdk::Place;
    let table = |place: &Place| match place {
        Place::Value(pointer) | Place::Key(pointer) => pointer.rsplit_once('/').map(|(table, _)| table.to_owned()),
        Place::Text(_) => None,
    };
    table(left) == table(right)
}
