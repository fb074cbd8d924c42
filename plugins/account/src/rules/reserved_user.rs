//! A service that would run as a user that the system has for something else.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, service, table};

use crate::{Account, user_of};

pub const RULE: Rule = Rule {
    code: "SY009",
    name: "reserved-user-name",
    severity: Severity::Error,
    waivable: false,
    what: "a service whose user is one that Debian or a server's package already has, such as `root`, `postgres` or `caddy`",
    why: "The service would own that user's files. A container that runs as `postgres` is the database's superuser.",
    example: "[account]\nuser = \"postgres\"\n",
    use_instead: "[account]\nuser = \"postgres_exporter\"\n",
    source: "/usr/share/base-passwd/passwd.master of Debian; the packages postgresql, valkey, caddy",
};

const RESERVED: &[&str] = &[
    "root",
    "daemon",
    "bin",
    "sys",
    "sync",
    "games",
    "man",
    "lp",
    "mail",
    "news",
    "uucp",
    "proxy",
    "www-data",
    "backup",
    "list",
    "irc",
    "nobody",
    "_apt",
    "messagebus",
    "sshd",
    "postgres",
    "valkey",
    "redis",
    "caddy",
    "rick",
];

pub fn check(call: &ServiceCall<Account>, out: &mut Diagnostics) {
    let user = user_of(call);
    if !RESERVED.contains(&user) && !user.starts_with("systemd-") {
        return;
    }
    let (place, what) = match call.table.user {
        Some(_) => (table(&["user"]), "the user"),
        None => (service(&["name"]), "its user"),
    };
    let message = format!("the service `{}` would run as `{user}`: {what} is the system's own", call.service.name);
    out.push(error(RULE.code, message, place).help(format!("give it another: `user = \"{user}_service\"` in [account]")));
}
