//! `rick machine probe`

use crate::apply::probe::probe;
use crate::cli::{Failed, Outcome, Ui};

/// Tells about the machine that rick runs on.
#[derive(Debug, clap::Subcommand)]
pub enum Machine {
    /// Prints what rick.toml should say of this machine: versions, and what is not as it is everywhere.
    Probe(Probe),
}

/// Prints what rick.toml should say of this machine: versions, and what is not as it is everywhere.
#[derive(Debug, clap::Args)]
pub struct Probe {
    /// What rick.toml calls the machine; without it, its host name.
    #[arg(long)]
    machine: Option<String>,
}

impl Machine {
    /// Carries it out.
    pub fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        let Machine::Probe(Probe { machine }) = self;
        write!(ui.out, "{}", probe(machine)?)?;
        Ok(Outcome::Clean)
    }
}
