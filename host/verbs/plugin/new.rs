//! `rick plugin new`

use std::fs;

use camino::Utf8PathBuf;

use crate::cli::{Failed, Outcome, Ui};
use crate::error::Error;
use crate::scaffold::{self, Language, Words};
use crate::write::{READABLE, replace};

/// Writes a plugin to begin with: one that builds, passes its tests, and does something.
#[derive(Debug, clap::Args)]
pub struct New {
    /// Its name, which is also that of its table in a manifest: lower case letters, digits and hyphens.
    name: String,
    /// The language.
    #[arg(long, value_enum, default_value_t = Language::Rust)]
    lang: Language,
    /// The folder; without it, one of its name here.
    #[arg(long, value_name = "DIR")]
    folder: Option<Utf8PathBuf>,
}

impl New {
    /// Carries it out.
    pub fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        let words = Words::of(&self.name).map_err(Error::Usage)?;
        let folder = self.folder.unwrap_or_else(|| Utf8PathBuf::from(&self.name));
        if folder.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(Error::Usage(format!("`{folder}` is there already, and is not empty")).into());
        }
        for (path, text) in scaffold::files(self.lang, &words) {
            let path = folder.join(path);
            let inside = path.parent().unwrap_or(&folder);
            fs::create_dir_all(inside).map_err(Error::file("make", inside))?;
            replace(&path, text.as_bytes(), READABLE).map_err(Error::file("write", path))?;
        }
        if !ui.global.quiet {
            writeln!(ui.err, "wrote `{folder}`; its README.md says how to build and try it")?;
        }
        Ok(Outcome::Clean)
    }
}
