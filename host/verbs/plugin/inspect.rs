//! `rick plugin inspect`

use camino::Utf8PathBuf;
use serde_json::json;

use super::bring::{Brought, bring};
use crate::cli::{Failed, FormatArgument, Outcome, Ui};
use crate::error::Error;
use crate::plugins::{BUILT_IN, Plugins};
use crate::project;
use crate::registry;
use crate::report::{self, Format};
use crate::verbs::engine;

/// Shows what a plugin is and does, before anything of it is used: it is asked what it is, in its sandbox, and nothing else.
#[derive(Debug, clap::Args)]
pub struct Inspect {
    /// A component's file, oci://registry/name:tag, or the name of a built-in plugin.
    source: String,
    #[command(flatten)]
    format: FormatArgument,
}

impl Inspect {
    /// Carries it out.
    pub fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        let engine = engine()?;
        let is_name = !self.source.starts_with(registry::SCHEME)
            && !Utf8PathBuf::from(&self.source).exists()
            && !self.source.contains(['/', '.']);
        let brought = if is_name {
            let mut all = Plugins::with(&engine, &ui.global.project, Vec::new())?.all;
            let index = all.iter().position(|plugin| plugin.descriptor.name == self.source);
            let Some(index) = index else {
                let in_project = project::find(&ui.global.project).is_ok();
                let more = if in_project { "; one of the project's own is named by its file" } else { "" };
                return Err(Error::Usage(format!("there is no file and no built-in plugin `{}`{more}", self.source)).into());
            };
            let plugin = all.swap_remove(index);
            let bytes = plugin.bytes().to_vec();
            Brought { plugin, bytes, source: BUILT_IN.trim_matches(['(', ')']).to_owned(), file: None }
        } else {
            bring(&engine, &self.source)?
        };
        let (plugin, source, sha256, size) = (&brought.plugin, &brought.source, brought.sha256(), brought.bytes.len());
        let text = match self.format.format {
            Format::Json => {
                format!("{:#}\n", json!({ "version": 1, "plugin": report::plugin::json(plugin, source, &sha256, size) }))
            }
            Format::Human => report::plugin::human(plugin, source, &sha256, size),
        };
        write!(ui.out, "{text}")?;
        Ok(Outcome::Clean)
    }
}
