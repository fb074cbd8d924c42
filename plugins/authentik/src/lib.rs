//! The plugin `authentik`: for each service a blueprint, and at the service's door a gate; for all of them one outpost.
//!
//! Reading order: [`table`] is what a manifest says; `claim`, `contribute` and `render` below are the three calls; [`app`] is what a
//! service is in authentik, [`policy`] who may enter, [`blueprint`] the format; `rules/` has one file for each check.
//!
//! Nothing here knows a proxy, but for the paths at which authentik's outpost answers each kind.

mod app;
mod blueprint;
mod policy;
mod rules;
mod table;

use std::collections::BTreeMap;

use app::{App, client_secret};
use rick_plugin_sdk::place::{self, pointer};
use rick_plugin_sdk::slots::{
    self, CommandValue, DirectoryValue, GateValue, Generate, IdentityValue, MountKind, MountValue, Nothing, Phase, SecretValue,
};
use rick_plugin_sdk::{
    Artifact, By, Claims, Contributions, Descriptor, Diagnostics, Of, Piece, Place, Plugin, ProjectCall, Read, Rendered, Service,
    ServiceCall, Version, error, service, setting, table, table_key, text,
};
use serde_json::json;

pub use table::{Facts, Form, Pattern, Settings, Table};

/// The pool of applications' names in addresses.
const SLUGS: &str = "authentik:slug";
/// The pool of what clients call themselves.
const CLIENTS: &str = "authentik:client";
/// Where blueprints are on the machine.
const FOLDER: &str = "/etc/rick/authentik/blueprints";
/// Where authentik finds them; below its own folder for those of users.
const INSIDE: &str = "/blueprints/custom/rick";
/// The same, as its command takes it.
const RELATIVE: &str = "custom/rick";
/// The file for the outpost; `_` is in no service's name.
const OUTPOST: &str = "embedded_outpost.yaml";
/// Below it, the outpost answers.
const CALLBACK: &str = "/outpost.goauthentik.io/";

/// The plugin.
pub struct Authentik;

impl Plugin for Authentik {
    type Table = Table;
    type Settings = Settings;
    type Facts = Facts;

    fn describe() -> Descriptor {
        Descriptor::new::<Self>("authentik", env!("CARGO_PKG_VERSION"), "sign-on by authentik")
            .names(SLUGS, "application", "give one of them another `slug` in [authentik]")
            .project_wide()
            .names(CLIENTS, "OAuth2 client", "give one of them another `client_id` in [authentik]")
            .project_wide()
            .contributes::<slots::Gate>()
            .contributes::<slots::Env>()
            .contributes::<slots::Secret>()
            .contributes::<slots::Mount>()
            .contributes::<slots::Directory>()
            .contributes::<slots::Command>()
            .contributes::<slots::Host>()
            .contributes::<slots::Check>()
            .contributes::<slots::Model>()
            .reads::<slots::Identity>(By::Contribute, Of::Project)
            .reads::<slots::Endpoint>(By::Contribute, Of::Project)
            .reads::<slots::Site>(By::Contribute, Of::Project)
            .writes("/etc/rick/authentik/blueprints/*.yaml")
            .writes("/etc/rick/authentik/blueprints/.gone/*.yaml")
            .answers(&["claim", "contribute", "check:service", "check:project", "render:project"])
            .rules(rules::ALL)
    }

    fn claim(call: &ServiceCall<Self>, out: &mut Claims) {
        let said = &call.table;
        let place = if said.slug.is_some() { table(&["slug"]) } else { table(&[]) };
        out.want(SLUGS, "slug", said.slug(&call.service), place);
        if said.pattern != Pattern::ForwardAuth {
            let place = if said.client_id.is_some() { table(&["client_id"]) } else { table(&[]) };
            out.want(CLIENTS, "client", said.client_id(&call.service), place);
        }
    }

