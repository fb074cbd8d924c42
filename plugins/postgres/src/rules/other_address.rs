//! An address written by hand that leads to another role, or lacks the password.

use rick_plugin_sdk::{Diagnostics, Piece, Rule, ServiceCall, Severity, error, slots, table};

use crate::Postgres;
use crate::table::{Authentication, Form};

pub const RULE: Rule = Rule {
    code: "PG007",
    name: "address-of-another-role",
    severity: Severity::Error,
    waivable: true,
    what: "an address of PostgreSQL's socket in a variable that names another role than [postgres], or none with a password where \
           `authentication` is `scram`",
    why: "The server lets the service in as its role, by peer or by password, and as nobody else: the connection is refused. With a user of the \
          image's own, peer does not even know whom it asks for.",
    example: "[postgres]\nauthentication = \"scram\"\n\n[quadlet.env]\nDB_URL = \"postgresql://myservice@/myservice?host=/run/postgresql\"\n",
    use_instead: "[postgres]\nauthentication = \"scram\"\nenv = { DB_URL = \"url\" }\n",
    source: "https://www.postgresql.org/docs/current/auth-peer.html",
};

pub fn check(call: &ServiceCall<Postgres>, out: &mut Diagnostics) {
    let role = call.table.role(&call.service);
    let own = crate::variables_of(call);
    for variable in call.reads.of::<slots::Env>() {
        if own.iter().any(|(name, ..)| *name == variable.key) {
            continue;
        }
        let text: String = variable
            .value
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.as_str(),
                Piece::Secret(_) => "secret",
            })
            .collect();
        let Some((scheme, rest)) = text.split_once("://") else { continue };
        let is_postgres = ["postgres", "postgresql"].contains(&scheme.split('+').next().unwrap_or_default());
        let socket = rest.contains(&call.settings.socket_directory) || rest.to_uppercase().contains("%2FRUN%2FPOSTGRESQL");
        if !is_postgres || !socket {
            continue;
        }
        // The user's part ends where the path or the query begins; the query may have both as well.
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (user, _) = rest[..end].rsplit_once('@').unwrap_or_default();
        let (name, password) = user.split_once(':').map_or((user, None), |(name, password)| (name, Some(password)));
        let query = rest.split_once('?').map_or("", |(_, query)| query);
        let said = |key: &str| {
            query.split('&').filter_map(|pair| pair.split_once('=')).find(|(name, _)| *name == key).map(|(_, value)| value)
        };
        let name = said("user").unwrap_or(name);
        let has_password = password.or(said("password")).is_some_and(|password| !password.is_empty())
            || own.iter().any(|(_, form, _)| *form == Form::Password);
        let problem = if !name.is_empty() && name != role && !name.contains('%') {
            format!("`{}` connects as `{name}`, and the service's role is `{role}`", variable.key)
        } else if call.table.authentication == Authentication::Scram && !has_password {
            format!("`{}` has no password, and the server asks for one", variable.key)
        } else {
            continue;
        };
        let help = format!("leave the variable to [postgres]: `env = {{ {} = \"url\" }}`", variable.key);
        let note = "this is who connects, and how";
        out.push(error(RULE.code, problem, variable.place.clone()).help(help).note(note, table(call.table.role_steps())));
    }
}
