//! Many calls at once: plugins are pure, so that calls can be made in any order and on any thread. What comes back is in the order
//! of what was asked, and everything that follows from an answer happens on one thread again.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::answers::{Answers, Key};
use crate::compose::Composition;
use crate::compose::call::{Call, Subject};
use crate::contract::types::{Json, Scope};
use crate::diagnostic::Sink;
use crate::helpers;
use crate::plugin::{Callee, Failure, Plugin, Session, Stage};
use crate::plugins::Plugins;
use crate::project::Manifest;

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
    /// What the answer is kept under.
    pub key: Key,
    /// It was asked in this run; else it was kept, so that it has been looked at before.
    pub new: bool,
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

/// What a plugin is asked: all that a thread needs to know.
pub struct Question {
    /// "service `paperless`"
    pub about: String,
    /// What it is about.
    pub scope: Scope,
    /// The service that it is about.
    pub service: Option<String>,
    /// The machine that it is about.
    pub machine: Option<String>,
    /// The call's document.
    pub input: Json,
}

/// The way to ask it.
pub type Ask<A> = fn(&mut Session<'_>, &Question) -> Result<A, Failure>;
/// What becomes of an answer for this run and the next ones.
pub type Keep<A, R> = fn(A, &Question) -> R;

/// Calls that are being made.
pub struct Begun<'a, A, R> {
    function: &'static str,
    /// What was answered before needs no instance, and no thread.
    made: BTreeMap<usize, Made<'a, R>>,
    open: BTreeMap<usize, (&'a Plugin, Call<'a>, Key)>,
    /// `None`: nothing is open.
    board: Option<Arc<Board<A, R>>>,
}

/// A call for each pair of a plugin and what it is about. Helpers begin with those that were not made before, so that one may do something
/// else before they are finished.
pub fn begin<'a, A: Serialize + 'static, R: Send + Serialize + DeserializeOwned + 'static>(
    composition: &Composition<'a>,
    asked: &[(&'a Plugin, Subject<'a>)],
    function: &'static str,
    stage: Option<Stage>,
    ask: Ask<A>,
    keep: Keep<A, R>,
) -> Begun<'a, A, R> {
    let mut begun = Begun { function, made: BTreeMap::new(), open: BTreeMap::new(), board: None };
    let records = composition.plugins.recorder.is_some();
    for (index, &(plugin, subject)) in asked.iter().enumerate() {
        let call = Call::new(composition, plugin, subject, stage);
        let key = Answers::key(&plugin.digest, function, &call.digest(composition));
        match composition.plugins.answers.get(&key).filter(|_| !records) {
            Some(answer) => {
                begun.made.insert(index, Made { plugin, call, answer: Some(Ok(answer)), key, new: false });
            }
            None => drop(begun.open.insert(index, (plugin, call, key))),
        }
    }
    if !begun.open.is_empty() {
        let units = units(composition, &begun.open);
        let helpers = helpers::most().min(units.len());
        let state = State { units, running: 0, answered: Vec::new(), failed: Failed::new() };
        let board = Arc::new(Board { ask, keep, records, state: Mutex::new(state), finished: Condvar::new() });
        for _ in 0..helpers {
            let board = Arc::clone(&board);
            helpers::ask(move || board.work());
        }
        begun.board = Some(board);
    }
    begun
}

impl<'a, A: Serialize, R: Serialize> Begun<'a, A, R> {
    /// Makes what is not yet made, and waits for the rest.
    pub fn finish(self, plugins: &Plugins) -> Vec<Made<'a, R>> {
        let Self { function, mut made, mut open, board } = self;
        let Some(board) = board else { return made.into_values().collect() };
        board.work();
        let State { answered, failed, .. } = board.wait();
        for Answered { index, question, answer, recorded, kept, used } in answered {
            let Some((plugin, call, key)) = open.remove(&index) else { continue };
            if let (Some(recorder), Some(answer)) = (&plugins.recorder, recorded) {
                recorder.keep(plugin, function, &call, &question.input, &[], &answer, used);
            }
            // Which calls were made depends on the threads; which are left out must not.
            let answer = answer.filter(|_| !is_given_up(&failed, plugin.index, index));
            if let (Some(Ok(_)), Some(bytes)) = (&answer, kept) {
                plugins.answers.put(key, bytes);
            }
            made.insert(index, Made { plugin, call, answer, key, new: true });
        }
        assert!(open.is_empty(), "a thread of rick's own broke off");
        made.into_values().collect()
    }
}

