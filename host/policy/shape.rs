//! What is where in the model: which members a value has, by the schemas of rick and of the plugins.

use serde_json::{Map, Value};

use super::kind::Kind;
use crate::plugins::Plugins;
use crate::project::manifest_schema;

const MODEL: &str = include_str!("../../policies/model.schema.json");

/// The schema of the model with the tables of these plugins.
#[derive(Debug, Clone)]
pub struct Shapes {
    schema: Value,
    /// The keys of `[service]`, which are beside the tables in the model.
    own: Vec<String>,
    /// What a manifest can say, as the model has it: the keys of `[service]`, and tables.
    of_manifest: Vec<String>,
    /// What rick.toml can say of a machine.
    of_machine: Vec<String>,
}

/// What a value may be: one of these schemas. None of them: anything.
#[derive(Debug, Clone, Default)]
pub struct Shape<'a>(Vec<&'a Value>);

impl Shapes {
    /// With the tables of these plugins. A table that is called like something of rick's own is not in the model.
    pub fn of(plugins: &Plugins) -> Self {
        let mut schema: Value =
            serde_json::from_str(MODEL).unwrap_or_else(|error| panic!("the model's schema is no JSON: {error}"));
        let manifest = manifest_schema(plugins);
        let tables = manifest.value().get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
        let service =
            tables.get("service").and_then(|service| service.get("properties")?.as_object().cloned()).unwrap_or_default();
        let own: Vec<String> = service.keys().cloned().collect();
        let of_manifest =
            own.iter().chain(tables.keys().filter(|table| *table != "service" && *table != "waive")).cloned().collect();
        let mut members = service;
        for (table, schema) in tables.into_iter().filter(|(table, _)| table != "service" && table != "waive") {
            members.entry(table).or_insert(schema);
        }
        add(&mut schema, "services", members);
        let machine = plugins.all.iter().map(|plugin| {
            let mut facts = plugin.descriptor.facts_schema.value().clone();
            if let Value::Object(facts) = &mut facts {
                facts.remove("$schema");
            }
            (plugin.descriptor.name.clone(), facts)
        });
        let machine: Map<String, Value> = machine.collect();
        let of_machine = ["versions", "pools"].iter().map(|key| (*key).to_owned()).chain(machine.keys().cloned()).collect();
        add(&mut schema, "machines", machine);
        let settings = plugins.all.iter().map(|plugin| {
            let mut settings = plugin.descriptor.settings_schema.value().clone();
            if let Value::Object(settings) = &mut settings {
                settings.remove("$schema");
            }
            settings["properties"]["component"] = serde_json::json!({ "type": "string" });
            (plugin.descriptor.name.clone(), settings)
        });
        schema["properties"]["plugins"]["properties"] = Value::Object(settings.collect());
        schema["properties"]["plugins"]["additionalProperties"] = false.into();
        Self { schema, own, of_manifest, of_machine }
    }

    /// What somebody can write of one of a kind: of a service in its manifest, of a machine in rick.toml.
    pub fn written(&self, kind: Kind) -> Vec<&str> {
        let names = if kind == Kind::Machine { &self.of_machine } else { &self.of_manifest };
        names.iter().map(String::as_str).collect()
    }

    /// Whether somebody can write it.
    pub fn is_written(&self, kind: Kind, name: &str) -> bool {
        self.written(kind).contains(&name)
    }

    /// The schema itself.
    pub fn schema(&self) -> &Value {
        &self.schema
    }

    /// What one of a kind is.
    pub fn of_kind(&self, kind: Kind) -> Shape<'_> {
        let found = match kind {
            Kind::Deployment => Some(&self.schema),
            kind if kind.is_of_service() => {
                self.schema.pointer(&format!("/properties/services/items/properties/{}/items", kind.list()))
            }
            kind => self.schema.pointer(&format!("/properties/{}/items", kind.list())),
        };
        Shape(found.into_iter().collect())
    }

    /// Where in a manifest something of a service is written: `domain` is in `[service]`, `valkey.db` in a table of its own.
    pub fn in_manifest(&self, steps: &[String]) -> Vec<String> {
        let is_own = steps.first().is_some_and(|first| self.own.contains(first));
        is_own.then(|| "service".to_owned()).into_iter().chain(steps.iter().cloned()).collect()
    }
}

/// Puts members into what the items of a list are; what is there stays.
fn add(schema: &mut Value, list: &str, members: Map<String, Value>) {
    let pointer = format!("/properties/{list}/items/properties");
    if let Some(Value::Object(properties)) = schema.pointer_mut(&pointer) {
        for (name, member) in members {
            properties.entry(name).or_insert(member);
        }
    }
}

impl<'a> Shape<'a> {
    /// The schemas in it, those of alternatives each by itself.
    fn alternatives(&self) -> Vec<&'a Value> {
        let mut found = Vec::new();
        let mut left: Vec<&'a Value> = self.0.iter().rev().copied().collect();
        while let Some(schema) = left.pop() {
            let inner = ["anyOf", "oneOf", "allOf"].iter().filter_map(|key| schema.get(key)?.as_array()).flatten();
            left.extend(inner);
            found.push(schema);
        }
        found
    }

    /// Whether anything may be there.
    pub fn is_unknown(&self) -> bool {
        self.0.is_empty()
    }

    /// A member by its name, or an item by its number; `Err`: the names that there are.
    pub fn member(&self, name: &str) -> Result<Shape<'a>, Vec<&'a str>> {
        if self.is_unknown() {
            return Ok(Shape::default());
        }
        let (mut found, mut known, mut says) = (Vec::new(), Vec::new(), false);
        for schema in self.alternatives() {
            let properties = schema.get("properties").and_then(Value::as_object);
            let more = schema.get("additionalProperties");
            let is_object = properties.is_some() || more.is_some() || has_type(schema, "object");
            if is_object {
                says = true;
                match properties.and_then(|properties| properties.get(name)) {
                    Some(member) => found.push(member),
                    None => match more {
                        Some(Value::Bool(false)) => {}
                        Some(member @ Value::Object(_)) => found.push(member),
                        // Nothing is said of what else there is.
                        _ if properties.is_none() || more.is_some() => return Ok(Shape::default()),
                        _ => {}
                    },
                }
                known.extend(properties.into_iter().flat_map(Map::keys).map(String::as_str));
            }
            if name.parse::<i64>().is_ok()
                && let Some(items) = schema.get("items")
            {
                found.push(items);
            }
            says |= schema.get("type").is_some() || schema.get("enum").is_some() || schema.get("const").is_some();
        }
        match (found.is_empty(), says) {
            (false, _) => Ok(Shape(found)),
            (true, false) => Ok(Shape::default()),
            (true, true) => Err(known),
        }
    }

    /// What the items of a list are; of a table, which is gone through by its keys, anything.
    pub fn items(&self) -> Shape<'a> {
        Shape(self.alternatives().into_iter().filter_map(|schema| schema.get("items")).collect())
    }

    /// The words that it may be, where it may be nothing else.
    pub fn words(&self) -> Option<Vec<&'a str>> {
        let mut words = Vec::new();
        for schema in self.alternatives() {
            if let Some(options) = schema.get("enum").and_then(Value::as_array) {
                words.extend(options.iter().filter_map(Value::as_str));
            } else if let Some(word) = schema.get("const") {
                words.extend(word.as_str());
            } else if schema.get("type").is_some_and(|kind| *kind != "null") || schema.get("properties").is_some() {
                return None;
            }
        }
        (!words.is_empty()).then_some(words)
    }
}

fn has_type(schema: &Value, name: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(kind)) => kind == name,
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == name),
        _ => false,
    }
}
