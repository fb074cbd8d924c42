//! Any command, as a user of the machine: only of plugins that were granted it.

use super::Context;
use crate::apply::command::{Ended, Trouble, run};

/// A command may be an installation, in seconds.
const SECONDS: u32 = 1800;

impl Context<'_> {
    /// Runs a command as a user, however it ends.
    pub(super) fn as_somebody(&self, user: &str, command: &[String]) -> Result<Ended, Trouble> {
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        if user == "root" {
            return run(&words).within(SECONDS).ended();
        }
        let user = self.user(user)?;
        run(&words).by(&user).within(SECONDS).ended()
    }

    /// Runs a command as a user; anything but success is trouble.
    pub fn command_as(&self, user: &str, command: &[String]) -> Result<(), Trouble> {
        let ended = self.as_somebody(user, command)?;
        if ended.succeeded() {
            return Ok(());
        }
        let code = ended.code.map_or_else(|| "by a signal".to_owned(), |code| format!("with {code}"));
        Err(ended.trouble(format!("the command `{}` ended {code}", command.join(" "))))
    }
}
