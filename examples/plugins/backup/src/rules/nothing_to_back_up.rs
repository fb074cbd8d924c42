//! Backups of nothing, or not of everything.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, table_key};

use crate::Backup;
use crate::kept::Kept;

pub const RULE: Rule = Rule {
    code: "BK001",
    name: "nothing-to-back-up",
    severity: Severity::Error,
    waivable: false,
    what: "`[backup]` in a service that keeps nothing, or has a database that cannot be dumped",
    why: "Whoever reads the manifest would take the service for backed up, until the day on which the backup is needed.",
    example: "[backup]\n# rick.toml\n[plugins.backup]\nrepository = \"sftp:backup@nas:/backup\"\n",
    use_instead: "[quadlet]\nvolumes = [\"data:/data\"]\n[backup]\n# rick.toml\n[plugins.backup]\nrepository = \"sftp:backup@nas:/backup\"\n",
    source: "https://restic.readthedocs.io/en/stable/040_backup.html",
};

pub fn check(call: &ServiceCall<Backup>, kept: &Kept, out: &mut Diagnostics) {
    for (key, place) in &kept.unknown {
        let message = format!("the database `{key}` would not be backed up: only those of PostgreSQL are dumped");
        let help = format!("back it up in another way, and say `exclude = [\"{key}\"]` in [backup]");
        out.push(error(RULE.code, message, place.clone()).help(help));
    }
    if kept.is_empty() && kept.unknown.is_empty() {
        let message = format!("`{}` has nothing to back up: no database, and no volume that is its own", call.service.name);
        let diagnostic = error(RULE.code, message, table_key(&[]));
        out.push(if call.table.exclude.is_empty() {
            diagnostic.help("take [backup] out, or name under `include` what the service only reads")
        } else {
            diagnostic.help("take [backup] out, or leave less out")
        });
    }
}
