//! The third stage: the rules of plugins over each service, each machine, and the project.

use crate::compose::Composition;
use crate::compose::call::{Call, Subject};
use crate::diagnostic::Sink;
use crate::plugin::{Plugin, Stage};
use crate::project::Manifest;

/// A composition that the rules have seen. Made by [`check`] alone.
pub struct Checked<'a> {
    composition: Composition<'a>,
}

impl<'a> Checked<'a> {
    /// For the next stage.
    pub(crate) fn into_composition(self) -> Composition<'a> {
        self.composition
    }
}

/// Makes every check of every plugin.
pub fn check<'a>(composition: Composition<'a>, sink: &mut Sink) -> Checked<'a> {
    let sound = composition.sound(sink);
    for plugin in &composition.plugins.all {
        let mut session = plugin.session();
        for_each_subject(&composition, &sound, plugin, "check", |subject| {
            let call = Call::new(&composition, plugin, subject, Some(Stage::Check));
            match session.check(&subject.title(), subject.scope(), &call.input) {
                Ok(found) => found.into_iter().for_each(|found| call.report(&composition, &session, "check", found, sink)),
                Err(failure) => call.fail(&failure, sink),
            }
        });
    }
    Checked { composition }
}

/// Goes through what a plugin answers a function for: services, then machines, then the project. `sound`: the services that
/// had no error when the stage began; one that is found now does not keep the stage from finding more.
pub(crate) fn for_each_subject(
    composition: &Composition<'_>,
    sound: &[&Manifest],
    plugin: &Plugin,
    function: &str,
    mut visit: impl FnMut(Subject<'_>),
) {
    let answers = |scope: &str| plugin.descriptor.answers.contains(&format!("{function}:{scope}"));
    let services: Vec<&Manifest> = sound.iter().copied().filter(|manifest| manifest.has(plugin)).collect();
    if answers("service") {
        for manifest in &services {
            visit(Subject::Service(manifest));
        }
    }
    if answers("machine") {
        for machine in &composition.project.machines {
            let services: Vec<&Manifest> = services.iter().copied().filter(|manifest| manifest.machine == *machine).collect();
            if !services.is_empty() {
                visit(Subject::Machine(machine, &services));
            }
        }
    }
    if answers("project") && !services.is_empty() {
        visit(Subject::Project(&services));
    }
}
