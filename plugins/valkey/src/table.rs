//! What a manifest says in `[valkey]`, and rick.toml in `[machines.<machine>.valkey]`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[valkey]`: a user of its own in the machine's Valkey, who reaches its own keys alone. All of it can be derived.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The client library of the service, which decides how the URL is written: `redis-py`, `go-redis`, `node-redis`, `ioredis`,
    /// `redis-rs`, `celery`; `portable` is what the first three understand.
    #[serde(default)]
    pub client: Client,
    /// What the names of its keys and channels begin with. Without it: the service's name and a colon.
    #[schemars(regex(pattern = "^[A-Za-z0-9_.:/-]{1,100}$"), extend("x-form" = "a prefix of letters, digits, `_`, `.`, `:`, `/` and `-`"))]
    pub prefix: Option<String>,
    /// Its database number. Without it rick hands one out and keeps it in rick.lock.
    #[schemars(range(min = 0, max = 127))]
    pub db: Option<u32>,
    /// An own Valkey server for this service alone: for what takes no prefix, or must not show the names of its keys to others.
    #[serde(default)]
    pub dedicated: bool,
    /// Variables that tell the service where its cache is, each with the form of its value: `url`, `socket`, `db`, `user`, `password`
    /// or `prefix`. Without it: `CACHE_URL = "url"`. Empty: none.
    #[schemars(extend("propertyNames" = { "pattern": "^[A-Za-z_][A-Za-z0-9_]*$" }))]
    pub env: Option<BTreeMap<String, Form>>,
    /// The parts that use it. Without it: all that run the service's own image.
    pub parts: Option<Vec<String>>,
    /// Further patterns of keys that it may use, as in an ACL: `celery`, `_kombu.*`.
    #[serde(default)]
    #[schemars(inner(regex(pattern = "^[!-~]{1,200}$")))]
    pub keys: Vec<String>,
    /// Further patterns of channels that it may use.
    #[serde(default)]
    #[schemars(inner(regex(pattern = "^[!-~]{1,200}$")))]
    pub channels: Vec<String>,
    /// Further rules for commands, as in an ACL: `+keys`, `-eval`. Without it: everything but what administers or endangers the server.
    #[serde(default)]
    #[schemars(inner(regex(pattern = r"^[+-]@?[a-z]+([|][a-z-]+)?$")))]
    pub commands: Vec<String>,
}

/// A client library, as far as its URLs differ from others'.
// Without a comment for each, the variants are one `enum` in the schema, which a message can list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Client {
    #[default]
    Portable,
    RedisPy,
    GoRedis,
    NodeRedis,
    Ioredis,
    RedisRs,
    Celery,
}

/// The form of a variable's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    Url,
    Socket,
    Db,
    User,
    Password,
    Prefix,
}

impl Table {
    /// What its keys begin with.
    pub fn prefix(&self, service: &str) -> String {
        self.prefix.clone().unwrap_or_else(|| format!("{service}:"))
    }

    /// The steps to where the prefix comes from: its key, or the table itself.
    pub fn prefix_steps(&self) -> &'static [&'static str] {
        if self.prefix.is_some() { &["prefix"] } else { &[] }
    }
}

/// `[machines.<machine>.valkey]`: the server on a machine. Without it: Debian's.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// The server's unit of the system's manager.
    #[serde(default = "unit")]
    #[schemars(regex(pattern = r"^[A-Za-z0-9:_.@\\-]+\.service$"), extend("x-form" = "the name of a service unit"))]
    pub unit: String,
    /// The template of units for further servers.
    #[serde(default = "template")]
    #[schemars(regex(pattern = r"^[A-Za-z0-9:_.\\-]+@\.service$"), extend("x-form" = "the name of a template, such as valkey-server@.service"))]
    pub template: String,
    /// The program.
    #[serde(default = "program")]
    #[schemars(regex(pattern = r"^(/[A-Za-z0-9._-]+)+$"), extend("x-form" = "an absolute path of letters, digits, `.`, `_` and `-`"))]
    pub program: String,
    /// The server's configuration. rick leaves the file alone, and gives its options on the command line.
    #[serde(default = "configuration")]
    #[schemars(regex(pattern = r"^(/[A-Za-z0-9._-]+)+$"), extend("x-form" = "an absolute path of letters, digits, `.`, `_` and `-`"))]
    pub configuration: String,
    /// The directory of the server's socket. It is mounted at the same path inside.
    #[serde(default = "socket_directory")]
    #[schemars(regex(pattern = r"^(/[A-Za-z0-9._-]+)+$"), length(max = 64), extend("x-form" = "an absolute path of letters, digits, `.`, `_` and `-`"))]
    pub socket_directory: String,
    /// The group that the server runs as, which reads its ACL file.
    #[serde(default = "group")]
    #[schemars(regex(pattern = "^[a-z_][a-z0-9_-]{0,30}$"), extend("x-form" = "a group's name"))]
    pub group: String,
}

fn unit() -> String {
    "valkey-server.service".to_owned()
}

fn template() -> String {
    "valkey-server@.service".to_owned()
}

fn program() -> String {
    "/usr/bin/valkey-server".to_owned()
}

fn configuration() -> String {
    "/etc/valkey/valkey.conf".to_owned()
}

fn socket_directory() -> String {
    "/run/valkey".to_owned()
}

fn group() -> String {
    "valkey".to_owned()
}
