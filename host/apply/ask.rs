//! What is asked of a machine before anything is written: all that the build takes for granted.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;

use camino::{Utf8Path, Utf8PathBuf};

use super::action::{Action, Protocol, Software, Step};
use super::build::{Build, File};
use super::command::run;
use super::files::{self, filled};
use super::machine::{Accounts, Machine, described};
use super::ports::listeners_on;
use super::record::Record;
use crate::error::Error;
use crate::secrets::Values;
use crate::secrets::providers::{self, Found, Providers};

/// Why a build is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What was found, and what was expected.
    pub what: String,
    /// What can be done now.
    pub help: String,
}

/// What the user allows.
#[derive(Debug, Clone, Default)]
pub struct Allowed {
    /// Files that are there and not rick's are taken over.
    pub adopt: bool,
    /// Services whose data is removed.
    pub purge: Vec<String>,
}

/// A build that the machine can take, with its secrets. Made by [`ask`] alone.
#[non_exhaustive]
pub struct Asked<'a> {
    /// What is built.
    pub build: &'a Build,
    /// The machine.
    pub machine: &'a Machine,
    /// What is known of it.
    pub record: Record,
    /// The secrets.
    pub values: Values,
    /// Services whose data is removed.
    pub purge: Vec<String>,
}

/// Asks. Everything that is wrong is said, not only the first.
pub fn ask<'a>(
    build: &'a Build,
    machine: &'a Machine,
    record: Record,
    allowed: &Allowed,
) -> Result<Result<Asked<'a>, Vec<Refusal>>, Error> {
    let mut refusals = Vec::new();
    let mut refuse = |what: String, help: &str| refusals.push(Refusal { what, help: help.to_owned() });
    let accounts = machine.accounts()?;

    if let Some(other) = record.machine()
        && other != build.machine
    {
        refuse(
            format!("this machine was applied as `{other}`, and the build is for `{}`", build.machine),
            "give the folder of this machine; to rename a machine in rick.toml, remove /var/lib/rick/state.json first",
        );
    }
    let mut versions = BTreeSet::new();
    for step in &build.steps {
        let refused = match &step.action {
            Action::Identity { user, uid, group, gid } => identity(&accounts, user, *uid, group, *gid),
            Action::SubordinateIds { user, first, count } => subordinate(machine, user, *first, *count),
            // Each service asks for its podman.
            Action::Version { of, stated } if machine.runs() && versions.insert((*of, stated)) => version(&accounts, *of, stated),
            Action::Port { protocol, address, port, uid } if machine.runs() => {
                port_in_use(&accounts, &record, build, *protocol, address, *port, *uid)
            }
            _ => Vec::new(),
        };
        for (what, help) in refused {
            refuse(what, &help);
        }
    }
    for (what, help) in owners(build, &accounts) {
        refuse(what, &help);
    }
    for (what, help) in closed_folders(build, machine, &accounts) {
        refuse(what, &help);
    }
    if !allowed.adopt {
        foreign(build, machine, &record, &mut refuse)?;
    }
    let built: BTreeSet<&str> = build.steps.iter().filter_map(|step| step.service.as_deref()).collect();
    for service in &allowed.purge {
        let known = record.removed().contains_key(service) || record.steps().any(|step| step.service.as_deref() == Some(service));
        if built.contains(service.as_str()) {
            refuse(
                format!("`{service}` is to be purged, and the build has it"),
                "remove its manifest and build again: its data goes with --purge then",
            );
        } else if let Some(shared) = still_used(build, &record, service) {
            refuse(
                format!("`{service}` cannot be purged: {shared}"),
                "its data is another service's now; what else is left of it is for you to remove",
            );
        } else if !known {
            refuse(format!("there is nothing of `{service}` on this machine to purge"), "is the name right?");
        }
    }

    let found = secrets(build, machine);
    for name in &found.missing {
        let needed = &build.secrets[name];
        let by = needed.services.iter().cloned().collect::<Vec<_>>().join(", ");
        let by = if by.is_empty() { "the machine".to_owned() } else { by };
        let help = if needed.generate.is_some() {
            "it may be random: `rick secrets generate` makes it".to_owned()
        } else {
            format!(
                "only you can give it: a file `{}/{name}` of root's with mode 0600, or as [secrets] in rick.toml says",
                providers::DIRECTORY
            )
        };
        let needs = if needed.services.len() > 1 { "need" } else { "needs" };
        refuse(format!("nobody has the secret {name}, which {by} {needs}"), &help);
    }
    for (name, reason) in &found.refused {
        refuse(format!("the secret {name} cannot be used: {reason}"), "give it another way, or another value");
    }
    let whole = found.missing.is_empty() && found.refused.is_empty();
    let mut told = BTreeSet::new();
    for (path, file) in build.files.iter().filter(|_| whole) {
        if let Err((name, reason)) = filled(file, &found.values, &record.key)
            && told.insert((name.clone(), reason.clone()))
        {
            refuse(format!("the secret {name} cannot be written into `{path}`: {reason}"), "give it another value");
        }
    }
    if !refusals.is_empty() {
        return Ok(Err(refusals));
    }
    Ok(Ok(Asked { build, machine, record, values: found.values, purge: allowed.purge.clone() }))
}

