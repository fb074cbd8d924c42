//! What rick knows of a machine from before: `/var/lib/rick/state.json`, and the journal of an apply that is not finished.
//!
//! The journal has a line for each thing that is about to be done or was done, and is written before the thing itself. Whether
//! a step is called for is judged by it, not by comparing files: an apply that was killed between a file and the restart that
//! the file calls for would find the file as it should be, and never restart.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::action::{Action, Step};
use super::machine::Machine;
use crate::error::Error;
use crate::secrets::Key;
use crate::write::replace;

/// Where it is kept on the machine.
pub const DIRECTORY: &str = "/var/lib/rick";
const STATE: &str = "state.json";
const JOURNAL: &str = "journal";
const KEY: &str = "key";
/// Of `state.json`.
const VERSION: u32 = 1;

/// What is known of a machine.
pub struct Record {
    directory: Utf8PathBuf,
    state: State,
    journal: Option<fs::File>,
    /// Nothing is written down: a dry run.
    pretend: bool,
    /// Its lock: two applies take turns.
    alone: Option<fs::File>,
    /// The key is on the disk.
    key_is_kept: bool,
    /// The machine's key.
    pub key: Key,
    /// Whether an apply before this one was not finished.
    pub unfinished: bool,
    count: u64,
    wrote: BTreeMap<String, u64>,
    begun: BTreeMap<String, u64>,
    done: BTreeMap<String, u64>,
}

#[derive(Debug, Default, Clone, Serialize, Deserialize)]
struct State {
    version: u32,
    machine: String,
    /// Path and keyed digest of every file that rick wrote.
    files: BTreeMap<Utf8PathBuf, String>,
    /// Directories that rick made for them.
    directories: BTreeSet<Utf8PathBuf>,
    /// By id: the steps that were done.
    steps: BTreeMap<String, Step>,
    /// By service: the steps of those that were taken off the machine, whose data is still there.
    removed: BTreeMap<String, Vec<Step>>,
}

/// A line of the journal.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Note {
    /// This file is about to be written, with this keyed digest.
    Write(Utf8PathBuf, String),
    /// A file that is not rick's is about to change by a step of rick's with this source.
    Touch(Utf8PathBuf),
    /// This file is about to be removed.
    Remove(Utf8PathBuf),
    /// And is gone.
    Removed(Utf8PathBuf),
    /// This directory was made.
    Directory(Utf8PathBuf),
    /// This secret is about to change in a store.
    Secret(String),
    /// A unit is about to be restarted: its name after the user's.
    Restart(String, String),
    /// This step is about to be done.
    Begin(Box<Step>),
    /// And is done, or was found done.
    Done(String),
    /// What this step did is undone.
    Undone(String),
    /// The steps of a service that is taken off, for a purge.
    Left(String, Vec<Step>),
    /// Its data is gone.
    Purged(String),
}

impl Record {
    /// Reads what is known, and writes nothing. `pretend`: nothing is written later, either.
    pub fn open(machine: &Machine, pretend: bool) -> Result<Self, Error> {
        let directory = machine.path(Utf8Path::new(DIRECTORY));
        let alone = if pretend || !directory.exists() { None } else { Some(lock(&directory)?) };
        let state = match read(&directory.join(STATE))? {
            None => State { version: VERSION, ..State::default() },
            Some(text) => {
                let state: State = serde_json::from_str(&text).map_err(|error| {
                    Error::Usage(format!("`{}` cannot be read: {error}; nothing was done", directory.join(STATE)))
                })?;
                if state.version != VERSION {
                    return Err(Error::Usage(format!(
                        "`{}` is of version {}, and this rick knows {VERSION}; apply with the rick that wrote it",
                        directory.join(STATE),
                        state.version
                    )));
                }
                state
            }
        };
        let (key, key_is_kept) = key(&directory)?;
        let mut record = Self {
            directory: directory.clone(),
            state,
            journal: None,
            pretend,
            alone,
            key_is_kept,
            key,
            unfinished: false,
            count: 0,
            wrote: BTreeMap::new(),
            begun: BTreeMap::new(),
            done: BTreeMap::new(),
        };
        // The last line is in halves if the power went; what it said was not done then.
        for line in read(&directory.join(JOURNAL))?.unwrap_or_default().lines() {
            match serde_json::from_str(line) {
                Ok(note) => {
                    record.unfinished = true;
                    record.take(&note);
                }
                Err(_) if serde_json::from_str::<serde_json::Value>(line).is_ok() => {
                    let path = directory.join(JOURNAL);
                    return Err(Error::Usage(format!(
                        "`{path}` has a line that this rick does not know; go on with the rick that wrote it"
                    )));
                }
                Err(_) => {}
            }
        }
        Ok(record)
    }

