//! One plugin: what it says of itself, and calls that cannot hurt.
//!
//! A call has fuel, memory and stack, and no import but `log`. What it answers is checked here for its form; what it means
//! is checked by the stage that asked. A call that fails is a [`Failure`], which names the plugin, its version and the call.

mod descriptor;

use std::borrow::Cow;
use std::sync::OnceLock;

use wasmtime::component::{Component, HasSelf, Instance, InstancePre, Linker};
use wasmtime::{ResourceLimiter, Store, Trap};

use crate::contract::types::{Json, Scope};
use crate::contract::{self, check, check_files, claim, contribute, meta, render};
use crate::diagnostic::{Diagnostic, Severity};
use crate::engine::{Engine, FUEL, MEMORY};
use crate::error::Error;

pub use descriptor::{Descriptor, Of, Pool, Range, Read, Stage};

/// A plugin that was read, linked and asked what it is.
pub struct Plugin {
    /// What it says of itself.
    pub descriptor: Descriptor,
    /// Where it was read from, as `rick plugin list` shows it.
    pub from: String,
    /// SHA-256 of the component.
    pub digest: String,
    engine: Engine,
    bytes: Cow<'static, [u8]>,
    code: OnceLock<Result<Code, String>>,
}

/// A component that was linked: only where something must be asked of it. What it says of itself, and what it answered to the same
/// question before, is kept.
struct Code {
    pre: InstancePre<State>,
    exports: Exports,
}

/// The interfaces that a component has; it may lack any but `meta`.
struct Exports {
    claim: Option<claim::GuestIndices>,
    contribute: Option<contribute::GuestIndices>,
    check: Option<check::GuestIndices>,
    check_files: Option<check_files::GuestIndices>,
    render: Option<render::GuestIndices>,
}

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

impl Plugin {
    /// Reads a component and asks it what it is, unless that is kept.
    pub fn load(engine: &Engine, from: &str, digest: &str, bytes: Cow<'static, [u8]>) -> Result<Self, Error> {
        let refused = |reason: String| Error::Plugin { plugin: from.to_owned(), reason };
        let code = OnceLock::new();
        let said = engine
            .describe(digest, || {
                let linked = code.get_or_init(|| Code::link(engine, from, digest, &bytes)).as_ref().map_err(Clone::clone)?;
                let meta = meta::GuestIndices::new(&linked.pre).map_err(|error| does_not_fit(&error))?;
                let mut session = Session::of(from.to_owned(), || Ok(linked));
                let said =
                    session.call("describe", "itself", |store, instance| meta.load(&mut *store, instance)?.call_describe(store));
                said.map_err(|failure| failure.what)
            })
            .map_err(refused)?;
        let descriptor = Descriptor::parse(said).map_err(refused)?;
        let (from, digest) = (from.to_owned(), digest.to_owned());
        Ok(Self { descriptor, from, digest, engine: engine.clone(), bytes, code })
    }

    /// "postgres 0.1.0"
    pub fn title(&self) -> String {
        format!("{} {}", self.descriptor.name, self.descriptor.version)
    }

    /// An instance to call, made when it is first needed.
    pub fn session(&self) -> Session<'_> {
        Session::of(self.title(), || {
            let link = || Code::link(&self.engine, &self.from, &self.digest, &self.bytes);
            self.code.get_or_init(link).as_ref().map_err(Clone::clone)
        })
    }
}

fn does_not_fit(error: &wasmtime::Error) -> String {
    format!("it does not fit the contract: {error:#}")
}

