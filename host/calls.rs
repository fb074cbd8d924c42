//! Many calls at once: plugins are pure, so that calls can be made in any order and on any thread. What comes back is in the order
//! of what was asked, and everything that follows from an answer happens on one thread again.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::answers::{Answers, Key};
use crate::compose::Composition;
use crate::compose::call::{Call, Subject};
use crate::contract::types::Json;
use crate::diagnostic::Sink;
use crate::plugin::{Failure, Plugin, Session, Stage};
use crate::project::Manifest;

/// More threads than that are not worth their instances.
const WORKERS: usize = 8;
/// So many calls are one worker's, with one instance.
const UNIT: usize = 16;

/// A plugin that has failed so often in a stage is not asked any more in it: each failure may take as long as a plugin may compute, and
/// says the same again.
const FAILURES: usize = 3;

/// A call that was made, with its answer.
pub struct Made<'a, R> {
    /// Whose answer it is.
    pub plugin: &'a Plugin,
    /// The call, which leads from a pointer in the answer to a line of the user's.
    pub call: Call<'a>,
    /// The answer; `None`: the plugin had failed too often before, and was not asked.
    pub answer: Option<Result<R, Failure>>,
    /// What a new answer is kept under; `None`: it was kept, so that it has been looked at before.
    pub key: Option<Key>,
}

impl<'a, R> Made<'a, R> {
    /// The answer, with whose it is and the call; a failure is reported instead.
    pub fn answered(self, sink: &mut Sink) -> Option<(&'a Plugin, Call<'a>, R)> {
        match self.answer {
            Some(Ok(answer)) => return Some((self.plugin, self.call, answer)),
            Some(Err(failure)) => self.call.fail(&failure, sink),
            None => self.call.leave_out(sink),
        }
        None
    }
}

/// Every pair of a plugin that answers a function for services, and a service that it takes part in.
pub fn of_services<'a>(
    plugins: impl IntoIterator<Item = &'a Plugin>,
    services: &[&'a Manifest],
    function: &str,
) -> Vec<(&'a Plugin, Subject<'a>)> {
    let answering = plugins.into_iter().filter(|plugin| plugin.descriptor.answers.contains(function));
    let pairs = answering.flat_map(|plugin| {
        services.iter().filter(|manifest| manifest.has(plugin)).map(move |&manifest| (plugin, Subject::Service(manifest)))
    });
    pairs.collect()
}

/// Makes a call for each pair of a plugin and what it is about.
pub fn make<'a, R: Send + Serialize + DeserializeOwned>(
    composition: &Composition<'a>,
    asked: &[(&'a Plugin, Subject<'a>)],
    function: &'static str,
    stage: Option<Stage>,
    ask: impl Fn(&mut Session<'a>, &Call<'a>, &Json) -> Result<R, Failure> + Sync,
) -> Vec<Made<'a, R>> {
    // What was answered before needs no instance, and no thread.
    let mut made: BTreeMap<usize, Made<'a, R>> = BTreeMap::new();
    let answers = &composition.plugins.answers;
    let mut open: Vec<(usize, Call<'a>, Key)> = Vec::new();
    for (index, &(plugin, subject)) in asked.iter().enumerate() {
        let call = Call::new(composition, plugin, subject, stage);
        let key = Answers::key(&plugin.digest, function, &call.digest(composition));
        match answers.get(&key).filter(|_| composition.plugins.recorder.is_none()) {
            Some(answer) => {
                made.insert(index, Made { plugin, call, answer: Some(Ok(answer)), key: None });
            }
            None => open.push((index, call, key)),
        }
    }
    if open.is_empty() {
        return made.into_values().collect();
    }
    let mut units = units(&open, asked);
    // The longest first, so that no worker is left alone with one at the end: a plugin that reads more is given more.
    units.sort_by_key(|unit| std::cmp::Reverse((unit.len(), asked[open[unit.start].0].0.descriptor.reads.len())));
    let next = AtomicUsize::new(0);
    let made = Mutex::new(made);
    let open: Vec<Mutex<Option<(usize, Call<'a>, Key)>>> = open.into_iter().map(|open| Mutex::new(Some(open))).collect();
    let failed: Failed<'_> = Mutex::default();
    let work = || {
        while let Some(unit) = units.get(next.fetch_add(1, Ordering::Relaxed)) {
            let taken = unit.clone().filter_map(|index| open[index].lock().unwrap_or_else(PoisonError::into_inner).take());
            let taken: Vec<_> = taken.collect();
            let Some(mut session) = taken.first().map(|(index, ..)| asked[*index].0.session()) else { continue };
            let calls = taken.into_iter().map(|(index, call, key)| {
                let plugin = asked[index].0;
                // Who had failed too often before this one in any order will be left out below: it need not be asked.
                if is_given_up(&failed, plugin, index) {
                    return (index, Made { plugin, call, answer: None, key: None });
                }
                let input = call.input(composition);
                let answer = ask(&mut session, &call, &input).inspect(|answer| answers.put(key, answer));
                if let Some(recorder) = &composition.plugins.recorder {
                    recorder.keep(plugin, function, &call, &input, &[], &answer, session.used);
                }
                if answer.is_err() {
                    let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                    failed.entry(&plugin.descriptor.name).or_default().insert(index);
                }
                (index, Made { plugin, call, answer: Some(answer), key: Some(key) })
            });
            let calls: Vec<_> = calls.collect();
            made.lock().unwrap_or_else(PoisonError::into_inner).extend(calls);
        }
    };
    let workers = thread::available_parallelism().map_or(1, usize::from).min(WORKERS).min(units.len());
    thread::scope(|scope| {
        for _ in 1..workers {
            scope.spawn(work);
        }
        work();
    });
    let mut made = made.into_inner().unwrap_or_else(PoisonError::into_inner);
    // Which calls were made depends on the threads; which are left out must not.
    for (index, made) in &mut made {
        if is_given_up(&failed, made.plugin, *index) {
            made.answer = None;
        }
    }
    made.into_values().collect()
}

/// By plugin, the calls that failed.
type Failed<'a> = Mutex<BTreeMap<&'a str, BTreeSet<usize>>>;

fn is_given_up(failed: &Failed<'_>, plugin: &Plugin, index: usize) -> bool {
    let failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
    failed.get(plugin.descriptor.name.as_str()).is_some_and(|failed| failed.range(..index).count() >= FAILURES)
}

/// Runs of calls of one plugin, each for one instance: to make one costs as much as a call.
fn units(open: &[(usize, Call<'_>, Key)], asked: &[(&Plugin, Subject<'_>)]) -> Vec<Range<usize>> {
    let plugin = |at: usize| asked[open[at].0].0;
    let mut units: Vec<Range<usize>> = Vec::new();
    for at in 0..open.len() {
        match units.last_mut() {
            Some(last) if last.len() < UNIT && std::ptr::eq(plugin(last.start), plugin(at)) => last.end = at + 1,
            _ => units.push(at..at + 1),
        }
    }
    units
}
