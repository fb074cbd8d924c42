//! The plugin as rick calls it: a document in, an answer out.

use rick_plugin_postgres::Postgres;
use rick_plugin_sdk::bindings::exports::rick::plugin::check::Guest as _;
use rick_plugin_sdk::bindings::exports::rick::plugin::meta;
use rick_plugin_sdk::bindings::rick::plugin::types::Scope;
use rick_plugin_sdk::glue::{Component, native};
use rick_plugin_sdk::slots::Identity;
use rick_plugin_sdk::{Artifact, Contribution, Diagnostic, Place, Plugin, Slot};
use serde_json::{Value, json};

fn table(stated: &Value) -> Value {
    let mut table = json!({ "authentication": "peer", "extensions": [], "locale": "C.UTF-8" });
    for (key, value) in stated.as_object().expect("a table") {
        table[key] = value.clone();
    }
    table
}

fn identity(service: &str, user: &str) -> Value {
    let value = json!({
        "user": user, "uid": 800, "group": user, "gid": 800, "home": "/var/lib/x", "subordinate_first": 10_000_000, "subordinate_count": 65536,
    });
    json!({ "service": service, "machine": "web1", "part": null, "key": "", "value": value, "stated": false })
}

fn of_service(name: &str, stated: &Value) -> Value {
    json!({
        "scope": "service",
        "service": { "name": name, "machine": "web1" },
        "machine": { "name": "web1", "versions": { "postgresql": "17" } },
        "table": table(stated),
        "settings": { "socket_directory": "/run/postgresql", "revoke_public_connect": false },
        "facts": { "unit": "postgresql.service", "port": 5432 },
        "claimed": {},
        "reads": { Identity::NAME: [identity(name, name)] },
    })
}

fn of_machine(services: &[(&str, &str, Value)]) -> Value {
    let entry = |(name, _, stated): &(&str, &str, Value)| {
        ((*name).to_owned(), json!({ "service": { "name": name, "machine": "web1" }, "table": table(stated), "claimed": {} }))
    };
    let users: Vec<Value> = services.iter().map(|(name, user, _)| identity(name, user)).collect();
    json!({
        "scope": "machine",
        "machine": { "name": "web1", "versions": { "postgresql": "17" } },
        "settings": { "socket_directory": "/run/postgresql", "revoke_public_connect": false },
        "facts": { "unit": "postgresql.service", "port": 5432 },
        "services": services.iter().map(entry).collect::<serde_json::Map<_, _>>(),
        "reads": { Identity::NAME: users },
    })
}

fn shown(place: &Place) -> String {
    match place {
        Place::Value(pointer) => pointer.clone(),
        Place::Key(pointer) => format!("{pointer} (key)"),
        Place::Text(_) => "a file".to_owned(),
    }
}

/// Slot, part, key, value, and the places that it is there for.
fn lines(contributions: &[Contribution]) -> Vec<String> {
    let line = |one: &Contribution| {
        let part = one.target.part.as_deref().map(|part| format!(" @{part}")).unwrap_or_default();
        let because: Vec<String> = one.because.iter().map(shown).collect();
        format!("{}{part} {} {} <- {}", one.slot, one.key, one.value, because.join(", "))
    };
    contributions.iter().map(line).collect()
}

fn problems(diagnostics: &[Diagnostic]) -> Vec<String> {
    diagnostics.iter().map(|one| format!("{} {}: {}", one.code, shown(&one.at), one.message)).collect()
}

fn file<'a>(artifacts: &'a [Artifact], path: &str) -> &'a Artifact {
    artifacts.iter().find(|artifact| artifact.path() == path).unwrap_or_else(|| panic!("there is no {path}"))
}

#[test]
fn an_empty_table_says_it_all() {
    let (contributions, diagnostics) = native::contribute::<Postgres>(&of_service("my-service", &json!({})));
    assert_eq!(problems(&diagnostics), Vec::<String>::new());
    let expected = [
        r#"rick:env@1 DATABASE_URL ["postgresql://my_service@/my_service?host=/run/postgresql"] <- /table"#,
        r#"rick:mount@1 /run/postgresql {"source":"/run/postgresql","read_only":true,"kind":"socket-directory"} <- /table"#,
        r#"quadlet:identity@1  {"as":"service-user"} <- /table"#,
        r#"rick:system-unit@1 postgresql.service {} <- /table"#,
        r#"rick:database@1 postgresql/my_service {"engine":"postgresql","database":"my_service","role":"my_service","authentication":"peer","socket_directory":"/run/postgresql"} <- /table"#,
    ];
    assert_eq!(lines(&contributions), expected);
    assert!(contributions.iter().all(|one| !one.stated));
}

