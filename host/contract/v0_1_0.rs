//! The contract 0.1.0, the newest: its types are rick's own, so that nothing is translated.

wasmtime::component::bindgen!({
    path: "wit/0.1.0",
    world: "plugin",
    imports: { default: trappable },
    additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
});

use wasmtime::component::{Component, HasSelf, Instance, InstancePre, Linker};
use wasmtime::{Engine, Store};

use super::Linked;
use crate::plugin::State;
use exports::rick::plugin::{check, check_files, claim, contribute, meta, render};
use rick::plugin::{log, types};

/// The interfaces that a component has.
struct Guest {
    pre: InstancePre<State>,
    meta: meta::GuestIndices,
    claim: Option<claim::GuestIndices>,
    contribute: Option<contribute::GuestIndices>,
    check: Option<check::GuestIndices>,
    check_files: Option<check_files::GuestIndices>,
    render: Option<render::GuestIndices>,
}

pub(super) fn link(engine: &Engine, component: &Component) -> wasmtime::Result<Box<dyn Linked>> {
    let mut linker = Linker::new(engine);
    log::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
    let pre = linker.instantiate_pre(component)?;
    Ok(Box::new(Guest {
        meta: meta::GuestIndices::new(&pre)?,
        claim: claim::GuestIndices::new(&pre).ok(),
        contribute: contribute::GuestIndices::new(&pre).ok(),
        check: check::GuestIndices::new(&pre).ok(),
        check_files: check_files::GuestIndices::new(&pre).ok(),
        render: render::GuestIndices::new(&pre).ok(),
        pre,
    }))
}

impl log::Host for State {
    fn log(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        self.keep(level, &message)
    }
}

impl types::Host for State {}

/// `has` is asked before a call is made.
fn missing() -> wasmtime::Error {
    wasmtime::Error::msg("the interface is not there")
}

impl Linked for Guest {
    fn has(&self, function: &str) -> bool {
        match function {
            "claim" => self.claim.is_some(),
            "contribute" => self.contribute.is_some(),
            "check" => self.check.is_some(),
            "check-files" => self.check_files.is_some(),
            "render" => self.render.is_some(),
            _ => false,
        }
    }

    fn version(&self) -> &'static str {
        "0.1.0"
    }

    fn engine(&self) -> &Engine {
        self.pre.engine()
    }

    fn instantiate(&self, store: &mut Store<State>) -> wasmtime::Result<Instance> {
        self.pre.instantiate(store)
    }

    fn describe(&self, store: &mut Store<State>, instance: &Instance) -> wasmtime::Result<meta::Descriptor> {
        self.meta.load(&mut *store, instance)?.call_describe(store)
    }

    fn claim(&self, store: &mut Store<State>, instance: &Instance, input: &types::Json) -> wasmtime::Result<claim::Claimed> {
        let indices = self.claim.as_ref().ok_or_else(missing)?;
        indices.load(&mut *store, instance)?.call_claim(store, input)
    }

    fn contribute(
        &self,
        store: &mut Store<State>,
        instance: &Instance,
        input: &types::Json,
    ) -> wasmtime::Result<contribute::Contributed> {
        let indices = self.contribute.as_ref().ok_or_else(missing)?;
        indices.load(&mut *store, instance)?.call_contribute(store, input)
    }

    fn check(
        &self,
        store: &mut Store<State>,
        instance: &Instance,
        scope: types::Scope,
        input: &types::Json,
    ) -> wasmtime::Result<Vec<types::Diagnostic>> {
        let indices = self.check.as_ref().ok_or_else(missing)?;
        indices.load(&mut *store, instance)?.call_check(store, scope, input)
    }

    fn check_files(
        &self,
        store: &mut Store<State>,
        instance: &Instance,
        input: &types::Json,
        files: &[types::File],
    ) -> wasmtime::Result<Vec<types::Diagnostic>> {
        let indices = self.check_files.as_ref().ok_or_else(missing)?;
        indices.load(&mut *store, instance)?.call_check_files(store, input, files)
    }

    fn render(
        &self,
        store: &mut Store<State>,
        instance: &Instance,
        scope: types::Scope,
        input: &types::Json,
    ) -> wasmtime::Result<render::Rendered> {
        let indices = self.render.as_ref().ok_or_else(missing)?;
        indices.load(&mut *store, instance)?.call_render(store, scope, input)
    }
}
