//! Between the contract's exports and [`Plugin`].

use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use crate::Plugin;
use crate::answer::{Claims, Contributions, Diagnostics, Rendered};
use crate::bindings::exports::rick::plugin::{check, check_files, claim, contribute, meta, render};
use crate::bindings::rick::plugin::types::{Diagnostic, File, Scope};
use crate::input::{MachineCall, ProjectCall, ServiceCall};

/// The component of a plugin.
#[derive(Debug)]
pub struct Component<P>(PhantomData<P>);

fn parse<T: DeserializeOwned>(input: &str) -> T {
    serde_json::from_str(input).unwrap_or_else(|error| panic!("the input is not what the plugin's types say: {error}"))
}

/// A panic's message reaches the user only if it is logged before the trap.
fn watch_panics() {
    #[cfg(target_arch = "wasm32")]
    std::panic::set_hook(Box::new(|panic| {
        use crate::bindings::rick::plugin::log::{Level, log};
        log(Level::Warn, &panic.to_string());
    }));
}

impl<P: Plugin> meta::Guest for Component<P> {
    fn describe() -> meta::Descriptor {
        watch_panics();
        P::describe().into()
    }
}

impl<P: Plugin> claim::Guest for Component<P> {
    fn claim(input: String) -> claim::Claimed {
        watch_panics();
        let mut out = Claims::default();
        P::claim(&parse::<ServiceCall<P>>(&input), &mut out);
        claim::Claimed { claims: out.entries, diagnostics: out.diagnostics.0 }
    }
}

impl<P: Plugin> contribute::Guest for Component<P> {
    fn contribute(input: String) -> contribute::Contributed {
        watch_panics();
        let mut out = Contributions::default();
        P::contribute(&parse::<ServiceCall<P>>(&input), &mut out);
        contribute::Contributed { contributions: out.entries, diagnostics: out.diagnostics.0 }
    }
}

impl<P: Plugin> check::Guest for Component<P> {
    fn check(scope: Scope, input: String) -> Vec<Diagnostic> {
        watch_panics();
        let mut out = Diagnostics::default();
        match scope {
            Scope::Service => P::check_service(&parse::<ServiceCall<P>>(&input), &mut out),
            Scope::Machine => P::check_machine(&parse::<MachineCall<P>>(&input), &mut out),
            Scope::Project => P::check_project(&parse::<ProjectCall<P>>(&input), &mut out),
        }
        out.0
    }
}

impl<P: Plugin> check_files::Guest for Component<P> {
    fn check_files(input: String, files: Vec<File>) -> Vec<Diagnostic> {
        watch_panics();
        let mut out = Diagnostics::default();
        P::check_files(&parse::<MachineCall<P>>(&input), &files, &mut out);
        out.0
    }
}

impl<P: Plugin> render::Guest for Component<P> {
    fn render(scope: Scope, input: String) -> render::Rendered {
        watch_panics();
        let mut out = Rendered::default();
        match scope {
            Scope::Service => P::render_service(&parse::<ServiceCall<P>>(&input), &mut out),
            Scope::Machine => P::render_machine(&parse::<MachineCall<P>>(&input), &mut out),
            Scope::Project => P::render_project(&parse::<ProjectCall<P>>(&input), &mut out),
        }
        render::Rendered { artifacts: out.artifacts, contributions: out.entries, diagnostics: out.diagnostics.0 }
    }
}

/// Runs a plugin natively on an input document, as rick would: for tests.
pub mod native {
    use super::{Claims, Contributions, Diagnostics, Plugin, Rendered, parse};
    use crate::answer::Artifact;
    use crate::bindings::exports::rick::plugin::claim::ClaimEntry;
    use crate::bindings::rick::plugin::types::{Contribution, Diagnostic};

    /// The claims of a service, and the problems.
    pub fn claim<P: Plugin>(input: &serde_json::Value) -> (Vec<ClaimEntry>, Vec<Diagnostic>) {
        let mut out = Claims::default();
        P::claim(&parse(&input.to_string()), &mut out);
        (out.entries, out.diagnostics.0)
    }

    /// The contributions of a service, and the problems.
    pub fn contribute<P: Plugin>(input: &serde_json::Value) -> (Vec<Contribution>, Vec<Diagnostic>) {
        let mut out = Contributions::default();
        P::contribute(&parse(&input.to_string()), &mut out);
        (out.entries, out.diagnostics.0)
    }

    /// The problems of a service.
    pub fn check_service<P: Plugin>(input: &serde_json::Value) -> Vec<Diagnostic> {
        let mut out = Diagnostics::default();
        P::check_service(&parse(&input.to_string()), &mut out);
        out.0
    }

    /// The artifacts of a service with the steps and checks, and the problems.
    pub fn render_service<P: Plugin>(input: &serde_json::Value) -> (Vec<Artifact>, Vec<Contribution>, Vec<Diagnostic>) {
        let mut out = Rendered::default();
        P::render_service(&parse(&input.to_string()), &mut out);
        split(out)
    }

    /// The artifacts of a machine with the steps and checks, and the problems.
    pub fn render_machine<P: Plugin>(input: &serde_json::Value) -> (Vec<Artifact>, Vec<Contribution>, Vec<Diagnostic>) {
        let mut out = Rendered::default();
        P::render_machine(&parse(&input.to_string()), &mut out);
        split(out)
    }

    /// The artifacts of the project with the steps and checks, and the problems.
    pub fn render_project<P: Plugin>(input: &serde_json::Value) -> (Vec<Artifact>, Vec<Contribution>, Vec<Diagnostic>) {
        let mut out = Rendered::default();
        P::render_project(&parse(&input.to_string()), &mut out);
        split(out)
    }

    fn split(out: Rendered) -> (Vec<Artifact>, Vec<Contribution>, Vec<Diagnostic>) {
        (out.artifacts.into_iter().map(Artifact).collect(), out.entries, out.diagnostics.0)
    }
}
