//! Units: of the system's manager, and of the managers of users.

use std::collections::BTreeMap;
use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};

use super::Context;
use crate::apply::action::UnitAction;
use crate::apply::command::{Trouble, run};
use crate::apply::machine::{Machine, User};

/// How long a unit may take to start: a first start may migrate a database. In seconds.
const START: u32 = 1800;
/// A unit that has been restarted by its manager so often while it was waited for will not come up.
const RESTARTS: u32 = 3;
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(200);
/// Lines of a unit's journal that a failure shows.
const LINES: &str = "15";
const LAST: usize = 15;
/// Of which many are podman's.
const MORE_LINES: &str = "60";
/// Until somebody is told what is waited for.
const SILENCE: Duration = Duration::from_secs(2);

/// How a unit is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnitState {
    /// "loaded", "not-found" …
    pub load: String,
    /// "active", "activating", "failed" …
    pub active: String,
    /// How often its manager has restarted it.
    pub restarts: u32,
}

/// Acts on a unit of the system's manager. One that does not run has nothing to read anew: it is started.
pub(super) fn system_unit(unit: &str, action: UnitAction) -> Result<(), Trouble> {
    let active = run(&["systemctl", "is-active", "--quiet", unit]).ended()?.succeeded();
    let verb = match (action, active) {
        (UnitAction::Start, true) | (UnitAction::Stop, false) => return Ok(()),
        (UnitAction::Reload, false) => UnitAction::Start.verb(),
        _ => action.verb(),
    };
    let ended = run(&["systemctl", verb, unit]).within(300).ended()?;
    if ended.succeeded() {
        return Ok(());
    }
    let mut trouble = ended.trouble(format!("`systemctl {verb} {unit}` failed"));
    let journal = run(&["journalctl", "--unit", unit, "--lines", LINES, "--output", "cat", "--no-pager"]).ended();
    trouble.said.extend(journal.map(|journal| journal.out.lines().map(str::to_owned).collect::<Vec<_>>()).unwrap_or_default());
    Err(trouble)
}

/// The states of units of a user's manager.
pub fn unit_states(user: &User, units: &[String]) -> Result<BTreeMap<String, UnitState>, Trouble> {
    let mut states = BTreeMap::new();
    if units.is_empty() {
        return Ok(states);
    }
    let shown = run(&["systemctl", "--user", "show", "--property", "Id,LoadState,ActiveState,NRestarts", "--"])
        .words(units.iter().map(String::as_str))
        .by(user)
        .done()?;
    // One paragraph for each unit, in the order asked for.
    for (unit, paragraph) in units.iter().zip(shown.out.split("\n\n")) {
        let mut state = UnitState::default();
        for line in paragraph.lines() {
            match line.split_once('=') {
                Some(("LoadState", value)) => state.load = value.to_owned(),
                Some(("ActiveState", value)) => state.active = value.to_owned(),
                Some(("NRestarts", value)) => state.restarts = value.parse().unwrap_or(0),
                _ => {}
            }
        }
        states.insert(unit.clone(), state);
    }
    Ok(states)
}

/// The last lines of a unit of a user's manager: system users have no journal of their own, and `--user-unit` finds nothing.
pub(super) fn journal_of(user: &User, unit: &str) -> Vec<String> {
    let (unit, uid) = (format!("_SYSTEMD_USER_UNIT={unit}"), format!("_UID={}", user.uid));
    let journal = run(&["journalctl", &unit, &uid, "--lines", MORE_LINES, "--output", "cat", "--no-pager"]).ended();
    let said = journal.map(|journal| journal.out).unwrap_or_default();
    // podman notes each of its own doings there, which drown what the service says.
    let mut lines: Vec<String> = said.lines().filter(|line| !line.contains(" UTC m=+")).map(str::to_owned).collect();
    lines.dedup();
    lines.drain(..lines.len().saturating_sub(LAST));
    lines
}

/// Where systemd notes that a user's manager is to run without a login.
pub fn linger_file(user: &str) -> Utf8PathBuf {
    Utf8Path::new("/var/lib/systemd/linger").join(user)
}

/// Stops units of a user's manager, and forgets that they failed.
pub fn stop_units(user: &User, units: &[String]) -> Result<(), Trouble> {
    let there: Vec<String> =
        unit_states(user, units)?.into_iter().filter(|(_, state)| state.load != "not-found").map(|(unit, _)| unit).collect();
    if there.is_empty() {
        return Ok(());
    }
    let names = || there.iter().map(String::as_str);
    run(&["systemctl", "--user", "stop", "--"]).words(names()).by(user).within(300).done()?;
    // Nothing to forget is no trouble.
    run(&["systemctl", "--user", "reset-failed", "--"]).words(names()).by(user).ended().map(drop)
}

/// The user's manager runs no longer than somebody is logged in, and is stopped.
pub fn stop_manager(machine: &Machine, user: &str, uid: u32) -> Result<(), Trouble> {
    let file = machine.path(&linger_file(user));
    match fs::remove_file(&file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Trouble::of(format!("`{file}` cannot be removed: {error}")));
        }
        _ => {}
    }
    if machine.runs() {
        run(&["systemctl", "stop", &format!("user@{uid}.service")]).within(300).done()?;
    }
    Ok(())
}

