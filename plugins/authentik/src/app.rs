//! What a service is in authentik: an application, a provider, groups, and who is bound to it.
//!
//! A blueprint changes what is there and deletes nothing. So each binding has its own place in the order, always the same: what
//! the manifest no longer says is made absent there, and a group that was changed does not leave the old one's members in.

use rick_plugin_sdk::input::ServiceEntry;
use rick_plugin_sdk::{Place, Version, place};

use crate::blueprint::{Blueprint, Entry, Value, text};
use crate::policy;
use crate::table::{Pattern, Table};

const FLOW: &str = "authentik_flows.flow";
const PROXY: &str = "authentik_providers_proxy.proxyprovider";
const OAUTH2: &str = "authentik_providers_oauth2.oauth2provider";
const SCOPE: &str = "authentik_providers_oauth2.scopemapping";
const APPLICATION: &str = "authentik_core.application";
const GROUP: &str = "authentik_core.group";
const EXPRESSION: &str = "authentik_policies_expression.expressionpolicy";
const BINDING: &str = "authentik_policies.policybinding";
const CERTIFICATE: &str = "authentik_crypto.certificatekeypair";
const OUTPOST: &str = "authentik_outposts.outpost";
const APPLY: &str = "authentik_blueprints.metaapplyblueprint";

/// The scopes that authentik brings, and what it manages them as.
const MANAGED_SCOPES: [(&str, &str); 5] = [
    ("openid", "goauthentik.io/providers/oauth2/scope-openid"),
    ("email", "goauthentik.io/providers/oauth2/scope-email"),
    ("profile", "goauthentik.io/providers/oauth2/scope-profile"),
    ("offline_access", "goauthentik.io/providers/oauth2/scope-offline_access"),
    ("entitlements", "goauthentik.io/providers/oauth2/scope-entitlements"),
];

/// Where an application is bound to what.
#[derive(Debug, Clone, Copy)]
enum Order {
    Group,
    Groups,
    Networks,
    Hours,
}

/// A service that signs people on.
pub struct App<'a> {
    /// Its name.
    pub name: &'a str,
    /// What its manifest says.
    pub entry: &'a ServiceEntry<Table>,
    /// Where browsers reach it.
    pub url: Option<String>,
    /// The version of authentik.
    pub version: Version,
}

