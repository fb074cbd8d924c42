//! What a machine says of itself: what rick.toml should say of it, so that what is built for it fits.

use std::fs;

use camino::Utf8Path;
use toml_edit::{DocumentMut, InlineTable, Item, Table};

use super::action::Software;
use super::ask::{numbers, said_version};
use super::command::run;
use super::machine::{Accounts, Machine};
use crate::error::Error;

/// The machine that rick runs on, as a part of a rick.toml. What cannot be asked is a comment, with the reason.
pub fn probe(name: Option<String>) -> Result<String, Error> {
    let accounts = Machine::at(Utf8Path::new("/"))?.accounts()?;
    let name = match name {
        Some(name) => name,
        // <https://man7.org/linux/man-pages/man5/proc_sys_kernel.5.html>
        None => {
            let path = "/proc/sys/kernel/hostname";
            fs::read_to_string(path).map_err(Error::file("read", path))?.trim().to_lowercase()
        }
    };
    let (mut versions, mut comments) = (InlineTable::new(), Vec::new());
    for of in [Software::Podman, Software::Postgresql, Software::Valkey, Software::Caddy] {
        match said_version(&accounts, of) {
            Ok(said) if !numbers(&said).is_empty() => {
                let shown = numbers(&said).iter().map(u32::to_string).collect::<Vec<_>>().join(".");
                versions.insert(of.key(), shown.into());
            }
            Ok(said) => comments.push(format!("# {} does not say its version: `{}`\n", of.name(), one_line(&said))),
            Err(reason) => comments.push(format!("# {} was left out: {}\n", of.name(), one_line(&reason))),
        }
    }
    comments.push("# authentik was left out: where it runs here, add its version, as its own page shows it.\n".to_owned());
    let mut machine = Table::new();
    machine.insert("versions", Item::Value(versions.into()));
    if fs::read_to_string("/sys/fs/selinux/enforce").is_ok_and(|enforce| enforce.trim() == "1") {
        let mut facts = Table::new();
        facts.insert("selinux", toml_edit::value(true));
        machine.insert("quadlet", Item::Table(facts));
    }
    if let Some(facts) = postgres(&accounts) {
        machine.insert("postgres", Item::Table(facts));
    }
    let mut machines = Table::new();
    machines.set_implicit(true);
    machines.insert(&name, Item::Table(machine));
    let mut document = DocumentMut::new();
    document.insert("machines", Item::Table(machines));
    Ok(format!("{}{document}", comments.concat()))
}

fn one_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// What the server has elsewhere than Debian's packages put it.
fn postgres(accounts: &Accounts) -> Option<Table> {
    let user = accounts.user("postgres")?;
    let show = |what: &str| {
        let said = run(&["psql", "-XAtd", "postgres", "-c", &format!("show {what}")]).by(user).done().ok()?;
        Some(said.out.trim().to_owned())
    };
    let mut facts = Table::new();
    let hba = show("hba_file")?;
    let version = *numbers(&show("server_version")?).first()?;
    let folder = Utf8Path::new(&hba).parent()?;
    if folder != Utf8Path::new(&format!("/etc/postgresql/{version}/main")) {
        facts.insert("config_directory", toml_edit::value(folder.as_str()));
    }
    let port: i64 = show("port")?.parse().ok()?;
    if port != 5432 {
        facts.insert("port", toml_edit::value(port));
    }
    (!facts.is_empty()).then_some(facts)
}
