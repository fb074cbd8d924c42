//! The last stage, and the only one that touches the disk.
//!
//! A machine's folder is replaced as a whole: the new one is made beside it, with files that are not rick's linked over as
//! they stand, and then the two change places in one call. Whoever looks sees the old build or the new one, never half.

use std::fs;
use std::io::{self, Write};

use camino::{Utf8Path, Utf8PathBuf};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::error::Error;
use crate::lock::{self, Lock};
use crate::plan::{MachinePlan, Plan};

/// Prefix of the folders that a build makes beside the old ones. One that is left over was interrupted.
const NEW: &str = ".rick-new-";

/// Carries a plan out: the lock first, since numbers that were handed out must not be lost, then each machine that changes.
pub fn write(plan: &Plan, root: &Utf8Path, lock: &Lock) -> Result<(), Error> {
    write_lock(root, lock)?;
    let _alone = if plan.output.exists() {
        let alone = lock_output(&plan.output)?;
        remove_left_over(&plan.output)?;
        Some(alone)
    } else {
        None
    };
    let changed: Vec<&MachinePlan> = plan.machines.iter().filter(|machine| !machine.is_empty()).collect();
    if changed.is_empty() {
        return Ok(());
    }
    fs::create_dir_all(&plan.output).map_err(Error::file("make", &plan.output))?;
    for machine in changed {
        write_machine(&plan.output, machine)?;
    }
    Ok(())
}

fn write_lock(root: &Utf8Path, lock: &Lock) -> Result<(), Error> {
    let path = root.join(lock::FILE);
    let text = lock.text();
    if fs::read_to_string(&path).is_ok_and(|before| before == text) {
        return Ok(());
    }
    replace(&path, text.as_bytes(), READABLE).map_err(Error::file("write", path))
}

/// The mode of what everybody may read.
pub const READABLE: u32 = 0o644;

/// Writes a file under a temporary name with this mode, and renames it.
pub fn replace(path: &Utf8Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let folder = path.parent().filter(|folder| !folder.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
    let mut file = tempfile::Builder::new().prefix(NEW).permissions(fs::Permissions::from_mode(mode)).tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Two builds into one folder take turns: neither clears away what the other is about to put in place.
fn lock_output(output: &Utf8Path) -> Result<fs::File, Error> {
    let folder = fs::File::open(output).map_err(Error::file("open", output))?;
    rustix::fs::flock(&folder, rustix::fs::FlockOperation::LockExclusive)
        .map_err(|error| Error::file("lock", output)(error.into()))?;
    Ok(folder)
}

fn remove_left_over(output: &Utf8Path) -> Result<(), Error> {
    for entry in output.read_dir_utf8().map_err(Error::file("list", output))? {
        let entry = entry.map_err(Error::file("list", output))?;
        if entry.file_name().starts_with(NEW) && entry.path().is_dir() {
            fs::remove_dir_all(entry.path()).map_err(Error::file("remove", entry.path()))?;
        }
    }
    Ok(())
}

fn write_machine(output: &Utf8Path, machine: &MachinePlan) -> Result<(), Error> {
    let target = output.join(&machine.machine);
    let staged = tempfile::Builder::new().prefix(NEW).tempdir_in(output).map_err(Error::file("write in", output))?;
    let new = Utf8PathBuf::try_from(staged.path().join(&machine.machine))
        .map_err(|error| Error::Usage(format!("`{}` is not UTF-8", error.into_path_buf().display())))?;
    fs::create_dir(&new).map_err(Error::file("make", &new))?;
    for (path, bytes) in &machine.files {
        let path = new.join(path);
        let folder = path.parent().unwrap_or(&new);
        fs::create_dir_all(folder).map_err(Error::file("make", folder))?;
        fs::write(&path, bytes).map_err(Error::file("write", &path))?;
    }
    let foreign = match fs::symlink_metadata(&target) {
        Ok(metadata) if metadata.is_dir() => carry_over(&target, &new, Utf8Path::new(""), machine)?,
        Ok(_) => return Err(Error::Usage(format!("`{target}` is no folder; nothing was written"))),
        Err(_) => 0,
    };
    if machine.files.is_empty() && foreign == 0 {
        // Nothing of anybody's is left: the folder goes, by way of a name that is removed with it.
        return fs::rename(&target, staged.path().join("old")).map_err(Error::file("remove", target));
    }
    exchange(&new, &target).map_err(Error::file("put in place", target))
}

/// Links what is not rick's into the new folder: the same file, not a copy. Gives how much there was.
fn carry_over(old: &Utf8Path, new: &Utf8Path, below: &Utf8Path, machine: &MachinePlan) -> Result<usize, Error> {
    let folder = old.join(below);
    let mut count = 0;
    for entry in folder.read_dir_utf8().map_err(Error::file("list", &folder))? {
        let entry = entry.map_err(Error::file("list", &folder))?;
        let path = below.join(entry.file_name());
        let kind = entry.file_type().map_err(Error::file("look at", entry.path()))?;
        if kind.is_dir() {
            let empty = fs::read_dir(entry.path()).map_err(Error::file("list", entry.path()))?.next().is_none();
            let inside = carry_over(old, new, &path, machine)?;
            let ricks = machine.owned.iter().any(|owned| owned.starts_with(&path));
            if inside > 0 || (empty && !ricks) {
                let target = new.join(&path);
                fs::create_dir_all(&target).map_err(Error::file("make", &target))?;
                let mode = fs::metadata(entry.path()).map_err(Error::file("look at", entry.path()))?.permissions();
                fs::set_permissions(&target, mode).map_err(Error::file("make", &target))?;
            }
            count += inside + usize::from(empty && !ricks);
        } else if !machine.owned.contains(&path) {
            let target = new.join(&path);
            let parent = target.parent().unwrap_or(new);
            fs::create_dir_all(parent).map_err(Error::file("make", parent))?;
            fs::hard_link(entry.path(), &target).map_err(Error::file("keep", entry.path()))?;
            count += 1;
        }
    }
    Ok(count)
}

/// Puts `new` where `target` is, and what was there where `new` was.
fn exchange(new: &Utf8Path, target: &Utf8Path) -> io::Result<()> {
    if !target.exists() {
        return fs::rename(new, target);
    }
    match renameat_with(CWD, new.as_std_path(), CWD, target.as_std_path(), RenameFlags::EXCHANGE) {
        Ok(()) => Ok(()),
        // A file system that cannot exchange: two renames, with a moment between them.
        Err(error) if [rustix::io::Errno::INVAL, rustix::io::Errno::NOSYS, rustix::io::Errno::NOTSUP].contains(&error) => {
            let aside = new.with_extension("old");
            fs::rename(target, &aside)?;
            fs::rename(new, target)
        }
        Err(error) => Err(error.into()),
    }
}
