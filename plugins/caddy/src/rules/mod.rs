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

mod gate_over_the_internet;
mod gate_unknown;
mod group_by_a_part;
mod hand_written_gate;
mod identity_header;
mod identity_taken_away;
mod no_domain;
mod no_gate;
mod no_upstream;
mod no_version;
mod prefix_path;
mod public_and_protected;
mod public_metrics;
mod relative_socket;
mod snippet;
mod trusted_neighbours;
mod underscored_headers;

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall};

use crate::Caddy;

/// Every rule, in the order of their codes.
pub const ALL: &[&Rule] = &[
    &hand_written_gate::RULE,
    &underscored_headers::RULE,
    &group_by_a_part::RULE,
    &gate_over_the_internet::RULE,
    &identity_taken_away::RULE,
    &trusted_neighbours::RULE,
    &prefix_path::RULE,
    &relative_socket::RULE,
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
    hand_written_gate::check(call, out);
    gate_over_the_internet::check(call, out);
    underscored_headers::check(call, out);
    group_by_a_part::check(call, out);
    identity_taken_away::check(call, out);
    trusted_neighbours::check(call, out);
    relative_socket::check(call, out);
}

/// The lines of a snippet that say something.
fn snippet_lines(call: &ServiceCall<Caddy>) -> impl Iterator<Item = &str> {
    let lines = call.table.snippet.as_deref().unwrap_or_default().lines();
    // A `#` begins a comment at the beginning of a word: https://caddyserver.com/docs/caddyfile/concepts#comments
    let lines = lines.map(|line| line.split_once(" #").map_or(line, |(line, _)| line).trim());
    lines.filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The `forward_auth` blocks of a snippet that ask authentik, line by line: other gates have headers and addresses of their own.
fn authentik_gates(call: &ServiceCall<Caddy>) -> Vec<Vec<&str>> {
    let mut gates: Vec<Vec<&str>> = Vec::new();
    let mut depth = 0_usize;
    for line in snippet_lines(call) {
        if depth == 0 && line.split_whitespace().next() == Some("forward_auth") {
            gates.push(Vec::new());
            depth = usize::from(line.ends_with('{'));
            gates.last_mut().into_iter().for_each(|gate| gate.push(line));
        } else if depth > 0 {
            gates.last_mut().into_iter().for_each(|gate| gate.push(line));
            depth += usize::from(line.ends_with('{'));
            depth -= usize::from(line.starts_with('}'));
        }
    }
    gates.retain(|gate| gate.iter().any(|line| line.contains("/outpost.goauthentik.io/")));
    gates
}
