//! `rick build`

use std::time::Instant;

use crate::cli::{Failed, FindingsArguments, Outcome, Ui};
use crate::plan::{Plan, plan};
use crate::project::{OUTPUT, Overlay};
use crate::report::{self, FindingsFormat};
use crate::verbs::{Inputs, gather, judged, known_machine, outcome};
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
    findings: FindingsArguments,
}

impl Build {
    /// Carries it out.
    pub fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        let start = Instant::now();
        let mut inputs = gather(ui, self.findings.asked(), Overlay::new())?;
        let (project, lock) = match &inputs.project {
            Ok((project, lock)) => (project, lock.clone()),
            Err(_) => {
                self.report(ui, &inputs, None)?;
                return Ok(outcome(&inputs.sink));
            }
        };
        known_machine(project, self.machine.as_deref())?;
        let judged = judged(project, &inputs.plugins, &inputs.policies, lock, true, &mut inputs.sink);
        let stated = project.settings.value.pointer("/project/output").and_then(|output| output.as_str());
        let output = self.output.clone().unwrap_or_else(|| inputs.root.join(stated.unwrap_or(OUTPUT)));
        let plan = plan(&judged, &output, self.machine.as_deref(), &inputs.sink)?;
        if let Some(plan) = &plan {
            write(plan, &inputs.root, &judged.deployment().composition.lock)?;
        }
        drop(judged);
        self.report(ui, &inputs, plan.as_ref())?;
        match plan {
            None => writeln!(ui.err, "nothing was written")?,
            Some(plan) if !ui.global.quiet && self.findings.format == FindingsFormat::Human => {
                write!(ui.out, "{}", report::build::human(&plan))?;
                writeln!(ui.err, "built in {} ms", start.elapsed().as_millis())?;
            }
            Some(_) => {}
        }
        Ok(outcome(&inputs.sink))
    }

    /// What was found: beside the answer for people, as the answer in all other formats.
    fn report(&self, ui: &mut Ui, inputs: &Inputs, plan: Option<&Plan>) -> Result<(), Failed> {
        let findings = inputs.findings().with_waived(self.findings.show_waived);
        match self.findings.format {
            FindingsFormat::Json => {
                let mut document = report::json::document(&findings);
                document["build"] = plan.map(report::build::json).unwrap_or_default();
                writeln!(ui.out, "{document:#}")?;
            }
            FindingsFormat::Human => {
                write!(ui.err, "{}", findings.render(FindingsFormat::Human)?)?;
                if let Some(count) = findings.count()
                    && !ui.global.quiet
                {
                    writeln!(ui.err, "{count}")?;
                }
            }
            other => write!(ui.out, "{}", findings.render(other)?)?,
        }
        Ok(())
    }
}
