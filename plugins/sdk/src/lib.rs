//! For authors of rick plugins: the contract as Rust types, a trait with defaults, and one export macro.
//!
//! A plugin is a pure function of its input. It implements [`Plugin`], names itself in [`Plugin::describe`], and ends with
//! `rick_plugin_sdk::export!(MyPlugin);`. Nothing in it knows WebAssembly, so its logic also runs, and is tested, natively.
//!
//! ```
//! use rick_plugin_sdk::{Contributions, Descriptor, Empty, Plugin, ServiceCall, slots, table, text};
//!
//! /// What a manifest may say under `[greeter]`.
//! #[derive(serde::Deserialize, schemars::JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! struct Table {
//!     /// What to say.
//!     greeting: String,
//! }
//!
//! struct Greeter;
//!
//! impl Plugin for Greeter {
//!     type Table = Table;
//!     type Settings = Empty;
//!     type Facts = Empty;
//!
//!     fn describe() -> Descriptor {
//!         Descriptor::new::<Self>("greeter", env!("CARGO_PKG_VERSION"), "says hello in a variable")
//!             .contributes::<slots::Env>()
//!             .answers(&["contribute"])
//!     }
//!
//!     fn contribute(call: &ServiceCall<Self>, out: &mut Contributions) {
//!         out.add::<slots::Env>("GREETING", &text(&call.table.greeting), table(&["greeting"])).stated();
//!     }
//! }
//!
//! rick_plugin_sdk::export!(Greeter);
//! ```

pub mod answer;
#[allow(unsafe_code, reason = "the canonical ABI is a foreign interface")]
#[doc(hidden)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit/0.1.0",
        world: "plugin",
        pub_export_macro: true,
        export_macro_name: "export_component",
        additional_derives: [PartialEq],
        generate_unused_types: true,
    });
}
pub mod descriptor;
#[doc(hidden)]
pub mod glue;
pub mod input;
mod percent;
pub mod place;
pub mod slots;

pub use answer::{Artifact, Claims, Contributions, Diagnostics, Line, Rendered, error, hint, info, remove, set, warning};
pub use bindings::rick::plugin::types::{Content, Contribution, Diagnostic, Edit, File, Place, Segment, Severity};
pub use descriptor::{By, Descriptor, Merge, Of, Rule, Unread};
/// Shown with `-vv`, and when the call fails. In tests that run natively it says nothing.
pub fn log(level: Level, message: &str) {
    #[cfg(target_arch = "wasm32")]
    bindings::rick::plugin::log::log(level, message);
    #[cfg(not(target_arch = "wasm32"))]
    let _ = (level, message);
}

pub use bindings::rick::plugin::log::Level;
pub use input::{Empty, Identity, Machine, MachineCall, ProjectCall, Read, Service, ServiceCall, Version};
pub use percent::percent_encoded;
pub use place::{claimed, fact, key_of, machine, service, setting, table, table_key};
pub use slots::{Piece, SecretRef, Slot, text};

/// A plugin. Every function has a default that does nothing; [`Descriptor::answers`] says which ones are worth calling.
pub trait Plugin: Sized + 'static {
    /// What a manifest says in the plugin's table.
    type Table: serde::de::DeserializeOwned + schemars::JsonSchema;
    /// What rick.toml says in `[plugins.<name>]`.
    type Settings: serde::de::DeserializeOwned + schemars::JsonSchema;
    /// What rick.toml says in `[machines.<machine>.<name>]`.
    type Facts: serde::de::DeserializeOwned + schemars::JsonSchema;

    /// Says what the plugin is. Static: it depends on nothing.
    fn describe() -> Descriptor;

    /// Claims numbers and names for a service. `call` has no `claimed` and nothing to read yet.
    fn claim(_call: &ServiceCall<Self>, _out: &mut Claims) {}

    /// Contributes to the slots of others, and to the plugin's own.
    fn contribute(_call: &ServiceCall<Self>, _out: &mut Contributions) {}

    /// Checks one service.
    fn check_service(_call: &ServiceCall<Self>, _out: &mut Diagnostics) {}

    /// Checks one machine with all its services.
    fn check_machine(_call: &MachineCall<Self>, _out: &mut Diagnostics) {}

    /// Checks the whole project.
    fn check_project(_call: &ProjectCall<Self>, _out: &mut Diagnostics) {}

    /// Judges files, rendered or written by hand.
    fn check_files(_call: &MachineCall<Self>, _files: &[File], _out: &mut Diagnostics) {}

    /// Renders what is of one service.
    fn render_service(_call: &ServiceCall<Self>, _out: &mut Rendered) {}

    /// Renders what is of one machine.
    fn render_machine(_call: &MachineCall<Self>, _out: &mut Rendered) {}

    /// Renders what is of the whole project.
    fn render_project(_call: &ProjectCall<Self>, _out: &mut Rendered) {}
}

/// Makes a component of a [`Plugin`]. Once in a crate, at its root.
#[macro_export]
macro_rules! export {
    ($plugin:ident) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "the canonical ABI is a foreign interface")]
        mod rick_component {
            type Component = $crate::glue::Component<super::$plugin>;
            $crate::bindings::export_component!(Component with_types_in $crate::bindings);
        }
    };
}
