//! `rick explain CODE`

use crate::cli::{Failed, Outcome, Ui};
use crate::error::Error;
use crate::policy::{Policies, packs};
use crate::rules::{Rules, own, page};
use crate::verbs::rules_here;

/// Tells what a rule finds, why, and what to use instead.
#[derive(Debug, clap::Args)]
pub struct Explain {
    /// The rule's code, as `rick lint` shows it, or its name.
    #[arg(value_name = "CODE")]
    code: String,
}

impl Explain {
    /// Carries it out.
    pub fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        if let Some(own) = own::find(&self.code) {
            write!(ui.out, "# {}\n\n{}", own.code, page::own_markdown(own))?;
            return Ok(Outcome::Clean);
        }
        let (plugins, policies) = match rules_here(ui)? {
            Ok(here) => here,
            Err(outcome) => return Ok(outcome),
        };
        let rules = Rules::of(&plugins, &policies);
        let all = rules.all();
        let code = self.code.to_uppercase();
        let known = all.iter().find(|rule| rule.code == code || rule.name == self.code);
        // A policy of a pack has its page also where the pack is not used.
        let packs = if known.is_some() { Policies::default() } else { packs::policies(&plugins) };
        let unused = Rules::of(&plugins, &packs).find(&self.code).filter(|_| packs.find(&self.code).is_some());
        let Some(rule) = known.or(unused.as_ref()) else {
            let near = rules.meant(&self.code).or_else(|| rules.meant(&code));
            let near = near.map_or_else(|| "; `rick rules` lists them".to_owned(), |near| format!("; did you mean `{near}`?"));
            return Err(Error::Usage(format!("there is no rule `{}`{near}", self.code)).into());
        };
        let title = if rule.is_policy { rule.code.clone() } else { format!("{} {}", rule.code, rule.name) };
        write!(ui.out, "# {title}\n\n{}", page::markdown(rule))?;
        Ok(Outcome::Clean)
    }
}
