//! A build carried out: phase by phase, its files and then its steps. It stops at the first failure, and goes on there next time.

use std::collections::BTreeSet;
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};

use super::act::{Context, Need};
use super::action::{Action, Phase, Step};
use super::ask::Asked;
use super::build::{Build, File};
use super::command::Trouble;
use super::files::{self, Ready, State};
use super::machine::{Accounts, Machine};
use super::record::{Note, Record};
use super::{Applied, Event, Stopped, purge, removal};
use crate::error::Error;
use crate::secrets::Values;

/// How far, and how much.
#[derive(Debug, Clone, Copy, Default)]
pub struct How {
    /// Stops before this phase.
    pub until: Option<Phase>,
    /// Nothing is done; what would be is said.
    pub pretend: bool,
    /// Every step is done, whether it is called for or not.
    pub all_steps: bool,
}

/// Why it cannot go on.
pub enum Halt {
    /// The machine refused.
    Trouble(String, Trouble),
    /// rick could not do its work.
    Error(Error),
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Halt::Error(error)
    }
}

/// An apply at work.
pub struct Work<'a> {
    pub(super) build: &'a Build,
    pub(super) machine: &'a Machine,
    pub(super) values: Values,
    pub(super) record: Record,
    pub(super) how: How,
    pub(super) say: &'a mut dyn FnMut(Event),
    pub(super) applied: Applied,
    /// Steps that are no longer built and could not be undone now.
    pub(super) deferred: Vec<Step>,
    /// Steps that another one has done as well.
    covered: BTreeSet<String>,
    /// Files as they were before this phase, where a refusal takes them back.
    saved: Vec<(Utf8PathBuf, Utf8PathBuf, Option<Ready>)>,
}

/// Carries a build out.
pub fn carry_out(asked: Asked<'_>, how: How, say: &mut dyn FnMut(Event)) -> Result<Applied, Error> {
    let Asked { build, machine, mut record, values, purge } = asked;
    record.begin()?;
    let (applied, covered) = (Applied::default(), BTreeSet::new());
    let mut work = Work { build, machine, values, record, how, say, applied, deferred: Vec::new(), covered, saved: Vec::new() };
    let done = work.everything(&purge);
    match done {
        Ok(()) if how.until.is_none() && work.applied.waiting.is_empty() => {
            let kept: Vec<Step> = build.steps.iter().chain(&work.deferred).cloned().collect();
            let built = build.steps.iter().filter_map(|step| step.service.as_deref()).collect();
            work.record.finish(&build.machine, &kept, &built)?;
        }
        Ok(()) => {}
        Err(Halt::Error(error)) => return Err(error),
        Err(Halt::Trouble(at, trouble)) => {
            let said = trouble.said.iter().map(|line| work.values.hide(line)).collect();
            let trouble = Trouble { what: work.values.hide(&trouble.what), said };
            let not_done = work.not_done(&at);
            work.applied.stopped = Some(Stopped { at, trouble, not_done });
        }
    }
    let left = work.record.removed().keys().filter(|service| !purge.contains(service));
    work.applied.left = left.cloned().collect();
    Ok(work.applied)
}

