//! Calls that cannot hurt: each has fuel, memory and stack, and what it answers is counted before anything is done with it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use wasmtime::component::Instance;
use wasmtime::{Store, Trap};

use super::limits::{ANSWER, Counted, FUEL, State};
use crate::contract::types::{self, Json, Scope};
use crate::contract::{Linked, claim, contribute, meta, render};
use crate::diagnostic::{Diagnostic, Severity};

/// A call that gave no answer, or one that cannot be used.
#[derive(Debug, Clone)]
pub struct Failure {
    /// "backup 0.3.1"
    pub plugin: String,
    /// "render"
    pub function: &'static str,
    /// "service `paperless`", "machine `web1`", "the project"
    pub about: String,
    /// "used up its fuel and was stopped"
    pub what: String,
    /// What it logged during the call.
    pub log: Vec<String>,
}

impl Failure {
    /// Where there is no place for more than a line: what happened, and what it last logged.
    pub fn reason(&self) -> String {
        let Self { what, function, log, .. } = self;
        let logged = log.last().map(|line| format!("; it logged: {line}")).unwrap_or_default();
        format!("it {what}, in `{function}`{logged}")
    }

    /// The failure as a diagnostic: it has no place in the user's files.
    pub fn diagnostic(&self) -> Diagnostic {
        let Failure { plugin, function, about, what, log } = self;
        let message = format!("{plugin} {what}, in `{function}` for {about}");
        let mut diagnostic = Diagnostic::new("plugin", Severity::Error, message, None);
        diagnostic.failure = true;
        diagnostic.plugin = Some(plugin.clone());
        diagnostic.notes.extend(log.iter().map(|line| format!("it logged: {line}")));
        diagnostic.help("this is a fault of the plugin, not of your files: report it there, or use another version")
    }
}

/// An instance that can be called.
type Live = (Store<State>, Instance);

/// Instances that nobody calls at the moment. To make one costs as much as a call, and a plugin is a function of its input: who was asked
/// before does not matter.
#[derive(Default)]
pub struct Idle(Mutex<Vec<Live>>);

impl Idle {
    fn all(&self) -> MutexGuard<'_, Vec<Live>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An instance of a plugin, used by one thread. After a failure it is made anew, since a trap leaves it as it stood.
pub struct Session<'a> {
    title: String,
    linked: Box<dyn Fn() -> Result<&'a dyn Linked, String> + 'a>,
    live: Option<Live>,
    idle: Option<&'a Idle>,
    /// Fuel that the last call used.
    pub used: u64,
}

impl<'a> Session<'a> {
    pub(super) fn of(title: String, linked: impl Fn() -> Result<&'a dyn Linked, String> + 'a) -> Self {
        Self { title, linked: Box::new(linked), live: None, idle: None, used: 0 }
    }

    /// Takes an instance that is there, and leaves it there in the end.
    pub(super) fn among(mut self, idle: &'a Idle) -> Self {
        self.idle = Some(idle);
        self
    }

    /// Makes an instance, for whoever comes next. Why there is none the first call will say.
    pub(super) fn prepare(&mut self) {
        if let Ok(linked) = (self.linked)() {
            self.live = self.instance(linked, "describe", "itself").ok();
        }
    }

    /// What it is.
    pub fn describe(&mut self) -> Result<meta::Descriptor, Failure> {
        self.call("describe", "itself", |linked, store, instance| linked.describe(store, instance))
    }

    /// The claims of a service.
    pub fn claim(&mut self, about: &str, input: &Json) -> Result<claim::Claimed, Failure> {
        self.call("claim", about, |linked, store, instance| linked.claim(store, instance, input))
    }

    /// The contributions of a service.
    pub fn contribute(&mut self, about: &str, input: &Json) -> Result<contribute::Contributed, Failure> {
        self.call("contribute", about, |linked, store, instance| linked.contribute(store, instance, input))
    }

    /// The problems in a scope.
    pub fn check(&mut self, about: &str, scope: Scope, input: &Json) -> Result<Vec<types::Diagnostic>, Failure> {
        self.call("check", about, |linked, store, instance| linked.check(store, instance, scope, input))
    }

