//! How a value is written in each kind of place. The names are in [`crate::render::secrets::ENCODINGS`].

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

use super::Value;

/// Everything but what RFC 3986 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Rounds of PBKDF2, and bytes of salt, as PostgreSQL makes them:
/// <https://github.com/postgres/postgres/blob/REL_17_STABLE/src/include/common/scram-common.h>
const ROUNDS: u32 = 4096;
const SALT: usize = 16;

/// A value through encodings, the first one innermost.
pub fn chain(value: &Value, encode: &[String], salt: &[u8]) -> Result<Value, String> {
    encode.iter().try_fold(value.clone(), |value, name| one(value.expose(), name, salt).map(Value::new))
}

fn one(value: &str, name: &str, salt: &[u8]) -> Result<String, String> {
    if value.contains('\0') {
        return Err("it has a zero byte in it, which no file can carry".to_owned());
    }
    Ok(match name {
        "percent" => utf8_percent_encode(value, RESERVED).to_string(),
        // <https://github.com/containers/podman/blob/v5.4.2/pkg/env/env.go>: no quoting, and a line is a variable.
        "env-line" if value.contains(['\n', '\r']) => {
            return Err("it has more than one line, and an env file of podman carries one".to_owned());
        }
        "env-line" => value.to_owned(),
        "sql-literal" => format!("'{}'", value.replace('\'', "''")),
        "scram-sha-256" => scram(value, &salt[..salt.len().min(SALT)]),
        "libpq-keyword" => format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'")),
        "sha256" => Sha256::digest(value).iter().map(|byte| format!("{byte:02x}")).collect(),
        "base64" => STANDARD.encode(value),
        "json-string" => serde_json::to_string(value).unwrap_or_default(),
        other => return Err(format!("this rick does not know the encoding `{other}`")),
    })
}

/// A verifier of PostgreSQL, RFC 5803: the server can check the password and nobody can read it back.
fn scram(password: &str, salt: &[u8]) -> String {
    let prepared = stringprep::saslprep(password).unwrap_or(password.into());
    let salted = pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(prepared.as_bytes(), salt, ROUNDS);
    let stored = Sha256::digest(keyed(&salted, b"Client Key"));
    let server = keyed(&salted, b"Server Key");
    format!("SCRAM-SHA-256${ROUNDS}:{}${}:{}", STANDARD.encode(salt), STANDARD.encode(stored), STANDARD.encode(server))
}

fn keyed(key: &[u8], message: &[u8]) -> Vec<u8> {
    // HMAC takes a key of any length.
    let Ok(mut mac) = hmac::Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// The ways in which a value may stand in what other programs say.
pub fn forms(value: &Value) -> Vec<Value> {
    let plain = value.expose();
    let json = serde_json::to_string(plain).unwrap_or_default();
    let mut forms: Vec<String> = vec![
        plain.to_owned(),
        utf8_percent_encode(plain, RESERVED).to_string(),
        plain.replace('\'', "''"),
        plain.replace('\\', "\\\\").replace('\'', "\\'"),
        STANDARD.encode(plain),
        json[1..json.len().max(2) - 1].to_owned(),
    ];
    forms.extend(plain.lines().map(str::to_owned));
    // The longest first: a form may stand in another.
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    forms.dedup();
    forms.into_iter().map(Value::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(value: &str, names: &[&str]) -> Result<String, String> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        chain(&Value::new(value.to_owned()), &names, b"saltsaltsaltsaltmore").map(|value| value.expose().to_owned())
    }

    #[test]
    fn each_place_has_its_own_quoting() {
        let value = "p@ss/:%+#?&='\"\\ ü";
        assert_eq!(encoded(value, &[]).as_deref(), Ok(value));
        assert_eq!(encoded(value, &["percent"]).as_deref(), Ok("p%40ss%2F%3A%25%2B%23%3F%26%3D%27%22%5C%20%C3%BC"));
        assert_eq!(encoded("it's", &["sql-literal"]).as_deref(), Ok("'it''s'"));
        assert_eq!(encoded("it's a \\", &["libpq-keyword"]).as_deref(), Ok("'it\\'s a \\\\'"));
        assert_eq!(encoded("a\"b\n", &["json-string"]).as_deref(), Ok("\"a\\\"b\\n\""));
        let digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        assert_eq!(encoded("test", &["sha256"]).as_deref(), Ok(digest));
        assert_eq!(encoded("it's", &["percent", "env-line"]).as_deref(), Ok("it%27s"));
        assert!(encoded("a\nb", &["env-line"]).is_err());
        assert!(encoded("a\0b", &["percent"]).is_err());
    }

    #[test]
    fn a_verifier_stays_the_same_and_tells_passwords_apart() {
        let verifier = encoded("pencil", &["scram-sha-256"]).expect("one");
        assert!(verifier.starts_with("SCRAM-SHA-256$4096:c2FsdHNhbHRzYWx0c2FsdA==$"), "{verifier}");
        assert_eq!(encoded("pencil", &["scram-sha-256"]).expect("one"), verifier);
        assert_ne!(encoded("pencils", &["scram-sha-256"]).expect("one"), verifier);
    }

    #[test]
    fn values_are_hidden_in_every_form() {
        let mut values = super::super::Values::default();
        values.insert("key", Value::new("it's p@ss".to_owned()));
        for text in ["it's p@ss", "it''s p@ss", "it%27s%20p%40ss", "aXQncyBwQHNz", "it\\'s p@ss"] {
            assert_eq!(values.hide(&format!("near \"{text}\" at line 1")), "near \"<secret key>\" at line 1");
        }
    }
}
