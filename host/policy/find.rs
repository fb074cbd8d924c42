//! What policies find in a project, at its lines.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;

use super::evaluate::{self, Found};
use super::kind::Kind;
use super::model::{Model, Place, Subject, Wanted};
use super::{Policies, Policy, Repair};
use crate::compose::Composition;
use crate::diagnostic::{Diagnostic, Edit, Fix, Sink};
use crate::document::Node;
use crate::model::Model as Steps;
use crate::origin::Origin;
use crate::project::Manifest;
use crate::render::Deployment;
use crate::source::Span;

/// Asks the policies of what is sound so far. What is about more than one service is only asked where all of them are there: of half a
/// project it would say what is not so.
pub fn find<'a>(policies: &Policies, deployment: &'a Deployment<'a>, sink: &mut Sink) {
    let Some(shapes) = policies.shapes.as_ref().filter(|_| !policies.all.is_empty()) else { return };
    let composition = &deployment.composition;
    let sound = composition.sound(sink);
    let whole = sound.len() == composition.project.names.len();
    let model = Model::of(deployment, &sound, shapes, Wanted::by(policies));
    let answer = evaluate::ask(&policies.all, &model, |policy| whole || !is_about_more(policy));
    for failed in answer.failed {
        sink.push(failed);
    }
    let manifests = sound.iter().map(|manifest| (manifest.name.as_str(), *manifest)).collect();
    let finder = Finder { policies, composition, deployment, model: &model, manifests };
    for found in answer.found {
        let (service, diagnostic) = finder.diagnostic(&found);
        match service {
            Some(service) => sink.push_for(&service, diagnostic),
            None => sink.push(diagnostic),
        }
    }
    // Of a large project it takes a while to take apart, and nobody waits for that.
    thread::spawn(move || drop(model));
}

/// Whether a policy looks beyond the one service.
fn is_about_more(policy: &Policy) -> bool {
    // What rick.toml says of plugins is there in any case.
    let beyond = |path: &Vec<String>| {
        path.first().is_some_and(|first| first == Kind::Deployment.name()) && path.get(1).is_none_or(|list| list != "plugins")
    };
    matches!(policy.kind, Kind::Deployment | Kind::Machine)
        || policy.when.iter().chain(policy.assertion.expressions()).any(|expression| expression.paths.iter().any(beyond))
}

struct Finder<'a> {
    policies: &'a Policies,
    composition: &'a Composition<'a>,
    deployment: &'a Deployment<'a>,
    model: &'a Model,
    manifests: BTreeMap<&'a str, &'a Manifest>,
}

