//! What stands in the fields of `[quadlet]`: commands, variables, volumes, users and ports.

use rick_plugin_sdk::slots::VolumeKind;
use rick_plugin_sdk::{Identity, Piece};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A command, which is never nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Command {
    /// A command as one would type it.
    Text(#[schemars(regex(pattern = r"\S"), extend("x-form" = "a command"))] String),
    /// A program and its arguments, word by word: at least one.
    List(#[schemars(length(min = 1))] Vec<String>),
}

/// An entrypoint may be none at all, `[]`: then the command is all that is run.
pub fn entrypoint(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "anyOf": [
        { "type": "string", "pattern": r"\S", "x-form": "a command" },
        { "type": "array", "items": { "type": "string" } },
        { "type": "null" },
    ] })
}

/// The value of a variable.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum EnvValue {
    /// Text, a number or a boolean.
    Scalar(Scalar),
    /// A secret.
    Secret(Secret),
    /// Texts and secrets, joined.
    Pieces(Vec<TextOrSecret>),
}

impl EnvValue {
    /// As `rick:env@1` has it.
    pub fn pieces(&self) -> Vec<Piece> {
        match self {
            Self::Scalar(scalar) => vec![Piece::Text(scalar.text())],
            Self::Secret(secret) => vec![secret.piece()],
            Self::Pieces(pieces) => pieces.iter().map(TextOrSecret::piece).collect(),
        }
    }
}

/// A piece of a value: text, or a secret by name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum TextOrSecret {
    /// Text.
    Text(String),
    /// A secret.
    Secret(Secret),
}

impl TextOrSecret {
    fn piece(&self) -> Piece {
        match self {
            Self::Text(text) => Piece::Text(text.clone()),
            Self::Secret(secret) => secret.piece(),
        }
    }
}

/// A secret, by name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// The secret's name in the project.
    #[schemars(regex(pattern = SECRET), extend("x-form" = SECRET_FORM))]
    pub secret: String,
    /// Encodings of the value, applied left to right.
    #[serde(default)]
    pub encode: Vec<Encoding>,
}

impl Secret {
    fn piece(&self) -> Piece {
        let encode: Vec<&str> = self.encode.iter().map(|encoding| encoding.name()).collect();
        Piece::secret(&self.secret, &encode)
    }
}

/// What rick takes for a secret's name.
pub const SECRET: &str = "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}$";
/// The same in words.
pub const SECRET_FORM: &str = "a secret's name: letters, digits, `_`, `.` and `-`";

/// An encoding that rick knows.
// Without a comment for each, the variants are one `enum` in the schema, which a message can list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Encoding {
    #[serde(rename = "percent")]
    Percent,
    #[serde(rename = "env-line")]
    EnvLine,
    #[serde(rename = "sql-literal")]
    SqlLiteral,
    #[serde(rename = "scram-sha-256")]
    ScramSha256,
    #[serde(rename = "libpq-keyword")]
    LibpqKeyword,
    #[serde(rename = "sha256")]
    Sha256,
    #[serde(rename = "base64")]
    Base64,
    #[serde(rename = "json-string")]
    JsonString,
}

impl Encoding {
    /// As the contract has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Percent => "percent",
            Self::EnvLine => "env-line",
            Self::SqlLiteral => "sql-literal",
            Self::ScramSha256 => "scram-sha-256",
            Self::LibpqKeyword => "libpq-keyword",
            Self::Sha256 => "sha256",
            Self::Base64 => "base64",
            Self::JsonString => "json-string",
        }
    }
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
        #[schemars(regex(pattern = "^([A-Za-z0-9][A-Za-z0-9_.-]{0,62}|/[^:]*):/[^:]*(:ro|:rw)?$"), extend("x-form" = "a volume: `name:/path`, or `/path/of/the/machine:/path`, with `:ro` where it is only read"))]
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
    #[schemars(regex(pattern = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"), extend("x-form" = "a name of letters, digits, `.`, `_` and `-`, at most 63"))]
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
    #[schemars(regex(pattern = "^[A-Za-z_][A-Za-z0-9_.-]{0,30}$"), extend("x-form" = "a user's name"))]
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
    #[schemars(range(min = 1, max = u32::MAX))]
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

/// The last number that is somebody's: the one after it means nobody at all.
const LAST_ID: u32 = u32::MAX - 1;

/// Whom an image runs as.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum User {
    /// A uid, which is the gid as well.
    Uid(#[schemars(range(max = LAST_ID))] u32),
    /// All of it.
    Full(UserTable),
}

/// Whom an image runs as, in numbers inside the container.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserTable {
    /// The uid that the part's own process ends up as.
    #[schemars(range(max = LAST_ID))]
    pub uid: u32,
    /// Its gid. Without it: the same number.
    #[schemars(range(max = LAST_ID))]
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
    #[schemars(regex(pattern = r"^([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9a-fA-F]*:[0-9a-fA-F:.]+)$"), extend("x-form" = "an IP address"))]
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
