//! What can be asked of the running deployment.

use rick_plugin_sdk::slots;
use rick_plugin_sdk::slots::IdentityValue;
use rick_plugin_sdk::{MachineCall, Read, Rendered, ServiceCall, Version, machine, table};
use serde_json::json;

use crate::access::Access;
use crate::{Authentication, Postgres, SUPERUSER};

/// The service's user reaches the server and, by peer, is its own role there.
pub fn of_service(call: &ServiceCall<Postgres>, identity: &Read<IdentityValue>, out: &mut Rendered) {
    let (user, place) = (&identity.value.user, &identity.place);
    let (directory, port) = (&call.settings.socket_directory, call.facts.port);

    let path = format!("{directory}/.s.PGSQL.{port}");
    let title = format!("`{user}` reaches PostgreSQL's socket");
    out.add::<slots::Check>("socket", &json!({ "kind": "socket", "title": title, "path": path, "user": user }), place.clone());

    if call.table.authentication == Authentication::Peer {
        let (role, database) = (call.table.role(&call.service), call.table.database(&call.service));
        let check = json!({
            "kind": "sql", "title": format!("`{user}` connects to `{database}` as `{role}`"), "user": user,
            "socket_directory": directory, "port": port, "role": role, "database": database,
            "query": "select current_user || ' ' || current_database()", "answer": format!("{role} {database}"),
        });
        out.add::<slots::Check>("sql", &check, place.clone()).because(table(call.table.role_steps()));
    }
}

/// A service's user is kept out of another's database, and cannot be another's role.
pub fn of_neighbours(call: &MachineCall<Postgres>, accesses: &[Access], out: &mut Rendered) {
    let peers: Vec<&Access> = accesses.iter().filter(|access| access.user().is_some()).collect();
    for (index, access) in peers.iter().enumerate() {
        let other = peers[(index + 1) % peers.len()];
        let Some(user) = access.user().filter(|user| Some(*user) != other.user()) else { continue };
        let asked = |role: &str, title: String, refused: &str| {
            json!({
                "kind": "sql", "title": title, "user": user, "socket_directory": call.settings.socket_directory,
                "port": call.facts.port, "role": role, "database": other.database, "query": "select 1", "refused": refused,
            })
        };
        let title = format!("`{user}` is kept out of the database `{}`", other.database);
        let because = access.because[0].clone();
        let check = asked(&access.role, title, "permission denied for database");
        out.add::<slots::Check>(&format!("kept-out:{user}"), &check, because.clone());
        let title = format!("`{user}` cannot be the role `{}`", other.role);
        let check = asked(&other.role, title, "eer authentication failed");
        out.add::<slots::Check>(&format!("not-the-role:{user}"), &check, because);
    }
}

/// The server understood its files. A reload succeeds whatever is in them: with a mistake there, it goes on with what it
/// read before.
pub fn of_machine(call: &MachineCall<Postgres>, out: &mut Rendered) {
    let version = call.machine.version("postgresql");
    let views = [("pg_hba", "pg_hba_file_rules", Version(10, 0, 0)), ("pg_ident", "pg_ident_file_mappings", Version(15, 0, 0))];
    for (name, view, since) in views {
        if version.is_some_and(|version| version >= since) {
            let check = json!({
                "kind": "sql", "title": format!("PostgreSQL finds no mistake in {name}.conf"), "user": SUPERUSER,
                "socket_directory": call.settings.socket_directory, "port": call.facts.port, "role": SUPERUSER,
                "database": "postgres",
                "query": format!("select count(*) from {view} where error is not null"), "answer": "0",
            });
            out.add::<slots::Check>(name, &check, machine(&["versions", "postgresql"]));
        }
    }
}
