//! What rick wrote before and no longer builds: undone in the reverse of its order, before anything new is put in place, so that
//! what it had, a port, a name, is free.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};

use super::Event;
use super::act;
use super::action::{Action, Phase, Step, UnitAction};
use super::carry::{Halt, Work};
use super::command::{Trouble, run};
use super::files;
use super::record::Note;

/// What came of undoing a step.
enum Undone {
    /// It is undone, or there was nothing to undo.
    Done,
    /// It cannot be undone now, and why not: the next apply tries again.
    Deferred(String),
}
use Undone::Deferred;

/// Takes away what is no longer built.
pub fn remove(work: &mut Work<'_>) -> Result<(), Halt> {
    let build = work.build;
    let by_id: BTreeMap<&str, &Step> = build.steps.iter().map(|step| (step.id.as_str(), step)).collect();
    let built = |step: &Step| -> Option<&Step> {
        let by_id = by_id.get(step.id.as_str()).copied();
        by_id.or_else(|| build.steps.iter().find(|other| other.action.is_about_the_same_as(&step.action)))
    };
    let gone: BTreeSet<Utf8PathBuf> = work.record.files().filter(|path| !work.build.files.contains_key(*path)).cloned().collect();
    let before: Vec<Step> = work.record.steps().cloned().collect();
    leave(work, &before)?;
    for phase in Phase::ALL.into_iter().rev() {
        let of_phase: Vec<&Step> = before.iter().filter(|step| step.phase == phase).collect();
        // What uses a file is stopped before the file goes.
        for step in &of_phase {
            if let Deferred(reason) = undo(work, step, built(step))? {
                work.applied.deferred.push((step.action.title(), reason));
                work.deferred.push((*step).clone());
            } else if !by_id.contains_key(step.id.as_str()) {
                work.record.note(Note::Undone(step.id.clone()))?;
            }
        }
        // A file goes in the phase that it came in: the first that names it.
        let first = |path: &Utf8PathBuf| before.iter().filter(|step| names(step, path)).map(|step| step.phase).min();
        // And stays for as long as it is wanted to undo what it brought.
        let wanted = |path: &Utf8PathBuf| work.deferred.iter().any(|step| names(step, path));
        let files: Vec<&Utf8PathBuf> = gone.iter().filter(|path| first(path) == Some(phase) && !wanted(path)).collect();
        for path in &files {
            remove_file(work, path)?;
        }
        if files.is_empty() {
            continue;
        }
        // And what had read it is told.
        for step in of_phase.iter().filter(|step| step.changed.iter().any(|path| files.contains(&path))) {
            follow(work, step, built(step))?;
        }
    }
    for path in &gone {
        if work.record.owns(path) && !work.deferred.iter().any(|step| names(step, path)) {
            remove_file(work, path)?;
        }
    }
    Ok(())
}

/// Remembers the steps of services that go, for a purge of their data.
fn leave(work: &mut Work<'_>, before: &[Step]) -> Result<(), Halt> {
    let built: BTreeSet<&str> = work.build.steps.iter().filter_map(|step| step.service.as_deref()).collect();
    let mut leaving: BTreeMap<&str, Vec<Step>> = BTreeMap::new();
    for step in before {
        if let Some(service) = step.service.as_deref().filter(|service| !built.contains(service)) {
            leaving.entry(service).or_default().push(step.clone());
        }
    }
    for (service, steps) in leaving {
        work.record.note(Note::Left(service.to_owned(), steps))?;
    }
    Ok(())
}

/// Whether a step is about a file.
fn names(step: &Step, path: &Utf8PathBuf) -> bool {
    step.changed.contains(path) || source_of(step) == Some(path)
}

fn source_of(step: &Step) -> Option<&Utf8PathBuf> {
    match &step.action {
        Action::Block { source, .. } => Some(source),
        Action::Sysusers { file } | Action::Tmpfiles { file } | Action::Sql { file, .. } => Some(file),
        _ => None,
    }
}

fn remove_file(work: &mut Work<'_>, path: &Utf8PathBuf) -> Result<(), Halt> {
    work.record.note(Note::Remove(path.clone()))?;
    if !work.how.pretend {
        let record = &work.record;
        let made = if path.starts_with("/etc/tmpfiles.d") { made_by(&work.machine.path(path)) } else { Vec::new() };
        files::remove(work.machine, path, |folder| record.made(folder))?;
        // The deepest first; a folder that is not empty stays.
        for path in made.iter().rev() {
            let path = work.machine.path(path);
            let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir(&path));
        }
    }
    work.record.note(Note::Removed(path.clone()))?;
    work.applied.files += 1;
    (work.say)(Event::Removed(path.clone()));
    Ok(())
}

/// What a file of tmpfiles.d makes that is no data: folders below rick's own, and the word that a user's manager lingers, which would be
/// there again at the next boot otherwise.
fn made_by(file: &Utf8Path) -> Vec<Utf8PathBuf> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let made = |line: &str| {
        let mut fields = line.split_whitespace();
        match (fields.next()?, Utf8PathBuf::from(fields.next()?)) {
            ("d", path) if path.starts_with("/etc/rick") => Some(path),
            ("f", path) if path.starts_with("/var/lib/systemd/linger") => Some(path),
            _ => None,
        }
    };
    text.lines().filter_map(made).collect()
}

