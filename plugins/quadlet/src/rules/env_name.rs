//! A variable whose name podman does not take as one.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, key_of, slots};

use crate::Quadlet;
use crate::environment::bad_name;

pub const RULE: Rule = Rule {
    code: "QD029",
    name: "odd-variable-name",
    severity: Severity::Error,
    waivable: false,
    what: "a variable with a name that is empty, holds `=` or a space, begins with `#` or ends in `*`",
    why: "In podman's env files `NAME*` hands in every variable of the caller that begins so, and `#` begins a comment.",
    example: "[quadlet.env]\n\"APP_*\" = \"x\"\n",
    use_instead: "[quadlet.env]\nAPP_MODE = \"x\"\n",
    source: "podman-run(1), --env-file; podman: pkg/env/env.go",
};

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    for variable in call.reads.of::<slots::Env>() {
        if let Some(bad) = bad_name(&variable.key) {
            let message = format!("the variable `{}` {bad}", variable.key);
            out.push(error(RULE.code, message, key_of(variable.place)).help("use letters, digits and `_`"));
        }
    }
}
