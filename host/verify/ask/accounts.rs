//! Users, and what they have open.

use super::super::{Answer, Context};
use super::{accounts_of, fails, fails_so};
use crate::apply::act::linger_file;
use crate::apply::command::run;
use crate::apply::ports::{Protocol, listeners_on};

pub(super) fn identity(context: &Context<'_>, user: &str, uid: u32, groups: &[String]) -> Result<(), Answer> {
    let accounts = accounts_of(context)?;
    let there = accounts.user(user).ok_or_else(|| fails_so(format!("there is no user `{user}`"), "`rick apply` makes it"))?;
    if there.uid != uid {
        return Err(fails(format!("its uid is {}, and not {uid}", there.uid)));
    }
    let has = accounts.supplementary(user);
    let missing: Vec<&str> = groups.iter().map(String::as_str).filter(|group| !has.contains(group)).collect();
    if !missing.is_empty() {
        return Err(fails(format!("it is not in {}", missing.join(", "))));
    }
    let more: Vec<&str> = has.into_iter().filter(|group| !groups.iter().any(|wanted| wanted == group)).collect();
    if !more.is_empty() {
        let help = "a group of a server's lets it into that server's files; sockets need none: `gpasswd --delete USER GROUP`";
        return Err(fails_so(format!("it is also in {}", more.join(", ")), help));
    }
    Ok(())
}

pub(super) fn lingering(context: &Context<'_>, user: &str, uid: u32) -> Result<(), Answer> {
    let file = linger_file(user);
    if !context.machine.path(&file).exists() {
        let what = format!("there is no `{file}`: nothing of it runs after a reboot");
        return Err(fails_so(what, format!("`loginctl enable-linger {user}`")));
    }
    let unit = format!("user@{uid}.service");
    let ended = run(&["systemctl", "is-active", &unit]).ended()?;
    if ended.succeeded() {
        return Ok(());
    }
    Err(fails_so(format!("`{unit}` is {}", ended.out), format!("`systemctl start {unit}`, `journalctl --unit {unit}`")))
}

/// A port of a rootless container is opened by a process of its user.
pub(super) fn listening(context: &Context<'_>, user: &str, uid: u32, address: &str, port: u16) -> Result<(), Answer> {
    let listeners = listeners_on(Protocol::Tcp, address, port);
    if listeners.is_empty() {
        let help = format!("`systemctl --user --machine {user}@ status`");
        return Err(fails_so(format!("nobody listens on {address}:{port}"), help));
    }
    let accounts = accounts_of(context)?;
    match listeners.iter().find(|other| **other != uid) {
        None => Ok(()),
        Some(other) => Err(fails(format!("{address}:{port} is served by a process of {}", accounts.name_of(*other)))),
    }
}
