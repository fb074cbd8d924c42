//! The neutral slots, which rick owns, as Rust types. Their schemas are `wit/slots/*.schema.json`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A slot: its name with its version, and what a value of it is.
pub trait Slot {
    /// "<owner>:<word>@<version>"
    const NAME: &'static str;
    /// A value.
    type Value: Serialize + DeserializeOwned;
}

macro_rules! slots {
    ($($(#[$doc:meta])* $slot:ident = $name:literal: $value:ty;)*) => {
        $($(#[$doc])* #[derive(Debug)] pub enum $slot {}
        impl Slot for $slot {
            const NAME: &'static str = $name;
            type Value = $value;
        })*
    };
}

slots! {
    /// Environment variables; key: the name.
    Env = "rick:env@1": Vec<Piece>;
    /// What parts see of the machine; key: the path inside.
    Mount = "rick:mount@1": MountValue;
    /// Supplementary groups of the service's user; key: the group.
    Group = "rick:group@1": Nothing;
    /// Directories that must be there; key: the path.
    Directory = "rick:directory@1": DirectoryValue;
    /// Whom the service runs as on its machine; key: empty.
    Identity = "rick:identity@1": IdentityValue;
    /// Units of the system's manager that must be up; key: the unit.
    SystemUnit = "rick:system-unit@1": Nothing;
    /// Databases; key: "<engine>/<database>".
    Database = "rick:database@1": DatabaseValue;
    /// What the service keeps; key: the volume's name.
    Volume = "rick:volume@1": VolumeValue;
    /// Where the service answers; key: the port inside.
    Endpoint = "rick:endpoint@1": EndpointValue;
    /// Names that parts find at the machine itself; key: the name.
    Host = "rick:host@1": Nothing;
    /// Where browsers reach the service; key: the domain.
    Site = "rick:site@1": SiteValue;
    /// Whom a proxy asks before it lets a request through; key: empty.
    Gate = "rick:gate@1": GateValue;
    /// What is backed up; key: "database/" or "volume/", and the key in that slot.
    Backup = "rick:backup@1": BackupValue;
    /// Commands that are run inside a part once it is up; key: a name.
    Command = "rick:command@1": CommandValue;
    /// Secrets that the service needs; key: the name.
    Secret = "rick:secret@1": SecretValue;
    /// Something to do on the machine; key: unique for the plugin and the service.
    Step = "rick:step@1": StepValue;
    /// A question to the running deployment.
    Check = "rick:check@1": serde_json::Value;
    /// The typed value behind an artifact; key: its path.
    Model = "rick:model@1": serde_json::Value;
}

/// A value that says nothing but that the key is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// A secret, by name: `{ secret = "name" }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretRef {
    /// The secret's name in the project.
    #[schemars(regex(pattern = "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}$"), extend("x-form" = "a secret's name: letters, digits, `_`, `.` and `-`"))]
    pub secret: String,
    /// Encodings of the value, applied left to right.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub encode: Vec<String>,
}

/// A piece of a value: text, or a secret by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Piece {
    /// Text as it is.
    Text(String),
    /// A secret.
    Secret(SecretRef),
}

impl Piece {
    /// A secret with encodings, the innermost first.
    pub fn secret(name: &str, encode: &[&str]) -> Self {
        Self::Secret(SecretRef { secret: name.to_owned(), encode: encode.iter().map(|&name| name.to_owned()).collect() })
    }
}

/// A value of one piece of text.
pub fn text(value: &str) -> Vec<Piece> {
    vec![Piece::Text(value.to_owned())]
}

/// A value of [`Mount`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MountValue {
    /// The path on the machine.
    pub source: String,
    /// The part cannot write there.
    #[serde(default = "yes")]
    pub read_only: bool,
    /// What is at the source.
    #[serde(default)]
    pub kind: MountKind,
}

fn yes() -> bool {
    true
}

/// What is mounted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MountKind {
    /// A directory.
    #[default]
    Directory,
    /// One file.
    File,
    /// A directory of sockets to connect to.
    SocketDirectory,
}

