//! A label of SELinux for what is not the container's alone.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, set, warning};

use super::written_values;
use crate::Quadlet;

pub const RULE: Rule = Rule {
    code: "QD019",
    name: "relabelled-folder",
    severity: Severity::Error,
    waivable: true,
    what: "`:Z` or `:z` on a folder of the machine's own: `/run`, `/etc`, `/var/lib` of a server …",
    why: "`:Z` gives the folder a label that one container alone may use: the next one, and the server itself, are locked out. A rootless \
          podman cannot relabel what is another's, and the part does not start. A socket is closed to a confined process with any label.",
    example: "[quadlet.keys]\nVolume = \"/run/postgresql:/run/postgresql:Z\"\n",
    use_instead: "[postgres]\n",
    source: "podman-run(1), --volume, labeling volume mounts",
};

/// Folders that are the machine's, and no service's.
const MACHINES: &[&str] = &[
    "/run",
    "/var/run",
    "/etc",
    "/usr",
    "/boot",
    "/dev",
    "/proc",
    "/sys",
    "/root",
    "/var/log",
    "/var/lib/postgresql",
    "/var/lib/valkey",
    "/var/lib/redis",
    "/var/lib/caddy",
    "/var/lib/docker",
    "/var/lib/containers",
];

/// Folders that hold others, which may be a service's.
const HOLDERS: &[&str] = &["/", "/var", "/var/lib", "/home", "/srv", "/opt", "/mnt", "/media", "/tmp", "/var/tmp"];

/// Where nothing is kept that a label could be of.
const OF_THE_SYSTEM: &[&str] = &["/run", "/var/run", "/dev", "/proc", "/sys"];

fn is_in(path: &str, folders: &[&str]) -> bool {
    folders.iter().any(|folder| path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// Whether a path is the machine's own.
pub fn is_the_machines(path: &str) -> bool {
    let path = if path.len() > 1 { path.trim_end_matches('/') } else { path };
    let is_home = path.strip_prefix("/home/").is_some_and(|rest| !rest.contains('/'));
    is_in(path, MACHINES) || HOLDERS.contains(&path) || is_home
}

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    for (_, key, value, place) in written_values(call) {
        let mut fields = value.splitn(3, ':');
        let (Some(source), Some(_), Some(options)) = (fields.next(), fields.next(), fields.next()) else { continue };
        if key != "Volume" || !source.starts_with('/') {
            continue;
        }
        let private = options.split(',').any(|option| option == "Z");
        let shared = options.split(',').any(|option| option == "z");
        let without = |label: &str| -> String {
            let left: Vec<&str> = options.split(',').filter(|option| *option != label).collect();
            let end = if left.is_empty() { String::new() } else { format!(":{}", left.join(",")) };
            format!("{}{end}", value.strip_suffix(&format!(":{options}")).unwrap_or(value))
        };
        if is_the_machines(source) && (private || shared) {
            let label = if private { "Z" } else { "z" };
            let message = format!("`:{label}` would relabel `{source}`, which is the machine's own");
            let help = "leave the label out; for a server's socket, its own table mounts the folder: [postgres], [valkey]";
            let (title, fix) = (format!("leave `:{label}` out"), vec![set(&place, without(label))]);
            // Without SELinux the label is nothing, and waits for the day that there is one.
            let found = if call.facts.selinux { error(RULE.code, message, place) } else { warning(RULE.code, message, place) };
            let found = found.help(help);
            out.push(if is_in(source, OF_THE_SYSTEM) { found.safe_fix(title, fix) } else { found.unsafe_fix(title, fix) });
        }
    }
}
