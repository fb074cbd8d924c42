//! Which variables describe a connection, in the forms that clients take.

use std::str::FromStr;

use crate::environment::Environment;

/// A connection that a variable describes.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The variable, for the pieces of a connection that of the host.
    pub variable: String,
    pub target: Target,
}

#[derive(Debug, Clone)]
pub enum Target {
    Postgres(Box<postgres::Config>),
    Valkey(Cache),
    /// It looks like a connection, and this is what is not understood of it.
    Unknown(String),
}

/// A Valkey by its socket.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cache {
    pub socket: String,
    pub user: Option<String>,
    pub password: Option<String>,
    pub database: i64,
}

/// The connection that a variable describes, if it does.
pub fn find(environment: &Environment, name: &str, value: &str) -> Option<Connection> {
    let target = match value.split_once("://") {
        Some(("postgresql" | "postgres", _)) => keywords(value),
        Some(("unix" | "redis+socket" | "redis+unix", rest)) => socket(rest),
        Some((scheme, _)) if scheme.contains("postgres") || scheme.contains("redis") || scheme.contains("valkey") => {
            Target::Unknown(format!("a URL of the kind {scheme}"))
        }
        Some(_) => return None,
        // The form of ioredis is a socket with a query.
        None if value.starts_with('/') && value.contains(".sock?") => socket(value),
        None if is_dsn(value) => keywords(value),
        None if value.starts_with('/') && (name.ends_with("HOST") || name.ends_with("host")) => pieces(environment, name, value),
        None => return None,
    };
    Some(Connection { variable: name.to_owned(), target })
}

fn is_dsn(value: &str) -> bool {
    let has = |key: &str| value.split(' ').any(|word| word.starts_with(key));
    has("host=") && (has("user=") || has("dbname="))
}

fn keywords(value: &str) -> Target {
    match postgres::Config::from_str(value) {
        Ok(config) => Target::Postgres(Box::new(config)),
        Err(problem) => Target::Unknown(problem.to_string()),
    }
}

/// `USER:PASSWORD@/the/socket?db=1`, where user and password may also be in the query.
fn socket(rest: &str) -> Target {
    let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (credentials, path) = address.split_once('@').unwrap_or(("", address));
    let mut cache = Cache { socket: decoded(path), ..Cache::default() };
    let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
    cache.user = Some(decoded(user)).filter(|user| !user.is_empty());
    cache.password = Some(decoded(password)).filter(|password| !password.is_empty());
    for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        match key {
            "db" | "virtual_host" => match value.parse() {
                Ok(number) => cache.database = number,
                Err(_) => return Target::Unknown(format!("{key}={value}")),
            },
            "user" | "username" => cache.user = Some(decoded(value)),
            "pass" | "password" => cache.password = Some(decoded(value)),
            _ => return Target::Unknown(format!("the key {key} of a query")),
        }
    }
    Target::Valkey(cache)
}

/// A host in one variable, and the rest in others that begin alike: `X_HOST` with `X_NAME`, and with `X_HOST_USER`.
fn pieces(environment: &Environment, name: &str, value: &str) -> Target {
    let stem = &name[..name.len() - "HOST".len()];
    let piece = |endings: &[&str]| {
        let names = endings.iter().flat_map(|ending| [format!("{stem}{ending}"), format!("{name}_{ending}")]);
        names.filter_map(|name| environment.get(&name)).find(|value| !value.is_empty())
    };
    let user = piece(&["USER", "USERNAME", "ROLE"]);
    let password = piece(&["PASSWORD", "PASS", "PASSWD"]);
    let looks_like_cache = ["REDIS", "VALKEY", "CACHE", "QUEUE"].iter().any(|word| name.to_uppercase().contains(word));
    if value.ends_with(".sock") || looks_like_cache {
        let database = piece(&["DB", "DBINDEX", "DATABASE"]).and_then(|number| number.parse().ok()).unwrap_or(0);
        return Target::Valkey(Cache {
            socket: value.to_owned(),
            user: user.map(str::to_owned),
            password: password.map(str::to_owned),
            database,
        });
    }
    let mut config = postgres::Config::new();
    config.host(value);
    let Some(user) = user else { return Target::Unknown("no variable for the user".to_owned()) };
    let Some(database) = piece(&["NAME", "DBNAME", "DATABASE", "DB"]) else {
        return Target::Unknown("no variable for the database".to_owned());
    };
    config.user(user).dbname(database);
    if let Some(password) = password {
        config.password(password);
    }
    if let Some(port) = piece(&["PORT"]) {
        let Ok(port) = port.parse() else { return Target::Unknown(format!("the port {port}")) };
        config.port(port);
    }
    Target::Postgres(Box::new(config))
}

