//! The answers: what is found, against what should be.

mod accounts;
mod containers;
mod databases;
mod http;
mod paths;

use super::{Answer, Context, Question};
use crate::apply::command::Trouble;
use crate::apply::machine::{Accounts, User};

impl From<Trouble> for Answer {
    fn from(trouble: Trouble) -> Self {
        Answer::Fails { what: trouble.what, more: trouble.said }
    }
}

fn fails(what: impl Into<String>) -> Answer {
    Answer::Fails { what: what.into(), more: Vec::new() }
}

/// With what to do, or where to look.
fn fails_so(what: impl Into<String>, help: impl Into<String>) -> Answer {
    Answer::Fails { what: what.into(), more: vec![help.into()] }
}

fn accounts_of(context: &Context<'_>) -> Result<Accounts, Answer> {
    context.machine.accounts().map_err(|error| fails(error.to_string()))
}

fn user_of(context: &Context<'_>, name: &str) -> Result<User, Answer> {
    accounts_of(context)?.user(name).cloned().ok_or_else(|| fails(format!("there is no user `{name}`")))
}

/// Asks.
pub(super) fn answer(context: &Context<'_>, question: &Question) -> Answer {
    let held = match question {
        Question::Identity { user, uid, groups } => accounts::identity(context, user, *uid, groups),
        Question::Lingering { user, uid } => accounts::lingering(context, user, *uid),
        Question::Listening { user, uid, address, port } => accounts::listening(context, user, *uid, address, *port),
        Question::Directory { path, mode, owner, group } => paths::directory(context, path, mode, owner, group),
        Question::Socket { path, user } => paths::socket(context, path, user),
        Question::Url { file, variable, path, secret } => paths::url(context, file, variable, path, secret.as_deref()),
        Question::Sql { .. } => databases::sql(context, question),
        Question::Valkey { .. } => databases::valkey(context, question),
        Question::UserUnit { user, uid, unit } => containers::unit(context, user, *uid, unit),
        Question::ContainerIdentity { user, uid, container } => containers::identity(context, user, *uid, container),
        Question::Mount { user, container, path, source, .. } => containers::mount(context, user, container, path, source),
        Question::Http { .. } => http::http(context, question),
        Question::Files {} => files(context),
    };
    match held {
        Ok(()) => Answer::Holds,
        Err(answer) => answer,
    }
}

/// Every file of the build, as it was built.
fn files(context: &Context<'_>) -> Result<(), Answer> {
    let accounts = accounts_of(context)?;
    let all = context.build.files.iter();
    let wrong: Vec<String> = all
        .filter_map(|(path, built)| paths::file(context, &accounts, path, built).err().map(|what| format!("{path}: {what}")))
        .collect();
    if wrong.is_empty() {
        return Ok(());
    }
    let what = format!("{} of {} are not", wrong.len(), context.build.files.len());
    Err(Answer::Fails { what, more: wrong })
}
