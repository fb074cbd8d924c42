//! `rick apply`

use std::io::Write;
use std::time::Instant;

use crate::apply::action::Phase;
use crate::apply::ask::{Allowed, Refusal, ask};
use crate::apply::carry::{How, carry_out};
use crate::apply::record::Record;
use crate::cli::{Failed, Outcome, Ui};
use crate::error::Error;
use crate::report;
use crate::verbs::target::Target;

/// Puts a build on the machine that it is for: files, then what they call for. It stops at the first failure, and goes on there when it
/// is run again.
#[derive(Debug, clap::Args)]
pub struct Apply {
    #[command(flatten)]
    target: Target,
    /// Says what would be done, and does nothing.
    #[arg(long)]
    dry_run: bool,
    /// Stops before this phase; run again without it, it goes on.
    #[arg(long, value_name = "PHASE", value_enum)]
    until: Option<Phase>,
    /// Takes over files that are there and were not written by rick.
    #[arg(long)]
    adopt: bool,
    /// Does every step, also where nothing calls for it: after a restore, for one.
    #[arg(long)]
    all_steps: bool,
    /// Removes the data of a service that is no longer built: its databases, its home with all volumes, its user.
    #[arg(long, value_name = "SERVICE")]
    purge: Vec<String>,
}

impl Apply {
    /// Carries it out.
    pub fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        let start = Instant::now();
        let (build, machine) = (self.target.build(ui)?, self.target.machine()?);
        if machine.runs() && !rustix::process::geteuid().is_root() {
            return Err(Error::Usage("only root can put a deployment on this machine: run it by `sudo`".to_owned()).into());
        }
        let record = Record::open(&machine, self.dry_run)?;
        if record.unfinished && !ui.global.quiet {
            writeln!(ui.err, "an earlier apply was not finished; this one goes on from there")?;
        }
        let allowed = Allowed { adopt: self.adopt, purge: self.purge };
        let asked = match ask(&build, &machine, record, &allowed)? {
            Ok(asked) => asked,
            Err(refusals) => return refuse(ui, &refusals),
        };
        let how = How { until: self.until, pretend: self.dry_run, all_steps: self.all_steps };
        let (mut failed, quiet) = (Ok(()), ui.global.quiet);
        let out = &mut ui.out;
        let applied = carry_out(asked, how, &mut |event| {
            if !quiet && failed.is_ok() {
                failed = write!(out, "{}", report::apply::event(&event)).and_then(|()| out.flush());
            }
        })?;
        failed?;
        if let Some(stopped) = &applied.stopped {
            write!(ui.err, "{}", report::apply::stopped(stopped, &applied))?;
            return Ok(Outcome::CouldNotRun);
        }
        if !quiet {
            write!(ui.out, "{}", report::apply::summary(&build.machine, &applied, self.dry_run))?;
            writeln!(ui.err, "{} in {:.1} s", if self.dry_run { "looked" } else { "applied" }, start.elapsed().as_secs_f64())?;
        }
        Ok(Outcome::Clean)
    }
}

fn refuse(ui: &mut Ui, refusals: &[Refusal]) -> Result<Outcome, Failed> {
    write!(ui.err, "{}", report::apply::refused(refusals))?;
    Ok(Outcome::Problems)
}