    /// The machine's key, if one was kept.
    pub fn kept_key(&self) -> Option<&Key> {
        self.key_is_kept.then_some(&self.key)
    }

    /// From here on things are written down.
    pub fn begin(&mut self) -> Result<(), Error> {
        if self.pretend {
            return Ok(());
        }
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.directory);
        made.map_err(Error::file("make", &self.directory))?;
        if self.alone.is_none() {
            self.alone = Some(lock(&self.directory)?);
        }
        if !self.key_is_kept {
            write_private(&self.directory.join(KEY), &format!("{}\n", self.key.expose()))?;
            self.key_is_kept = true;
        }
        Ok(())
    }

    /// The machine that was applied before.
    pub fn machine(&self) -> Option<&str> {
        Some(self.state.machine.as_str()).filter(|machine| !machine.is_empty())
    }

    /// Whether rick wrote a file.
    pub fn owns(&self, path: &Utf8Path) -> bool {
        self.state.files.contains_key(path)
    }

    /// The keyed digest of what rick wrote.
    pub fn written(&self, path: &Utf8Path) -> Option<&str> {
        self.state.files.get(path).map(String::as_str)
    }

    /// Every file that rick wrote.
    pub fn files(&self) -> impl Iterator<Item = &Utf8PathBuf> {
        self.state.files.keys()
    }

    /// Whether rick made a directory.
    pub fn made(&self, path: &Utf8Path) -> bool {
        self.state.directories.contains(path)
    }

    /// The steps that were done before.
    pub fn steps(&self) -> impl DoubleEndedIterator<Item = &Step> {
        self.state.steps.values()
    }

    /// Services that were taken off and whose data is still there.
    pub fn removed(&self) -> &BTreeMap<String, Vec<Step>> {
        &self.state.removed
    }

    /// Whether a file or a secret changed after the step was done: by what it names now, and by what it named before.
    pub fn called_for(&self, step: &Step) -> bool {
        let before = self.state.steps.get(&step.id);
        let done = self.done.get(&step.id);
        let changed = step.changed.iter().chain(before.iter().flat_map(|before| &before.changed));
        let mut keys: BTreeSet<String> = changed.map(ToString::to_string).collect();
        if let Action::UserUnitRestart { secrets, .. } = &step.action {
            keys.extend(secrets.iter().map(|secret| secret_key(secret)));
        }
        if let Action::ContainerCommand { user, container, unless: None, .. } = &step.action
            && step.changed.is_empty()
        {
            keys.insert(unit_key(user, &format!("{container}.service")));
        }
        let again = keys.iter().any(|key| self.wrote.get(key) > done);
        let new = match before {
            // Also of files that were there: nobody knows what was done with them.
            None => true,
            // What is done about it depends on more than files.
            Some(before) => match &step.action {
                Action::Sysusers { .. }
                | Action::Tmpfiles { .. }
                | Action::Sql { .. }
                | Action::UserUnits { .. }
                | Action::Command { .. }
                | Action::ContainerCommand { .. }
                | Action::ValkeyAclLoad { .. } => before.action != step.action,
                _ => false,
            },
        };
        again || new || self.begun.get(&step.id) > done
    }

    /// Writes down what is about to be done, or was.
    pub fn note(&mut self, note: Note) -> Result<(), Error> {
        if !self.pretend {
            let path = self.directory.join(JOURNAL);
            let line = serde_json::to_string(&note).unwrap_or_default() + "\n";
            if self.journal.is_none() {
                let opened = fs::OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
                let mut journal = opened.map_err(Error::file("write", &path))?;
                // Half a line of an apply that was killed must not swallow this one.
                journal.write_all(b"\n").map_err(Error::file("write", &path))?;
                self.journal = Some(journal);
            }
            if let Some(journal) = &mut self.journal {
                let written = journal.write_all(line.as_bytes()).and_then(|()| journal.sync_data());
                written.map_err(Error::file("write", &path))?;
            }
        }
        self.take(&note);
        Ok(())
    }

    fn take(&mut self, note: &Note) {
        self.count += 1;
        let (count, state) = (self.count, &mut self.state);
        match note {
            Note::Write(path, digest) => {
                state.files.insert(path.clone(), digest.clone());
                self.wrote.insert(path.to_string(), count);
            }
            Note::Touch(path) | Note::Remove(path) => {
                self.wrote.insert(path.to_string(), count);
            }
            Note::Removed(path) => {
                state.files.remove(path);
            }
            Note::Directory(path) => {
                state.directories.insert(path.clone());
            }
            Note::Secret(name) => {
                self.wrote.insert(secret_key(name), count);
            }
            Note::Restart(user, unit) => {
                self.wrote.insert(unit_key(user, unit), count);
            }
            Note::Begin(step) => {
                // What it named before still calls for it until it is done.
                let mut step = step.clone();
                if let Some(before) = state.steps.get(&step.id) {
                    let more: Vec<Utf8PathBuf> =
                        before.changed.iter().filter(|path| !step.changed.contains(path)).cloned().collect();
                    step.changed.extend(more);
                }
                self.begun.insert(step.id.clone(), count);
                state.steps.insert(step.id.clone(), *step);
            }
            Note::Done(id) => {
                self.done.insert(id.clone(), count);
            }
            Note::Undone(id) => {
                state.steps.remove(id);
            }
            Note::Left(service, steps) => {
                let left = state.removed.entry(service.clone()).or_default();
                for step in steps {
                    left.retain(|other| other.id != step.id);
                    left.push(step.clone());
                }
            }
            Note::Purged(service) => {
                state.removed.remove(service);
            }
        }
    }

    /// All is done: what the machine is now is kept, and the journal is cleared.
    /// `built`: the services that are on it.
    pub fn finish(&mut self, machine: &str, steps: &[Step], built: &BTreeSet<&str>) -> Result<(), Error> {
        let kept: BTreeMap<String, Step> = steps.iter().map(|step| (step.id.clone(), step.clone())).collect();
        let changes = self.unfinished || self.count > 0 || self.state.steps != kept || self.state.machine != machine;
        self.state.steps = kept;
        self.state.machine = machine.to_owned();
        // A service that is back has nothing left over.
        self.state.removed.retain(|service, _| !built.contains(service.as_str()));
        if self.pretend || !changes {
            return Ok(());
        }
        self.save()?;
        let journal = self.directory.join(JOURNAL);
        self.journal = None;
        match fs::remove_file(&journal) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::file("remove", journal)(error)),
            _ => Ok(()),
        }
    }

    fn save(&self) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(&self.state).unwrap_or_default() + "\n";
        write_private(&self.directory.join(STATE), &text)
    }
}

