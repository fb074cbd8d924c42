//! The WebAssembly engine: one configuration, and compiled code kept between runs.

use std::fs;
use std::hash::{Hash, Hasher};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;
use sha2::{Digest, Sha256};
use wasmtime::component::Component;
use wasmtime::{Config, OptLevel};

use crate::built_in;
use crate::contract;
use crate::error::Error;
use crate::plugin::limits::{MEMORY, STACK};

/// A component of so many bytes takes seconds to compile: then it is said what is waited for.
const LARGE: usize = 4 << 20;

/// The engine, and where compiled code is kept.
#[derive(Clone)]
pub struct Engine {
    engine: wasmtime::Engine,
    kept: Option<Utf8PathBuf>,
    compatibility: String,
}

impl Engine {
    /// Sets the engine up. `kept`: the folder for compiled code; without one every run compiles.
    pub fn new(kept: Option<Utf8PathBuf>) -> Result<Self, Error> {
        Self::of(&configuration(), kept)
    }

    /// An engine whose code runs on every processor of an architecture, rather than on this one: for what a program carries along.
    pub fn precompiling(target: &str) -> Result<Self, Error> {
        let mut configuration = configuration();
        configuration.target(target).map_err(|error| Error::Engine(error.to_string()))?;
        Self::of(&configuration, None)
    }

    fn of(configuration: &Config, kept: Option<Utf8PathBuf>) -> Result<Self, Error> {
        let engine = wasmtime::Engine::new(configuration).map_err(|error| Error::Engine(error.to_string()))?;
        let mut hasher = StableHasher(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let compatibility = hex(&hasher.0.finalize());
        Ok(Self { engine, kept, compatibility })
    }

    /// Machine code of a component.
    pub fn precompile(&self, name: &str, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let code = self.engine.precompile_component(bytes);
        code.map_err(|error| Error::Plugin { plugin: name.to_owned(), reason: format!("{error:#}") })
    }

    /// The folder for what is kept between runs.
    pub fn kept(&self) -> Option<&Utf8PathBuf> {
        self.kept.as_ref()
    }

    /// wasmtime's own engine.
    pub fn inner(&self) -> &wasmtime::Engine {
        &self.engine
    }

    /// Makes a component of its bytes: from kept code if there is some, else compiled now, and kept.
    ///
    /// `digest` is the SHA-256 of `bytes` in hexadecimal.
    pub fn load(&self, name: &str, digest: &str, bytes: &[u8]) -> Result<Component, Error> {
        if let Some(compiled) = built_in::compiled(digest) {
            // A file is mapped, and only what is called is read; what is in the program is copied as a whole.
            let path = self.kept.as_ref().map(|folder| folder.join(self.file_name(digest)).with_extension("code"));
            if let Some(component) = path.as_ref().filter(|path| path.exists()).and_then(|path| self.load_kept(path)) {
                return Ok(component);
            }
            #[allow(unsafe_code, reason = "the code is part of this program, which the first stage of its own build compiled")]
            let component = unsafe { Component::deserialize(&self.engine, compiled.code) };
            match component {
                Ok(component) => {
                    if let Some(path) = &path
                        && let Err(error) = keep(path, compiled.code)
                    {
                        tracing::debug!(%path, %error, "the code that was carried along could not be kept as a file");
                    }
                    return Ok(component);
                }
                Err(error) => tracing::debug!(plugin = name, %error, "the code that was carried along does not run here"),
            }
        }
        let path = self.kept.as_ref().map(|folder| folder.join(self.file_name(digest)));
        if let Some(path) = &path
            && let Some(component) = self.load_kept(path)
        {
            tracing::debug!(plugin = name, "its compiled code was kept");
            return Ok(component);
        }
        if bytes.len() > LARGE {
            tracing::warn!(plugin = name, "compiling its {} MiB, which takes a while and is done once", bytes.len() >> 20);
        } else {
            tracing::info!(plugin = name, "compiling");
        }
        let refused = |error: wasmtime::Error| Error::Plugin { plugin: name.to_owned(), reason: format!("{error:#}") };
        let code = self.precompile(name, bytes)?;
        if let Some(path) = &path
            && let Err(error) = keep(path, &code)
        {
            tracing::warn!(%path, %error, "compiled code could not be kept; the next run compiles again");
        }
        #[allow(unsafe_code, reason = "the code was compiled by this very engine, one line above")]
        let component = unsafe { Component::deserialize(&self.engine, &code) };
        component.map_err(refused)
    }

    /// Whether what a component of this digest said of itself is known without asking it.
    pub fn knows(&self, digest: &str) -> bool {
        built_in::compiled(digest).is_some() || self.said_path(digest).is_some_and(|path| path.exists())
    }

    /// What is kept was looked at by one version of rick: another may refuse more.
    fn said_path(&self, digest: &str) -> Option<Utf8PathBuf> {
        let name = self.file_name(&format!("{digest} {}", env!("CARGO_PKG_VERSION")));
        self.kept.as_ref().map(|folder| folder.join(name).with_extension("said"))
    }

    /// What a component of this digest said of itself, from kept answers if there is one, else asked now, and kept.
    ///
    /// A plugin's `describe` depends on nothing, and to answer it costs more than all its other calls together.
    pub fn describe<T, E>(&self, digest: &str, ask: impl FnOnce() -> Result<T, E>) -> Result<T, E>
    where
        T: serde::Serialize + serde::de::DeserializeOwned,
    {
        if let Some(said) = built_in::compiled(digest).and_then(|compiled| postcard::from_bytes(compiled.said).ok()) {
            return Ok(said);
        }
        let path = self.said_path(digest);
        if let Some(path) = &path
            && let Some(said) = read_kept(path).and_then(|bytes| postcard::from_bytes(&bytes).ok())
        {
            return Ok(said);
        }
        let said = ask()?;
        if let Some(path) = &path
            && let Ok(bytes) = postcard::to_stdvec(&said)
            && let Err(error) = keep(path, &bytes)
        {
            tracing::warn!(%path, %error, "what the plugin said of itself could not be kept");
        }
        Ok(said)
    }

    /// Another wasm, another wasmtime, another machine or another contract: another name.
    fn file_name(&self, digest: &str) -> String {
        let mut hasher = Sha256::new();
        for part in [digest, &self.compatibility, contract::NEWEST] {
            hasher.update(part);
            hasher.update([0]);
        }
        format!("{}.cwasm", hex(&hasher.finalize()))
    }

    fn load_kept(&self, path: &Utf8Path) -> Option<Component> {
        if !is_private(path) {
            return None;
        }
        #[allow(unsafe_code, reason = "only this program writes there, by rename and under the digest of what was compiled")]
        let component = unsafe { Component::deserialize_file(&self.engine, path) };
        component.map_err(|error| tracing::warn!(%path, %error, "kept code cannot be read")).ok()
    }
}

fn configuration() -> Config {
    let mut config = Config::new();
    config
        .consume_fuel(true)
        .cranelift_nan_canonicalization(true)
        .cranelift_opt_level(OptLevel::Speed)
        .max_wasm_stack(STACK)
        // A plugin needs little: a small reservation is quicker to set up than the default of 4 GiB.
        .memory_reservation(MEMORY as u64)
        .memory_guard_size(64 << 10)
        .memory_may_move(false)
        // An image of the memory to map is made at the first instance, and few follow it.
        .memory_init_cow(false)
        // Only debuggers and profilers want it, and it would be registered with each component.
        .native_unwind_info(false)
        .wasm_backtrace_max_frames(None)
        // Nobody is told where in a plugin a trap was; the map would be a third of the code.
        .generate_address_map(false)
        .wasm_relaxed_simd(false);
    config
}

/// What was kept in a file; nothing where it is not there, or others can write it.
pub(crate) fn read_kept(path: &Utf8Path) -> Option<Vec<u8>> {
    if path.exists() && is_private(path) { fs::read(path).ok() } else { None }
}

/// Compiled code is machine code: it is taken only from a folder and a file that nobody else can write.
fn is_private(path: &Utf8Path) -> bool {
    path.parent().into_iter().chain([path]).all(|place| {
        let Ok(metadata) = fs::symlink_metadata(place) else { return false };
        let own = metadata.uid() == rustix::process::geteuid().as_raw() && metadata.mode() & 0o022 == 0 && !metadata.is_symlink();
        if !own {
            tracing::warn!(path = %place, "what is kept there is not used, since others can write it");
        }
        own
    })
}

pub(crate) fn keep(path: &Utf8Path, code: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Utf8Path::new("."));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
    file.write_all(code)?;
    // Where a file takes the place of another, ext4 writes it out at once, which a short run would feel; and what is kept can be made again:
    // <https://www.kernel.org/doc/html/latest/admin-guide/ext4.html>, auto_da_alloc.
    let _ = fs::remove_file(path);
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// The beginning of the SHA-256 of parts, each with its end marked: no two are the same by chance.
pub(crate) fn short_digest(parts: &[&[u8]]) -> [u8; 16] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.len().to_le_bytes());
        hasher.update(part);
    }
    let mut short = [0; 16];
    short.copy_from_slice(&hasher.finalize()[..16]);
    short
}

