//! Groups beside those that are kept.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error};

use super::written_values;
use crate::Quadlet;
use crate::parts::parts_of;

pub const RULE: Rule = Rule {
    code: "QD018",
    name: "groups-beside-kept-ones",
    severity: Severity::Error,
    waivable: false,
    what: "`GroupAdd` in a part that keeps the groups of the service's user",
    why: "podman refuses `keep-groups` together with any other group, and the part never starts.",
    example: "[quadlet]\nkeep_groups = true\n\n[quadlet.keys]\nGroupAdd = \"audio\"\n",
    use_instead: "[quadlet]\nkeep_groups = true\n\n[account]\ngroups = [\"audio\"]\n",
    source: "podman: cmd/podman/containers/create.go; podman-run(1), --group-add",
};

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    let kept: Vec<_> = parts_of(call).into_iter().filter(|part| part.fields.keep_groups).map(|part| part.at(&["keys"])).collect();
    for (_, key, value, place) in written_values(call) {
        let rick_plugin_sdk::Place::Value(pointer) = &place else { continue };
        let of_kept = kept
            .iter()
            .any(|keys| matches!(keys, rick_plugin_sdk::Place::Value(keys) if pointer.starts_with(&format!("{keys}/"))));
        if key == "GroupAdd" && of_kept {
            let message = if value == "keep-groups" {
                "`keep-groups` is what `keep_groups` writes already".to_owned()
            } else {
                format!("the group `{value}` beside `keep_groups`: podman takes one of them")
            };
            let help = "put the service's user into the group: `groups` in [account]; the part then keeps it";
            out.push(error(RULE.code, message, place.clone()).help(help));
        }
    }
}
