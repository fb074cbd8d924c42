//! A port of the machine that one of its servers has.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, machine, set};

use crate::Quadlet;
use crate::ports::said;
use crate::values::HostPort;

pub const RULE: Rule = Rule {
    code: "XS001",
    name: "port-of-a-server",
    severity: Severity::Error,
    waivable: true,
    what: "a port of the machine that a server on it listens on: Caddy's 80, 443 and 2019, PostgreSQL's 5432, Valkey's 6379",
    why: "The second that wants it cannot start; which one that is depends on which was started first.",
    example: "# rick.toml\n[machines.web1]\nversions = { podman = \"5.4.2\", caddy = \"2.11.4\" }\n\n# services/myservice.toml\n[service]\nimage = \"ghcr.io/acme/myservice:1.4.2\"\nport = 2019\n",
    use_instead: "# rick.toml\n[machines.web1]\nversions = { podman = \"5.4.2\", caddy = \"2.11.4\" }\n\n# services/myservice.toml\n[service]\nimage = \"ghcr.io/acme/myservice:1.4.2\"\nport = 2019\n\n[quadlet]\nhost_port = \"auto\"\n",
    source: "https://caddyserver.com/docs/api; postgresql.conf, port; valkey.conf, port",
};

/// Ports, and whose they are, as rick.toml names it.
const PORTS: &[(u16, &str)] = &[(80, "caddy"), (443, "caddy"), (2019, "caddy"), (5432, "postgresql"), (6379, "valkey")];

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    for port in said(call).into_iter().filter(|port| port.protocol != "udp") {
        let (number, place) = match port.host_port {
            Some(HostPort::Number(number)) => (number, port.host_place.clone()),
            Some(HostPort::Any(_)) => continue,
            None if port.inside < crate::ports::UNPRIVILEGED => continue,
            None => (port.inside, port.place.clone()),
        };
        let server = PORTS.iter().find(|(known, server)| *known == number && call.machine.versions.contains_key(*server));
        if let Some((_, server)) = server {
            let message = format!("port {number} of `{}` is {server}'s", call.machine.name);
            out.push(
                error(RULE.code, message, place)
                    .help("`host_port = \"auto\"` has rick hand out one that is free")
                    .note(format!("{server} is on this machine"), machine(&["versions", server]))
                    .unsafe_fix("take one that rick hands out", vec![set(&port.host_place, "auto")]),
            );
        }
    }
}
