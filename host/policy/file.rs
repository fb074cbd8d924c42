//! Files with policies: read, held against their schema, and compiled.

use std::collections::BTreeMap;

use serde_json::Value;

use super::expression::{CODE, Expression, Place, Scope, Text};
use super::kind::Kind;
use super::shape::{Shape, Shapes};
use super::{Assertion, Case, From, Policy, Repair};
use crate::diagnostic::{Diagnostic, Severity, Sink};
use crate::document::{self, Document, Node};
use crate::rules::own;
use crate::schema::Schema;
use crate::source::{SourceId, Sources, Span};

const SCHEMA: &str = include_str!("policy.schema.json");

/// The schema of a file with policies.
pub fn schema() -> Schema {
    Schema::parse(SCHEMA).unwrap_or_else(|error| panic!("the schema of policies: {error}"))
}

/// Reads the policies of a file. What is wrong with one is said at its line, and the others are read.
pub fn read(sources: &Sources, source: SourceId, from: &From, shapes: &Shapes, schema: &Schema, sink: &mut Sink) -> Vec<Policy> {
    let Some(document) = document::parse(sources, source, sink) else { return Vec::new() };
    let refused = schema.check(&document.value, &document.node, sink);
    let rules = document.value.get("rule").and_then(Value::as_object);
    let is_refused = |name: &str| refused.iter().any(|steps| steps.get(1).is_none_or(|refused| refused == name));
    let mut policies: Vec<Policy> = rules
        .into_iter()
        .flatten()
        .filter(|(name, _)| !is_refused(name))
        .filter_map(|(name, rule)| Reader { sources, document: &document, shapes, name, rule }.policy(from, sink))
        .collect();
    policies.sort_by_key(|policy| policy.place.bytes.start);
    policies
}

/// The names that expressions about one of a kind know.
pub fn scope(shapes: &Shapes, kind: Kind) -> Scope<'_> {
    let mut scope =
        BTreeMap::from([(Kind::Deployment.name(), shapes.of_kind(Kind::Deployment)), (kind.name(), shapes.of_kind(kind))]);
    if kind != Kind::Deployment {
        scope.insert(Kind::Machine.name(), shapes.of_kind(Kind::Machine));
    }
    if !matches!(kind, Kind::Deployment | Kind::Machine) {
        scope.insert(Kind::Service.name(), shapes.of_kind(Kind::Service));
    }
    scope
}

struct Reader<'a> {
    sources: &'a Sources,
    document: &'a Document,
    shapes: &'a Shapes,
    name: &'a str,
    rule: &'a Value,
}

