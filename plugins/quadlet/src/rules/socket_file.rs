//! A socket mounted by itself.

use rick_plugin_sdk::{Diagnostics, Place, Rule, ServiceCall, Severity, error};

use super::written_values;
use crate::Quadlet;
use crate::parts::parts_of;
use crate::volumes::stated_for;

pub const RULE: Rule = Rule {
    code: "QD022",
    name: "socket-mounted-as-a-file",
    severity: Severity::Error,
    waivable: true,
    what: "a socket of a server as a volume, rather than the folder that it is in",
    why: "The server makes a new socket at every start. The mount still shows the old one, which nobody answers any more, until the \
          container is made anew.",
    example: "[quadlet]\nvolumes = [\"/run/postgresql/.s.PGSQL.5432:/run/postgresql/.s.PGSQL.5432\"]\n",
    use_instead: "[postgres]\n",
    source: "mount(2), MS_BIND: what is mounted is the inode; systemd.exec(5), RuntimeDirectory=",
};

/// Sockets that systemd itself holds, which stay the same over restarts.
const HELD: &[&str] =
    &["/cups.sock", "/snapd.socket", "/podman.sock", "/docker.sock", "/bus", "/notify", "/stdout", "/socket", "/dev-log"];

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    let mut found: Vec<(String, Place)> = Vec::new();
    for part in parts_of(call) {
        found.extend(stated_for(&part, &call.table.main.volumes).into_iter().map(|volume| (volume.name, volume.place)));
    }
    let written = written_values(call).filter(|(_, key, ..)| *key == "Volume");
    found.extend(written.map(|(_, _, value, place)| (value.split(':').next().unwrap_or_default().to_owned(), place)));
    let mut said: Vec<Place> = Vec::new();
    for (source, place) in found {
        let name = source.rsplit('/').next().unwrap_or_default();
        let is_socket = name.starts_with(".s.PGSQL.") || name.ends_with(".sock") || name.ends_with(".socket");
        let held = HELD.iter().any(|end| source.ends_with(end));
        if source.starts_with('/') && is_socket && !held && !said.contains(&place) {
            let folder = source.strip_suffix(name).unwrap_or_default().trim_end_matches('/');
            let message = format!("`{source}` is a socket, and a new one after every start of its server");
            let help = match folder {
                "/run/postgresql" | "/var/run/postgresql" => "[postgres] mounts the folder".to_owned(),
                "/run/valkey" | "/var/run/valkey" | "/run/redis" | "/var/run/redis" => "[valkey] mounts the folder".to_owned(),
                "" | "/run" | "/var/run" | "/tmp" => "have the server put it into a folder of its own, and mount that".to_owned(),
                folder => format!("mount the folder: `{folder}`"),
            };
            out.push(error(RULE.code, message, place.clone()).help(help));
            said.push(place);
        }
    }
}
