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
                            // What is hexadecimal needs none.
                            let is_encoded = secret.encode.iter().any(|way| matches!(way, Encoding::Percent | Encoding::Sha256));
                            let after = match pieces.get(index + 1) {
                                Some(TextOrSecret::Text(text)) => text.as_str(),
                                _ => "",
                            };
                            if in_an_address(&before, after) && !is_encoded {
                                let message = format!("the secret in `{name}` is not encoded for the address that it is in");
                                let all: Vec<&str> =
                                    secret.encode.iter().map(|encoding| encoding.name()).chain(["percent"]).collect();
                                let at = place(&[&index.to_string()]);
                                let edit = set(&place(&[&index.to_string(), "encode"]), json!(all));
                                out.push(
                                    error(RULE.code, message, at)
                                        .help("add `encode = [\"percent\"]`")
                                        // Where the secret was kept encoded, it would be so twice.
                                        .unsafe_fix("add `encode = [\"percent\"]`", vec![edit]),
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

/// Whether what follows is in an address, where a sign would end it: in the user's part, or a value of the query.
fn in_an_address(before: &str, after: &str) -> bool {
    let Some((scheme, rest)) = before.rsplit_once("://") else { return false };
    let is_scheme = scheme.chars().last().is_some_and(|letter| letter.is_ascii_alphanumeric());
    if !is_scheme || rest.contains(|letter: char| letter.is_whitespace() || "\"'<>|;,\\{}".contains(letter)) {
        return false;
    }
    match rest.split_once('?') {
        Some((_, query)) => query.rsplit('&').next().is_some_and(|pair| pair.contains('=')),
        // Without a `:` or an `@` beside it, it may be the host, with its port.
        None => !rest.contains('/') && (rest.contains(':') || after.starts_with(['@', ':'])),
    }
}

/// The first character of a password in an address that ends it.
fn odd_in_password(text: &str) -> Option<char> {
    let (scheme, rest) = text.split_once("://")?;
    let is_scheme = !scheme.is_empty() && scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter));
    // Several addresses, and words that something else fills in, are not for here.
    if !is_scheme || rest.contains("://") || ["%(", "${", "{{"].iter().any(|mark| rest.contains(mark)) {
        return None;
    }
    let is_web = scheme == "http" || scheme == "https";
    let before_query = rest.split_once('?').map_or(rest, |(before, _)| before);
    let rest = match is_web {
        true => rest.split(['/', '?', '#']).next().unwrap_or_default(),
        false if before_query.contains('@') => before_query,
        false => rest,
    };
    // With one `@` it ends the user's part; with several, all but the last are in the password.
    let (user, _) = rest.rsplit_once('@')?;
    let (name, password) = user.split_once(':')?;
    if name.contains('/') {
        return None;
    }
    let bytes = password.as_bytes();
    let hex = |index: usize| bytes.get(index).is_some_and(u8::is_ascii_hexdigit);
    let is_odd = |(index, letter): &(usize, char)| match letter {
        '%' => !(hex(index + 1) && hex(index + 2)),
        other => "@/#?[] ".contains(*other),
    };
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
        for other in [
            "postgresql://wiki:p%40ss@db/wiki",
            "mailto:a@b",
            "https://host:8080/a@b",
            "https://api.example.org/bot1:A/send?chat_id=@c",
            "https://element.example.org:8448?x=@y",
            "amqp://u:p@h1,amqp://u:p@h2",
            "mongodb://u:p@h1:27017,h2:27017/db?appName=@x",
            "postgresql://u:p@h/db?sslrootcert=/etc/ssl/ca@x.pem",
            "https://u:%(pw)s@h",
        ] {
            assert_eq!(odd_in_password(other), None, "{other}");
        }
    }

    #[test]
    fn a_secret_in_a_path_needs_no_encoding_of_this_kind() {
        assert!(in_an_address("postgresql://wiki:", "@db") && in_an_address("unix:///run/x.sock?db=1&password=", ""));
        assert!(in_an_address("https://", "@host") && !in_an_address("https://", "/api"));
        let json = "{\"server\":\"https://a.example.org\",\"secret\":\"";
        for other in ["https://hooks.example.org/services/", "password is ", json, "https://x/?"] {
            assert!(!in_an_address(other, "\""), "{other}");
        }
    }
}
