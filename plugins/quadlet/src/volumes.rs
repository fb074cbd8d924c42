//! What a part keeps, and what it sees of the machine.

use rick_plugin_sdk::slots::{MountKind, MountValue, VolumeKind, VolumeValue};
use rick_plugin_sdk::{Place, Read, Version, table};

use crate::parts::{MAIN, Part};
use crate::values::{Volume, VolumeTable};

/// A volume that a manifest states, in full.
#[derive(Debug, Clone)]
pub struct Stated {
    /// What was said, whichever way.
    pub table: VolumeTable,
    /// Where it is kept.
    pub kind: VolumeKind,
    /// Its name, or its path on the machine.
    pub name: String,
    /// Where it is said.
    pub place: Place,
}

/// The volumes in a list, which is at `at` in the table.
pub fn stated<'a>(volumes: &'a [Volume], at: impl Fn(&str) -> Place + 'a) -> impl Iterator<Item = Stated> + 'a {
    volumes.iter().enumerate().map(move |(index, volume)| {
        let table = match volume {
            Volume::Short(text) => parse(text),
            Volume::Long(table) => table.clone(),
        };
        let (name, derived) = match (&table.name, &table.source) {
            (Some(name), _) => (name.clone(), VolumeKind::Directory),
            (None, source) => (source.clone().unwrap_or_default(), VolumeKind::Machine),
        };
        Stated { kind: table.kind.unwrap_or(derived), name, place: at(&index.to_string()), table }
    })
}

/// `name:/path[:ro]` and `/source:/path[:ro]`.
fn parse(text: &str) -> VolumeTable {
    let mut fields = text.splitn(3, ':');
    let from = fields.next().unwrap_or_default().to_owned();
    let path = fields.next().unwrap_or_default().to_owned();
    let read_only = fields.next() == Some("ro");
    let (name, source) = if from.starts_with('/') { (None, Some(from)) } else { (Some(from), None) };
    VolumeTable { name, source, path, read_only, ..VolumeTable::default() }
}

impl Stated {
    /// What others are told of it.
    pub fn value(&self, service: &str, home: &str, podman: Version) -> VolumeValue {
        let source = match self.kind {
            VolumeKind::Directory => format!("{home}/{}", self.name),
            VolumeKind::Podman => store_name(service, &self.name, podman),
            VolumeKind::Machine => self.name.clone(),
        };
        VolumeValue { kind: self.kind, source, path: Some(self.table.path.clone()), read_only: self.table.read_only }
    }
}

/// What podman calls a volume. Before 4.7 it cannot be told another name than the one that it makes of the unit's.
pub fn store_name(service: &str, volume: &str, podman: Version) -> String {
    if podman < Version(4, 7, 0) { format!("systemd-{service}-{volume}") } else { format!("{service}-{volume}") }
}

/// Something that a part sees at a path.
#[derive(Debug, Clone)]
pub struct Bind {
    /// What `Volume=` begins with: a path of the machine, or a `.volume` file.
    pub source: String,
    /// The path inside.
    pub path: String,
    /// The part cannot write there.
    pub read_only: bool,
    /// A directory of sockets to connect to.
    pub sockets: bool,
    /// One file, rather than a directory.
    pub file: bool,
    /// Because of what.
    pub because: Place,
}

impl Bind {
    /// `Volume=`
    pub fn line(&self) -> String {
        format!("{}:{}{}", self.source, self.path, if self.read_only { ":ro" } else { "" })
    }

    /// A file that rick writes: a change of it is one of the part. What is in a directory, a part finds by itself.
    pub fn is_ricks(&self) -> bool {
        self.file && self.source.starts_with("/etc/rick/")
    }
}

/// A named volume of the service's user, with a `.volume` file.
#[derive(Debug, Clone)]
pub struct Named {
    /// The file's name, without its extension.
    pub unit: String,
    /// What podman calls it.
    pub store_name: String,
    /// Because of what.
    pub because: Place,
}

/// What the manifest states for a part: in general first, where it runs the service's own image, then for it alone.
pub fn stated_for(part: &Part<'_>, general: &[Volume]) -> Vec<Stated> {
    let mut volumes: Vec<Stated> = Vec::new();
    if part.own {
        volumes.extend(stated(general, |index| table(&["volumes", index])));
    }
    if part.name != MAIN {
        volumes.extend(stated(&part.fields.volumes, |index| part.at(&["volumes", index])));
    }
    volumes
}

/// What a part sees, one thing at a path: what others mount for it, what others keep for it, and what the manifest states, which
/// beats them.
pub fn binds(service: &str, home: &str, part: &Part<'_>, general: &[Volume], slots: &Slots) -> Vec<Bind> {
    let mut binds: Vec<Bind> = Vec::new();
    let mut put = |bind: Bind| match binds.iter_mut().find(|other| other.path == bind.path) {
        Some(other) => *other = bind,
        None => binds.push(bind),
    };
    let source_of = |kind: VolumeKind, name: &str, path: String| match kind {
        VolumeKind::Podman => format!("{service}-{name}.volume"),
        VolumeKind::Directory | VolumeKind::Machine => path,
    };
    for Read { key, value, place, .. } in part.of(&slots.mounts) {
        let (sockets, file) = (value.kind == MountKind::SocketDirectory, value.kind == MountKind::File);
        put(Bind { source: value.source, path: key, read_only: value.read_only, sockets, file, because: place });
    }
    let stated = stated_for(part, general);
    for Read { key, value, place, .. } in part.of(&slots.volumes) {
        let Some(path) = value.path.filter(|_| stated.iter().all(|volume| volume.name != key)) else { continue };
        let source = source_of(value.kind, &key, value.source);
        put(Bind { source, path, read_only: value.read_only, sockets: false, file: false, because: place });
    }
    for volume in stated {
        let folder = if volume.kind == VolumeKind::Directory { format!("{home}/{}", volume.name) } else { volume.name.clone() };
        let source = source_of(volume.kind, &volume.name, folder);
        let VolumeTable { path, read_only, .. } = volume.table;
        put(Bind { source, path, read_only, sockets: false, file: false, because: volume.place });
    }
    binds
}

/// What others say that parts see and keep.
#[derive(Debug)]
pub struct Slots {
    /// `rick:mount@1`
    pub mounts: Vec<Read<MountValue>>,
    /// `rick:volume@1`
    pub volumes: Vec<Read<VolumeValue>>,
}

/// The named volumes of a service. Every one that the manifest states is in the slot as well.
pub fn named(service: &str, volumes: &[Read<VolumeValue>]) -> Vec<Named> {
    let mut named: Vec<Named> = Vec::new();
    for volume in volumes.iter().filter(|volume| volume.value.kind == VolumeKind::Podman) {
        let unit = format!("{service}-{}", volume.key);
        if named.iter().all(|other| other.unit != unit) {
            named.push(Named { unit, store_name: volume.value.source.clone(), because: volume.place.clone() });
        }
    }
    named
}
