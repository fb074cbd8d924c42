//! A variable for a password that there is not.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, remove, table};

use crate::table::{Authentication, Form};
use crate::{Postgres, variables_of};

pub const RULE: Rule = Rule {
    code: "PG013",
    name: "password-form-without-password",
    severity: Severity::Error,
    waivable: false,
    what: "a variable of the form `password` where the service connects by peer",
    why: "By peer the kernel tells the server who connects, and the role has no password: there is nothing that the variable could hold.",
    example: "[postgres]\nenv = { DB_PASSWORD = \"password\" }\n",
    use_instead: "[postgres]\nauthentication = \"scram\"\nenv = { DB_PASSWORD = \"password\" }\n",
    source: "https://www.postgresql.org/docs/current/auth-peer.html",
};

pub fn check(call: &ServiceCall<Postgres>, out: &mut Diagnostics) {
    if call.table.authentication != Authentication::Peer {
        return;
    }
    for (variable, form, _) in variables_of(call) {
        if form == Form::Password {
            let message = format!("`{variable}` would hold a password, and by peer there is none");
            let help = format!("leave `{variable}` out; or use `authentication = \"scram\"` if the service cannot do without");
            let place = table(&["env", variable]);
            let fix = vec![remove(&place)];
            out.push(error(RULE.code, message, place).help(help).safe_fix(format!("remove `{variable}`"), fix));
        }
    }
}