impl Code {
    /// Links a component.
    fn link(engine: &Engine, from: &str, digest: &str, bytes: &[u8]) -> Result<Self, String> {
        let component = engine.load(from, digest, bytes).map_err(|error| match error {
            Error::Plugin { reason, .. } => reason,
            other => other.to_string(),
        })?;
        refuse_imports(engine, &component)?;
        let mut linker = Linker::new(engine.inner());
        contract::rick::plugin::log::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)
            .map_err(|error| error.to_string())?;
        let pre = linker.instantiate_pre(&component).map_err(|error| does_not_fit(&error))?;
        let exports = Exports {
            claim: claim::GuestIndices::new(&pre).ok(),
            contribute: contribute::GuestIndices::new(&pre).ok(),
            check: check::GuestIndices::new(&pre).ok(),
            check_files: check_files::GuestIndices::new(&pre).ok(),
            render: render::GuestIndices::new(&pre).ok(),
        };
        Ok(Self { pre, exports })
    }
}

/// rick links `log` and nothing else; the names of the switches that leave out what languages bring along.
fn refuse_imports(engine: &Engine, component: &Component) -> Result<(), String> {
    let kind = component.component_type();
    let unknown: Vec<&str> = kind
        .imports(engine.inner())
        .map(|(name, _)| name)
        .filter(|name| !name.starts_with("rick:plugin/log@") && !name.starts_with("rick:plugin/types@"))
        .collect();
    match unknown.first() {
        None => Ok(()),
        Some(first) if first.starts_with("wasi:") => Err(format!(
            "it imports `{first}`, and a plugin may import `log` alone; build it for wasm32-unknown-unknown (Rust), with \
             `--stub-wasi` (componentize-py) or with `--disable all` (jco)"
        )),
        Some(first) => Err(format!("it imports `{first}`, and a plugin may import `log` alone")),
    }
}

/// What an instance can reach: its limits, and where its log goes.
struct State {
    title: String,
    memory_wanted: Option<usize>,
    log: Vec<String>,
}

/// Log messages kept for a call; more are dropped.
const LOG_LINES: usize = 32;
/// Bytes kept of a log message.
const LOG_BYTES: usize = 1024;

impl contract::rick::plugin::log::Host for State {
    fn log(&mut self, level: contract::rick::plugin::log::Level, message: String) {
        tracing::debug!(plugin = %self.title, "{level:?}: {message}");
        if self.log.len() < LOG_LINES {
            let end = (0..=LOG_BYTES.min(message.len())).rev().find(|&end| message.is_char_boundary(end)).unwrap_or(0);
            self.log.push(message[..end].replace('\n', " "));
        }
    }
}

impl contract::rick::plugin::types::Host for State {}

impl ResourceLimiter for State {
    fn memory_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        if desired > MEMORY {
            self.memory_wanted = Some(desired);
            return Err(wasmtime::Error::msg("more memory than a plugin may have"));
        }
        Ok(true)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired < 100_000)
    }
}

/// An instance of a plugin, used for one stage. After a failure it is made anew, since a trap leaves it as it stood.
pub struct Session<'a> {
    title: String,
    code: Box<dyn Fn() -> Result<&'a Code, String> + 'a>,
    live: Option<(Store<State>, Instance)>,
}

impl<'a> Session<'a> {
    fn of(title: String, code: impl Fn() -> Result<&'a Code, String> + 'a) -> Self {
        Self { title, code: Box::new(code), live: None }
    }

    /// The claims of a service.
    pub fn claim(&mut self, about: &str, input: &Json) -> Result<claim::Claimed, Failure> {
        let indices = self.export("claim", about, |exports| exports.claim.as_ref())?;
        self.call("claim", about, |store, instance| indices.load(&mut *store, instance)?.call_claim(store, input))
    }

    /// The contributions of a service.
    pub fn contribute(&mut self, about: &str, input: &Json) -> Result<contribute::Contributed, Failure> {
        let indices = self.export("contribute", about, |exports| exports.contribute.as_ref())?;
        self.call("contribute", about, |store, instance| indices.load(&mut *store, instance)?.call_contribute(store, input))
    }

    /// The problems in a scope.
    pub fn check(&mut self, about: &str, scope: Scope, input: &Json) -> Result<Vec<contract::types::Diagnostic>, Failure> {
        let indices = self.export("check", about, |exports| exports.check.as_ref())?;
        self.call("check", about, |store, instance| indices.load(&mut *store, instance)?.call_check(store, scope, input))
    }

