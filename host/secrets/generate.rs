//! Secrets that may be random.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use camino::Utf8Path;
use serde::{Deserialize, Serialize};

use super::Value;
use crate::error::Error;

/// How a random secret is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generate {
    /// Bytes of randomness.
    pub bytes: u32,
    /// What they are written in.
    #[serde(default)]
    pub alphabet: Alphabet,
}

/// What random bytes are written in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Alphabet {
    /// Letters, digits, `-` and `_`.
    #[default]
    Url,
    /// Digits and a to f.
    Hex,
    /// With `+`, `/` and `=`, for software that decodes it.
    Base64,
}

/// A random text.
pub fn random(bytes: usize, alphabet: Alphabet) -> Result<String, String> {
    let mut random = vec![0; bytes];
    getrandom::fill(&mut random).map_err(|error| format!("the system has no randomness: {error}"))?;
    Ok(match alphabet {
        Alphabet::Url => URL_SAFE_NO_PAD.encode(&random),
        Alphabet::Hex => random.iter().map(|byte| format!("{byte:02x}")).collect(),
        Alphabet::Base64 => STANDARD.encode(&random),
    })
}

/// Makes a secret and keeps it as a file that nobody but its owner can read. One that is there is left alone.
pub fn keep(directory: &Utf8Path, name: &str, generate: &Generate) -> Result<(), Error> {
    let value = random(generate.bytes as usize, generate.alphabet).map_err(Error::Usage)?;
    store(directory, name, &Value::new(value))
}

/// Keeps a secret as a file. The one that is there is left alone.
pub fn store(directory: &Utf8Path, name: &str, value: &Value) -> Result<(), Error> {
    if !directory.is_dir() {
        // Those above it are others' as well: servers read files there.
        for parent in directory.parent().into_iter().flat_map(Utf8Path::ancestors).collect::<Vec<_>>().into_iter().rev() {
            if !parent.is_dir() {
                let open = fs::Permissions::from_mode(0o755);
                let made = fs::create_dir(parent).and_then(|()| fs::set_permissions(parent, open));
                made.map_err(Error::file("make", parent))?;
            }
        }
        fs::DirBuilder::new().mode(0o700).create(directory).map_err(Error::file("make", directory))?;
    }
    let path = directory.join(name);
    let written = tempfile::Builder::new()
        .prefix(".rick-new-")
        .permissions(fs::Permissions::from_mode(0o600))
        .tempfile_in(directory)
        .and_then(|mut file| {
            file.write_all(value.expose().as_bytes())?;
            file.as_file().sync_all()?;
            file.persist_noclobber(&path).map_err(|error| error.error)
        });
    written.map(|_| ()).map_err(Error::file("write", path))
}
