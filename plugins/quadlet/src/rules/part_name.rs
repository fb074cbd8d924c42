//! A part whose name cannot be one, or makes a unit that is there already.

use rick_plugin_sdk::slots::{self, VolumeKind};
use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, table_key};

use crate::Quadlet;
use crate::parts::MAIN;

pub const RULE: Rule = Rule {
    code: "QD048",
    name: "part-name-taken",
    severity: Severity::Error,
    waivable: false,
    what: "a part with a name that is no name of a unit, or that makes the name of another unit or container of the service",
    why: "`<service>-<part>.container` becomes `<service>-<part>.service`. The pod's is `<service>-pod.service` and a volume's \
          `<service>-<volume>-volume.service`, and the pod's own container is `<service>-infra`: one of two would be lost.",
    example: "[quadlet.containers.pod]\nexec = \"work\"\n",
    use_instead: "[quadlet.containers.worker]\nexec = \"work\"\n",
    source: "podman-systemd.unit(5), the names of generated units",
};

/// As of a service: both together are the name of files and of units.
const LONGEST: usize = 30;

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    let volumes = call.reads.of::<slots::Volume>();
    for name in call.table.containers.keys() {
        let service = &call.service.name;
        let volume =
            volumes.iter().find(|volume| volume.value.kind == VolumeKind::Podman && *name == format!("{}-volume", volume.key));
        let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
        let message = if !begins || !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
            format!("`{name}` is no name for a part: lower-case letters, digits and `-`, a letter first")
        } else if name.len() > LONGEST {
            format!("`{name}` has {} characters, and the name of a part at most {LONGEST}", name.len())
        } else if name == MAIN {
            format!("`{name}` is the name of the part that [quadlet] itself describes")
        } else if name == "pod" {
            format!("the part `{name}` would have the unit `{service}-pod.service`, which is the pod's")
        } else if name == "infra" {
            format!("the part `{name}` would have the container `{service}-infra`, which is the pod's own")
        } else if let Some(volume) = volume {
            format!(
                "the part `{name}` would have the unit `{service}-{name}.service`, which is that of the volume `{}`",
                volume.key
            )
        } else {
            continue;
        };
        out.push(error(RULE.code, message, table_key(&["containers", name])).help("give the part another name"));
    }
}