impl Work<'_> {
    fn everything(&mut self, purge: &[String]) -> Result<(), Halt> {
        if self.how.until != Some(Phase::Ask) {
            removal::remove(self)?;
        }
        for phase in Phase::ALL {
            if self.how.until == Some(phase) {
                break;
            }
            self.phase(phase)?;
        }
        if let Some(until) = self.how.until {
            let rest = self.build.steps.iter().filter(|step| step.phase >= until && self.is_called_for(step));
            // What is found done already is not left; what cannot be looked at yet, or not from here, is.
            let is_done = |step: &&Step| {
                (self.machine.runs() || step.action.works_below_a_root())
                    && matches!(self.context().look(&step.action), Ok(Need::Nothing))
            };
            let left = rest.filter(|step| !is_done(step));
            let mut titles: Vec<String> = left.map(|step| step.action.title()).collect();
            titles.dedup();
            self.applied.waiting = titles;
            return Ok(());
        }
        for service in purge {
            purge::purge(self, service)?;
        }
        Ok(())
    }

    fn phase(&mut self, phase: Phase) -> Result<(), Halt> {
        self.saved.clear();
        let build = self.build;
        let accounts = self.machine.accounts()?;
        for (path, file) in build.files.iter().filter(|(_, file)| file.phase == phase) {
            self.file(path, file, &accounts)?;
        }
        let mut reloaded = false;
        for step in build.steps.iter().filter(|step| step.phase == phase) {
            // One reload reads every unit of the phase: all of its files are there.
            if reloaded && step.action == (Action::SystemUnitsReload {}) {
                if !self.record.called_for(step) {
                    continue;
                }
                self.record.note(Note::Begin(Box::new(step.clone())))?;
                self.record.note(Note::Done(step.id.clone()))?;
                continue;
            }
            let did = self.step(step)?;
            reloaded |= did && step.action == (Action::SystemUnitsReload {});
        }
        Ok(())
    }

    fn file(&mut self, path: &Utf8Path, file: &File, accounts: &Accounts) -> Result<(), Halt> {
        let ready = match Ready::of(file, &self.values, &self.record.key, accounts) {
            Ok(ready) => ready,
            // The user is made by a step that was only said, not done.
            Err(_) if self.how.pretend => {
                self.record.note(Note::Write(path.to_owned(), String::new()))?;
                self.wrote(path, true, false);
                return Ok(());
            }
            Err(what) => return Err(Halt::Trouble(path.to_string(), Trouble::of(what))),
        };
        let target = self.machine.path(path);
        let state = ready.state(&target)?;
        let digest = self.record.key.digest(&ready.bytes);
        if state == State::Same {
            // It is as it is to be, and nobody knows what was done about it: its steps are called for.
            if !self.record.owns(path) {
                self.record.note(Note::Write(path.to_owned(), digest))?;
            }
            return Ok(());
        }
        let there = fs::read(&target).ok();
        let edited = match (&there, self.record.written(path)) {
            (Some(there), Some(written)) => self.record.key.digest(there) != written,
            _ => false,
        };
        if file.phase == Phase::Proxy {
            self.save(path, &target)?;
        }
        self.record.note(Note::Write(path.to_owned(), digest))?;
        if !self.how.pretend {
            for made in files::make_parents(self.machine, path)? {
                self.record.note(Note::Directory(made))?;
            }
            ready.put(&target)?;
        }
        self.wrote(path, state == State::Absent, edited);
        Ok(())
    }

    fn wrote(&mut self, path: &Utf8Path, new: bool, edited: bool) {
        self.applied.files += 1;
        (self.say)(Event::Wrote { path: path.to_owned(), new, edited });
    }

    /// Remembers a file as it is, for as long as the phase lasts.
    fn save(&mut self, path: &Utf8Path, target: &Utf8Path) -> Result<(), Halt> {
        let before = super::act::text_of(target).map_err(|trouble| Halt::Trouble(path.to_string(), trouble))?;
        let (real, ready) = before.map_or((target.to_owned(), None), |(real, _, ready)| (real, Some(ready)));
        self.saved.push((path.to_owned(), real, ready));
        Ok(())
    }

    /// Puts the files of the phase back as they were: a server that is started anew must find what it has accepted.
    fn take_back(&mut self) -> Result<(), Halt> {
        for (path, target, before) in std::mem::take(&mut self.saved) {
            match before {
                Some(ready) => {
                    if self.record.owns(&path) {
                        let digest = self.record.key.digest(&ready.bytes);
                        self.record.note(Note::Write(path.clone(), digest))?;
                    }
                    ready.put(&target)?;
                }
                None => {
                    self.record.note(Note::Remove(path.clone()))?;
                    let _ = fs::remove_file(&target);
                    self.record.note(Note::Removed(path.clone()))?;
                }
            }
            if self.build.files.contains_key(&path) {
                self.applied.files = self.applied.files.saturating_sub(1);
            }
            (self.say)(Event::Undid(format!("{path} as it was")));
        }
        Ok(())
    }

    /// Does a step if it is to be done, and says whether it was.
    fn step(&mut self, step: &Step) -> Result<bool, Halt> {
        if !self.is_called_for(step) {
            return Ok(false);
        }
        let title = step.action.title();
        if !self.machine.runs() && !step.action.works_below_a_root() {
            if !self.applied.waiting.contains(&title) {
                self.applied.waiting.push(title);
            }
            return Ok(false);
        }
        let halt = |trouble: Trouble| Halt::Trouble(step.action.title(), trouble);
        // A file of users or directories that changed is read, whatever is there.
        let reads = matches!(step.action, Action::Sysusers { .. } | Action::Tmpfiles { .. });
        let all = reads && (self.how.all_steps || self.record.called_for(step));
        let need = match self.context().look(&step.action) {
            Ok(_) if all => Need::All,
            Ok(need) => need,
            // What it looks at is made by a step that was only said, not done.
            Err(_) if self.how.pretend => Need::All,
            Err(trouble) => return Err(halt(trouble)),
        };
        if let Need::Nothing = need {
            if !Context::looks(step) {
                self.record.note(Note::Begin(Box::new(step.clone())))?;
                self.record.note(Note::Done(step.id.clone()))?;
            }
            return Ok(false);
        }
        self.record.note(Note::Begin(Box::new(step.clone())))?;
        if let Action::PodmanSecret { secret, .. } = &step.action {
            self.record.note(Note::Secret(secret.clone()))?;
        }
        if let Action::Block { source, .. } = &step.action {
            self.record.note(Note::Touch(source.clone()))?;
        }
        if !self.how.pretend {
            if let (Need::Replace(real, ready), Action::Block { file, .. }) = (&need, &step.action) {
                if step.phase == Phase::Proxy {
                    self.save(file, real)?;
                }
                ready.put(real)?;
            }
            if matches!(step.action, Action::Pull { .. } | Action::Command { .. } | Action::ContainerCommand { .. }) {
                (self.say)(Event::Begins(title.clone()));
            }
            let context = Context { machine: self.machine, build: self.build, values: &self.values, key: &self.record.key };
            let say = &mut *self.say;
            let acted = context.act(&step.action, &mut |what| say(Event::Waits(what.to_owned())));
            if let Err(trouble) = acted {
                if matches!(step.action, Action::CaddyValidate { .. }) {
                    self.take_back()?;
                }
                return Err(halt(trouble));
            }
        }
        self.record.note(Note::Done(step.id.clone()))?;
        self.restarted(step)?;
        self.applied.steps += 1;
        (self.say)(Event::Did(title));
        Ok(true)
    }

    /// A restart of a pod is one of its containers, too.
    fn restarted(&mut self, step: &Step) -> Result<(), Halt> {
        let Action::UserUnitRestart { user, unit, wait_for, .. } = &step.action else { return Ok(()) };
        let build = self.build;
        for other in &build.steps {
            let covered = match &other.action {
                Action::UserUnitRestart { user: whose, unit: that, .. } => {
                    whose == user && other.id != step.id && wait_for.contains(that)
                }
                _ => false,
            };
            if covered {
                self.covered.insert(other.id.clone());
                self.record.note(Note::Begin(Box::new(other.clone())))?;
                self.record.note(Note::Done(other.id.clone()))?;
            }
        }
        for restarted in std::iter::once(unit).chain(wait_for.iter().filter(|other| *other != unit)) {
            self.record.note(Note::Restart(user.clone(), restarted.clone()))?;
        }
        Ok(())
    }

    /// Whether a step is to be looked at: something calls for it, or it looks itself.
    fn is_called_for(&self, step: &Step) -> bool {
        if matches!(step.action, Action::Identity { .. } | Action::Version { .. } | Action::Port { .. }) {
            return false;
        }
        if self.covered.contains(&step.id) {
            return self.record.called_for(step);
        }
        if self.how.all_steps || self.record.called_for(step) || Context::looks(step) {
            return true;
        }
        let Action::UserUnitRestart { user, unit, .. } = &step.action else { return false };
        self.machine.runs() && !self.context().are_active(user, std::slice::from_ref(unit)).unwrap_or(false)
    }

    pub(super) fn context(&self) -> Context<'_> {
        Context { machine: self.machine, build: self.build, values: &self.values, key: &self.record.key }
    }

    /// What was called for and comes after the step that failed.
    fn not_done(&self, at: &str) -> Vec<String> {
        let failed = self.build.steps.iter().position(|step| step.action.title() == at);
        let from = failed.map_or(0, |failed| failed + 1);
        let called = |step: &&Step| {
            !Context::looks(step)
                && !matches!(step.action, Action::Identity { .. } | Action::Version { .. } | Action::Port { .. })
                && self.record.called_for(step)
        };
        self.build.steps[from..].iter().filter(called).map(|step| step.action.title()).collect()
    }
}
