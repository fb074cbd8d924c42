//! A machine of which nobody said where the server's files are.

use rick_plugin_sdk::{Diagnostics, MachineCall, Rule, Severity, error, machine};

use crate::{Postgres, config_directory};

pub const RULE: Rule = Rule {
    code: "PG014",
    name: "unknown-configuration-directory",
    severity: Severity::Error,
    waivable: false,
    what: "a machine with databases, without the version of PostgreSQL on it or the directory of its configuration, or with a \
           version that is none",
    why: "The server lets a service in only after lines in pg_hba.conf, and Debian has that file in a directory by the major version. \
          The version also decides how names are written in it.",
    example: "# rick.toml\n[machines.web1]\nversions = { podman = \"5.4.2\" }\n\n# services/myservice.toml\n[postgres]\n",
    use_instead: "# rick.toml\n[machines.web1]\nversions = { podman = \"5.4.2\", postgresql = \"17\" }\n\n# services/myservice.toml\n[postgres]\n",
    source: "https://manpages.debian.org/stable/postgresql-common/pg_createcluster.1.en.html",
};

pub fn check(call: &MachineCall<Postgres>, out: &mut Diagnostics) {
    let stated = call.machine.versions.get("postgresql");
    let is_version = stated.is_none() || call.machine.version("postgresql").is_some();
    let directory = config_directory(call);
    if is_version && directory.is_some() {
        return;
    }
    let name = &call.machine.name;
    let lost = if directory.is_none() { ", so pg_hba.conf is not to be found" } else { "" };
    let (message, place) = match stated {
        Some(text) => (format!("`{text}` is no version of PostgreSQL{lost}"), machine(&["versions", "postgresql"])),
        None => (format!("nobody said which PostgreSQL is on `{name}`{lost}"), machine(&["versions"])),
    };
    let help = format!("state it under [machines.{name}]: `versions = {{ postgresql = \"17\" }}`");
    out.push(error(RULE.code, message, place).help(help));
}