/// What of a service that is gone is a service's of the build: a service that was renamed may have kept its user or its database.
fn still_used(build: &Build, record: &Record, service: &str) -> Option<String> {
    let removed = record.removed().get(service).into_iter().flatten();
    let leaving = record.steps().filter(|step| step.service.as_deref() == Some(service));
    let gone: Vec<&Step> = removed.chain(leaving).collect();
    for step in &gone {
        let user = match &step.action {
            Action::SubordinateIds { user, .. } => Some(user.as_str()),
            action => action.user().map(|(user, _)| user),
        };
        let other = build.steps.iter().find(|other| {
            user.is_some() && other.action.user().map(|(user, _)| user) == user
                || matches!(step.action, Action::Sql { purge: Some(_), .. }) && other.action.is_about_the_same_as(&step.action)
        });
        if let Some(other) = other {
            let whose = other.service.as_deref().unwrap_or("the machine");
            let what = user.map_or_else(|| "its database".to_owned(), |user| format!("its user `{user}`"));
            return Some(format!("{what} is that of `{whose}`"));
        }
    }
    None
}

/// Asks everybody who may have secrets.
pub fn secrets(build: &Build, machine: &Machine) -> Found {
    let path = |path: &Utf8Path| machine.path(path);
    Providers::new(&build.providers, &path).find(&build.secrets)
}

type Refused = Vec<(String, String)>;

/// systemd-sysusers takes another number in silence where one is taken.
fn identity(accounts: &Accounts, user: &str, uid: u32, group: &str, gid: u32) -> Refused {
    let mut refused = Vec::new();
    match (accounts.user(user), accounts.user_of(uid)) {
        (Some(there), _) if there.uid == uid => {}
        (Some(there), _) => refused.push((
            format!("`{user}` is there already with uid {}, and the build takes {uid} for granted", there.uid),
            format!("`uid = {}` in [account] of its manifest, or `user = \"…\"` for another name", there.uid),
        )),
        (None, Some(other)) => refused.push((
            format!("uid {uid}, which is to be `{user}`, is `{}` on this machine", other.name),
            "`uid = …` in [account] of its manifest, or narrow the machine's pool in rick.toml: `pools.\"account:uid\"`"
                .to_owned(),
        )),
        (None, None) => {}
    }
    match (accounts.group(group), accounts.group_of(gid)) {
        (Some(there), _) if there == gid => {}
        (Some(there), _) => refused.push((
            format!("the group `{group}` is there already with gid {there}, and the build takes {gid} for granted"),
            format!("`uid = {there}` in [account] if that is free as a uid, too; or give the service another `user`, or remove the group"),
        )),
        (None, Some(other)) => refused.push((
            format!("gid {gid}, which is to be `{group}`, is `{other}` on this machine"),
            "`uid = …` in [account] of its manifest: the group has the same number".to_owned(),
        )),
        (None, None) => {}
    }
    refused
}

