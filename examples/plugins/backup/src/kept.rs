//! What of a service is backed up.

use std::collections::BTreeSet;

use rick_plugin_sdk::slots::{self, DatabaseValue, VolumeKind, VolumeValue};
use rick_plugin_sdk::{Place, Read, ServiceCall, table};

use crate::Backup;

/// Paths of the machine below which nothing is anybody's data.
const NO_DATA: [&str; 4] = ["/dev", "/proc", "/run", "/sys"];

/// What is backed up.
#[derive(Debug, Default)]
pub struct Kept {
    /// Dumped.
    pub databases: Vec<Database>,
    /// Copied.
    pub volumes: Vec<Volume>,
    /// Databases that nobody here knows how to dump, by their keys.
    pub unknown: Vec<(String, Place)>,
    /// Entries of `exclude` or `include` that fit nothing.
    pub unused: Vec<(String, Place)>,
}

/// A database of PostgreSQL.
#[derive(Debug)]
pub struct Database {
    /// Its key in `rick:database@1`.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Whom to be there.
    pub role: String,
    /// The user of the machine who is that role by peer.
    pub user: String,
    /// Where the server's socket is.
    pub socket_directory: String,
    /// Because of what.
    pub because: Place,
}

/// A volume.
#[derive(Debug)]
pub struct Volume {
    /// Its key in `rick:volume@1`.
    pub name: String,
    /// Where it is on the machine.
    pub path: String,
    /// Patterns of what in it is left out, each with where it is said.
    pub exclude: Vec<(String, Place)>,
    /// Because of what.
    pub because: Place,
}

impl Kept {
    /// What the table says of what others contributed.
    pub fn of(call: &ServiceCall<Backup>) -> Self {
        let databases = call.reads.of::<slots::Database>();
        let volumes = unique(call.reads.of::<slots::Volume>());
        let mut kept = Self::default();
        let mut left_out: BTreeSet<String> = BTreeSet::new();
        let mut within: Vec<(String, String, Place)> = Vec::new();
        for (index, entry) in call.table.exclude.iter().enumerate() {
            let place = table(&["exclude", &index.to_string()]);
            let is_whole = databases.iter().any(|one| one.key == *entry) || volumes.iter().any(|one| one.key == *entry);
            // Names of volumes may be paths, of which one may be below another.
            let inside = volumes
                .iter()
                .filter_map(|one| Some((&one.key, entry.strip_prefix(one.key.as_str())?.strip_prefix('/')?)))
                .max_by_key(|(key, _)| key.len());
            match inside {
                _ if is_whole => drop(left_out.insert(entry.clone())),
                Some((key, rest)) if !rest.is_empty() => within.push((key.clone(), rest.to_owned(), place)),
                _ => kept.unused.push((entry.clone(), place)),
            }
        }
        for (index, entry) in call.table.include.iter().enumerate() {
            if volumes.iter().all(|one| one.key != *entry) {
                kept.unused.push((entry.clone(), table(&["include", &index.to_string()])));
            }
        }
        for one in databases.iter().filter(|one| !left_out.contains(&one.key)) {
            match database(call, one) {
                Some(database) => kept.databases.push(database),
                None => kept.unknown.push((one.key.clone(), one.place.clone())),
            }
        }
        for one in volumes.iter().filter(|one| !left_out.contains(&one.key)) {
            if let Some(path) = path_of(call, one).filter(|_| is_data(call, one)) {
                let inside = within.iter().filter(|(key, _, _)| *key == one.key);
                let exclude = inside.map(|(_, rest, place)| (format!("{}/{rest}", literal(&path)), place.clone())).collect();
                kept.volumes.push(Volume { name: one.key.clone(), path, exclude, because: one.place.clone() });
            }
        }
        kept
    }

    /// Whether there is nothing at all.
    pub fn is_empty(&self) -> bool {
        self.databases.is_empty() && self.volumes.is_empty()
    }
}

/// A volume that several parts have is one.
fn unique(volumes: Vec<Read<VolumeValue>>) -> Vec<Read<VolumeValue>> {
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    volumes.into_iter().filter(|one| seen.insert((one.key.clone(), one.value.source.clone()))).collect()
}

fn database(call: &ServiceCall<Backup>, one: &Read<DatabaseValue>) -> Option<Database> {
    let DatabaseValue { engine, database, role, authentication, socket_directory } = &one.value;
    if engine != "postgresql" {
        return None;
    }
    let identity = call.reads.of::<slots::Identity>().into_iter().next();
    // Its owner where the kernel tells the server who connects, since that is all that it takes. A password would be one more secret
    // in one more file, so that there it is the superuser.
    let (role, user) = match (authentication.as_deref(), identity) {
        (None | Some("peer"), Some(identity)) => (role.clone(), identity.value.user),
        _ => (call.facts.postgresql_superuser.clone(), call.facts.postgresql_superuser.clone()),
    };
    let socket_directory = socket_directory.clone().unwrap_or_else(|| "/run/postgresql".to_owned());
    Some(Database { key: one.key.clone(), name: database.clone(), role, user, socket_directory, because: one.place.clone() })
}

fn path_of(call: &ServiceCall<Backup>, one: &Read<VolumeValue>) -> Option<String> {
    match one.value.kind {
        VolumeKind::Directory | VolumeKind::Machine => Some(one.value.source.clone()),
        // Where rootless podman keeps named volumes: `volume_path` of containers.conf.
        VolumeKind::Podman => {
            let home = call.reads.of::<slots::Identity>().into_iter().next()?.value.home;
            Some(format!("{home}/.local/share/containers/storage/volumes/{}/_data", one.value.source))
        }
    }
}

/// Whether a volume is the service's own data. What it only reads of the machine is somebody else's.
fn is_data(call: &ServiceCall<Backup>, one: &Read<VolumeValue>) -> bool {
    let below = |folder: &str| one.value.source.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    match one.value.kind {
        VolumeKind::Directory | VolumeKind::Podman => true,
        VolumeKind::Machine if call.table.include.contains(&one.key) => true,
        VolumeKind::Machine => !one.value.read_only && !NO_DATA.iter().any(|folder| below(folder)),
    }
}

/// A path as a pattern of restic's for just this path: <https://pkg.go.dev/path/filepath#Match>.
fn literal(path: &str) -> String {
    let mut pattern = String::new();
    for character in path.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}
