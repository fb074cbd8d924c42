//! A role or a database by a name that is PostgreSQL's own, or longer than a name can be.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, service, table};

use crate::Postgres;

pub const RULE: Rule = Rule {
    code: "PG011",
    name: "reserved-database-name",
    severity: Severity::Error,
    waivable: false,
    what: "a role or a database by a name that PostgreSQL has for something else, such as `postgres`, `template1` or `pg_monitor`, or \
           of more than 63 bytes",
    why: "The service would own what the whole server needs, or be its superuser; roles that begin with `pg_` cannot be made. Of a \
          longer name only the first 63 bytes count, so that two names may be one.",
    example: "[postgres]\nrole = \"postgres\"\n",
    use_instead: "[postgres]\nrole = \"myservice\"\n",
    source: "https://www.postgresql.org/docs/current/sql-createrole.html; \
             https://www.postgresql.org/docs/current/manage-ag-templatedbs.html; \
             https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS",
};

/// NAMEDATALEN - 1.
const LONGEST: usize = 63;

fn is_reserved_role(role: &str) -> bool {
    role.starts_with("pg_") || ["postgres", "public", "none"].contains(&role)
}

fn is_reserved_database(database: &str) -> bool {
    ["postgres", "template0", "template1"].contains(&database)
}

pub fn check(call: &ServiceCall<Postgres>, out: &mut Diagnostics) {
    let (role, database) = (call.table.role(&call.service), call.table.database(&call.service));
    let names = [
        ("role", &role, call.table.role.is_some(), is_reserved_role(&role)),
        ("database", &database, call.table.database.is_some(), is_reserved_database(&database)),
    ];
    for (what, name, stated, reserved) in names {
        let problem = if reserved {
            format!("the {what} `{name}` is PostgreSQL's own")
        } else if name.len() > LONGEST {
            format!("the {what} `{name}` has {} bytes, and PostgreSQL keeps {LONGEST}", name.len())
        } else {
            continue;
        };
        let (place, help) = match stated {
            true => (table(&[what]), format!("give it another name, or leave `{what}` out for the service's")),
            false => (service(&["name"]), format!("give it another: `{what} = \"…\"` in [postgres]")),
        };
        out.push(error(RULE.code, problem, place).help(help));
    }
}
