//! `rick plugin test`

use camino::{Utf8Path, Utf8PathBuf};

use crate::cli::{Failed, Outcome, Ui};
use crate::error::Error;
use crate::plugins::plugin_of;
use crate::report;
use crate::trial::{self, Cases};
use crate::verbs::engine;

/// Tries a plugin: its cases, both examples of each of its rules, tables made from its own schema, and whether it answers the same when
/// it is asked again. It does not matter how or where it was built.
#[derive(Debug, clap::Args)]
pub struct Test {
    /// The component, or a folder with one.
    #[arg(default_value = ".")]
    plugin: Utf8PathBuf,
    /// The folder of the cases; without it, `cases` beside the component.
    #[arg(long, value_name = "DIR")]
    cases: Option<Utf8PathBuf>,
    /// Writes what comes out of the cases as what is expected of them; look at it before you keep it.
    #[arg(long)]
    bless: bool,
}

impl Test {
    /// Carries it out.
    pub fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        let file = component_in(&self.plugin)?;
        let bytes = std::fs::read(&file).map_err(Error::file("read", &file))?;
        let engine = engine()?;
        let plugin = plugin_of(&engine, file.as_str(), bytes)?;
        let beside = file.parent().filter(|folder| !folder.as_str().is_empty()).unwrap_or(Utf8Path::new(".")).join("cases");
        let folder = self.cases.unwrap_or(beside);
        let trial = trial::run(&engine, plugin, &Cases { folder: &folder, bless: self.bless })?;
        write!(ui.out, "{}", report::trial::human(&trial))?;
        Ok(if trial.passed() { Outcome::Clean } else { Outcome::Problems })
    }
}

/// A component's file, or the only one of a folder.
fn component_in(path: &Utf8Path) -> Result<Utf8PathBuf, Error> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let entries = path.read_dir_utf8().map_err(Error::file("list", path))?;
    let mut found: Vec<Utf8PathBuf> =
        entries.flatten().map(|entry| entry.into_path()).filter(|path| path.extension() == Some("wasm")).collect();
    found.sort();
    match found.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(Error::Usage(format!("there is no component in `{path}`: `rick plugin build` makes one"))),
        several => Err(Error::Usage(format!("there are several components in `{path}`: name one, such as `{}`", several[0]))),
    }
}
