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

/// An example beside authentik itself, as a service of the same project.
macro_rules! beside_authentik {
    ($($manifest:tt)+) => {
        concat!(
            $($manifest)+,
            "\n# services/authentik.toml\n[service]\nimage = \"ghcr.io/goauthentik/server:2025.12.6\"\nport = 9000\n\n",
            "[quadlet.containers.worker]\nexec = \"worker\"\n",
        )
    };
}

mod callbacks;
mod group_twice;
mod no_domain;
pub mod no_outpost;
mod no_version;
mod other_pattern;
mod reserved_slug;

use rick_plugin_sdk::{Diagnostics, ProjectCall, Rule, ServiceCall};

use crate::Authentik;

/// Every rule, in the order of their codes. That nobody can be asked is found in `contribute`, which would have to name who is.
pub const ALL: &[&Rule] = &[
    &no_domain::RULE,
    &no_outpost::RULE,
    &no_version::RULE,
    &callbacks::RULE,
    &other_pattern::RULE,
    &group_twice::RULE,
    &reserved_slug::RULE,
];

/// Makes all checks of a service.
pub fn check_service(call: &ServiceCall<Authentik>, out: &mut Diagnostics) {
    no_domain::check(call, out);
    callbacks::check(call, out);
    other_pattern::check(call, out);
    group_twice::check(call, out);
    reserved_slug::check(call, out);
}

/// Makes all checks of the project.
pub fn check_project(call: &ProjectCall<Authentik>, out: &mut Diagnostics) {
    no_version::check(call, out);
}
