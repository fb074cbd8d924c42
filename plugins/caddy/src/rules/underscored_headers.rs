//! PHP behind a gate, on a Caddy that lets headers with underscores through.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, Version, error, machine, slots, table};

use super::snippet_lines;
use crate::Caddy;
use crate::site::PROXY;

pub const RULE: Rule = Rule {
    code: "CA003",
    name: "php-behind-a-gate",
    severity: Severity::Error,
    waivable: true,
    what: "`php_fastcgi` in the `snippet` of a site behind a gate, with a Caddy before 2.11.4",
    why: "PHP takes `Remote_User` for `Remote-User`: a client that sends the one is not stopped by what takes away the other.",
    example: behind_sign_on!("snippet = \"php_fastcgi 127.0.0.1:9001\"\n"),
    use_instead: concat!(
        behind_sign_on!("snippet = \"php_fastcgi 127.0.0.1:9001\"\n"),
        "\n# rick.toml\n[machines.web1]\nversions = { podman = \"5.4.2\", caddy = \"2.11.4\", authentik = \"2025.12.6\" }\n",
    ),
    source: "CVE-2026-52845; https://pkg.go.dev/vuln, 5346",
};

/// The first that takes such headers away.
const MENDED: Version = Version(2, 11, 4);

pub fn check(call: &ServiceCall<Caddy>, out: &mut Diagnostics) {
    let version = call.machine.version(PROXY);
    if call.reads.of::<slots::Gate>().is_empty() || version.is_some_and(|version| version >= MENDED) {
        return;
    }
    if let Some(line) = snippet_lines(call).find(|line| line.split_whitespace().next() == Some("php_fastcgi")) {
        let found = error(
            RULE.code,
            "PHP would believe `Remote_User` from a client, which this Caddy does not take away",
            table(&["snippet"]),
        );
        out.push(found.within(line).help("upgrade Caddy to 2.11.4").note("the machine's Caddy", machine(&["versions", PROXY])));
    }
}
