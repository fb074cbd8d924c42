//! What a manifest says in `[postgres]`, and rick.toml in `[plugins.postgres]` and `[machines.<machine>.postgres]`.

use std::collections::BTreeMap;

use rick_plugin_sdk::Service;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

// Names may hold anything but control characters: a line of pg_hba.conf and a variable in an env file end at a newline.

/// `[postgres]`: a database and the role that owns it. All of it can be derived.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The role that the service connects as. Without it: the service's name with `_` for `-`.
    #[schemars(regex(pattern = r"^[^\x00-\x1f\x7f]{1,63}$"), extend("x-form" = "a name of 1 to 63 bytes without control characters"))]
    pub role: Option<String>,
    /// The database, owned by the role. Without it: the service's name with `_` for `-`.
    #[schemars(regex(pattern = r"^[^\x00-\x1f\x7f]{1,63}$"), extend("x-form" = "a name of 1 to 63 bytes without control characters"))]
    pub database: Option<String>,
    /// How the server knows the service: `peer` asks the kernel which user connects and needs no password, `scram` asks for
    /// a password that rick keeps.
    #[serde(default)]
    pub authentication: Authentication,
    /// Variables that tell the service where its database is, each with the form of its value: `url`, `url-encoded-host`,
    /// `dsn`, `host`, `port`, `database`, `role` or `password`. Without it: `DATABASE_URL = "url"`. Empty: none.
    #[schemars(extend("propertyNames" = { "pattern": "^[A-Za-z_][A-Za-z0-9_]*$" }))]
    pub env: Option<BTreeMap<String, Form>>,
    /// The parts that use the database. Without it: all that run the service's own image.
    pub parts: Option<Vec<String>>,
    /// Extensions to create in the database, with what they depend on. Their files come from a package of the machine's.
    #[serde(default)]
    #[schemars(inner(regex(pattern = r"^[A-Za-z0-9_][A-Za-z0-9_-]*$")))]
    pub extensions: Vec<String>,
    /// How text is sorted and classified. It holds when the database is created, never afterwards.
    #[serde(default = "locale")]
    #[schemars(regex(pattern = r"^[A-Za-z0-9_.@-]+$"), extend("x-form" = "a locale's name"))]
    pub locale: String,
}

fn locale() -> String {
    "C.UTF-8".to_owned()
}

/// How the server knows who connects.
// Without a comment for each, the variants are one `enum` in the schema, which a message can list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Authentication {
    #[default]
    Peer,
    Scram,
}

/// The form of a variable's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    Url,
    UrlEncodedHost,
    Dsn,
    Host,
    Port,
    Database,
    Role,
    Password,
}

impl Table {
    /// The role's name.
    pub fn role(&self, service: &Service) -> String {
        self.role.clone().unwrap_or_else(|| name_of(service))
    }

    /// The database's name.
    pub fn database(&self, service: &Service) -> String {
        self.database.clone().unwrap_or_else(|| name_of(service))
    }

    /// The steps to where the role's name comes from: its key, or the table itself.
    pub fn role_steps(&self) -> &'static [&'static str] {
        if self.role.is_some() { &["role"] } else { &[] }
    }

    /// The steps to where the database's name comes from: its key, or the table itself.
    pub fn database_steps(&self) -> &'static [&'static str] {
        if self.database.is_some() { &["database"] } else { &[] }
    }
}

/// With `_` for `-`, so that a name needs no quotes in what people type into psql.
fn name_of(service: &Service) -> String {
    service.name.replace('-', "_")
}

/// `[plugins.postgres]`: what holds for all services.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the server's socket is. It is mounted at the same path inside.
    #[serde(default = "socket_directory")]
    // The kernel takes 107 bytes with the socket's own name (unix(7)), and libpq takes a comma for a list of hosts.
    #[schemars(regex(pattern = r"^(/[A-Za-z0-9._-]+)+$"), length(max = 92), extend("x-form" = "an absolute path of letters, digits, `.`, `_` and `-`"))]
    pub socket_directory: String,
    /// Takes from PUBLIC the right to connect to the databases `postgres` and `template1`, which every role has otherwise.
    #[serde(default)]
    pub revoke_public_connect: bool,
}

/// Debian's.
pub const SOCKET_DIRECTORY: &str = "/run/postgresql";

fn socket_directory() -> String {
    SOCKET_DIRECTORY.to_owned()
}

/// `[machines.<machine>.postgres]`: the server on a machine.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// The server's unit of the system's manager.
    #[serde(default = "unit")]
    #[schemars(regex(pattern = r"^[A-Za-z0-9:_.@\\-]+\.service$"), extend("x-form" = "the name of a service unit"))]
    pub unit: String,
    /// Where pg_hba.conf and pg_ident.conf are. Without it: `/etc/postgresql/<major version>/main`, as on Debian.
    #[schemars(regex(pattern = r"^(/[^/\x00-\x1f\x7f]+)+$"), extend("x-form" = "an absolute path"))]
    pub config_directory: Option<String>,
    /// The port that the server listens on, which is also in its socket's name.
    #[serde(default = "port")]
    #[schemars(range(min = 1))]
    pub port: u16,
}

fn unit() -> String {
    "postgresql.service".to_owned()
}

/// PostgreSQL's.
pub const PORT: u16 = 5432;

fn port() -> u16 {
    PORT
}
