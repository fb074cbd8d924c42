//! A container that is in no budget.

use rick_plugin_sdk::{Diagnostics, Rule, Severity, warning};

use crate::Container;

pub const RULE: Rule = Rule {
    code: "BU002",
    name: "no-limit",
    severity: Severity::Warning,
    waivable: true,
    what: "a container without a limit to its memory, on a machine whose memory is shared out",
    why: "Whatever the others keep to, it may take all that there is.",
    example: "[quadlet]\n# rick.toml\n[machines.web1]\nversions = { podman = \"5.4.2\" }\nbudget = { memory = \"8g\" }\n",
    use_instead: "[quadlet]\nmemory = \"512m\"\n# rick.toml\n[machines.web1]\nversions = { podman = \"5.4.2\" }\nbudget = { memory = \"8g\" }\n",
    source: "https://docs.podman.io/en/stable/markdown/podman-systemd.unit.5.html",
};

pub fn check(containers: &[Container<'_>], out: &mut Diagnostics) {
    for container in containers.iter().filter(|container| container.limit.is_none()) {
        let found = format!("`{}` may take all of the machine's memory", container.name);
        out.push(warning(RULE.code, found, container.place.clone()).help("set `memory` in [quadlet], or of the container in it"));
    }
}
