//! Settings of authentik for what it has no more.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, Version, key_of, remove, warning};

use super::own_variables;
use crate::Quadlet;
use crate::parts::parts_of;

pub const RULE: Rule = Rule {
    code: "AK027",
    name: "authentik-without-redis",
    severity: Severity::Warning,
    waivable: true,
    what: "a variable `AUTHENTIK_REDIS__…` for authentik 2025.10 or newer",
    why: "authentik has not used Redis since 2025.10: cache, tasks and sessions are in PostgreSQL. The variable says nothing, and whoever reads \
          it thinks otherwise.",
    example: "[service]\nimage = \"ghcr.io/goauthentik/server:2025.12.6\"\nport = 9000\n\n[quadlet.env]\nAUTHENTIK_REDIS__HOST = \"cache\"\n",
    use_instead: "[service]\nimage = \"ghcr.io/goauthentik/server:2025.12.6\"\nport = 9000\n",
    source: "https://docs.goauthentik.io/releases/2025.10/",
};

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    // What the image itself says of its version; else what the machine says.
    let tag = |image: &str| image.rsplit_once(':').and_then(|(_, tag)| Version::parse(tag));
    let image = parts_of(call).into_iter().map(|part| part.image).find(|image| image.contains("goauthentik/"));
    let Some(image) = image else { return };
    let version = tag(image).or_else(|| call.machine.version("authentik"));
    if version.is_none_or(|version| version < Version(2025, 10, 0)) {
        return;
    }
    for (name, _, place) in own_variables(call) {
        if name.starts_with("AUTHENTIK_REDIS__") {
            let at = place(&[]);
            out.push(
                warning(RULE.code, format!("`{name}` says nothing to this authentik, which uses no Redis"), key_of(at.clone()))
                    .help("leave it out")
                    .safe_fix(format!("remove `{name}`"), vec![remove(&at)]),
            );
        }
    }
}
