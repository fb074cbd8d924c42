//! A machine of which nobody said which podman it has, or whose podman has no Quadlet.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, Version, error, machine};

use crate::Quadlet;

pub const RULE: Rule = Rule {
    code: "QD051",
    name: "podman-unknown",
    severity: Severity::Error,
    waivable: false,
    what: "a machine with containers whose podman's version is not said, or is older than 4.4",
    why: "Each release knows other keys, and drops a unit with one that it does not know. Quadlet came with 4.4.",
    example: "# rick.toml\n[machines.web1]\n",
    use_instead: "# rick.toml\n[machines.web1]\nversions = { podman = \"5.4.2\" }\n",
    source: "podman-systemd.unit(5); podman: RELEASE_NOTES.md, 4.4.0",
};

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    let name = &call.machine.name;
    match (call.machine.version("podman"), call.machine.versions.get("podman")) {
        (Some(podman), _) if podman < Version(4, 4, 0) => {
            let message = format!("podman {podman} has no Quadlet, which came with 4.4");
            out.push(error(RULE.code, message, machine(&["versions", "podman"])).help("install a newer podman"));
        }
        (Some(_), _) => {}
        (None, Some(text)) => {
            let message = format!("`{text}` is no version of podman");
            out.push(
                error(RULE.code, message, machine(&["versions", "podman"])).help("write what `podman --version` shows: `5.4.2`"),
            );
        }
        (None, None) => {
            let message = format!("which podman `{name}` has is not said");
            out.push(error(RULE.code, message, machine(&["versions"])).help("`versions = { podman = \"5.4.2\" }`"));
        }
    }
}
