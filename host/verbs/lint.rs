//! `rick lint`

use crate::cli::{Failed, FormatArgument, Outcome, Ui};
use crate::verbs::{gather, judged, outcome, print_problems};

/// Does all that a build does, in memory, and shows the problems. Nothing is written, not even the lock.
#[derive(Debug, clap::Args)]
pub struct Lint {
    #[command(flatten)]
    format: FormatArgument,
}

impl Lint {
    /// Carries it out.
    pub fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        let mut inputs = gather(ui)?;
        let sources = match &inputs.project {
            Ok((project, lock)) => {
                judged(project, &inputs.plugins, lock.clone(), &mut inputs.sink);
                &project.sources
            }
            Err(sources) => sources,
        };
        let diagnostics = print_problems(ui, &inputs.sink, sources, self.format.format, true)?;
        Ok(outcome(&diagnostics, &inputs.sink))
    }
}
