//! A name that is authentik's own in addresses.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, service, table};

use crate::Authentik;

pub const RULE: Rule = Rule {
    code: "AK036",
    name: "reserved-slug",
    severity: Severity::Error,
    waivable: false,
    what: "an application with the slug `authorize`, `token`, `device`, `userinfo`, `introspect` or `revoke`",
    why: "These are authentik's own, below the same address: the application would not be reached, and since 2025.8 it is not taken.",
    example: beside_authentik!(site!("[authentik]\npattern = \"oauth2\"\ncallbacks = [\"/oauth/callback\"]\nslug = \"token\"\n")),
    use_instead: beside_authentik!(site!(
        "[authentik]\npattern = \"oauth2\"\ncallbacks = [\"/oauth/callback\"]\nslug = \"tokens\"\n"
    )),
    source: "authentik: authentik/core/models.py, Application.slug; authentik/providers/oauth2/urls.py",
};

const RESERVED: [&str; 6] = ["authorize", "token", "device", "userinfo", "introspect", "revoke"];

pub fn check(call: &ServiceCall<Authentik>, out: &mut Diagnostics) {
    let slug = call.table.slug(&call.service);
    if RESERVED.contains(&slug) {
        let place = if call.table.slug.is_some() { table(&["slug"]) } else { service(&["name"]) };
        let message = format!("`{slug}` is authentik's own name below /application/o/");
        out.push(error(RULE.code, message, place).help("give it another `slug` in [authentik]"));
    }
}
