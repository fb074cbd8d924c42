//! Several parts on a podman that has no pods in Quadlet.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, machine, table, table_key};

use crate::Quadlet;
use crate::parts::parts_of;
use crate::render::PODS;

pub const RULE: Rule = Rule {
    code: "QD049",
    name: "pod-needs-podman-5",
    severity: Severity::Error,
    waivable: false,
    what: "a service of several parts, or with `pod_keys`, on a machine whose podman is older than 5.0",
    why: "The parts share one pod, and Quadlet has had `.pod` files since 5.0. Without one they could not reach each other on localhost.",
    example: "# rick.toml\n[machines.web1]\nversions = { podman = \"4.9.3\" }\n\n# services/myservice.toml\n[quadlet.containers.worker]\nexec = \"work\"\n",
    use_instead: "# rick.toml\n[machines.web1]\nversions = { podman = \"5.4.2\" }\n\n# services/myservice.toml\n[quadlet.containers.worker]\nexec = \"work\"\n",
    source: "podman: RELEASE_NOTES.md, 5.0.0",
};

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    let Some(podman) = call.machine.version("podman").filter(|podman| *podman < PODS) else { return };
    let count = parts_of(call).len();
    if count > 1 {
        let message = format!("{count} parts share one pod; podman {podman} has none before 5.0");
        let help = "make the other parts services of their own, or bring the machine to podman 5";
        out.push(
            error(RULE.code, message, table(&["containers"])).help(help).note("its podman", machine(&["versions", "podman"])),
        );
    }
    if !call.table.pod_keys.is_empty() {
        let message = format!("`pod_keys` would be nowhere: podman {podman} has no pods before 5.0");
        out.push(error(RULE.code, message, table_key(&["pod_keys"])).help("put them into `keys`"));
    }
}
