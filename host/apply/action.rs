//! The steps of a build, as `steps.json` has them: the closed vocabulary of `wit/slots/step.schema.json`.

use std::fmt;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

/// The phases of an apply, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
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
    /// Databases.
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
    /// What services want run inside themselves.
    Commands,
}

impl Phase {
    /// All of them, in their order.
    pub const ALL: [Phase; 14] = [
        Phase::Ask,
        Phase::Accounts,
        Phase::SubordinateIds,
        Phase::Directories,
        Phase::Data,
        Phase::SystemUnits,
        Phase::UserManagers,
        Phase::Secrets,
        Phase::Units,
        Phase::Images,
        Phase::Restarts,
        Phase::Proxy,
        Phase::SignOn,
        Phase::Commands,
    ];
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = serde_json::to_value(self).unwrap_or_default();
        f.write_str(name.as_str().unwrap_or_default())
    }
}

/// Something to do on the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Service, plugin and key: "myservice/account/sysusers"; `*` for what is of the whole machine.
    pub id: String,
    /// The service that it is for.
    #[serde(default)]
    pub service: Option<String>,
    /// When.
    pub phase: Phase,
    /// The files whose change calls for it; empty: it looks itself whether it is needed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<Utf8PathBuf>,
    /// What to do.
    #[serde(flatten)]
    pub action: Action,
}

