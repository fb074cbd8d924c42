//! Policies: what a house wants of its services, beyond what must hold for them to run. Files of the project's own and packs that rick
//! ships, asked of the whole of a composition.
//!
//! Reading order: [`kind`] is what a policy can be about; [`shape`] which names that has, by the schemas; [`words`] what an expression may
//! say beside them; [`names`] holds an expression against both; [`file`] reads policies; [`model`] makes of a deployment what they see;
//! [`evaluate`] asks; [`find`] makes diagnostics of the answers; [`trial`] tries policies on their tests.

pub mod evaluate;
pub mod expression;
pub mod file;
pub mod find;
pub mod kind;
pub mod model;
pub mod names;
pub mod packs;
pub mod shape;
pub mod trial;
pub mod words;

use std::fs;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use crate::diagnostic::{Diagnostic, Severity, Sink};
use crate::error::Error;
use crate::plugins::Plugins;
use crate::project::{Overlay, toml_files};
use crate::source::{Sources, Span};

use expression::{CODE, Expression, Text};
use kind::Kind;
use shape::Shapes;

/// The folder with the policies, where rick.toml does not say another.
pub const FOLDER: &str = "policies";

/// Where a policy is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    /// A pack that rick ships.
    Pack(&'static str),
    /// A file of the project's.
    File(Utf8PathBuf),
}

impl std::fmt::Display for From {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            From::Pack(pack) => write!(to, "pack {pack}"),
            From::File(path) => write!(to, "{path}"),
        }
    }
}

/// A policy, compiled.
#[derive(Debug)]
pub struct Policy {
    /// Its name, which is the code of what it finds.
    pub name: String,
    /// What must hold.
    pub summary: String,
    /// Why it matters; may be empty.
    pub why: String,
    /// What it is about.
    pub kind: Kind,
    /// Which of them it is asked of.
    pub when: Option<Expression>,
    /// What it asks.
    pub assertion: Assertion,
    /// The value to point at.
    pub at: Option<Vec<String>>,
    /// What was found.
    pub message: Option<Text>,
    /// What can be done.
    pub help: Option<Text>,
    /// How bad it is.
    pub severity: Severity,
    /// A waiver can silence it.
    pub waivable: bool,
    /// The pack whose policy of the same name it stands for.
    pub replaces: Option<String>,
    /// What mends it.
    pub fix: Option<Repair>,
    /// Its tests.
    pub tests: Vec<Case>,
    /// Where it is from.
    pub from: From,
    /// Its name in its file.
    pub place: Span,
}

/// What a policy asks.
#[derive(Debug)]
pub enum Assertion {
    /// It must be true.
    Require(Expression),
    /// It must not be true.
    Deny(Expression),
    /// No two may share the values of these.
    Unique(Vec<Expression>),
}

impl Assertion {
    /// The expressions in it.
    pub fn expressions(&self) -> &[Expression] {
        match self {
            Assertion::Require(one) | Assertion::Deny(one) => std::slice::from_ref(one),
            Assertion::Unique(all) => all,
        }
    }

    /// As the file says it.
    pub fn word(&self) -> &'static str {
        match self {
            Assertion::Require(_) => "require",
            Assertion::Deny(_) => "deny",
            Assertion::Unique(_) => "unique",
        }
    }
}

/// A value that mends what a policy finds.
#[derive(Debug)]
pub struct Repair {
    /// Where it is written, as `at` of the policy; without it, there.
    pub at: Option<Vec<String>>,
    /// The value.
    pub value: Value,
    /// What it does, in the imperative.
    pub title: Option<String>,
    /// It may be done unasked.
    pub safe: bool,
}

/// A test of a policy.
#[derive(Debug)]
pub struct Case {
    /// The policy lets it pass.
    pub passes: bool,
    /// What it is asked of.
    pub given: Vec<Value>,
    /// What else there is in the model.
    pub with: Value,
    /// The message that it gets.
    pub message: Option<String>,
    /// Where it is.
    pub place: Span,
}

/// The policies of a project.
#[derive(Debug, Default)]
pub struct Policies {
    /// In the order of their names.
    pub all: Vec<Policy>,
    /// Which names there are in the model; nothing where there is no policy.
    pub shapes: Option<Arc<Shapes>>,
}

impl Policies {
    /// Reads the packs that rick.toml names, and the files in the folder with policies.
    pub fn load(
        root: &Utf8Path,
        settings: &crate::document::Document,
        overlay: &Overlay,
        plugins: &Plugins,
        sources: &mut Sources,
        sink: &mut Sink,
    ) -> Result<Self, Error> {
        let said = |key: &str| settings.value.get("policies").and_then(|policies| policies.get(key));
        let place = |steps: &[&str]| settings.node.nearest(["policies"].into_iter().chain(steps.iter().copied())).0.value.clone();
        let mut texts: Vec<(From, Utf8PathBuf, String)> = Vec::new();
        for name in said("use").and_then(Value::as_array).into_iter().flatten() {
            let name = name.as_str().unwrap_or_default();
            // Of one that is not there the schema of rick.toml speaks.
            if let Some(pack) = packs::find(name)
                && !texts.iter().any(|(from, ..)| *from == From::Pack(pack.name))
            {
                texts.push((From::Pack(pack.name), pack.path(), pack.text.to_owned()));
            }
        }
        let folder = said("folder").and_then(Value::as_str);
        for path in paths(root, folder, || place(&["folder"]), sink)? {
            let text = match overlay.get(&path) {
                Some(text) => text.clone(),
                None => match fs::read_to_string(root.join(&path)) {
                    Ok(text) => text,
                    Err(error) => {
                        let source = sources.add(&path, String::new());
                        let message = format!("it cannot be read: {error}");
                        sink.push(Diagnostic::error("file", message, Span { source, bytes: 0..0 }));
                        continue;
                    }
                },
            };
            texts.push((From::File(path.clone()), path, text));
        }
        if texts.is_empty() {
            return Ok(Self::default());
        }
        let policies = Self::read(texts, Arc::new(Shapes::of(plugins)), sources, sink);
        for plugin in &plugins.all {
            let rules = plugin.descriptor.rules.iter().filter_map(|rule| policies.find(&rule.code));
            for policy in rules {
                let message = format!("the plugin {} has a rule `{}`", plugin.title(), policy.name);
                sink.push(Diagnostic::error(CODE, message, policy.place.clone()).help("give the policy another name"));
            }
        }
        Ok(policies)
    }

