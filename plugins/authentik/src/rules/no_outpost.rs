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
    example: "[authentik]\npattern = \"forward-auth\"\n\n# and no services/authentik.toml\n",
    use_instead: "[authentik]\npattern = \"forward-auth\"\n\n# with services/authentik.toml, or in rick.toml:\n# [machines.web1.authentik]\n\
                  # outpost = \"10.0.0.5:9000\"\n",
    source: "authentik: internal/utils/web/host.go, which host a request is about",
};
