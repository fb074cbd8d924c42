//! A gate that Caddy cannot ask.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, slots};

use crate::Caddy;
use crate::site::PROXY;

pub const RULE: Rule = Rule {
    code: "CA027",
    name: "gate-not-for-caddy",
    severity: Severity::Error,
    waivable: false,
    what: "a gate that does not say how Caddy asks it",
    why: "Each kind of proxy asks in a way of its own, and a gate has a path for each that it knows. Without one the site would be open.",
    example: "# a plugin that contributes `rick:gate@1` without `verify.caddy`\n",
    use_instead: "# one that has it, such as authentik\n",
    source: "docs/plugins/contract.md",
};

pub fn check(call: &ServiceCall<Caddy>, out: &mut Diagnostics) {
    for gate in call.reads.of::<slots::Gate>() {
        if !gate.value.verify.contains_key(PROXY) {
            let message = "the gate does not say how Caddy asks it, so the site would be open";
            out.push(error(RULE.code, message, gate.place).help("use another proxy, or another plugin for sign-on"));
        }
    }
}