    /// The problems in files.
    pub fn check_files(&mut self, about: &str, input: &Json, files: &[types::File]) -> Result<Vec<types::Diagnostic>, Failure> {
        self.call("check-files", about, |linked, store, instance| linked.check_files(store, instance, input, files))
    }

    /// The artifacts of a scope.
    pub fn render(&mut self, about: &str, scope: Scope, input: &Json) -> Result<render::Rendered, Failure> {
        self.call("render", about, |linked, store, instance| linked.render(store, instance, scope, input))
    }

    /// A failure of an answer that came, but cannot be used.
    pub fn lie(&self, function: &'static str, about: &str, what: impl Into<String>) -> Failure {
        let (plugin, about, what) = (self.title.clone(), about.to_owned(), what.into());
        Failure { plugin, function, about, what, log: Vec::new() }
    }

    fn call<R: Counted>(
        &mut self,
        function: &'static str,
        about: &str,
        call: impl FnOnce(&dyn Linked, &mut Store<State>, &Instance) -> wasmtime::Result<R>,
    ) -> Result<R, Failure> {
        let linked = (self.linked)().map_err(|reason| self.lie(function, about, format!("cannot be used: {reason}")))?;
        if function != "describe" && !linked.has(function) {
            return Err(self.lie(function, about, "says that it answers this, but does not export it"));
        }
        let (mut store, instance) = match self.live.take().or_else(|| self.idle?.all().pop()) {
            Some(live) => live,
            None => self.instance(linked, function, about)?,
        };
        store.data_mut().begin();
        let answer = store.set_fuel(FUEL).and_then(|()| call(linked, &mut store, &instance));
        self.used = FUEL.saturating_sub(store.get_fuel().unwrap_or(0));
        let answer = answer.map_err(|error| self.failure(function, about, &error, store.data()))?;
        if let Some(what) = answer.too_much() {
            return Err(self.lie(function, about, what));
        }
        self.live = Some((store, instance));
        Ok(answer)
    }

    fn instance(&self, linked: &dyn Linked, function: &'static str, about: &str) -> Result<(Store<State>, Instance), Failure> {
        let engine = linked.engine();
        let mut store = Store::new(engine, State::new(&self.title));
        store.limiter(|state| state);
        store.set_hostcall_fuel(ANSWER);
        // Instantiation runs code of the plugin as well.
        let instance = store.set_fuel(FUEL).and_then(|()| linked.instantiate(&mut store));
        match instance {
            Ok(instance) => Ok((store, instance)),
            Err(error) => Err(self.failure(function, about, &error, store.data())),
        }
    }

    fn failure(&self, function: &'static str, about: &str, error: &wasmtime::Error, state: &State) -> Failure {
        let what = match (&state.stopped, error.downcast_ref::<Trap>()) {
            (Some(stopped), _) => stopped.clone(),
            (None, Some(Trap::OutOfFuel)) => "used up its fuel and was stopped".to_owned(),
            (None, Some(Trap::StackOverflow)) => "overflowed its stack and was stopped".to_owned(),
            // Where a language keeps a stack of its own in memory, that is what overflows.
            (None, Some(Trap::MemoryOutOfBounds)) => {
                "reached outside its memory, as a stack that is too deep does, and was stopped".to_owned()
            }
            (None, Some(Trap::UnreachableCodeReached)) => "gave up".to_owned(),
            (None, Some(trap)) => format!("trapped ({trap})"),
            // wasmtime has no type for it: `HostcallFuelExhausted` in its `component/func/options.rs`.
            (None, None) if format!("{error:#}").contains("fuel allocated for hostcalls") => {
                format!("gave an answer of more than {} MiB and was stopped", ANSWER >> 20)
            }
            (None, None) => format!("gave an answer that cannot be read ({error:#})"),
        };
        Failure { log: state.log.clone(), ..self.lie(function, about, what) }
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        if let (Some(live), Some(idle)) = (self.live.take(), self.idle) {
            idle.all().push(live);
        }
    }
}