#[test]
fn parts_and_variables_with_a_password() {
    let stated = json!({
        "role": "shop", "authentication": "scram", "parts": ["server", "worker"],
        "env": { "DB_HOST": "host", "DB_PASSWORD": "password", "DSN": "dsn" },
    });
    let (contributions, _) = native::contribute::<Postgres>(&of_service("my-service", &stated));
    let of_worker: Vec<Contribution> =
        contributions.iter().filter(|one| one.target.part.as_deref() == Some("worker")).cloned().collect();
    let expected = [
        r#"rick:env@1 @worker DB_HOST ["/run/postgresql"] <- /table/env/DB_HOST (key), /table/parts/1"#,
        r#"rick:env@1 @worker DB_PASSWORD [{"secret":"my-service_postgres_password"}] <- /table/env/DB_PASSWORD (key), /table/parts/1"#,
        r#"rick:env@1 @worker DSN ["user=shop password=",{"secret":"my-service_postgres_password","encode":["libpq-keyword"]}," dbname=my_service host=/run/postgresql sslmode=disable"] <- /table/env/DSN (key), /table/parts/1"#,
        r#"rick:mount@1 @worker /run/postgresql {"source":"/run/postgresql","read_only":true,"kind":"socket-directory"} <- /table, /table/parts/1"#,
    ];
    assert_eq!(lines(&of_worker), expected);
    let of_service: Vec<Contribution> = contributions.iter().filter(|one| one.target.part.is_none()).cloned().collect();
    assert_eq!(
        lines(&of_service).last().map(String::as_str),
        Some(r#"rick:secret@1 my-service_postgres_password {"generate":{"bytes":32,"alphabet":"url"}} <- /table/authentication"#)
    );
    assert_eq!(of_service.len(), 3);
}

#[test]
fn no_variables_where_none_are_wanted() {
    let (contributions, _) = native::contribute::<Postgres>(&of_service("myservice", &json!({ "env": {} })));
    assert!(contributions.iter().all(|one| one.slot != "rick:env@1"));
}

#[test]
fn names_are_claimed() {
    let (claims, _) = native::claim::<Postgres>(&of_service("my-service", &json!({ "database": "Shop" })));
    let claims: Vec<String> = claims
        .iter()
        .map(|claim| {
            format!("{} {} {} <- {}", claim.pool, claim.key, claim.want.as_deref().unwrap_or("any"), shown(&claim.because[0]))
        })
        .collect();
    assert_eq!(
        claims,
        [r#"postgres:role role "my_service" <- /table"#, r#"postgres:database database "Shop" <- /table/database"#]
    );
}

#[test]
fn a_script_by_peer() {
    let (artifacts, contributions, _) = native::render_service::<Postgres>(&of_service(
        "myservice",
        &json!({ "database": "My Shop", "extensions": ["pg_trgm"] }),
    ));
    let expected = r#"-- the service myservice; written by rick, change its manifest instead
\set ON_ERROR_STOP on
\encoding UTF8
SET search_path = '';
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'myservice') AS missing \gset
\if :missing
  CREATE ROLE "myservice";
\endif
ALTER ROLE "myservice" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD NULL;
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = 'My Shop') AS missing \gset
\if :missing
  CREATE DATABASE "My Shop" OWNER "myservice" TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
\endif
ALTER DATABASE "My Shop" OWNER TO "myservice";
REVOKE ALL ON DATABASE "My Shop" FROM PUBLIC;
\connect -reuse-previous=on "dbname='My Shop'"
ALTER SCHEMA public OWNER TO "myservice";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
SET search_path = public;
CREATE EXTENSION IF NOT EXISTS "pg_trgm" CASCADE;
"#;
    assert_eq!(file(&artifacts, "/etc/rick/postgres/myservice.sql").preview(), expected);
    let expected = [
        r#"rick:step@1 sql {"phase":"data","changed":["/etc/rick/postgres/myservice.sql"],"kind":"sql","file":"/etc/rick/postgres/myservice.sql","database":"postgres","as":"postgres","undo":"\\set ON_ERROR_STOP on\n\\encoding UTF8\nSELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'myservice') AS there \\gset\n\\if :there\n  ALTER ROLE \"myservice\" NOLOGIN;\n\\endif\n","purge":"\\set ON_ERROR_STOP on\n\\encoding UTF8\nDROP DATABASE IF EXISTS \"My Shop\" WITH (FORCE);\nDROP ROLE IF EXISTS \"myservice\";\n"} <- /table"#,
        r#"rick:check@1 socket {"kind":"socket","path":"/run/postgresql/.s.PGSQL.5432","title":"`myservice` reaches PostgreSQL's socket","user":"myservice"} <- /reads/‹identity›/0"#,
        r#"rick:check@1 sql {"answer":"myservice My Shop","database":"My Shop","kind":"sql","port":5432,"query":"select current_user || ' ' || current_database()","role":"myservice","socket_directory":"/run/postgresql","title":"`myservice` connects to `My Shop` as `myservice`","user":"myservice"} <- /reads/‹identity›/0, /table"#,
    ];
    let expected = expected.map(|line| line.replace("‹identity›", Identity::NAME));
    assert_eq!(lines(&contributions), expected);
}

