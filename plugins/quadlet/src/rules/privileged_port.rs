//! A port of the machine that only root may open.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error};

use crate::Quadlet;
use crate::ports::{UNPRIVILEGED, published};
use crate::values::HostPort;

pub const RULE: Rule = Rule {
    code: "QD043",
    name: "privileged-host-port",
    severity: Severity::Error,
    waivable: true,
    what: "a `host_port` below 1024",
    why: "A rootless container's ports are opened by the service's user, who may not open these: the pod does not start. A machine with \
          a lower net.ipv4.ip_unprivileged_port_start lets it, and may waive this.",
    example: "[service]\nimage = \"ghcr.io/acme/myservice:1.4.2\"\nport = 8080\n\n[quadlet]\nhost_port = 80\n",
    use_instead: "[service]\nimage = \"ghcr.io/acme/myservice:1.4.2\"\nport = 8080\n\n[quadlet]\nhost_port = \"auto\"\n",
    source: "podman: rootless.md; ip-sysctl.rst of the kernel, ip_unprivileged_port_start",
};

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    for port in published(call) {
        let Some(HostPort::Number(number)) = port.host_port else { continue };
        if number < UNPRIVILEGED {
            let message = format!("a rootless container cannot open port {number} of the machine, only {UNPRIVILEGED} and above");
            let help = "`host_port = \"auto\"`; the proxy leads there from 80 and 443";
            out.push(error(RULE.code, message, port.host_place).help(help));
        }
    }
}
