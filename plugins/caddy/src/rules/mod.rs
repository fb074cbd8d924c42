//! The checks, one file each.

mod gate_unknown;
mod identity_header;
mod no_domain;
mod no_gate;
mod no_upstream;
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
];

/// Makes all checks of a service.
pub fn check(call: &ServiceCall<Caddy>, out: &mut Diagnostics) {
    no_domain::check(call, out);
    no_upstream::check(call, out);
    public_and_protected::check(call, out);
    no_gate::check(call, out);
    gate_unknown::check(call, out);
    prefix_path::check(call, out);
    public_metrics::check(call, out);
    identity_header::check(call, out);
    snippet::check(call, out);
}
