//! Tables made from a plugin's own schema: good ones, which it must take without failing, and bad ones, which it must never see.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use serde_json::{Map, Value, json};

use super::way;
use crate::error::Error;
use crate::plugin::Plugin;
use crate::plugins::Plugins;
use crate::schema::Schema;

/// How many good tables are tried.
const GOOD: u64 = 48;
/// What a text may be where its schema asks for a form: one of these often is of it.
const TEXTS: &[&str] = &[
    "a",
    "a-b",
    "a_b",
    "/a",
    "/a/b",
    "/",
    "a.example.org",
    "https://a.example.org",
    "ops@example.net",
    "10.0.0.0/8",
    "127.0.0.1",
    "127.0.0.1:80",
    "::1",
    "12:30",
    "daily",
    "1.2.3",
    "A",
    "A_B",
    "80",
    "0750",
    "30s",
    "5m",
    "ghcr.io/acme/a:1.0.0",
    "ü",
    "a b",
    "%",
    "$HOME",
    "'",
    "\"",
    "\\",
    "{{ x }}",
    "a\nb",
    "",
];

/// What came of them.
#[derive(Default)]
pub struct Tables {
    /// How many good tables were tried.
    pub good: usize,
    /// How many bad tables were tried.
    pub bad: usize,
    /// What went wrong with them, or is wrong with the schema.
    pub wrong: Vec<String>,
    /// What makes the schema of less use than it could be.
    pub hints: Vec<String>,
}

/// Makes tables and tries them.
pub fn run(plugins: &Plugins, plugin: &Plugin) -> Result<Tables, Error> {
    let schema = &plugin.descriptor.table_schema;
    let mut tables = Tables::default();
    for (what, schema) in [
        ("the table", schema),
        ("the settings", &plugin.descriptor.settings_schema),
        ("the facts", &plugin.descriptor.facts_schema),
    ] {
        look(what, schema.value(), "", &mut tables);
    }
    let good: Vec<Value> = (0..GOOD)
        .filter_map(|seed| Maker { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, all: seed == 1 }.table(schema, seed == 0))
        .collect();
    let mut distinct: Vec<Value> = Vec::new();
    good.into_iter().for_each(|table| {
        if !distinct.contains(&table) {
            distinct.push(table)
        }
    });
    if distinct.is_empty() {
        tables.hints.push("no table could be made from its schema: give texts with a `pattern` some `examples`".to_owned());
    }
    tables.good = distinct.len();
    for table in &distinct {
        let way = way_of(plugins, plugin, &[table])?;
        let shown = toml_of(&plugin.descriptor.table, table);
        tables.wrong.extend(way.failures().map(|failure| format!("{failure}, given\n{}", indented(&shown))));
    }
    if let Some(table) = distinct.first() {
        let bad = spoilt(schema, table);
        tables.bad = bad.len();
        let before = plugins.recorder.as_ref().map_or(0, super::Recorder::len);
        let way = way_of(plugins, plugin, &bad.iter().collect::<Vec<_>>())?;
        tables.wrong.extend(way.failures());
        if plugins.recorder.as_ref().map_or(0, super::Recorder::len) > before {
            tables.wrong.push("it was asked about a table that its schema refuses".to_owned());
        }
    }
    tables.wrong.sort();
    tables.wrong.dedup();
    Ok(tables)
}

/// Tables of services of their own, in one project.
fn way_of(plugins: &Plugins, plugin: &Plugin, tables: &[&Value]) -> Result<way::Way, Error> {
    let folder = tempfile::tempdir().map_err(Error::file("make", std::env::temp_dir().to_string_lossy().into_owned()))?;
    let root = Utf8PathBuf::from_path_buf(folder.path().to_owned())
        .map_err(|path| Error::Usage(format!("`{}` is no path of UTF-8", path.display())))?;
    let file = |(index, table): (usize, &&Value)| {
        let name = format!("made{index}");
        let service =
            format!("[service]\nimage = \"ghcr.io/acme/{name}:1.0.0\"\nport = 8080\ndomain = \"{name}.example.org\"\n\n");
        (format!("services/{name}.toml"), service + &toml_of(&plugin.descriptor.table, table))
    };
    let files: BTreeMap<String, String> = tables.iter().enumerate().map(file).collect();
    way::write(&root, &files)?;
    way::go(&root, plugins, plugin)
}