/// Whether a user's manager runs.
fn has_manager(uid: u32) -> Result<bool, Trouble> {
    Ok(run(&["systemctl", "is-active", "--quiet", &format!("user@{uid}.service")]).ended()?.succeeded())
}

/// Undoes what a step did, where it is no longer built, or what it did of that which is no longer in it.
fn undo(work: &mut Work<'_>, step: &Step, now: Option<&Step>) -> Result<Undone, Halt> {
    let (runs, pretend) = (work.machine.runs(), work.how.pretend);
    let halt = |trouble: Trouble| Halt::Trouble(step.action.title(), trouble);
    let did = match (&step.action, now.map(|now| &now.action)) {
        (Action::UserUnits { user, uid, units }, now) => {
            let kept = match now {
                Some(Action::UserUnits { units, .. }) => units.as_slice(),
                _ => &[],
            };
            let vanished: Vec<String> = units.iter().filter(|unit| !kept.contains(unit)).cloned().collect();
            if vanished.is_empty() || !runs || !has_manager(*uid).map_err(halt)? {
                return Ok(Undone::Done);
            }
            if !pretend && let Ok(user) = work.context().user(user) {
                act::stop_units(&user, &vanished).map_err(halt)?;
            }
            format!("stop {} of {user}", vanished.join(", "))
        }
        (Action::Block { file, marker, .. }, None) => {
            let there = act::text_of(&work.machine.path(file)).map_err(halt)?;
            let Some((real, text, mut ready)) = there else { return Ok(Undone::Done) };
            let without = act::without_block(&text, marker).map_err(|what| halt(Trouble::of(format!("`{file}` {what}"))))?;
            if without == text {
                return Ok(Undone::Done);
            }
            ready.bytes = without.into_bytes();
            if !pretend {
                ready.put(&real)?;
            }
            format!("block in {file} taken out")
        }
        (Action::Sql { undo: Some(script), .. }, None) if runs => {
            if !pretend {
                work.context().sql(&step.action, script).map_err(halt)?;
            }
            format!("access of {} to PostgreSQL taken away", step.service.as_deref().unwrap_or("the machine"))
        }
        (Action::ContainerCommand { user, container, r#as, undo: Some(undo), .. }, None) if runs => {
            // Where the container goes as well, so does what it remembers.
            let stays = work.build.steps.iter().any(|other| other.action.user().is_some_and(|(whose, _)| whose == user));
            if !stays {
                return Ok(Undone::Done);
            }
            if !pretend && let Err(trouble) = work.context().command_inside(user, container, r#as.as_deref(), undo) {
                // A service is taken off also where somebody else cannot be told of it now.
                return Ok(Deferred(work.values.hide(&trouble.what)));
            }
            format!("in {container}: {}", undo.join(" "))
        }
        (Action::Command { r#as, undo: Some(undo), .. }, None) if runs => {
            if !pretend && let Err(trouble) = work.context().command_as(r#as, undo) {
                return Ok(Deferred(work.values.hide(&trouble.what)));
            }
            format!("as {}: {}", r#as, undo.join(" "))
        }
        (Action::PodmanSecret { user, name, .. }, None) if runs => {
            if !pretend && let Ok(account) = work.context().user(user) {
                // Without the manager, podman's own processes would be of nobody who ends them.
                if !has_manager(account.uid).map_err(halt)? {
                    run(&["systemctl", "start", &format!("user@{}.service", account.uid)]).done().map_err(halt)?;
                }
                act::remove_secret(&account, name).map_err(halt)?;
            }
            format!("secret {name} of {user} removed")
        }
        (Action::UserManager { user, uid, .. }, None) => {
            if !pretend {
                act::stop_manager(work.machine, user, *uid).map_err(halt)?;
            }
            format!("manager of {user} stopped")
        }
        (Action::SystemUnit { unit, undo: Some(UnitAction::Stop), .. }, None) if runs => {
            if !pretend {
                run(&["systemctl", "stop", unit]).within(300).done().map_err(halt)?;
            }
            format!("systemctl stop {unit}")
        }
        _ => return Ok(Undone::Done),
    };
    work.applied.steps += 1;
    (work.say)(Event::Undid(did));
    Ok(Undone::Done)
}

/// Does what a file that is gone called for: as it is built now, else as it was before.
fn follow(work: &mut Work<'_>, before: &Step, now: Option<&Step>) -> Result<(), Halt> {
    let step = now.unwrap_or(before);
    let follows = match &step.action {
        Action::SystemUnitsReload {} | Action::CaddyValidate { .. } => true,
        Action::SystemUnit { undo: Some(UnitAction::Stop), .. } if now.is_none() => false,
        Action::SystemUnit { action, .. } => matches!(action, UnitAction::Reload | UnitAction::Restart),
        Action::UserUnits { .. } => true,
        _ => false,
    };
    if !follows || !work.machine.runs() {
        return Ok(());
    }
    if !work.how.pretend {
        let mut action = step.action.clone();
        if let Action::UserUnits { uid, units, .. } = &mut action {
            // Those that are built may not be in place yet.
            units.clear();
            if !has_manager(*uid).map_err(|trouble| Halt::Trouble(step.action.title(), trouble))? {
                return Ok(());
            }
        }
        work.context().act(&action, &mut |_| {}).map_err(|trouble| Halt::Trouble(step.action.title(), trouble))?;
    }
    work.applied.steps += 1;
    (work.say)(Event::Did(step.action.title()));
    Ok(())
}