    /// The problems in files.
    pub fn check_files(
        &mut self,
        about: &str,
        input: &Json,
        files: &[contract::types::File],
    ) -> Result<Vec<contract::types::Diagnostic>, Failure> {
        let indices = self.export("check-files", about, |exports| exports.check_files.as_ref())?;
        self.call("check-files", about, |store, instance| {
            indices.load(&mut *store, instance)?.call_check_files(store, input, files)
        })
    }

    /// The artifacts of a scope.
    pub fn render(&mut self, about: &str, scope: Scope, input: &Json) -> Result<render::Rendered, Failure> {
        let indices = self.export("render", about, |exports| exports.render.as_ref())?;
        self.call("render", about, |store, instance| indices.load(&mut *store, instance)?.call_render(store, scope, input))
    }

    /// A failure of an answer that came, but cannot be used.
    pub fn lie(&self, function: &'static str, about: &str, what: impl Into<String>) -> Failure {
        let (plugin, about, what) = (self.title.clone(), about.to_owned(), what.into());
        Failure { plugin, function, about, what, log: Vec::new() }
    }

    fn export<T>(
        &self,
        function: &'static str,
        about: &str,
        get: impl FnOnce(&'a Exports) -> Option<&'a T>,
    ) -> Result<&'a T, Failure> {
        let code = (self.code)().map_err(|reason| self.lie(function, about, format!("cannot be used: {reason}")))?;
        get(&code.exports).ok_or_else(|| self.lie(function, about, "says that it answers this, but does not export it"))
    }

    fn call<R>(
        &mut self,
        function: &'static str,
        about: &str,
        call: impl FnOnce(&mut Store<State>, &Instance) -> wasmtime::Result<R>,
    ) -> Result<R, Failure> {
        let (mut store, instance) = match self.live.take() {
            Some(live) => live,
            None => {
                let pre = match (self.code)() {
                    Ok(code) => &code.pre,
                    Err(reason) => return Err(self.lie(function, about, format!("cannot be used: {reason}"))),
                };
                let state = State { title: self.title.clone(), memory_wanted: None, log: Vec::new() };
                let mut store = Store::new(pre.engine(), state);
                store.limiter(|state| state);
                // Instantiation runs code of the plugin as well.
                let instance = store.set_fuel(FUEL).and_then(|()| pre.instantiate(&mut store));
                let instance = instance.map_err(|error| self.failure(function, about, &error, store.data()))?;
                (store, instance)
            }
        };
        store.data_mut().log.clear();
        let answer = store.set_fuel(FUEL).and_then(|()| call(&mut store, &instance));
        match answer {
            Ok(answer) => {
                self.live = Some((store, instance));
                Ok(answer)
            }
            Err(error) => Err(self.failure(function, about, &error, store.data())),
        }
    }

    fn failure(&self, function: &'static str, about: &str, error: &wasmtime::Error, state: &State) -> Failure {
        let what = match (state.memory_wanted, error.downcast_ref::<Trap>()) {
            (Some(bytes), _) => {
                format!("wanted {} MiB of memory, where {} are allowed, and was stopped", bytes.div_ceil(1 << 20), MEMORY >> 20)
            }
            (None, Some(Trap::OutOfFuel)) => "used up its fuel and was stopped".to_owned(),
            (None, Some(Trap::StackOverflow)) => "overflowed its stack and was stopped".to_owned(),
            // Where a language keeps a stack of its own in memory, that is what overflows.
            (None, Some(Trap::MemoryOutOfBounds)) => {
                "reached outside its memory, as a stack that is too deep does, and was stopped".to_owned()
            }
            (None, Some(Trap::UnreachableCodeReached)) => "gave up".to_owned(),
            (None, Some(trap)) => format!("trapped ({trap})"),
            (None, None) => format!("gave an answer that cannot be read ({error:#})"),
        };
        Failure { log: state.log.clone(), ..self.lie(function, about, what) }
    }
}
