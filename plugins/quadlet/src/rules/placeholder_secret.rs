//! A word that stands for a secret.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, set};
use serde_json::json;

use super::literal_secret::{help, secret_name, written_down};
use crate::Quadlet;

pub const RULE: Rule = Rule {
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

/// Words that stand for a secret, in small letters without signs between them.
const WORDS: &[&str] = &[
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
    "minioadmin",
    "passw0rd",
    "postgres",
    "admin",
    "test",
];

/// Whether a value is one of them.
pub fn is_placeholder(value: &str) -> bool {
    let plain: String = value.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    let stem = plain.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let yours = plain.starts_with("your") && ["pass", "secret", "token", "key"].iter().any(|word| plain.contains(word));
    let crosses = !plain.is_empty() && plain.chars().all(|letter| letter == 'x');
    WORDS.contains(&plain.as_str()) || WORDS.contains(&stem) || yours || crosses
}

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    let found: Vec<_> = written_down(call).into_iter().filter(|(_, value, _)| is_placeholder(value)).collect();
    for (variable, value, place) in found.clone() {
        // Two that hold the same are the two ends of one: a server's password, and its client's.
        let first = found.iter().find(|(_, other, _)| *other == value).map_or(&variable, |(first, ..)| first);
        let name = secret_name(call, first);
        let fix = vec![set(&place, json!({ "secret": name }))];
        out.push(
            error(RULE.code, format!("`{variable}` holds a word that stands for a secret"), place)
                .help(help(&variable, &name))
                .unsafe_fix(format!("name the secret `{name}`"), fix),
        );
    }
}