    /// Reads policies from texts.
    pub fn read(texts: Vec<(From, Utf8PathBuf, String)>, shapes: Arc<Shapes>, sources: &mut Sources, sink: &mut Sink) -> Self {
        let schema = file::schema();
        let mut all: Vec<Policy> = Vec::new();
        for (from, path, text) in texts {
            let source = sources.add(path, text);
            for policy in file::read(sources, source, &from, &shapes, &schema, sink) {
                add(&mut all, policy, sink);
            }
        }
        for policy in &all {
            if let (Some(pack), From::File(_)) = (&policy.replaces, &policy.from)
                && !packs::find(pack).is_some_and(|pack| pack.text.contains(&format!("[rule.{}]\n", policy.name)))
            {
                let message = format!("the pack `{pack}` has no `{}` that this could stand for", policy.name);
                sink.push(
                    Diagnostic::error(CODE, message, policy.place.clone())
                        .help("take `replaces` out, or call it as the pack does"),
                );
            }
        }
        all.sort_by(|left, right| left.name.cmp(&right.name));
        Self { all, shapes: Some(shapes) }
    }

    /// The policy of a name.
    pub fn find(&self, name: &str) -> Option<&Policy> {
        self.all.iter().find(|policy| policy.name == name)
    }

    /// Whether any of them looks at what comes of rendering, so that what was answered before has to be read.
    pub fn look_at_what_is_rendered(&self) -> bool {
        [Kind::Image, Kind::Site, Kind::Unit, Kind::Artifact, Kind::Contribution].into_iter().any(|kind| self.look_at(kind))
    }

    /// Whether any of them may look at a list of the model: it says its name somewhere, or something that the list is in as a whole.
    pub fn look_at(&self, kind: Kind) -> bool {
        let whole = |path: &Vec<String>| match path.as_slice() {
            [one] => Kind::named(one).is_some_and(|one| matches!(one, Kind::Service | Kind::Deployment)),
            [_, list] => list == Kind::Service.list() && kind.is_of_service(),
            _ => false,
        };
        let looks = |text: &str, paths: &[Vec<String>]| text.contains(kind.list()) || paths.iter().any(whole);
        self.all.iter().any(|policy| {
            let expressions = policy.when.iter().chain(policy.assertion.expressions());
            let texts = policy.message.iter().chain(&policy.help);
            policy.kind == kind
                || expressions.into_iter().any(|expression| looks(&expression.text, &expression.paths))
                || texts.into_iter().any(|text| looks(text.as_written(), &text.paths))
        })
    }
}

/// Adds a policy. Of two with one name the project's own stands for that of a pack where it says so.
fn add(all: &mut Vec<Policy>, policy: Policy, sink: &mut Sink) {
    let Some(index) = all.iter().position(|other| other.name == policy.name) else { return all.push(policy) };
    let other = &all[index];
    if let From::Pack(pack) = other.from {
        if policy.replaces.as_deref() == Some(pack) {
            all[index] = policy;
            return;
        }
        let message = format!("the pack `{pack}` has a policy `{}`", policy.name);
        let help = format!("call yours something else, or say that it stands for the pack's: `replaces = \"{pack}\"`");
        sink.push(Diagnostic::error(CODE, message, policy.place).help(help));
        return;
    }
    let message = format!("there are two policies `{}`", policy.name);
    sink.push(Diagnostic::error(CODE, message, policy.place).related("here is the other", other.place.clone()));
}

/// The files with policies, in the order of their names. A folder that is said must be there.
fn paths(root: &Utf8Path, folder: Option<&str>, place: impl Fn() -> Span, sink: &mut Sink) -> Result<Vec<Utf8PathBuf>, Error> {
    let said = folder.unwrap_or(FOLDER);
    if !root.join(said).is_dir() {
        if folder.is_some() {
            sink.push(
                Diagnostic::error(CODE, format!("there is no folder `{said}` with policies"), place())
                    .help("make it, or take the line out"),
            );
        }
        return Ok(Vec::new());
    }
    toml_files(root, said)
}

impl Policy {
    /// What it asks, as it is written.
    pub fn asks(&self) -> String {
        let texts: Vec<&str> = self.assertion.expressions().iter().map(|expression| expression.text.trim()).collect();
        texts.join(", ")
    }
}
