//! `rick plugin remove`

use std::fs;

use super::bring::{Books, FOLDER, renew_schemas};
use crate::cli::{Failed, Outcome, Ui};
use crate::error::Error;

/// Takes a plugin out of the project: its table in rick.toml, its pin in rick.lock, and the copy of its file that `add` made.
#[derive(Debug, clap::Args)]
pub struct Remove {
    /// The plugin.
    name: String,
}

impl Remove {
    /// Carries it out.
    pub fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        let name = &self.name;
        let mut books = Books::open(ui)?;
        let component = books.component(name).map(str::to_owned);
        let pin = books.lock.plugins.remove(name);
        if component.is_none() && pin.is_none() {
            let known: Vec<&str> = books.lock.plugins.keys().map(String::as_str).collect();
            let known = if known.is_empty() { "there is none".to_owned() } else { format!("there are {}", known.join(", ")) };
            return Err(Error::Usage(format!("the project has no plugin `{name}` of its own: {known}")).into());
        }
        books.take_out(name);
        books.write()?;
        // What the project had before `add` is the user's own.
        let copy = format!("{FOLDER}/{name}.wasm");
        if component.as_deref() == Some(&copy) && pin.is_some_and(|pin| pin.source != copy) {
            let path = books.root.join(&copy);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::file("remove", path)(error).into());
                }
                _ => {}
            }
        }
        renew_schemas(ui, &books.root.clone())?;
        if !ui.global.quiet {
            writeln!(
                ui.err,
                "removed {name}; a manifest that has its table is refused from now on, and the next build takes its files away"
            )?;
        }
        Ok(Outcome::Clean)
    }
}
