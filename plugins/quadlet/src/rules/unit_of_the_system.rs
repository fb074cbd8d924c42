//! A service whose units have the names of others.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, service};

use crate::Quadlet;
use crate::parts::parts_of;

pub const RULE: Rule = Rule {
    code: "QD037",
    name: "unit-of-the-system",
    severity: Severity::Error,
    waivable: false,
    what: "a service, or a part of one, whose unit would have the name of one that comes with the system",
    why: "In the user's manager the generated unit hides the other, or is hidden by it: podman's own, D-Bus, the agents.",
    example: "# services/podman.toml\n[service]\nimage = \"ghcr.io/acme/podman:1.0.0\"\n",
    use_instead: "# services/podman-ui.toml\n[service]\nimage = \"ghcr.io/acme/podman:1.0.0\"\n",
    source: "podman-systemd.unit(5); /usr/lib/systemd/user of Debian and Fedora",
};

/// User units of Debian 13 and Fedora 42, without `.service`.
const UNITS: &[&str] = &[
    "at-spi-dbus-bus",
    "dbus",
    "dbus-broker",
    "dbus-daemon",
    "dirmngr",
    "filter-chain",
    "gcr-ssh-agent",
    "glib-pacrunner",
    "gnome-keyring-daemon",
    "gpg-agent",
    "keyboxd",
    "p11-kit-server",
    "pipewire",
    "pipewire-pulse",
    "podman",
    "podman-auto-update",
    "podman-clean-transient",
    "podman-kube",
    "podman-restart",
    "podman-user-wait-network-online",
    "pulseaudio",
    "ssh-agent",
    "systemd-exit",
    "systemd-tmpfiles-clean",
    "systemd-tmpfiles-setup",
    "wireplumber",
    "xdg-permission-store",
];

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    for part in parts_of(call) {
        if UNITS.contains(&part.unit.as_str()) {
            let message = format!("`{}.service` is a unit that comes with the system", part.unit);
            let place = if part.steps.is_empty() { service(&["name"]) } else { part.at(&[]) };
            out.push(error(RULE.code, message, place).help("call it something else"));
        }
    }
}
