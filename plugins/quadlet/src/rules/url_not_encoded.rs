//! A secret in an address, as it is.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, set};
use serde_json::json;

use super::own_variables;
use crate::Quadlet;
use crate::values::{Encoding, EnvValue, TextOrSecret};

pub const RULE: Rule = Rule {
    code: "PG008",
    name: "url-not-encoded",
    severity: Severity::Error,
    waivable: true,
    what: "a secret in the user's part, or in the query, of an address without `encode = [\"percent\"]`, or a password there with a character \
           that ends it",
    why: "An address ends its parts at `@`, `/`, `#`, `?`, `&` and `%`: of `p@ss` libpq takes `p` for the password and `ss@…` for the host, \
          and nothing says so. It works until the secret is made anew.",
    example: "[quadlet.env]\nDATABASE_URL = [\"postgresql://wiki:\", { secret = \"wiki_password\" }, \"@db.example.org/wiki\"]\n",
    use_instead: "[quadlet.env]\nDATABASE_URL = [\"postgresql://wiki:\", { secret = \"wiki_password\", encode = [\"percent\"] }, \"@db.example.org/wiki\"]\n",
    source: "RFC 3986, 2.1 and 3.2.1; https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS",
};

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    for (name, value, place) in own_variables(call) {
        match value {
            EnvValue::Pieces(pieces) => {
                let mut before = String::new();
                for (index, piece) in pieces.iter().enumerate() {
                    match piece {
                        TextOrSecret::Text(text) => before.push_str(text),
                        TextOrSecret::Secret(secret) => {
                            let is_encoded = secret.encode.contains(&Encoding::Percent);
                            if in_an_address(&before) && !is_encoded {
                                let message = format!("the secret in `{name}` is not encoded for the address that it is in");
                                let all: Vec<&str> =
                                    secret.encode.iter().map(|encoding| encoding.name()).chain(["percent"]).collect();
                                let at = place(&[&index.to_string()]);
                                let edit = set(&place(&[&index.to_string(), "encode"]), json!(all));
                                out.push(
                                    error(RULE.code, message, at)
                                        .help("add `encode = [\"percent\"]`")
                                        .safe_fix("add `encode = [\"percent\"]`", vec![edit]),
                                );
                            }
                            before.push_str("secret");
                        }
                    }
                }
            }
            EnvValue::Scalar(scalar) => {
                if let Some(odd) = odd_in_password(&scalar.text()) {
                    let message = format!("the password in `{name}` has a `{odd}`, at which it ends");
                    let help = "make it a secret, as one of several pieces: `{ secret = \"…\", encode = [\"percent\"] }`";
                    out.push(error(RULE.code, message, place(&[])).hides().help(help));
                }
            }
            EnvValue::Secret(_) => {}
        }
    }
}

/// Whether what follows is in an address, before its path: the user's part or the host's; or in its query.
fn in_an_address(before: &str) -> bool {
    let Some((scheme, rest)) = before.rsplit_once("://") else { return false };
    let is_scheme = scheme.chars().last().is_some_and(|letter| letter.is_ascii_alphanumeric());
    is_scheme && (!rest.contains('/') || rest.contains('?')) && !rest.contains(char::is_whitespace)
}

/// The first character of a password in an address that ends it.
fn odd_in_password(text: &str) -> Option<char> {
    let (scheme, rest) = text.split_once("://")?;
    if scheme.is_empty() || !scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter)) {
        return None;
    }
    // With one `@` it ends the user's part; with several, all but the last are in the password.
    let (user, _) = rest.rsplit_once('@')?;
    let (_, password) = user.split_once(':')?;
    let bytes = password.as_bytes();
    let hex = |index: usize| bytes.get(index).is_some_and(u8::is_ascii_hexdigit);
    let is_odd = |(index, letter): &(usize, char)| match letter {
        '%' => !(hex(index + 1) && hex(index + 2)),
        other => "@/#?[] ".contains(*other),
    };
    // An address with a path before an `@` has no password: `https://host/a@b`.
    if password.starts_with(|letter: char| letter.is_ascii_digit()) && password.contains('/') {
        return None;
    }
    password.char_indices().find(is_odd).map(|(_, letter)| letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_ends_at_what_an_address_ends_at() {
        assert_eq!(odd_in_password("postgresql://wiki:p@ss@db/wiki"), Some('@'));
        assert_eq!(odd_in_password("redis://:a#b@cache/0"), Some('#'));
        assert_eq!(odd_in_password("amqp://u:100%@mq"), Some('%'));
        assert_eq!(odd_in_password("postgresql://wiki:p%40ss@db/wiki"), None);
        assert_eq!(odd_in_password("https://host:8080/a@b"), None);
        assert_eq!(odd_in_password("mailto:a@b"), None);
    }

    #[test]
    fn a_secret_in_a_path_needs_no_encoding_of_this_kind() {
        assert!(
            in_an_address("postgresql://wiki:") && in_an_address("unix:///run/x.sock?password=") && in_an_address("https://")
        );
        assert!(!in_an_address("https://hooks.example.org/services/") && !in_an_address("password is "));
    }
}
