//! A key that the machine's podman does not have yet, and no option of podman's says the same.

use rick_plugin_sdk::{Diagnostic, Diagnostics, Place, Rule, ServiceCall, Severity, Version, error, key_of, machine};

use super::written_keys;
use crate::Quadlet;
use crate::keys;
use crate::parts::parts_of;
use crate::unit::{Value, fallback};
use crate::values::Notify;

pub const RULE: Rule = Rule {
    code: "QD002",
    name: "newer-quadlet-key",
    severity: Severity::Error,
    waivable: false,
    what: "a key that came with a newer podman than the machine has, where podman has no option that says the same",
    why: "The generator drops a unit with a key that it does not know. Where podman itself can be told, rick writes PodmanArgs= instead.",
    example: "# rick.toml\n[machines.web1]\nversions = { podman = \"5.4.2\" }\n\n# services/myservice.toml\n[quadlet.keys]\nReloadSignal = \"SIGHUP\"\n",
    use_instead: "# rick.toml\n[machines.web1]\nversions = { podman = \"5.5.0\" }\n\n# services/myservice.toml\n[quadlet.keys]\nReloadSignal = \"SIGHUP\"\n",
    source: "podman: pkg/systemd/quadlet/quadlet.go of each release; RELEASE_NOTES.md",
};

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    let Some(podman) = call.machine.version("podman") else { return };
    for (file_type, name, lines, place) in written_keys(call) {
        let Some(key) = keys::find(file_type, name).filter(|key| key.since > podman) else { continue };
        let sayable = lines.all().iter().all(|line| fallback(&Value::Verbatim((*line).to_owned()), key).is_some());
        if !sayable {
            out.push(found(&format!("`{name}`"), key.since, podman, key_of(place)));
        }
    }
    for part in parts_of(call) {
        if part.fields.notify == Some(Notify::Healthy) && podman < Version(5, 0, 0) {
            out.push(found("`notify = \"healthy\"`", Version(5, 0, 0), podman, part.at(&["notify"])));
        }
    }
}

fn found(what: &str, since: Version, podman: Version, place: Place) -> Diagnostic {
    let message = format!("podman {podman} does not know {what}, which came with {since}");
    error(RULE.code, message, place)
        .help("leave it out until the machine has that podman")
        .note("the version of the machine's podman", machine(&["versions", "podman"]))
}
