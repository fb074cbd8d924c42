//! Paths for which somebody must sign on, where nobody asks.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, slots, table_key, warning};

use crate::Caddy;

pub const RULE: Rule = Rule {
    code: "CA023",
    name: "sign-on-without-gate",
    severity: Severity::Error,
    waivable: false,
    what: "`protected` or `public` in a site that has no gate",
    why: "A gate comes from the plugin that knows who may enter, such as authentik with `pattern = \"forward-auth\"`. Without one every path \
          is public, also those that are said to be protected.",
    example: site!("[caddy]\nprotected = [\"/admin/*\"]\n"),
    use_instead: behind_sign_on!("protected = [\"/admin/*\"]\n"),
    source: "docs/plugins/caddy.md",
};

pub fn check(call: &ServiceCall<Caddy>, out: &mut Diagnostics) {
    if !call.reads.of::<slots::Gate>().is_empty() {
        return;
    }
    if !call.table.protected.is_empty() {
        let message = "nobody asks for sign-on at this site, so what is `protected` would be open to everybody";
        let help = "add [authentik] with `pattern = \"forward-auth\"`, or leave `protected` out";
        out.push(error(RULE.code, message, table_key(&["protected"])).help(help));
    }
    if !call.table.public.is_empty() {
        let message = "nobody asks for sign-on at this site, so everything is public";
        let help = "add [authentik] with `pattern = \"forward-auth\"`, or leave `public` out";
        out.push(warning(RULE.code, message, table_key(&["public"])).help(help));
    }
}
