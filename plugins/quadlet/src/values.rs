//! What stands in the fields of `[quadlet]`: commands, variables, volumes, users and ports.

use rick_plugin_sdk::slots::VolumeKind;
use rick_plugin_sdk::{Identity, Piece, SecretRef};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    Short(
        #[schemars(regex(pattern = "^([A-Za-z0-9][A-Za-z0-9_.-]*|/[^:]*):/[^:]*(:ro|:rw)?$"), extend("x-form" = "a volume: `name:/path`, or `/path/of/the/machine:/path`, with `:ro` where it is only read"))]
         String,
    ),
    /// The same with more to say.
    Long(VolumeTable),
}

/// A volume as a table.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VolumeTable {
    /// Its name. One of `name` and `source` is said.
    #[schemars(regex(pattern = "^[A-Za-z0-9][A-Za-z0-9_.-]*$"), extend("x-form" = "a name of letters, digits, `.`, `_` and `-`"))]
    pub name: Option<String>,
    /// A path of the machine that others may use as well.
    #[schemars(regex(pattern = "^/[^:]*$"), extend("x-form" = "an absolute path without a colon"))]
    pub source: Option<String>,
    /// The path inside.
    #[schemars(regex(pattern = "^/[^:]*$"), extend("x-form" = "an absolute path without a colon"))]
    pub path: String,
    /// Where it is kept. Without it: "directory" with `name`, "machine" with `source`.
    pub kind: Option<VolumeKind>,
    /// The part cannot write there.
    #[serde(default)]
    pub read_only: bool,
    /// The permission bits of the folder, four octal digits. Without it: 0700.
    #[schemars(regex(pattern = "^[0-7]{4}$"), extend("x-form" = "four octal digits, such as 0750"))]
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
    #[schemars(regex(pattern = "^(([0-9]+(ms|s|m|h))+|disable)$"), extend("x-form" = "a time such as 30s or 1m30s, or `disable`"))]
    pub interval: Option<String>,
    /// How long an answer may take.
    #[schemars(regex(pattern = "^([0-9]+(ms|s|m|h))+$"), extend("x-form" = "a time such as 30s or 1m30s"))]
    pub timeout: Option<String>,
    /// How many bad answers in a row make it unwell.
    #[schemars(range(min = 1))]
    pub retries: Option<u32>,
    /// How long bad answers do not count after the start.
    #[schemars(regex(pattern = "^([0-9]+(ms|s|m|h))+$"), extend("x-form" = "a time such as 30s or 1m30s"))]
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
    #[schemars(regex(pattern = "^[0-9a-fA-F.:]+$"), extend("x-form" = "an IP address"))]
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

/// Something to run inside a part once it is up.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// Its name, unique in the service.
    #[schemars(regex(pattern = "^[a-z0-9][a-z0-9-]{0,60}$"), extend("x-form" = "a name of lower case letters, digits and hyphens"))]
    pub name: String,
    /// The part that it is run in. Without it: the main one.
    pub part: Option<String>,
    /// What is run: a string is the shell's, a list runs without one. It must do no harm when it is run again.
    pub command: Command,
    /// Run first: where it ends with 0, the command is not needed.
    pub unless: Option<Command>,
}

/// Something to run inside a part again and again, by a timer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Its name, unique in the service.
    #[schemars(regex(pattern = "^[a-z0-9][a-z0-9-]{0,60}$"), extend("x-form" = "a name of lower case letters, digits and hyphens"))]
    pub name: String,
    /// The part that it is run in. Without it: the main one.
    pub part: Option<String>,
    /// What is run: a string is the shell's, a list runs without one.
    pub command: Command,
    /// How long from one run to the next: "5m". One of `every` and `calendar` is said.
    #[schemars(regex(pattern = "^([0-9]+(s|m|h|d))+$"), extend("x-form" = "a time such as 5m or 1h30m"))]
    pub every: Option<String>,
    /// When, as systemd.time(7) has it: "daily", "Mon 03:30". A run that was missed is made up for.
    #[schemars(regex(pattern = "^[ -~]+$"), extend("x-form" = "a calendar event such as daily or Mon 03:30"))]
    pub calendar: Option<String>,
}

/// A secret that may be random.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Random {
    /// How much randomness is in it.
    #[serde(default = "bytes")]
    #[schemars(range(min = 16, max = 1024))]
    pub bytes: u32,
    /// What it is written in.
    #[serde(default)]
    pub alphabet: Alphabet,
}

fn bytes() -> u32 {
    32
}

/// What a random secret is written in.
// Without a comment for each, the variants are one `enum` in the schema, which a message can list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Alphabet {
    #[default]
    Url,
    Hex,
    Base64,
}

impl Alphabet {
    /// As `rick:secret@1` has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Url => "url",
            Self::Hex => "hex",
            Self::Base64 => "base64",
        }
    }
}