#[test]
fn a_script_with_a_password_at_another_port() {
    let mut input = of_service("myservice", &json!({ "authentication": "scram" }));
    input["facts"]["port"] = 5433.into();
    let (artifacts, contributions, _) = native::render_service::<Postgres>(&input);
    let script = artifacts[0].preview();
    assert!(script.contains("PASSWORD «myservice_postgres_password scram-sha-256 sql-literal»;\n"), "{script}");
    assert!(script.contains("\\connect -reuse-previous=on \"host='/run/postgresql' port='5433'\"\n"), "{script}");
    let keys: Vec<&str> = contributions.iter().map(|one| one.key.as_str()).collect();
    assert_eq!(keys, ["sql", "socket"]);
    // What is run when it is taken off reaches the same server.
    let step = lines(&contributions).remove(0);
    assert_eq!(step.matches("port='5433'").count(), 2, "{step}");
}

#[test]
fn who_may_connect() {
    let services = [
        ("blog", "blog", json!({})),
        ("forum", "forum-user", json!({ "role": "+forum", "database": "all" })),
        ("shop", "shop", json!({ "authentication": "scram", "database": "/shop.1" })),
    ];
    let (artifacts, contributions, diagnostics) = native::render_machine::<Postgres>(&of_machine(&services));
    assert_eq!(problems(&diagnostics), Vec::<String>::new());
    let hba = r#"# written by rick; change the services' manifests instead
local "blog" "blog" peer
local "all" "+forum" peer map=rick
local "/^/shop\.1$" "shop" scram-sha-256
"#;
    assert_eq!(file(&artifacts, "/etc/rick/postgres/pg_hba.conf").preview(), hba);
    let ident = "# written by rick; change the services' manifests instead\nrick \"forum-user\" \"+forum\"\n";
    assert_eq!(file(&artifacts, "/etc/rick/postgres/pg_ident.conf").preview(), ident);
    assert_eq!(artifacts.len(), 2);

    let steps: Vec<String> = lines(&contributions).into_iter().filter(|line| line.starts_with("rick:step@1")).collect();
    let expected = [
        r#"rick:step@1 block-pg_hba {"phase":"data","changed":["/etc/rick/postgres/pg_hba.conf"],"kind":"block","file":"/etc/postgresql/17/main/pg_hba.conf","source":"/etc/rick/postgres/pg_hba.conf","marker":"rick","position":"top"} <- /machine/versions/postgresql"#,
        r#"rick:step@1 block-pg_ident {"phase":"data","changed":["/etc/rick/postgres/pg_ident.conf"],"kind":"block","file":"/etc/postgresql/17/main/pg_ident.conf","source":"/etc/rick/postgres/pg_ident.conf","marker":"rick","position":"bottom"} <- /machine/versions/postgresql"#,
        r#"rick:step@1 reload {"phase":"data","changed":["/etc/rick/postgres/pg_hba.conf","/etc/rick/postgres/pg_ident.conf"],"kind":"system-unit","unit":"postgresql.service","action":"reload"} <- /facts/unit"#,
        r#"rick:step@1 version {"phase":"ask","kind":"version","of":"postgresql","stated":"17"} <- /machine/versions/postgresql"#,
    ];
    assert_eq!(steps, expected);
    let refused = |key: &str| {
        let all = lines(&contributions);
        all.iter().find(|line| line.starts_with(&format!("rick:check@1 {key} "))).cloned().unwrap_or_default()
    };
    assert!(refused("kept-out:blog").contains(r#""database":"all""#), "each is tried at its neighbour's");
    assert!(refused("not-the-role:forum-user").contains(r#""role":"blog""#), "{}", refused("not-the-role:forum-user"));
    assert_eq!(refused("kept-out:shop"), "", "a password is not known by the user of the machine");
    assert!(steps.is_sorted(), "rick runs the steps of a phase in the order of their keys");
}

#[test]
fn the_public_may_be_kept_out() {
    let mut input = of_machine(&[("blog", "blog", json!({}))]);
    input["settings"]["revoke_public_connect"] = true.into();
    let (artifacts, contributions, _) = native::render_machine::<Postgres>(&input);
    let expected = r#"-- the machine web1; written by rick, change rick.toml instead
\set ON_ERROR_STOP on
\encoding UTF8
REVOKE CONNECT ON DATABASE "postgres" FROM PUBLIC;
REVOKE CONNECT ON DATABASE "template1" FROM PUBLIC;
"#;
    assert_eq!(file(&artifacts, "/etc/rick/postgres/public_connect.sql").preview(), expected);
    assert!(contributions.iter().any(|one| one.key == "sql-public-connect"));
}

#[test]
fn a_machine_of_which_nobody_said_the_version() {
    let mut input = of_machine(&[("blog", "blog", json!({}))]);
    let mut call = |versions: Value, facts: Value| {
        input["machine"]["versions"] = versions;
        input["facts"] = facts;
        problems(&Component::<Postgres>::check(Scope::Machine, input.to_string()))
    };
    let facts = json!({ "unit": "postgresql.service", "port": 5432 });
    let expected = "PG014 /machine/versions: nobody said which PostgreSQL is on `web1`, so pg_hba.conf is not to be found";
    assert_eq!(call(json!({}), facts.clone()), [expected]);
    let expected = "PG014 /machine/versions/postgresql: `new` is no version of PostgreSQL, so pg_hba.conf is not to be found";
    assert_eq!(call(json!({ "postgresql": "new" }), facts.clone()), [expected]);
    assert_eq!(call(json!({ "postgresql": "17.2" }), facts), Vec::<String>::new());
    let facts = json!({ "unit": "postgresql.service", "port": 5432, "config_directory": "/var/lib/pgsql/data" });
    let expected = "PG014 /machine/versions/postgresql: `new` is no version of PostgreSQL";
    assert_eq!(call(json!({ "postgresql": "new" }), facts.clone()), [expected]);
    assert_eq!(call(json!({}), facts), Vec::<String>::new());
    let (_, contributions, _) = native::render_machine::<Postgres>(&input);
    assert!(contributions[0].value.contains(r#""file":"/var/lib/pgsql/data/pg_hba.conf""#), "{}", contributions[0].value);
}

#[test]
fn what_the_rules_find() {
    let find = |name: &str, stated: &Value| problems(&native::check_service::<Postgres>(&of_service(name, stated)));
    assert_eq!(find("myservice", &json!({})), Vec::<String>::new());
    assert_eq!(find("myservice", &json!({ "role": "postgres" })), ["PG011 /table/role: the role `postgres` is PostgreSQL's own"]);
    assert_eq!(find("pg-admin", &json!({})), ["PG011 /service/name: the role `pg_admin` is PostgreSQL's own"]);
    assert_eq!(
        find("myservice", &json!({ "database": "template1" })),
        ["PG011 /table/database: the database `template1` is PostgreSQL's own"]
    );
    let long = "ü".repeat(32);
    let expected = format!("PG011 /table/role: the role `{long}` has 64 bytes, and PostgreSQL keeps 63");
    assert_eq!(find("myservice", &json!({ "role": long })), [expected]);
    let expected =
        "PG003 /table/locale: the locale `de_DE.UTF-8` may not be on `web1`, and its order may change with the C library";
    assert_eq!(find("myservice", &json!({ "locale": "de_DE.UTF-8" })), [expected]);
    assert_eq!(find("myservice", &json!({ "locale": "C" })), Vec::<String>::new());
    let expected = "PG013 /table/env/PGPASSWORD: `PGPASSWORD` would hold a password, and by peer there is none";
    assert_eq!(find("myservice", &json!({ "env": { "PGPASSWORD": "password" } })), [expected]);
    assert_eq!(
        find("myservice", &json!({ "authentication": "scram", "env": { "PGPASSWORD": "password" } })),
        Vec::<String>::new()
    );
}

#[test]
fn the_schemas_say_what_a_message_needs() {
    let descriptor: meta::Descriptor = Postgres::describe().into();
    let schema: Value = serde_json::from_str(&descriptor.table_schema).expect("a schema");
    let properties = &schema["properties"];
    assert_eq!(properties["authentication"]["enum"], json!(["peer", "scram"]));
    assert_eq!(properties["authentication"]["default"], "peer");
    assert_eq!(
        properties["env"]["additionalProperties"]["enum"],
        json!(["url", "url-encoded-host", "dsn", "host", "port", "database", "role", "password"])
    );
    assert_eq!(properties["env"]["propertyNames"]["pattern"], "^[A-Za-z_][A-Za-z0-9_]*$");
    assert!(properties["extensions"]["items"]["pattern"].is_string());
    for (name, property) in properties.as_object().expect("properties") {
        assert!(property["description"].is_string(), "`{name}` has no description");
    }
    let settings: Value = serde_json::from_str(&descriptor.settings_schema).expect("a schema");
    assert_eq!(settings["properties"]["socket_directory"]["default"], "/run/postgresql");
    let facts: Value = serde_json::from_str(&descriptor.facts_schema).expect("a schema");
    assert_eq!(facts["properties"]["unit"]["default"], "postgresql.service");
}
