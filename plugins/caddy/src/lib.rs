//! The plugin `caddy`: a site for each service's domain, behind the gate that another plugin contributed.
//!
//! Reading order: [`table`] is what a manifest says; `claim`, `contribute` and `render` below are the three calls; [`site`] puts a
//! site together, [`identity`] decides about headers, [`caddyfile`] is the format; `rules/` has one file for each check.
//!
//! Nothing here knows who stands at the gate: all of it is in `rick:gate@1`.

mod caddyfile;
mod identity;
mod questions;
mod rules;
mod site;
mod table;

use rick_plugin_sdk::slots::{self, Action, Phase, Position, SiteValue, UnitAction};
use rick_plugin_sdk::{
    Artifact, By, Claims, Contributions, Descriptor, Diagnostics, MachineCall, Of, Plugin, Rendered, ServiceCall, fact, machine,
    place, service, table, table_key, text,
};
use site::Site;

pub use table::{Facts, Form, Settings, Table};

/// The pool of domains: one name leads to one service, wherever it runs.
const DOMAINS: &str = "caddy:domain";
/// Imports the sites.
const IMPORTS: &str = "/etc/rick/caddy/imports.caddy";

/// The plugin.
pub struct Caddy;

impl Plugin for Caddy {
    type Table = Table;
    type Settings = Settings;
    type Facts = Facts;

    fn describe() -> Descriptor {
        Descriptor::new::<Self>("caddy", env!("CARGO_PKG_VERSION"), "sites of the web server Caddy")
            .names(DOMAINS, "domain", "give one of them another domain")
            .project_wide()
            .contributes::<slots::Site>()
            .contributes::<slots::Env>()
            .contributes::<slots::Step>()
            .contributes::<slots::Check>()
            .contributes::<slots::Model>()
            .reads::<slots::Endpoint>(By::Check, Of::Service)
            .fulfils::<slots::Gate>(By::Check, Of::Service)
            .writes("/etc/rick/caddy/sites/*.caddy")
            .writes(IMPORTS)
            .writes("/etc/caddy/Caddyfile")
            .steps(&["block", "caddy-validate", "system-unit", "version"])
            .answers(&["claim", "contribute", "check:service", "render:service", "render:machine"])
            .rules(rules::ALL)
    }

    fn claim(call: &ServiceCall<Self>, out: &mut Claims) {
        if let Some(domain) = &call.service.domain {
            out.want(DOMAINS, domain, domain.as_str(), service(&["domain"]));
        }
        for (index, domain) in call.table.domains.iter().enumerate() {
            out.want(DOMAINS, domain, domain.as_str(), table(&["domains", &index.to_string()]));
        }
    }

    fn contribute(call: &ServiceCall<Self>, out: &mut Contributions) {
        let Some(domain) = &call.service.domain else { return };
        out.add::<slots::Site>(domain, &SiteValue { url: site::url(call, domain) }, service(&["domain"]));
        for (variable, form) in &call.table.env {
            let (value, reason) = match form {
                Form::Url => (site::url(call, domain), service(&["domain"])),
                Form::Domain => (domain.clone(), service(&["domain"])),
                Form::Proxies => (call.facts.seen_as.join(","), fact(&["seen_as"])),
                Form::ProxiesSpaced => (call.facts.seen_as.join(" "), fact(&["seen_as"])),
            };
            out.add::<slots::Env>(variable, &text(&value), table_key(&["env", variable])).because(reason);
        }
    }

    fn check_service(call: &ServiceCall<Self>, out: &mut Diagnostics) {
        rules::check(call, out);
    }

    fn render_service(call: &ServiceCall<Self>, out: &mut Rendered) {
        let Some(site) = Site::of(call) else { return };
        let file = site.artifact();
        out.add::<slots::Model>(file.path(), &site.model(), service(&["domain"]));
        questions::of_site(&site, out);
        out.artifact(file);
    }

    fn render_machine(call: &MachineCall<Self>, out: &mut Rendered) {
        let served: Vec<&String> =
            call.services.iter().filter(|(_, entry)| entry.service.domain.is_some()).map(|(name, _)| name).collect();
        let domain = |service: &str| place::of(service, &["service", "domain"]);
        let Some(first) = served.first() else { return };
        let mut imports = Artifact::new(IMPORTS);
        imports.line("# written by rick; change the services' manifests instead", domain(first));
        // The comments are there so that the file changes where a site comes or goes; a pattern that fits nothing is no error to Caddy,
        // as a file that is gone would be.
        for name in &served {
            imports.line(format!("# {name}"), domain(name));
        }
        imports.line(format!("import {}", site::path("*")), domain(first));

        // Within a phase rick goes by the keys.
        let because = fact(&["caddyfile"]);
        let file = call.facts.caddyfile.clone();
        let block = Action::Block {
            file: file.clone(),
            source: IMPORTS.to_owned(),
            marker: "rick".to_owned(),
            position: Position::Bottom,
        };
        out.step("block", Phase::Proxy, block, &[IMPORTS], because.clone());
        let sites: Vec<String> = served.iter().map(|name| site::path(name)).collect();
        let changed: Vec<&str> = std::iter::once(IMPORTS).chain(sites.iter().map(String::as_str)).collect();
        out.step("check", Phase::Proxy, Action::CaddyValidate { file }, &changed, because);
        let reload = Action::SystemUnit { unit: call.facts.unit.clone(), action: UnitAction::Reload, undo: None };
        out.step("reload", Phase::Proxy, reload, &changed, fact(&["unit"]));
        if let Some(stated) = call.machine.versions.get("caddy").filter(|_| call.machine.version("caddy").is_some()) {
            let asked = Action::Version { of: "caddy".to_owned(), stated: stated.clone() };
            out.step("version", Phase::Ask, asked, &[], machine(&["versions", "caddy"]));
        }
        out.artifact(imports);
    }
}

rick_plugin_sdk::export!(Caddy);
