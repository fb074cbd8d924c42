//! `rick plugin add`

use super::bring::{Books, Brought, Consent, bring, renew_schemas, show};
use crate::cli::{Failed, Outcome, Ui};
use crate::error::Error;
use crate::lock::{Pin, Wish};
use crate::plugins::Plugins;
use crate::verbs::engine;

/// Adds a plugin to the project, once you allowed what it does: its file, its table in rick.toml, and its pin in rick.lock. From
/// elsewhere it is copied to `plugins/`, to be committed, so that builds need no network.
#[derive(Debug, clap::Args)]
pub struct Add {
    /// A component's file, or oci://registry/name:tag.
    source: String,
    #[command(flatten)]
    consent: Consent,
}

impl Add {
    /// Carries it out.
    pub fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        let mut books = Books::open(ui)?;
        let engine = engine()?;
        let brought = bring(&engine, &self.source)?;
        let descriptor = &brought.plugin.descriptor;
        let name = descriptor.name.clone();
        if books.lock.plugins.contains_key(&name) {
            let message = format!("`{name}` is locked already: `rick plugin update {name}` takes a newer one");
            return Err(Error::Usage(message).into());
        }
        show(ui, &brought)?;
        let nothing = Pin {
            slots: [].into(),
            fulfils: [].into(),
            paths: [].into(),
            steps: [].into(),
            ..Pin::of(&brought.plugin, String::new(), String::new())
        };
        let wishes: Vec<Wish> = nothing.lacks(descriptor);
        if !self.consent.given(ui, descriptor, &wishes)? {
            writeln!(ui.err, "nothing was changed")?;
            return Ok(Outcome::Problems);
        }
        let (title, pin) = (brought.plugin.title(), Pin::of(&brought.plugin, books.source(&brought), brought.sha256()));
        let path = books.place_of(&brought);
        let Brought { plugin, bytes, file, .. } = brought;
        // Together with the others it may be no use: two of one table, or two that wait for each other.
        let mut all = books.others(&engine, &name);
        all.push(plugin);
        Plugins::with(&engine, &books.root, all)?;
        books.name_component(&name, &path)?;
        if file.is_none_or(|file| file != books.root.join(&path)) {
            books.put(&path, &bytes)?;
        }
        books.lock.plugins.insert(name.clone(), pin);
        books.write()?;
        renew_schemas(ui, &books.root.clone())?;
        if !ui.global.quiet {
            writeln!(ui.err, "added {title}: `{path}`, [plugins.{name}] in rick.toml, and rick.lock; commit all three")?;
        }
        Ok(Outcome::Clean)
    }
}
