//! Units and containers of a service's user.

use std::fs;
use std::os::unix::fs::MetadataExt;

use camino::Utf8Path;

use super::super::{Answer, Context};
use super::{fails, fails_so, user_of};
use crate::apply::act::unit_states;
use crate::apply::command::run;

pub(super) fn unit(context: &Context<'_>, name: &str, uid: u32, unit: &str) -> Result<(), Answer> {
    let user = user_of(context, name)?;
    let state = unit_states(&user, &[unit.to_owned()])?.remove(unit).unwrap_or_default();
    match (state.load.as_str(), state.active.as_str()) {
        ("loaded", "active") => Ok(()),
        ("loaded", active) => {
            Err(fails_so(format!("it is {active}"), format!("`journalctl _SYSTEMD_USER_UNIT={unit} _UID={uid}`")))
        }
        (load, _) => Err(fails_so(
            format!("systemd has it as `{load}`: Quadlet refuses its file, or the manager has not read it"),
            format!("`systemctl --user --machine {name}@ daemon-reload`"),
        )),
    }
}

/// The first process of a container, as the machine numbers it.
fn process(context: &Context<'_>, name: &str, container: &str) -> Result<u32, Answer> {
    let user = user_of(context, name)?;
    let asked = run(&["podman", "container", "inspect", "--format", "{{.State.Pid}}", container]).by(&user).ended()?;
    match asked.out.trim().parse() {
        Ok(0) => Err(fails(format!("`{container}` does not run"))),
        Ok(pid) if asked.succeeded() => Ok(pid),
        _ => Err(asked.trouble(format!("podman does not know `{container}`")).into()),
    }
}

pub(super) fn identity(context: &Context<'_>, name: &str, uid: u32, container: &str) -> Result<(), Answer> {
    let pid = process(context, name, container)?;
    let status = fs::read_to_string(format!("/proc/{pid}/status"));
    let status = status.map_err(|error| fails(format!("process {pid} of `{container}`: {error}")))?;
    let effective = status.lines().find_map(|line| line.strip_prefix("Uid:")?.split_whitespace().nth(1)?.parse::<u32>().ok());
    match effective {
        Some(there) if there == uid => Ok(()),
        Some(there) => Err(fails_so(
            format!("its process is uid {there} on the machine, and not {uid}: a server that asks the kernel does not know it"),
            "does the image run as the user that the manifest says? `user = …` in [service]",
        )),
        None => Err(fails(format!("process {pid} of `{container}` says no uid"))),
    }
}

/// A container that was there before its server was restarted may have mounted a directory that is gone.
pub(super) fn mount(
    context: &Context<'_>,
    name: &str,
    container: &str,
    path: &Utf8Path,
    source: &Utf8Path,
) -> Result<(), Answer> {
    let pid = process(context, name, container)?;
    let there = fs::metadata(format!("/proc/{pid}/root{path}"));
    let there = there.map_err(|error| fails(format!("`{path}` in `{container}`: {error}")))?;
    let here = fs::metadata(context.machine.path(source)).map_err(|error| fails(format!("`{source}`: {error}")))?;
    if (there.dev(), there.ino()) == (here.dev(), here.ino()) {
        return Ok(());
    }
    Err(fails_so(
        format!("what `{container}` has at `{path}` is another directory than `{source}` is now"),
        "restart the container; a server's unit removes its directory at each restart unless `RuntimeDirectoryPreserve=yes`",
    ))
}