impl Reader<'_> {
    fn policy(&self, from: &From, sink: &mut Sink) -> Option<Policy> {
        let text = |key: &str| self.rule.get(key).and_then(Value::as_str);
        let place = self.node(&[]).key_or_value().clone();
        let refuse = |message: String, help: &str, span: Span, sink: &mut Sink| {
            sink.push(Diagnostic::error(CODE, message, span).help(help));
        };
        if own::find(self.name).is_some() {
            let message = format!("`{}` is a word of rick's own, and no policy can be called so", self.name);
            refuse(message, "give it another name", place, sink);
            return None;
        }
        let kind = Kind::named(text("for")?)?;
        let once = kind == Kind::Deployment;
        let scope = scope(self.shapes, kind);
        let expression = |key: &str, sink: &mut Sink| {
            let text = text(key)?;
            Some(Expression::read(text, self.place(&[key], text), &scope, once, sink))
        };
        let when = expression("when", sink);
        let said: Vec<&str> = ["require", "deny", "unique"].into_iter().filter(|key| self.rule.get(key).is_some()).collect();
        let assertion = match said.as_slice() {
            [only] => match *only {
                "require" => expression("require", sink).flatten().map(Assertion::Require),
                "deny" => expression("deny", sink).flatten().map(Assertion::Deny),
                _ => self.unique(&scope, once, sink).map(Assertion::Unique),
            },
            [] => {
                let message = format!("`{}` asks nothing", self.name);
                refuse(
                    message,
                    "say what must be true (`require`), what must not (`deny`), or what no two may share (`unique`)",
                    place.clone(),
                    sink,
                );
                None
            }
            [first, second, ..] => {
                let message = format!("`{}` has `{first}` and `{second}`, and a policy asks one thing", self.name);
                refuse(
                    message,
                    "make two policies of it, or join them by `and`",
                    self.node(&[second]).key_or_value().clone(),
                    sink,
                );
                None
            }
        };
        if matches!((&assertion, once), (Some(Assertion::Unique(_)), true)) {
            refuse(
                "there is one deployment: it shares nothing".to_owned(),
                "say which things are compared: `for = \"service\"`",
                place,
                sink,
            );
            return None;
        }
        let mut scope = scope.clone();
        if let Some(Assertion::Unique(_)) = assertion {
            scope.extend([("key", Shape::default()), ("others", Shape::default())]);
        }
        let words = |key: &str, sink: &mut Sink| {
            let text = text(key)?;
            Some(Text::read(text, self.place(&[key], text), &scope, once, sink))
        };
        let (message, help) = (words("message", sink), words("help", sink));
        let at = text("at").map(|at| self.path(at, kind, &["at"], sink));
        let fix = self.rule.get("fix").map(|fix| self.repair(fix, kind, sink));
        let (tests, tests_hold) = self.tests(kind, sink);
        // What could not be read was said.
        let read =
            [when.as_ref().map(Option::is_some), message.as_ref().map(Option::is_some), help.as_ref().map(Option::is_some)];
        let whole = read.into_iter().flatten().all(|read| read)
            && at.as_ref().is_none_or(Option::is_some)
            && fix.as_ref().is_none_or(Option::is_some)
            && tests_hold;
        let assertion = assertion.filter(|_| whole)?;
        Some(Policy {
            name: self.name.to_owned(),
            summary: text("summary").unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" "),
            why: text("why").unwrap_or_default().trim().to_owned(),
            kind,
            when: when.flatten(),
            assertion,
            at: at.flatten(),
            message: message.flatten(),
            help: help.flatten(),
            severity: text("severity").and_then(Severity::named).unwrap_or(Severity::Error),
            waivable: self.rule.get("waivable").and_then(Value::as_bool).unwrap_or(true),
            replaces: text("replaces").map(str::to_owned),
            fix: fix.flatten(),
            tests,
            from: from.clone(),
            place,
        })
    }

    fn unique(&self, scope: &Scope<'_>, once: bool, sink: &mut Sink) -> Option<Vec<Expression>> {
        let said = self.rule.get("unique")?;
        if let Some(text) = said.as_str() {
            return Some(vec![Expression::read(text, self.place(&["unique"], text), scope, once, sink)?]);
        }
        let texts = said.as_array()?.iter().filter_map(Value::as_str).enumerate();
        let read: Vec<Option<Expression>> = texts
            .map(|(index, text)| Expression::read(text, self.place(&["unique", &index.to_string()], text), scope, once, sink))
            .collect();
        read.into_iter().collect()
    }

    /// A dotted key to a value of a manifest, of a machine's table, or of a unit.
    fn path(&self, text: &str, kind: Kind, key: &[&str], sink: &mut Sink) -> Option<Vec<String>> {
        let place = self.place(key, text);
        let Ok(keys) = toml_edit::Key::parse(text) else {
            sink.push(
                Diagnostic::error(CODE, format!("`{text}` is no path to a value"), place.whole)
                    .help("write it as TOML does: `at = \"valkey.db\"`"),
            );
            return None;
        };
        let steps: Vec<String> = keys.iter().map(|key| key.get().to_owned()).collect();
        if kind == Kind::Unit {
            return Some(steps);
        }
        let of = if kind == Kind::Machine { kind } else { Kind::Service };
        let mut shape = self.shapes.of_kind(of);
        for (index, step) in steps.iter().enumerate() {
            let derived = index == 0 && !self.shapes.is_written(of, step);
            let found = if derived { Err(self.shapes.written(of)) } else { shape.member(step) };
            match found {
                Ok(inner) => shape = inner,
                Err(known) => {
                    let before = if index == 0 { format!("a {}", of.name()) } else { format!("`{}`", steps[..index].join(".")) };
                    let message = format!("nobody can write `{step}` in {before}");
                    let near = crate::schema::nearest(step, known.iter().copied());
                    let listed: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
                    let diagnostic = Diagnostic::error(CODE, message, place.whole);
                    sink.push(match near {
                        Some(near) => diagnostic.label(format!("did you mean `{near}`?")),
                        None => diagnostic.help(format!("what can be written there is {}", listed.join(", "))),
                    });
                    return None;
                }
            }
        }
        Some(steps)
    }

    fn repair(&self, fix: &Value, kind: Kind, sink: &mut Sink) -> Option<Repair> {
        let at = match fix.get("at").and_then(Value::as_str) {
            // What a unit is made of is written in a manifest.
            Some(at) => Some(self.path(at, if kind == Kind::Unit { Kind::Service } else { kind }, &["fix", "at"], sink)?),
            None => None,
        };
        let points = at.is_some() || self.rule.get("at").is_some();
        if kind == Kind::Deployment || kind == Kind::Unit && at.is_none() || kind == Kind::Service && !points {
            let (node, _) = self.document.node.nearest(["rule", self.name, "fix"]);
            let message = "nothing says where the value is to be written".to_owned();
            sink.push(
                Diagnostic::error(CODE, message, node.key_or_value().clone())
                    .help("give the fix an `at`: `at = \"quadlet.read_only\"`"),
            );
            return None;
        }
        Some(Repair {
            at,
            value: fix.get("set").cloned().unwrap_or_default(),
            title: fix.get("title").and_then(Value::as_str).map(str::to_owned),
            safe: fix.get("safe").and_then(Value::as_bool).unwrap_or(false),
        })
    }

    fn tests(&self, kind: Kind, sink: &mut Sink) -> (Vec<Case>, bool) {
        let (mut cases, mut hold) = (Vec::new(), true);
        for (index, test) in self.rule.get("test").and_then(Value::as_array).into_iter().flatten().enumerate() {
            let index = index.to_string();
            let node = |steps: &[&str]| self.node(&["test", &index]).nearest(steps.iter().copied()).0;
            let (passes, given) = match (test.get("pass"), test.get("fail")) {
                (Some(given), None) => (true, given),
                (None, Some(given)) => (false, given),
                _ => {
                    let message = "a test is a case that passes, or one that fails".to_owned();
                    sink.push(
                        Diagnostic::error(CODE, message, node(&[]).key_or_value().clone())
                            .help("give it either `pass` or `fail`"),
                    );
                    hold = false;
                    continue;
                }
            };
            let key = if passes { "pass" } else { "fail" };
            let items = match given {
                Value::Array(items) => {
                    items.iter().enumerate().map(|(at, item)| (vec![key.to_owned(), at.to_string()], item)).collect()
                }
                one => vec![(vec![key.to_owned()], one)],
            };
            for (steps, item) in &items {
                hold &= self.known(&self.shapes.of_kind(kind), item, &mut steps.clone(), &node, sink);
            }
            if let Some(with) = test.get("with") {
                hold &= self.known(&self.shapes.of_kind(Kind::Deployment), with, &mut vec!["with".to_owned()], &node, sink);
            }
            cases.push(Case {
                passes,
                given: items.into_iter().map(|(_, item)| item.clone()).collect(),
                with: test.get("with").cloned().unwrap_or_default(),
                message: test.get("message").and_then(Value::as_str).map(str::to_owned),
                place: node(&[key]).key_or_value().clone(),
            });
        }
        (cases, hold)
    }

    /// Whether every key of a test's value is one: a misspelled one would make the case another.
    fn known<'n>(
        &self,
        shape: &Shape<'_>,
        value: &Value,
        steps: &mut Vec<String>,
        node: &impl Fn(&[&str]) -> &'n Node,
        sink: &mut Sink,
    ) -> bool {
        let mut hold = true;
        let at = |steps: &[String]| {
            let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
            node(&steps).key_or_value().clone()
        };
        match value {
            Value::Object(members) => {
                for (key, value) in members {
                    steps.push(key.clone());
                    match shape.member(key) {
                        Ok(inner) => hold &= self.known(&inner, value, steps, node, sink),
                        Err(known) => {
                            let label =
                                crate::schema::nearest(key, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
                            let diagnostic = Diagnostic::error(CODE, format!("there is no `{key}` in the model here"), at(steps));
                            sink.push(diagnostic.label(label.unwrap_or_default()));
                            hold = false;
                        }
                    }
                    steps.pop();
                }
            }
            Value::Array(items) => {
                let inner = shape.items();
                for (index, item) in items.iter().enumerate() {
                    steps.push(index.to_string());
                    hold &= self.known(&inner, item, steps, node, sink);
                    steps.pop();
                }
            }
            Value::String(word) => {
                if let Some(words) = shape.words().filter(|words| !words.contains(&word.as_str())) {
                    let label = crate::schema::nearest(word, words.iter().copied()).map(|near| format!("did you mean `{near}`?"));
                    sink.push(
                        Diagnostic::error(CODE, format!("it is never `{word}`"), at(steps)).label(label.unwrap_or_default()),
                    );
                    hold = false;
                }
            }
            _ => {}
        }
        hold
    }

    fn node(&self, steps: &[&str]) -> &Node {
        self.document.node.nearest(["rule", self.name].into_iter().chain(steps.iter().copied())).0
    }

    fn place(&self, steps: &[&str], text: &str) -> Place {
        Place::of(self.sources, self.node(steps).value.clone(), text)
    }
}
