//! What a manifest says in `[backup]`, and rick.toml in `[plugins.backup]` and `[machines.<machine>.backup]`.

use std::collections::BTreeMap;

use rick_plugin_sdk::{Piece, SecretRef};
use schemars::JsonSchema;
use serde::Deserialize;

/// `[backup]`: the service's databases and volumes are backed up, all of them where nothing else is said.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// What is left out: `cache` is a volume, `data/thumbnails` a path in the volume `data`, in which `*` stands for anything,
    /// `postgresql/wiki` a database.
    #[serde(default)]
    #[schemars(inner(regex(pattern = r"^[^\x00-\x1f\x7f]+$")))]
    pub exclude: Vec<String>,
    /// Volumes that are kept although they are paths of the machine that the service only reads.
    #[serde(default)]
    #[schemars(inner(regex(pattern = r"^[^\x00-\x1f\x7f]+$")))]
    pub include: Vec<String>,
    /// When, as systemd.time(7) writes it: `daily`, `Sun 03:00`. Without it: that of `[plugins.backup]`.
    #[schemars(regex(pattern = r"^[^\x00-\x1f\x7f]{1,200}$"), extend("x-form" = "a calendar event of systemd, such as `daily`"))]
    pub schedule: Option<String>,
    /// How many old snapshots stay. Without it: those of `[plugins.backup]`.
    pub keep: Option<Keep>,
}

/// How many old snapshots of each thing stay: of each kind of period the newest one in each of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Keep {
    /// The newest, whenever they were made.
    #[serde(default)]
    pub last: u32,
    /// Hours.
    #[serde(default)]
    pub hourly: u32,
    /// Days.
    #[serde(default)]
    pub daily: u32,
    /// Weeks.
    #[serde(default)]
    pub weekly: u32,
    /// Months.
    #[serde(default)]
    pub monthly: u32,
    /// Years.
    #[serde(default)]
    pub yearly: u32,
}

impl Default for Keep {
    fn default() -> Self {
        Self { last: 0, hourly: 0, daily: 7, weekly: 4, monthly: 6, yearly: 0 }
    }
}

impl Keep {
    /// The policy as options of `restic forget`.
    pub fn options(&self) -> Vec<[String; 2]> {
        let all = [
            ("--keep-last", self.last),
            ("--keep-hourly", self.hourly),
            ("--keep-daily", self.daily),
            ("--keep-weekly", self.weekly),
            ("--keep-monthly", self.monthly),
            ("--keep-yearly", self.yearly),
        ];
        all.iter().filter(|(_, number)| *number > 0).map(|(option, number)| [(*option).to_owned(), number.to_string()]).collect()
    }
}

/// A text in which secrets may be.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Text {
    /// As it is.
    Plain(String),
    /// A secret and nothing else.
    Secret(SecretRef),
    /// Text and secrets, one after the other.
    Pieces(Vec<Piece>),
}

impl Text {
    /// The pieces.
    pub fn pieces(&self) -> Vec<Piece> {
        match self {
            Self::Plain(text) => vec![Piece::Text(text.clone())],
            Self::Secret(secret) => vec![Piece::Secret(secret.clone())],
            Self::Pieces(pieces) => pieces.clone(),
        }
    }
}

/// A secret's name. The names of the service and the machine may be in one that is this plugin's own: rick lets it name no other that is
/// not in so many words in rick.toml.
const PASSWORD: &str = r"^([A-Za-z0-9_][A-Za-z0-9_.-]{0,200}|(backup_|\{service\}_backup_|\{machine\}_backup_)([A-Za-z0-9_.-]|\{service\}|\{machine\}){1,100})$";
const PASSWORD_FORM: &str = "a secret's name, or one such as `{service}_backup_password`";
const VARIABLE: &str = "^[A-Za-z_][A-Za-z0-9_]*$";

/// `[plugins.backup]`: what holds for all services.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where backups go, as restic writes it: `/mnt/disk/backup`, `sftp:user@host:/backup/{service}`, `s3:https://host/bucket`. In it
    /// `{service}` and `{machine}` stand for their names, and `["rest:https://me:", { secret = "name" }, "@host/"]` has a secret in it.
    pub repository: Option<Text>,
    /// The name of the secret that is the repository's password. It must be known elsewhere, too, so that it is never made at random.
    #[serde(default = "password")]
    #[schemars(regex(pattern = PASSWORD), extend("x-form" = PASSWORD_FORM))]
    pub password: String,
    /// Variables for restic, such as `AWS_ACCESS_KEY_ID = { secret = "backup_key" }`.
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "pattern": VARIABLE }))]
    pub env: BTreeMap<String, Text>,
    /// A missing repository is made by the first backup. `false`: it is an error, as where a disk is not mounted.
    #[serde(default = "yes")]
    pub init: bool,
    /// When backups are made, where a manifest does not say it.
    #[serde(default = "schedule")]
    #[schemars(regex(pattern = r"^[^\x00-\x1f\x7f]{1,200}$"), extend("x-form" = "a calendar event of systemd, such as `daily`"))]
    pub schedule: String,
    /// How many old snapshots stay, where a manifest does not say it. Without it: 7 daily, 4 weekly and 6 monthly ones.
    pub keep: Option<Keep>,
    /// Backups begin up to so much later, each service at another moment.
    #[serde(default = "randomized_delay")]
    #[schemars(regex(pattern = "^[0-9]+(s|min|h|d)?$"), extend("x-form" = "a time such as 30min or 1h"))]
    pub randomized_delay: String,
    /// Units that are started where a backup failed, such as `alert@%n.service`, in which `%n` is the backup's unit.
    #[serde(default)]
    #[schemars(inner(regex(pattern = r"^[A-Za-z0-9:_.@%\\-]+\.(service|target)$")))]
    pub on_failure: Vec<String>,
}

fn password() -> String {
    "backup_password".to_owned()
}

fn yes() -> bool {
    true
}

fn schedule() -> String {
    "daily".to_owned()
}

fn randomized_delay() -> String {
    "1h".to_owned()
}

/// `[machines.<machine>.backup]`: what is otherwise on one machine.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// Where this machine's backups go.
    pub repository: Option<Text>,
    /// The name of the secret that is the password of its repository.
    #[schemars(regex(pattern = PASSWORD), extend("x-form" = PASSWORD_FORM))]
    pub password: Option<String>,
    /// Further variables for restic.
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "pattern": VARIABLE }))]
    pub env: BTreeMap<String, Text>,
    /// Where restic is.
    #[serde(default = "restic")]
    #[schemars(regex(pattern = "^(/[A-Za-z0-9._-]+)+$"), extend("x-form" = "an absolute path of letters, digits, `.`, `_` and `-`"))]
    pub restic: String,
    /// The port in the name of PostgreSQL's socket.
    #[serde(default = "postgresql_port")]
    #[schemars(range(min = 1))]
    pub postgresql_port: u16,
    /// Whom PostgreSQL takes for its superuser by peer: who dumps a database whose role has a password.
    #[serde(default = "superuser")]
    #[schemars(regex(pattern = "^[a-z_][a-z0-9_-]{0,30}$"), extend("x-form" = "a user's name: lower case letters, digits, `_` and `-`, at most 31"))]
    pub postgresql_superuser: String,
}

fn restic() -> String {
    "/usr/bin/restic".to_owned()
}

fn postgresql_port() -> u16 {
    5432
}

fn superuser() -> String {
    "postgres".to_owned()
}
