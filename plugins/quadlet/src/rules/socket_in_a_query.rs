//! A socket said to a client of Valkey in a way that no client has.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error};

use super::{own_variables, shown};
use crate::Quadlet;

pub const RULE: Rule = Rule {
    code: "VK015",
    name: "socket-in-a-query",
    severity: Severity::Error,
    waivable: true,
    what: "an address `redis://…` or `valkey://…` with a socket in its query: `?unix_socket_path=`, `?socket=`, `?path=`",
    why: "No client knows it. redis-py stops with a TypeError, ioredis takes the host that is before it: another server, or none. How a socket \
          is said differs from library to library, and `client` in [valkey] knows the form of each.",
    example: "[quadlet.env]\nCACHE_URL = \"redis://localhost/2?unix_socket_path=/run/valkey/valkey-server.sock\"\n",
    use_instead: "[valkey]\nclient = \"redis-py\"\n",
    source: "tried with redis-py 8.1, ioredis 6.0, node-redis 6.3, go-redis 9.17 and redis-rs",
};

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    for (name, value, place) in own_variables(call) {
        let text = shown(value);
        let Some(key) = key_of_a_socket(&text) else { continue };
        let message = format!("no client of Valkey knows `?{key}=` in `{name}`");
        let help = "add [valkey] with `client`: rick writes the address in the form that the library takes";
        out.push(error(RULE.code, message, place(&[])).help(help));
    }
}

/// The key in the query of a server's address that has a path.
pub fn key_of_a_socket(text: &str) -> Option<&str> {
    let is_server = ["redis://", "rediss://", "valkey://", "valkeys://"].iter().any(|scheme| text.starts_with(scheme));
    let (_, query) = text.split_once('?').filter(|_| is_server)?;
    let is_socket = |(key, value): &(&str, &str)| {
        let named = ["unix_socket_path", "socket", "socket_path", "unix", "path"].contains(key);
        value.starts_with('/') && (named || value.ends_with(".sock") || value.ends_with(".socket"))
    };
    query.split('&').filter_map(|pair| pair.split_once('=')).find(is_socket).map(|(key, _)| key)
}
