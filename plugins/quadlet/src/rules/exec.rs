//! A command that Quadlet would not run as it is written.

use rick_plugin_sdk::{Diagnostics, Place, Rule, ServiceCall, Severity, error, table};

use crate::Quadlet;
use crate::commands::{arguments, health_words, inside};
use crate::parts::parts_of;

pub const RULE: Rule = Rule {
    code: "QD052",
    name: "command-cut-short",
    severity: Severity::Error,
    waivable: false,
    what: "a command with a quote that has no partner, with a NUL, or without a program; or `exec` with an argument that is empty or just `;`",
    why: "The generator stops at an empty word: it and everything after it would be missing from the command, in silence. A `;` alone \
          it hands on bare, and systemd takes it for the end of the command.",
    example: "[quadlet]\nexec = [\"serve\", \"--prefix\", \"\", \"--port\", \"8080\"]\n",
    use_instead: "[quadlet]\nexec = [\"serve\", \"--prefix=\", \"--port\", \"8080\"]\n",
    source: "podman: pkg/systemd/parser/split.go, extractFirstWord",
};

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    for part in parts_of(call) {
        for (field, command) in [("exec", &part.fields.exec), ("entrypoint", &part.fields.entrypoint)] {
            let Some(command) = command else { continue };
            let Some(words) = arguments(command) else {
                let message = format!("a quote in `{field}` has no partner");
                out.push(error(RULE.code, message, part.at(&[field])).help("close it, or write the command as a list"));
                continue;
            };
            if field == "exec" && words.iter().any(String::is_empty) {
                let message = "an empty argument in `exec`: podman's generator drops it and everything after it";
                let help = "write it together with its option, as in `--prefix=`, or let a shell make it: `[\"sh\", \"-c\", \"exec serve ''\"]`";
                out.push(error(RULE.code, message, part.at(&[field])).help(help));
            }
            if field == "exec" && words.iter().any(|word| word == ";") {
                let message = "an argument `;` in `exec`: systemd would take it for the end of the command";
                let help = "let a shell pass it on: `[\"sh\", \"-c\", \"exec serve ';'\"]`";
                out.push(error(RULE.code, message, part.at(&[field])).help(help));
            }
            // An entrypoint may be none at all.
            if field == "exec" && words.is_empty() {
                out.push(
                    error(RULE.code, "nothing is said in `exec`", part.at(&[field])).help("leave it out for the image's own"),
                );
            }
            has_nul(field, &words, part.at(&[field]), out);
        }
        if let Some(health) = &part.fields.health {
            has_program("health.command", &health_words(&health.command), part.at(&["health", "command"]), out);
        }
    }
    for (index, task) in call.table.commands.iter().enumerate() {
        for (field, command) in [("command", Some(&task.command)), ("unless", task.unless.as_ref())] {
            if let Some(command) = command {
                has_program(field, &inside(command), table(&["commands", &index.to_string(), field]), out);
            }
        }
    }
    for (index, job) in call.table.jobs.iter().enumerate() {
        has_program("command", &inside(&job.command), table(&["jobs", &index.to_string(), "command"]), out);
    }
}

fn has_program(field: &str, words: &[String], at: Place, out: &mut Diagnostics) {
    if words.first().is_none_or(|first| first.trim().is_empty()) {
        let help = "say a program and its arguments, or a string for the shell";
        out.push(error(RULE.code, format!("`{field}` names no program"), at.clone()).help(help));
    }
    has_nul(field, words, at, out);
}

fn has_nul(field: &str, words: &[String], at: Place, out: &mut Diagnostics) {
    if words.iter().any(|word| word.contains('\0')) {
        let message = format!("a NUL in `{field}`: no argument of a process can hold one");
        out.push(error(RULE.code, message, at).help("leave it out"));
    }
}
