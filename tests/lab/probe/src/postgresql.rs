//! A question to PostgreSQL, over a connection of its own.

use std::error::Error;
use std::time::Duration;

use postgres::{Client, Config, NoTls};
use serde_json::{Value, json};

pub fn connect(config: &Config) -> Result<Client, postgres::Error> {
    let mut config = config.clone();
    config.connect_timeout(Duration::from_secs(3)).application_name("rick-lab-probe");
    config.connect(NoTls)
}

/// The server's words, where there are any: the error itself says no more than `db error`.
pub fn words(problem: &postgres::Error) -> String {
    match problem.as_db_error() {
        Some(said) => format!("{}: {}", said.severity(), said.message()),
        None => problem.source().map_or_else(|| problem.to_string(), |source| format!("{problem}: {source}")),
    }
}

/// Who one is, where, and whether one can make a table and write to it.
pub fn ask(config: &Config) -> Value {
    match asked(config) {
        Ok(answer) => answer,
        Err(problem) => json!({ "result": words(&problem) }),
    }
}

fn asked(config: &Config) -> Result<Value, postgres::Error> {
    let mut client = connect(config)?;
    let row = client
        .query_one("select current_user::text || ' ' || current_database()::text, current_setting('server_version')", &[])?;
    let (who, version): (String, String) = (row.get(0), row.get(1));
    client.batch_execute("create table if not exists rick_probe (n int); insert into rick_probe values (1)")?;
    let rows: i64 = client.query_one("select count(*) from rick_probe", &[])?.get(0);
    Ok(json!({ "result": "ok", "answer": who, "version": version, "rows": rows }))
}
