//! The address at which a client asks how to sign on, misspelt.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, set};

use super::own_variables;
use crate::Quadlet;
use crate::values::{EnvValue, Scalar};

pub const RULE: Rule = Rule {
    code: "AK022",
    name: "discovery-address",
    severity: Severity::Error,
    waivable: true,
    what: "`.well-known/openid_configuration`, with `_` for `-`, in a variable",
    why: "The path is `openid-configuration`, by the standard and in authentik: at the other there is nothing, and nobody can sign on.",
    example: "[quadlet.env]\nOIDC_DISCOVERY = \"https://auth.example.org/application/o/wiki/.well-known/openid_configuration\"\n",
    use_instead: "[quadlet.env]\nOIDC_DISCOVERY = \"https://auth.example.org/application/o/wiki/.well-known/openid-configuration\"\n",
    source: "https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig",
};

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    for (name, value, place) in own_variables(call) {
        let EnvValue::Scalar(Scalar::Text(text)) = value else { continue };
        if text.contains(".well-known/openid_configuration") {
            let mended = text.replace(".well-known/openid_configuration", ".well-known/openid-configuration");
            out.push(
                error(RULE.code, format!("there is nothing at `openid_configuration` in `{name}`"), place(&[]))
                    .help("write `openid-configuration`; or leave it to [authentik]: `env` there has the form `discovery-url`")
                    .safe_fix("write `openid-configuration`", vec![set(&place(&[]), mended)]),
            );
        }
    }
}
