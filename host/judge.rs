//! The fifth stage: rules on files, for what rick rendered, and policies. The verdict on the whole is made here, once.

use crate::compose::call::Call;
use crate::contract::types::{File, Place};
use crate::diagnostic::Sink;
use crate::plugin::{Plugin, Stage};
use crate::policy::{self, Policies};
use crate::render::{Artifact, Deployment};

/// A deployment that everything has been said about. Made by [`judge`] alone.
pub struct Judged<'a> {
    deployment: Deployment<'a>,
}

impl<'a> Judged<'a> {
    /// What was judged.
    pub fn deployment(&self) -> &Deployment<'a> {
        &self.deployment
    }
}

/// Shows each plugin the rendered files that it can judge, and asks the policies.
pub fn judge<'a>(deployment: Deployment<'a>, policies: &Policies, sink: &mut Sink) -> Judged<'a> {
    let composition = &deployment.composition;
    for plugin in composition.plugins.all.iter().filter(|plugin| plugin.descriptor.answers.contains("check-files")) {
        for machine in &composition.project.machines {
            judge_machine(&deployment, plugin, machine, sink);
        }
    }
    policy::find::find(policies, &deployment, sink);
    Judged { deployment }
}

fn judge_machine(deployment: &Deployment<'_>, plugin: &Plugin, machine: &str, sink: &mut Sink) {
    let composition = &deployment.composition;
    let judged: Vec<(&str, &Artifact)> = deployment
        .artifacts
        .iter()
        .filter(|((of, path), _)| of == machine && plugin.descriptor.judges.is_match(path))
        .map(|((_, path), artifact)| (path.as_str(), artifact))
        .collect();
    if judged.is_empty() {
        return;
    }
    let files: Vec<File> = judged
        .iter()
        .map(|(path, artifact)| File { path: path.trim_start_matches('/').to_owned(), text: artifact.text(), judge: true })
        .collect();
    let services: Vec<_> =
        composition.sound(sink).into_iter().filter(|service| service.machine == machine && service.has(plugin)).collect();
    let subject = crate::compose::call::Subject::Machine(machine, &services);
    let call = Call::new(composition, plugin, subject, Some(Stage::Check));
    let mut session = plugin.session();
    let input = call.input(composition);
    let found = session.check_files(&subject.title(), &input, &files);
    if let Some(recorder) = &composition.plugins.recorder {
        recorder.keep(plugin, "check-files", &call, &input, &files, &found, session.used);
    }
    let found = match found {
        Ok(found) => found,
        Err(failure) => return call.fail(&failure, sink),
    };
    for said in found {
        let resolve = |place: &Place| match place {
            Place::Text(span) => {
                let (_, artifact) = judged.get(span.file as usize).ok_or("gave a place in a file that it was not given")?;
                artifact.origin_at(span.start as usize).cloned().ok_or_else(|| "gave a place outside its file".to_owned())
            }
            other => call.resolve(composition, other),
        };
        match call.diagnostic(composition, &session, "check-files", said, resolve) {
            Ok(diagnostic) => sink.push(diagnostic),
            Err(failure) => call.fail(&failure, sink),
        }
    }
}
