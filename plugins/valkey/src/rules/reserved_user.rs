//! A service by the name of a user that is somebody else.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, service};

use crate::Valkey;
use crate::acl::KEEPER;

pub const RULE: Rule = Rule {
    code: "VK013",
    name: "reserved-cache-user",
    severity: Severity::Error,
    waivable: false,
    what: "a service named `default` or `rick` with a table `[valkey]`",
    why: "A service's user has the service's name. `default` is who everybody is without a password, and `rick` reads the ACL file anew.",
    example: "# services/default.toml\n[valkey]\n",
    use_instead: "# services/myservice.toml\n[valkey]\n",
    source: "https://valkey.io/topics/acl/",
};

pub fn check(call: &ServiceCall<Valkey>, out: &mut Diagnostics) {
    let name = &call.service.name;
    if name == "default" || name == KEEPER {
        let message = format!("the user `{name}` of Valkey is not a service's");
        out.push(error(RULE.code, message, service(&["name"])).help("give the service another name"));
    }
}
