//! A port that is said twice, or a number for a port that there is not.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, table};

use crate::Quadlet;
use crate::ports::said;

pub const RULE: Rule = Rule {
    code: "QD056",
    name: "port-said-twice",
    severity: Severity::Error,
    waivable: false,
    what: "a port in `ports` that is there twice or is the service's own, or `host_port` without `port` in [service]",
    why: "Each port inside has one number on the machine; which of two was meant, or of what, cannot be told.",
    example: "[service]\nimage = \"ghcr.io/acme/myservice:1.4.2\"\nport = 3000\n\n[[quadlet.ports]]\nport = 3000\n",
    use_instead: "[service]\nimage = \"ghcr.io/acme/myservice:1.4.2\"\nport = 3000\n\n[[quadlet.ports]]\nport = 2222\n",
    source: "podman-systemd.unit(5), PublishPort=",
};

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    if call.table.host_port.is_some() && call.service.port.is_none() {
        let message = "`host_port` is the service's port on the machine, and [service] has no `port`";
        out.push(
            error(RULE.code, message, table(&["host_port"])).help("add `port` to [service], or use `ports` for what is not HTTP"),
        );
    }
    let ports = said(call);
    for (index, port) in ports.iter().enumerate() {
        if let Some(other) = ports.iter().take(index).find(|other| other.is_same(port)) {
            let message = format!("port {} is said twice", port.inside);
            out.push(
                error(RULE.code, message, port.place.clone()).help("leave one out").note("first said here", other.place.clone()),
            );
        }
    }
}
