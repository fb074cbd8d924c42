//! The contract of `wit/rick.wit`, as the host sees it. Generated; `plugin.rs` is the only user of the calls.

wasmtime::component::bindgen!({
    path: "wit",
    world: "plugin",
    additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
});

pub use exports::rick::plugin::{check, check_files, claim, contribute, meta, render};
pub use rick::plugin::types;

/// Part of the key of kept code: another contract, other code.
pub const REVISION: &str = "0.1.0-draft";
