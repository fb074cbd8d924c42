//! Something said for a part that the service does not have.

use rick_plugin_sdk::slots::{self, quadlet};
use rick_plugin_sdk::{Diagnostics, Place, Read, Rule, ServiceCall, Severity, error, table};

use crate::Quadlet;
use crate::parts::{Part, parts_of};

pub const RULE: Rule = Rule {
    code: "QD047",
    name: "unknown-part",
    severity: Severity::Error,
    waivable: false,
    what: "a variable, a mount, a volume, a command or a wish for a part that the service does not have, or for its own image where no part runs that",
    why: "It would be nowhere: the part that needs it starts without.",
    example: "[postgres]\nparts = [\"wroker\"]\n\n[quadlet.containers.worker]\n",
    use_instead: "[postgres]\nparts = [\"worker\"]\n\n[quadlet.containers.worker]\n",
    source: "the meaning of a part in the contract",
};

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    let parts = parts_of(call);
    let mut said: Vec<(String, Option<String>, Place)> = Vec::new();
    collect(&mut said, "variable", call.reads.of::<slots::Env>());
    collect(&mut said, "mount", call.reads.of::<slots::Mount>());
    collect(&mut said, "volume", call.reads.of::<slots::Volume>());
    collect(&mut said, "identity", call.reads.of::<quadlet::Identity>());
    for (part, place) in call.reads.of::<slots::Command>().into_iter().map(|read| (read.part, read.place)).chain(jobs(call)) {
        // Without a part, it is for the main one.
        if part.is_some() {
            said.push(("a command".to_owned(), part, place));
        }
    }
    let names: Vec<String> = parts.iter().map(|part| format!("`{}`", part.name)).collect();
    let help = format!("the parts of `{}` are {}", call.service.name, names.join(", "));
    for (what, part, place) in said {
        let message = match &part {
            Some(part) if !parts.iter().any(|other| other.name == part) => {
                format!("{what} is for the part `{part}`, which the service does not have")
            }
            None if !parts.iter().any(|part: &Part<'_>| part.own) => {
                format!("{what} is for the parts that run the service's own image, and there are none")
            }
            _ => continue,
        };
        out.push(error(RULE.code, message, place).help(help.clone()));
    }
}

fn jobs(call: &ServiceCall<Quadlet>) -> impl Iterator<Item = (Option<String>, Place)> + '_ {
    call.table.jobs.iter().enumerate().map(|(index, job)| (job.part.clone(), table(&["jobs", &index.to_string(), "part"])))
}

fn collect<V>(said: &mut Vec<(String, Option<String>, Place)>, what: &str, reads: Vec<Read<V>>) {
    for read in reads {
        let what = if read.key.is_empty() { format!("an {what}") } else { format!("the {what} `{}`", read.key) };
        said.push((what, read.part, read.place));
    }
}
