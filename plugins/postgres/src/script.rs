//! The scripts: what the server must have, in an order that works from nothing and again on what is there already.

use rick_plugin_sdk::{Artifact, MachineCall, Place, ServiceCall, Version, fact, service, setting, table};

use crate::sql::Statement;
use crate::table::{PORT, SOCKET_DIRECTORY, Table};
use crate::{GROUP, Postgres, secret_of};

/// The role first, since the database is its; then the database; then who may do what there; then what is inside.
pub fn of_service(call: &ServiceCall<Postgres>) -> Artifact {
    let Table { extensions, locale, .. } = &call.table;
    let name = &call.service.name;
    let (role, database) = (&call.table.role(&call.service), &call.table.database(&call.service));
    let (of_role, of_database) = (&table(call.table.role_steps()), &table(call.table.database_steps()));
    let secret = secret_of(call);

    let mut file =
        begin(format!("/etc/rick/postgres/{name}.sql"), &service(&["name"]), &format!("the service {name}"), "its manifest");
    other_server(&mut file, &call.settings.socket_directory, call.facts.port);
    Statement::OwnFunctionsOnly.write(&mut file, of_role);
    Statement::Role(role).write(&mut file, of_role);
    Statement::Login(role, secret.as_deref()).write(&mut file, &table(&["authentication"]));
    Statement::Database { name: database, owner: role, locale }.write(&mut file, of_database);
    Statement::DatabaseOwner(database, role).write(&mut file, of_database);
    Statement::DatabasePrivate(database).write(&mut file, of_database);
    Statement::Connect(&[("dbname", database)]).write(&mut file, of_database);
    Statement::SchemaOwner(role).write(&mut file, of_role);
    Statement::SchemaPrivate.write(&mut file, of_database);
    if !extensions.is_empty() {
        Statement::ExtensionsInPublic.write(&mut file, &table(&["extensions"]));
    }
    for (index, extension) in extensions.iter().enumerate() {
        Statement::Extension(extension).write(&mut file, &table(&["extensions", &index.to_string()]));
    }
    file
}

/// What is run where a service is no longer built: nobody can be its role, and its data stays.
pub fn undo(call: &ServiceCall<Postgres>) -> String {
    let role = call.table.role(&call.service);
    of_superuser(call, vec![Statement::NoLogin(&role)])
}

/// What is run where its data is to go.
pub fn purge(call: &ServiceCall<Postgres>) -> String {
    let (role, database) = (call.table.role(&call.service), call.table.database(&call.service));
    let force = call.machine.version("postgresql").is_none_or(|version| version >= Version(13, 0, 0));
    of_superuser(call, vec![Statement::DropDatabase { name: &database, force }, Statement::DropRole(&role)])
}

fn of_superuser(call: &ServiceCall<Postgres>, statements: Vec<Statement<'_>>) -> String {
    let (directory, port) = (&call.settings.socket_directory, call.facts.port);
    let port_text = port.to_string();
    let keywords = [("host", directory.as_str()), ("port", port_text.as_str())];
    let mut all = vec![Statement::Strict];
    if directory != SOCKET_DIRECTORY || port != PORT {
        all.push(Statement::Connect(&keywords));
    }
    all.extend(statements);
    Statement::text(&all)
}

/// The databases that no service owns, closed to the roles of services. `_` is in no service's name, so that this path
/// is no service's either.
pub fn of_machine(call: &MachineCall<Postgres>) -> Artifact {
    let because = &setting(&["revoke_public_connect"]);
    let path = "/etc/rick/postgres/public_connect.sql".to_owned();
    let mut file = begin(path, because, &format!("the machine {}", call.machine.name), "rick.toml");
    other_server(&mut file, &call.settings.socket_directory, call.facts.port);
    for database in ["postgres", "template1"] {
        Statement::NoPublicConnect(database).write(&mut file, because);
    }
    file
}

/// Readable by the user that runs it, and by nobody else: there may be a verifier in it.
fn begin(path: String, because: &Place, what: &str, where_to_change: &str) -> Artifact {
    let mut file = Artifact::new(path).mode(0o640).owner("root", GROUP);
    Statement::Comment(format!("{what}; written by rick, change {where_to_change} instead")).write(&mut file, because);
    Statement::Strict.write(&mut file, because);
    file
}

/// psql is started without a port, so that what it reaches first may be another server.
fn other_server(file: &mut Artifact, socket_directory: &str, port: u16) {
    if socket_directory != SOCKET_DIRECTORY || port != PORT {
        let port = port.to_string();
        Statement::Connect(&[("host", socket_directory), ("port", &port)]).write(file, &fact(&["port"]));
    }
}
