//! Asking: every policy of everything that it is about. What is found is told in words and values; where it is in the files of a project is
//! another matter, which [`super::find`] knows.

use std::collections::BTreeMap;
use std::thread;

use minijinja::Value;

use super::expression::Expression;
use super::kind::Kind;
use super::model::{Model, Subject};
use super::words::is_nothing;
use super::{Assertion, Policy};
use crate::diagnostic::Diagnostic;
use crate::helpers;

/// How many questions are worth another thread.
const MANY: usize = 2_000;
/// How much of a value is shown.
const SHOWN: usize = 120;

/// Something that is not as a policy wants it.
#[derive(Debug)]
pub struct Found {
    /// The number of the policy.
    pub policy: usize,
    /// Its number among those of the policy's kind.
    pub subject: usize,
    /// The first of those that it shares something with.
    pub first: Option<usize>,
    /// What was found.
    pub message: String,
    /// What can be done.
    pub help: Option<String>,
    /// What the expression looked at: as it is written, and the value.
    pub parts: Vec<(String, String)>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Answer {
    /// What is not as it should be, by policy and in the order of the model.
    pub found: Vec<Found>,
    /// Policies that could not be asked: one word for each, at the place in its file.
    pub failed: Vec<Diagnostic>,
}

/// Asks all policies of all that they are about. `asked`: whether a policy is asked at all.
pub fn ask(policies: &[Policy], model: &Model, asked: impl Fn(&Policy) -> bool + Sync) -> Answer {
    let many: usize = policies.iter().map(|policy| model.of_kind(policy.kind).len()).sum();
    let threads = (helpers::most() + 1).min(many / MANY + 1).min(policies.len().max(1));
    let ask_every = &|first: usize| {
        let mine = policies.iter().enumerate().skip(first).step_by(threads).filter(|(_, policy)| asked(policy));
        mine.map(|(number, policy)| (number, one(number, policy, model))).collect::<Vec<_>>()
    };
    let mut answers = if threads == 1 {
        ask_every(0)
    } else {
        thread::scope(|scope| {
            let asked: Vec<_> = (0..threads).map(|first| scope.spawn(move || ask_every(first))).collect();
            asked.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
        })
    };
    answers.sort_by_key(|(number, _)| *number);
    let mut all = Answer::default();
    for (_, answer) in answers {
        match answer {
            Ok(found) => all.found.extend(found),
            Err(failed) => all.failed.push(*failed),
        }
    }
    all
}

/// Asks one policy. One that fails is not asked again: it would fail in the same words for each service.
pub fn one(number: usize, policy: &Policy, model: &Model) -> Result<Vec<Found>, Box<Diagnostic>> {
    let subjects = model.of_kind(policy.kind);
    let mut found = Vec::new();
    let mut seen: BTreeMap<Vec<Value>, Vec<usize>> = BTreeMap::new();
    for (index, subject) in subjects.iter().enumerate() {
        let context = context(model, policy.kind, subject);
        if !wanted(policy, &context)? {
            continue;
        }
        let (holds, expression) = match &policy.assertion {
            Assertion::Require(expression) => (expression.value(&context)?.is_true(), expression),
            Assertion::Deny(expression) => (!expression.value(&context)?.is_true(), expression),
            Assertion::Unique(keys) => {
                let key: Vec<Value> = keys.iter().map(|key| key.value(&context)).collect::<Result<_, _>>()?;
                if !key.iter().any(is_nothing) {
                    seen.entry(key).or_default().push(index);
                }
                continue;
            }
        };
        if holds {
            continue;
        }
        let parts = parts(std::slice::from_ref(expression), &context);
        found.push(Found { policy: number, subject: index, first: None, ..said(policy, &context, parts)? });
    }
    for (key, sharing) in seen.into_iter().filter(|(_, sharing)| sharing.len() > 1) {
        // The first of them was there before the others.
        for &index in &sharing[1..] {
            let subject = &subjects[index];
            let label = |index: &&usize| subjects[**index].value.get_attr(policy.kind.label()).unwrap_or_default();
            let others: Value = sharing
                .iter()
                .filter(|other| **other != index)
                .map(|index| owner(model, subjects, index, policy.kind, label(&index)))
                .collect();
            let mut names = model.context(policy.kind, subject);
            names.extend([("key", Value::from(key.clone())), ("others", others)]);
            let context = Value::from_pairs(names);
            let parts = parts(policy.assertion.expressions(), &context);
            found.push(Found { policy: number, subject: index, first: Some(sharing[0]), ..said(policy, &context, parts)? });
        }
    }
    found.sort_by_key(|found| found.subject);
    Ok(found)
}

/// Who shares something: what is a service's goes by the name of the service.
fn owner(model: &Model, subjects: &[Subject], index: &usize, kind: Kind, label: Value) -> Value {
    let service = subjects[*index].service.filter(|_| kind.is_of_service());
    let name = service.and_then(|service| model.of_kind(Kind::Service).get(service)?.value.get_attr("name").ok());
    name.unwrap_or(label)
}

/// The names that a policy's expressions know.
pub fn context(model: &Model, kind: Kind, subject: &Subject) -> Value {
    Value::from_pairs(model.context(kind, subject))
}

/// Whether a policy is asked of it at all.
pub fn wanted(policy: &Policy, context: &Value) -> Result<bool, Box<Diagnostic>> {
    policy.when.as_ref().map_or(Ok(true), |when| Ok(when.value(context)?.is_true()))
}

/// What the expressions looked at, with the values.
pub fn parts(expressions: &[Expression], context: &Value) -> Vec<(String, String)> {
    let all = expressions.iter().flat_map(|expression| expression.parts(context));
    all.map(|(text, value)| (text.to_owned(), shown(&value))).collect()
}

fn said(policy: &Policy, context: &Value, parts: Vec<(String, String)>) -> Result<Found, Box<Diagnostic>> {
    let message = match &policy.message {
        Some(message) => message.fill(context)?,
        None => policy.summary.clone(),
    };
    let help = policy.help.as_ref().map(|help| help.fill(context)).transpose()?;
    Ok(Found { policy: 0, subject: 0, first: None, message, help, parts })
}

/// A value as one would write it, and not all of it where it is long.
pub fn shown(value: &Value) -> String {
    if is_nothing(value) {
        return "none".to_owned();
    }
    // What is large is told by what it is called.
    if let Some(name) = ["name", "reference", "domain", "path", "source", "database", "number", "slot"]
        .iter()
        .find_map(|key| value.get_attr(key).ok().filter(|name| !is_nothing(name)))
    {
        return name.to_string();
    }
    let text = serde_json::to_string(value).unwrap_or_else(|_| value.to_string());
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
