//! Questions to the running deployment, with their right answers: what plugins contributed as `rick:check@1`, asked on the machine.
//!
//! Reading order: [`Question`] is what may be asked; [`verify`] asks; [`ask`] has the answers, one file for each system.

mod ask;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use crate::apply::build::Build;
use crate::apply::machine::Machine;
use crate::secrets::{Key, Values};

/// A question with its right answer, as `checks.json` has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Service, plugin and key: "myservice/postgres/sql"; `*` for what is of the whole machine.
    pub id: String,
    /// The service that it is about.
    #[serde(default)]
    pub service: Option<String>,
    /// A statement that should hold.
    pub title: String,
    /// What is asked.
    #[serde(flatten)]
    pub question: Question,
}

/// What may be asked. The schema says what each means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the schema of the slot describes each field, for plugins in any language")]
pub enum Question {
    /// rick's own: every file of the build is in place.
    Files {},
    Identity {
        user: String,
        uid: u32,
        groups: Vec<String>,
    },
    Lingering {
        user: String,
        uid: u32,
    },
    Directory {
        path: Utf8PathBuf,
        mode: String,
        owner: String,
        group: String,
    },
    Socket {
        path: Utf8PathBuf,
        user: String,
    },
    Sql {
        user: String,
        socket_directory: Utf8PathBuf,
        #[serde(default)]
        port: Option<u16>,
        role: String,
        database: String,
        query: String,
        #[serde(default)]
        answer: Option<String>,
        #[serde(default)]
        refused: Option<String>,
    },
    Valkey {
        user: String,
        socket: Utf8PathBuf,
        role: String,
        #[serde(default)]
        secret: Option<String>,
        #[serde(default)]
        database: u32,
        command: Vec<String>,
        #[serde(default)]
        answer: Option<String>,
        #[serde(default)]
        refused: Option<String>,
    },
    UserUnit {
        user: String,
        uid: u32,
        unit: String,
    },
    ContainerIdentity {
        user: String,
        uid: u32,
        container: String,
    },
    Mount {
        user: String,
        uid: u32,
        container: String,
        path: Utf8PathBuf,
        source: Utf8PathBuf,
    },
    Url {
        file: Utf8PathBuf,
        variable: String,
        path: Utf8PathBuf,
        #[serde(default)]
        secret: Option<String>,
    },
    Listening {
        user: String,
        uid: u32,
        address: String,
        port: u16,
    },
    Http {
        url: String,
        status: Vec<u16>,
        #[serde(default)]
        r#as: Option<Visitor>,
        #[serde(default)]
        headers: BTreeMap<String, String>,
        #[serde(default)]
        location: Option<String>,
        #[serde(default)]
        not_location: Option<String>,
        #[serde(default)]
        authority: Authority,
    },
}

/// Who asks by HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Visitor {
    /// Somebody who may enter.
    Member,
    /// Somebody who is known and may not enter.
    Outsider,
}

/// Who vouches for a site's certificate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Authority {
    /// One that the machine trusts.
    #[default]
    Trusted,
    /// Caddy's own.
    Internal,
    /// Anybody.
    Any,
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It holds.
    Holds,
    /// It does not: what was found, and what to do.
    Fails {
        /// In one line.
        what: String,
        /// What a program said, or what may be done.
        more: Vec<String>,
    },
    /// It cannot be asked, and why not.
    NotAsked(String),
}

/// A check that was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// What was asked.
    pub check: Check,
    /// What came of it.
    pub answer: Answer,
    /// How long it took.
    pub took: Duration,
}

/// What questions are asked with.
pub struct Context<'a> {
    /// The machine.
    pub machine: &'a Machine,
    /// The build that it should be as.
    pub build: &'a Build,
    /// The secrets that could be had.
    pub values: &'a Values,
    /// The machine's key, if it has one: with it, files that have secrets in them can be compared.
    pub key: Option<&'a Key>,
    /// Cookies of somebody's session, by who it is.
    pub sessions: &'a BTreeMap<Visitor, String>,
}

/// As many questions wait for other programs at the same time.
const AT_ONCE: usize = 4;

/// Asks everything, in the order of the build. What does not hold is asked again until `patience` is over: after a start, some of
/// it takes a while.
pub fn verify(context: &Context<'_>, checks: &[Check], patience: Duration) -> Vec<Asked> {
    let start = Instant::now();
    let mut asked = all(context, checks);
    while start.elapsed() < patience {
        let failing: Vec<usize> = (0..asked.len()).filter(|&index| matches!(asked[index].answer, Answer::Fails { .. })).collect();
        if failing.is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(500));
        let again: Vec<Check> = failing.iter().map(|&index| asked[index].check.clone()).collect();
        for (index, answer) in failing.into_iter().zip(all(context, &again)) {
            asked[index] = answer;
        }
    }
    asked
}

fn all(context: &Context<'_>, checks: &[Check]) -> Vec<Asked> {
    let next = AtomicUsize::new(0);
    let answers: Mutex<BTreeMap<usize, Asked>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(checks.len()) {
            scope.spawn(|| {
                while let Some((index, check)) = next_of(&next, checks) {
                    let start = Instant::now();
                    let answer = hidden(context.values, ask::answer(context, &check.question));
                    let asked = Asked { check: check.clone(), answer, took: start.elapsed() };
                    answers.lock().unwrap_or_else(PoisonError::into_inner).insert(index, asked);
                }
            });
        }
    });
    answers.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect()
}

fn next_of<'a>(next: &AtomicUsize, checks: &'a [Check]) -> Option<(usize, &'a Check)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    checks.get(index).map(|check| (index, check))
}

/// What programs say may have a secret in it.
fn hidden(values: &Values, answer: Answer) -> Answer {
    match answer {
        Answer::Fails { what, more } => {
            Answer::Fails { what: values.hide(&what), more: more.iter().map(|line| values.hide(line)).collect() }
        }
        other => other,
    }
}

/// The question that any build answers.
pub fn of_files(build: &Build) -> Check {
    Check {
        id: "*/rick/files".to_owned(),
        service: None,
        title: format!("the {} files of the build are in place, as they were built", build.files.len()),
        question: Question::Files {},
    }
}
