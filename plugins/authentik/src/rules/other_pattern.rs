//! A key that means nothing in the pattern that was chosen.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, remove, table, table_key};

use crate::table::Subject;
use crate::{Authentik, Form, Pattern};

pub const RULE: Rule = Rule {
    code: "AK034",
    name: "key-of-another-pattern",
    severity: Severity::Error,
    waivable: false,
    what: "a key, or the form of a variable, that means nothing in the `pattern` of the table",
    why: "A service behind `forward-auth` is no client, and has neither an id nor a secret; one that only checks tokens sends nobody \
          anywhere. What was meant would not be there.",
    example: beside_authentik!(site!("[authentik]\npattern = \"forward-auth\"\ncallbacks = [\"/oauth/callback\"]\n\n[caddy]\n")),
    use_instead: beside_authentik!(site!("[authentik]\npattern = \"oauth2\"\ncallbacks = [\"/oauth/callback\"]\n\n[caddy]\n")),
    source: "docs/plugins/authentik.md",
};

pub fn check(call: &ServiceCall<Authentik>, out: &mut Diagnostics) {
    let said = &call.table;
    let (client, oauth2) = (said.pattern != Pattern::ForwardAuth, said.pattern == Pattern::Oauth2);
    let keys = [
        ("callbacks", !said.callbacks.is_empty(), oauth2),
        ("client_id", said.client_id.is_some(), client),
        ("consent", said.consent, oauth2),
        ("public_client", said.public_client, oauth2),
        ("scopes", said.scopes.is_some(), client),
        ("subject", said.subject != Subject::default(), client),
        ("verified_email", said.verified_email, oauth2),
    ];
    let pattern = said.pattern.name();
    for (key, _, _) in keys.into_iter().filter(|(_, stated, fits)| *stated && !fits) {
        let message = format!("`{key}` means nothing with `pattern = \"{pattern}\"`");
        out.push(
            error(RULE.code, message, table_key(&[key]))
                .help("leave it out, or choose the pattern that was meant")
                .unsafe_fix(format!("remove `{key}`"), vec![remove(&table(&[key]))]),
        );
    }
    for (variable, form) in &said.env {
        let problem = match form {
            Form::Server => continue,
            Form::ClientSecret if said.public_client => "a public client has no secret",
            _ if !client => "a service behind `forward-auth` is no client of authentik",
            Form::Callback if !oauth2 => "a service that only checks tokens sends nobody back",
            _ => continue,
        };
        let message = format!("`{variable}` cannot be told: {problem}");
        out.push(error(RULE.code, message, table(&["env", variable])).help("leave it out, or choose the pattern that was meant"));
    }
}
