//! PostgreSQL and Valkey, asked as a service.

use super::super::{Answer, Context, Question};
use super::{fails, user_of};
use crate::apply::command::{Ended, run};

/// Whether the answer is the right one: a text, or a refusal with a text in it.
fn judged(ended: &Ended, is_refusal: bool, answer: Option<&str>, refused: Option<&str>) -> Result<(), Answer> {
    match (is_refusal, answer, refused) {
        (true, _, Some(refused)) if format!("{}\n{}", ended.out, ended.err).contains(refused) => Ok(()),
        (true, _, Some(refused)) => Err(ended.trouble(format!("it is refused, and not because of `{refused}`")).into()),
        (true, _, None) => Err(ended.trouble("it is refused").into()),
        (false, _, Some(_)) => Err(fails("it is let through, and should be refused")),
        (false, Some(answer), None) if ended.out != answer => {
            Err(fails(format!("the answer is `{}`, and not `{answer}`", ended.out)))
        }
        (false, _, None) => Ok(()),
    }
}

pub(super) fn sql(context: &Context<'_>, question: &Question) -> Result<(), Answer> {
    let Question::Sql { user, socket_directory, port, role, database, query, answer, refused } = question else { return Ok(()) };
    let user = user_of(context, user)?;
    let port = port.unwrap_or(5432).to_string();
    let words = ["psql", "-XAtw", "-h", socket_directory.as_str(), "-p", &port, "-U", role, "-c", query];
    // By a variable: as a word, psql would take `a=b` for a whole connection.
    let ended = run(&words).with("PGDATABASE", database).by(&user).within(20).ended()?;
    judged(&ended, !ended.succeeded(), answer.as_deref(), refused.as_deref())
}

/// What a refusal begins with: the exit code of valkey-cli is 0 all the same.
const REFUSALS: [&str; 6] = ["NOPERM", "NOAUTH", "WRONGPASS", "ERR ", "AUTH failed", "Could not connect"];

pub(super) fn valkey(context: &Context<'_>, question: &Question) -> Result<(), Answer> {
    let Question::Valkey { user, socket, role, secret, database, command, answer, refused } = question else { return Ok(()) };
    let user = user_of(context, user)?;
    let database = database.to_string();
    let mut asked = run(&["valkey-cli", "-s", socket.as_str(), "-n", &database, "--no-auth-warning"]);
    if let Some(secret) = secret {
        let password = context.values.get(secret);
        let password = password.ok_or_else(|| Answer::NotAsked(format!("the secret {secret} cannot be had here")))?;
        asked = asked.words(["--user", role]).with("REDISCLI_AUTH", password.expose());
    }
    let ended = asked.words(command.iter().map(String::as_str)).by(&user).within(20).ended()?;
    let says = |refusal: &&str| ended.out.starts_with(*refusal) || ended.err.contains(*refusal);
    let is_refusal = !ended.succeeded() || REFUSALS.iter().any(says);
    judged(&ended, is_refusal, answer.as_deref(), refused.as_deref())
}
