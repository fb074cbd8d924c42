//! An authentik of which nothing can be said.

use rick_plugin_sdk::place::pointer;
use rick_plugin_sdk::{Diagnostics, Place, ProjectCall, Rule, Severity, Version, error, setting};

use crate::{Authentik, identity_of, version};

pub const RULE: Rule = Rule {
    code: "AK032",
    name: "authentik-version-unknown",
    severity: Severity::Error,
    waivable: false,
    what: "a project with `[authentik]` in a manifest that does not say which authentik there is, says what is no version, or one before 2024.12",
    why: "What a blueprint must say differs from version to version. What it says too much is dropped in silence, and what it lacks makes \
          the whole of it void.",
    example: beside_authentik!(
        "# rick.toml\n[machines.web1]\nversions = { podman = \"5.4.2\" }\n\n# services/myservice.toml\n",
        site!("[authentik]\npattern = \"oauth2\"\ncallbacks = [\"/oauth/callback\"]\n")
    ),
    use_instead: beside_authentik!(
        "# rick.toml\n[machines.web1]\nversions = { podman = \"5.4.2\", authentik = \"2025.12\" }\n\n# services/myservice.toml\n",
        site!("[authentik]\npattern = \"oauth2\"\ncallbacks = [\"/oauth/callback\"]\n")
    ),
    source: "authentik: blueprints/schema.json of each version",
};

/// The first version whose models are known here.
const OLDEST: Version = Version(2024, 12, 0);

pub fn check(call: &ProjectCall<Authentik>, out: &mut Diagnostics) {
    match version(call) {
        Some((found, place)) if found < OLDEST => {
            let message = format!("authentik {found} is older than {OLDEST}, the first for which blueprints can be written");
            out.push(error(RULE.code, message, place).help("upgrade authentik, step by step as its release notes say"));
        }
        Some(_) => {}
        None => {
            let machine = identity_of(call).and_then(|identity| identity.machine);
            let stated = machine.as_ref().and_then(|machine| call.machines.get(machine)?.versions.get("authentik"));
            if let (Some(machine), Some(text)) = (&machine, stated) {
                let place = Place::Value(pointer(["machines", machine, "versions", "authentik"]));
                let message = format!("`{text}` is no version of authentik, so no blueprint can be written");
                out.push(error(RULE.code, message, place).help("write it as authentik shows it: `2025.12.6`"));
                return;
            }
            let (place, help) = match &machine {
                Some(machine) => (
                    Place::Value(pointer(["machines", machine, "versions"])),
                    format!("say it in rick.toml: [machines.{machine}] versions = {{ authentik = \"2025.12\" }}"),
                ),
                None => (setting(&["version"]), "say it in rick.toml: [plugins.authentik] version = \"2025.12\"".to_owned()),
            };
            out.push(error(RULE.code, "nobody said which authentik it is, so no blueprint can be written", place).help(help));
        }
    }
}
