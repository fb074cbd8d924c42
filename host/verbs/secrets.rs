//! `rick secrets`

use std::io::Write;

use crate::apply::ask;
use crate::cli::{Failed, Outcome, Ui};
use crate::control::Asked;
use crate::error::Error;
use crate::plan::index;
use crate::project::Overlay;
use crate::report;
use crate::secrets::{Provider, generate};
use crate::verbs::target::Target;
use crate::verbs::{gather, judged, known_machine, print_problems};

/// The secrets that a deployment needs: their names, never their values.
#[derive(Debug, clap::Subcommand)]
pub enum Secrets {
    /// Who needs which secret, and which may be random.
    List(List),
    /// Asks on the machine whether each can be had, and from whom.
    Check(Check),
    /// Makes those that may be random and that nobody has, as files of root's on the machine.
    Generate(Generate),
}

/// `rick secrets list`
#[derive(Debug, clap::Args)]
pub struct List {
    /// Of this machine alone.
    #[arg(long, value_name = "MACHINE")]
    machine: Option<String>,
}

/// `rick secrets check`
#[derive(Debug, clap::Args)]
pub struct Check {
    #[command(flatten)]
    target: Target,
}

/// `rick secrets generate`
#[derive(Debug, clap::Args)]
pub struct Generate {
    #[command(flatten)]
    target: Target,
}

impl Secrets {
    /// Carries it out.
    pub fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        match self {
            Secrets::List(list) => list.run(ui),
            Secrets::Check(check) => check.run(ui),
            Secrets::Generate(generate) => generate.run(ui),
        }
    }
}

impl List {
    fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        let mut inputs = gather(ui, Asked::default(), Overlay::new())?;
        let (project, lock) = match &inputs.project {
            Ok((project, lock)) => (project, lock.clone()),
            Err(_) => return print_problems(ui, &inputs),
        };
        let judged = judged(project, &inputs.plugins, &inputs.policies, lock, true, &mut inputs.sink);
        let outcome = print_problems(ui, &inputs)?;
        known_machine(project, self.machine.as_deref())?;
        for machine in project.machines.iter().filter(|machine| self.machine.as_ref().is_none_or(|only| only == *machine)) {
            let secrets = index::secrets(judged.deployment(), machine);
            write!(ui.out, "{}", report::secrets::list(machine, &secrets))?;
        }
        Ok(outcome)
    }
}

impl Check {
    fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        let (build, machine) = (self.target.build(ui)?, self.target.machine()?);
        let found = ask::secrets(&build, &machine);
        write!(ui.out, "{}", report::secrets::found(&build.machine, &build.secrets, &found))?;
        Ok(if found.missing.is_empty() && found.refused.is_empty() { Outcome::Clean } else { Outcome::Problems })
    }
}

impl Generate {
    fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        let (build, machine) = (self.target.build(ui)?, self.target.machine()?);
        let directory = build.providers.iter().find_map(|provider| match provider {
            Provider::Files { directory } => Some(machine.path(directory)),
            _ => None,
        });
        let directory = directory.ok_or_else(|| {
            let help = "add `{ kind = \"files\" }` to [secrets] providers in rick.toml, or make them where they are kept";
            Error::Usage(format!("no provider of this build keeps files, so there is nowhere to put what is made; {help}"))
        })?;
        let found = ask::secrets(&build, &machine);
        let (mut made, mut left) = (0, Vec::new());
        for name in &found.missing {
            match build.secrets.get(name).and_then(|needed| needed.generate.as_ref()) {
                Some(how) => {
                    generate::keep(&directory, name, how)?;
                    made += 1;
                    if !ui.global.quiet {
                        writeln!(ui.out, "  + {}", directory.join(name))?;
                    }
                }
                None => left.push(name.clone()),
            }
        }
        if made == 0 && found.refused.is_empty() && !ui.global.quiet {
            writeln!(ui.out, "nothing to make: every secret that may be random is there")?;
        }
        for name in &left {
            writeln!(ui.err, "only you can give {name}: write it to `{}`, mode 0600", directory.join(name))?;
        }
        for (name, reason) in &found.refused {
            writeln!(ui.err, "{name} cannot be used: {reason}")?;
        }
        Ok(if left.is_empty() && found.refused.is_empty() { Outcome::Clean } else { Outcome::Problems })
    }
}
