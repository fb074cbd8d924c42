//! A value that does not fit a line of an env file.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, slots};

use crate::Quadlet;
use crate::environment::bad_value;

pub const RULE: Rule = Rule {
    code: "QD030",
    name: "line-break-in-variable",
    severity: Severity::Error,
    waivable: false,
    what: "a variable whose value holds a line break, or is longer than a line of an env file may be",
    why: "podman's env files have neither quotes nor escapes: what follows the line break would become a variable of its own.",
    example: "[quadlet.env]\nMOTD = \"\"\"\nfirst\nsecond\"\"\"\n",
    use_instead: "[quadlet.env]\nMOTD = { secret = \"myservice_motd\" }\n",
    source: "podman: pkg/env/env.go, ParseFile",
};

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    for variable in call.reads.of::<slots::Env>() {
        if let Some(bad) = bad_value(&variable.key, &variable.value) {
            let message = format!("the value of `{}` {bad}; a variable's value is one line", variable.key);
            let help = "put it into a file with [[file]], or make it a secret: `{ secret = \"name\" }`";
            out.push(error(RULE.code, message, variable.place).help(help));
        }
    }
}
