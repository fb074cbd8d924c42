//! Variables and mounts for a service that has no container of its own image.

use rick_plugin_sdk::{Diagnostics, Place, Rule, ServiceCall, Severity, error, slots};

use crate::Quadlet;
use crate::parts::parts_of;

pub const RULE: Rule = Rule {
    code: "QD057",
    name: "nothing-runs",
    severity: Severity::Error,
    waivable: false,
    what: "a variable or a mount for the service's own parts, where the service has no image and so no such part",
    why: "It would go nowhere: the database is made, and nothing connects to it.",
    example: "# services/wiki.toml\n[service]\ndescription = \"A wiki\"\n\n[postgres]\n",
    use_instead: "# services/wiki.toml\n[service]\ndescription = \"A wiki\"\nimage = \"ghcr.io/acme/wiki:2.1\"\n\n[postgres]\n",
    source: "docs/plugins/quadlet.md",
};

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    if parts_of(call).iter().any(|part| part.own) {
        return;
    }
    let variables = call.reads.of::<slots::Env>().into_iter().map(|read| (read.part, read.key, read.place));
    let mounts = call.reads.of::<slots::Mount>().into_iter().map(|read| (read.part, read.key, read.place));
    let lost: Option<(Option<String>, String, Place)> = variables.chain(mounts).find(|(part, ..)| part.is_none());
    if let Some((_, key, place)) = lost {
        let message = format!("`{}` has no part of an image of its own, which `{key}` is for", call.service.name);
        out.push(error(RULE.code, message, place).help("add `image` to [service], or name the part that it is for"));
    }
}
