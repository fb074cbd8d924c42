//! A scope that authentik does not have, for what comes with another.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, table, warning};

use crate::Authentik;

pub const RULE: Rule = Rule {
    code: "AK023",
    name: "scope-groups",
    waivable: true,
    what: "the scope `groups`",
    why: "authentik has no such scope: the claim `groups` comes with `profile`. One that is made for it carries nothing.",
    example: "[authentik]\npattern = \"oauth2\"\ncallbacks = [\"/oauth/callback\"]\nscopes = [\"openid\", \"profile\", \"groups\"]\n",
    use_instead: "[authentik]\npattern = \"oauth2\"\ncallbacks = [\"/oauth/callback\"]\nscopes = [\"openid\", \"profile\"]\n",
    source: "authentik: blueprints/system/providers-oauth2.yaml",
};

pub fn check(call: &ServiceCall<Authentik>, out: &mut Diagnostics) {
    for (index, scope) in call.table.scopes.iter().flatten().enumerate().filter(|(_, scope)| *scope == "groups") {
        let message = format!("authentik brings no scope `{scope}`: the groups come with `profile`");
        out.push(warning(RULE.code, message, table(&["scopes", &index.to_string()])).help("ask for `profile` instead"));
    }
}
