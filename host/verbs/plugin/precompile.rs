//! `rick plugin precompile`, which `packaging/build` runs between the two stages of a release.

use std::fs;

use camino::Utf8PathBuf;

use crate::built_in;
use crate::cli::{Failed, Outcome};
use crate::engine::Engine;
use crate::error::Error;
use crate::plugin::Plugin;
use crate::write::{READABLE, replace};

/// Compiles the built-in plugins, for every processor of the architecture that this program was built for.
#[derive(Debug, clap::Args)]
pub struct Precompile {
    /// The folder to write to: `RICK_COMPILED` of the second stage.
    folder: Utf8PathBuf,
}

impl Precompile {
    /// Carries it out.
    pub fn run(self) -> Result<Outcome, Failed> {
        fs::create_dir_all(&self.folder).map_err(Error::file("make", &self.folder))?;
        let (compiler, engine) = (Engine::precompiling(env!("RICK_TARGET"))?, Engine::new(None)?);
        for plugin in built_in::ALL {
            let code = compiler.precompile(plugin.name, plugin.component)?;
            let said = Plugin::asked(&engine, plugin.name, plugin.digest, plugin.component)?;
            for (kind, bytes) in [("cwasm", code), ("said", said)] {
                let path = self.folder.join(format!("{}.{kind}", plugin.digest));
                replace(&path, &bytes, READABLE).map_err(Error::file("write", path))?;
            }
        }
        Ok(Outcome::Clean)
    }
}
