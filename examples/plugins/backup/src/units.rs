//! The units of a service's backups: what makes them, when, and what starts that at boot.

use std::fmt::Write as _;

use rick_plugin_sdk::{Artifact, Place, ServiceCall, fact, machine, service, setting, slots};

use crate::destination::Destination;
use crate::kept::Kept;
use crate::unit::Unit;
use crate::{Backup, RUN, keep, schedule};

/// Where units of the system are.
const FOLDER: &str = "/etc/systemd/system";
/// What a repository elsewhere waits for.
const NETWORK: &str = "network-online.target";

/// The names of a service's units without their kind.
pub fn name(service: &str) -> String {
    format!("rick-backup-{service}")
}

/// Where a unit of the system is.
pub fn path(service: &str, kind: &str) -> String {
    format!("{FOLDER}/{}.{kind}", name(service))
}

/// Where the drop-in is that has the timer started at boot: what `systemctl enable` would do by a link.
pub fn drop_in_path(service: &str) -> String {
    format!("{FOLDER}/timers.target.d/{}.conf", name(service))
}

/// The environment's file.
pub fn env_path(service: &str) -> String {
    format!("/etc/rick/backup/{service}.env")
}

/// Root, with no more of root's powers than it takes to read what is kept, and to become whoever a database belongs to; the files
/// of a rootless container belong to uids that no other user can read. Nothing is writable but the cache, the locks and a
/// repository on the machine itself.
const HARDENED: [(&str, &str); 25] = [
    ("NoNewPrivileges", "yes"),
    ("ProtectSystem", "strict"),
    ("ProtectHome", "read-only"),
    ("PrivateTmp", "yes"),
    ("PrivateDevices", "yes"),
    ("ProtectClock", "yes"),
    ("ProtectControlGroups", "yes"),
    ("ProtectHostname", "yes"),
    ("ProtectKernelLogs", "yes"),
    ("ProtectKernelModules", "yes"),
    ("ProtectKernelTunables", "yes"),
    ("ProtectProc", "invisible"),
    ("LockPersonality", "yes"),
    ("MemoryDenyWriteExecute", "yes"),
    ("RestrictNamespaces", "yes"),
    ("RestrictRealtime", "yes"),
    ("RestrictSUIDSGID", "yes"),
    ("SystemCallArchitectures", "native"),
    ("SystemCallFilter", "@system-service"),
    ("UMask", "0077"),
    ("CacheDirectory", "rick-backup"),
    ("CacheDirectoryMode", "0700"),
    ("RuntimeDirectory", "rick-backup"),
    ("RuntimeDirectoryMode", "0700"),
    // Another service's backup may hold a lock in it.
    ("RuntimeDirectoryPreserve", "yes"),
];

/// The service that makes the backups once.
pub fn of_service(call: &ServiceCall<Backup>, kept: &Kept, to: &Destination) -> Artifact {
    let name = &call.service.name;
    let because = service(&["name"]);
    let local = to.local();
    let mut unit = Unit::new(&path(name, "service"), &format!("backups of {name}"), &because);
    unit.section("Unit", &because);
    unit.text("Description", &format!("Backups of {name}"), &because);
    for one in call.reads.of::<slots::SystemUnit>().iter().filter(|one| one.key != NETWORK) {
        // Without a server there is nothing to dump, and a boot may make up for a backup at once.
        unit.words("After", &[&one.key], &one.place);
    }
    match &local {
        None => {
            unit.raw("Wants", NETWORK, &to.place);
            unit.raw("After", NETWORK, &to.place);
        }
        Some(path) => unit.words("RequiresMountsFor", &[path], &to.place),
    }
    for volume in &kept.volumes {
        // A disk that is not mounted must not look like a volume that was emptied.
        unit.words("RequiresMountsFor", &[&volume.path], &volume.because);
    }
    for (index, other) in call.settings.on_failure.iter().enumerate() {
        unit.raw("OnFailure", other, &setting(&["on_failure", &index.to_string()]));
    }

    unit.section("Service", &because);
    unit.raw("Type", "oneshot", &because);
    // Not `User=root`: with it and `NoNewPrivileges=` systemd gives up CAP_SETUID in such a way that nobody can be become any more. What
    // ssh and rclone know is in this home.
    unit.raw("Environment", "HOME=/root", &because);
    unit.text("EnvironmentFile", &env_path(name), &because);
    if let Some(path) = local.as_deref().filter(|_| call.settings.init) {
        let made = ["+/bin/mkdir", "-p", "-m", "0700", "--", path].map(str::to_owned).to_vec();
        unit.command("ExecStartPre", &[(made, vec![to.place.clone()])]);
    }
    unit.command("ExecStart", &command(call, kept));
    unit.raw("TimeoutStartSec", "1d", &because);
    unit.raw("Nice", "10", &because);
    unit.raw("IOSchedulingPriority", "7", &because);
    let mut powers = "CAP_DAC_READ_SEARCH CAP_SETUID CAP_SETGID".to_owned();
    let mut families = "AF_UNIX".to_owned();
    match &local {
        // A repository on a mounted disk may be another user's.
        Some(_) => powers.push_str(" CAP_DAC_OVERRIDE"),
        None => families.push_str(" AF_INET AF_INET6 AF_NETLINK"),
    }
    unit.raw("CapabilityBoundingSet", &powers, &because);
    unit.raw("RestrictAddressFamilies", &families, &to.place);
    if let Some(path) = &local {
        unit.words("ReadWritePaths", &[&format!("-{path}")], &to.place);
    }
    for (key, value) in HARDENED {
        unit.raw(key, value, &because);
    }
    unit.artifact()
}

