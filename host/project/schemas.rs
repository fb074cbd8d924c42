//! The schemas of a manifest and of rick.toml, put together from rick's own and those of the plugins: what files are checked
//! against, and what an editor uses.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::diagnostic::Sink;
use crate::document::Node;
use crate::plugins::Plugins;
use crate::schema::Schema;

const SERVICE_SCHEMA: &str = include_str!("service.schema.json");
const SECRETS_SCHEMA: &str = include_str!("secrets.schema.json");
const FILE_SCHEMA: &str = include_str!("file.schema.json");
const WAIVE_SCHEMA: &str = include_str!("waive.schema.json");
const POLICIES_SCHEMA: &str = include_str!("policies.schema.json");
const LINT_SCHEMA: &str = include_str!("lint.schema.json");

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("a schema of rick's own is no JSON: {error}"))
}

fn without_dialect(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Value::Object(schema) = &mut schema {
        schema.remove("$schema");
    }
    schema
}

/// The schema of a manifest with these plugins: also what an editor uses.
pub fn manifest_schema(plugins: &Plugins) -> Schema {
    let mut properties = Map::new();
    properties.insert("service".to_owned(), parsed(SERVICE_SCHEMA));
    properties.insert("file".to_owned(), parsed(FILE_SCHEMA));
    properties.insert("waive".to_owned(), parsed(WAIVE_SCHEMA));
    for plugin in &plugins.all {
        properties.insert(plugin.descriptor.table.clone(), without_dialect(plugin.descriptor.table_schema.value()));
    }
    Schema::new(json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "a service manifest of rick",
        "type": "object",
        "required": ["service"],
        "additionalProperties": false,
        "properties": properties,
    }))
}

/// The same, to hold manifests against: table by table, so that of a manifest that was changed only the table is looked at, and only its
/// schema compiled, in which something is new.
pub struct ManifestSchema {
    whole: Schema,
    /// Which tables there are.
    root: Schema,
    /// By table, what it is, in a document with nothing else.
    tables: BTreeMap<String, Schema>,
}

impl ManifestSchema {
    /// That of a manifest with these plugins.
    pub fn of(plugins: &Plugins) -> Self {
        let whole = manifest_schema(plugins);
        let (mut root, mut tables) = (whole.value().clone(), BTreeMap::new());
        if let Some(properties) = root.get_mut("properties").and_then(Value::as_object_mut) {
            for (table, schema) in properties {
                let description = schema.get("description").cloned();
                let alone = json!({ "properties": { table: schema.take() } });
                tables.insert(table.clone(), Schema::new(alone).keeping(&plugins.verdicts));
                *schema = description.map_or_else(|| json!({}), |description| json!({ "description": description }));
            }
        }
        Self { whole, root: Schema::new(root).keeping(&plugins.verdicts), tables }
    }

    /// Whether all of a manifest was taken before.
    pub fn took(&self, value: &Value) -> bool {
        self.parts(value).all(|(schema, part)| schema.took(&part))
    }

    /// Reports everything that it refuses in a manifest, at its lines, and gives the steps to each.
    pub fn check(&self, value: &Value, node: &Node, sink: &mut Sink) -> Vec<Vec<String>> {
        let mut refused = self.root.check(&shape(value), node, sink);
        for (schema, part) in self.parts(value) {
            refused.extend(schema.check(&part, node, sink));
        }
        refused
    }

    /// Puts in the defaults for what is missing.
    pub fn fill(&self, value: &mut Value) {
        self.whole.fill(value);
    }

    fn parts<'a>(&'a self, value: &'a Value) -> impl Iterator<Item = (&'a Schema, Value)> + 'a {
        let members = value.as_object().into_iter().flatten();
        members.filter_map(|(table, value)| Some((self.tables.get(table)?, json!({ table: value }))))
    }
}

/// The keys of a document, without what is in them.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(members) => members.keys().map(|key| (key.clone(), Value::Null)).collect::<Map<String, Value>>().into(),
        other => other.clone(),
    }
}

