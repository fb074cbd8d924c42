//! What can be asked of the running deployment.

use rick_plugin_sdk::slots;
use rick_plugin_sdk::slots::IdentityValue;
use rick_plugin_sdk::{MachineCall, Read, Rendered, ServiceCall, Version, machine, table};
use serde_json::json;

use crate::table::PORT;
use crate::{Authentication, Postgres, SUPERUSER};

/// The service's user reaches the server and, by peer, is its own role there.
pub fn of_service(call: &ServiceCall<Postgres>, identity: &Read<IdentityValue>, out: &mut Rendered) {
    let (user, place) = (&identity.value.user, &identity.place);
    let (directory, port) = (&call.settings.socket_directory, call.facts.port);

    let path = format!("{directory}/.s.PGSQL.{port}");
    let title = format!("`{user}` reaches PostgreSQL's socket");
    out.add::<slots::Check>("socket", &json!({ "kind": "socket", "title": title, "path": path, "user": user }), place.clone());

    // A question in SQL knows no port: at another than the usual it would reach another server.
    if call.table.authentication == Authentication::Peer && port == PORT {
        let (role, database) = (call.table.role(&call.service), call.table.database(&call.service));
        let check = json!({
            "kind": "sql", "title": format!("`{user}` connects to `{database}` as `{role}`"), "user": user,
            "socket_directory": directory, "role": role, "database": database,
            "query": "select current_user || ' ' || current_database()", "answer": format!("{role} {database}"),
        });
        out.add::<slots::Check>("sql", &check, place.clone()).because(table(call.table.role_steps()));
    }
}

/// The server understood its files. A reload succeeds whatever is in them: with a mistake there, it goes on with what it
/// read before.
pub fn of_machine(call: &MachineCall<Postgres>, out: &mut Rendered) {
    if call.facts.port != PORT {
        return;
    }
    let version = call.machine.version("postgresql");
    let views = [("pg_hba", "pg_hba_file_rules", Version(10, 0, 0)), ("pg_ident", "pg_ident_file_mappings", Version(15, 0, 0))];
    for (name, view, since) in views {
        if version.is_some_and(|version| version >= since) {
            let check = json!({
                "kind": "sql", "title": format!("PostgreSQL finds no mistake in {name}.conf"), "user": SUPERUSER,
                "socket_directory": call.settings.socket_directory, "role": SUPERUSER, "database": "postgres",
                "query": format!("select count(*) from {view} where error is not null"), "answer": "0",
            });
            out.add::<slots::Check>(name, &check, machine(&["versions", "postgresql"]));
        }
    }
}
