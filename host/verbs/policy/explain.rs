//! `rick policy explain NAME`

use std::fmt::Write as _;

use crate::cli::{Failed, Outcome, Ui};
use crate::control::Asked;
use crate::diagnostic::Sink;
use crate::plugin::limits::plain;
use crate::policy::evaluate::{self, shown};
use crate::policy::kind::Kind;
use crate::policy::model::{Model, Wanted};
use crate::policy::{Assertion, Policies, Policy};
use crate::project::Overlay;
use crate::rules::{Rules, page};
use crate::verbs::policy::test::known;
use crate::verbs::{gather, judged, print_problems};

/// Tells what a policy asks, of what of this project, and what it sees there.
#[derive(Debug, clap::Args)]
pub struct Explain {
    /// The policy's name.
    name: String,
    /// Only what is of this service.
    #[arg(long, value_name = "SERVICE")]
    service: Option<String>,
}

impl Explain {
    /// Carries it out.
    pub fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        let mut inputs = gather(ui, Asked::default(), Overlay::new())?;
        let (project, lock) = match &inputs.project {
            Ok((project, lock)) => (project, lock.clone()),
            Err(_) => return print_problems(ui, &inputs),
        };
        known(&inputs.policies, &self.name, !inputs.sink.has(crate::policy::expression::CODE))?;
        let Some(policy) = inputs.policies.find(&self.name) else { return print_problems(ui, &inputs) };
        if let Some(rule) = Rules::of(&inputs.plugins, &inputs.policies).find(&self.name) {
            writeln!(ui.out, "# {}\n\n{}", policy.name, page::markdown(&rule))?;
        }
        // Without the policies: an error that one finds would keep the service of it out of the model.
        let mut sink = Sink::default();
        std::mem::swap(&mut sink, &mut inputs.sink);
        let judged = judged(project, &inputs.plugins, &Policies::default(), lock, true, &mut sink);
        let deployment = judged.deployment();
        let sound = deployment.composition.sound(&sink);
        let Some(shapes) = &inputs.policies.shapes else { return Ok(Outcome::Clean) };
        let model = Model::of(deployment, &sound, shapes, Wanted::by(&inputs.policies));
        // What is in the model may come from a manifest that somebody else wrote.
        write!(ui.out, "## Here\n\n{}", plain(&self.here(policy, &model)))?;
        inputs.sink = sink;
        Ok(if inputs.sink.has_errors() { print_problems(ui, &inputs)? } else { Outcome::Clean })
    }

    /// What the policy sees of each that it is asked of.
    fn here(&self, policy: &Policy, model: &Model) -> String {
        let (mut text, mut left_out) = (String::new(), 0);
        let found = match evaluate::one(0, policy, model) {
            Ok(found) => found,
            Err(failed) => return format!("It cannot be asked: {}\n", failed.message),
        };
        for (index, subject) in model.of_kind(policy.kind).iter().enumerate() {
            let name = |kind: Kind, number: Option<usize>| {
                let value = number.and_then(|number| model.of_kind(kind).get(number))?.value.get_attr("name").ok()?;
                value.as_str().map(str::to_owned)
            };
            let service = name(Kind::Service, subject.service);
            if self.service.is_some() && service != self.service {
                continue;
            }
            let context = evaluate::context(model, policy.kind, subject);
            if !matches!(evaluate::wanted(policy, &context), Ok(true)) {
                left_out += 1;
                continue;
            }
            let verdict = if found.iter().any(|found| found.subject == index) { "found" } else { "holds" };
            let label = subject.value.get_attr(policy.kind.label()).unwrap_or_default();
            let label = label.as_str().map_or_else(|| shown(&label), str::to_owned);
            let title = match (policy.kind, &service) {
                (Kind::Deployment, _) => "the deployment".to_owned(),
                (kind, Some(service)) if kind != Kind::Service => format!("{} {label} of {service}", kind.name()),
                (kind, _) => format!("{} {label}", kind.name()),
            };
            let _ = writeln!(text, "{verdict}  {title}");
            for (part, value) in evaluate::parts(policy.assertion.expressions(), &context) {
                let _ = writeln!(text, "         `{part}` is {value}");
            }
            for found in found.iter().filter(|found| found.subject == index) {
                let _ = writeln!(text, "         {}", found.message);
            }
        }
        if text.is_empty() {
            text.push_str("Nothing of this project is what it asks of.\n");
        }
        if let (Some(when), true) = (&policy.when, left_out > 0) {
            let _ = writeln!(text, "{left_out} more were not asked, since of them `{}` is not true.", when.text.trim());
        }
        if let (Assertion::Unique(_), false) = (&policy.assertion, found.is_empty()) {
            text.push_str("Of those that share something, the first is not among what is found.\n");
        }
        text
    }
}
