//! `rick verify`

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::time::Duration;

use camino::Utf8PathBuf;
use clap::ValueEnum;

use crate::apply::ask;
use crate::apply::record::Record;
use crate::cli::{Failed, Outcome, Ui};
use crate::error::Error;
use crate::report;
use crate::verbs::target::Target;
use crate::verify::{Answer, Check, Context, Visitor, of_files, verify};

/// Asks the machine whether the deployment is as it was built: users, sockets, databases, containers, sites.
#[derive(Debug, clap::Args)]
pub struct Verify {
    #[command(flatten)]
    target: Target,
    /// Asks about these services alone, and not about the machine.
    #[arg(long, value_name = "SERVICE")]
    service: Vec<String>,
    /// Asks again what does not hold, for so many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    wait: u64,
    /// Cookies of a browser that is signed on: `member=FILE` of somebody who may enter, `outsider=FILE` of somebody who may not.
    #[arg(long, value_name = "WHO=FILE", value_parser = session)]
    session: Vec<(Visitor, Utf8PathBuf)>,
    /// How to write it.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Human,
    /// The Test Anything Protocol, version 14.
    Tap,
    /// XML as JUnit writes it.
    Junit,
}

fn session(text: &str) -> Result<(Visitor, Utf8PathBuf), String> {
    let (who, file) = text.split_once('=').ok_or("say `member=FILE` or `outsider=FILE`")?;
    Ok((Visitor::from_str(who, false).map_err(|_| format!("`{who}` is neither `member` nor `outsider`"))?, file.into()))
}

impl Verify {
    /// Carries it out.
    pub fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        let (build, machine) = (self.target.build(ui)?, self.target.machine()?);
        if !machine.runs() {
            return Err(Error::Usage("only a machine that runs can be asked; `rick verify` is run on it".to_owned()).into());
        }
        if !rustix::process::geteuid().is_root() {
            return Err(Error::Usage("only root can ask as every service: run it by `sudo`".to_owned()).into());
        }
        let mut sessions = BTreeMap::new();
        for (visitor, file) in &self.session {
            let cookies = fs::read_to_string(file).map_err(Error::file("read", file))?;
            // curl takes a text without it for a file's name.
            if !cookies.contains('=') {
                return Err(
                    Error::Usage(format!("`{file}` has no cookies: one is `NAME=VALUE`, several with `; ` between")).into()
                );
            }
            sessions.insert(*visitor, cookies);
        }
        let found = ask::secrets(&build, &machine);
        let wanted = |check: &&Check| {
            self.service.is_empty() || check.service.as_ref().is_some_and(|service| self.service.contains(service))
        };
        let mut checks: Vec<Check> = build.checks.iter().filter(wanted).cloned().collect();
        if self.service.is_empty() {
            checks.insert(0, of_files(&build));
        } else if checks.is_empty() {
            return Err(Error::Usage(format!("the build has no checks of {}", self.service.join(", "))).into());
        }
        let record = Record::open(&machine, true)?;
        let key = record.kept_key();
        let context = Context { machine: &machine, build: &build, values: &found.values, key, sessions: &sessions };
        let asked = verify(&context, &checks, Duration::from_secs(self.wait));
        let text = match self.format {
            Format::Human => report::verify::human(&build.machine, &asked, ui.global.verbose > 0),
            Format::Tap => report::tap::render(&asked),
            Format::Junit => report::junit::render(&build.machine, &asked).map_err(Error::Usage)?,
        };
        let fails = asked.iter().any(|asked| matches!(asked.answer, Answer::Fails { .. }));
        if fails || !ui.global.quiet || self.format != Format::Human {
            write!(ui.out, "{text}")?;
        }
        Ok(if fails { Outcome::Problems } else { Outcome::Clean })
    }
}