/// Ids that are in two users' ranges let one into the other's files.
fn subordinate(machine: &Machine, user: &str, first: u32, count: u32) -> Refused {
    let mut refused = Vec::new();
    for path in ["/etc/subuid", "/etc/subgid"] {
        let text = fs::read_to_string(machine.path(Utf8Path::new(path))).unwrap_or_default();
        for line in text.lines() {
            let fields: Vec<&str> = line.split(':').collect();
            let [other, from, length] = fields[..] else { continue };
            let (Ok(from), Ok(length)) = (from.parse::<u32>(), length.parse::<u32>()) else { continue };
            let overlaps = from < first.saturating_add(count) && first < from.saturating_add(length);
            if other != user && overlaps {
                refused.push((
                    format!("the subordinate ids from {first}, which are to be `{user}`'s, overlap with those of `{other}` in {path}"),
                    "`subordinate_first = …` in [account], or narrow the machine's pool in rick.toml: `pools.\"account:subordinate\"`"
                        .to_owned(),
                ));
            }
        }
    }
    refused
}

/// What a program says of its version; else why it says nothing.
pub(super) fn said_version(accounts: &Accounts, of: Software) -> Result<String, String> {
    let asked = match of {
        Software::Podman => run(&["podman", "--version"]).done(),
        Software::Caddy => run(&["caddy", "version"]).done(),
        Software::Valkey => run(&["valkey-server", "--version"]).done(),
        Software::Postgresql => match accounts.user("postgres") {
            None => return Err("there is no user `postgres`".to_owned()),
            Some(user) => run(&["psql", "-XAtd", "postgres", "-c", "show server_version"]).by(user).done(),
        },
    };
    asked.map(|ended| ended.out).map_err(|trouble| trouble.said.first().cloned().unwrap_or(trouble.what))
}

/// Only what a build can depend on is compared: a later patch of the same release is no other software.
fn version(accounts: &Accounts, of: Software, stated: &str) -> Refused {
    let said = match said_version(accounts, of) {
        Ok(said) => said,
        Err(reason) => return vec![(not_there(of, &reason), install(of))],
    };
    let there = numbers(&said);
    if there.is_empty() {
        return vec![(format!("{} does not say its version: `{said}`", of.name()), "ask it by hand".to_owned())];
    }
    let wanted = numbers(stated);
    // PostgreSQL's second number is a patch: <https://www.postgresql.org/support/versioning/>.
    let compared = wanted.len().min(if of == Software::Postgresql { 1 } else { 2 });
    if wanted[..compared] == there[..compared.min(there.len())] {
        return Vec::new();
    }
    let shown = there.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
    vec![(
        format!("{} {shown} is on this machine, and the build is for {stated}", of.name()),
        format!("`{} = \"{shown}\"` in the machine's versions in rick.toml, and build again", of.key()),
    )]
}

fn not_there(of: Software, reason: &str) -> String {
    format!("{} does not answer: {reason}", of.name())
}

fn install(of: Software) -> String {
    format!("install it or start it: the build needs {}", of.name())
}

/// The first run of numbers with points between them.
pub(super) fn numbers(text: &str) -> Vec<u32> {
    let start = text.find(|letter: char| letter.is_ascii_digit()).unwrap_or(text.len());
    let end = text[start..].find(|letter: char| !letter.is_ascii_digit() && letter != '.').map_or(text.len(), |end| start + end);
    text[start..end].split('.').filter_map(|number| number.parse().ok()).collect()
}

/// Whether somebody else listens. A rootless port is opened by a process of the service's own user.
fn port_in_use(
    accounts: &Accounts,
    record: &Record,
    build: &Build,
    protocol: Protocol,
    address: &str,
    port: u16,
    uid: u32,
) -> Refused {
    let users = |steps: &mut dyn Iterator<Item = &Step>| -> BTreeSet<u32> {
        steps.filter_map(|step| step.action.user().map(|(_, uid)| uid)).collect()
    };
    let now = users(&mut build.steps.iter());
    // Of a service that this apply takes off: it is gone before the port is needed.
    let leaving: BTreeSet<u32> = users(&mut record.steps()).difference(&now).copied().collect();
    let name = if protocol == Protocol::Tcp { "tcp" } else { "udp" };
    for other in listeners_on(protocol, address, port) {
        if other != uid && !leaving.contains(&other) {
            let (whose, user) = (user_name(build, uid), accounts.name_of(other));
            return vec![(
                format!("port {port} ({name}), which is to be `{whose}`'s, is used by a process of {user}"),
                "stop it, or say another port of the machine: `host_port = …` in [quadlet]".to_owned(),
            )];
        }
    }
    Vec::new()
}

