//! A URL that its client library reads, and then stumbles over.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, table, table_key, warning};

use crate::{Client, Form, Valkey};

pub const RULE: Rule = Rule {
    code: "VK007",
    name: "node-redis-url",
    severity: Severity::Warning,
    waivable: true,
    what: "a variable of the form `url` for `client = \"node-redis\"`",
    why: "node-redis before 6 knows no URL of a socket. From 6.0 to 6.3 it reads one, and then gives up with `Invalid URL` where there is a \
          user in it, unless the application turns `maintNotifications` off. In pieces, every version takes it.",
    example: "[valkey]\nclient = \"node-redis\"\n",
    use_instead: "[valkey]\nclient = \"node-redis\"\nenv = { CACHE_SOCKET = \"socket\", CACHE_USER = \"user\", CACHE_PASSWORD = \"password\", CACHE_DB = \"db\" }\n",
    source: "node-redis 6.3.1: packages/client/lib/client/enterprise-maintenance-manager.ts, getHandshakeCommand; tried",
};

pub fn check(call: &ServiceCall<Valkey>, out: &mut Diagnostics) {
    if call.table.client != Client::NodeRedis {
        return;
    }
    let message =
        "node-redis 6 stops at a URL with a user and a socket, unless the application sets `maintNotifications: \"disabled\"`";
    let help = "tell it in pieces: the forms `socket`, `user`, `password` and `db`; waive this if the application sets it";
    match &call.table.env {
        None => out.push(warning(RULE.code, message, table(&["client"])).help(help)),
        Some(env) => {
            for variable in env.iter().filter(|(_, form)| **form == Form::Url).map(|(variable, _)| variable) {
                out.push(warning(RULE.code, message, table_key(&["env", variable])).help(help));
            }
        }
    }
}
