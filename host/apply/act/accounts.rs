//! Users, their subordinate ids, and directories.

use std::fs;
use std::os::unix::fs::MetadataExt;

use camino::Utf8Path;

use super::Context;
use crate::apply::command::{Trouble, run};
use crate::apply::machine::described;
use crate::write::replace;

/// Whose ranges these are: <https://man7.org/linux/man-pages/man5/subuid.5.html>
pub const SUBORDINATE: [&str; 2] = ["/etc/subuid", "/etc/subgid"];

impl Context<'_> {
    pub(super) fn sysusers(&self, file: &Utf8Path) -> Result<(), Trouble> {
        run(&["systemd-sysusers", &self.root_argument(), self.machine.path(file).as_str()]).done().map(drop)
    }

    /// Those of the other root are asked who a name is; the files are given as rick finds them.
    pub(super) fn tmpfiles(&self, file: &Utf8Path) -> Result<(), Trouble> {
        let ended = run(&["systemd-tmpfiles", "--create", &self.root_argument(), self.machine.path(file).as_str()]).ended()?;
        // 65: a line was not understood, 73: something could not be made; the rest is done all the same.
        if ended.succeeded() { Ok(()) } else { Err(ended.trouble("`systemd-tmpfiles` did not make all of it")) }
    }

    /// Whether a user of the file is not there.
    pub(super) fn lacks_users(&self, file: &Utf8Path) -> Result<bool, Trouble> {
        let text = String::from_utf8_lossy(&self.contents(file)?).into_owned();
        let accounts = self.machine.accounts().map_err(|error| Trouble::of(error.to_string()))?;
        let missing = |line: &str| {
            let mut fields = line.split_whitespace();
            match (fields.next(), fields.next()) {
                (Some("u"), Some(user)) => accounts.user(user).is_none(),
                (Some("g"), Some(group)) => accounts.group(group).is_none(),
                (Some("m"), Some(user)) => fields.next().is_some_and(|group| !accounts.supplementary(user).contains(&group)),
                _ => false,
            }
        };
        Ok(text.lines().any(missing))
    }

    /// Whether something of the file is not there, or is somebody else's. A path in quotes is left to systemd-tmpfiles.
    pub(super) fn lacks_directories(&self, file: &Utf8Path) -> Result<bool, Trouble> {
        let text = String::from_utf8_lossy(&self.contents(file)?).into_owned();
        let accounts = self.machine.accounts().map_err(|error| Trouble::of(error.to_string()))?;
        let lacks = |line: &str| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let [kind @ ("d" | "f"), path, mode, owner, group, ..] = fields[..] else { return false };
            if path.contains(['"', '\\', '%']) {
                return false;
            }
            let Ok(metadata) = fs::metadata(self.machine.path(Utf8Path::new(path))) else { return true };
            // What is in a file that is there is left as it is, and so are its owner and mode.
            kind == "d" && described(&metadata, &accounts) != format!("{mode:0>4} {owner}:{group}")
        };
        Ok(text.lines().any(lacks))
    }

    fn root_argument(&self) -> String {
        format!("--root={}", self.machine.root())
    }

    pub(super) fn lacks_subordinate_ids(&self, user: &str, first: u32, count: u32) -> Result<bool, Trouble> {
        let line = format!("{user}:{first}:{count}");
        for path in SUBORDINATE {
            if !self.text(path)?.lines().any(|there| there == line) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(super) fn add_subordinate_ids(&self, user: &str, first: u32, count: u32) -> Result<(), Trouble> {
        let line = format!("{user}:{first}:{count}");
        for path in SUBORDINATE {
            let mut text = self.text(path)?;
            if text.lines().any(|there| there == line) {
                continue;
            }
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str(&line);
            text.push('\n');
            self.put_text(path, &text)?;
        }
        // A podman that has run already remembers the ranges that it had.
        if self.machine.runs()
            && let Ok(account) = self.user(user)
            && Utf8Path::new(&format!("/run/user/{}", account.uid)).is_dir()
            && account.home.is_dir()
        {
            run(&["podman", "system", "migrate"]).by(&account).done()?;
        }
        Ok(())
    }

    /// Takes a user's lines away.
    pub fn remove_subordinate_ids(&self, user: &str) -> Result<(), Trouble> {
        for path in SUBORDINATE {
            let text = self.text(path)?;
            let kept: String = text.split_inclusive('\n').filter(|line| line.split(':').next() != Some(user)).collect();
            if kept != text {
                self.put_text(path, &kept)?;
            }
        }
        Ok(())
    }

    fn text(&self, path: &str) -> Result<String, Trouble> {
        match fs::read_to_string(self.machine.path(Utf8Path::new(path))) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
            read => read.map_err(|error| Trouble::of(format!("`{path}` cannot be read: {error}"))),
        }
    }

    fn put_text(&self, path: &str, text: &str) -> Result<(), Trouble> {
        let file = self.machine.path(Utf8Path::new(path));
        let mode = fs::metadata(&file).map_or(0o644, |metadata| metadata.mode() & 0o7777);
        replace(&file, text.as_bytes(), mode).map_err(|error| Trouble::of(format!("`{path}` cannot be written: {error}")))
    }
}
