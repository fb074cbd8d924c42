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

/// The first that uses none.
const WITHOUT: Version = Version(2025, 10, 0);

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    let parts = parts_of(call);
    let images = parts.iter().map(|part| part.image).filter(|image| image.contains("goauthentik/"));
    // The oldest of its images says what is understood; an image without a version, what the machine says.
    let (version, is_sure) = match images.map(tag).min() {
        Some(Some(oldest)) => (Some(oldest), true),
        Some(None) => (call.machine.version("authentik"), false),
        None => return,
    };
    if version.is_none_or(|version| version < WITHOUT) {
        return;
    }
    for (name, _, place) in own_variables(call) {
        if name.starts_with("AUTHENTIK_REDIS__") {
            let (at, title) = (place(&[]), format!("remove `{name}`"));
            let message = format!("`{name}` says nothing to this authentik, which uses no Redis");
            let found = warning(RULE.code, message, key_of(at.clone())).help("leave it out");
            let fix = vec![remove(&at)];
            out.push(if is_sure { found.safe_fix(title, fix) } else { found.unsafe_fix(title, fix) });
        }
    }
}

/// The version in an image's tag: `ghcr.io:443/x/y:1.2@sha256:…` has 1.2.
fn tag(image: &str) -> Option<Version> {
    let name = image.split('@').next()?.rsplit('/').next()?;
    name.split_once(':').and_then(|(_, tag)| Version::parse(tag))
}
