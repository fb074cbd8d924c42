//! A blueprint as a value, and how it is written: <https://docs.goauthentik.io/customize/blueprints/v1/structure>.
//!
//! YAML that a JSON reader would almost take: texts are in double quotes, with JSON's escapes, so that none of them is anything else.

use rick_plugin_sdk::{Artifact, Line, Place};
use serde_json::{Map, Value as Json, json};

/// A value in a blueprint.
#[derive(Debug, Clone)]
pub enum Value {
    /// A text.
    Text(String),
    /// A text of several lines, written as lines.
    Lines(String),
    /// A number.
    Number(i64),
    /// Yes or no.
    Bool(bool),
    /// A secret as a text.
    Secret(String),
    /// Values in order.
    List(Vec<Value>),
    /// Values by name.
    Map(Vec<(&'static str, Value)>),
    /// `!KeyOf`: the object of another entry of this blueprint.
    KeyOf(String),
    /// `!Find`: the object of a model with this value in a field.
    Find(&'static str, &'static str, String),
}

/// A text.
pub fn text(text: impl Into<String>) -> Value {
    Value::Text(text.into())
}

/// One object.
#[derive(Debug)]
pub struct Entry {
    model: &'static str,
    id: Option<String>,
    absent: bool,
    identifiers: Vec<(&'static str, Value)>,
    attrs: Vec<(&'static str, Value, Place)>,
    because: Place,
}

impl Entry {
    /// An object that is known by these values.
    pub fn new(model: &'static str, identifiers: Vec<(&'static str, Value)>, because: &Place) -> Self {
        Self { model, id: None, absent: false, identifiers, attrs: Vec::new(), because: because.clone() }
    }

    /// What other entries know it by.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// There is to be none.
    pub fn absent(mut self) -> Self {
        self.absent = true;
        self
    }

    /// Sets an attribute.
    pub fn set(mut self, name: &'static str, value: Value, because: &Place) -> Self {
        self.attrs.push((name, value, because.clone()));
        self
    }
}

/// A blueprint.
#[derive(Debug)]
pub struct Blueprint {
    /// What authentik shows it as.
    pub name: String,
    /// What stands in its first line.
    pub headline: String,
    /// Because of what it is there.
    pub because: Place,
    /// Its objects, each after those that it refers to.
    pub entries: Vec<Entry>,
}

impl Blueprint {
    /// Writes it.
    pub fn write(&self, file: &mut Artifact) {
        let because = &self.because;
        file.line(format!("# {}", self.headline), because);
        file.line("version: 1", because);
        file.line("metadata:", because);
        file.line(format!("  name: {}", quoted(&self.name)), because);
        file.line("entries:", because);
        for entry in &self.entries {
            let because = &entry.because;
            file.line(format!("  - model: {}", entry.model), because);
            if let Some(id) = &entry.id {
                file.line(format!("    id: {id}"), because);
            }
            if entry.absent {
                file.line("    state: absent", because);
            }
            if entry.identifiers.is_empty() {
                file.line("    identifiers: {}", because);
            } else {
                file.line("    identifiers:", because);
            }
            for (name, value) in &entry.identifiers {
                write(file, 6, name, value, because);
            }
            if !entry.attrs.is_empty() {
                file.line("    attrs:", because);
            }
            for (name, value, because) in &entry.attrs {
                write(file, 6, name, value, because);
            }
        }
    }

    /// The typed value behind the file.
    pub fn model(&self) -> Json {
        let map = |values: &mut dyn Iterator<Item = (&'static str, &Value)>| -> Json {
            values.map(|(name, value)| (name.to_owned(), as_json(value))).collect::<Map<_, _>>().into()
        };
        let entries: Vec<Json> = self
            .entries
            .iter()
            .map(|entry| {
                json!({
                    "model": entry.model, "id": entry.id, "state": if entry.absent { "absent" } else { "present" },
                    "identifiers": map(&mut entry.identifiers.iter().map(|(name, value)| (*name, value))),
                    "attrs": map(&mut entry.attrs.iter().map(|(name, value, _)| (*name, value))),
                })
            })
            .collect();
        json!({ "kind": "authentik-blueprint", "name": self.name, "entries": entries })
    }
}

/// A text in double quotes.
pub fn quoted(text: &str) -> String {
    Json::from(text).to_string()
}

fn write(file: &mut Artifact, indent: usize, name: &str, value: &Value, because: &Place) {
    let spaces = " ".repeat(indent);
    match value {
        Value::Lines(text) => {
            file.line(format!("{spaces}{name}: |-"), because);
            for line in text.lines() {
                file.line(format!("{spaces}  {line}"), because);
            }
        }
        Value::Secret(secret) => file.push(Line::text(&format!("{spaces}{name}: ")).secret(secret, &["json-string"]), because),
        Value::Map(values) => {
            file.line(format!("{spaces}{name}:"), because);
            for (name, value) in values {
                write(file, indent + 2, name, value, because);
            }
        }
        Value::List(values) if !values.is_empty() => {
            file.line(format!("{spaces}{name}:"), because);
            for value in values {
                file.line(format!("{spaces}  - {}", inline(value)), because);
            }
        }
        value => file.line(format!("{spaces}{name}: {}", inline(value)), because),
    }
}

/// A value on one line.
fn inline(value: &Value) -> String {
    match value {
        Value::Text(text) | Value::Lines(text) => quoted(text),
        Value::Number(number) => number.to_string(),
        Value::Bool(bool) => bool.to_string(),
        // Secrets stand on lines of their own, where rick can put them.
        Value::Secret(_) => "null".to_owned(),
        Value::List(values) => format!("[{}]", values.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Map(values) => {
            let values: Vec<String> = values.iter().map(|(name, value)| format!("{name}: {}", inline(value))).collect();
            format!("{{{}}}", values.join(", "))
        }
        Value::KeyOf(id) => format!("!KeyOf {id}"),
        Value::Find(model, field, value) => format!("!Find [{model}, [{field}, {}]]", quoted(value)),
    }
}

fn as_json(value: &Value) -> Json {
    match value {
        Value::Text(text) | Value::Lines(text) => json!(text),
        Value::Number(number) => json!(number),
        Value::Bool(bool) => json!(bool),
        Value::Secret(name) => json!({ "secret": name }),
        Value::List(values) => values.iter().map(as_json).collect(),
        Value::Map(values) => {
            values.iter().map(|(name, value)| ((*name).to_owned(), as_json(value))).collect::<Map<_, _>>().into()
        }
        Value::KeyOf(id) => json!({ "!KeyOf": id }),
        Value::Find(model, field, value) => json!({ "!Find": [model, [field, value]] }),
    }
}
