//! What a manifest says in `[quadlet]`, and rick.toml in `[plugins.quadlet]` and `[machines.<machine>.quadlet]`.
//!
//! What a part can say is one struct, flattened into both tables. serde cannot close a struct with a flattened member, so the
//! schema is closed by hand: rick holds a table against it before the plugin sees the table.

use std::collections::BTreeMap;

use rick_plugin_sdk::slots::VolumeKind;
use rick_plugin_sdk::{Identity, Piece, SecretRef};
use schemars::JsonSchema;
use serde::Deserialize;

/// `[quadlet]`: the service's containers. What stands in it directly is the main part's, which is named `app` and runs the
/// service's own image; `env`, `volumes` and `secret_files` hold for every part that runs that image.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
pub struct Table {
    /// What the main part is.
    #[serde(flatten)]
    pub main: Fields,
    /// The port of the machine, on 127.0.0.1, that leads to the service's `port`: a number, or "auto" for one that rick hands
    /// out. Without it: the same number where that is 1024 or more, otherwise as with "auto".
    pub host_port: Option<HostPort>,
    /// Further ports, such as one for SSH: what is not HTTP.
    #[serde(default)]
    pub ports: Vec<Port>,
    /// Further keys of `[Pod]`, written as they stand: systemd's `%` and `$` are yours to escape.
    #[serde(default)]
    pub pod_keys: BTreeMap<String, Lines>,
    /// Further parts, by name: `[quadlet.containers.worker]`.
    #[serde(default)]
    pub containers: BTreeMap<String, Container>,
}

/// `[quadlet.containers.<name>]`: a further part, in the same pod: it shares the network with the others, and nothing else.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
pub struct Container {
    /// The image, fully qualified. Without it the part runs the service's own.
    #[schemars(length(min = 1))]
    pub image: Option<String>,
    /// Whom the image runs as: a uid, or `{ uid, gid, starts_as_root }`. Without it: as `[service]` says, where the part runs the
    /// service's own image; otherwise the process is made the service's user, whatever the image says.
    pub user: Option<User>,
    /// What the part is.
    #[serde(flatten)]
    pub fields: Fields,
}

/// What can be said of every part.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct Fields {
    /// The command, in place of the image's: a list of arguments, or one string, split as a shell would, without expanding anything.
    pub exec: Option<Command>,
    /// The entrypoint, in place of the image's.
    pub entrypoint: Option<Command>,
    /// Environment variables: text, a number, a boolean, `{ secret = "name" }`, or a list of texts and secrets that are joined.
    #[serde(default)]
    pub env: BTreeMap<String, EnvValue>,
    /// What the part keeps: `"name:/path"` is a folder in the service's home, `"/on/the/machine:/path"` a path of the machine; both
    /// take `:ro`. A table says more.
    #[serde(default)]
    pub volumes: Vec<Volume>,
    /// Secrets as files: the name of the file in `/run/secrets` and the secret's name. An image that reads `PASSWORD_FILE` takes
    /// `secret_files = { password = "myservice_password" }` with `env = { PASSWORD_FILE = "/run/secrets/password" }`.
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "pattern": "^[A-Za-z0-9_][A-Za-z0-9_.-]*$" }))]
    pub secret_files: BTreeMap<String, String>,
    /// How podman asks whether the part is well.
    pub health: Option<Health>,
    /// When the part counts as started; "healthy": at its first good answer, where the others are as soon as the process runs.
    pub notify: Option<Notify>,
    /// The most memory it may use: "512m", "2g".
    #[schemars(regex(pattern = "^[0-9]+[bkmgBKMG]?$"))]
    pub memory: Option<String>,
    /// The size of /dev/shm: "256m".
    #[schemars(regex(pattern = "^[0-9]+[bkmgBKMG]?$"))]
    pub shm_size: Option<String>,
    /// The most processes and threads it may have.
    #[schemars(range(min = 1))]
    pub pids_limit: Option<u32>,
    /// The root file system cannot be written to.
    #[serde(default)]
    pub read_only: bool,
    /// A small init is process 1: it passes signals on and reaps. Without it an image whose process 1 ignores SIGTERM takes 10 seconds to stop.
    #[serde(default)]
    pub init: bool,
    /// Capabilities added.
    #[serde(default)]
    #[schemars(inner(regex(pattern = "^[A-Za-z_]+$")))]
    pub capabilities: Vec<String>,
    /// Capabilities taken away. Without it: all, unless the part is root inside or starts as root.
    #[schemars(inner(regex(pattern = "^[A-Za-z_]+$")))]
    pub drop_capabilities: Option<Vec<String>>,
    /// Kernel parameters of the part's namespaces, by name.
    #[serde(default)]
    pub sysctl: BTreeMap<String, Scalar>,
    /// How many seconds the part has to stop before it is killed. Without it: 10.
    pub stop_timeout: Option<u32>,
    /// Paths inside that are kept in memory: "/tmp", "/run:size=64m".
    #[serde(default)]
    #[schemars(inner(regex(pattern = "^/")))]
    pub tmpfs: Vec<String>,
    /// Podman's `--userns` as it stands, in place of what rick derives from whom the image runs as.
    #[schemars(length(min = 1))]
    pub user_namespace: Option<String>,
    /// The process keeps the supplementary groups of the service's user. Inside they all show as `nobody`.
    #[serde(default)]
    pub keep_groups: bool,
    /// Further keys of `[Container]`, written as they stand: systemd's `%` and `$` are yours to escape.
    #[serde(default)]
    pub keys: BTreeMap<String, Lines>,
}

/// A command.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Command {
    /// As one would type it.
    Text(String),
    /// Argument by argument.
    List(Vec<String>),
}