impl Context<'_> {
    pub(super) fn manager_is_wanted(&self, user: &str, groups: &[String]) -> Result<bool, Trouble> {
        let account = self.user(user)?;
        let unit = format!("user@{}.service", account.uid);
        if !run(&["systemctl", "is-active", "--quiet", &unit]).ended()?.succeeded() {
            return Ok(true);
        }
        Ok(!groups.is_empty() && !self.manager_has(&unit, groups)?)
    }

    /// Whether the manager's process is in all of the groups: it keeps those that the user had when it started.
    fn manager_has(&self, unit: &str, groups: &[String]) -> Result<bool, Trouble> {
        let accounts = self.machine.accounts().map_err(|error| Trouble::of(error.to_string()))?;
        let pid = run(&["systemctl", "show", "--property", "MainPID", "--value", unit]).done()?.out;
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let has: Vec<u32> = status
            .lines()
            .find_map(|line| line.strip_prefix("Groups:"))
            .map(|line| line.split_whitespace().filter_map(|gid| gid.parse().ok()).collect())
            .unwrap_or_default();
        Ok(groups.iter().all(|group| accounts.group(group).is_some_and(|gid| has.contains(&gid))))
    }

    pub(super) fn start_manager(&self, user: &str, uid: u32) -> Result<(), Trouble> {
        let unit = format!("user@{uid}.service");
        let active = run(&["systemctl", "is-active", "--quiet", &unit]).ended()?.succeeded();
        let verb = if active { "restart" } else { "start" };
        let ended = run(&["systemctl", verb, &unit]).within(300).ended()?;
        if ended.succeeded() { Ok(()) } else { Err(ended.trouble(format!("the manager of `{user}` does not start"))) }
    }

    pub(super) fn reload_user_units(&self, user: &str, units: &[String]) -> Result<(), Trouble> {
        let account = self.user(user)?;
        run(&["systemctl", "--user", "daemon-reload"]).by(&account).done()?;
        let dropped: Vec<String> =
            unit_states(&account, units)?.into_iter().filter(|(_, state)| state.load != "loaded").map(|(unit, _)| unit).collect();
        if dropped.is_empty() {
            return Ok(());
        }
        // The generator ends well and says why in the journal of the manager.
        let mut trouble =
            Trouble::of(format!("systemd has no {} after the reload: Quadlet refuses the file", dropped.join(", ")));
        let generator = run(&["/usr/lib/systemd/user-generators/podman-user-generator", "-user", "-dryrun"]).by(&account).ended();
        let said = generator.map(|ended| ended.err).unwrap_or_default();
        trouble.said = said.lines().filter(|line| !line.contains("Loading source")).map(str::to_owned).take(12).collect();
        Err(trouble)
    }

    /// Whether all of these units run.
    pub fn are_active(&self, user: &str, units: &[String]) -> Result<bool, Trouble> {
        let account = self.user(user)?;
        let states = unit_states(&account, units)?;
        Ok(states.values().all(|state| state.active == "active"))
    }

    pub(super) fn restart_user_unit(
        &self,
        user: &str,
        unit: &str,
        wait_for: &[String],
        waits: &mut dyn FnMut(&str),
    ) -> Result<(), Trouble> {
        let account = self.user(user)?;
        let before = unit_states(&account, wait_for)?;
        let (start, mut told) = (Instant::now(), false);
        let ended = std::thread::scope(|scope| {
            let restart = run(&["systemctl", "--user", "restart", "--", unit]).by(&account).within(START);
            let restart = scope.spawn(move || restart.ended());
            while !restart.is_finished() {
                if !told && start.elapsed() > SILENCE {
                    waits(&format!("until {unit} of {user} is ready"));
                    told = true;
                }
                sleep(Duration::from_millis(20));
            }
            restart.join().unwrap_or_else(|_| Err(Trouble::of("the restart could not be watched")))
        })?;
        if !ended.succeeded() {
            let mut trouble = ended.trouble(format!("`{unit}` of `{user}` does not start"));
            trouble.said.extend(journal_of(&account, unit));
            return Err(trouble);
        }
        // The restart of a pod is done before its containers are up, or found to have no image.
        loop {
            let states = unit_states(&account, wait_for)?;
            let Some((late, state)) = states.iter().find(|(_, state)| state.active != "active") else { return Ok(()) };
            let since = before.get(late).map_or(0, |before| before.restarts);
            // The count begins anew where the restart was asked for.
            let again = state.restarts.checked_sub(since).unwrap_or(state.restarts);
            let hopeless = state.active == "failed" || again >= RESTARTS || start.elapsed().as_secs() > START.into();
            if hopeless {
                let mut trouble = Trouble::of(format!("`{late}` of `{user}` does not come up: it is {}", state.active));
                trouble.said = journal_of(&account, late);
                return Err(trouble);
            }
            if !told && start.elapsed() > SILENCE {
                waits(&format!("until {late} of {user} is ready"));
                told = true;
            }
            sleep(PAUSE);
        }
    }
}
