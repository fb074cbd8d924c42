//! A repository that is in what is backed up, or goes with it.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, slots};

use crate::Backup;
use crate::destination::Destination;
use crate::kept::Kept;

pub const RULE: Rule = Rule {
    code: "BK003",
    name: "repository-in-data",
    severity: Severity::Error,
    waivable: false,
    what: "a repository inside of a volume that is backed up to it or of the service's home, or a volume inside of the repository",
    why: "Each backup would be part of the next one, whoever damages the data reaches its backups, and what is removed with the service, as \
          `rick apply --purge` does it, is removed with all of its backups.",
    example: "[quadlet]\nvolumes = [\"/srv/wiki:/data\"]\n[backup]\n# rick.toml\n[plugins.backup]\nrepository = \"/srv/wiki/backup\"\n",
    use_instead: "[quadlet]\nvolumes = [\"/srv/wiki:/data\"]\n[backup]\n# rick.toml\n[plugins.backup]\nrepository = \"/mnt/disk/backup\"\n",
    source: "https://restic.readthedocs.io/en/stable/030_preparing_a_new_repo.html#local",
};

pub fn check(call: &ServiceCall<Backup>, kept: &Kept, to: &Destination, out: &mut Diagnostics) {
    let Some(path) = to.local() else { return };
    let help = "put the repository on another disk or another machine";
    if let Some(volume) = kept.volumes.iter().find(|volume| is_in(&path, &volume.path) || is_in(&volume.path, &path)) {
        let message = if is_in(&path, &volume.path) {
            format!("the repository `{path}` is in the volume `{}`, of which it has the backups", volume.name)
        } else {
            format!("the volume `{}` is in the repository `{path}`", volume.name)
        };
        out.push(error(RULE.code, message, to.place.clone()).note("the volume", volume.because.clone()).help(help));
    } else if let Some(identity) = call.reads.of::<slots::Identity>().first().filter(|one| is_in(&path, &one.value.home)) {
        let message = format!("the repository `{path}` is in `{}`, the home of `{}`", identity.value.home, call.service.name);
        out.push(error(RULE.code, message, to.place.clone()).help(help));
    }
}

/// Whether a path is another one or below it.
fn is_in(path: &str, folder: &str) -> bool {
    let plain =
        |path: &str| path.split('/').filter(|part| !part.is_empty() && *part != ".").map(str::to_owned).collect::<Vec<_>>();
    plain(path).starts_with(&plain(folder))
}
