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
    "PASS",
    "PWD",
    "PW",
    "WEBPASSWORD",
    "SECRET",
    "SECRET_KEY",
    "SECRET_KEY_BASE",
    "TOKEN",
    "API_KEY",
    "APIKEY",
    "APP_KEY",
    "PRIVATE_KEY",
    "ACCESS_KEY",
    "ENCRYPTION_KEY",
];

/// Words in the name of a variable that says something about a secret.
const ABOUT: &[&str] =
    &["PUBLIC", "HINT", "ATTR", "FIELD", "RESET", "RANDOM", "ALLOW", "ENABLE", "DISABLE", "REQUIRE", "URL", "PATH", "FILE"];

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
    // `spring.datasource.password` and `dbPassword` as they would be in capitals.
    let mut upper = String::new();
    let mut before = ' ';
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && before.is_ascii_lowercase() {
            upper.push('_');
        }
        upper.push(if letter == '.' || letter == '-' { '_' } else { letter.to_ascii_uppercase() });
        before = letter;
    }
    let upper = upper.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '_');
    let is = SECRETS.iter().any(|end| upper == *end || upper.ends_with(&format!("_{end}")));
    is && !ABOUT.iter().any(|word| upper.split('_').any(|part| part.starts_with(word)))
}

/// What is a path, a switch, a time, an address or the name of something else is no secret.
fn could_be_one(value: &str) -> bool {
    let words = ["true", "false", "yes", "no", "on", "off", "none", "null", "disabled", "enabled", "optional", "required"];
    let beginnings = ["/", "file:", "env:", "$", "%(", "{{", "http://", "https://"];
    let is_time = value.trim_end_matches(['s', 'm', 'h', 'd', 'w']).parse::<u64>().is_ok_and(|number| number < 100_000);
    // The name of an attribute, as LDAP has it.
    let is_name = value.chars().all(|letter| letter.is_ascii_alphabetic()) && value.ends_with("Password");
    !value.trim().is_empty()
        && !words.contains(&value.to_lowercase().as_str())
        && !beginnings.iter().any(|beginning| value.starts_with(beginning))
        && !is_time
        && !is_name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_whether_it_is_a_secret() {
        for name in [
            "DB_PASSWORD",
            "TOKEN",
            "SECRET_KEY",
            "X_APIKEY",
            "DB_PASS",
            "dbPassword",
            "spring.datasource.password",
            "DB_PASSWORD_1",
            "SECRET_KEY_BASE",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["PASSWORD_FILE", "TOKEN_TTL", "PUBLIC_API_KEY", "KEYCLOAK_REALM", "LOGIN_HINT_PASSWORD", "COMPASS"] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn a_value_tells_whether_it_could_be_one() {
        assert!(could_be_one("hunter2") && could_be_one("123456"));
        for value in [
            "/run/secrets/x",
            "file:///run/secrets/x",
            "true",
            "3600",
            "7d",
            "${DB_PASSWORD}",
            "$__file{/x}",
            "userPassword",
            "https://x/token/",
            "required",
        ] {
            assert!(!could_be_one(value), "{value}");
        }
    }
}
