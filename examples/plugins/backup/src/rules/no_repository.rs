//! Nowhere to go.

use rick_plugin_sdk::{Diagnostics, Rule, Severity, error, table_key};

use crate::destination::Destination;

pub const RULE: Rule = Rule {
    code: "BK002",
    name: "no-repository",
    severity: Severity::Error,
    waivable: false,
    what: "`[backup]` where nobody said where backups go, or not in a way that restic knows",
    why: "restic needs a repository: a path from the root, or one of its kinds of storage. A path that does not begin with `/` would be \
          another one wherever restic is started.",
    example: "[postgres]\n[backup]\n",
    use_instead: "[postgres]\n[backup]\n# rick.toml\n[plugins.backup]\nrepository = \"sftp:backup@nas:/backup/{service}\"\n",
    source: "https://restic.readthedocs.io/en/stable/030_preparing_a_new_repo.html",
};

pub fn check(to: Option<&Destination>, out: &mut Diagnostics) {
    match to {
        None => {
            let help = "say it in rick.toml, under [plugins.backup]: `repository = \"sftp:user@host:/backup/{service}\"`";
            out.push(error(RULE.code, "nobody said where backups go", table_key(&[])).help(help));
        }
        Some(to) if !to.is_known() => {
            let message = format!("`{}` is no repository that restic knows", to.shown());
            let help = "write a path from the root, or begin it with `sftp:`, `rest:`, `s3:`, `b2:`, `azure:`, `gs:`, `swift:` or `rclone:`";
            out.push(error(RULE.code, message, to.place.clone()).help(help));
        }
        Some(_) => {}
    }
}
