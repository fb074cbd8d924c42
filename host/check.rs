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
    for plugin in &composition.plugins.all {
        for_each_subject(&composition, plugin, "check", sink, |subject, sink| {
            let mut session = plugin.session();
            let call = Call::new(&composition, plugin, subject, Some(Stage::Check));
            match session.check(&subject.title(), subject.scope(), &call.input) {
                Ok(found) => found.into_iter().for_each(|found| call.report(&composition, &session, "check", found, sink)),
                Err(failure) => call.fail(&failure, sink),
            }
        });
    }
    Checked { composition }
}

/// Goes through what a plugin answers a function for: services, then machines, then the project. A service with an error
/// is left out; a machine or a project is looked at without it.
pub(crate) fn for_each_subject<'a>(
    composition: &Composition<'a>,
    plugin: &'a Plugin,
    function: &str,
    sink: &mut Sink,
    mut visit: impl FnMut(Subject<'_>, &mut Sink),
) {
    let answers = |scope: &str| plugin.descriptor.answers.contains(&format!("{function}:{scope}"));
    let sound = |sink: &Sink| -> Vec<&'a Manifest> {
        composition.sound(sink).into_iter().filter(|manifest| manifest.has(plugin)).collect()
    };
    if answers("service") {
        for manifest in sound(sink) {
            visit(Subject::Service(manifest), sink);
        }
    }
    if answers("machine") {
        for machine in &composition.project.machines {
            let services: Vec<&Manifest> = sound(sink).into_iter().filter(|manifest| manifest.machine == *machine).collect();
            if !services.is_empty() {
                visit(Subject::Machine(machine, &services), sink);
            }
        }
    }
    if answers("project") {
        let services = sound(sink);
        if !services.is_empty() {
            visit(Subject::Project(&services), sink);
        }
    }
}
