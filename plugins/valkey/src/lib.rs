//! The plugin `valkey`: a user of the machine's Valkey for each service, who reaches its own keys alone, and what the service must
//! be told.
//!
//! Reading order: [`table`] is what a manifest says; `claim`, `contribute` and `render` below are the three calls; [`connection`]
//! writes what clients are told, [`acl`] who may do what, [`server`] how servers are run; `rules/` has one file for each check.

mod acl;
mod connection;
mod rules;
mod server;
mod table;

use acl::User;
use connection::Connection;
use rick_plugin_sdk::input::held_number;
use rick_plugin_sdk::place::{table_of, variables};
use rick_plugin_sdk::slots::{
    self, Action, DatabaseValue, Generate, MountKind, MountValue, Nothing, Phase, SecretValue, UnitAction,
};
use rick_plugin_sdk::{
    By, Claims, Contributions, Descriptor, Diagnostics, Empty, MachineCall, Of, Place, Plugin, Rendered, ServiceCall, claimed,
    fact, machine, table,
};
use serde_json::json;
use server::{Dedicated, socket};

pub use table::{Client, Facts, Form, Table};

/// The pool of database numbers.
const NUMBERS: &str = "valkey:database";
/// The pool of what keys begin with.
const PREFIXES: &str = "valkey:prefix";
/// The ACL file of a machine's server. `_` is in no service's name, so that this path is no service's own.
const USERS: &str = "/etc/rick/valkey/all_services.acl";

/// The plugin.
pub struct Valkey;

impl Plugin for Valkey {
    type Table = Table;
    type Settings = Empty;
    type Facts = Facts;

    fn describe() -> Descriptor {
        Descriptor::new::<Self>("valkey", env!("CARGO_PKG_VERSION"), "Valkey users, each with its own keys")
            // 0 is what everything else uses that was there before.
            .numbers(NUMBERS, "Valkey database", "leave `db` out and rick gives each service its own", [1, 127, 1])
            .names(PREFIXES, "prefix of keys", "give one of them another `prefix` in [valkey]")
            .contributes::<slots::Env>()
            .contributes::<slots::Mount>()
            .contributes::<slots::SystemUnit>()
            .contributes::<slots::Database>()
            .contributes::<slots::Secret>()
            .contributes::<slots::Step>()
            .contributes::<slots::Check>()
            .contributes::<slots::Model>()
            .reads::<slots::Identity>(By::Render, Of::Service)
            .writes("/etc/rick/valkey/*.acl")
            .writes("/etc/rick/valkey/*.conf")
            .writes("/etc/systemd/system/*.service.d/rick-valkey.conf")
            .steps(&["system-unit", "system-units-reload", "valkey-acl-load", "version"])
            .answers(&["claim", "contribute", "check:service", "check:machine", "render:service", "render:machine"])
            .rules(rules::ALL)
    }

    fn claim(call: &ServiceCall<Self>, out: &mut Claims) {
        let said = &call.table;
        if said.dedicated {
            return;
        }
        match said.db {
            Some(db) => out.want(NUMBERS, "db", db, table(&["db"])),
            None => out.any(NUMBERS, "db", table(&[])),
        }
        out.want(PREFIXES, "prefix", said.prefix(&call.service.name), table(said.prefix_steps()));
    }

    fn contribute(call: &ServiceCall<Self>, out: &mut Contributions) {
        let (name, said, facts) = (&call.service.name, &call.table, &call.facts);
        let (directory, unit, db, prefix) = if said.dedicated {
            let Dedicated { socket_directory, unit, .. } = Dedicated::of(name, facts);
            (socket_directory, unit, 0, String::new())
        } else {
            let db = held_number(&call.claimed, NUMBERS, "db");
            (facts.socket_directory.clone(), facts.unit.clone(), db, said.prefix(name))
        };
        let password = password_of(name);
        let socket = socket(&directory);
        let connection = Connection { socket: &socket, user: name, password: &password, db, prefix: &prefix };

        let parts = said.parts.as_deref();
        for (variable, form, place) in variables(said.env.as_ref(), ("CACHE_URL", Form::Url)) {
            out.add_for::<slots::Env>(parts, variable, &connection.value(form, said.client), place);
        }
        // Connecting writes nothing to the directory.
        let mount = MountValue { source: directory.clone(), read_only: true, kind: MountKind::SocketDirectory };
        out.add_for::<slots::Mount>(parts, &directory, &mount, table(&[]));
        out.add::<slots::SystemUnit>(&unit, &Nothing {}, table(&[]));

        let random = SecretValue { generate: Some(Generate { bytes: 32, alphabet: "url".to_owned() }) };
        out.add::<slots::Secret>(&password, &random, table(&[]));
        out.add::<slots::Secret>(&keeper_password(&call.machine.name), &random, table(&[]));
        let place = if said.dedicated { table(&["dedicated"]) } else { claimed(NUMBERS, "db") };
        let value = DatabaseValue {
            engine: "valkey".to_owned(),
            database: db.to_string(),
            role: name.clone(),
            authentication: Some("password".to_owned()),
            socket_directory: Some(directory),
        };
        out.add::<slots::Database>(&format!("valkey/{db}"), &value, place);
    }