/// What to do. The schema says what each means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the schema of the slot describes each field, for plugins in any language")]
pub enum Action {
    Identity {
        user: String,
        uid: u32,
        group: String,
        gid: u32,
    },
    Version {
        of: Software,
        stated: String,
    },
    Port {
        protocol: Protocol,
        address: String,
        port: u16,
        uid: u32,
    },
    Sysusers {
        file: Utf8PathBuf,
    },
    SubordinateIds {
        user: String,
        first: u32,
        count: u32,
    },
    Tmpfiles {
        file: Utf8PathBuf,
    },
    Sql {
        file: Utf8PathBuf,
        database: String,
        r#as: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        undo: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        purge: Option<String>,
    },
    Block {
        file: Utf8PathBuf,
        source: Utf8PathBuf,
        marker: String,
        position: Position,
    },
    SystemUnitsReload {},
    SystemUnit {
        unit: String,
        action: UnitAction,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        undo: Option<UnitAction>,
    },
    UserManager {
        user: String,
        uid: u32,
        groups: Vec<String>,
    },
    PodmanSecret {
        user: String,
        uid: u32,
        name: String,
        secret: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        encode: Vec<String>,
    },
    UserUnits {
        user: String,
        uid: u32,
        units: Vec<String>,
    },
    Pull {
        user: String,
        uid: u32,
        image: String,
    },
    UserUnitRestart {
        user: String,
        uid: u32,
        unit: String,
        wait_for: Vec<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        secrets: Vec<String>,
    },
    ValkeyAclLoad {
        socket: Utf8PathBuf,
        user: String,
        secret: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unit: Option<String>,
    },
    CaddyValidate {
        file: Utf8PathBuf,
    },
    Command {
        r#as: String,
        command: Vec<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unless: Option<Vec<String>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        undo: Option<Vec<String>>,
    },
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

/// What has a version that a build depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "these are names")]
pub enum Software {
    Podman,
    Postgresql,
    Valkey,
    Caddy,
}

/// Of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "these are names")]
pub enum Protocol {
    Tcp,
    Udp,
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

impl UnitAction {
    /// As `systemctl` has it.
    pub fn verb(self) -> &'static str {
        match self {
            UnitAction::Start => "start",
            UnitAction::Reload => "reload",
            UnitAction::Restart => "restart",
            UnitAction::Stop => "stop",
        }
    }
}

impl Action {
    /// What it does, in one line for people.
    pub fn title(&self) -> String {
        match self {
            Action::Identity { user, uid, .. } => format!("uid {uid} for {user}"),
            Action::Version { of, stated } => format!("version {stated} of {}", of.name()),
            Action::Port { port, .. } => format!("port {port}"),
            Action::Sysusers { file } => format!("systemd-sysusers {file}"),
            Action::SubordinateIds { user, first, count } => {
                format!("subordinate ids {first} to {} for {user}", first.saturating_add(*count).saturating_sub(1))
            }
            Action::Tmpfiles { file } => format!("systemd-tmpfiles --create {file}"),
            Action::Sql { file, .. } => format!("psql, {file}"),
            Action::Block { file, .. } => format!("block in {file}"),
            Action::SystemUnitsReload {} => "systemctl daemon-reload".to_owned(),
            Action::SystemUnit { unit, action, .. } => format!("systemctl {} {unit}", action.verb()),
            Action::UserManager { user, .. } => format!("manager of {user}"),
            Action::PodmanSecret { user, name, .. } => format!("secret {name} for {user}'s podman"),
            Action::UserUnits { user, .. } => format!("units of {user} read anew"),
            Action::Pull { user, image, .. } => format!("image {image} for {user}"),
            Action::UserUnitRestart { user, unit, .. } => format!("restart {unit} of {user}"),
            Action::ValkeyAclLoad { socket, .. } => format!("ACL LOAD by {socket}"),
            Action::CaddyValidate { file } => format!("caddy validate {file}"),
            Action::Command { r#as, command, .. } => format!("as {}: {}", r#as, short(command)),
            Action::ContainerCommand { container, command, .. } => format!("in {container}: {}", short(command)),
        }
    }

    /// The user of the machine that it is about, with the uid.
    pub fn user(&self) -> Option<(&str, u32)> {
        match self {
            Action::Identity { user, uid, .. }
            | Action::UserManager { user, uid, .. }
            | Action::PodmanSecret { user, uid, .. }
            | Action::UserUnits { user, uid, .. }
            | Action::Pull { user, uid, .. }
            | Action::UserUnitRestart { user, uid, .. }
            | Action::ContainerCommand { user, uid, .. } => Some((user, *uid)),
            _ => None,
        }
    }

    /// Whether another is about the same thing on the machine, so that it is still built although its step has another id.
    pub fn is_about_the_same_as(&self, other: &Action) -> bool {
        match (self, other) {
            (Action::UserUnits { user, .. }, Action::UserUnits { user: that, .. })
            | (Action::UserManager { user, .. }, Action::UserManager { user: that, .. }) => user == that,
            (Action::PodmanSecret { user, name, .. }, Action::PodmanSecret { user: that, name: called, .. }) => {
                user == that && name == called
            }
            (Action::Block { file, marker, .. }, Action::Block { file: that, marker: called, .. }) => {
                file == that && marker == called
            }
            (Action::SystemUnit { unit, .. }, Action::SystemUnit { unit: that, .. }) => unit == that,
            (Action::Sql { undo, purge, .. }, Action::Sql { undo: that, purge: called, .. }) => undo == that && purge == called,
            (Action::ContainerCommand { user, undo, .. }, Action::ContainerCommand { user: that, undo: called, .. }) => {
                user == that && undo == called
            }
            (Action::Command { r#as, undo, .. }, Action::Command { r#as: that, undo: called, .. }) => {
                r#as == that && undo == called
            }
            _ => false,
        }
    }

    /// Whether it can be done where the system does not run: in a folder that will be a machine's root.
    pub fn works_below_a_root(&self) -> bool {
        matches!(
            self,
            Action::Identity { .. }
                | Action::Sysusers { .. }
                | Action::SubordinateIds { .. }
                | Action::Tmpfiles { .. }
                | Action::Block { .. }
        )
    }
}

/// A command for people, cut where it is long.
fn short(command: &[String]) -> String {
    let words = command.join(" ");
    let short: String = words.chars().take(60).collect();
    if short == words { words } else { format!("{short} …") }
}

impl Software {
    /// As its makers write it.
    pub fn name(self) -> &'static str {
        match self {
            Software::Podman => "podman",
            Software::Postgresql => "PostgreSQL",
            Software::Valkey => "Valkey",
            Software::Caddy => "Caddy",
        }
    }

    /// The key in `versions` of rick.toml.
    pub fn key(self) -> &'static str {
        match self {
            Software::Podman => "podman",
            Software::Postgresql => "postgresql",
            Software::Valkey => "valkey",
            Software::Caddy => "caddy",
        }
    }
}
