//! `rick init`

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};

use crate::cli::{Failed, Outcome, Ui};
use crate::error::Error;
use crate::plugins::Plugins;
use crate::policy::{self, shape::Shapes};
use crate::project::{self, for_editors};
use crate::schema::Schema;
use crate::verbs::{engine, plugins_of};
use crate::write::{READABLE, replace};

/// Makes a project: rick.toml, a folder for manifests, and a schema for editors. Run again it brings the schemas up to date.
#[derive(Debug, clap::Args)]
pub struct Init {
    /// The folder; without it the one that --project names, or this one.
    folder: Option<Utf8PathBuf>,
    /// What the machine is called.
    #[arg(long, default_value = "web1")]
    machine: String,
    /// The machine's podman, as `podman --version` says there.
    #[arg(long, value_name = "VERSION", default_value = "5.4.2")]
    podman: String,
    /// The machine's PostgreSQL.
    #[arg(long, value_name = "VERSION", default_value = "17")]
    postgresql: String,
}

impl Init {
    /// Carries it out.
    pub fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        for (what, value) in [("machine", &self.machine), ("podman", &self.podman), ("postgresql", &self.postgresql)] {
            let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '+' | '~');
            if value.is_empty() || !value.chars().all(plain) {
                return Err(Error::Usage(format!("`{value}` cannot be a {what}: letters, digits, dots and hyphens")).into());
            }
        }
        let folder = self.folder.clone().unwrap_or_else(|| ui.global.project.clone());
        fs::create_dir_all(&folder).map_err(Error::file("make", &folder))?;
        let path = folder.join(project::FILE);
        let opened = if path.exists() {
            match plugins_of(ui, &folder)? {
                Ok((opened, _, plugins)) => Some((opened, plugins)),
                Err(outcome) => return Ok(outcome),
            }
        } else {
            None
        };
        let services = opened.as_ref().map_or_else(|| project::SERVICES.to_owned(), |(opened, _)| opened.services_folder());
        let services = folder.join(services);
        fs::create_dir_all(&services).map_err(Error::file("make", &services))?;
        let schemas = folder.join(SCHEMAS);
        match &opened {
            Some((_, plugins)) => write_schemas(&folder, plugins)?,
            None => write_schemas(&folder, &Plugins::with(&engine()?, &folder, Vec::new())?)?,
        };
        if opened.is_some() {
            if !ui.global.quiet {
                writeln!(ui.err, "`{path}` is there already and was left as it is; the schemas in `{schemas}` are new")?;
            }
            return Ok(Outcome::Clean);
        }
        let Init { machine, podman, postgresql, .. } = &self;
        let text = format!(
            "#:schema .rick/rick.schema.json\n\n\
             # A machine that services run on, with the versions of what is on it: what rick writes depends on them.\n\
             [machines.{}]\nversions = {{ podman = \"{podman}\", postgresql = \"{postgresql}\" }}\n",
            if machine.contains('.') { format!("\"{machine}\"") } else { machine.clone() },
        );
        replace(&path, text.as_bytes(), READABLE).map_err(Error::file("write", &path))?;
        if !ui.global.quiet {
            writeln!(ui.err, "wrote `{path}`; check the versions in it, then: rick new SERVICE")?;
        }
        Ok(Outcome::Clean)
    }
}

/// The folder of the schemas that editors use.
pub const SCHEMAS: &str = ".rick";

/// Writes the schemas that editors use, and gives their names.
pub fn write_schemas(root: &Utf8Path, plugins: &Plugins) -> Result<Vec<&'static str>, Error> {
    let folder = root.join(SCHEMAS);
    fs::create_dir_all(&folder).map_err(Error::file("make", &folder))?;
    let schemas = [
        ("manifest.schema.json", project::manifest_schema(plugins)),
        ("model.schema.json", Schema::new(Shapes::of(plugins).schema().clone())),
        ("policy.schema.json", policy::file::schema()),
        ("rick.schema.json", project::settings_schema(plugins)),
    ];
    for (name, schema) in &schemas {
        let path = folder.join(name);
        let text = serde_json::to_string_pretty(&for_editors(schema.value())).unwrap_or_default() + "\n";
        replace(&path, text.as_bytes(), READABLE).map_err(Error::file("write", path))?;
    }
    Ok(schemas.map(|(name, _)| name).to_vec())
}
