//! `rick rules`

use serde_json::{Value, json};

use crate::cli::{Failed, FormatArgument, Outcome, Ui};
use crate::report::Format;
use crate::rules::{Rule, Rules as All, own};
use crate::verbs::rules_here;

/// Lists the rules: those of the project's plugins, or of those built in where there is no project.
#[derive(Debug, clap::Args)]
pub struct Rules {
    #[command(flatten)]
    format: FormatArgument,
}

impl Rules {
    /// Carries it out.
    pub fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        let (plugins, policies) = match rules_here(ui)? {
            Ok(here) => here,
            Err(outcome) => return Ok(outcome),
        };
        let rules = All::of(&plugins, &policies).all();
        if self.format.format == Format::Json {
            let own = own::ALL.iter().map(
                |own| json!({ "code": own.code, "severity": own.severity, "waivable": false, "what": own.what, "act": own.act }),
            );
            let document = json!({
                "version": 1,
                "rules": rules.iter().map(json_of).collect::<Vec<_>>(),
                "own": own.collect::<Vec<Value>>(),
            });
            writeln!(ui.out, "{document:#}")?;
            return Ok(Outcome::Clean);
        }
        let width = |of: fn(&Rule) -> &str| rules.iter().map(|rule| of(rule).len()).max().unwrap_or(0);
        let (codes, names) = (width(|rule| &rule.code), width(|rule| if rule.is_policy { "" } else { &rule.name }));
        for Rule { code, name, severity, waivable, what, is_policy, .. } in &rules {
            // A policy has one name.
            let name = if *is_policy { "" } else { name };
            let waivable = if *waivable { "" } else { " (cannot be waived)" };
            let what = what.split_whitespace().collect::<Vec<_>>().join(" ");
            writeln!(ui.out, "{code:<codes$}  {severity:<7}  {name:<names$}  {what}{waivable}")?;
        }
        Ok(Outcome::Clean)
    }
}

fn json_of(rule: &Rule) -> Value {
    let Rule { code, name, severity, waivable, plugin, what, why, example, use_instead, source, is_policy } = rule;
    if *is_policy {
        return json!({
            "code": code, "severity": severity, "waivable": waivable, "policy": plugin, "what": what, "why": why, "asks": example,
            "act": use_instead,
        });
    }
    json!({
        "code": code,
        "name": name,
        "severity": severity,
        "waivable": waivable,
        "plugin": plugin,
        "what": what,
        "why": why,
        "example": example,
        "use_instead": use_instead,
        "source": source,
    })
}
