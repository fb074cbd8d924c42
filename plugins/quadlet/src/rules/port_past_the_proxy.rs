//! The service's own port, open to more than the machine.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, set, slots, table, warning};

use crate::Quadlet;

pub const RULE: Rule = Rule {
    code: "QD042",
    name: "port-past-the-proxy",
    severity: Severity::Warning,
    waivable: true,
    what: "a port in `ports` that answers on more than 127.0.0.1, of a service that is behind a proxy",
    why: "Whoever reaches it has passed neither the proxy nor the sign-on, and headers that say who somebody is are the caller's own.",
    example: "[service]\nimage = \"ghcr.io/acme/myservice:1.4.2\"\nport = 8080\ndomain = \"myservice.example.org\"\n\n[caddy]\n\n[[quadlet.ports]]\nport = 8081\naddress = \"0.0.0.0\"\n",
    use_instead: "[service]\nimage = \"ghcr.io/acme/myservice:1.4.2\"\nport = 8080\ndomain = \"myservice.example.org\"\n\n[caddy]\n\n[[quadlet.ports]]\nport = 8081\n",
    source: "podman-systemd.unit(5), PublishPort=",
};

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    if call.reads.of::<slots::Site>().is_empty() {
        return;
    }
    for (index, port) in call.table.ports.iter().enumerate() {
        let loopback = port.address.starts_with("127.") || port.address == "::1";
        // What is not HTTP, such as SSH, has no way through a proxy: well known ports of such are meant as they are.
        let not_http = matches!(
            port.port,
            21 | 22
                | 25
                | 53
                | 2022
                | 3389
                | 6636
                | 6881
                | 8448
                | 22000
                | 25565
                | 51413
                | 110
                | 143
                | 389
                | 465
                | 587
                | 636
                | 853
                | 993
                | 995
                | 1883
                | 2222
                | 3478
                | 5349
                | 8883
        );
        let udp = port.protocol == crate::values::Protocol::Udp;
        if loopback || not_http || udp {
            continue;
        }
        let index = index.to_string();
        let place = table(&["ports", &index, "address"]);
        let message = format!("port {} answers on `{}`, past the proxy and its sign-on", port.port, port.address);
        let help = "leave `address` out, for the machine alone; waive this for what is not HTTP and is open on purpose";
        out.push(
            warning(RULE.code, message, place.clone())
                .help(help)
                .unsafe_fix("let it answer on 127.0.0.1 alone", vec![set(&place, "127.0.0.1")]),
        );
    }
}
