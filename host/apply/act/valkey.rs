//! Valkey, told to read its ACL file anew.

use camino::Utf8Path;

use super::Context;
use crate::apply::command::{Trouble, run};

impl Context<'_> {
    pub(super) fn acl_load(&self, socket: &Utf8Path, user: &str, secret: &str, unit: Option<&str>) -> Result<(), Trouble> {
        let password = self.values.get(secret).ok_or_else(|| Trouble::of(format!("nobody has given the secret {secret}")))?;
        let ended = run(&["valkey-cli", "-s", socket.as_str(), "--user", user, "--no-auth-warning", "ACL", "LOAD"])
            // valkey-cli 8.1 does not look at VALKEYCLI_AUTH: <https://github.com/valkey-io/valkey/blob/8.1/src/valkey-cli.c>
            .with("REDISCLI_AUTH", password.expose())
            .ended()?;
        // Its exit code is 0 where the server refused.
        if ended.out.lines().last() == Some("OK") {
            return Ok(());
        }
        let said = format!("{}\n{}", ended.out, ended.err);
        match unit {
            // The file has a new password for rick, and the server the old one: it reads the file when it starts.
            Some(unit) if said.contains("WRONGPASS") || said.contains("NOAUTH") => {
                run(&["systemctl", "restart", unit]).done().map(drop)
            }
            _ => Err(ended.trouble(format!("the Valkey at `{socket}` refuses its ACL file, and keeps what it had"))),
        }
    }
}