impl Finder<'_> {
    fn diagnostic(&self, found: &Found) -> (Option<String>, Diagnostic) {
        let policy = &self.policies.all[found.policy];
        let subject = &self.model.of_kind(policy.kind)[found.subject];
        let (span, via) = self.place(policy, subject);
        let mut diagnostic = Diagnostic::new(&policy.name, policy.severity, found.message.clone(), span);
        diagnostic.notes.extend(via);
        diagnostic.notes.extend(found.parts.iter().map(|(text, value)| format!("`{text}` is {value}")));
        if let Some(first) = found.first {
            let (span, _) = self.place(policy, &self.model.of_kind(policy.kind)[first]);
            if let Some(span) = span.filter(|span| diagnostic.primary.as_ref().is_none_or(|label| label.span != *span)) {
                diagnostic = diagnostic.related("which is said here first", span);
            }
        }
        diagnostic.help = found.help.clone();
        diagnostic.plugin = Some(policy.from.to_string());
        diagnostic.fixes.extend(policy.fix.as_ref().and_then(|fix| self.fix(policy, subject, fix)));
        (self.manifest(subject).map(|manifest| manifest.name.clone()), diagnostic)
    }

    fn manifest(&self, subject: &Subject) -> Option<&Manifest> {
        let service = &self.model.of_kind(Kind::Service)[subject.service?];
        let Place::Manifest(name) = &service.place else { return None };
        self.manifests.get(name.as_str()).copied()
    }

    /// Where to look first, and what is to be said of that place.
    fn place(&self, policy: &Policy, subject: &Subject) -> (Option<Span>, Option<String>) {
        let shapes = self.policies.shapes.as_ref().map(Arc::as_ref);
        let settings = &self.composition.project.settings.node;
        // What is of no service has no manifest to point into.
        let at = policy.at.as_ref().filter(|_| policy.kind == Kind::Machine || self.manifest(subject).is_some());
        match (at, &subject.place) {
            (Some(at), Place::Machine(machine)) => {
                (Some(written(settings, ["machines".to_owned(), machine.clone()].iter().chain(at)).0), None)
            }
            (Some(at), Place::Artifact(machine, path)) if policy.kind == Kind::Unit => {
                let origin = self.of_key(machine, path, at);
                (origin.and_then(|origin| origin.span(self.composition)).or_else(|| self.artifact(machine, path)), None)
            }
            (Some(at), _) => {
                let steps = shapes.map(|shapes| shapes.in_manifest(at)).unwrap_or_default();
                let found = self.manifest(subject).map(|manifest| written(&manifest.document.node, &steps));
                let absent = || format!("`{}` is not written there", crate::model::dotted(at));
                found.map_or((None, None), |(span, exact)| (Some(span), (!exact).then(absent)))
            }
            (None, Place::Manifest(_)) => (self.manifest(subject).map(|manifest| self.first_written(policy, manifest)), None),
            (None, Place::Machine(machine)) => (Some(written(settings, &["machines".to_owned(), machine.clone()]).0), None),
            (None, Place::Entry(index)) => {
                let origin = Origin::Contributed(*index);
                // What somebody wrote down there needs no word about the way that it took.
                let because = self.composition.entries[*index].from.iter().flat_map(|source| &source.because).next();
                let via = (!matches!(because, Some(Origin::Written(_)))).then(|| origin.via(self.composition)).flatten();
                (origin.span(self.composition), via)
            }
            (None, Place::Artifact(machine, path)) => (self.artifact(machine, path), None),
            (None, Place::Project | Place::Text(_)) => (Some(settings.value.clone()), None),
        }
    }

    /// The first value that a policy looks at and that somebody wrote in the manifest; else the service as such.
    fn first_written(&self, policy: &Policy, manifest: &Manifest) -> Span {
        let shapes = self.policies.shapes.as_ref().map(Arc::as_ref);
        let paths = policy.assertion.expressions().iter().chain(&policy.when).flat_map(|expression| &expression.paths);
        let of_service = paths.filter(|path| path.first().is_some_and(|first| first == Kind::Service.name()) && path.len() > 1);
        let found = of_service.filter_map(|path| {
            let steps = shapes?.in_manifest(&path[1..]);
            let (span, exact) = written(&manifest.document.node, &steps);
            exact.then_some(span)
        });
        let header = || written(&manifest.document.node, &["service".to_owned()]).0;
        found.into_iter().next().unwrap_or_else(header)
    }

    fn artifact(&self, machine: &str, path: &str) -> Option<Span> {
        let artifact = self.deployment.artifacts.get(&(machine.to_owned(), path.to_owned()))?;
        artifact.origin_at(0)?.span(self.composition)
    }

    /// Because of what a key is in a unit: the origin of its first line.
    fn of_key(&self, machine: &str, path: &str, at: &[String]) -> Option<&Origin> {
        let artifact = self.deployment.artifacts.get(&(machine.to_owned(), path.to_owned()))?;
        let [section, key] = at else { return None };
        let text = artifact.text();
        // A key that the machine's podman does not have yet is written as an argument: `PodmanArgs=--memory=2g`.
        let argument = format!("PodmanArgs=--{}", kebab(key));
        let (mut offset, mut inside) = (0, false);
        for line in text.split_inclusive('\n') {
            if line.starts_with('[') {
                inside = line.trim_end() == format!("[{section}]");
            } else if inside
                && (line.strip_prefix(key.as_str()).is_some_and(|rest| rest.starts_with('='))
                    || line.strip_prefix(&argument).is_some_and(|rest| rest.starts_with(['=', ' ', '\n'])))
            {
                return artifact.origin_at(offset);
            }
            offset += line.len();
        }
        None
    }

    /// The value that mends it, where it is written or would be. What is written for all services is nothing to change unasked.
    fn fix(&self, policy: &Policy, subject: &Subject, repair: &Repair) -> Option<Fix> {
        let project = self.composition.project;
        let shapes = self.policies.shapes.as_ref()?;
        let title = |at: &str| {
            let value = toml_of(&repair.value);
            repair.title.clone().unwrap_or_else(|| format!("set `{at}` to {value}"))
        };
        let set = |source, steps: Vec<String>, at: &str, shared: bool| Fix {
            title: title(at),
            safe: repair.safe && !shared,
            edits: vec![Edit::Set { source, steps, value: repair.value.clone() }],
        };
        match (repair.at.as_ref().or(policy.at.as_ref()), &subject.place) {
            (Some(at), Place::Machine(machine)) => {
                let steps = ["machines".to_owned(), machine.clone()].into_iter().chain(at.iter().cloned()).collect();
                Some(set(project.settings.node.value.source, steps, &crate::model::dotted(at), false))
            }
            (Some(at), _) => {
                let manifest = self.manifest(subject)?;
                let steps = shapes.in_manifest(at);
                let (node, depth) = manifest.document.node.nearest(steps.iter().map(String::as_str));
                let own = manifest.document.node.value.source;
                // A table that the manifest does not have would make a plugin take part.
                if depth == 0 {
                    return None;
                }
                let shared = node.value.source != own && depth == steps.len();
                let steps: Vec<String> = shared.then(|| "defaults".to_owned()).into_iter().chain(steps).collect();
                let source = if shared { node.value.source } else { own };
                Some(set(source, steps, &crate::model::dotted(at), shared))
            }
            (None, Place::Entry(index)) => {
                let [from] = self.composition.entries[*index].from.as_slice() else { return None };
                let [Origin::Written(span)] = from.because.as_slice() else { return None };
                let steps = Steps::default().at(&project.sources, span).steps;
                let shared = steps.first().is_some_and(|step| step == "defaults");
                let at = crate::model::dotted(&steps);
                (!steps.is_empty()).then(|| set(span.source, steps, &at, shared))
            }
            _ => None,
        }
    }
}

/// A key as an option has it: `ReadOnly` is `--read-only`.
fn kebab(key: &str) -> String {
    let mut text = String::new();
    for (index, letter) in key.chars().enumerate() {
        if letter.is_ascii_uppercase() && index > 0 {
            text.push('-');
        }
        text.extend(letter.to_lowercase());
    }
    text
}

/// A value as TOML has it.
fn toml_of(value: &serde_json::Value) -> String {
    match toml::Value::try_from(value) {
        Ok(value) => value.to_string(),
        Err(_) => value.to_string(),
    }
}

/// The place that steps lead to, or the nearest one that somebody wrote; and whether it is the very one.
fn written<'a>(root: &Node, steps: impl IntoIterator<Item = &'a String>) -> (Span, bool) {
    let steps: Vec<&str> = steps.into_iter().map(String::as_str).collect();
    let (node, depth) = root.nearest(steps.iter().copied());
    let exact = depth == steps.len();
    let scalar = matches!(node.children, crate::document::Children::None);
    let span = if exact && scalar { node.value.clone() } else { node.key_or_value().clone() };
    (span, exact)
}
