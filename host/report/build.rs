//! What a build did, in one screen.

use serde_json::{Value, json};

use crate::plan::{Change, MachinePlan, Plan};
use crate::report::plural;

/// For people.
pub fn human(plan: &Plan) -> String {
    plan.machines.iter().map(machine).collect()
}

fn machine(plan: &MachinePlan) -> String {
    let files = plan.changes.iter().filter(|(change, _)| *change != Change::Delete).count();
    let mut counts = vec![plural(plan.services, "service"), plural(files, "file")];
    if plan.secrets > 0 {
        counts.push(format!("{} needed", plural(plan.secrets, "secret")));
    }
    counts.push(plural(plan.steps, "step"));
    let mut text = format!("{}   {}\n", plan.machine, counts.join("   "));
    for (change, path) in &plan.changes {
        let sign = match change {
            Change::Create => '+',
            Change::Update => '~',
            Change::Delete => '-',
            Change::Unchanged => continue,
        };
        text.push_str(&format!("  {sign} {path}\n"));
    }
    // Where a file differs, so do its reasons: that goes without saying.
    if plan.reports_differ && plan.changes.iter().all(|(change, _)| *change == Change::Unchanged) {
        text.push_str("  ~ steps, checks or reasons\n");
    }
    if plan.count(Change::Unchanged) > 0 {
        text.push_str(&format!("  = {} unchanged\n", plan.count(Change::Unchanged)));
    }
    text
}

/// For programs.
pub fn json(plan: &Plan) -> Value {
    let machine = |plan: &MachinePlan| {
        let of = |wanted: Change| -> Vec<&str> {
            plan.changes.iter().filter(|(change, _)| *change == wanted).map(|(_, path)| path.as_str()).collect()
        };
        json!({
            "machine": plan.machine,
            "services": plan.services,
            "steps": plan.steps,
            "secrets": plan.secrets,
            "created": of(Change::Create),
            "updated": of(Change::Update),
            "deleted": of(Change::Delete),
            "unchanged": of(Change::Unchanged),
        })
    };
    json!({ "output": plan.output, "machines": plan.machines.iter().map(machine).collect::<Vec<_>>() })
}
