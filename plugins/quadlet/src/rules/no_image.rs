//! A part without an image.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, table_key};

use crate::Quadlet;

pub const RULE: Rule = Rule {
    code: "QD005",
    name: "part-without-image",
    severity: Severity::Error,
    waivable: false,
    what: "a part without `image` in a service that has none of its own",
    why: "There is nothing to run: the generator refuses a container without an image.",
    example: "# services/search.toml\n[service]\ndescription = \"Full-text search\"\n\n[quadlet.containers.worker]\nexec = \"work\"\n",
    use_instead: "# services/search.toml\n[service]\ndescription = \"Full-text search\"\n\n[quadlet.containers.worker]\nimage = \"ghcr.io/acme/search:2.1\"\nexec = \"work\"\n",
    source: "podman: pkg/systemd/quadlet/quadlet.go, ConvertContainer",
};

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    if call.service.image.is_some() {
        return;
    }
    for (name, container) in &call.table.containers {
        if container.image.is_none() {
            let message = format!("`{name}` has no image, and neither has the service");
            let help = "add `image` here, or to [service] for every part that says none";
            out.push(error(RULE.code, message, table_key(&["containers", name])).help(help));
        }
    }
}