impl App<'_> {
    fn table(&self) -> &Table {
        &self.entry.table
    }

    fn at(&self, steps: &[&str]) -> Place {
        place::table_of(self.name, steps)
    }

    fn of_service(&self, key: &str) -> Place {
        place::of(self.name, &["service", key])
    }

    /// What its blueprint and its provider are called: no two blueprints, and no two providers, may have one name.
    fn own_name(&self) -> String {
        format!("rick: {}", self.name)
    }

    /// The blueprint of the service.
    pub fn blueprint(&self) -> Blueprint {
        let because = self.at(&[]);
        let mut entries = self.foundations();
        let groups = self.table().groups(&self.entry.service);
        for (index, group) in groups.iter().enumerate() {
            let steps = self.table().group_steps(index);
            let place = self.at(&steps.iter().map(String::as_str).collect::<Vec<_>>());
            // Its name alone: a group that is there already keeps what it is, and may be the administrators'.
            entries.push(Entry::new(GROUP, vec![("name", text(group))], &place).id(format!("group-{index}")));
        }
        if self.table().pattern != Pattern::ForwardAuth {
            self.scopes(&mut entries);
        }
        entries.push(match self.table().pattern {
            Pattern::ForwardAuth => self.proxy_provider(),
            Pattern::Oauth2 | Pattern::ApiOnly => self.oauth2_provider(),
        });
        entries.push(self.application());
        self.bindings(&groups, &mut entries);
        let headline = format!("the service {}; written by rick, change its manifest instead", self.name);
        Blueprint { name: self.own_name(), headline, because, entries }
    }

    /// The blueprint that takes it out again. Groups stay: people were put into them. The application first, which its bindings go with.
    pub fn farewell(&self) -> Blueprint {
        let because = self.at(&[]);
        let slug = text(self.table().slug(&self.entry.service));
        let mut entries = vec![Entry::new(APPLICATION, vec![("slug", slug)], &because).absent()];
        for model in [PROXY, OAUTH2] {
            entries.push(Entry::new(model, vec![("name", text(self.own_name()))], &because).absent());
        }
        for what in ["groups", "networks", "hours"] {
            let name = text(format!("{} {what}", self.own_name()));
            entries.push(Entry::new(EXPRESSION, vec![("name", name)], &because).absent());
        }
        let headline = format!("what becomes of the service {} when it is removed; written by rick", self.name);
        Blueprint { name: format!("{}, removed", self.own_name()), headline, because, entries }
    }

    /// authentik's own blueprints that make what this one refers to: on a new machine they may not have been applied yet.
    fn foundations(&self) -> Vec<Entry> {
        let because = self.at(&["pattern"]);
        let consent = if self.table().consent { "explicit" } else { "implicit" };
        let authorization = format!("default/flow-default-provider-authorization-{consent}-consent.yaml");
        let mut paths = vec![authorization, "default/flow-default-provider-invalidation.yaml".to_owned()];
        paths.push("system/providers-oauth2.yaml".to_owned());
        if self.table().pattern == Pattern::ForwardAuth {
            paths.push("system/providers-proxy.yaml".to_owned());
        }
        paths.iter().map(|path| apply_first(path, &because)).collect()
    }

    fn flows(&self, entry: Entry) -> Entry {
        let (because, consent) = (self.at(&["pattern"]), self.table().consent);
        let authorization = if consent {
            "default-provider-authorization-explicit-consent"
        } else {
            "default-provider-authorization-implicit-consent"
        };
        let place = if consent { self.at(&["consent"]) } else { because.clone() };
        entry.set("authorization_flow", Value::Find(FLOW, "slug", authorization.to_owned()), &place).set(
            "invalidation_flow",
            Value::Find(FLOW, "slug", "default-provider-invalidation-flow".to_owned()),
            &because,
        )
    }

    /// `mode` is `proxy` by default, which answers no other proxy.
    fn proxy_provider(&self) -> Entry {
        let because = self.at(&["pattern"]);
        let entry = Entry::new(PROXY, vec![("name", text(self.own_name()))], &because).id("provider");
        let entry = self.flows(entry).set("mode", text("forward_single"), &because);
        match &self.url {
            Some(url) => entry.set("external_host", text(url), &self.of_service("domain")),
            None => entry,
        }
    }

    fn oauth2_provider(&self) -> Entry {
        let table = self.table();
        let because = self.at(&["pattern"]);
        let entry = Entry::new(OAUTH2, vec![("name", text(self.own_name()))], &because).id("provider");
        let mut entry = self.flows(entry);
        let kind = if table.public_client { "public" } else { "confidential" };
        entry = entry.set("client_type", text(kind), &self.at(&["public_client"]));
        let place = if table.client_id.is_some() { self.at(&["client_id"]) } else { self.at(&[]) };
        entry = entry.set("client_id", text(table.client_id(&self.entry.service)), &place);
        if !table.public_client {
            entry = entry.set("client_secret", Value::Secret(client_secret(self.name)), &because);
        }
        let callbacks = match table.pattern {
            // Where there is no address, the first that anybody asks for is kept as the right one. This one is nobody's (RFC 2606).
            Pattern::ApiOnly => vec!["https://no-callback.invalid/".to_owned()],
            _ => table.callbacks(self.url.as_deref().unwrap_or_default()),
        };
        let callbacks = callbacks.into_iter().map(|url| Value::Map(vec![("matching_mode", text("strict")), ("url", text(url))]));
        entry = entry.set("redirect_uris", Value::List(callbacks.collect()), &self.at(&["callbacks"]));
        // Until 2026.5 every way of asking was allowed; from then on, none that is not named.
        if self.version >= Version(2026, 5, 0) {
            let types: &[&str] = match table.pattern {
                Pattern::ApiOnly => &["client_credentials"],
                _ => &["authorization_code", "refresh_token"],
            };
            let types = types.iter().map(|&name| text(name)).collect();
            entry = entry.set("grant_types", Value::List(types), &because);
        }
        let (scopes, place) = (table.scopes(), self.at(&["scopes"]));
        let mappings = scopes.iter().map(|scope| match self.managed(scope) {
            Some(managed) => Value::Find(SCOPE, "managed", managed.to_owned()),
            None => Value::KeyOf(scope_id(&scopes, scope)),
        });
        entry = entry.set("property_mappings", Value::List(mappings.collect()), &place);
        // Without a key, tokens are signed by the client's secret, which most clients do not take.
        let certificate = Value::Find(CERTIFICATE, "name", "authentik Self-signed Certificate".to_owned());
        entry
            .set("signing_key", certificate, &because)
            .set("sub_mode", text(table.subject.mode()), &self.at(&["subject"]))
            .set("issuer_mode", text("per_provider"), &because)
            .set("include_claims_in_id_token", Value::Bool(true), &because)
    }

    /// The scopes that authentik does not bring.
    fn scopes(&self, entries: &mut Vec<Entry>) {
        let scopes = self.table().scopes();
        for (index, scope) in scopes.iter().enumerate().filter(|(_, scope)| self.managed(scope).is_none()) {
            let place = self.at(&["scopes", &index.to_string()]);
            let name = text(format!("rick: {} {scope}", self.name));
            let entry = Entry::new(SCOPE, vec![("name", name)], &place).id(scope_id(&scopes, scope));
            // What many clients ask for, and authentik gives with `profile`, but without groups by way of others.
            let expression = match scope.as_str() {
                "groups" => r#"return {"groups": [group.name for group in request.user.all_groups()]}"#,
                "email" => r#"return {"email": request.user.email, "email_verified": True}"#,
                _ => "return {}",
            };
            entries.push(entry.set("scope_name", text(scope), &place).set("expression", text(expression), &place));
        }
    }

    /// What authentik manages a scope as, where its own will do.
    fn managed(&self, scope: &str) -> Option<&'static str> {
        let own = MANAGED_SCOPES.iter().find(|(name, _)| *name == scope).map(|(_, managed)| *managed);
        own.filter(|_| !(self.table().verified_email && scope == "email"))
    }

    fn application(&self) -> Entry {
        let table = self.table();
        let because = self.at(&[]);
        let place = if table.slug.is_some() { self.at(&["slug"]) } else { because.clone() };
        let entry = Entry::new(APPLICATION, vec![("slug", text(table.slug(&self.entry.service)))], &place).id("application");
        let place = if table.name.is_some() { self.at(&["name"]) } else { because.clone() };
        let mut entry = entry.set("name", text(table.title(&self.entry.service)), &place).set(
            "provider",
            Value::KeyOf("provider".to_owned()),
            &because,
        );
        if let (Some(url), true) = (&self.url, table.pattern != Pattern::ApiOnly) {
            entry = entry.set("meta_launch_url", text(format!("{url}/")), &self.of_service("domain"));
        }
        if let Some(category) = &table.category {
            entry = entry.set("group", text(category), &self.at(&["category"]));
        }
        // By default, any of several bindings is enough.
        entry.set("policy_engine_mode", text("all"), &because)
    }

    fn bindings(&self, groups: &[String], entries: &mut Vec<Entry>) {
        let table = self.table();
        let place = |key: &str, said: bool| if said { self.at(&[key]) } else { self.at(&[]) };
        let of_groups = place("groups", table.groups.is_some());
        let of_group = place("group", table.group.is_some());
        let policies = [
            (Order::Groups, "groups", (groups.len() > 1).then(|| policy::any_group(groups)), of_groups),
            (
                Order::Networks,
                "networks",
                (!table.networks.is_empty()).then(|| policy::networks(&table.networks)),
                place("networks", !table.networks.is_empty()),
            ),
            (Order::Hours, "hours", table.hours.as_ref().map(policy::hours), place("hours", table.hours.is_some())),
        ];
        for (_, what, expression, place) in &policies {
            if let Some(expression) = expression {
                let name = text(format!("rick: {} {what}", self.name));
                let entry = Entry::new(EXPRESSION, vec![("name", name)], place).id(format!("policy-{what}"));
                entries.push(entry.set("expression", Value::Lines(expression.clone()), place));
            }
        }
        let binding = |order: Order, place: &Place| {
            let order = Value::Number(order as i64);
            Entry::new(BINDING, vec![("order", order), ("target", Value::KeyOf("application".to_owned()))], place)
        };
        let group = binding(Order::Group, &of_group);
        entries.push(match groups {
            [_] => group.set("group", Value::KeyOf("group-0".to_owned()), &of_group),
            _ => group.absent(),
        });
        for (order, what, expression, place) in &policies {
            let entry = binding(*order, place);
            entries.push(match expression {
                Some(_) => entry.set("policy", Value::KeyOf(format!("policy-{what}")), place),
                None => entry.absent(),
            });
        }
    }
}