/// The value of a variable.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum EnvValue {
    /// Text, a number or a boolean.
    Scalar(Scalar),
    /// A secret.
    Secret(SecretRef),
    /// Texts and secrets, joined.
    Pieces(Vec<Piece>),
}

/// Text, a number or a boolean.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Scalar {
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// `true` or `false`, written so.
    Boolean(bool),
}

impl Scalar {
    /// As it is written down.
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Integer(number) => number.to_string(),
            Self::Boolean(boolean) => boolean.to_string(),
        }
    }
}

/// What a part keeps, or sees of the machine.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Volume {
    /// `"name:/path"` or `"/on/the/machine:/path"`, with or without `:ro`.
    Short(#[schemars(regex(pattern = "^([A-Za-z0-9][A-Za-z0-9_.-]*|/[^:]*):/[^:]*(:ro|:rw)?$"))] String),
    /// The same with more to say.
    Long(VolumeTable),
}

/// A volume as a table.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VolumeTable {
    /// Its name. One of `name` and `source` is said.
    #[schemars(regex(pattern = "^[A-Za-z0-9][A-Za-z0-9_.-]*$"))]
    pub name: Option<String>,
    /// A path of the machine that others may use as well.
    #[schemars(regex(pattern = "^/[^:]*$"))]
    pub source: Option<String>,
    /// The path inside.
    #[schemars(regex(pattern = "^/[^:]*$"))]
    pub path: String,
    /// Where it is kept. Without it: "directory" with `name`, "machine" with `source`.
    pub kind: Option<VolumeKind>,
    /// The part cannot write there.
    #[serde(default)]
    pub read_only: bool,
    /// The permission bits of the folder, four octal digits. Without it: 0700.
    #[schemars(regex(pattern = "^[0-7]{4}$"))]
    pub mode: Option<String>,
    /// The folder's owner, a user of the machine. Without it: the service's user.
    pub owner: Option<String>,
}

/// How podman asks whether a part is well.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// What is run inside: a string is the shell's, a list runs without one. Status 0: well.
    pub command: Command,
    /// How often: "30s".
    #[schemars(regex(pattern = "^(([0-9]+(ms|s|m|h))+|disable)$"))]
    pub interval: Option<String>,
    /// How long an answer may take.
    #[schemars(regex(pattern = "^([0-9]+(ms|s|m|h))+$"))]
    pub timeout: Option<String>,
    /// How many bad answers in a row make it unwell.
    #[schemars(range(min = 1))]
    pub retries: Option<u32>,
    /// How long bad answers do not count after the start.
    #[schemars(regex(pattern = "^([0-9]+(ms|s|m|h))+$"))]
    pub start_period: Option<String>,
}

/// When a part counts as started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Notify {
    /// At the first good answer of its health check.
    Healthy,
}

/// Whom an image runs as.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum User {
    /// A uid, which is the gid as well.
    Uid(u32),
    /// All of it.
    Full(UserTable),
}

/// Whom an image runs as, in numbers inside the container.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserTable {
    /// The uid that the part's own process ends up as.
    pub uid: u32,
    /// Its gid. Without it: the same number.
    pub gid: Option<u32>,
    /// The image's entrypoint starts as root and drops to `uid` itself.
    #[serde(default)]
    pub starts_as_root: bool,
}

impl User {
    /// In the shape of `[service] user`.
    pub fn identity(&self) -> Identity {
        match *self {
            Self::Uid(uid) => Identity { uid, gid: uid, starts_as_root: false },
            Self::Full(UserTable { uid, gid, starts_as_root }) => Identity { uid, gid: gid.unwrap_or(uid), starts_as_root },
        }
    }
}

/// One value of a key, or several.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Lines {
    /// One.
    One(String),
    /// One line each.
    Many(Vec<String>),
}

impl Lines {
    /// Each value.
    pub fn all(&self) -> Vec<&str> {
        match self {
            Self::One(value) => vec![value],
            Self::Many(values) => values.iter().map(String::as_str).collect(),
        }
    }
}

/// A port of the machine.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum HostPort {
    /// This one.
    Number(#[schemars(range(min = 1))] u16),
    /// One that rick hands out.
    Any(AnyPort),
}

/// The word for a port that rick hands out.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AnyPort {
    /// Any will do.
    Auto,
}

/// A port that is not the service's HTTP.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Port {
    /// The port inside.
    #[schemars(range(min = 1))]
    pub port: u16,
    /// The port of the machine, or "auto". Without it: the same number where that is 1024 or more, otherwise one that rick hands out.
    pub host_port: Option<HostPort>,
    /// The address of the machine that it answers on; `0.0.0.0` is every one.
    #[serde(default = "loopback")]
    #[schemars(regex(pattern = "^[0-9a-fA-F.:]+$"))]
    pub address: String,
    /// TCP or UDP.
    #[serde(default)]
    pub protocol: Protocol,
}

fn loopback() -> String {
    "127.0.0.1".to_owned()
}

/// What is spoken below a port's own protocol.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
}

/// `[plugins.quadlet]`: what holds for all services.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How many seconds a unit may take to start. An image that is not there yet is pulled within them.
    #[serde(default = "start_timeout")]
    #[schemars(range(min = 1))]
    pub start_timeout: u32,
    /// How many seconds after its end a part is started again. It is tried for ever.
    #[serde(default = "restart_delay")]
    #[schemars(range(min = 1))]
    pub restart_delay: u32,
}

fn start_timeout() -> u32 {
    900
}

fn restart_delay() -> u32 {
    5
}

/// `[machines.<machine>.quadlet]`: what cannot be told from a version.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// SELinux enforces on it. A part that connects through a socket of the machine then runs without its confinement, which forbids that.
    #[serde(default)]
    pub selinux: bool,
}
