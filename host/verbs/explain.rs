//! `rick explain CODE`

use crate::cli::{Failed, Outcome, Ui};
use crate::error::Error;
use crate::rules::{Rules, own, page};
use crate::verbs::plugins_here;

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
        let plugins = match plugins_here(ui, true)? {
            Ok(plugins) => plugins,
            Err(outcome) => return Ok(outcome),
        };
        let rules = Rules::of(&plugins);
        let all = rules.all();
        let code = self.code.to_uppercase();
        let Some(rule) = all.iter().find(|rule| rule.code == code || rule.name == self.code) else {
            let near = rules.meant(&self.code).or_else(|| rules.meant(&code));
            let near = near.map_or_else(|| "; `rick rules` lists them".to_owned(), |near| format!("; did you mean `{near}`?"));
            return Err(Error::Usage(format!("there is no rule `{}`{near}", self.code)).into());
        };
        write!(ui.out, "# {} {}\n\n{}", rule.code, rule.name, page::markdown(rule))?;
        Ok(Outcome::Clean)
    }
}
