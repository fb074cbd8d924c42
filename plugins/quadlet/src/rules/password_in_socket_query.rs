//! A password in the query of a socket's address.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, warning};

use super::{own_variables, shown};
use crate::Quadlet;

pub const RULE: Rule = Rule {
    code: "VK008",
    name: "password-in-socket-query",
    severity: Severity::Warning,
    waivable: true,
    what: "an address `unix://…?password=…` in a variable",
    why: "Only redis-py takes it, and before version 8 decodes it twice, so that a `+` becomes a space. go-redis refuses it, redis-rs wants \
          `pass=`, and node-redis connects without any password.",
    example: "[quadlet.env]\nCACHE_URL = [\"unix:///run/other/cache.sock?db=1&password=\", { secret = \"cache_password\", encode = [\"percent\"] }]\n",
    use_instead: "[valkey]\nclient = \"redis-py\"\n",
    source: "tried with redis-py 5.0 to 8.1, go-redis 9.17, redis-rs and node-redis 6.3",
};

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    for (name, value, place) in own_variables(call) {
        let text = shown(value);
        if has_password(&text) {
            let message = format!("the password in `{name}` is in the query of a socket's address, which only redis-py reads");
            let help = "add [valkey] with `client`: rick writes the address in the form that the library takes";
            out.push(warning(RULE.code, message, place(&[])).help(help));
        }
    }
}

/// Whether a text is a socket's address with a password in its query.
pub fn has_password(text: &str) -> bool {
    let asked = text.split_once('?').is_some_and(|(_, query)| query.split('&').any(|pair| pair.starts_with("password=")));
    asked && (text.starts_with("unix://") || text.starts_with("redis+socket://"))
}
