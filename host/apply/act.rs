//! What each kind of step does: whether it is needed, and then the thing itself. One file for each system.

mod accounts;
mod block;
mod caddy;
mod command;
mod podman;
mod sql;
mod systemd;
mod valkey;

pub use block::{text_of, without_block};
pub use podman::remove_secret;
pub use systemd::{linger_file, stop_manager, stop_units, unit_states};

use super::action::{Action, Step};
use super::build::Build;
use super::command::{Trouble, run};
use super::files::Ready;
use super::machine::{Machine, User};
use crate::secrets::{Key, Values};
use camino::Utf8PathBuf;

/// What steps work with.
pub struct Context<'a> {
    /// The machine.
    pub machine: &'a Machine,
    /// What is built for it.
    pub build: &'a Build,
    /// The secrets.
    pub values: &'a Values,
    /// The machine's key.
    pub key: &'a Key,
}

/// What a step has to do, as it finds the machine.
pub enum Need {
    /// It is done already.
    Nothing,
    /// It is to be done.
    All,
    /// A file that is not rick's is to be this.
    Replace(Utf8PathBuf, Ready),
}

impl Context<'_> {
    /// A user of the machine, who must be there by now.
    pub fn user(&self, name: &str) -> Result<User, Trouble> {
        let accounts = self.machine.accounts().map_err(|error| Trouble::of(error.to_string()))?;
        accounts.user(name).cloned().ok_or_else(|| Trouble::of(format!("there is no user `{name}` on this machine")))
    }

    /// Whether a step looks itself whether it is needed, whatever has changed.
    pub fn looks(step: &Step) -> bool {
        match &step.action {
            Action::SubordinateIds { .. }
            | Action::Block { .. }
            | Action::Sysusers { .. }
            | Action::Tmpfiles { .. }
            | Action::UserManager { .. }
            | Action::PodmanSecret { .. }
            | Action::Pull { .. } => true,
            Action::Command { unless, .. } | Action::ContainerCommand { unless, .. } => {
                unless.is_some() && step.changed.is_empty()
            }
            _ => false,
        }
    }

    /// What a step that is called for, or that looks itself, has to do.
    pub fn look(&self, action: &Action) -> Result<Need, Trouble> {
        let needed = match action {
            Action::Identity { .. } | Action::Version { .. } | Action::Port { .. } => false,
            Action::SubordinateIds { user, first, count } => self.lacks_subordinate_ids(user, *first, *count)?,
            Action::Sysusers { file } => self.lacks_users(file)?,
            Action::Tmpfiles { file } => self.lacks_directories(file)?,
            Action::Block { file, source, marker, position } => return self.look_at_block(file, source, marker, *position),
            Action::UserManager { user, groups, .. } => self.manager_is_wanted(user, groups)?,
            Action::PodmanSecret { user, name, secret, encode, .. } => self.secret_differs(user, name, secret, encode)?,
            Action::Pull { user, image, .. } => !self.has_image(user, image)?,
            Action::ContainerCommand { user, container, r#as, unless: Some(unless), .. } => {
                !self.inside(user, container, r#as.as_deref(), unless)?.succeeded()
            }
            Action::Command { r#as, unless: Some(unless), .. } => !self.as_somebody(r#as, unless)?.succeeded(),
            _ => true,
        };
        Ok(if needed { Need::All } else { Need::Nothing })
    }

    /// Does it. `waits` is told what is waited for.
    pub fn act(&self, action: &Action, waits: &mut dyn FnMut(&str)) -> Result<(), Trouble> {
        match action {
            Action::Identity { .. } | Action::Version { .. } | Action::Port { .. } => Ok(()),
            // What is to be there has been worked out by `look`.
            Action::Block { .. } => Ok(()),
            Action::Sysusers { file } => self.sysusers(file),
            Action::SubordinateIds { user, first, count } => self.add_subordinate_ids(user, *first, *count),
            Action::Tmpfiles { file } => self.tmpfiles(file),
            Action::Sql { file, database, r#as, .. } => self.psql(&self.contents(file)?, database, r#as),
            Action::SystemUnitsReload {} => run(&["systemctl", "daemon-reload"]).done().map(drop),
            Action::SystemUnit { unit, action, .. } => systemd::system_unit(unit, *action),
            Action::UserManager { user, uid, .. } => self.start_manager(user, *uid),
            Action::PodmanSecret { user, name, secret, encode, .. } => self.put_secret(user, name, secret, encode),
            Action::UserUnits { user, units, .. } => self.reload_user_units(user, units),
            Action::Pull { user, image, .. } => self.pull(user, image),
            Action::UserUnitRestart { user, unit, wait_for, .. } => self.restart_user_unit(user, unit, wait_for, waits),
            Action::ValkeyAclLoad { socket, user, secret, unit } => self.acl_load(socket, user, secret, unit.as_deref()),
            Action::CaddyValidate { file } => self.caddy_validate(file),
            Action::Command { r#as, command, .. } => self.command_as(r#as, command),
            Action::ContainerCommand { user, container, r#as, command, .. } => {
                self.command_inside(user, container, r#as.as_deref(), command)
            }
        }
    }

    /// What a step that is to be undone asks of a database, or what its purge does.
    pub fn sql(&self, action: &Action, script: &str) -> Result<(), Trouble> {
        let Action::Sql { database, r#as, .. } = action else { return Ok(()) };
        self.psql(script.as_bytes(), database, r#as)
    }

    /// A file of the build with its secrets in it.
    fn contents(&self, file: &camino::Utf8Path) -> Result<Vec<u8>, Trouble> {
        let built = self.build.files.get(file).ok_or_else(|| Trouble::of(format!("the build has no `{file}`")))?;
        super::files::filled(built, self.values, self.key)
            .map_err(|(name, reason)| Trouble::of(format!("the secret {name} cannot be put into `{file}`: {reason}")))
    }
}