    fn check_service(call: &ServiceCall<Self>, out: &mut Diagnostics) {
        rules::check_service(call, out);
    }

    fn check_machine(call: &MachineCall<Self>, out: &mut Diagnostics) {
        rules::check_machine(call, out);
    }

    fn render_service(call: &ServiceCall<Self>, out: &mut Rendered) {
        let name = &call.service.name;
        let own = Dedicated::of(name, &call.facts);
        let directory = if call.table.dedicated { &own.socket_directory } else { &call.facts.socket_directory };
        if let Some(identity) = call.reads.of::<slots::Identity>().first() {
            let user = &identity.value.user;
            let title = format!("`{user}` reaches Valkey's socket");
            let check = json!({ "kind": "socket", "title": title, "path": socket(directory), "user": user });
            out.add::<slots::Check>("socket", &check, identity.place.clone());
            questions(call, user, &socket(directory), &identity.place, out);
        }
        if !call.table.dedicated {
            return;
        }
        let place = table(&["dedicated"]);
        let keeper = keeper_password(&call.machine.name);
        let users = users_of_dedicated(call, &keeper);
        let acl = acl::file(&own.users, &call.facts.group, &users);
        let drop_in = own.drop_in(name, &call.facts, &place);
        let configuration = own.file(name, &call.facts.group, &place);
        out.add::<slots::Model>(&own.users, &acl::model(&users), place.clone());
        let restart = [drop_in.path().to_owned(), configuration.path().to_owned()];
        // Nobody else uses it: it goes with the service.
        let server = Server { unit: &own.unit, directory, users: &own.users, undo: Some(UnitAction::Stop) };
        steps(out, &server, &restart, &keeper, &place);
        for file in [acl, drop_in, configuration] {
            out.artifact(file);
        }
    }

    fn render_machine(call: &MachineCall<Self>, out: &mut Rendered) {
        let services: Vec<&String> =
            call.services.iter().filter(|(_, entry)| !entry.table.dedicated).map(|(name, _)| name).collect();
        let Some(first) = services.first() else { return };
        // What is there as soon as any service uses the server is there because of the first.
        let because = table_of(first, &[]);
        let keeper = keeper_password(&call.machine.name);
        let mut users = vec![User::nobody(because.clone()), User::keeper(keeper.clone(), because.clone())];
        let mut highest = 0;
        for name in services {
            let entry = &call.services[name];
            let db = held_number(&entry.claimed, NUMBERS, "db");
            highest = highest.max(db);
            users.push(user_of(name, &entry.table, db));
        }
        let acl = acl::file(USERS, &call.facts.group, &users);
        let drop_in = server::shared(&call.facts, USERS, highest, &because);
        out.add::<slots::Model>(USERS, &acl::model(&users), because);
        let restart = [drop_in.path().to_owned()];
        let server = Server { unit: &call.facts.unit, directory: &call.facts.socket_directory, users: USERS, undo: None };
        steps(out, &server, &restart, &keeper, &fact(&["unit"]));
        if let Some(stated) = call.machine.versions.get("valkey").filter(|_| call.machine.version("valkey").is_some()) {
            let asked = Action::Version { of: "valkey".to_owned(), stated: stated.clone() };
            out.step("version", Phase::Ask, asked, &[], machine(&["versions", "valkey"]));
        }
        out.artifact(acl);
        out.artifact(drop_in);
    }
}

/// A server, for what is to be done with it.
struct Server<'a> {
    unit: &'a str,
    /// Of its socket.
    directory: &'a str,
    /// Its ACL file.
    users: &'a str,
    /// What becomes of it where no service uses it any more.
    undo: Option<UnitAction>,
}

