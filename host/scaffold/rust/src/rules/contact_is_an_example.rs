//! An address that is there for documentation.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, table, warning};

use crate::__Type__;

// `rick plugin test` lints `example`, in which the rule must find something, and `use_instead`, in which it must not.
pub const RULE: Rule = Rule {
    code: "__NAME__001",
    name: "contact-is-an-example",
    severity: Severity::Warning,
    waivable: true,
    what: "a contact at example.com, example.org or example.net",
    why: "These domains are kept for documentation: what is sent there reaches nobody.",
    example: "[__name__]\ncontact = \"admin@example.org\"\n",
    use_instead: "[__name__]\ncontact = \"admin@acme.dev\"\n",
    source: "https://www.rfc-editor.org/rfc/rfc2606#section-3",
};

const RESERVED: [&str; 3] = ["example.com", "example.org", "example.net"];

pub fn check(call: &ServiceCall<__Type__>, out: &mut Diagnostics) {
    let contact = &call.table.contact;
    let domain = contact.rsplit('@').next().unwrap_or_default().to_lowercase();
    if is_reserved(&domain) {
        let message = format!("`{contact}` reaches nobody: `{domain}` is a domain for examples");
        let help = "write the address of somebody who looks after the service";
        out.push(warning(RULE.code, message, table(&["contact"])).help(help));
    }
}

fn is_reserved(domain: &str) -> bool {
    let below = |name: &str| domain.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'));
    RESERVED.iter().any(|name| domain == *name || below(name))
}
