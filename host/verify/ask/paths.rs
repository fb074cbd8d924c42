//! Files, directories and sockets.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixStream;

use camino::Utf8Path;
use percent_encoding::percent_decode_str;

use super::super::{Answer, Context};
use super::{accounts_of, fails, fails_so, user_of};
use crate::apply::build::File;
use crate::apply::files::filled;
use crate::apply::machine::{Accounts, User, described};
use crate::secrets::encode;

pub(super) fn directory(context: &Context<'_>, path: &Utf8Path, mode: &str, owner: &str, group: &str) -> Result<(), Answer> {
    let accounts = accounts_of(context)?;
    let metadata = fs::metadata(context.machine.path(path))
        .map_err(|error| fails_so(format!("`{path}`: {error}"), "`rick apply` makes it"))?;
    if !metadata.is_dir() {
        return Err(fails(format!("`{path}` is no directory")));
    }
    let there = described(&metadata, &accounts);
    if there == format!("{mode:0>4} {owner}:{group}") { Ok(()) } else { Err(fails(format!("it is {there}"))) }
}

/// What is wrong with a file of the build, if something is.
pub(super) fn file(context: &Context<'_>, accounts: &Accounts, path: &Utf8Path, file: &File) -> Result<(), String> {
    let there = context.machine.path(path);
    let metadata = fs::symlink_metadata(&there).map_err(|error| error.to_string())?;
    let (found, wanted) = (described(&metadata, accounts), format!("{:04o} {}:{}", file.mode, file.owner, file.group));
    if found != wanted {
        return Err(format!("it is {found}, and not {wanted}"));
    }
    let wanted = match context.key {
        _ if file.secrets.is_empty() => file.text.clone(),
        // A secret that cannot be had here is missed elsewhere.
        Some(key) => match filled(file, context.values, key) {
            Ok(bytes) => bytes,
            Err(_) => return Ok(()),
        },
        None => return Ok(()),
    };
    if fs::read(&there).map_err(|error| error.to_string())? == wanted {
        return Ok(());
    }
    Err("somebody changed it, or the build or a secret is another one".to_owned())
}

/// Whether a user may do this with what has this owner and mode. 4 reads, 2 writes, 1 enters.
fn may(metadata: &fs::Metadata, user: &User, gids: &[u32], wanted: u32) -> bool {
    let mode = metadata.mode();
    let bits = if metadata.uid() == user.uid {
        mode >> 6
    } else if gids.contains(&metadata.gid()) {
        mode >> 3
    } else {
        mode
    };
    bits & wanted == wanted
}

pub(super) fn socket(context: &Context<'_>, path: &Utf8Path, user: &str) -> Result<(), Answer> {
    let (user, accounts) = (user_of(context, user)?, accounts_of(context)?);
    let gids = accounts.gids(&user);
    let look = |path: &Utf8Path| {
        fs::metadata(context.machine.path(path)).map_err(|error| fails_so(format!("`{path}`: {error}"), "does the server run?"))
    };
    // From the root downwards: the first that is closed is the one to look at.
    for parent in path.ancestors().skip(1).collect::<Vec<_>>().into_iter().rev() {
        let metadata = look(parent)?;
        if !may(&metadata, &user, &gids, 1) {
            return Err(fails(format!("`{}` may not enter `{parent}`, which is {}", user.name, described(&metadata, &accounts))));
        }
    }
    let metadata = look(path)?;
    if !metadata.file_type().is_socket() {
        return Err(fails(format!("`{path}` is no socket")));
    }
    if !may(&metadata, &user, &gids, 6) {
        return Err(fails(format!("`{}` may not write to `{path}`, which is {}", user.name, described(&metadata, &accounts))));
    }
    match UnixStream::connect(context.machine.path(path)) {
        Ok(_) => Ok(()),
        Err(error) => Err(fails_so(format!("nobody answers at `{path}`: {error}"), "does the server run?")),
    }
}

/// A URL that a container is given. The value may hold a password: it is in no message.
pub(super) fn url(
    context: &Context<'_>,
    file: &Utf8Path,
    variable: &str,
    path: &Utf8Path,
    secret: Option<&str>,
) -> Result<(), Answer> {
    let text = fs::read_to_string(context.machine.path(file)).map_err(|error| fails(format!("`{file}`: {error}")))?;
    let value = text.lines().find_map(|line| line.strip_prefix(variable)?.strip_prefix('='));
    let value = value.ok_or_else(|| fails(format!("`{file}` has no `{variable}`")))?;
    if value.starts_with(['"', '\'']) {
        let help = "podman's env files have no quoting: it is part of the value";
        return Err(fails_so(format!("`{variable}` begins with a quote"), help));
    }
    if value.contains("://") && value.contains(char::is_whitespace) {
        return Err(fails(format!("`{variable}` is a URL with white space in it")));
    }
    let decoded = percent_decode_str(value).decode_utf8();
    let decoded = decoded.map_err(|_| fails(format!("`{variable}` decodes to what is no text")))?;
    if !decoded.contains(path.as_str()) {
        return Err(fails(format!("`{variable}` does not lead to `{path}`")));
    }
    if !context.machine.path(path).exists() {
        return Err(fails_so(format!("`{variable}` leads to `{path}`, which is not there"), "does the server run?"));
    }
    let Some(secret) = secret else { return Ok(()) };
    let password = context.values.get(secret);
    let password = password.ok_or_else(|| Answer::NotAsked(format!("the secret {secret} cannot be had here")))?;
    if encode::forms(password).iter().any(|form| value.contains(form.expose())) {
        return Ok(());
    }
    Err(fails_so(format!("`{variable}` does not have the password that the secret {secret} has now"), "`rick apply`"))
}