/// A value of [`Directory`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryValue {
    /// Four octal digits.
    pub mode: String,
    /// A user; absent: the service's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// A group; absent: the service's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// A value of [`Identity`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityValue {
    /// The user's name on the machine.
    pub user: String,
    /// Its uid.
    pub uid: u32,
    /// Its primary group.
    pub group: String,
    /// The group's gid.
    pub gid: u32,
    /// Its home directory.
    pub home: String,
    /// The first of its subordinate uids and gids.
    pub subordinate_first: u32,
    /// How many of them it has.
    pub subordinate_count: u32,
}

/// A value of [`Database`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseValue {
    /// "postgresql"
    pub engine: String,
    /// Its name.
    pub database: String,
    /// Its owner.
    pub role: String,
    /// How the role is authenticated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authentication: Option<String>,
    /// Where the server's socket is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub socket_directory: Option<String>,
}

/// A value of [`Volume`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeValue {
    /// What kind of place it is.
    pub kind: VolumeKind,
    /// A path of the machine, or the name of a volume of podman.
    pub source: String,
    /// The path inside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The part cannot write there.
    #[serde(default)]
    pub read_only: bool,
}

/// Where a volume is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VolumeKind {
    /// A folder in the service's home.
    Directory,
    /// A named volume of the service's user.
    Podman,
    /// A path of the machine that others may use as well.
    Machine,
}

/// A value of [`Endpoint`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointValue {
    /// An address of the machine.
    pub address: String,
    /// A port of the machine.
    pub port: u16,
    /// "http", "tcp" or "udp"
    pub protocol: String,
}

impl EndpointValue {
    /// Address and port as a URL has them: an address of IPv6 stands in brackets.
    pub fn authority(&self) -> String {
        let Self { address, port, .. } = self;
        if address.contains(':') { format!("[{address}]:{port}") } else { format!("{address}:{port}") }
    }
}

/// A value of [`Site`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteValue {
    /// Scheme and domain: "https://myservice.example.org"
    pub url: String,
}

/// A value of [`Gate`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateValue {
    /// "forward-auth": each request is shown to `upstream` first; 2xx lets it through, any other answer is the client's.
    pub kind: String,
    /// Who is asked, by HTTP: an address and a port.
    pub upstream: String,
    /// Paths below it belong to `upstream`.
    pub callback: String,
    /// The path to ask, by the kind of proxy: "caddy", "traefik", "nginx".
    pub verify: BTreeMap<String, String>,
    /// The header of the answer that carries what is known of the user: "user", "groups", "email", "name", "uid".
    pub headers: BTreeMap<String, String>,
    /// What stands between two groups in their header: one character.
    pub separator: String,
    /// The user must be in one of these groups; empty: every user may enter.
    pub require: Vec<String>,
}

/// A value of [`Command`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandValue {
    /// The command, word by word.
    pub command: Vec<String>,
    /// Run first: where it ends with 0, the command is not needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unless: Option<Vec<String>>,
    /// Run where the command is no longer built: takes back what it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<Vec<String>>,
    /// The artifacts whose change calls for it; empty: it is run in every apply.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
    /// When: [`Phase::SignOn`] or [`Phase::Commands`].
    pub phase: Phase,
}

/// A value of [`Backup`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupValue {
    /// What it is of.
    pub of: BackupOf,
    /// What makes it: "restic".
    pub by: String,
    /// Where it goes, without any secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// When, as systemd.time(7) writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
}

/// What a backup is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BackupOf {
    /// A database.
    Database,
    /// A volume.
    Volume,
}

/// A value of [`Secret`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretValue {
    /// How it may be made; absent: only the user can give it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generate: Option<Generate>,
}

/// A random secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generate {
    /// How much randomness is in it.
    pub bytes: u32,
    /// "url", "hex" or "base64"
    pub alphabet: String,
}

/// A value of [`Step`]: what to do, when, and what calls for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepValue {
    /// Its place in the order of an apply.
    pub phase: Phase,
    /// The artifacts whose change calls for it; empty: it is done every time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
    /// What to do.
    #[serde(flatten)]
    pub action: Action,
}

/// The phases of an apply, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Before anything is written.
    Ask,
    /// Users and groups.
    Accounts,
    /// Subordinate uids and gids.
    SubordinateIds,
    /// Directories, and lingering.
    Directories,
    /// Databases and caches.
    Data,
    /// Units of the system's manager.
    SystemUnits,
    /// Managers of users.
    UserManagers,
    /// Secrets in podman's stores.
    Secrets,
    /// Units of users' managers.
    Units,
    /// Images are there before anything is stopped.
    Images,
    /// What changed is restarted.
    Restarts,
    /// The proxy comes after what it points to.
    Proxy,
    /// The identity provider learns of it.
    SignOn,
    /// What services want run inside themselves, when all else is there.
    Commands,
}

