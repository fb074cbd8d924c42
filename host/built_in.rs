//! The official plugins, which the build script built, as this program carries them.

/// A plugin that rick brings along.
pub struct BuiltIn {
    /// Its name.
    pub name: &'static str,
    /// SHA-256 of its component, in hexadecimal.
    pub digest: &'static str,
    /// Its component.
    pub component: &'static [u8],
    /// Its machine code and what it said of itself, where this program was built in two stages; otherwise the first run compiles it.
    pub compiled: Option<Compiled>,
}

/// What the first stage of a build made for the second: see `packaging/build`.
pub struct Compiled {
    /// Machine code for every processor of the architecture, as [`crate::engine::Engine::precompile`] makes it.
    pub code: &'static [u8],
    /// What the plugin said of itself.
    pub said: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/built_in.rs"));

/// What is carried along for a component of this digest.
pub fn compiled(digest: &str) -> Option<&'static Compiled> {
    ALL.iter().find(|plugin| plugin.digest == digest)?.compiled.as_ref()
}
