//! `rick schema`

use crate::cli::{Failed, Outcome, Ui};
use crate::project;
use crate::verbs::init::{SCHEMAS, write_schemas};
use crate::verbs::plugins_of;

/// Writes the JSON Schemas of rick.toml, of manifests, of policies and of what policies see, with those of the project's plugins, for editors
/// and other tools.
#[derive(Debug, clap::Args)]
pub struct Schema {}

impl Schema {
    /// Carries it out.
    pub fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        let root = project::find(&ui.global.project)?;
        let plugins = match plugins_of(ui, &root)? {
            Ok((_, _, plugins)) => plugins,
            Err(outcome) => return Ok(outcome),
        };
        for name in write_schemas(&root, &plugins)? {
            if !ui.global.quiet {
                writeln!(ui.out, "{SCHEMAS}/{name}")?;
            }
        }
        Ok(Outcome::Clean)
    }
}