    fn contribute(call: &ServiceCall<Self>, out: &mut Contributions) {
        gate(call, out);
        variables(call, out);
        own_name(call, out);
        if call.table.pattern != Pattern::ForwardAuth && !call.table.public_client {
            let random = SecretValue { generate: Some(Generate { bytes: 48, alphabet: "url".to_owned() }) };
            out.add::<slots::Secret>(&client_secret(&call.service.name), &random, table(&["pattern"]));
        }
        if call.reads.for_service::<slots::Identity>(&call.settings.service).is_empty() {
            return;
        }
        let (provider, worker) = (call.settings.service.as_str(), call.settings.worker.as_str());
        let folder = DirectoryValue { mode: "0750".to_owned(), owner: Some("root".to_owned()), group: None };
        out.add::<slots::Directory>(FOLDER, &folder, table(&[])).service(provider);
        let mount = MountValue { source: FOLDER.to_owned(), read_only: true, kind: MountKind::Directory };
        out.add::<slots::Mount>(INSIDE, &mount, table(&[])).service(provider).part(worker).because(setting(&["worker"]));
        let mut apply = |key: String, file: String, gone: Option<String>| {
            let command = |file: &str| ["ak", "apply_blueprint", &format!("{RELATIVE}/{file}")].map(str::to_owned).to_vec();
            let changed = std::iter::once(&file).chain(&gone).map(|file| format!("{FOLDER}/{file}")).collect();
            let (command, undo) = (command(&file), gone.as_deref().map(command));
            let value = CommandValue { command, unless: None, undo, changed, phase: Phase::SignOn };
            out.add::<slots::Command>(&key, &value, table(&["pattern"])).service(provider).part(worker);
        };
        // Commands of a phase go by their keys: what makes the providers comes before what lists them.
        let name = &call.service.name;
        apply(format!("blueprint:{name}"), format!("{name}.yaml"), Some(gone(name)));
        if call.table.pattern == Pattern::ForwardAuth {
            apply("outpost".to_owned(), OUTPOST.to_owned(), None);
        }
    }

    fn check_service(call: &ServiceCall<Self>, out: &mut Diagnostics) {
        rules::check_service(call, out);
    }

    fn check_project(call: &ProjectCall<Self>, out: &mut Diagnostics) {
        rules::check_project(call, out);
    }

    fn render_project(call: &ProjectCall<Self>, out: &mut Rendered) {
        let Some((version, _)) = version(call) else { return };
        let identity = identity_of(call);
        let group = identity.as_ref().map_or("root", |identity| identity.value.group.as_str());
        let at_home = identity.as_ref().and_then(|identity| identity.machine.clone());
        let sites = call.reads.of::<slots::Site>();
        let mut gated = Vec::new();
        for (name, entry) in &call.services {
            let app = App { name, entry, url: url_of(&entry.service, &sites), version };
            let machine = at_home.as_deref().unwrap_or(&entry.service.machine);
            write(&app.blueprint(), &format!("{name}.yaml"), machine, group, out);
            if identity.is_some() {
                write(&app.farewell(), &gone(name), machine, group, out);
            }
            ask(&app, out);
            if entry.table.pattern == Pattern::ForwardAuth {
                gated.push(app);
            }
        }
        if let Some(first) = gated.first() {
            let server = server(&call.settings, &sites);
            let server = server.as_ref().map(|(url, place)| (url.as_str(), place.clone()));
            let machine = at_home.as_deref().unwrap_or(&first.entry.service.machine).to_owned();
            write(&app::outpost(&gated, &call.settings.other_providers, server), OUTPOST, &machine, group, out);
        }
    }
}

/// The blueprint that takes a service out of authentik, below the folder of those that put it in. authentik passes over what begins
/// with a dot when it looks for blueprints by itself
/// (<https://github.com/goauthentik/authentik/blob/version/2025.12.0/authentik/blueprints/v1/tasks.py>).
fn gone(service: &str) -> String {
    format!(".gone/{service}.yaml")
}

