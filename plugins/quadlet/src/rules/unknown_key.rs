//! A key that no podman has.

use rick_plugin_sdk::{Diagnostics, Place, Rule, ServiceCall, Severity, error, key_of, remove, set};

use super::written_keys;
use crate::Quadlet;
use crate::keys;
use crate::values::Lines;

pub const RULE: Rule = Rule {
    code: "QD001",
    name: "unknown-quadlet-key",
    severity: Severity::Error,
    waivable: false,
    what: "a key in `keys` or `pod_keys` that Quadlet does not know",
    why: "The generator drops the whole unit. Nothing says so: a reload succeeds, and the unit is not found, or the old one runs on.",
    example: "[quadlet.keys]\nTimeZone = \"Europe/Oslo\"\n",
    use_instead: "[quadlet.keys]\nTimezone = \"Europe/Oslo\"\n",
    source: "podman: pkg/systemd/quadlet/quadlet.go, checkForUnknownKeys",
};

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    for (file_type, key, lines, place) in written_keys(call) {
        if keys::find(file_type, key).is_some() {
            continue;
        }
        let section = file_type.section();
        let help = match keys::nearest(file_type, key) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => "if podman itself has an option for it: `PodmanArgs = \"--option=value\"`".to_owned(),
        };
        let message = format!("`{key}` is no key of [{section}]; the unit would be dropped");
        let found = error(RULE.code, message, key_of(place.clone())).help(help);
        out.push(match keys::nearest(file_type, key).and_then(|nearest| Some((nearest, beside(&place, nearest)?))) {
            // It is likely, and not sure, what was meant.
            Some((nearest, right)) => {
                let value = match lines {
                    Lines::One(value) => value.as_str().into(),
                    Lines::Many(values) => serde_json::Value::from(values.clone()),
                };
                found.unsafe_fix(format!("write `{nearest}`"), vec![set(&right, value), remove(&place)])
            }
            None => found,
        });
    }
}

/// Another key of the same table.
fn beside(place: &Place, key: &str) -> Option<Place> {
    let Place::Value(pointer) = place else { return None };
    let (table, _) = pointer.rsplit_once('/')?;
    Some(Place::Value(format!("{table}/{key}")))
}