/// The same of a value: no two values have the same by chance.
pub(crate) fn value_digest(value: &Value) -> [u8; 16] {
    let mut bytes = Vec::with_capacity(1024);
    put(value, &mut bytes);
    short_digest(&[&bytes])
}

/// A value as bytes, each kind with its mark and what has a length with it: quicker than JSON, and no two values have the same.
fn put(value: &Value, bytes: &mut Vec<u8>) {
    let text = |mark: u8, text: &str, bytes: &mut Vec<u8>| {
        bytes.push(mark);
        bytes.extend(text.len().to_le_bytes());
        bytes.extend(text.as_bytes());
    };
    match value {
        Value::Null => bytes.push(0),
        Value::Bool(no_or_yes) => bytes.push(1 + u8::from(*no_or_yes)),
        Value::Number(number) => text(3, &number.to_string(), bytes),
        Value::String(string) => text(4, string, bytes),
        Value::Array(items) => {
            bytes.push(5);
            bytes.extend(items.len().to_le_bytes());
            items.iter().for_each(|item| put(item, bytes));
        }
        Value::Object(members) => {
            bytes.push(6);
            bytes.extend(members.len().to_le_bytes());
            for (key, member) in members {
                text(7, key, bytes);
                put(member, bytes);
            }
        }
    }
}

/// SHA-256 in hexadecimal.
pub fn digest(bytes: impl AsRef<[u8]>) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// `std`'s hashers promise nothing from one program to the next; a name on disk must.
struct StableHasher(Sha256);

impl Hasher for StableHasher {
    fn finish(&self) -> u64 {
        0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}
