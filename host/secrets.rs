//! Secrets on the machine: where their values come from, and how they are written in each place. Nowhere else does rick have a value.

pub mod encode;
pub mod generate;
pub mod providers;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

pub use providers::Provider;

/// A secret that a build needs, as `files.json` lists it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Needed {
    /// How it may be made at random; absent: only the user can give it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generate: Option<generate::Generate>,
    /// The services that need it; empty where it is the machine's own.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub services: BTreeSet<String>,
}

/// A value. It is never printed, and its memory is overwritten when it is dropped.
#[derive(Clone)]
pub struct Value(SecretString);

impl Value {
    /// Takes a value in.
    pub fn new(value: String) -> Self {
        Self(value.into())
    }

    /// The value itself. Whoever asks for it answers for where it goes.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a secret")
    }
}

/// The values that a build needs.
#[derive(Debug, Default)]
pub struct Values {
    values: BTreeMap<String, Value>,
}

impl Values {
    /// Adds one.
    pub fn insert(&mut self, name: &str, value: Value) {
        self.values.insert(name.to_owned(), value);
    }

    /// The value of a secret.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// A secret as a chain of encodings writes it; `salt` stays the same for a machine.
    pub fn encoded(&self, name: &str, encode: &[String], key: &Key) -> Result<Value, String> {
        let value = self.get(name).ok_or_else(|| "nobody has given it".to_owned())?;
        encode::chain(value, encode, &key.derived(&["scram", name]))
    }

    /// Text of other programs, with every value in it, written as any encoding would, replaced by its name.
    pub fn hide(&self, text: &str) -> String {
        let mut hidden = text.to_owned();
        for (name, value) in &self.values {
            for form in encode::forms(value) {
                if form.expose().len() >= 4 && hidden.contains(form.expose()) {
                    hidden = hidden.replace(form.expose(), &format!("<secret {name}>"));
                }
            }
        }
        hidden
    }
}

/// A machine's own key, by which digests of secrets are made that say nothing to anybody without it.
#[derive(Debug, Clone)]
pub struct Key(Value);

impl Key {
    /// Bytes of a key.
    const LENGTH: usize = 32;

    /// A new one.
    pub fn random() -> Result<Self, String> {
        Ok(Self(Value::new(generate::random(Self::LENGTH, generate::Alphabet::Hex)?)))
    }

    /// One that was kept.
    pub fn kept(text: &str) -> Option<Self> {
        let text = text.trim();
        let whole = text.len() == 2 * Self::LENGTH && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        whole.then(|| Self(Value::new(text.to_owned())))
    }

    /// To be kept.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Bytes for a purpose, the same each time.
    pub fn derived(&self, purpose: &[&str]) -> Vec<u8> {
        self.mac(purpose.join("\0").as_bytes())
    }

    /// The keyed digest of bytes, in hexadecimal.
    pub fn digest(&self, bytes: &[u8]) -> String {
        use std::fmt::Write;
        self.mac(bytes).iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    fn mac(&self, bytes: &[u8]) -> Vec<u8> {
        use hmac::{KeyInit, Mac};
        // HMAC takes a key of any length.
        let Ok(mut mac) = hmac::Hmac::<sha2::Sha256>::new_from_slice(self.0.expose().as_bytes()) else { return Vec::new() };
        mac.update(bytes);
        mac.finalize().into_bytes().to_vec()
    }
}