fn toml_of(name: &str, table: &Value) -> String {
    let document: Map<String, Value> = [(name.to_owned(), table.clone())].into_iter().collect();
    toml::to_string(&document).unwrap_or_default()
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("      {line}")).collect::<Vec<_>>().join("\n")
}

/// What a schema lacks, from the outside in.
fn look(what: &str, schema: &Value, at: &str, tables: &mut Tables) {
    let Some(schema) = schema.as_object() else { return };
    let place = if at.is_empty() { what.to_owned() } else { format!("`{at}` in {what}") };
    let properties = schema.get("properties").and_then(Value::as_object);
    let is_object = properties.is_some() || schema.get("type").is_some_and(|kind| *kind == json!("object"));
    if is_object && !schema.contains_key("additionalProperties") && !schema.contains_key("unevaluatedProperties") {
        tables.hints.push(format!(
            "{place} takes any key in silence, a misspelled one as well: close it with `additionalProperties: false`"
        ));
    }
    if let Some(default) = schema.get("default") {
        let without: Map<String, Value> =
            schema.iter().filter(|(key, _)| *key != "default").map(|(key, value)| (key.clone(), value.clone())).collect();
        if let Some(problem) = Schema::new(Value::Object(without)).problems(default).into_iter().next()
            && !default.is_null()
        {
            tables.wrong.push(format!("the default of {place} is refused by its own schema: {}", problem.message));
        }
    }
    for (key, property) in properties.into_iter().flatten() {
        let inner = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
        if property.get("description").and_then(Value::as_str).is_none_or(str::is_empty) {
            tables
                .hints
                .push(format!("`{inner}` in {what} has no `description`, which would be the help in an error and in an editor"));
        }
        look(what, property, &inner, tables);
    }
    if let Some(items) = schema.get("items") {
        look(what, items, &format!("{at}[]"), tables);
    }
}

/// A table that is good but for one thing, for each thing that can be wrong.
fn spoilt(schema: &Schema, good: &Value) -> Vec<Value> {
    let mut bad = Vec::new();
    let mut with = |key: &str, value: Value| {
        let mut table = good.clone();
        table[key] = value;
        bad.push(table);
    };
    with("no-such-key", json!(1));
    let properties = schema.value().get("properties").and_then(Value::as_object);
    for key in properties.into_iter().flat_map(Map::keys) {
        for value in
            [json!(true), json!(-1), json!(1_u64 << 32), json!(1.5), json!("\u{1}"), json!([[]]), json!({ "no-such-key": 1 })]
        {
            with(key, value);
        }
    }
    for key in schema.value().get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        let mut table = good.clone();
        if let Value::Object(table) = &mut table {
            table.remove(key);
        }
        bad.push(table);
    }
    // What the schema takes after all is no bad table.
    bad.retain(|table| !schema.problems(table).is_empty());
    bad
}

/// Makes values of a schema, the same in every run.
struct Maker {
    state: u64,
    /// Has every property, rather than some.
    all: bool,
}

