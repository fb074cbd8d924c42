//! Nobody to ask. Found in `contribute`: without an answer, what is contributed there cannot be said.

use rick_plugin_sdk::{Rule, Severity};

pub const RULE: Rule = Rule {
    code: "AK031",
    name: "nobody-to-ask",
    severity: Severity::Error,
    waivable: false,
    what: "a service that signs people on, where authentik is neither a service of the project nor named in rick.toml",
    why: "A proxy asks authentik's outpost at each request, by plain HTTP on the machine: through the public address, the outpost takes \
          the request to be about another application.",
    example: site!("[authentik]\npattern = \"forward-auth\"\n\n[caddy]\n"),
    use_instead: beside_authentik!(site!("[authentik]\npattern = \"forward-auth\"\n\n[caddy]\n")),
    source: "authentik: internal/utils/web/host.go, which host a request is about",
};
