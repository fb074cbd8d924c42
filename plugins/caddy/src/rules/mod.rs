//! The checks, one file each.

/// An example of a service that answers HTTP at a domain.
macro_rules! site {
    ($tables:literal) => {
        concat!(
            "[service]\nimage = \"ghcr.io/acme/myservice:1.4.2\"\ndomain = \"myservice.example.org\"\nport = 8080\n\n",
            $tables
        )
    };
}

/// The same with a gate before it, and the service that keeps that gate. What is said is in `[caddy]`.
macro_rules! behind_sign_on {
    ($caddy:literal) => {
        concat!(
            site!("[authentik]\npattern = \"forward-auth\"\n\n[caddy]\n"),
            $caddy,
            "\n# services/authentik.toml\n[service]\nimage = \"ghcr.io/goauthentik/server:2025.12.6\"\nport = 9000\n\n",
            "[quadlet.containers.worker]\nexec = \"worker\"\n",
        )
    };
}

mod gate_unknown;
mod identity_header;
mod no_domain;
mod no_gate;
mod no_upstream;
mod no_version;
mod prefix_path;
mod public_and_protected;
mod public_metrics;
mod snippet;

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall};

use crate::Caddy;

/// Every rule, in the order of their codes.
pub const ALL: &[&Rule] = &[
    &prefix_path::RULE,
    &public_metrics::RULE,
    &no_domain::RULE,
    &no_upstream::RULE,
    &public_and_protected::RULE,
    &no_gate::RULE,
    &identity_header::RULE,
    &snippet::RULE,
    &gate_unknown::RULE,
    &no_version::RULE,
];

/// Makes all checks of a service.
pub fn check(call: &ServiceCall<Caddy>, out: &mut Diagnostics) {
    no_domain::check(call, out);
    no_upstream::check(call, out);
    public_and_protected::check(call, out);
    no_gate::check(call, out);
    gate_unknown::check(call, out);
    no_version::check(call, out);
    prefix_path::check(call, out);
    public_metrics::check(call, out);
    identity_header::check(call, out);
    snippet::check(call, out);
}
