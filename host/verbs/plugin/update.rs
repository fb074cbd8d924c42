//! `rick plugin update`

use super::bring::{Books, Brought, Consent, bring, renew_schemas};
use crate::cli::{Failed, Outcome, Ui};
use crate::engine::Engine;
use crate::error::Error;
use crate::lock::{Pin, Wish};
use crate::registry;
use crate::verbs::engine;

/// Takes the newest of a plugin, or of all: from the file or the tag that it was added from. What one wants beyond what you allowed is
/// asked for; without a yes it stays as it was.
#[derive(Debug, clap::Args)]
pub struct Update {
    /// The plugins; without one, all that are locked.
    names: Vec<String>,
    /// Takes it from elsewhere from now on: a component's file, or oci://registry/name:tag.
    #[arg(long, value_name = "SOURCE")]
    from: Option<String>,
    #[command(flatten)]
    consent: Consent,
}

impl Update {
    /// Carries it out.
    pub fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        let mut books = Books::open(ui)?;
        let engine = engine()?;
        let names: Vec<String> =
            if self.names.is_empty() { books.lock.plugins.keys().cloned().collect() } else { self.names.clone() };
        if self.from.is_some() && names.len() != 1 {
            return Err(Error::Usage("`--from` is for one plugin: name it".to_owned()).into());
        }
        let mut outcome = Outcome::Clean;
        for name in &names {
            let Some(pin) = books.lock.plugins.get(name).cloned() else {
                let message = format!("`{name}` is not locked: `rick plugin add` shows what it may do, and locks it");
                return Err(Error::Usage(message).into());
            };
            let brought = newest(&engine, &books, name, &pin, self.from.as_deref())?;
            let descriptor = &brought.plugin.descriptor;
            if descriptor.name != *name {
                let message = format!("what is at `{}` calls itself `{}`, and not `{name}`", brought.source, descriptor.name);
                return Err(Error::Usage(message).into());
            }
            let wishes = pin.lacks(descriptor);
            let new = Pin::of(&brought.plugin, books.source(&brought), brought.sha256());
            if new == pin {
                // The file, or the table that names it, may be another all the same: after a change, or a merge that lost it.
                books.settle(name, &brought)?;
                if !ui.global.quiet {
                    writeln!(ui.err, "{} is the newest", brought.plugin.title())?;
                }
                continue;
            }
            writeln!(ui.err, "{name} {} to {}", pin.version, new.version)?;
            for wish in &wishes {
                writeln!(ui.err, "  new: {}", wish.title())?;
            }
            for gone in new.lost(&pin).iter().map(Wish::title) {
                writeln!(ui.err, "  no longer: {gone}")?;
            }
            if !self.consent.given(ui, descriptor, &wishes)? {
                writeln!(ui.err, "{name} stays at {}", pin.version)?;
                outcome = Outcome::Problems;
                continue;
            }
            books.lock.plugins.insert(name.clone(), new);
            // Each is whole before the next is looked at.
            books.settle(name, &brought)?;
        }
        renew_schemas(ui, &books.root.clone())?;
        Ok(outcome)
    }
}

/// From where it was added, or the file that the project has, where that is all that there is.
fn newest(engine: &Engine, books: &Books, name: &str, pin: &Pin, from: Option<&str>) -> Result<Brought, Error> {
    if let Some(from) = from {
        return bring(engine, from);
    }
    if pin.source.starts_with(registry::SCHEME) {
        let tag = pin.source.rsplit_once('@').map_or(pin.source.as_str(), |(tag, _)| tag);
        return bring(engine, tag);
    }
    let source = books.root.join(&pin.source);
    match books.component(name) {
        Some(path) if !source.exists() => bring(engine, books.root.join(path).as_str()),
        _ => bring(engine, source.as_str()),
    }
}
