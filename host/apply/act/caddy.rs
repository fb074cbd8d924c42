//! Caddy, asked about its configuration before it is told to use it.

use camino::Utf8Path;

use super::Context;
use crate::apply::command::{Trouble, run};

/// Whom Debian's package runs it as. Root would leave keys and logs that the server cannot open.
const USER: &str = "caddy";

impl Context<'_> {
    pub(super) fn caddy_validate(&self, file: &Utf8Path) -> Result<(), Trouble> {
        let accounts = self.machine.accounts().map_err(|error| Trouble::of(error.to_string()))?;
        let mut command = run(&["caddy", "validate", "--config", file.as_str(), "--adapter", "caddyfile"]);
        if let Some(user) = accounts.user(USER) {
            command = command.by(user);
        }
        let ended = command.ended()?;
        if ended.succeeded() { Ok(()) } else { Err(ended.trouble(format!("Caddy refuses `{file}`"))) }
    }
}
