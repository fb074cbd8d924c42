//! A command that Quadlet would not run as it is written.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error};

use crate::Quadlet;
use crate::commands::arguments;
use crate::parts::parts_of;

pub const RULE: Rule = Rule {
    code: "QD052",
    name: "command-cut-short",
    severity: Severity::Error,
    waivable: false,
    what: "a command with a quote that has no partner, or `exec` with an argument that is empty or just `;`",
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
            if words.iter().any(|word| word.contains('\0')) {
                let message = format!("a NUL in `{field}`: no argument of a process can hold one");
                out.push(error(RULE.code, message, part.at(&[field])).help("leave it out"));
            }
        }
    }
}
