//! The plugin `postgres`: a database for each service, a role that owns it, the server's leave to connect, and what the
//! service must be told.
//!
//! Reading order: [`table`] is what a manifest says; `claim`, `contribute` and `render` below are the three calls;
//! [`connection`] writes what clients are told, [`script`] what the server must have, in the statements of [`sql`], and
//! [`access`] who may connect; `rules/` has one file for each check.

mod access;
mod connection;
mod questions;
mod rules;
mod script;
mod sql;
mod table;

use access::{Access, Method};
use connection::Connection;
use rick_plugin_sdk::place::{table_of, variables};
use rick_plugin_sdk::slots::quadlet::{self, As};
use rick_plugin_sdk::slots::{
    self, Action, DatabaseValue, Generate, MountKind, MountValue, Nothing, Phase, Position, SecretValue, UnitAction,
};
use rick_plugin_sdk::{
    By, Claims, Contributions, Descriptor, Diagnostics, MachineCall, Of, Place, Plugin, Rendered, ServiceCall, fact, machine,
    setting, table,
};

pub use table::{Authentication, Facts, Form, Settings, Table};

/// Whom the server runs as: its superuser by peer.
const SUPERUSER: &str = "postgres";
/// The group that reads what is written for it.
const GROUP: &str = "postgres";

/// The plugin.
pub struct Postgres;

impl Plugin for Postgres {
    type Table = Table;
    type Settings = Settings;
    type Facts = Facts;

    fn describe() -> Descriptor {
        Descriptor::new::<Self>("postgres", env!("CARGO_PKG_VERSION"), "PostgreSQL databases and roles")
            .names("postgres:role", "PostgreSQL role", "give one of them another `role` in [postgres]")
            .names("postgres:database", "PostgreSQL database", "give one of them another `database` in [postgres]")
            .contributes::<slots::Env>()
            .contributes::<slots::Mount>()
            .contributes::<slots::SystemUnit>()
            .contributes::<slots::Database>()
            .contributes::<slots::Secret>()
            .contributes::<quadlet::Identity>()
            .contributes::<slots::Step>()
            .contributes::<slots::Check>()
            .reads::<slots::Identity>(By::Check, Of::Service)
            .reads::<slots::Env>(By::Check, Of::Service)
            .writes("/etc/rick/postgres/*.sql")
            .writes("/etc/rick/postgres/pg_hba.conf")
            .writes("/etc/rick/postgres/pg_ident.conf")
            .writes("/etc/postgresql/*/main/pg_hba.conf")
            .writes("/etc/postgresql/*/main/pg_ident.conf")
            .steps(&["block", "sql", "system-unit", "version"])
            .answers(&["claim", "contribute", "check:service", "check:machine", "render:service", "render:machine"])
            .rules(rules::ALL)
    }

    fn claim(call: &ServiceCall<Self>, out: &mut Claims) {
        let said = &call.table;
        out.want("postgres:role", "role", said.role(&call.service), table(said.role_steps()));
        out.want("postgres:database", "database", said.database(&call.service), table(said.database_steps()));
    }

