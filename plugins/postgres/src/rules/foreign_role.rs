//! A role that has the name of another service's user, who could then be it.

use rick_plugin_sdk::slots::Identity;
use rick_plugin_sdk::{Diagnostics, MachineCall, Place, Rule, Severity, error, place::pointer};

use crate::Postgres;

pub const RULE: Rule = Rule {
    code: "PG015",
    name: "role-of-anothers-name",
    severity: Severity::Error,
    waivable: false,
    what: "a role with the name of another service's user on the same machine",
    why: "PostgreSQL's own `local all all peer`, which comes after rick's lines, lets each user of the machine be the role of its name. \
          The other service could connect as this role, and as its owner even drop the database.",
    example: "# services/wiki.toml\n[postgres]\nrole = \"feeds\"\n\n# services/feeds.toml\n[service]\nimage = \"ghcr.io/acme/feeds:2.4\"\n",
    use_instead: "# services/wiki.toml\n[postgres]\n\n# services/feeds.toml\n[service]\nimage = \"ghcr.io/acme/feeds:2.4\"\n",
    source: "https://www.postgresql.org/docs/current/auth-peer.html",
};

pub fn check(call: &MachineCall<Postgres>, out: &mut Diagnostics) {
    let identities = call.reads.of::<Identity>();
    for (name, entry) in &call.services {
        let role = entry.table.role(&entry.service);
        let other = identities.iter().find(|identity| identity.value.user == role && identity.service.as_ref() != Some(name));
        let Some(other) = other else { continue };
        let whose = other.service.as_deref().unwrap_or_default();
        let steps = ["services", name, "table"].into_iter().chain(entry.table.role_steps().iter().copied());
        let message = format!("the role `{role}` of `{name}` has the name of the user of `{whose}`, who could connect as it");
        let found = error(RULE.code, message, Place::Value(pointer(steps)))
            .note(format!("`{whose}` runs as `{role}`"), other.place.clone());
        out.push(found.help("give one of them another name: `role` in [postgres], or `user` in [account]"));
    }
}