/// The command line: one line for each thing.
fn command(call: &ServiceCall<Backup>, kept: &Kept) -> Vec<(Vec<String>, Vec<Place>)> {
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<String>>();
    let program = words(&["/bin/bash", RUN, &call.service.name, &call.machine.name]);
    let mut lines = vec![(program, vec![service(&["name"]), machine(&["name"])])];
    if !call.settings.init {
        lines.push((words(&["--no-init"]), vec![setting(&["init"])]));
    }
    let port = call.facts.postgresql_port.to_string();
    for one in &kept.databases {
        let named = database_tag(&one.name);
        let database = ["--database", &named, &connection(&one.name), &one.role, &one.user, &one.socket_directory, &port];
        lines.push((words(&database), vec![one.because.clone(), fact(&["postgresql_port"])]));
    }
    for one in &kept.volumes {
        lines.push((words(&["--volume", &tag(&one.name), &one.path]), vec![one.because.clone()]));
        for (pattern, because) in &one.exclude {
            lines.push((words(&["--exclude", pattern]), vec![because.clone()]));
        }
    }
    let (policy, because) = keep(call);
    let mut last = words(&["--keep"]);
    last.extend(policy.options().into_iter().flatten());
    lines.push((last, vec![because]));
    lines
}

/// A database as an argument of pg_dump, which takes a text with a `=` in it for a connection string, and one that begins like a URL.
fn connection(database: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    if database.chars().all(plain) {
        return database.to_owned();
    }
    format!("dbname='{}'", database.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// A name as a tag of restic's, in which a comma would begin another one.
fn tag(name: &str) -> String {
    escaped(name, &[',', '%'])
}

/// A database's name as such a tag, and in the name of the file that its dump is: restic 0.18 finds no folder for it.
fn database_tag(name: &str) -> String {
    escaped(name, &[',', '%', '/'])
}

fn escaped(name: &str, characters: &[char]) -> String {
    let mut out = String::new();
    for character in name.chars() {
        if characters.contains(&character) {
            let _ = write!(out, "%{:02X}", u32::from(character));
        } else {
            out.push(character);
        }
    }
    out
}

/// The timer. The assertion has `rick apply` fail where restic is not there, rather than the first backup at night.
pub fn timer(call: &ServiceCall<Backup>) -> Artifact {
    let name = &call.service.name;
    let because = service(&["name"]);
    let (calendar, said) = schedule(call);
    let mut unit = Unit::new(&path(name, "timer"), &format!("when {name} is backed up"), &because);
    unit.section("Unit", &because);
    unit.text("Description", &format!("Backups of {name}, by the clock"), &because);
    unit.text("AssertFileIsExecutable", &call.facts.restic, fact(&["restic"]));
    unit.section("Timer", &said);
    unit.text("OnCalendar", calendar, &said);
    unit.raw("RandomizedDelaySec", &call.settings.randomized_delay, &setting(&["randomized_delay"]));
    unit.raw("FixedRandomDelay", "yes", &setting(&["randomized_delay"]));
    // What was missed while the machine was off is made up for.
    unit.raw("Persistent", "yes", &said);
    unit.artifact()
}

/// The drop-in of timers.target.
pub fn drop_in(call: &ServiceCall<Backup>) -> Artifact {
    let name = &call.service.name;
    let because = service(&["name"]);
    let mut unit = Unit::new(&drop_in_path(name), &format!("starts the timer of {name}'s backups at boot"), &because);
    unit.section("Unit", &because);
    unit.text("Wants", &format!("{}.timer", self::name(name)), &because);
    unit.artifact()
}

#[cfg(test)]
mod tests {
    use super::{connection, database_tag, tag};

    #[test]
    fn a_name_is_one_tag() {
        assert_eq!(tag("data"), "data");
        assert_eq!(tag("/srv/photos, 100%"), "/srv/photos%2C 100%25");
        assert_eq!(database_tag("a/b"), "a%2Fb");
    }

    #[test]
    fn a_database_is_no_connection_string() {
        assert_eq!(connection("wiki_db"), "wiki_db");
        assert_eq!(connection("host=evil"), "dbname='host=evil'");
        assert_eq!(connection("it's"), "dbname='it\\'s'");
    }
}
