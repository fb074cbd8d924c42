//! The sixth stage: the files of a build against what is in the output folder.

pub mod index;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};

use crate::diagnostic::Sink;
use crate::error::Error;
use crate::judge::Judged;
use index::Index;

/// What a build would do. Made by [`plan`] alone, and only of a deployment without errors.
#[non_exhaustive]
pub struct Plan {
    /// The output folder.
    pub output: Utf8PathBuf,
    /// By machine, in the order of their names.
    pub machines: Vec<MachinePlan>,
}

/// What a build would do to one machine's folder.
pub struct MachinePlan {
    /// Its name; also the folder's.
    pub machine: String,
    /// The services that run on it.
    pub services: usize,
    /// Every file of the folder that is rick's, by path below it.
    pub files: BTreeMap<Utf8PathBuf, Vec<u8>>,
    /// What changes, by path below `root/`, without the leading slash.
    pub changes: Vec<(Change, Utf8PathBuf)>,
    /// Files that rick wrote before: all others in the folder are somebody else's.
    pub owned: BTreeSet<Utf8PathBuf>,
    /// What stands beside the files differs: a step, a check, a reason.
    pub reports_differ: bool,
    /// How many secrets it needs.
    pub secrets: usize,
    /// How many steps it has.
    pub steps: usize,
}

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It is not there yet.
    Create,
    /// It is there and differs.
    Update,
    /// rick wrote it and no longer builds it.
    Delete,
    /// It is there as it should be.
    Unchanged,
}

impl MachinePlan {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        !self.reports_differ && self.changes.iter().all(|(change, _)| *change == Change::Unchanged)
    }

    /// How many files have a change.
    pub fn count(&self, change: Change) -> usize {
        self.changes.iter().filter(|(other, _)| *other == change).count()
    }
}

/// Compares. `None` where there are errors: then nothing may be written. A file of somebody else's where rick wants to write
/// is an error of the program's surroundings.
pub fn plan(judged: &Judged<'_>, output: &Utf8Path, only: Option<&str>, sink: &Sink) -> Result<Option<Plan>, Error> {
    if sink.has_errors() {
        return Ok(None);
    }
    let project = judged.deployment().composition.project;
    let mut machines = Vec::new();
    for machine in project.machines.iter().filter(|machine| only.is_none_or(|only| only == *machine)) {
        let index = Index::new(judged.deployment(), machine);
        let services = project.manifests.iter().filter(|manifest| manifest.machine == *machine).count();
        machines.push(machine_plan(output, machine, services, Some(&index))?);
    }
    // A machine that is gone from rick.toml: what was built for it goes, too.
    if only.is_none() {
        for machine in built_machines(output)? {
            if !project.machines.contains(&machine) {
                machines.push(machine_plan(output, &machine, 0, None)?);
            }
        }
    }
    machines.sort_by(|left, right| left.machine.cmp(&right.machine));
    Ok(Some(Plan { output: output.to_owned(), machines }))
}

/// The machines that the output folder has a build of.
fn built_machines(output: &Utf8Path) -> Result<Vec<String>, Error> {
    let mut machines = Vec::new();
    if output.is_dir() {
        for entry in output.read_dir_utf8().map_err(Error::file("list", output))? {
            let entry = entry.map_err(Error::file("list", output))?;
            if !entry.file_name().starts_with('.') && entry.path().join(index::FILE).is_file() {
                machines.push(entry.file_name().to_owned());
            }
        }
    }
    machines.sort();
    Ok(machines)
}

fn machine_plan(output: &Utf8Path, machine: &str, services: usize, index: Option<&Index>) -> Result<MachinePlan, Error> {
    let folder = output.join(machine);
    if fs::symlink_metadata(&folder).is_ok_and(|metadata| !metadata.is_dir()) {
        return Err(foreign(&folder));
    }
    let before = Index::read_paths(&folder)?;
    let files = index.map(Index::files).unwrap_or_default();
    let (mut changes, mut reports_differ) = (Vec::new(), false);
    for (path, bytes) in &files {
        let target = folder.join(path);
        let there = match fs::symlink_metadata(&target) {
            Ok(metadata) if metadata.is_file() => Some(fs::read(&target).map_err(Error::file("read", &target))?),
            Ok(_) => return Err(foreign(&target)),
            Err(_) => None,
        };
        if there.is_some() && !before.contains(path) {
            return Err(foreign(&target));
        }
        let change = match there {
            None => Change::Create,
            Some(there) if there == *bytes => Change::Unchanged,
            Some(_) => Change::Update,
        };
        match path.strip_prefix(index::ROOT) {
            Ok(below) => changes.push((change, below.to_owned())),
            // rick's own files may differ where no artifact does: a step, a check, a line that moved.
            Err(_) => reports_differ |= change != Change::Unchanged,
        }
    }
    for path in before.iter().filter(|path| !files.contains_key(*path)) {
        match path.strip_prefix(index::ROOT) {
            Ok(below) => changes.push((Change::Delete, below.to_owned())),
            Err(_) => reports_differ = true,
        }
    }
    changes.sort_by(|(left_change, left), (right_change, right)| (left, left_change).cmp(&(right, right_change)));
    let (secrets, steps) = index.map_or((0, 0), |index| (index.secrets, index.steps));
    Ok(MachinePlan { machine: machine.to_owned(), services, files, changes, owned: before, reports_differ, secrets, steps })
}

fn foreign(path: &Utf8Path) -> Error {
    Error::Usage(format!(
        "`{path}` is there and rick did not write it; nothing was written. Move it away, or build elsewhere: `-o DIR`"
    ))
}
