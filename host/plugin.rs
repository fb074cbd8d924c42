//! One plugin: what it says of itself, and calls that cannot hurt.
//!
//! A call has fuel, memory and stack, and no import but `log`. What it answers is checked here for its form and its size; what it means
//! is checked by the stage that asked. A call that fails is a [`Failure`], which names the plugin, its version and the call.

mod descriptor;
pub mod limits;
mod session;

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::contract::{self, Linked};
use crate::engine::Engine;
use crate::error::Error;
use crate::helpers;

pub use descriptor::{Descriptor, Of, Pool, RESERVED, Range, Read, Stage};
pub use limits::State;
use session::Idle;
pub use session::{Failure, Session};

/// A plugin that was read, linked and asked what it is.
pub struct Plugin {
    /// What it says of itself.
    pub descriptor: Descriptor,
    /// The version of the contract that it was built for: "0.1.0".
    pub contract: String,
    /// Where it was read from, as `rick plugin list` shows it.
    pub from: String,
    /// SHA-256 of the component.
    pub digest: String,
    /// Its number among the plugins of a run.
    pub index: usize,
    callee: Arc<Callee>,
}

/// The part of a plugin that is called, from whatever thread.
pub struct Callee {
    title: String,
    from: String,
    digest: String,
    engine: Engine,
    bytes: Cow<'static, [u8]>,
    /// Only where something must be asked of it: what it says of itself, and what it answered to the same question before, is kept.
    linked: Link,
    /// Some thread has begun with that.
    linking: AtomicBool,
    idle: Idle,
}

impl Callee {
    /// An instance to call, made when it is first needed.
    pub fn session(&self) -> Session<'_> {
        Session::of(self.title.clone(), || {
            let link = || link(&self.engine, &self.from, &self.digest, &self.bytes);
            if self.linked.get().is_none() && self.linking.swap(true, Ordering::Relaxed) {
                helpers::wait_for(|| self.linked.get().is_some());
            }
            self.linked.get_or_init(link).as_deref().map_err(Clone::clone)
        })
        .among(&self.idle)
    }

    /// Brings its code in, and makes an instance, ahead of its first call; nothing, where another thread has begun with it.
    pub fn prepare(&self) {
        if !self.linking.load(Ordering::Relaxed) {
            self.session().prepare();
        }
    }
}

impl Plugin {
    /// Reads a component and asks it what it is, unless that is kept.
    pub fn load(engine: &Engine, from: &str, digest: &str, bytes: Cow<'static, [u8]>) -> Result<Self, Error> {
        let refused = |reason: String| Error::Plugin { plugin: from.to_owned(), reason };
        let linked = OnceLock::new();
        let said = engine.describe(digest, || ask(&linked, engine, from, digest, &bytes)).map_err(refused)?;
        let Said { contract, descriptor } = said;
        let descriptor = Descriptor::parse(descriptor, true).map_err(refused)?;
        let (from, digest) = (from.to_owned(), digest.to_owned());
        let title = format!("{} {}", descriptor.name, descriptor.version);
        let (engine, linking, idle) = (engine.clone(), AtomicBool::default(), Idle::default());
        let callee = Callee { title, from: from.clone(), digest: digest.clone(), engine, bytes, linked, linking, idle };
        Ok(Self { descriptor, contract, from, digest, index: 0, callee: Arc::new(callee) })
    }

    /// What a component says of itself, as it is kept and as a program carries it along.
    pub fn asked(engine: &Engine, from: &str, digest: &str, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let said = ask(&OnceLock::new(), engine, from, digest, bytes);
        let said = said.and_then(|said| postcard::to_stdvec(&said).map_err(|error| error.to_string()));
        said.map_err(|reason| Error::Plugin { plugin: from.to_owned(), reason })
    }

    /// "postgres 0.1.0"
    pub fn title(&self) -> String {
        self.callee.title.clone()
    }

    /// The component itself.
    pub fn bytes(&self) -> &[u8] {
        &self.callee.bytes
    }

    /// What is called of it.
    pub fn callee(&self) -> Arc<Callee> {
        Arc::clone(&self.callee)
    }

    /// An instance to call, made when it is first needed.
    pub fn session(&self) -> Session<'_> {
        self.callee.session()
    }
}

/// What a component says of itself, and the version of the contract that it says it in.
#[derive(serde::Serialize, serde::Deserialize)]
struct Said {
    contract: String,
    descriptor: contract::meta::Descriptor,
}

type Link = OnceLock<Result<Box<dyn Linked>, String>>;

fn ask(kept: &Link, engine: &Engine, from: &str, digest: &str, bytes: &[u8]) -> Result<Said, String> {
    let linked = kept.get_or_init(|| link(engine, from, digest, bytes)).as_deref().map_err(Clone::clone)?;
    let mut session = Session::of(from.to_owned(), || Ok(linked));
    let descriptor = session.describe().map_err(|failure| failure.reason())?;
    // What is kept, or carried along, is not looked at again.
    Descriptor::parse(descriptor.clone(), false)?;
    Ok(Said { contract: linked.version().to_owned(), descriptor })
}

fn link(engine: &Engine, from: &str, digest: &str, bytes: &[u8]) -> Result<Box<dyn Linked>, String> {
    let component = engine.load(from, digest, bytes).map_err(|error| match error {
        Error::Plugin { reason, .. } => reason,
        other => other.to_string(),
    })?;
    contract::link(engine.inner(), &component)
}