/// The outpost is reached by the service's own domain, where browsers come back to.
fn ask(app: &App<'_>, out: &mut Rendered) {
    let Some(url) = app.url.as_ref().filter(|_| app.entry.table.pattern == Pattern::ForwardAuth) else { return };
    let url = format!("{url}{CALLBACK}ping");
    let check = json!({ "kind": "http", "title": format!("the outpost answers at `{url}`"), "url": url, "status": [204], "authority": "any" });
    out.add::<slots::Check>("outpost", &check, place::of(app.name, &["service", "domain"])).service(app.name);
}

/// A blueprint's file: there may be a secret in it, and authentik alone reads it.
fn write(blueprint: &blueprint::Blueprint, name: &str, machine: &str, group: &str, out: &mut Rendered) {
    let mut file = Artifact::new(format!("{FOLDER}/{name}")).machine(machine).mode(0o640).owner("root", group);
    blueprint.write(&mut file);
    out.add::<slots::Model>(file.path(), &blueprint.model(), blueprint.because.clone()).machine(machine);
    out.artifact(file);
}

/// Whom authentik runs as, where it is a service of this project.
fn identity_of(call: &ProjectCall<Authentik>) -> Option<Read<IdentityValue>> {
    call.reads.for_service::<slots::Identity>(&call.settings.service).into_iter().next()
}

/// The version of authentik, and where it is said: of the machine that it runs on, or for all.
fn version(call: &ProjectCall<Authentik>) -> Option<(Version, Place)> {
    if let Some(version) = &call.settings.version {
        return Version::parse(version).map(|version| (version, setting(&["version"])));
    }
    let machine = identity_of(call)?.machine?;
    let version = call.machines.get(&machine)?.version("authentik")?;
    Some((version, Place::Value(pointer(["machines", &machine, "versions", "authentik"]))))
}

/// authentik's own address, and because of what it is that.
fn server(settings: &Settings, sites: &[Read<slots::SiteValue>]) -> Option<(String, Place)> {
    if let Some(url) = &settings.url {
        return Some((url.clone(), setting(&["url"])));
    }
    let site = sites.iter().find(|site| site.service.as_deref() == Some(settings.service.as_str()))?;
    Some((site.value.url.clone(), site.place.clone()))
}

/// Where browsers reach a service: as its proxy says; without one of this project, by its domain.
fn url_of(service: &Service, sites: &[Read<slots::SiteValue>]) -> Option<String> {
    let site = sites.iter().find(|site| site.service.as_ref() == Some(&service.name)).map(|site| site.value.url.clone());
    site.or_else(|| service.domain.as_ref().map(|domain| format!("https://{domain}")))
}

/// Who answers for the outpost on the machine of a service: its own authentik, or whoever the machine's facts name. Plain HTTP: by its
/// public address, the request would come through the proxy again, and be about another host.
fn outpost(call: &ServiceCall<Authentik>) -> Option<(String, Place)> {
    if let Some(outpost) = &call.facts.outpost {
        return Some((outpost.clone(), rick_plugin_sdk::fact(&["outpost"])));
    }
    let endpoints = call.reads.for_service::<slots::Endpoint>(&call.settings.service);
    let here = endpoints
        .into_iter()
        .find(|read| read.value.protocol == "http" && read.machine.as_deref() == Some(call.machine.name.as_str()))?;
    Some((here.value.authority(), here.place))
}

