//! A key that no podman has.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, key_of};

use super::written_keys;
use crate::Quadlet;
use crate::keys;

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
    for (file_type, key, _, place) in written_keys(call) {
        if keys::find(file_type, key).is_some() {
            continue;
        }
        let section = file_type.section();
        let help = match keys::nearest(file_type, key) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => "if podman itself has an option for it: `PodmanArgs = \"--option=value\"`".to_owned(),
        };
        out.push(
            error(RULE.code, format!("`{key}` is no key of [{section}]; the unit would be dropped"), key_of(place)).help(help),
        );
    }
}
