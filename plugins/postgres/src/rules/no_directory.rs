//! A machine of which nobody said where the server's files are.

use rick_plugin_sdk::{Diagnostics, MachineCall, Rule, Severity, error, machine};

use crate::{Postgres, config_directory};

pub const RULE: Rule = Rule {
    code: "PG014",
    name: "unknown-configuration-directory",
    severity: Severity::Error,
    waivable: false,
    what: "a machine with databases, without the version of PostgreSQL on it or the directory of its configuration",
    why: "The server lets a service in only after lines in pg_hba.conf, and Debian has that file in a directory by the major version. \
          The version also decides how names are written in it.",
    example: "[machines.web1]\n",
    use_instead: "[machines.web1]\nversions = { postgresql = \"17\" }\n",
    source: "https://manpages.debian.org/stable/postgresql-common/pg_createcluster.1.en.html",
};

pub fn check(call: &MachineCall<Postgres>, out: &mut Diagnostics) {
    if config_directory(call).is_some() {
        return;
    }
    let name = &call.machine.name;
    let (message, place) = match call.machine.versions.get("postgresql") {
        Some(text) => (
            format!("`{text}` is no version of PostgreSQL, so pg_hba.conf is not to be found"),
            machine(&["versions", "postgresql"]),
        ),
        None => {
            (format!("nobody said which PostgreSQL is on `{name}`, so pg_hba.conf is not to be found"), machine(&["versions"]))
        }
    };
    let help = format!("state it under [machines.{name}]: `versions = {{ postgresql = \"17\" }}`");
    out.push(error(RULE.code, message, place).help(help));
}
