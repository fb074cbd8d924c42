//! A quick yes: whether a value is certainly what a schema wants, for the keywords that most schemas are made of. Anything else is no answer,
//! and the full validator is asked. That one must first be compiled, with the schema of schemas, which takes longer than the rest of a
//! short run; almost every value is good.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use regex_lite::Regex;
use serde_json::Value;

/// So deep may references lead, and so many may be followed: what refers to itself has no end.
const DEPTH: usize = 64;
const REFERENCES: usize = 4096;

/// Whether a value is certainly good. `false` is no answer.
pub fn accepts(schema: &Value, value: &Value) -> bool {
    Schema { root: schema, depth: DEPTH, left: &Cell::new(REFERENCES) }.accepts(schema, value)
}

/// A schema, and how much further its references may still lead.
#[derive(Clone, Copy)]
struct Schema<'a> {
    root: &'a Value,
    depth: usize,
    left: &'a Cell<usize>,
}

impl<'a> Schema<'a> {
    fn accepts(self, schema: &Value, value: &Value) -> bool {
        let schema = match schema {
            Value::Bool(all) => return *all,
            Value::Object(schema) => schema,
            _ => return false,
        };
        schema.iter().all(|(keyword, wanted)| match keyword.as_str() {
            "title" | "description" | "default" | "examples" | "deprecated" | "readOnly" | "$schema" | "$comment" | "$defs"
            | "format" => true,
            other if other.starts_with("x-") => true,
            "type" => match wanted {
                Value::String(kind) => is_of(value, kind),
                Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).any(|kind| is_of(value, kind)),
                _ => false,
            },
            "enum" => wanted.as_array().is_some_and(|words| words.contains(value)),
            "const" => wanted == value,
            "properties" => match (wanted, value) {
                (Value::Object(properties), Value::Object(members)) => {
                    members.iter().all(|(key, member)| properties.get(key).is_none_or(|schema| self.accepts(schema, member)))
                }
                (_, other) => !other.is_object(),
            },
            "additionalProperties" => match value {
                Value::Object(members) => {
                    let named = schema.get("properties").and_then(Value::as_object);
                    let others = members.iter().filter(|(key, _)| !named.is_some_and(|named| named.contains_key(*key)));
                    !schema.contains_key("patternProperties")
                        && others.into_iter().all(|(_, member)| self.accepts(wanted, member))
                }
                _ => true,
            },
            "propertyNames" => match value {
                Value::Object(members) => members.keys().all(|key| self.accepts(wanted, &Value::from(key.as_str()))),
                _ => true,
            },
            "required" => match (wanted, value) {
                (Value::Array(keys), Value::Object(members)) => {
                    keys.iter().all(|key| key.as_str().is_some_and(|key| members.contains_key(key)))
                }
                (_, other) => !other.is_object(),
            },
            "items" => match value {
                Value::Array(items) => !schema.contains_key("prefixItems") && items.iter().all(|item| self.accepts(wanted, item)),
                _ => true,
            },
            "minItems" => value.as_array().is_none_or(|items| wanted.as_u64().is_some_and(|least| items.len() as u64 >= least)),
            "maxItems" => value.as_array().is_none_or(|items| wanted.as_u64().is_some_and(|most| items.len() as u64 <= most)),
            "uniqueItems" => {
                let twice = |items: &[Value]| items.iter().enumerate().any(|(index, item)| items[..index].contains(item));
                // Numbers that are equal may be written in two ways.
                let plain = |items: &[Value]| items.iter().all(Value::is_string);
                wanted == &Value::Bool(false) || value.as_array().is_none_or(|items| plain(items) && !twice(items))
            }
            "minLength" => {
                value.as_str().is_none_or(|text| wanted.as_u64().is_some_and(|least| text.chars().count() as u64 >= least))
            }
            "maxLength" => {
                value.as_str().is_none_or(|text| wanted.as_u64().is_some_and(|most| text.chars().count() as u64 <= most))
            }
            "pattern" => match (wanted, value) {
                (Value::String(pattern), Value::String(text)) => matches(pattern, text),
                (_, other) => !other.is_string(),
            },
            "minimum" => {
                !value.is_number() || matches!((wanted.as_i64(), value.as_i64()), (Some(least), Some(value)) if value >= least)
            }
            "maximum" => {
                !value.is_number() || matches!((wanted.as_i64(), value.as_i64()), (Some(most), Some(value)) if value <= most)
            }
            "anyOf" => wanted.as_array().is_some_and(|branches| branches.iter().any(|branch| self.accepts(branch, value))),
            "allOf" => wanted.as_array().is_some_and(|branches| branches.iter().all(|branch| self.accepts(branch, value))),
            "$ref" => wanted.as_str().is_some_and(|reference| self.follow(reference, value)),
            // Only where it can be seen at once that no other fits as well.
            "oneOf" => wanted.as_array().is_some_and(|branches| {
                let mut by = None;
                let mut fitting = branches.iter().filter(|branch| !refuses(branch, value, &mut by));
                matches!((fitting.next(), fitting.next()), (Some(only), None) if self.accepts(only, value))
            }),
            _ => false,
        })
    }

    /// Only to the definitions of the schema itself.
    fn follow(self, reference: &str, value: &Value) -> bool {
        let name = reference.strip_prefix("#/$defs/").filter(|name| !name.contains(['/', '~', '%']));
        let schema = name.and_then(|name| self.root.get("$defs")?.get(name));
        let (depth, left) = (self.depth.checked_sub(1), self.left.get().checked_sub(1));
        let (Some(schema), Some(depth), Some(left)) = (schema, depth, left) else { return false };
        self.left.set(left);
        Self { depth, ..self }.accepts(schema, value)
    }
}

