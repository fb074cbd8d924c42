//! A user's podman: its secrets, images, and commands inside its containers.

use std::fs;
use std::os::unix::fs::MetadataExt;

use super::Context;
use crate::apply::command::{Ended, Run, Trouble, run};
use crate::apply::machine::User;
use crate::secrets::Value;

/// The label with the keyed digest of a secret's value.
const LABEL: &str = "rick";
/// An image may be large and a registry slow, in seconds.
const PULL: u32 = 3600;
/// A command may be an installation, in seconds.
const COMMAND: u32 = 1800;

/// A podman of a user's.
///
/// podman keeps the number of a process that holds its user namespace. Where podman was killed just as it made that process, the
/// number is of nobody, and each podman after it fails: "cannot re-exec process to join the existing user namespace".
fn podman<'a>(user: &'a User, words: &[&str]) -> Run<'a> {
    let file = format!("/run/user/{}/libpod/tmp/pause.pid", user.uid);
    if let Some(process) = fs::read_to_string(&file).ok().and_then(|text| text.trim().parse::<u32>().ok()) {
        let owner = fs::metadata(format!("/proc/{process}")).map(|metadata| metadata.uid());
        if owner.ok() != Some(user.uid) {
            let _ = fs::remove_file(&file);
        }
    }
    run(&["podman"]).words(words.iter().copied()).by(user)
}

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
        let ended = podman(&user, &["secret", "inspect", "--format", &format, name]).ended()?;
        Ok(!ended.succeeded() || ended.out.trim() != digest)
    }

    /// Puts a secret into a store, by a pipe: an argument could be seen, and podman takes no file that it cannot open itself.
    pub(super) fn put_secret(&self, user: &str, name: &str, secret: &str, encode: &[String]) -> Result<(), Trouble> {
        let user = self.user(user)?;
        let (value, digest) = self.secret_value(secret, encode)?;
        // `--replace` is not in every podman that rick writes for.
        remove_secret(&user, name)?;
        let label = format!("{LABEL}={digest}");
        let create = podman(&user, &["secret", "create", "--label", &label, name, "-"]);
        let ended = create.reading(value.expose().as_bytes()).ended()?;
        if ended.succeeded() { Ok(()) } else { Err(ended.trouble(format!("podman does not take the secret {name}"))) }
    }

    pub(super) fn has_image(&self, user: &str, image: &str) -> Result<bool, Trouble> {
        let user = self.user(user)?;
        let ended = podman(&user, &["image", "exists", image]).ended()?;
        match ended.code {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => Err(ended.trouble("podman does not say whether it has an image")),
        }
    }

    pub(super) fn pull(&self, user: &str, image: &str) -> Result<(), Trouble> {
        let account = self.user(user)?;
        let ended = podman(&account, &["pull", "--quiet", image]).within(PULL).ended()?;
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
        let mut run = podman(&user, &["exec"]);
        if let Some(whom) = r#as {
            run = run.words(["--user", whom]);
        }
        run.words([container]).words(command.iter().map(String::as_str)).within(COMMAND).ended()
    }

    /// Runs a command inside a container; anything but success is trouble.
    pub fn command_inside(&self, user: &str, container: &str, r#as: Option<&str>, command: &[String]) -> Result<(), Trouble> {
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
    if podman(user, &["secret", "inspect", name]).ended()?.succeeded() {
        podman(user, &["secret", "rm", name]).done()?;
    }
    Ok(())
}
