//! A secret that is written down.

use rick_plugin_sdk::slots::Piece;
use rick_plugin_sdk::{Diagnostics, Place, Rule, ServiceCall, Severity, error, set, slots, warning};
use serde_json::json;

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

pub const PLACEHOLDER: Rule = Rule {
    code: "XS006",
    name: "placeholder-for-a-secret",
    severity: Severity::Error,
    waivable: true,
    what: "a variable that is a password, a token or a key by its name, with a word that stands for one: `changeme`, `your_password` …",
    why: "It is the first that anybody tries. A guide leaves it to be replaced, and it runs as well without.",
    example: "[quadlet.env]\nDB_PASSWORD = \"your_password\"\n",
    use_instead: "[quadlet.env]\nDB_PASSWORD = { secret = \"myservice_db_password\" }\n",
    source: "https://owasp.org/Top10/A07_2021-Identification_and_Authentication_Failures/",
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

/// Words that stand for a secret, in small letters without signs between them.
const PLACEHOLDERS: &[&str] = &[
    "changeme",
    "changethis",
    "changeit",
    "yourpassword",
    "yoursecret",
    "yoursecretkey",
    "yourtoken",
    "yourapikey",
    "password",
    "secret",
    "secretkey",
    "replaceme",
    "replacethis",
    "todo",
    "xxx",
    "xxxx",
    "xxxxx",
    "example",
    "mypassword",
    "mysecret",
    "insertpasswordhere",
    "passwordhere",
    "securepassword",
    "strongpassword",
    "yoursecurepassword",
    "yourstrongpassword",
    "supersecret",
    "pleasechange",
    "pleasechangeme",
    "admin",
    "test",
];

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    for variable in call.reads.of::<slots::Env>() {
        let [Piece::Text(value)] = variable.value.as_slice() else { continue };
        if !is_secret(&variable.key) || !could_be_one(value) {
            continue;
        }
        let name = format!("{}_{}", call.service.name, variable.key.to_lowercase()).replace('-', "_");
        let help = format!("name a secret: `{} = {{ secret = \"{name}\" }}`", variable.key);
        let plain: String = value.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
        if PLACEHOLDERS.contains(&plain.as_str()) {
            let message = format!("`{}` holds a word that stands for a secret", variable.key);
            let found = error(PLACEHOLDER.code, message, variable.place.clone()).help(help);
            out.push(found.unsafe_fix(format!("name the secret `{name}`"), vec![secret(&variable.place, &name)]));
        } else {
            let message = format!("`{}` is a secret by its name, and its value is written down here", variable.key);
            out.push(warning(RULE.code, message, variable.place).help(help));
        }
    }
}

fn secret(place: &Place, name: &str) -> rick_plugin_sdk::Edit {
    set(place, json!({ "secret": name }))
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
