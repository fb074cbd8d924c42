//! `rick policy`

mod check;
mod explain;
mod test;

use crate::cli::{Failed, Outcome, Ui};

/// Tries policies, tells how they see a project, and asks them of a model that was written before.
#[derive(Debug, clap::Subcommand)]
pub enum Policy {
    /// Tries policies on the cases beside them.
    Test(test::Test),
    /// Tells what a policy asks, of what, and what it sees there.
    Explain(explain::Explain),
    /// Asks policies of a model that `rick show --format json` printed.
    Check(check::Check),
}

impl Policy {
    /// Carries it out.
    pub fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        match self {
            Policy::Test(test) => test.run(ui),
            Policy::Explain(explain) => explain.run(ui),
            Policy::Check(check) => check.run(ui),
        }
    }
}