/// The pools of numbers that a machine may narrow.
fn pools_schema(plugins: &Plugins) -> Value {
    let range = json!({
        "type": "object",
        "required": ["first", "last"],
        "additionalProperties": false,
        "properties": { "first": { "type": "integer", "minimum": 0 }, "last": { "type": "integer", "minimum": 0 } },
    });
    let pools = plugins.all.iter().flat_map(|plugin| &plugin.descriptor.pools).filter(|pool| pool.range.is_some());
    let pools: Map<String, Value> = pools.map(|pool| (pool.name.clone(), range.clone())).collect();
    json!({
        "type": "object",
        "description": "Numbers that may be handed out there, by pool.",
        "additionalProperties": false,
        "properties": pools,
    })
}

/// The schema of rick.toml with these plugins.
pub fn settings_schema(plugins: &Plugins) -> Schema {
    let text = json!({ "type": "string" });
    let mut machine = BTreeMap::from([
        (
            "versions",
            json!({ "type": "object", "additionalProperties": text, "description": "What is on the machine, by upstream name: podman, postgresql, valkey, caddy, authentik." }),
        ),
        ("pools", pools_schema(plugins)),
    ]);
    let (mut settings, mut tables) = (Map::new(), Map::new());
    for plugin in &plugins.all {
        let descriptor = &plugin.descriptor;
        machine.insert(&descriptor.name, without_dialect(descriptor.facts_schema.value()));
        let mut schema = without_dialect(descriptor.settings_schema.value());
        schema["properties"]["component"] =
            json!({ "type": "string", "description": "The component's file, for a plugin of your own." });
        settings.insert(descriptor.name.clone(), schema);
        tables.insert(descriptor.table.clone(), json!({ "type": "object" }));
    }
    tables.insert("service".to_owned(), json!({ "type": "object" }));
    let closed = |properties: Value| json!({ "type": "object", "additionalProperties": false, "properties": properties });
    let mut all = closed(json!({
        "project": closed(json!({
            "services": { "type": "string", "description": "The folder with the manifests.", "default": "services" },
            "output": { "type": "string", "description": "The folder that `rick build` writes.", "default": "dist" },
        })),
        "machines": {
            "type": "object",
            "propertyNames": { "pattern": "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$" },
            "additionalProperties": closed(json!(machine)),
        },
        "secrets": parsed(SECRETS_SCHEMA),
        "plugins": closed(Value::Object(settings)),
        "defaults": closed(Value::Object(tables)),
        "lint": parsed(LINT_SCHEMA),
        "policies": parsed(POLICIES_SCHEMA),
        "waive": parsed(WAIVE_SCHEMA),
    }));
    all["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    all["title"] = "rick.toml".into();
    Schema::new(all).keeping(&plugins.verdicts)
}

/// A schema as editors show it best: words that each have a description are one `enum`, since of a `oneOf` an editor offers no word and
/// its message is that none of many schemas fits. What the words mean goes into the description.
pub fn for_editors(schema: &Value) -> Value {
    match schema {
        Value::Array(items) => items.iter().map(for_editors).collect(),
        Value::Object(members) => {
            let mut members: Map<String, Value> = members.iter().map(|(key, value)| (key.clone(), for_editors(value))).collect();
            let words = |value: &Value| -> Option<Vec<(Value, String)>> {
                let branches = value.as_array().filter(|branches| !branches.is_empty())?;
                let word = |branch: &Value| {
                    let description = branch.get("description").and_then(Value::as_str).unwrap_or_default();
                    Some((branch.get("const")?.clone(), description.to_owned()))
                };
                branches.iter().map(word).collect()
            };
            if let Some(words) = members.get("oneOf").and_then(words) {
                members.remove("oneOf");
                let mut description = members.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
                for (word, meaning) in words.iter().filter(|(_, meaning)| !meaning.is_empty()) {
                    description.push_str(&format!("\n\n`{}`: {meaning}", word.as_str().unwrap_or_default()));
                }
                members.insert("enum".to_owned(), words.into_iter().map(|(word, _)| word).collect());
                if !description.is_empty() {
                    members.insert("description".to_owned(), description.trim_start().into());
                }
            }
            Value::Object(members)
        }
        other => other.clone(),
    }
}
