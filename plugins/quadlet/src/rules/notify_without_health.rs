//! A part that waits for an answer to a question that nobody asks.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, key_of, warning};

use crate::Quadlet;
use crate::parts::parts_of;
use crate::values::Notify;

pub const RULE: Rule = Rule {
    code: "QD041",
    name: "notify-without-health",
    severity: Severity::Warning,
    waivable: true,
    what: "`notify = \"healthy\"`, or a `Health…` key, without a `health` command, in a manifest that cannot know whether the image has one",
    why: "Without a health check the unit never counts as started: after `start_timeout` it is stopped and tried again, for ever.",
    example: "[quadlet]\nnotify = \"healthy\"\n",
    use_instead: "[quadlet]\nnotify = \"healthy\"\nhealth = { command = \"curl -fsS http://localhost:8080/health\" }\n",
    source: "podman-systemd.unit(5), Notify=",
};

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    for part in parts_of(call) {
        let asked = part.fields.health.is_some() || part.fields.keys.contains_key("HealthCmd");
        if part.fields.notify == Some(Notify::Healthy) && !asked {
            let message = format!("`{}` counts as started when it is healthy, but nothing asks whether it is", part.name);
            let help = "add `health = { command = \"…\" }`; waive this if the image brings a health check";
            out.push(warning(RULE.code, message, part.at(&["notify"])).help(help));
        }
        let told = part.fields.keys.keys().find(|key| key.starts_with("Health") && *key != "HealthCmd");
        if let Some(key) = told.filter(|_| !asked) {
            let message = format!("`{key}` says how to ask whether `{}` is well, and nothing is asked", part.name);
            let help = "add `health = { command = \"…\" }`; waive this if the image brings a health check";
            out.push(warning(RULE.code, message, key_of(part.at(&["keys", key]))).help(help));
        }
    }
}
