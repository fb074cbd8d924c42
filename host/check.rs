//! The third stage: the rules of plugins over each service, each machine, and the project.

use crate::calls;
use crate::compose::Composition;
use crate::compose::call::Subject;
use crate::diagnostic::Sink;
use crate::plugin::{Plugin, Stage};
use crate::plugins::Plugins;
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

/// Makes every check of every plugin. `subjects`: of all services that are sound now.
pub fn check<'a>(composition: Composition<'a>, subjects: &Subjects<'a>, sink: &mut Sink) -> Checked<'a> {
    let asked = subjects.of_function("check");
    let made = calls::begin(
        &composition,
        &asked,
        "check",
        Some(Stage::Check),
        |session, question| session.check(&question.about, question.scope, &question.input),
        |found, _| found,
    )
    .finish(composition.plugins);
    for made in made {
        let Some((plugin, call, answer)) = made.answered(sink) else { continue };
        let session = plugin.session();
        answer.into_iter().for_each(|found| call.report(&composition, &session, "check", found, sink));
    }
    Checked { composition }
}

/// What plugins are asked about: services, then machines, then the project. Of the services that have no error;
/// one that is found in a stage does not keep the stage from finding more.
pub struct Subjects<'a> {
    plugins: &'a Plugins,
    /// All of them.
    pub sound: Vec<&'a Manifest>,
    /// Those of each plugin, in the plugins' order.
    services: Vec<Vec<&'a Manifest>>,
    /// For each plugin, its machines with their services.
    machines: Vec<Vec<(&'a str, Vec<&'a Manifest>)>>,
}

impl<'a> Subjects<'a> {
    /// Sorts the services that are sound now by plugin and machine.
    pub fn of(composition: &Composition<'a>, sink: &Sink) -> Self {
        let (project, plugins, sound) = (composition.project, composition.plugins, composition.sound(sink));
        let services: Vec<Vec<&Manifest>> =
            plugins.all.iter().map(|plugin| sound.iter().copied().filter(|manifest| manifest.has(plugin)).collect()).collect();
        let of_machine = |services: &Vec<&'a Manifest>, machine: &'a String| {
            let here: Vec<&Manifest> = services.iter().copied().filter(|manifest| manifest.machine == *machine).collect();
            (!here.is_empty()).then_some((machine.as_str(), here))
        };
        let machines = services
            .iter()
            .map(|services| project.machines.iter().filter_map(|machine| of_machine(services, machine)).collect())
            .collect();
        Self { plugins, sound, services, machines }
    }

    /// Every pair of a plugin that answers a function, and what it answers it for.
    pub(crate) fn of_function<'b>(&'b self, function: &str) -> Vec<(&'b Plugin, Subject<'b>)>
    where
        'a: 'b,
    {
        let mut subjects = Vec::new();
        for (index, plugin) in self.plugins.all.iter().enumerate() {
            let answers = |scope: &str| plugin.descriptor.answers.contains(&format!("{function}:{scope}"));
            let services = &self.services[index];
            if answers("service") {
                subjects.extend(services.iter().map(|manifest| (plugin, Subject::Service(manifest))));
            }
            if answers("machine") {
                subjects.extend(self.machines[index].iter().map(|(machine, here)| (plugin, Subject::Machine(machine, here))));
            }
            if answers("project") && !services.is_empty() {
                subjects.push((plugin, Subject::Project(services)));
            }
        }
        subjects
    }
}
