//! A variable that names a socket's folder which the part does not see.

use rick_plugin_sdk::slots::{MountValue, VolumeValue};
use rick_plugin_sdk::{Diagnostics, Place, Read, Rule, ServiceCall, Severity, error, slots};

use super::password_in_socket_query::has_password;
use super::socket_in_a_query::key_of_a_socket;
use super::{own_variables, shown, written_values};
use crate::Quadlet;
use crate::parts::parts_of;
use crate::volumes::stated_for;

pub const RULE: Rule = Rule {
    code: "PG010",
    name: "socket-not-mounted",
    severity: Severity::Error,
    waivable: true,
    what: "a variable with the folder of a server's socket in it, in a service that nothing mounts that folder for",
    why: "Inside there is no such folder: the service cannot connect. A guide names the folder; the table of the server mounts it, lets the \
          service's user in, and writes the variable.",
    example: "[quadlet.env]\nDATABASE_URL = \"postgresql://myservice@/myservice?host=/run/postgresql\"\n",
    use_instead: "[postgres]\n",
    source: "unix(7); podman-run(1), --volume",
};

/// Folders of the servers' sockets, and the table that brings each.
const FOLDERS: &[(&str, &str)] = &[
    ("/run/postgresql", "[postgres]"),
    ("/var/run/postgresql", "[postgres]"),
    ("/run/valkey", "[valkey]"),
    ("/var/run/valkey", "[valkey]"),
    ("/run/redis", "[valkey]"),
    ("/var/run/redis", "[valkey]"),
];

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    let mounts: Vec<Read<MountValue>> = call.reads.of::<slots::Mount>();
    let volumes: Vec<Read<VolumeValue>> = call.reads.of::<slots::Volume>();
    let stated: Vec<String> = parts_of(call)
        .iter()
        .flat_map(|part| stated_for(part, &call.table.main.volumes))
        .map(|volume| volume.table.path)
        .chain(written_values(call).filter_map(|(_, key, value, _)| seen_by_key(key, value)))
        .chain(
            parts_of(call)
                .iter()
                .flat_map(|part| &part.fields.tmpfs)
                .map(|path| path.split(':').next().unwrap_or(path).to_owned()),
        )
        .collect();
    let seen = |folder: &str| {
        let inside = |path: &str| folder == path || folder.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        // /var/run is /run on every system of today, inside an image as well.
        let both = |path: &str| inside(path) || path.strip_prefix("/var").is_some_and(inside) || inside(&format!("/var{path}"));
        mounts.iter().any(|mount| both(&mount.key))
            || volumes.iter().any(|volume| volume.value.path.as_deref().is_some_and(both))
            || stated.iter().any(|path| both(path))
    };
    // A part with an image of its own may have a server of its own.
    let others: Vec<&String> =
        call.table.containers.iter().filter(|(_, part)| part.image.is_some()).map(|(name, _)| name).collect();
    for (name, value, place) in own_variables(call) {
        let of_other = |pointer: &str| others.iter().any(|other| pointer.starts_with(&format!("/table/containers/{other}/")));
        if matches!(place(&[]), Place::Value(pointer) if of_other(&pointer)) {
            continue;
        }
        let text = shown(value);
        // These say themselves that the server's table is wanted.
        if key_of_a_socket(&text).is_some() || has_password(&text) {
            continue;
        }
        let text = text.replace("%2F", "/").replace("%2f", "/");
        let Some((folder, table)) = FOLDERS.iter().find(|(folder, _)| names(&text, folder)) else { continue };
        if !seen(folder) {
            let message = format!("`{name}` leads to `{folder}`, and nothing mounts it into the container");
            let help = format!("add {table}, and leave the variable to it: `env` there says which it is and in what form");
            out.push(error(RULE.code, message, place(&[])).help(help));
        }
    }
}

/// What a key as it stands puts at a path inside.
fn seen_by_key(key: &str, value: &str) -> Option<String> {
    match key {
        "Volume" => value.split(':').nth(1).map(str::to_owned),
        "Mount" => {
            let mut options = value.split(',').filter_map(|option| option.split_once('='));
            options.find(|(name, _)| ["destination", "dst", "target"].contains(name)).map(|(_, path)| path.to_owned())
        }
        _ => None,
    }
}

/// Whether a path, or one below it, is in a text as a path of its own.
fn names(text: &str, folder: &str) -> bool {
    text.match_indices(folder).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + folder.len()..].chars().next();
        before.is_none_or(|letter| !letter.is_ascii_alphanumeric() && letter != '-' && letter != '_')
            && after.is_none_or(|letter| !letter.is_ascii_alphanumeric() && letter != '-' && letter != '_')
            // `/var/run/x` holds `/run/x`, which is found by its own entry.
            && !text[..at].ends_with("/var")
    })
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_folder_is_a_path_of_its_own() {
        assert!(names("postgresql://a@/b?host=/run/postgresql", "/run/postgresql"));
        assert!(names("unix:///run/valkey/valkey.sock", "/run/valkey"));
        assert!(!names("/var/run/valkey/x", "/run/valkey") && names("/var/run/valkey/x", "/var/run/valkey"));
        assert!(!names("/run/valkey-cluster", "/run/valkey"));
    }
}
