//! A name that is nobody's.

use rick_plugin_sdk::{Diagnostics, Rule, Severity, error};

use crate::kept::Kept;

pub const RULE: Rule = Rule {
    code: "BK008",
    name: "names-nothing",
    severity: Severity::Error,
    waivable: false,
    what: "an entry of `exclude` or `include` that is no volume, nothing in one, and no database of the service",
    why: "What was to be left out would be kept, or what was to be kept would be left out, and nobody would see it.",
    example: "[quadlet]\nvolumes = [\"data:/data\", \"cache:/cache\"]\n[backup]\nexclude = [\"caches\"]\n# rick.toml\n[plugins.backup]\nrepository = \"sftp:backup@nas:/backup\"\n",
    use_instead: "[quadlet]\nvolumes = [\"data:/data\", \"cache:/cache\"]\n[backup]\nexclude = [\"cache\"]\n# rick.toml\n[plugins.backup]\nrepository = \"sftp:backup@nas:/backup\"\n",
    source: "https://restic.readthedocs.io/en/stable/040_backup.html#excluding-files",
};

pub fn check(kept: &Kept, out: &mut Diagnostics) {
    for (entry, place) in &kept.unused {
        let message = format!("`{entry}` is no volume, nothing in one, and no database of this service");
        let names = kept.volumes.iter().map(|one| one.name.as_str()).chain(kept.databases.iter().map(|one| one.key.as_str()));
        let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
        let diagnostic = error(RULE.code, message, place.clone());
        out.push(if names.is_empty() { diagnostic } else { diagnostic.help(format!("it has {}", names.join(", "))) });
    }
}
