//! Which machine's build a command is about.

use camino::Utf8PathBuf;

use crate::apply::build::Build;
use crate::apply::machine::Machine;
use crate::cli::Ui;
use crate::diagnostic::Sink;
use crate::error::Error;
use crate::plan::index;
use crate::project;

/// A build and the machine that it is for.
#[derive(Debug, Clone, clap::Args)]
pub struct Target {
    /// A machine's folder of a build; without it, the one in the project's output folder.
    #[arg(value_name = "DIR")]
    folder: Option<Utf8PathBuf>,
    /// Which machine of the project, where it has several.
    #[arg(long, value_name = "MACHINE", conflicts_with = "folder")]
    machine: Option<String>,
    /// The machine's root: where its files are.
    #[arg(long, value_name = "DIR", default_value = "/")]
    root: Utf8PathBuf,
}

impl Target {
    /// Reads the build.
    pub fn build(&self, ui: &Ui) -> Result<Build, Error> {
        match &self.folder {
            Some(folder) => Build::read(folder),
            None => Build::read(&self.of_project(ui)?),
        }
    }

    /// The machine.
    pub fn machine(&self) -> Result<Machine, Error> {
        Machine::at(&self.root)
    }

    fn of_project(&self, ui: &Ui) -> Result<Utf8PathBuf, Error> {
        let root = project::find(&ui.global.project).map_err(|_| {
            Error::Usage("say which build: the folder that `rick build` wrote for this machine, `dist/MACHINE`".to_owned())
        })?;
        let output = root.join(project::open(root.clone(), &mut Sink::default())?.output_folder());
        if let Some(machine) = &self.machine {
            return Ok(output.join(machine));
        }
        let mut built = Vec::new();
        let none = || Error::Usage(format!("there is no build in `{output}`; `rick build` makes one"));
        if !output.is_dir() {
            return Err(none());
        }
        for entry in output.read_dir_utf8().map_err(Error::file("list", &output))? {
            let entry = entry.map_err(Error::file("list", &output))?;
            if entry.path().join(index::FILE).is_file() {
                built.push(entry.path().to_owned());
            }
        }
        built.sort();
        match built.as_slice() {
            [only] => Ok(only.clone()),
            [] => Err(none()),
            several => {
                let names: Vec<&str> = several.iter().filter_map(|folder| folder.file_name()).collect();
                Err(Error::Usage(format!("say which machine: `--machine` with {}", names.join(", "))))
            }
        }
    }
}
