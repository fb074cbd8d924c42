//! rick: one manifest for each service, a complete deployment for each machine.
//!
//! The way the data goes, in reading order:
//!
//! ```text
//! manifests → compose → check → render → judge → plan → write
//! ```
//!
//! Each stage is a function from one value to the next, plus a [`diagnostic::Sink`] for the problems that it finds. Only the
//! stage before can make the value that a stage takes. Nothing but [`write`] touches the disk, no stage prints, and nothing
//! here exits. `docs/architecture.md` has the map and the invariants.

// What everything stands on.
pub mod diagnostic;
pub mod document;
pub mod error;
pub mod fix;
pub mod model;
pub mod pointer;
pub mod source;

// The plugins.
pub mod answers;
pub mod built_in;
pub mod contract;
pub mod engine;
pub mod plugin;
pub mod plugins;
pub mod registry;
pub mod rules;
pub mod schema;
pub mod slots;
pub mod verdicts;

// The stages.
pub mod calls;
pub mod check;
pub mod compose;
pub mod control;
pub mod helpers;
pub mod judge;
pub mod lock;
pub mod mend;
pub mod plan;
pub mod policy;
pub mod project;
pub mod render;
pub mod write;

// For those who write plugins.
pub mod scaffold;
pub mod trial;

// On the machine.
pub mod apply;
pub mod secrets;
pub mod verify;

// What is said about it.
pub mod origin;
pub mod report;

// The commands.
pub mod cli;
pub mod verbs;
