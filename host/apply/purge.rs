//! The data of a service that was taken off: only where it is asked for by name.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;

use super::Event;
use super::action::Action;
use super::carry::{Halt, Work};
use super::command::{Trouble, run};

/// Removes the databases, the home, the user and the subordinate ids of a service.
pub fn purge(work: &mut Work<'_>, service: &str) -> Result<(), Halt> {
    let steps = work.record.removed().get(service).cloned().unwrap_or_default();
    let halt = |at: &str, trouble: Trouble| Halt::Trouble(format!("purge of {service}: {at}"), trouble);
    let mut users: BTreeSet<String> = BTreeSet::new();
    for step in &steps {
        // An apply that was not finished has only what was done: a question is not.
        if let Action::Identity { user, .. } | Action::SubordinateIds { user, .. } = &step.action {
            users.insert(user.clone());
        }
        if let Action::Sql { purge: Some(script), .. } = &step.action
            && work.machine.runs()
        {
            if !work.how.pretend {
                work.context().sql(&step.action, script).map_err(|trouble| halt("its database", trouble))?;
            }
            did(work, format!("database and role of {service} dropped"));
        }
    }
    for user in users {
        // Without an account there is nothing left of it: an earlier purge was killed after its last thing.
        let Ok(account) = work.context().user(&user) else { continue };
        if account.uid == 0 || account.home == "/" || account.home.as_str().is_empty() {
            let trouble = Trouble::of(format!("`{user}` has uid {} and the home `{}`", account.uid, account.home));
            return Err(halt("its home", trouble));
        }
        let home = work.machine.path(&account.home);
        if !work.how.pretend {
            // Files of subordinate ids are in it: only root can remove them.
            match fs::remove_dir_all(&home) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(halt("its home", Trouble::of(format!("`{home}` cannot be removed: {error}"))));
                }
                _ => {}
            }
            let _ = fs::remove_file(format!("/dev/shm/libpod_rootless_lock_{}", account.uid));
        }
        did(work, format!("{} removed, with all volumes in it", account.home));
        if !work.how.pretend {
            work.context().remove_subordinate_ids(&user).map_err(|trouble| halt("its subordinate ids", trouble))?;
            let prefix = format!("--prefix={}", work.machine.root());
            let mut command = run(&["userdel"]);
            if !work.machine.runs() {
                command = command.words([prefix.as_str()]);
            }
            command.words([user.as_str()]).done().map_err(|trouble| halt("its user", trouble))?;
        }
        did(work, format!("user {user} removed"));
    }
    work.record.note(super::record::Note::Purged(service.to_owned()))?;
    Ok(())
}

fn did(work: &mut Work<'_>, what: String) {
    work.applied.steps += 1;
    (work.say)(Event::Undid(what));
}
