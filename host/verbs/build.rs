//! `rick build`

use std::time::Instant;

use crate::cli::{Failed, FormatArgument, Outcome, Ui};
use crate::plan::plan;
use crate::project::OUTPUT;
use crate::report::{self, Format};
use crate::verbs::{gather, judged, known_machine, outcome, print_problems};
use crate::write::write;
use camino::Utf8PathBuf;

/// Composes, checks and writes the deployment of every machine. With an error nothing is written.
#[derive(Debug, clap::Args)]
pub struct Build {
    /// The folder to write to; without it the one that rick.toml says, or dist.
    #[arg(short, long, value_name = "DIR")]
    output: Option<Utf8PathBuf>,
    /// Builds for this machine alone.
    #[arg(long, value_name = "MACHINE")]
    machine: Option<String>,
    #[command(flatten)]
    format: FormatArgument,
}

impl Build {
    /// Carries it out.
    pub fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        let start = Instant::now();
        let mut inputs = gather(ui)?;
        let (project, lock) = match &inputs.project {
            Ok((project, lock)) => (project, lock.clone()),
            Err(sources) => {
                let diagnostics = print_problems(ui, &inputs.sink, sources, self.format.format, false)?;
                return Ok(outcome(&diagnostics, &inputs.sink));
            }
        };
        known_machine(project, self.machine.as_deref())?;
        let judged = judged(project, &inputs.plugins, lock, &mut inputs.sink);
        let stated = project.settings.value.pointer("/project/output").and_then(|output| output.as_str());
        let output = self.output.unwrap_or_else(|| inputs.root.join(stated.unwrap_or(OUTPUT)));
        let plan = plan(&judged, &output, self.machine.as_deref(), &inputs.sink)?;
        if let Some(plan) = &plan {
            write(plan, &inputs.root, &judged.deployment().composition.lock)?;
        }
        let json = self.format.format == Format::Json;
        if json {
            let diagnostics = inputs.sink.sorted(&project.sources);
            let mut document = report::json::document(&diagnostics, &project.sources);
            document["build"] = plan.as_ref().map(report::build::json).unwrap_or_default();
            writeln!(ui.out, "{}", serde_json::to_string_pretty(&document).unwrap_or_default())?;
            return Ok(outcome(&diagnostics, &inputs.sink));
        }
        let diagnostics = print_problems(ui, &inputs.sink, &project.sources, self.format.format, false)?;
        match plan {
            Some(plan) if !ui.global.quiet => {
                write!(ui.out, "{}", report::build::human(&plan))?;
                writeln!(ui.err, "built in {} ms", start.elapsed().as_millis())?;
            }
            None => writeln!(ui.err, "nothing was written")?,
            _ => {}
        }
        Ok(outcome(&diagnostics, &inputs.sink))
    }
}
