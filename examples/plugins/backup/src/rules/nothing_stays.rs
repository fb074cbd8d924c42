//! Old snapshots of which none would stay.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error};

use crate::{Backup, keep};

pub const RULE: Rule = Rule {
    code: "BK007",
    name: "nothing-stays",
    severity: Severity::Error,
    waivable: false,
    what: "`keep` with no number above zero",
    why: "restic forgets nothing without a policy, so that the repository grows until its disk is full; or, as it may be read, everything.",
    example: "[postgres]\n[backup]\nkeep = {}\n# rick.toml\n[plugins.backup]\nrepository = \"sftp:backup@nas:/backup\"\n",
    use_instead: "[postgres]\n[backup]\nkeep = { daily = 14 }\n# rick.toml\n[plugins.backup]\nrepository = \"sftp:backup@nas:/backup\"\n",
    source: "https://restic.readthedocs.io/en/stable/060_forget.html",
};

pub fn check(call: &ServiceCall<Backup>, out: &mut Diagnostics) {
    let (policy, place) = keep(call);
    if policy.options().is_empty() {
        let help = "say how many are to stay: `keep = { daily = 7, weekly = 4, monthly = 6 }`";
        out.push(error(RULE.code, "no old snapshot would stay", place).help(help));
    }
}