fn secret_key(name: &str) -> String {
    format!("secret {name}")
}

fn unit_key(user: &str, unit: &str) -> String {
    format!("unit {user} {unit}")
}

fn read(path: &Utf8Path) -> Result<Option<String>, Error> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::file("read", path)(error)),
    }
}

fn write_private(path: &Utf8Path, text: &str) -> Result<(), Error> {
    replace(path, text.as_bytes(), 0o600).map_err(Error::file("write", path))
}

fn lock(directory: &Utf8Path) -> Result<fs::File, Error> {
    let folder = fs::File::open(directory).map_err(Error::file("open", directory))?;
    match rustix::fs::flock(&folder, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(folder),
        Err(rustix::io::Errno::WOULDBLOCK) => {
            Err(Error::Usage("another `rick apply` is at work on this machine; nothing was done".to_owned()))
        }
        Err(error) => Err(Error::file("lock", directory)(error.into())),
    }
}

/// The machine's key, and whether it was kept.
fn key(directory: &Utf8Path) -> Result<(Key, bool), Error> {
    let path = directory.join(KEY);
    let Some(text) = read(&path)? else { return Ok((Key::random().map_err(Error::Usage)?, false)) };
    let key = Key::kept(&text).ok_or_else(|| {
        Error::Usage(format!("`{path}` is no key of rick's; take it away, and all that is made of secrets is written anew"))
    })?;
    Ok((key, true))
}
