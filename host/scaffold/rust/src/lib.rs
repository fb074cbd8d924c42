//! The plugin `__name__`: tells a service, and whoever logs in on its machine, whom to ask about it.
//!
//! [`table`] is what a manifest says, `contribute`, `check_service` and `render_service` below are the three calls, and
//! `rules/` has one file for each check.

mod rules;
mod table;

use rick_plugin_sdk::{
    Artifact, By, Contributions, Descriptor, Diagnostics, Empty, Of, Plugin, Rendered, ServiceCall,
    slots, table, text,
};

pub use table::Table;

/// The plugin.
pub struct __Type__;

impl Plugin for __Type__ {
    type Table = Table;
    type Settings = Empty;
    type Facts = Empty;

    fn describe() -> Descriptor {
        let summary = "whom to ask about a service";
        Descriptor::new::<Self>("__name__", env!("CARGO_PKG_VERSION"), summary)
            .contributes::<slots::Env>()
            .reads::<slots::Endpoint>(By::Render, Of::Service)
            .writes("/etc/motd.d/rick-*")
            .answers(&["contribute", "check:service", "render:service"])
            .rules(rules::ALL)
    }

    fn contribute(call: &ServiceCall<Self>, out: &mut Contributions) {
        let contact = text(&call.table.contact);
        out.add::<slots::Env>("ADMIN_EMAIL", &contact, table(&["contact"]));
    }

    fn check_service(call: &ServiceCall<Self>, out: &mut Diagnostics) {
        rules::check(call, out);
    }

    fn render_service(call: &ServiceCall<Self>, out: &mut Rendered) {
        if !call.table.motd {
            return;
        }
        let (name, contact) = (&call.service.name, &call.table.contact);
        let mut file = Artifact::new(format!("/etc/motd.d/rick-{name}"));
        for endpoint in call.reads.of::<slots::Endpoint>() {
            if endpoint.value.protocol == "http" {
                let line = format!("{name}: http://{}, ask {contact}", endpoint.value.authority());
                file.line(line, vec![table(&["contact"]), endpoint.place]);
            }
        }
        if file.is_empty() {
            file.line(format!("{name}: ask {contact}"), table(&["contact"]));
        }
        out.artifact(file);
    }
}

rick_plugin_sdk::export!(__Type__);
