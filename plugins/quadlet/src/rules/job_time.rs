//! A job of which it cannot be told when it runs, or which one it is.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, table};

use crate::Quadlet;

pub const RULE: Rule = Rule {
    code: "QD058",
    name: "job-unclear",
    severity: Severity::Error,
    waivable: false,
    what: "a job with neither `every` nor `calendar`, or with both; two jobs or two commands of one name",
    why: "A timer without a time never runs. The name makes the names of the units: of two jobs, one would be lost.",
    example: "[[quadlet.jobs]]\nname = \"cron\"\ncommand = \"cron.sh\"\n",
    use_instead: "[[quadlet.jobs]]\nname = \"cron\"\ncommand = \"cron.sh\"\nevery = \"5m\"\n",
    source: "systemd.timer(5)",
};

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    for (index, job) in call.table.jobs.iter().enumerate() {
        let at = table(&["jobs", &index.to_string(), "name"]);
        let problem = match (&job.every, &job.calendar) {
            (None, None) => "the job `{}` has no time",
            (Some(_), Some(_)) => "the job `{}` has two times",
            _ => continue,
        };
        let help = "say `every = \"5m\"`, or `calendar = \"daily\"`";
        out.push(error(RULE.code, problem.replace("{}", &job.name), at).help(help));
    }
    let jobs: Vec<&str> = call.table.jobs.iter().map(|job| job.name.as_str()).collect();
    let tasks: Vec<&str> = call.table.commands.iter().map(|task| task.name.as_str()).collect();
    for (what, key, names) in [("jobs", "jobs", jobs), ("commands", "commands", tasks)] {
        for (index, name) in names.iter().enumerate() {
            if let Some(first) = names[..index].iter().position(|other| other == name) {
                let place = |index: usize| table(&[key, &index.to_string(), "name"]);
                let message = format!("two {what} are called `{name}`");
                out.push(
                    error(RULE.code, message, place(index)).help("give one of them another name").note("the first", place(first)),
                );
            }
        }
    }
}
