//! The schemas of a manifest and of rick.toml, put together from rick's own and those of the plugins: what files are checked
//! against, and what an editor uses.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use serde_json::{Map, Value, json};

use crate::diagnostic::Sink;
use crate::document::{Document, Node};
use crate::engine::short_digest;
use crate::plugin::Plugin;
use crate::plugins::Plugins;
use crate::schema::Schema;
use crate::verdicts::{self, Verdicts};

const SERVICE_SCHEMA: &str = include_str!("service.schema.json");
const SECRETS_SCHEMA: &str = include_str!("secrets.schema.json");
const FILE_SCHEMA: &str = include_str!("file.schema.json");
const WAIVE_SCHEMA: &str = include_str!("waive.schema.json");
const POLICIES_SCHEMA: &str = include_str!("policies.schema.json");
const LINT_SCHEMA: &str = include_str!("lint.schema.json");

/// What the schema of rick.toml is made of, beside this file and what plugins say.
const OF_SETTINGS: &[&str] = &[env!("CARGO_PKG_VERSION"), SECRETS_SCHEMA, LINT_SCHEMA, POLICIES_SCHEMA, WAIVE_SCHEMA];

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
/// schema read, in which something is new.
pub struct ManifestSchema<'a> {
    plugins: &'a Plugins,
    /// Which schema it is.
    digest: [u8; 16],
    /// Of which tables there are.
    root: OnceLock<Schema>,
    tables: BTreeMap<&'a str, Table<'a>>,
}

/// A table.
struct Table<'a> {
    schema: &'a Schema,
    /// Which schema it is.
    digest: [u8; 16],
    /// The same, of a document with nothing else.
    alone: OnceLock<Schema>,
}

impl<'a> ManifestSchema<'a> {
    /// That of a manifest with these plugins.
    pub fn of(plugins: &'a Plugins) -> Self {
        static OWN: LazyLock<Vec<(&str, &str, Schema)>> = LazyLock::new(|| {
            let own = [("service", SERVICE_SCHEMA), ("file", FILE_SCHEMA), ("waive", WAIVE_SCHEMA)];
            own.into_iter().map(|(table, text)| (table, text, Schema::known(text.into()))).collect()
        });
        let own = OWN.iter().map(|(table, text, schema)| (*table, *text, schema));
        let of_plugin = |plugin: &'a Plugin| {
            let descriptor = &plugin.descriptor;
            // What a plugin says of itself is always the same.
            (descriptor.table.as_str(), plugin.digest.as_str(), &descriptor.table_schema)
        };
        let tables: BTreeMap<&str, Table<'_>> = own
            .chain(plugins.all.iter().map(of_plugin))
            .map(|(table, whose, schema)| {
                let digest = short_digest(&[table.as_bytes(), whose.as_bytes()]);
                (table, Table { schema, digest, alone: OnceLock::new() })
            })
            .collect();
        let digest = short_digest(&tables.values().map(|table| table.digest.as_slice()).collect::<Vec<_>>());
        Self { plugins, digest, root: OnceLock::new(), tables }
    }

    /// What a manifest's text is known by, with the settings whose defaults it is under.
    pub fn taken_as(&self, settings: &str, manifest: &[u8]) -> verdicts::Key {
        verdicts::Key::from_le_bytes(short_digest(&[&self.digest, settings.as_bytes(), manifest]))
    }

    /// Reports everything that it refuses in a manifest, and gives the steps to each: nothing, where it took just this text before.
    pub fn check_unless(&self, taken: Option<verdicts::Key>, value: &Value, node: &Node, sink: &mut Sink) -> Vec<Vec<String>> {
        match taken {
            Some(key) => self.plugins.verdicts.unless_taken(key, || self.check(value, node, sink)),
            None => self.check(value, node, sink),
        }
    }

    /// Reports everything that it refuses in a manifest, at its lines, and gives the steps to each.
    fn check(&self, value: &Value, node: &Node, sink: &mut Sink) -> Vec<Vec<String>> {
        let verdicts = &self.plugins.verdicts;
        let shape = shape(value);
        let root = || self.root.get_or_init(|| self.root_schema()).check(&shape, node, sink);
        let mut refused = verdicts.unless_taken(Verdicts::key(&self.digest, &shape), root);
        for (table, value) in self.tables_of(value) {
            let Table { schema, digest, alone } = &self.tables[table];
            let of_document = || Schema::new(json!({ "properties": { table: without_dialect(schema.value()) } }));
            let check = || alone.get_or_init(of_document).check(&json!({ table: value }), node, sink);
            refused.extend(verdicts.unless_taken(Verdicts::key(digest, value), check));
        }
        refused
    }

    fn tables_of<'v>(&self, value: &'v Value) -> impl Iterator<Item = (&'v str, &'v Value)> {
        let members = value.as_object().into_iter().flatten();
        members.map(|(table, value)| (table.as_str(), value)).filter(|(table, _)| self.tables.contains_key(table))
    }

    fn root_schema(&self) -> Schema {
        let mut root = manifest_schema(self.plugins).value().clone();
        for schema in root.get_mut("properties").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
            let description = schema.get("description").cloned();
            *schema = description.map_or_else(|| json!({}), |description| json!({ "description": description }));
        }
        Schema::new(root)
    }

    /// Puts in the defaults for what is missing.
    pub fn fill(&self, value: &mut Value) {
        for (table, value) in value.as_object_mut().into_iter().flatten() {
            if let Some(schema) = self.tables.get(table.as_str()) {
                schema.schema.fill(value);
            }
        }
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

/// Reports everything that the schema of rick.toml refuses, at its lines; whether it was anything.
pub fn refuse_settings(plugins: &Plugins, settings: &Document, sink: &mut Sink) -> bool {
    let plugin_digests = plugins.all.iter().map(|plugin| plugin.digest.as_bytes());
    let parts: Vec<&[u8]> = OF_SETTINGS.iter().map(|text| text.as_bytes()).chain(plugin_digests).collect();
    let key = Verdicts::key(&short_digest(&parts), &settings.value);
    let check = || settings_schema(plugins).check(&settings.value, &settings.node, sink);
    !plugins.verdicts.unless_taken(key, check).is_empty()
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
    Schema::new(all)
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