/// Without the percent signs of a URL.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, others)) = rest.split_first() {
        let digits = others.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match digits.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) if first == b'%' => {
                bytes.push(byte);
                rest = &others[2..];
            }
            _ => {
                bytes.push(first);
                rest = others;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(value: &str) -> Cache {
        match find(&Environment::of(&[]), "X", value).map(|connection| connection.target) {
            Some(Target::Valkey(cache)) => cache,
            other => panic!("{value}: {other:?}"),
        }
    }

    #[test]
    fn every_dialect_of_a_cache_says_the_same() {
        let socket = "/run/valkey/valkey.sock";
        let expected =
            Cache { socket: socket.to_owned(), user: Some("shop".to_owned()), password: Some("a@b%".to_owned()), database: 3 };
        for value in [
            format!("unix://shop:a%40b%25@{socket}?db=3"),
            format!("redis+socket://shop:a%40b%25@{socket}?virtual_host=3"),
            format!("redis+unix://{socket}?db=3&user=shop&pass=a%40b%25"),
            format!("{socket}?db=3&username=shop&password=a%40b%25"),
        ] {
            assert_eq!(cache(&value), expected, "{value}");
        }
    }

    #[test]
    fn every_form_of_a_database_says_the_same() {
        let pieces = [
            ("PAPERLESS_DBHOST", "PAPERLESS_DBNAME", "PAPERLESS_DBUSER"),
            ("FORGEJO__database__HOST", "FORGEJO__database__NAME", "FORGEJO__database__USER"),
            ("POSTGRES_HOST", "POSTGRES_DB", "POSTGRES_USER"),
        ];
        let mut environments = vec![
            Environment::of(&[("DATABASE_URL", "postgresql://shop@/stock?host=/run/postgresql")]),
            Environment::of(&[("DATABASE_URL", "postgresql://shop@%2Frun%2Fpostgresql/stock")]),
            Environment::of(&[("DATABASE_URL", "user=shop dbname=stock host=/run/postgresql sslmode=disable")]),
        ];
        for (host, database, user) in pieces {
            environments.push(Environment::of(&[(host, "/run/postgresql"), (database, "stock"), (user, "shop")]));
        }
        for environment in environments {
            match environment.connections().as_slice() {
                [Connection { target: Target::Postgres(config), .. }] => {
                    assert_eq!((config.get_user(), config.get_dbname()), (Some("shop"), Some("stock")), "{environment:?}");
                    let host = postgres::config::Host::Unix("/run/postgresql".into());
                    assert_eq!(config.get_hosts(), [host], "{environment:?}");
                }
                other => panic!("{environment:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_cache_in_pieces_is_none_of_the_database() {
        let socket = "/run/valkey-nextcloud/valkey.sock";
        let environment =
            Environment::of(&[("REDIS_HOST", socket), ("REDIS_HOST_USER", "nextcloud"), ("REDIS_HOST_PASSWORD", "p")]);
        match environment.connections().as_slice() {
            [Connection { target: Target::Valkey(cache), .. }] => {
                assert_eq!((cache.user.as_deref(), cache.password.as_deref()), (Some("nextcloud"), Some("p")));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_not_understood_is_told() {
        for value in ["postgresql+psycopg://shop@/stock", "jdbc:postgresql://x/stock", "rediss://x", "unix:///x?retries=3"] {
            let found = find(&Environment::of(&[]), "X", value).map(|connection| connection.target);
            assert!(matches!(found, Some(Target::Unknown(_))), "{value}: {found:?}");
        }
        for value in ["https://example.org", "/var/lib/x", "info", "0.0.0.0:8080"] {
            assert!(find(&Environment::of(&[]), "X", value).is_none(), "{value}");
        }
    }
}
