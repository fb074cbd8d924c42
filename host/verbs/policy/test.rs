//! `rick policy test [NAME…]`

use crate::cli::{Failed, Outcome, Ui};
use crate::diagnostic::Sink;
use crate::error::Error;
use crate::policy::{Policies, trial};
use crate::project;
use crate::report::{Findings, FindingsFormat, plural};
use crate::schema::nearest;
use crate::verbs::{outcome, plugins_of};

/// Tries policies on the cases beside them: those of the project's own, and of the packs that it uses. A policy without a case that it
/// catches is a problem.
#[derive(Debug, clap::Args)]
pub struct Test {
    /// Only these policies.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// How to write what is wrong.
    #[arg(long, value_enum, default_value_t = FindingsFormat::Human)]
    format: FindingsFormat,
}

impl Test {
    /// Carries it out.
    pub fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        let root = project::find(&ui.global.project)?;
        let (mut opened, _, plugins) = match plugins_of(ui, &root)? {
            Ok(here) => here,
            Err(outcome) => return Ok(outcome),
        };
        let mut sink = Sink::default();
        let policies = opened.policies(&plugins, &mut sink)?;
        let sources = opened.into_sources();
        for name in &self.names {
            known(&policies, name, sink.is_empty())?;
        }
        let tried = policies.all.iter().filter(|policy| self.names.is_empty() || self.names.contains(&policy.name));
        let (mut count, mut cases) = (0, 0);
        for policy in tried {
            (count, cases) = (count + 1, cases + policy.tests.len());
            if let Some(shapes) = &policies.shapes {
                trial::run(policy, shapes).into_iter().for_each(|wrong| sink.push(wrong));
            }
        }
        let findings = Findings::of_files(&sink, &sources);
        write!(ui.out, "{}", findings.render(self.format)?)?;
        if !ui.global.quiet && matches!(self.format, FindingsFormat::Human | FindingsFormat::Concise) {
            ui.out.flush()?;
            let said = match count {
                0 => "there is no policy here: no file in `policies`, and no pack in [policies] of rick.toml".to_owned(),
                count => {
                    let policies = if count == 1 { "1 policy".to_owned() } else { format!("{count} policies") };
                    let wrong = findings.count().map_or_else(|| "all as they should be".to_owned(), |count| count.to_string());
                    format!("tried {policies} on {}: {wrong}", plural(cases, "case"))
                }
            };
            writeln!(ui.err, "{said}")?;
        }
        Ok(outcome(&sink))
    }
}

/// A policy that is asked for by name is there. `whole`: all that there are could be read.
pub fn known(policies: &Policies, name: &str, whole: bool) -> Result<(), Error> {
    if !whole || policies.find(name).is_some() {
        return Ok(());
    }
    let near = nearest(name, policies.all.iter().map(|policy| policy.name.as_str()));
    let near = near.map_or_else(|| "; `rick rules` lists them".to_owned(), |near| format!("; did you mean `{near}`?"));
    Err(Error::Usage(format!("there is no policy `{name}`{near}")))
}
