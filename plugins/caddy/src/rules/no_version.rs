//! A version that is none.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, machine};

use crate::Caddy;
use crate::site::PROXY;

pub const RULE: Rule = Rule {
    code: "CA028",
    name: "caddy-version-unreadable",
    severity: Severity::Error,
    waivable: false,
    what: "a machine whose `versions` say of Caddy what is no version",
    why: "Before 2.9 a site needs lines that later versions do not, and rick asks the machine whether it has the version that is stated.",
    example: concat!(
        "# rick.toml\n[machines.web1]\nversions = { podman = \"5.4.2\", caddy = \"newest\" }\n\n# services/myservice.toml\n",
        site!("[caddy]\n")
    ),
    use_instead: concat!(
        "# rick.toml\n[machines.web1]\nversions = { podman = \"5.4.2\", caddy = \"2.6.2\" }\n\n# services/myservice.toml\n",
        site!("[caddy]\n")
    ),
    source: "docs/plugins/caddy.md",
};

pub fn check(call: &ServiceCall<Caddy>, out: &mut Diagnostics) {
    let Some(text) = call.machine.versions.get(PROXY).filter(|_| call.machine.version(PROXY).is_none()) else { return };
    let message = format!("`{text}` is no version of Caddy");
    out.push(error(RULE.code, message, machine(&["versions", PROXY])).help("write what `caddy version` shows: `2.6.2`"));
}