    fn contribute(call: &ServiceCall<Self>, out: &mut Contributions) {
        let (role, database) = (call.table.role(&call.service), call.table.database(&call.service));
        let socket_directory = &call.settings.socket_directory;
        let secret = secret_of(call);
        let connection =
            Connection { socket_directory, port: call.facts.port, role: &role, database: &database, password: secret.as_deref() };

        let parts = call.table.parts.as_deref();
        for (variable, form, place) in variables_of(call) {
            if let Some(value) = connection.value(form) {
                out.add_for::<slots::Env>(parts, variable, &value, place);
            }
        }
        // Connecting writes nothing to the directory.
        let mount = MountValue { source: socket_directory.clone(), read_only: true, kind: MountKind::SocketDirectory };
        out.add_for::<slots::Mount>(parts, socket_directory, &mount, table(&[]));
        if secret.is_none() {
            // By peer the server asks the kernel for the uid, and knows that of the service's user only.
            let identity = quadlet::IdentityValue { r#as: As::ServiceUser };
            out.add_for::<quadlet::Identity>(parts, "", &identity, table(&[]));
        }

        out.add::<slots::SystemUnit>(&call.facts.unit, &Nothing {}, table(&[]));
        let authentication = match call.table.authentication {
            Authentication::Peer => "peer",
            Authentication::Scram => "scram",
        };
        let value = DatabaseValue {
            engine: "postgresql".to_owned(),
            database: database.clone(),
            role: role.clone(),
            authentication: Some(authentication.to_owned()),
            socket_directory: Some(socket_directory.clone()),
        };
        out.add::<slots::Database>(&format!("postgresql/{database}"), &value, table(call.table.database_steps()));
        if let Some(secret) = &secret {
            let value = SecretValue { generate: Some(Generate { bytes: 32, alphabet: "url".to_owned() }) };
            out.add::<slots::Secret>(secret, &value, table(&["authentication"]));
        }
    }

    fn check_service(call: &ServiceCall<Self>, out: &mut Diagnostics) {
        rules::check_service(call, out);
    }

    fn check_machine(call: &MachineCall<Self>, out: &mut Diagnostics) {
        rules::check_machine(call, out);
    }

    fn render_service(call: &ServiceCall<Self>, out: &mut Rendered) {
        let script = script::of_service(call);
        let file = script.path().to_owned();
        let run = Action::Sql {
            file: file.clone(),
            database: "postgres".to_owned(),
            r#as: SUPERUSER.to_owned(),
            undo: Some(script::undo(call)),
            purge: Some(script::purge(call)),
        };
        out.step("sql", Phase::Data, run, &[&file], table(&[]));
        out.artifact(script);
        if let Some(identity) = call.reads.for_service::<slots::Identity>(&call.service.name).first() {
            questions::of_service(call, identity, out);
        }
    }

    fn render_machine(call: &MachineCall<Self>, out: &mut Rendered) {
        let services = accesses_of(call);
        let version = call.machine.version("postgresql");
        let (hba, ident) = (access::hba(&services, version), access::ident(&services, version));
        // Without the directory there is nothing to say; `check` has said what is missing.
        let Some((directory, because)) = config_directory(call) else { return };

        // Within a phase the steps of a machine come after those of its services: a role and its database are there, and
        // are nobody else's, before the server lets somebody be the role; and where SQL failed, access stays as it was.
        let sources = [hba.path().to_owned(), ident.path().to_owned()];
        for (name, source, position) in [("pg_hba", &sources[0], Position::Top), ("pg_ident", &sources[1], Position::Bottom)] {
            let file = format!("{directory}/{name}.conf");
            let block = Action::Block { file, source: source.clone(), marker: "rick".to_owned(), position };
            out.step(&format!("block-{name}"), Phase::Data, block, &[source], because.clone());
        }
        let reload = Action::SystemUnit { unit: call.facts.unit.clone(), action: UnitAction::Reload, undo: None };
        out.step("reload", Phase::Data, reload, &[&sources[0], &sources[1]], fact(&["unit"]));
        questions::of_machine(call, out);
        questions::of_neighbours(call, &services, out);
        if let Some(stated) = call.machine.versions.get("postgresql").filter(|_| call.machine.version("postgresql").is_some()) {
            let asked = Action::Version { of: "postgresql".to_owned(), stated: stated.clone() };
            out.step("version", Phase::Ask, asked, &[], machine(&["versions", "postgresql"]));
        }
        out.artifact(hba);
        out.artifact(ident);

        if call.settings.revoke_public_connect {
            let script = script::of_machine(call);
            let file = script.path().to_owned();
            let (database, r#as) = ("postgres".to_owned(), SUPERUSER.to_owned());
            let run = Action::Sql { file: file.clone(), database, r#as, undo: None, purge: None };
            out.step("sql-public-connect", Phase::Data, run, &[&file], setting(&["revoke_public_connect"]));
            out.artifact(script);
        }
    }
}

/// The variables, the form of each, and where it is said.
fn variables_of(call: &ServiceCall<Postgres>) -> Vec<(&str, Form, Place)> {
    variables(call.table.env.as_ref(), ("DATABASE_URL", Form::Url))
}

/// The name of the secret with the role's password, where there is one.
fn secret_of(call: &ServiceCall<Postgres>) -> Option<String> {
    match call.table.authentication {
        Authentication::Peer => None,
        Authentication::Scram => Some(format!("{}_postgres_password", call.service.name)),
    }
}

/// Where pg_hba.conf is, and why there: as the machine's facts say, or where Debian has it for the version.
fn config_directory(call: &MachineCall<Postgres>) -> Option<(String, Place)> {
    if let Some(stated) = &call.facts.config_directory {
        return Some((stated.clone(), fact(&["config_directory"])));
    }
    let version = call.machine.version("postgresql")?;
    Some((format!("/etc/postgresql/{}/main", version.0), machine(&["versions", "postgresql"])))
}

/// Who may connect to what, of all services of a machine whose users are known.
fn accesses_of(call: &MachineCall<Postgres>) -> Vec<Access> {
    let identities = call.reads.of::<slots::Identity>();
    let mut all = Vec::new();
    for (name, entry) in &call.services {
        let (role, database) = (entry.table.role(&entry.service), entry.table.database(&entry.service));
        let mut because = vec![table_of(name, entry.table.role_steps())];
        let method = match entry.table.authentication {
            Authentication::Scram => {
                because = vec![table_of(name, &["authentication"])];
                Method::Scram
            }
            Authentication::Peer => {
                let Some(identity) = identities.iter().find(|identity| identity.service.as_ref() == Some(name)) else { continue };
                because.push(identity.place.clone());
                if identity.value.user == role { Method::Peer } else { Method::PeerAs(identity.value.user.clone()) }
            }
        };
        all.push(Access { database, role, method, because });
    }
    all
}

rick_plugin_sdk::export!(Postgres);
