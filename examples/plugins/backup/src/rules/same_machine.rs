//! A repository beside the data.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, warning};

use crate::Backup;
use crate::destination::Destination;

pub const RULE: Rule = Rule {
    code: "BK004",
    name: "repository-on-same-machine",
    severity: Severity::Warning,
    waivable: true,
    what: "a repository at a path of the machine that is not below /mnt or /media, where other disks are mounted",
    why: "What takes the disk or the machine takes the backups with it: a fault, a fire, whoever breaks in.",
    example: "[postgres]\n[backup]\n# rick.toml\n[plugins.backup]\nrepository = \"/srv/backup\"\n",
    use_instead: "[postgres]\n[backup]\n# rick.toml\n[plugins.backup]\nrepository = \"sftp:backup@nas:/backup\"\n",
    source: "https://refspecs.linuxfoundation.org/FHS_3.0/fhs/ch03s12.html",
};

pub fn check(call: &ServiceCall<Backup>, to: &Destination, out: &mut Diagnostics) {
    let Some(path) = to.local() else { return };
    if ["/mnt/", "/media/"].iter().any(|folder| path.starts_with(folder)) {
        return;
    }
    let message = format!("the backups of `{}` stay on `{}` itself, in `{path}`", call.service.name, call.machine.name);
    let help = "use a repository elsewhere, such as `sftp:user@host:/backup`; or waive this where another disk is mounted there";
    out.push(warning(RULE.code, message, to.place.clone()).help(help));
}