/// The closed vocabulary of what can be done on a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Action {
    /// The uid and gid are free, or this user's already.
    Identity { user: String, uid: u32, group: String, gid: u32 },
    /// Asks before anything is written: the software on the machine, by its key in `versions`, is of the stated version.
    Version { of: String, stated: String },
    /// Asks before anything is written: nobody but this user listens on the port. `protocol`: "tcp" or "udp".
    Port { protocol: String, address: String, port: u16, uid: u32 },
    /// systemd-sysusers on one file.
    Sysusers { file: String },
    /// The user's lines in /etc/subuid and /etc/subgid.
    SubordinateIds { user: String, first: u32, count: u32 },
    /// systemd-tmpfiles --create on one file.
    Tmpfiles { file: String },
    /// psql on one file that can be run twice. `undo` is run where it is no longer built, `purge` where the data is to go.
    Sql {
        file: String,
        database: String,
        r#as: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        undo: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        purge: Option<String>,
    },
    /// One marked block in a file that is not rick's.
    Block { file: String, source: String, marker: String, position: Position },
    /// The system's manager reads its units anew.
    SystemUnitsReload {},
    /// Acts on a unit of the system's manager; `undo` is what to do where it is no longer built.
    SystemUnit {
        unit: String,
        action: UnitAction,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        undo: Option<UnitAction>,
    },
    /// A user's manager is started, or restarted where it runs without one of the supplementary groups.
    UserManager { user: String, uid: u32, groups: Vec<String> },
    /// A secret in the store of a user's podman.
    PodmanSecret { user: String, uid: u32, name: String, secret: String },
    /// A user's manager reads its units anew; each named must be loaded afterwards.
    UserUnits { user: String, uid: u32, units: Vec<String> },
    /// Pulls an image into a user's store.
    Pull { user: String, uid: u32, image: String },
    /// Restarts a unit of a user's manager and waits until others are active. A change of one of `secrets` calls for it, too.
    UserUnitRestart {
        user: String,
        uid: u32,
        unit: String,
        wait_for: Vec<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        secrets: Vec<String>,
    },
    /// A Valkey server reads its ACL file anew; `unit` is restarted where it knows another password for the user.
    ValkeyAclLoad {
        socket: String,
        user: String,
        secret: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unit: Option<String>,
    },
    /// Caddy finds no mistake in its configuration.
    CaddyValidate { file: String },
    /// Runs a command on the machine as a user, unless another ends with 0. Any command: the user of rick must grant it to the plugin
    /// by name, so use another kind where one fits.
    Command {
        r#as: String,
        command: Vec<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unless: Option<Vec<String>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        undo: Option<Vec<String>>,
    },
    /// Runs a command inside a running container, unless another ends with 0.
    ContainerCommand {
        user: String,
        uid: u32,
        container: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        r#as: Option<String>,
        command: Vec<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unless: Option<Vec<String>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        undo: Option<Vec<String>>,
    },
}

/// Where a block stands in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Position {
    /// Before everything else.
    Top,
    /// After everything else.
    Bottom,
}

/// What to do with a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnitAction {
    /// Starts it if it is not active.
    Start,
    /// Reloads its configuration.
    Reload,
    /// Restarts it.
    Restart,
    /// Stops it.
    Stop,
}

/// Slots of the plugin `quadlet`.
pub mod quadlet {
    use super::{Deserialize, JsonSchema, Serialize, Slot};

    /// A wish about whom a part's process is, seen from the machine. Key: empty.
    #[derive(Debug)]
    pub enum Identity {}

    impl Slot for Identity {
        const NAME: &'static str = "quadlet:identity@1";
        type Value = IdentityValue;
    }

    /// A value of [`Identity`].
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    pub struct IdentityValue {
        /// Who it must be.
        pub r#as: As,
    }

    /// Who a process must be.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "kebab-case")]
    pub enum As {
        /// The service's own user, as a server sees it that asks the kernel who connects.
        ServiceUser,
    }
}
