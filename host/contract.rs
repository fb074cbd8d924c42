//! The contract between rick and plugins. Each released version of it has a file here, which speaks it in the words of the newest: a plugin
//! that was built years ago is asked and answered like one of today.
//!
//! `wit/<version>/` is what plugins are built for. A version that was released is never changed: `tests/contract.rs` holds it to that.

mod v0_1_0;

use wasmtime::component::{Component, Instance};
use wasmtime::{Engine, Store};

use crate::plugin::State;

pub use v0_1_0::exports::rick::plugin::{check, check_files, claim, contribute, meta, render};
pub use v0_1_0::rick::plugin::log::Level;
pub use v0_1_0::rick::plugin::types;

/// The newest version of the contract, which `rick plugin new` writes plugins for.
pub const NEWEST: &str = "0.1.0";

/// The newest `wit/` as it is handed to authors.
pub const WIT: &str = include_str!("../wit/0.1.0/rick.wit");

/// A component that was linked, of whatever version of the contract.
pub trait Linked: Send + Sync {
    /// Whether it has the interface of a function: it may lack any but `meta`.
    fn has(&self, function: &str) -> bool;
    /// The version of the contract: "0.1.0".
    fn version(&self) -> &'static str;
    /// The engine that its code is for.
    fn engine(&self) -> &Engine;
    /// Makes an instance; this runs code of the plugin.
    fn instantiate(&self, store: &mut Store<State>) -> wasmtime::Result<Instance>;
    /// What it is.
    fn describe(&self, store: &mut Store<State>, instance: &Instance) -> wasmtime::Result<meta::Descriptor>;
    /// The claims of a service.
    fn claim(&self, store: &mut Store<State>, instance: &Instance, input: &types::Json) -> wasmtime::Result<claim::Claimed>;
    /// The contributions of a service.
    fn contribute(
        &self,
        store: &mut Store<State>,
        instance: &Instance,
        input: &types::Json,
    ) -> wasmtime::Result<contribute::Contributed>;
    /// The problems in a scope.
    fn check(
        &self,
        store: &mut Store<State>,
        instance: &Instance,
        scope: types::Scope,
        input: &types::Json,
    ) -> wasmtime::Result<Vec<types::Diagnostic>>;
    /// The problems in files.
    fn check_files(
        &self,
        store: &mut Store<State>,
        instance: &Instance,
        input: &types::Json,
        files: &[types::File],
    ) -> wasmtime::Result<Vec<types::Diagnostic>>;
    /// The artifacts of a scope.
    fn render(
        &self,
        store: &mut Store<State>,
        instance: &Instance,
        scope: types::Scope,
        input: &types::Json,
    ) -> wasmtime::Result<render::Rendered>;
}

/// The version of the contract that a component was built for, by what it exports: "0.1.0".
pub fn version_of(engine: &Engine, component: &Component) -> Option<String> {
    let kind = component.component_type();
    let mut exports = kind.exports(engine);
    exports.find_map(|(name, _)| name.strip_prefix("rick:plugin/meta@").map(str::to_owned))
}

/// Links a component by the version of the contract that it was built for.
pub fn link(engine: &Engine, component: &Component) -> Result<Box<dyn Linked>, String> {
    let Some(version) = version_of(engine, component) else {
        return Err("it is no plugin of rick's: it does not export `rick:plugin/meta`".to_owned());
    };
    refuse_imports(engine, component)?;
    let linked = match version.as_str() {
        "0.1.0" => v0_1_0::link(engine, component),
        other => {
            let newer = other.split(['.', '-']).map(str::parse::<u32>).map(Result::ok).collect::<Vec<_>>()
                > NEWEST.split('.').map(str::parse::<u32>).map(Result::ok).collect();
            let way = if newer && !other.contains('-') { "a newer rick may" } else { "build it anew for that" };
            return Err(format!(
                "it was built for the contract {other}, and rick {} speaks {NEWEST}; {way}",
                env!("CARGO_PKG_VERSION")
            ));
        }
    };
    linked.map_err(|error| format!("it does not fit the contract {version}: {error:#}"))
}

/// rick links `log` and nothing else; the names of the switches that leave out what languages bring along.
fn refuse_imports(engine: &Engine, component: &Component) -> Result<(), String> {
    let kind = component.component_type();
    let unknown = kind
        .imports(engine)
        .map(|(name, _)| name)
        .find(|name| !name.starts_with("rick:plugin/log@") && !name.starts_with("rick:plugin/types@"));
    match unknown {
        None => Ok(()),
        Some(unknown) if unknown.starts_with("wasi:") => Err(format!(
            "it imports `{unknown}`, and a plugin may import `log` alone; build it for wasm32-unknown-unknown (Rust), with \
             `--stub-wasi` (componentize-py) or with `--disable all` (jco)"
        )),
        Some(unknown) => Err(format!("it imports `{unknown}`, and a plugin may import `log` alone")),
    }
}
