//! `rick plugin fetch`

use super::bring::{Books, bring};
use crate::cli::{Failed, Outcome, Ui};
use crate::engine;
use crate::error::Error;
use crate::verbs::engine as open_engine;

/// Gets the plugins that rick.lock pins and that are not there, or are not what it pins: for a project that does not commit them.
#[derive(Debug, clap::Args)]
pub struct Fetch {}

impl Fetch {
    /// Carries it out.
    pub fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        let books = Books::open(ui)?;
        let engine = open_engine()?;
        let mut fetched = 0;
        for (name, pin) in &books.lock.plugins {
            let Some(path) = books.component(name) else { continue };
            if std::fs::read(books.root.join(path)).is_ok_and(|file| engine::digest(file) == pin.sha256) {
                continue;
            }
            let source = if pin.source.contains("://") { pin.source.clone() } else { books.root.join(&pin.source).to_string() };
            let brought = bring(&engine, &source)?;
            if brought.sha256() != pin.sha256 {
                let message = format!(
                    "what is at `{}` is not what rick.lock pins for `{name}`: its SHA-256 is {}",
                    pin.source,
                    brought.sha256()
                );
                return Err(Error::Usage(message).into());
            }
            books.put(path, &brought.bytes)?;
            fetched += 1;
            if !ui.global.quiet {
                writeln!(ui.err, "{} from {}", brought.plugin.title(), pin.source)?;
            }
        }
        if fetched == 0 && !ui.global.quiet {
            writeln!(ui.err, "every plugin is there as rick.lock pins it")?;
        }
        Ok(Outcome::Clean)
    }
}
