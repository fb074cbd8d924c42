//! What is said, in each format: pure functions from values to text. One format, one file.

pub mod apply;
pub mod build;
pub mod human;
pub mod json;
pub mod junit;
pub mod plugin;
pub mod secrets;
pub mod tap;
pub mod trial;
pub mod verify;

use crate::diagnostic::{Diagnostic, Severity};

/// How diagnostics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Human,
    /// For programs: one JSON document.
    Json,
}

/// "1 file", "2 files".
pub fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// "2 errors, 1 warning"; `None` where there is nothing.
pub fn count(diagnostics: &[Diagnostic]) -> Option<String> {
    let mut counts = Vec::new();
    for severity in [Severity::Error, Severity::Warning, Severity::Info, Severity::Hint] {
        match diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count() {
            0 => {}
            1 => counts.push(format!("1 {}", severity.name())),
            many => counts.push(format!("{many} {}s", severity.name().trim_end_matches('s'))),
        }
    }
    if counts.is_empty() { None } else { Some(counts.join(", ")) }
}