/// What to do with a server: its unit is read and it is restarted where how it runs has changed; otherwise it reads who may do what.
/// Within a phase, rick goes by the keys.
fn steps(out: &mut Rendered, server: &Server<'_>, restart: &[String], keeper: &str, because: &Place) {
    let Server { unit, directory, users, undo } = *server;
    let changed: Vec<&str> = restart.iter().map(String::as_str).collect();
    out.step("drop-in", Phase::SystemUnits, Action::SystemUnitsReload {}, &changed, because.clone());
    let action = Action::SystemUnit { unit: unit.to_owned(), action: UnitAction::Restart, undo };
    out.step("restart", Phase::SystemUnits, action, &changed, because.clone());
    let load = Action::ValkeyAclLoad {
        socket: socket(directory),
        user: acl::KEEPER.to_owned(),
        secret: keeper.to_owned(),
        unit: Some(unit.to_owned()),
    };
    out.step("users", Phase::SystemUnits, load, &[users], because.clone());
}

/// The service is who it should be, reaches what it should and nothing else.
fn questions(call: &ServiceCall<Valkey>, user: &str, socket: &str, place: &Place, out: &mut Rendered) {
    let name = &call.service.name;
    let db = if call.table.dedicated { 0 } else { held_number(&call.claimed, NUMBERS, "db") };
    let mut ask = |key: &str, title: String, secret: Option<String>, command: &[&str], right: (&str, &str)| {
        let mut check = json!({
            "kind": "valkey", "title": title, "user": user, "socket": socket, "role": name, "database": db, "command": command,
        });
        if let Some(secret) = secret {
            check["secret"] = secret.into();
        }
        check[right.0] = right.1.into();
        out.add::<slots::Check>(key, &check, place.clone());
    };
    let password = password_of(name);
    let title = format!("`{user}` connects to Valkey as `{name}`");
    ask("user", title, Some(password.clone()), &["ACL", "WHOAMI"], ("answer", name));
    let title = format!("without a password `{user}` is nobody in Valkey");
    ask("nobody", title, None, &["PING"], ("refused", "NOAUTH"));
    // What the manifest itself opens is not asked about.
    let said = &call.table;
    if !said.dedicated && said.keys.iter().all(|pattern| !pattern.starts_with(['*', '?', '['])) {
        let title = format!("`{name}` does not reach the keys of others in Valkey");
        ask("others", title, Some(password.clone()), &["GET", "rick-verify-of-nobody"], ("refused", "NOPERM"));
    }
    if !said.dedicated && said.commands.is_empty() {
        let title = format!("`{name}` does not administer Valkey");
        ask("administration", title, Some(password), &["CONFIG", "GET", "maxmemory"], ("refused", "NOPERM"));
    }
}

/// A service in the machine's server: its own keys and channels.
fn user_of(name: &str, said: &Table, db: u64) -> User {
    let prefix = said.prefix(name);
    let mut rules = vec!["resetchannels".to_owned(), format!("&{prefix}*")];
    if said.client == Client::Celery {
        // A worker subscribes to patterns, and a pattern must stand in the list as it is: that it fits a wider one is not enough.
        rules.extend([format!("&{prefix}/{db}.celery.pidbox"), format!("&{prefix}/{db}.celeryev/worker.*")]);
    }
    rules.extend(said.channels.iter().map(|pattern| format!("&{pattern}")));
    rules.push(format!("~{prefix}*"));
    rules.extend(said.keys.iter().map(|pattern| format!("~{pattern}")));
    rules.extend(acl::COMMANDS.map(str::to_owned));
    rules.extend(said.commands.iter().cloned());
    let mut because = vec![table_of(name, said.prefix_steps())];
    for (list, key) in [(&said.keys, "keys"), (&said.channels, "channels"), (&said.commands, "commands")] {
        because.extend((!list.is_empty()).then(|| table_of(name, &[key])));
    }
    User { name: name.to_owned(), password: Some(password_of(name)), rules, because }
}

/// The users of a service's own server, where every key is its own. Many clients that take no prefix take no user's name either,
/// so the nameless one is the service as well.
fn users_of_dedicated(call: &ServiceCall<Valkey>, keeper: &str) -> Vec<User> {
    let mut rules: Vec<String> = ["resetchannels", "&*", "~*", "+@all", "-@admin", "+info"].map(str::to_owned).to_vec();
    rules.extend(call.table.commands.iter().cloned());
    let place = table(&["dedicated"]);
    let user = |name: &str| User {
        name: name.to_owned(),
        password: Some(password_of(&call.service.name)),
        rules: rules.clone(),
        because: vec![place.clone()],
    };
    vec![user("default"), User::keeper(keeper.to_owned(), place.clone()), user(&call.service.name)]
}

/// The secret with the password of a service.
fn password_of(service: &str) -> String {
    format!("{service}_valkey_password")
}

/// The secret with the password by which rick has a machine's servers read their users anew.
fn keeper_password(machine: &str) -> String {
    format!("{machine}_valkey_rick_password")
}

rick_plugin_sdk::export!(Valkey);
