//! `rick plugin push`

use camino::Utf8PathBuf;

use super::bring::bring;
use crate::cli::{Failed, Outcome, Ui};
use crate::registry;
use crate::verbs::engine;

/// Publishes a plugin in an OCI registry, and prints where it is by digest. Credentials are those of `docker login`.
#[derive(Debug, clap::Args)]
pub struct Push {
    /// The component's file.
    file: Utf8PathBuf,
    /// oci://registry/name:tag
    target: String,
}

impl Push {
    /// Carries it out.
    pub fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        let brought = bring(&engine()?, self.file.as_str())?;
        let descriptor = &brought.plugin.descriptor;
        let source = registry::push(brought.bytes, &self.target, &descriptor.name, &descriptor.version)?;
        writeln!(ui.out, "{source}")?;
        Ok(Outcome::Clean)
    }
}
