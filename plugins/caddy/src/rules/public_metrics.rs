//! What is meant for the machine's monitoring, shown to everybody.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, remove, table, warning};

use crate::Caddy;

pub const RULE: Rule = Rule {
    code: "CA016",
    name: "public-metrics",
    severity: Severity::Warning,
    waivable: true,
    what: "`/metrics` in `public`",
    why: "Metrics tell names, versions and load to whoever asks. A collector on the machine reaches the service's own port, and needs no site.",
    example: behind_sign_on!("public = [\"/health\", \"/metrics\"]\n"),
    use_instead: behind_sign_on!("public = [\"/health\"]\n"),
    source: "https://prometheus.io/docs/operating/security/",
};

pub fn check(call: &ServiceCall<Caddy>, out: &mut Diagnostics) {
    for (index, path) in call.table.public.iter().enumerate() {
        if path.split('/').any(|step| step.trim_end_matches('*') == "metrics") {
            let message = format!("`{}` shows the service's metrics to everybody", &**path);
            let help = "leave it out: what collects them on the machine asks the service's port on 127.0.0.1";
            let place = table(&["public", &index.to_string()]);
            let fix = vec![remove(&place)];
            out.push(warning(RULE.code, message, place).help(help).unsafe_fix(format!("leave `{}` out", &**path), fix));
        }
    }
}
