//! A secret that is written down.

use rick_plugin_sdk::slots::Piece;
use rick_plugin_sdk::{Diagnostics, Place, Rule, ServiceCall, Severity, slots, warning};

use super::placeholder_secret::is_placeholder;
use crate::Quadlet;

pub const RULE: Rule = Rule {
    code: "QD031",
    name: "secret-written-down",
    severity: Severity::Warning,
    waivable: true,
    what: "a variable that is a password, a token or a key by its name, with its value in the manifest",
    why: "It is in the repository for ever, and on the machine in a file that says what the service is. As a secret it is kept apart, may be \
          made at random, and comes into no file that a build writes.",
    example: "[quadlet.env]\nSMTP_PASSWORD = \"kX82hf-2kd9QmPz\"\n",
    use_instead: "[quadlet.env]\nSMTP_PASSWORD = { secret = \"myservice_smtp_password\" }\n",
    source: "podman-run(1), --secret; systemctl show and podman inspect show every variable",
};

/// What the name of a variable that holds a secret ends in.
const SECRETS: &[&str] = &[
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "SECRET",
    "SECRET_KEY",
    "TOKEN",
    "API_KEY",
    "APIKEY",
    "PRIVATE_KEY",
    "ACCESS_KEY",
    "ENCRYPTION_KEY",
];

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    for (name, value, place) in written_down(call) {
        if !is_placeholder(&value) {
            let message = format!("`{name}` is a secret by its name, and its value is written down here");
            out.push(warning(RULE.code, message, place).hides().help(help(&name, &secret_name(call, &name))));
        }
    }
}

/// Variables that are secrets by their names, with the value that is written down, and where.
pub fn written_down(call: &ServiceCall<Quadlet>) -> Vec<(String, String, Place)> {
    let variables = call.reads.of::<slots::Env>().into_iter().filter_map(|variable| match variable.value.as_slice() {
        [Piece::Text(value)] if is_secret(&variable.key) && could_be_one(value) => {
            Some((variable.key.clone(), value.clone(), variable.place.clone()))
        }
        _ => None,
    });
    variables.collect()
}

/// What a secret could be called.
pub fn secret_name(call: &ServiceCall<Quadlet>, variable: &str) -> String {
    format!("{}_{}", call.service.name, variable.to_lowercase()).replace('-', "_")
}

/// What to write in its place.
pub fn help(variable: &str, name: &str) -> String {
    format!("name a secret: `{variable} = {{ secret = \"{name}\" }}`")
}

fn is_secret(name: &str) -> bool {
    let name = name.to_uppercase();
    SECRETS.iter().any(|end| name == *end || name.ends_with(&format!("_{end}"))) && !name.contains("PUBLIC")
}

/// What is a path, a switch, a number or a name of something else is no secret.
fn could_be_one(value: &str) -> bool {
    let switch = ["true", "false", "yes", "no", "on", "off", "none", "null", "disabled", "enabled"];
    !value.is_empty()
        && !value.starts_with('/')
        && !switch.contains(&value.to_lowercase().as_str())
        && value.parse::<f64>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_whether_it_is_a_secret() {
        let is: Vec<&str> =
            ["DB_PASSWORD", "TOKEN", "SECRET_KEY", "PASSWORD_FILE", "TOKEN_TTL", "PUBLIC_API_KEY", "KEYCLOAK_REALM", "X_APIKEY"]
                .into_iter()
                .filter(|name| is_secret(name))
                .collect();
        assert_eq!(is, ["DB_PASSWORD", "TOKEN", "SECRET_KEY", "X_APIKEY"]);
        assert!(could_be_one("hunter2") && !could_be_one("/run/secrets/x") && !could_be_one("true") && !could_be_one("3600"));
    }
}
