//! A user's podman: its secrets, images, and commands inside its containers.

use super::Context;
use crate::apply::command::{Ended, Trouble, run};
use crate::apply::machine::User;
use crate::secrets::Value;

/// The label with the keyed digest of a secret's value.
const LABEL: &str = "rick";
/// An image may be large and a registry slow, in seconds.
const PULL: u32 = 3600;
/// A command may be an installation, in seconds.
const COMMAND: u32 = 1800;

impl Context<'_> {
    fn secret_value(&self, secret: &str, encode: &[String]) -> Result<(Value, String), Trouble> {
        let value = self.values.encoded(secret, encode, self.key);
        let value = value.map_err(|reason| Trouble::of(format!("the secret {secret} cannot be used: {reason}")))?;
        let digest = self.key.digest(value.expose().as_bytes());
        Ok((value, digest))
    }

    pub(super) fn secret_differs(&self, user: &str, name: &str, secret: &str, encode: &[String]) -> Result<bool, Trouble> {
        let user = self.user(user)?;
        let (_, digest) = self.secret_value(secret, encode)?;
        let format = format!("{{{{index .Spec.Labels \"{LABEL}\"}}}}");
        let ended = run(&["podman", "secret", "inspect", "--format", &format, name]).by(&user).ended()?;
        Ok(!ended.succeeded() || ended.out.trim() != digest)
    }

    /// Puts a secret into a store, by a pipe: an argument could be seen, and podman takes no file that it cannot open itself.
    pub(super) fn put_secret(&self, user: &str, name: &str, secret: &str, encode: &[String]) -> Result<(), Trouble> {
        let user = self.user(user)?;
        let (value, digest) = self.secret_value(secret, encode)?;
        // `--replace` is not in every podman that rick writes for.
        remove_secret(&user, name)?;
        let label = format!("{LABEL}={digest}");
        let ended = run(&["podman", "secret", "create", "--label", &label, name, "-"])
            .by(&user)
            .reading(value.expose().as_bytes())
            .ended()?;
        if ended.succeeded() { Ok(()) } else { Err(ended.trouble(format!("podman does not take the secret {name}"))) }
    }

    pub(super) fn has_image(&self, user: &str, image: &str) -> Result<bool, Trouble> {
        let user = self.user(user)?;
        let ended = run(&["podman", "image", "exists", image]).by(&user).ended()?;
        match ended.code {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => Err(ended.trouble("podman does not say whether it has an image")),
        }
    }

    pub(super) fn pull(&self, user: &str, image: &str) -> Result<(), Trouble> {
        let account = self.user(user)?;
        let ended = run(&["podman", "pull", "--quiet", image]).by(&account).within(PULL).ended()?;
        if ended.succeeded() {
            return Ok(());
        }
        let mut trouble = ended.trouble(format!("`{image}` cannot be pulled for `{user}`"));
        trouble.said.push(format!(
            "where no registry has it or none can be reached: `rick apply --until images`, `podman load` it as `{user}`, and go on"
        ));
        Err(trouble)
    }

    /// Runs a command inside a container, however it ends.
    pub(super) fn inside(&self, user: &str, container: &str, r#as: Option<&str>, command: &[String]) -> Result<Ended, Trouble> {
        let user = self.user(user)?;
        let mut run = run(&["podman", "exec"]);
        if let Some(whom) = r#as {
            run = run.words(["--user", whom]);
        }
        run.words([container]).words(command.iter().map(String::as_str)).by(&user).within(COMMAND).ended()
    }

    pub(super) fn command_inside(
        &self,
        user: &str,
        container: &str,
        r#as: Option<&str>,
        command: &[String],
    ) -> Result<(), Trouble> {
        let ended = self.inside(user, container, r#as, command)?;
        if ended.succeeded() {
            return Ok(());
        }
        let code = ended.code.map_or_else(|| "by a signal".to_owned(), |code| format!("with {code}"));
        Err(ended.trouble(format!("the command in `{container}` ended {code}")))
    }
}

/// Takes a secret out of a user's store; one that is not there is no trouble.
pub fn remove_secret(user: &User, name: &str) -> Result<(), Trouble> {
    if run(&["podman", "secret", "inspect", name]).by(user).ended()?.succeeded() {
        run(&["podman", "secret", "rm", name]).by(user).done()?;
    }
    Ok(())
}