/// Whether a branch is certainly not for a value: it is another word, or another word stands under one of its keys. `by`: the key that told
/// the last one apart, which mostly tells all.
fn refuses<'v>(branch: &Value, value: &'v Value, by: &mut Option<&'v str>) -> bool {
    let other = |wanted: Option<&Value>, found: &Value| {
        let wanted = wanted.and_then(|schema| schema.get("const")).and_then(Value::as_str);
        wanted.is_some_and(|wanted| found.as_str().is_some_and(|found| found != wanted))
    };
    let Some(members) = value.as_object() else { return other(Some(branch), value) };
    let Some(properties) = branch.get("properties").and_then(Value::as_object) else { return false };
    if by.is_some_and(|key| other(properties.get(key), &members[key])) {
        return true;
    }
    let found = members.iter().find(|(key, found)| other(properties.get(*key), found));
    *by = found.map(|(key, _)| key.as_str()).or(*by);
    found.is_some()
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        _ => false,
    }
}

/// Whether a pattern fits that means the same in every dialect of regular expressions; of others there is no answer.
fn matches(pattern: &str, text: &str) -> bool {
    // What a class such as `\s` or `.` has in it beyond ASCII, each dialect says for itself.
    let plain = text.bytes().all(|byte| byte.is_ascii() && byte != b'\r');
    let mut letters = pattern.chars();
    let mut in_class = false;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('d' | 'D' | 's' | 'S' | 'w' | 'W') if plain => {}
                Some(next) if "nt./-[](){}|+*?^$\\x".contains(next) => {}
                _ => return false,
            },
            '[' if in_class => return false,
            '[' => in_class = true,
            ']' => in_class = false,
            '&' | '~' if in_class => return false,
            '.' if !in_class && !plain => return false,
            _ => {}
        }
    }
    if pattern.contains("(?") || pattern.contains("--") {
        return false;
    }
    // The same few patterns are asked of every manifest, and to compile one takes longer than to ask it.
    thread_local! {
        static COMPILED: RefCell<BTreeMap<String, Option<Regex>>> = const { RefCell::new(BTreeMap::new()) };
    }
    COMPILED.with_borrow_mut(|compiled| {
        if !compiled.contains_key(pattern) {
            compiled.insert(pattern.to_owned(), Regex::new(pattern).ok());
        }
        compiled.get(pattern).and_then(Option::as_ref).is_some_and(|pattern| pattern.is_match(text))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Whatever it takes the validator takes; and it takes what manifests are made of.
    #[test]
    fn what_is_taken_quickly_is_taken() {
        let schemas = [
            json!(true),
            json!({ "type": "string", "minLength": 1, "maxLength": 3 }),
            json!({ "type": ["integer", "null"], "minimum": 1, "maximum": 65535 }),
            json!({ "type": "number", "minimum": 0.5 }),
            json!({ "enum": ["a", 1] }),
            json!({ "oneOf": [{ "const": "a" }, { "const": "b" }] }),
            json!({ "oneOf": [{ "const": 1 }, { "const": 1.0 }] }),
            json!({ "oneOf": [{ "type": "string" }, { "type": "integer" }] }),
            json!({ "anyOf": [{ "type": "string", "pattern": "^[a-z]+$" }, { "type": "array", "items": { "type": "string" } }] }),
            json!({ "allOf": [{ "type": "string" }, { "minLength": 2 }] }),
            json!({ "type": "object", "additionalProperties": false, "required": ["a"], "properties": { "a": { "type": "integer" } } }),
            json!({ "additionalProperties": { "type": "string" }, "propertyNames": { "pattern": "^[a-z]$" } }),
            json!({ "patternProperties": { "^a": { "type": "string" } }, "additionalProperties": false }),
            json!({ "type": "array", "uniqueItems": true, "minItems": 1, "maxItems": 2 }),
            json!({ "prefixItems": [{ "type": "string" }], "items": { "type": "integer" } }),
            json!({ "not": { "type": "string" } }),
            json!({ "pattern": "^\\S+$" }),
            json!({ "pattern": "^a.c$" }),
            json!({ "pattern": "^[^\\s/]+$" }),
            json!({ "pattern": "^[^\\n]*$" }),
            json!({ "pattern": "^\\w\\D$" }),
            json!({ "$defs": { "word": { "type": "string" } }, "items": { "$ref": "#/$defs/word" } }),
            json!({ "$defs": { "same": { "anyOf": [{ "$ref": "#/$defs/same" }, { "$ref": "#/$defs/same" }] } }, "$ref": "#/$defs/same" }),
            json!({ "oneOf": [
                { "properties": { "a": { "const": "x" } }, "additionalProperties": false },
                { "properties": { "a": { "const": "y" } } },
            ] }),
            json!({ "oneOf": [{ "properties": { "a": { "const": "x" } } }, { "properties": { "b": { "const": "y" } } }] }),
            json!({ "oneOf": [{ "const": "a" }, { "const": "a" }] }),
            json!({ "pattern": "^(/[^/\\x00-\\x1f\\x7f]+)+$" }),
            json!({ "unevaluatedProperties": false }),
            json!({ "dependentRequired": { "a": ["b"] } }),
        ];
        let values = [
            json!(null),
            json!(true),
            json!(0),
            json!(1),
            json!(1.0),
            json!(70000),
            json!(0.25),
            json!(""),
            json!("a"),
            json!("b"),
            json!("abc"),
            json!("abcd"),
            json!("a\rc"),
            json!("a\u{2028}c"),
            json!("a\u{feff}"),
            json!("a\u{a0}"),
            json!("é"),
            json!("/run/x"),
            json!("a\n"),
            json!([]),
            json!(["a"]),
            json!(["a", "a"]),
            json!([1, 1.0]),
            json!(["a", 1]),
            json!([1, 2, 3]),
            json!({}),
            json!({ "a": 1 }),
            json!({ "a": "x" }),
            json!({ "a": "x", "b": "y" }),
            json!({ "a": "z" }),
            json!({ "a": 1, "b": 2 }),
            json!({ "abc": "x" }),
        ];
        let mut taken = 0;
        for schema in &schemas {
            let validator = jsonschema::draft202012::new(schema).expect("a schema");
            for value in &values {
                if accepts(schema, value) {
                    assert!(validator.is_valid(value), "{schema} refuses {value}");
                    taken += 1;
                }
            }
        }
        assert!(taken > 90, "{taken}");
    }
}