fn user_name(build: &Build, uid: u32) -> String {
    let user = build.steps.iter().filter_map(|step| step.action.user()).find(|(_, other)| *other == uid);
    user.map_or_else(|| uid.to_string(), |(user, _)| user.to_owned())
}

/// Users and groups that nobody makes: a server is not installed.
fn owners(build: &Build, accounts: &Accounts) -> Refused {
    let mut made: BTreeSet<&str> = BTreeSet::new();
    for step in &build.steps {
        if let Action::Identity { user, group, .. } = &step.action {
            made.extend([user.as_str(), group.as_str()]);
        }
    }
    let mut missing: BTreeMap<(&str, &str), &Utf8PathBuf> = BTreeMap::new();
    for (path, file) in &build.files {
        if !made.contains(file.owner.as_str()) && accounts.user(&file.owner).is_none() {
            missing.entry(("user", &file.owner)).or_insert(path);
        }
        if !made.contains(file.group.as_str()) && accounts.group(&file.group).is_none() {
            missing.entry(("group", &file.group)).or_insert(path);
        }
    }
    let say = |((what, name), path): ((&str, &str), &Utf8PathBuf)| {
        (
            format!("`{path}` is to belong to the {what} `{name}`, and there is none on this machine"),
            "install the server whose it is".to_owned(),
        )
    };
    missing.into_iter().map(say).collect()
}

/// Folders that keep out the group that a file in them is for: a server would not find its own file.
fn closed_folders(build: &Build, machine: &Machine, accounts: &Accounts) -> Refused {
    let mut closed: BTreeMap<&Utf8Path, (&Utf8PathBuf, &str)> = BTreeMap::new();
    for (path, file) in build.files.iter().filter(|(_, file)| file.group != "root") {
        for folder in path.ancestors().skip(1) {
            let Ok(metadata) = fs::metadata(machine.path(folder)) else { continue };
            let by_group = accounts.group(&file.group) == Some(metadata.gid()) && metadata.mode() & 0o010 != 0;
            if metadata.mode() & 0o001 == 0 && !by_group {
                closed.entry(folder).or_insert((path, &file.group));
            }
        }
    }
    let say = |(folder, (path, group)): (&Utf8Path, (&Utf8PathBuf, &str))| {
        let is = fs::metadata(machine.path(folder)).map(|metadata| described(&metadata, accounts)).unwrap_or_default();
        // What systemd-tmpfiles makes is put right by the apply.
        let line = format!("d {folder} ");
        let is_made = |(path, file): (&Utf8PathBuf, &File)| {
            path.starts_with("/etc/tmpfiles.d") && String::from_utf8_lossy(&file.text).lines().any(|made| made.starts_with(&line))
        };
        let ours = build.files.iter().any(is_made);
        (!ours).then(|| {
            (
                format!("`{folder}` is {is}: the group `{group}` cannot enter it, for whom `{path}` is to be"),
                format!("`chmod 0755 {folder}`"),
            )
        })
    };
    closed.into_iter().filter_map(say).collect()
}

/// Files that are there, are not as they are to be, and were not written by rick.
fn foreign(build: &Build, machine: &Machine, record: &Record, refuse: &mut dyn FnMut(String, &str)) -> Result<(), Error> {
    for path in build.files.keys().filter(|path| !record.owns(path)) {
        let there = machine.path(path);
        match fs::symlink_metadata(&there) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::file("look at", there)(error)),
            Ok(metadata) if metadata.is_dir() => {
                refuse(format!("`{path}` is a folder, and rick would write a file there"), "move it away")
            }
            Ok(_)
                if build.files[path].secrets.is_empty()
                    && fs::read(&there).is_ok_and(|bytes| bytes == build.files[path].text) => {}
            Ok(_) => refuse(
                format!("`{path}` is there, differs, and rick did not write it"),
                "move it away, or let rick take over what is there: `--adopt`",
            ),
        }
    }
    let folders: BTreeSet<&Utf8Path> = build.files.keys().filter_map(|path| path.parent()).collect();
    folders.into_iter().for_each(|folder| files::remove_left_over(&machine.path(folder)));
    Ok(())
}