/// What is to be asked in a stage, for all threads.
struct Board<A, R> {
    ask: Ask<A>,
    keep: Keep<A, R>,
    /// The answers are wanted as they were given, too.
    records: bool,
    state: Mutex<State<R>>,
    finished: Condvar,
}

struct State<R> {
    units: VecDeque<Unit>,
    /// How many units are being worked on.
    running: usize,
    answered: Vec<Answered<R>>,
    failed: Failed,
}

/// Calls of one plugin, for one instance: to make one costs as much as a call.
struct Unit {
    callee: Arc<Callee>,
    plugin: usize,
    questions: Vec<(usize, Question)>,
}

struct Answered<R> {
    index: usize,
    question: Question,
    /// `None`: it was not asked.
    answer: Option<Result<R, Failure>>,
    /// The answer, as it was given.
    recorded: Option<Result<Value, Failure>>,
    /// The answer, as it is kept.
    kept: Option<Vec<u8>>,
    used: u64,
}

impl<A: Serialize, R: Serialize> Board<A, R> {
    fn state(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works on units until there are none.
    fn work(&self) {
        loop {
            let mut state = self.state();
            let Some(Unit { callee, plugin, questions }) = state.units.pop_front() else { return };
            state.running += 1;
            drop(state);
            let _running = Running(self);
            let mut session = callee.session();
            for (index, question) in questions {
                // Who had failed too often before this one in any order will be left out: it need not be asked.
                let given_up = is_given_up(&self.state().failed, plugin, index);
                let answer = (!given_up).then(|| (self.ask)(&mut session, &question));
                let as_given = |answer: &A| serde_json::to_value(answer).unwrap_or_default();
                let recorded = answer.as_ref().filter(|_| self.records);
                let recorded = recorded.map(|answer| answer.as_ref().map(as_given).map_err(Clone::clone));
                let answer = answer.map(|answer| answer.map(|answer| (self.keep)(answer, &question)));
                let kept = answer.as_ref().and_then(|answer| postcard::to_stdvec(answer.as_ref().ok()?).ok());
                let mut state = self.state();
                if answer.as_ref().is_some_and(Result::is_err) {
                    state.failed.entry(plugin).or_default().insert(index);
                }
                state.answered.push(Answered { index, question, answer, recorded, kept, used: session.used });
            }
        }
    }

    /// Waits for those who still work.
    fn wait(&self) -> State<R> {
        helpers::wait_for(|| self.state().running == 0);
        let mut state = self.state();
        while state.running > 0 {
            state = self.finished.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let (answered, failed) = (std::mem::take(&mut state.answered), std::mem::take(&mut state.failed));
        State { units: VecDeque::new(), running: 0, answered, failed }
    }
}

/// Somebody works on a unit, until it is done or they break off.
struct Running<'b, A: Serialize, R: Serialize>(&'b Board<A, R>);

impl<A: Serialize, R: Serialize> Drop for Running<'_, A, R> {
    fn drop(&mut self) {
        self.0.state().running -= 1;
        self.0.finished.notify_all();
    }
}

/// By the number of a plugin, the calls that failed.
type Failed = BTreeMap<usize, BTreeSet<usize>>;

fn is_given_up(failed: &Failed, plugin: usize, index: usize) -> bool {
    failed.get(&plugin).is_some_and(|failed| failed.range(..index).count() >= FAILURES)
}

/// Runs of calls of one plugin; the longest first, so that no worker is left alone with one at the end: a plugin that reads more is given
/// more.
fn units(composition: &Composition<'_>, open: &BTreeMap<usize, (&Plugin, Call<'_>, Key)>) -> VecDeque<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    for (&index, (plugin, call, _)) in open {
        let (service, machine) = (call.subject.service().map(str::to_owned), call.subject.machine().map(str::to_owned));
        let (about, scope, input) = (call.subject.title(), call.subject.scope(), call.input(composition));
        let question = Question { about, scope, service, machine, input };
        match units.last_mut() {
            Some(last) if last.questions.len() < UNIT && last.plugin == plugin.index => last.questions.push((index, question)),
            _ => units.push(Unit { callee: plugin.callee(), plugin: plugin.index, questions: vec![(index, question)] }),
        }
    }
    let reads = |unit: &Unit| composition.plugins.all[unit.plugin].descriptor.reads.len();
    units.sort_by_key(|unit| std::cmp::Reverse((unit.questions.len(), reads(unit))));
    units.into()
}
