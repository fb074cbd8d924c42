//! A version that is none.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, machine};

use crate::Valkey;

pub const RULE: Rule = Rule {
    code: "VK014",
    name: "valkey-version-unreadable",
    severity: Severity::Error,
    waivable: false,
    what: "a machine whose `versions` say of Valkey what is no version",
    why: "rick asks the machine whether it has the version that is stated.",
    example: "# rick.toml\n[machines.web1]\nversions = { podman = \"5.4.2\", valkey = \"newest\" }\n\n# services/myservice.toml\n[valkey]\n",
    use_instead: "# rick.toml\n[machines.web1]\nversions = { podman = \"5.4.2\", valkey = \"8.1.1\" }\n\n# services/myservice.toml\n[valkey]\n",
    source: "docs/plugins/valkey.md",
};

pub fn check(call: &ServiceCall<Valkey>, out: &mut Diagnostics) {
    let Some(text) = call.machine.versions.get("valkey").filter(|_| call.machine.version("valkey").is_none()) else { return };
    let message = format!("`{text}` is no version of Valkey");
    out.push(
        error(RULE.code, message, machine(&["versions", "valkey"])).help("write what `valkey-server --version` shows: `8.1.1`"),
    );
}
