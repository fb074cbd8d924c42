//! The files of a build on a machine: compared, and put in place by a temporary name and a rename.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, fchown};

use camino::{Utf8Path, Utf8PathBuf};

use super::build::File;
use super::machine::{Accounts, Machine};
use crate::error::Error;
use crate::secrets::{Key, Values};

/// Prefix of a file that is not in place yet. With a dot, since those who read all files of a folder leave such names alone.
const NEW: &str = ".rick-new-";

/// How a file is, against how it is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// There is none.
    Absent,
    /// It is as it is to be.
    Same,
    /// It differs.
    Differs,
}

/// A file with its secrets in it, and whose it is, as numbers.
pub struct Ready {
    /// Every byte.
    pub bytes: Vec<u8>,
    /// Permission bits.
    pub mode: u32,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
}

/// Puts the values where the marks are. The name of the secret that cannot be written there, and why not, else.
pub fn filled(file: &File, values: &Values, key: &Key) -> Result<Vec<u8>, (String, String)> {
    let mut bytes = Vec::with_capacity(file.text.len());
    let mut end = 0;
    for placed in &file.secrets {
        let value = values.encoded(&placed.name, &placed.encode, key).map_err(|reason| (placed.name.clone(), reason))?;
        bytes.extend_from_slice(&file.text[end..placed.offset]);
        bytes.extend_from_slice(value.expose().as_bytes());
        end = placed.offset + placed.length;
    }
    bytes.extend_from_slice(&file.text[end..]);
    Ok(bytes)
}

impl Ready {
    /// A file for a machine where its owner and group are known.
    pub fn of(file: &File, values: &Values, key: &Key, accounts: &Accounts) -> Result<Self, String> {
        let bytes =
            filled(file, values, key).map_err(|(name, reason)| format!("the secret {name} cannot be put in: {reason}"))?;
        let uid = accounts.user(&file.owner).map(|user| user.uid);
        let uid = uid.ok_or_else(|| format!("there is no user `{}` on this machine", file.owner))?;
        let gid = accounts.group(&file.group);
        let gid = gid.ok_or_else(|| format!("there is no group `{}` on this machine", file.group))?;
        Ok(Self { bytes, mode: file.mode, uid, gid })
    }

    /// What is there.
    pub fn state(&self, path: &Utf8Path) -> Result<State, Error> {
        let metadata = match fs::symlink_metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(State::Absent),
            Err(error) => return Err(Error::file("look at", path)(error)),
        };
        if !metadata.is_file() {
            return Ok(State::Differs);
        }
        let as_it_is = metadata.mode() & 0o7777 == self.mode && metadata.uid() == self.uid && metadata.gid() == self.gid;
        if !as_it_is || metadata.len() != self.bytes.len() as u64 {
            return Ok(State::Differs);
        }
        let bytes = fs::read(path).map_err(Error::file("read", path))?;
        Ok(if bytes == self.bytes { State::Same } else { State::Differs })
    }

    /// Puts it in place. Nobody sees it before it is whole, with its owner and mode.
    pub fn put(&self, path: &Utf8Path) -> Result<(), Error> {
        let folder = path.parent().unwrap_or(Utf8Path::new("/"));
        let put = || -> io::Result<()> {
            let mut file =
                tempfile::Builder::new().prefix(NEW).permissions(fs::Permissions::from_mode(0o600)).tempfile_in(folder)?;
            file.write_all(&self.bytes)?;
            fchown(file.as_file(), Some(self.uid), Some(self.gid))?;
            // After the owner, whose change takes away bits.
            file.as_file().set_permissions(fs::Permissions::from_mode(self.mode))?;
            file.as_file().sync_all()?;
            file.persist(path).map_err(|error| error.error)?;
            Ok(())
        };
        put().map_err(Error::file("write", path))
    }
}

/// Makes the folders above a path that are missing, root's and for everybody to enter, whatever the umask; gives what it made.
/// What is there already is left as it is. Below another root no link may lead out of it.
pub fn make_parents(machine: &Machine, path: &Utf8Path) -> Result<Vec<Utf8PathBuf>, Error> {
    let missing: Vec<&Utf8Path> = path.ancestors().skip(1).take_while(|parent| !machine.path(parent).is_dir()).collect();
    let nearest = machine.path(path.ancestors().nth(missing.len() + 1).unwrap_or(Utf8Path::new("/")));
    let real = nearest.canonicalize_utf8().map_err(Error::file("find", &nearest))?;
    if !real.starts_with(machine.root()) {
        let root = machine.root();
        return Err(Error::Usage(format!("`{nearest}` leads to `{real}`, outside of `{root}`; nothing was written there")));
    }
    for parent in missing.iter().rev() {
        let folder = machine.path(parent);
        let made = fs::DirBuilder::new().mode(0o755).create(&folder);
        made.and_then(|()| fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)))
            .map_err(Error::file("make", &folder))?;
    }
    Ok(missing.into_iter().map(Utf8Path::to_owned).collect())
}

/// Takes away what an apply that was killed left in a folder that it was writing to.
pub fn remove_left_over(folder: &Utf8Path) {
    for entry in folder.read_dir_utf8().into_iter().flatten().flatten() {
        if entry.file_name().starts_with(NEW) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Removes a file, and the folders above it that are empty then and rick's: those that it made, and all below /etc/rick.
pub fn remove(machine: &Machine, path: &Utf8Path, made: impl Fn(&Utf8Path) -> bool) -> Result<(), Error> {
    let file = machine.path(path);
    match fs::remove_file(&file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Error::file("remove", file)(error)),
        _ => {}
    }
    for parent in path.ancestors().skip(1) {
        let ricks = made(parent) || (parent.starts_with("/etc/rick") && parent != "/etc/rick");
        if !ricks || fs::remove_dir(machine.path(parent)).is_err() {
            break;
        }
    }
    Ok(())
}