impl Maker {
    fn next(&mut self, below: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state % below.max(1) as u64) as usize
    }

    /// A table; `least`: with what is required alone.
    fn table(mut self, schema: &Schema, least: bool) -> Option<Value> {
        let table = self.value(schema.value(), least, 0)?;
        (table.is_object() && schema.problems(&table).is_empty()).then_some(table)
    }

    fn value(&mut self, schema: &Value, least: bool, depth: usize) -> Option<Value> {
        if let Some(value) = schema.get("const") {
            return Some(value.clone());
        }
        if let Some(options) = schema.get("enum").and_then(Value::as_array) {
            let options: Vec<&Value> = options.iter().filter(|option| !option.is_null()).collect();
            return options.get(self.next(options.len())).map(|value| (*value).clone());
        }
        if let Some(examples) = schema.get("examples").and_then(Value::as_array).filter(|examples| !examples.is_empty()) {
            return Some(examples[self.next(examples.len())].clone());
        }
        for key in ["oneOf", "anyOf"] {
            if let Some(branches) = schema.get(key).and_then(Value::as_array) {
                let branches: Vec<&Value> = branches.iter().filter(|branch| branch.get("type") != Some(&json!("null"))).collect();
                let chosen = self.next(branches.len());
                return self.value(branches.get(chosen)?, least, depth);
            }
        }
        let kinds: Vec<&str> = match schema.get("type") {
            Some(Value::String(kind)) => vec![kind],
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).filter(|kind| *kind != "null").collect(),
            _ if schema.get("properties").is_some() => vec!["object"],
            _ => vec!["string"],
        };
        match *kinds.get(self.next(kinds.len()))? {
            "object" => self.object(schema, least, depth),
            "array" => {
                let most = schema.get("maxItems").and_then(Value::as_u64).unwrap_or(3).min(3) as usize;
                let fewest = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0) as usize;
                let count = fewest.max(self.next(most + 1));
                let items = (0..count).filter_map(|_| self.value(schema.get("items").unwrap_or(&Value::Null), least, depth + 1));
                let mut items: Vec<Value> = items.collect();
                items.dedup();
                Some(Value::Array(items))
            }
            "boolean" => Some(json!(self.next(2) == 0)),
            "integer" | "number" => {
                let bound = |key: &str| schema.get(key).and_then(Value::as_i64);
                let low = bound("minimum").or(bound("exclusiveMinimum").map(|bound| bound + 1)).unwrap_or(0);
                let high = bound("maximum")
                    .or(bound("exclusiveMaximum").map(|bound| bound - 1))
                    .unwrap_or(low.saturating_add(10_000))
                    .max(low);
                // Where no bound is said, a number may be larger than the type that somebody reads it as.
                let unbound = schema.get("maximum").is_none() && schema.get("exclusiveMaximum").is_none();
                let large = if unbound { 1_i64 << 32 } else { high };
                let choices = [low, high, low + (high - low) / 2, low.saturating_add(1).min(high), large];
                Some(json!(choices[self.next(choices.len())]))
            }
            _ => self.text(schema),
        }
    }

    fn object(&mut self, schema: &Value, least: bool, depth: usize) -> Option<Value> {
        let required: Vec<&str> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let mut object = Map::new();
        for (key, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let needed = required.contains(&key.as_str());
            if depth > 5 || !needed && (least || !self.all && self.next(2) == 0) {
                continue;
            }
            match self.value(property, least, depth + 1) {
                Some(value) => drop(object.insert(key.clone(), value)),
                None if needed => return None,
                None => {}
            }
        }
        if let Some(more) = schema.get("additionalProperties").filter(|more| more.is_object() && !least) {
            for _ in 0..self.next(3) {
                let key = self.text(schema.get("propertyNames").unwrap_or(&Value::Bool(true)));
                if let (Some(Value::String(key)), Some(value)) = (key, self.value(more, least, depth + 1)) {
                    object.insert(key, value);
                }
            }
        }
        Some(Value::Object(object))
    }

    fn text(&mut self, schema: &Value) -> Option<Value> {
        let own: Vec<&str> = schema.get("default").and_then(Value::as_str).into_iter().collect();
        let checked = Schema::new(schema.clone());
        let start = self.next(TEXTS.len());
        let candidates = TEXTS[start..].iter().chain(&TEXTS[..start]).chain(own.iter());
        candidates.map(|text| json!(text)).find(|text| checked.problems(text).is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_that_are_made_are_of_the_schema_and_spoilt_ones_are_not() {
        let schema = Schema::new(json!({
            "type": "object", "additionalProperties": false, "required": ["contact"],
            "properties": {
                "contact": { "type": "string", "pattern": "^[^@]+@[^@]+$" },
                "count": { "type": ["integer", "null"], "minimum": 1, "maximum": 9 },
                "kind": { "enum": ["a", "b", null] },
                "hosts": { "type": "array", "items": { "type": "string", "pattern": "^/" } },
            },
        }));
        let made: Vec<Value> = (1..30).filter_map(|seed| Maker { state: seed, all: false }.table(&schema, false)).collect();
        assert!(made.len() > 20 && made.iter().any(|table| table.get("hosts").is_some()));
        let bad = spoilt(&schema, &made[0]);
        assert!(bad.len() > 10 && bad.iter().all(|table| !schema.problems(table).is_empty()));
    }

    #[test]
    fn a_schema_that_takes_anything_is_told_of() {
        let mut tables = Tables::default();
        let schema = json!({ "type": "object", "properties": { "a": { "type": "integer", "default": "x" } } });
        look("the table", &schema, "", &mut tables);
        assert!(tables.hints[0].contains("close it"), "{:?}", tables.hints);
        assert!(tables.wrong[0].contains("the default of `a` in the table is refused"), "{:?}", tables.wrong);
    }
}
