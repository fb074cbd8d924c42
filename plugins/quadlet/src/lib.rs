//! The plugin `quadlet`: the containers of a service, as Quadlet files of its own rootless user.
//!
//! Reading order: [`table`] and `values` are what a manifest says; `parts`, `users`, `ports`, `volumes` and `environment` are what it comes to;
//! `contribute` tells the other plugins; `keys`, `escape` and `unit` are the format; `render/` puts it together, one file for each
//! kind of unit and one for what to do on the machine; `rules/` has one file for each check.

mod commands;
mod contribute;
mod environment;
mod escape;
mod keys;
mod parts;
mod ports;
mod render;
#[cfg(test)]
mod roundtrip;
mod rules;
mod table;
mod unit;
mod users;
mod values;
mod volumes;

use rick_plugin_sdk::slots::{self, quadlet};
use rick_plugin_sdk::{By, Claims, Contributions, Descriptor, Diagnostics, Merge, Of, Plugin, Rendered, ServiceCall, Unread};

pub use table::{Facts, Settings, Table};

const PORT_HELP: &str =
    "say another port of the machine, `host_port = N` in [quadlet], or let rick hand one out: `host_port = \"auto\"`";

/// The plugin.
pub struct Quadlet;

impl Plugin for Quadlet {
    type Table = Table;
    type Settings = Settings;
    type Facts = Facts;

    fn describe() -> Descriptor {
        Descriptor::new::<Self>("quadlet", env!("CARGO_PKG_VERSION"), "containers, as Quadlet files of a rootless user")
            .always()
            .numbers(ports::TCP, "port", PORT_HELP, [18_000, 18_999, 1])
            .reusable()
            .numbers(ports::UDP, "UDP port", PORT_HELP, [18_000, 18_999, 1])
            .reusable()
            .owns::<quadlet::Identity>(Merge::ByKey, Unread::Error)
            .contributes::<slots::Env>()
            .contributes::<slots::Command>()
            .contributes::<slots::Secret>()
            .contributes::<slots::Volume>()
            .contributes::<slots::Directory>()
            .contributes::<slots::Endpoint>()
            .contributes::<slots::SystemUnit>()
            .contributes::<slots::Step>()
            .contributes::<slots::Check>()
            .contributes::<slots::Model>()
            .reads::<slots::Identity>(By::Contribute, Of::Service)
            .fulfils::<quadlet::Identity>(By::Check, Of::Service)
            .fulfils::<slots::Env>(By::Check, Of::Service)
            .fulfils::<slots::Mount>(By::Check, Of::Service)
            .reads::<slots::Volume>(By::Check, Of::Service)
            .reads::<slots::Site>(By::Check, Of::Service)
            .fulfils::<slots::Command>(By::Check, Of::Service)
            .fulfils::<slots::Host>(By::Render, Of::Service)
            .writes("/etc/containers/systemd/users/*/*.pod")
            .writes("/etc/containers/systemd/users/*/*.container")
            .writes("/etc/containers/systemd/users/*/*.volume")
            .writes("/etc/rick/*/*.env")
            .writes("/etc/systemd/user/rick-*.service")
            .writes("/etc/systemd/user/rick-*.timer")
            .steps(&["container-command", "podman-secret", "port", "pull", "user-unit-restart", "user-units", "version"])
            .answers(&["claim", "contribute", "check:service", "render:service"])
            .rules(rules::ALL)
    }

    fn claim(call: &ServiceCall<Self>, out: &mut Claims) {
        if parts::parts_of(call).is_empty() {
            return;
        }
        for port in ports::published(call) {
            port.claim(out);
        }
    }

    fn contribute(call: &ServiceCall<Self>, out: &mut Contributions) {
        contribute::contribute(call, out);
    }

    fn check_service(call: &ServiceCall<Self>, out: &mut Diagnostics) {
        rules::check(call, out);
    }

    fn render_service(call: &ServiceCall<Self>, out: &mut Rendered) {
        render::render(call, out);
    }
}

rick_plugin_sdk::export!(Quadlet);