fn gate(call: &ServiceCall<Authentik>, out: &mut Contributions) {
    if call.table.pattern != Pattern::ForwardAuth {
        return;
    }
    let Some((upstream, place)) = outpost(call) else {
        let (provider, machine) = (&call.settings.service, &call.machine.name);
        let message = format!("nobody on {machine} can be asked who has signed on: no service `{provider}` answers HTTP there");
        let help = format!(
            "add the service `{provider}` with a `port`, or say in rick.toml who answers: [machines.{machine}.authentik] outpost = \
             \"10.0.0.5:9000\""
        );
        out.diagnostics.push(error(rules::no_outpost::RULE.code, message, table(&["pattern"])).help(help));
        return;
    };
    let verify = ["caddy", "traefik", "nginx"].map(|proxy| (proxy.to_owned(), format!("{CALLBACK}auth/{proxy}")));
    let known = [("user", "username"), ("groups", "groups"), ("email", "email"), ("name", "name"), ("uid", "uid")];
    let value = GateValue {
        kind: "forward-auth".to_owned(),
        upstream,
        callback: CALLBACK.to_owned(),
        verify: BTreeMap::from(verify),
        headers: known.iter().map(|(what, word)| ((*what).to_owned(), format!("X-authentik-{word}"))).collect(),
        separator: "|".to_owned(),
        require: call.table.groups(&call.service),
    };
    out.add::<slots::Gate>("", &value, table(&["pattern"])).because(place);
}

/// A client asks authentik by the name that browsers know, which is in the tokens. On one machine with it, that name is the machine.
fn own_name(call: &ServiceCall<Authentik>, out: &mut Contributions) {
    let here = |site: &&Read<slots::SiteValue>| {
        site.service.as_deref() == Some(call.settings.service.as_str())
            && site.machine.as_deref() == Some(call.machine.name.as_str())
    };
    let sites = call.reads.of::<slots::Site>();
    let Some(site) = sites.iter().find(here).filter(|_| call.table.pattern != Pattern::ForwardAuth) else { return };
    out.add::<slots::Host>(&site.key, &Nothing {}, table(&["pattern"])).because(site.place.clone());
}

/// What the service is told: <https://docs.goauthentik.io/add-secure-apps/providers/oauth2/>.
fn variables(call: &ServiceCall<Authentik>, out: &mut Contributions) {
    let said = &call.table;
    if said.env.is_empty() {
        return;
    }
    let sites = call.reads.of::<slots::Site>();
    let Some((server, place)) = server(&call.settings, &sites) else {
        let message = "it is not known at which address people reach authentik, which this would have to say";
        let help = format!(
            "give the service `{}` a `domain` and a table [caddy], or say the address in rick.toml: [plugins.authentik] url = \
             \"https://auth.example.org\"",
            call.settings.service
        );
        out.diagnostics.push(error(rules::no_outpost::RULE.code, message, table_key(&["env"])).help(help));
        return;
    };
    let slug = said.slug(&call.service);
    let own = url_of(&call.service, &sites);
    for (variable, form) in &said.env {
        let value = match form {
            Form::ClientId => text(said.client_id(&call.service)),
            Form::ClientSecret if said.public_client => continue,
            Form::ClientSecret => vec![Piece::secret(&client_secret(&call.service.name), &[])],
            Form::Issuer => text(&format!("{server}/application/o/{slug}/")),
            Form::DiscoveryUrl => text(&format!("{server}/application/o/{slug}/.well-known/openid-configuration")),
            Form::AuthorizationUrl => text(&format!("{server}/application/o/authorize/")),
            Form::TokenUrl => text(&format!("{server}/application/o/token/")),
            Form::UserinfoUrl => text(&format!("{server}/application/o/userinfo/")),
            Form::IntrospectionUrl => text(&format!("{server}/application/o/introspect/")),
            Form::JwksUrl => text(&format!("{server}/application/o/{slug}/jwks/")),
            Form::EndSessionUrl => text(&format!("{server}/application/o/{slug}/end-session/")),
            Form::Callback => match said.callbacks(own.as_deref().unwrap_or_default()).first() {
                Some(callback) => text(callback),
                None => continue,
            },
            Form::Scopes => text(&said.scopes().join(" ")),
            Form::Server => text(&server),
        };
        let added = out.add::<slots::Env>(variable, &value, table_key(&["env", variable]));
        match form {
            Form::Callback => added.because(service(&["domain"])),
            Form::ClientId | Form::ClientSecret | Form::Scopes => added,
            _ => added.because(place.clone()),
        };
    }
}

rick_plugin_sdk::export!(Authentik);