fn scope_id(scopes: &[String], scope: &str) -> String {
    format!("scope-{}", scopes.iter().position(|other| other == scope).unwrap_or_default())
}

/// The name of the secret that the client of a service and authentik share.
pub fn client_secret(service: &str) -> String {
    format!("{service}_authentik_client_secret")
}

/// Applies another blueprint before what follows, where it is known: authentik finds blueprints in no order.
fn apply_first(path: &str, because: &Place) -> Entry {
    let identifiers = Value::Map(vec![("path", text(path))]);
    Entry::new(APPLY, Vec::new(), because).set("identifiers", identifiers, because).set("required", Value::Bool(false), because)
}

/// The embedded outpost, with the providers of all services: its list is set as a whole, so that of two blueprints the one that came
/// last would have it for itself.
pub fn outpost(apps: &[App<'_>], others: &[String], server: Option<(&str, Place)>) -> Blueprint {
    let because = apps[0].at(&["pattern"]);
    let mut entries = Vec::new();
    for app in apps {
        entries.push(apply_first(&format!("{}/{}.yaml", crate::RELATIVE, app.name), &app.at(&["pattern"])));
    }
    let mut providers: Vec<Value> = apps.iter().map(|app| Value::Find(PROXY, "name", app.own_name())).collect();
    providers.extend(others.iter().map(|name| Value::Find(PROXY, "name", name.clone())));
    let entry = Entry::new(OUTPOST, vec![("managed", text("goauthentik.io/outposts/embedded"))], &because);
    let mut entry = entry.set("type", text("proxy"), &because).set("providers", Value::List(providers), &because);
    if let Some((server, place)) = server {
        // Where it sends browsers to sign on. It is set as a whole, and the outpost does not start without this one.
        let config = vec![("authentik_host", text(server)), ("log_level", text("info"))];
        entry = entry.set("config", Value::Map(config), &place);
    }
    entries.push(entry);
    let headline = "the outpost for all services; written by rick, change their manifests instead".to_owned();
    Blueprint { name: "rick: embedded outpost".to_owned(), headline, because, entries }
}
