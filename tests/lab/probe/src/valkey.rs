//! A question to Valkey, over a connection of its own.

use std::time::Duration;

use redis::{Cmd, Connection, ConnectionAddr, FromRedisValue, IntoConnectionInfo, RedisConnectionInfo, RedisResult, cmd};
use serde_json::{Value, json};

use crate::connections::Cache;
use crate::environment::Environment;

const PATIENCE: Duration = Duration::from_secs(3);

pub fn connect(cache: &Cache) -> RedisResult<Connection> {
    let mut settings = RedisConnectionInfo::default().set_db(cache.database);
    if let Some(user) = &cache.user {
        settings = settings.set_username(user);
    }
    if let Some(password) = &cache.password {
        settings = settings.set_password(password);
    }
    let address = ConnectionAddr::Unix(cache.socket.clone().into()).into_connection_info()?.set_redis_settings(settings);
    let connection = redis::Client::open(address)?.get_connection_with_timeout(PATIENCE)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.set_write_timeout(Some(PATIENCE))?;
    Ok(connection)
}

/// Whom one is, what one may do, and what one may not.
pub fn ask(cache: &Cache, environment: &Environment) -> Value {
    let mut connection = match connect(cache) {
        Ok(connection) => connection,
        Err(problem) => return json!({ "result": problem.to_string() }),
    };
    // A service that is not told the beginning of its keys knows it from its documentation, which is its user's name.
    let told = environment.all().find(|(name, _)| name.ends_with("PREFIX")).map(|(_, value)| value.to_owned());
    let derived = || cache.user.as_ref().map_or_else(String::new, |user| format!("{user}:"));
    let prefix = told.clone().unwrap_or_else(derived);
    let key = format!("{prefix}probe");
    let mut say = |command: &Cmd| said::<Option<String>>(command, &mut connection);
    let ping = say(&cmd("PING"));
    let mut answer = json!({
        "result": if ping == json!("PONG") { json!("ok") } else { ping.clone() },
        "ping": ping,
        "whoami": say(cmd("ACL").arg("WHOAMI")),
        "prefix": prefix,
        "prefix_from": if told.is_some() { "variable" } else { "user" },
        "before": say(cmd("GET").arg(&key)),
        "set": say(cmd("SET").arg(&key).arg("here")),
        "get": say(cmd("GET").arg(&key)),
        "unprefixed": say(cmd("SET").arg("probe").arg("here")),
        "foreign": say(cmd("GET").arg("someone_else:k")),
    });
    // Last, since a server of its own lets the service do it.
    answer["flushdb"] = say(&cmd("FLUSHDB"));
    answer
}

/// The answer to a command, or the server's refusal.
fn said<T: FromRedisValue + Into<Value>>(command: &Cmd, connection: &mut Connection) -> Value {
    match command.query::<T>(connection) {
        Ok(value) => value.into(),
        Err(problem) => match (problem.code(), problem.detail()) {
            (Some(code), Some(detail)) => format!("{code} {detail}").into(),
            _ => problem.to_string().into(),
        },
    }
}
