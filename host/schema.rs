//! JSON Schemas: what they refuse in the user's words, and the defaults that they give.
//!
//! A schema may say beside a `pattern` what it means, as `x-form`: "an absolute path". Messages use it in its place.

mod quick;

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::Value;

use crate::diagnostic::{Diagnostic, Sink};
use crate::document::Node;
use crate::engine;
use crate::pointer;
use crate::source::Span;
use crate::verdicts::Verdicts;

/// A schema, read and compiled when it is first needed: most runs hold against it only what it took before.
pub struct Schema {
    /// Its text, where it was not made here.
    text: Cow<'static, str>,
    value: OnceLock<Value>,
    validator: OnceLock<Result<Validator, String>>,
    /// What it took already.
    taken: Option<Arc<Verdicts>>,
    digest: OnceLock<[u8; 16]>,
}

/// Something that a schema refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The steps from the root to what is refused.
    pub steps: Vec<String>,
    /// It is about the key, not the value.
    pub key: bool,
    /// What was found, then what was expected.
    pub message: String,
    /// What to write at the place.
    pub label: String,
    /// What can be done now.
    pub help: Option<String>,
}

impl Schema {
    /// Parses a schema of a plugin's. It has no references: a message points into a schema, and what refers to itself may be as large as
    /// it likes. The error follows what the schema is of.
    pub fn of_plugin(text: &str) -> Result<Self, String> {
        let schema = Self::parse(text).map_err(|error| format!("is no JSON Schema: {error}"))?;
        if refers(schema.value()) {
            return Err("has `$ref`, `$dynamicRef` or `$id`: write it out, without references".to_owned());
        }
        Ok(schema)
    }

    /// Reads a schema; it is compiled when it is first used.
    pub fn parse(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if value.is_object() || value.is_boolean() { Ok(Self::new(value)) } else { Err("it is no object".to_owned()) }
    }

    /// A schema that was put together here.
    pub fn new(value: Value) -> Self {
        Self { value: OnceLock::from(value), ..Self::known(Cow::Borrowed("")) }
    }

    /// The text of a schema that was read before, and found to be one.
    pub fn known(text: Cow<'static, str>) -> Self {
        Self { text, value: OnceLock::new(), validator: OnceLock::new(), taken: None, digest: OnceLock::new() }
    }

    /// Remembers from run to run what it took.
    pub fn keeping(self, verdicts: &Arc<Verdicts>) -> Self {
        Self { taken: Some(Arc::clone(verdicts)), ..self }
    }

    /// The schema itself.
    pub fn value(&self) -> &Value {
        self.value.get_or_init(|| {
            serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("a schema that was read before is no JSON: {error}"))
        })
    }

    /// Which schema it is.
    fn digest(&self) -> &[u8; 16] {
        self.digest.get_or_init(|| match &*self.text {
            "" => engine::value_digest(self.value()),
            text => engine::short_digest(&[text.as_bytes()]),
        })
    }

    /// A text in the schema; empty where it is not there.
    pub fn text(&self, key: &str) -> &str {
        self.value().get(key).and_then(Value::as_str).unwrap_or_default()
    }

    fn validator(&self) -> Result<&Validator, String> {
        let build = || {
            // Linear in its input: a pattern comes from a plugin, and must not be able to keep rick busy for ever.
            let patterns = PatternOptions::regex();
            let options = jsonschema::options().with_draft(Draft::Draft202012).with_pattern_options(patterns).offline();
            options.build(self.value()).map_err(|error| error.to_string())
        };
        self.validator.get_or_init(build).as_ref().map_err(Clone::clone)
    }

    /// Everything that it refuses in a value, in the value's order.
    pub fn problems(&self, value: &Value) -> Vec<Problem> {
        if quick::accepts(self.value(), value) {
            return Vec::new();
        }
        match &self.taken {
            Some(verdicts) => verdicts.unless_taken(Verdicts::key(self.digest(), value), || self.found(value)),
            None => self.found(value),
        }
    }

    /// The same, as the full validator finds it.
    fn found(&self, value: &Value) -> Vec<Problem> {
        let validator = match self.validator() {
            Ok(validator) => validator,
            Err(error) => return vec![problem(Vec::new(), format!("it cannot be checked, since its schema is wrong: {error}"))],
        };
        if validator.is_valid(value) {
            return Vec::new();
        }
        let mut problems: Vec<Problem> = validator.iter_errors(value).flat_map(|error| self.describe(&error)).collect();
        problems.sort_by(|left, right| left.steps.cmp(&right.steps).then_with(|| left.message.cmp(&right.message)));
        problems.dedup();
        problems
    }

    /// Puts in the defaults that the schema gives for what is missing.
    pub fn fill(&self, value: &mut Value) {
        let mut left = FILLED;
        fill(self.value(), value, &mut left);
    }

    /// Reports everything that it refuses in a document, at its lines, and gives the steps to each.
    pub fn check(&self, value: &Value, node: &Node, sink: &mut Sink) -> Vec<Vec<String>> {
        let mut refused = Vec::new();
        for problem in self.problems(value) {
            let (near, _) = node.nearest(problem.steps.iter().map(String::as_str));
            let span: Span = if problem.key { near.key_or_value().clone() } else { near.value.clone() };
            let mut diagnostic = Diagnostic::error("schema", problem.message, span).label(problem.label);
            diagnostic.help = problem.help;
            sink.push(diagnostic);
            refused.push(problem.steps);
        }
        refused
    }

    fn describe(&self, error: &ValidationError<'_>) -> Vec<Problem> {
        let steps = pointer::steps(error.instance_path().as_str()).unwrap_or_default();
        let found = error.instance();
        let about = self.subschema(error.schema_path().as_str());
        let message = match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                return unexpected.iter().map(|key| unknown_key(&steps, key, about)).collect();
            }
            ValidationErrorKind::Required { property } => {
                let key = property.as_str().unwrap_or_default();
                let help = about
                    .and_then(|schema| schema.get("properties")?.get(key)?.get("description")?.as_str())
                    .map(|description| format!("`{key}`: {}", first_sentence(description)));
                return vec![Problem {
                    key: true,
                    help,
                    ..problem(steps.clone(), format!("`{key}` is missing in {}", table_name(&steps)))
                }];
            }
            ValidationErrorKind::PropertyNames { error } => {
                let key = error.instance().as_str().unwrap_or_default().to_owned();
                let inner = self.describe(error).into_iter().next();
                let message = inner.map_or_else(|| format!("`{key}` cannot be a key here"), |inner| inner.message);
                let steps = steps.into_iter().chain([key]).collect();
                return vec![Problem { key: true, ..problem(steps, message) }];
            }
            ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
                // Words that are each a schema of their own, since each has a description.
                let words: Vec<&str> = context.iter().flatten().filter_map(constant).collect();
                if words.len() == context.len() {
                    return vec![not_one_of(steps, found, &words)];
                }
                // Where one of the alternatives got further in than the others, it is the one that was meant.
                let depth = |branch: &Vec<ValidationError<'static>>| {
                    let steps = branch.iter().map(|error| error.instance_path().as_str().matches('/').count());
                    let unknown = branch.iter().any(|error| matches!(error.kind(), ValidationErrorKind::Type { .. }));
                    (!unknown, steps.max().unwrap_or(0))
                };
                let here = error.instance_path().as_str().matches('/').count();
                if let Some(meant) =
                    context.iter().filter(|branch| depth(branch) > (false, here)).max_by_key(|branch| depth(branch))
                {
                    return meant.iter().flat_map(|error| self.describe(error)).collect();
                }
                let kinds: Vec<String> = context
                    .iter()
                    .flatten()
                    .filter_map(|error| match error.kind() {
                        ValidationErrorKind::Type { kind } => Some(kinds(kind)),
                        _ => None,
                    })
                    .flatten()
                    .collect();
                expected(found, &kinds)
            }
            ValidationErrorKind::Type { kind } => expected(found, &kinds(kind)),
            ValidationErrorKind::Enum { options } => {
                let options: Vec<&str> = options.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                return vec![not_one_of(steps, found, &options)];
            }
            ValidationErrorKind::Constant { expected_value } => format!("{} is not {}", shown(found), shown(expected_value)),
            ValidationErrorKind::Pattern { pattern } => {
                match about.and_then(|schema| schema.get("x-form")).and_then(Value::as_str) {
                    Some(form) => format!("{} is not {form}", shown(found)),
                    None => format!("{} is not of the form `{}`", shown(found), pattern.escape_debug()),
                }
            }
            ValidationErrorKind::Maximum { limit } => format!("{} is more than {limit}", shown(found)),
            ValidationErrorKind::Minimum { limit } => format!("{} is less than {limit}", shown(found)),
            ValidationErrorKind::MinLength { limit: 1 } => "it is empty".to_owned(),
            ValidationErrorKind::MinLength { limit } => format!("{} is shorter than {limit} characters", shown(found)),
            ValidationErrorKind::MaxLength { limit } => format!("{} is longer than {limit} characters", shown(found)),
            ValidationErrorKind::MinItems { limit: 1 } => "it is empty".to_owned(),
            ValidationErrorKind::MinItems { limit } => format!("it has fewer than {limit} items"),
            ValidationErrorKind::MaxItems { limit } => format!("it has more than {limit} items"),
            ValidationErrorKind::UniqueItems => "it has an item twice".to_owned(),
            _ => error.to_string(),
        };
        let described = about.and_then(|schema| schema.get("description")).and_then(Value::as_str);
        let name = steps.iter().rev().find(|step| step.parse::<usize>().is_err()).cloned().unwrap_or_default();
        let help = described.map(|description| format!("`{name}`: {}", first_sentence(description)));
        vec![Problem { help, ..problem(steps, message) }]
    }

    /// The schema that holds the keyword at a path.
    fn subschema(&self, keyword: &str) -> Option<&Value> {
        let (parent, _) = keyword.rsplit_once('/')?;
        self.value().pointer(parent)
    }
}

fn problem(steps: Vec<String>, message: String) -> Problem {
    Problem { steps, key: false, message, label: String::new(), help: None }
}

fn constant<'a>(error: &'a ValidationError<'_>) -> Option<&'a str> {
    match error.kind() {
        ValidationErrorKind::Constant { expected_value } => expected_value.as_str(),
        _ => None,
    }
}

fn not_one_of(steps: Vec<String>, found: &Value, options: &[&str]) -> Problem {
    let label = found.as_str().and_then(|text| nearest(text, options.iter().copied())).map(did_you_mean);
    let listed: Vec<String> = options.iter().map(|option| format!("`{option}`")).collect();
    let message = format!("{} is not one of {}", shown(found), listed.join(", "));
    Problem { label: label.unwrap_or_default(), ..problem(steps, message) }
}

fn unknown_key(steps: &[String], key: &str, schema: Option<&Value>) -> Problem {
    let known: Vec<&str> = schema
        .and_then(|schema| schema.get("properties"))
        .and_then(Value::as_object)
        .map(|properties| properties.keys().map(String::as_str).collect())
        .unwrap_or_default();
    let label = nearest(key, known.iter().copied()).map(did_you_mean).unwrap_or_default();
    let listed: Vec<String> = known.iter().map(|known| format!("`{known}`")).collect();
    let help = (label.is_empty() && !known.is_empty()).then(|| format!("the keys here are {}", listed.join(", ")));
    let message = format!("unknown key `{key}` in {}", table_name(steps));
    let steps = steps.iter().cloned().chain([key.to_owned()]).collect();
    Problem { key: true, label, help, ..problem(steps, message) }
}

/// A table as its header stands in TOML: `[quadlet.containers.worker]`, `[[file]]`.
fn table_name(steps: &[String]) -> String {
    let (numbers, names): (Vec<&String>, Vec<&String>) = steps.iter().partition(|step| step.parse::<usize>().is_ok());
    let name = names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(".");
    match (names.is_empty(), numbers.is_empty()) {
        (true, _) => "this file".to_owned(),
        (false, true) => format!("[{name}]"),
        (false, false) => format!("[[{name}]]"),
    }
}

fn did_you_mean(name: &str) -> String {
    format!("did you mean `{name}`?")
}

/// The known name that a misspelled one was meant to be, if one is near enough to say so.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |candidate: &str| strsim::damerau_levenshtein(&name.to_lowercase(), &candidate.to_lowercase());
    let allowed = (name.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (distance(candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, name)| name)
}

fn kinds(kind: &TypeKind) -> Vec<String> {
    let all: Vec<String> = match kind {
        TypeKind::Single(kind) => vec![kind.to_string()],
        TypeKind::Multiple(kinds) => kinds.iter().map(|kind| kind.to_string()).collect(),
    };
    all.into_iter().filter(|kind| kind != "null").collect()
}

/// TOML's words rather than JSON's.
fn expected(found: &Value, kinds: &[String]) -> String {
    let mut words: Vec<&str> = kinds
        .iter()
        .map(|kind| match kind.as_str() {
            "object" => "a table",
            "array" => "an array",
            "integer" => "an integer",
            "number" => "a number",
            "boolean" => "true or false",
            _ => "a string",
        })
        .collect();
    words.sort_unstable();
    words.dedup();
    format!(
        "found {}, expected {}",
        kind_of(found),
        if words.is_empty() { "something else".to_owned() } else { words.join(" or ") }
    )
}

fn kind_of(value: &Value) -> String {
    match value {
        Value::Object(_) => "a table".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::String(text) => format!("the string `{text}`"),
        Value::Null => "nothing".to_owned(),
        other => format!("`{other}`"),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{text}`"),
        Value::Object(_) => "the table".to_owned(),
        Value::Array(_) => "the array".to_owned(),
        other => format!("`{other}`"),
    }
}

fn first_sentence(text: &str) -> String {
    let line = text.split("\n\n").next().unwrap_or(text).replace('\n', " ");
    let end = line.find(". ").unwrap_or(line.len());
    line[..end].trim_end_matches('.').to_owned()
}

/// Whether a schema refers to another, or can be referred to.
fn refers(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => members.iter().any(|(key, value)| {
            let reference = matches!(key.as_str(), "$ref" | "$dynamicRef" | "$recursiveRef" | "$id" | "$anchor");
            // Where it is the name of a property, its value is a schema.
            reference && value.is_string() || refers(value)
        }),
        Value::Array(items) => items.iter().any(refers),
        _ => false,
    }
}

/// How many values the defaults of a schema may put into a document. A default may hold maps whose entries have defaults again, so that a
/// small schema of a plugin's could fill all memory; what a person means by defaults is far below it.
const FILLED: usize = 100_000;

/// Only what is unambiguous: properties, maps and items; alternatives have no defaults of their own.
fn fill(schema: &Value, value: &mut Value, left: &mut usize) {
    match value {
        Value::Object(object) => {
            let properties = schema.get("properties").and_then(Value::as_object);
            for (key, property) in properties.into_iter().flatten() {
                if let (None, Some(default)) = (object.get(key), property.get("default"))
                    && !default.is_null()
                    && let Some(rest) = left.checked_sub(count(default))
                {
                    *left = rest;
                    object.insert(key.clone(), default.clone());
                }
            }
            for (key, item) in object {
                let known = properties.and_then(|properties| properties.get(key));
                if let Some(schema) = known.or_else(|| schema.get("additionalProperties")) {
                    fill(schema, item, left);
                }
            }
        }
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                items.iter_mut().for_each(|item| fill(schema, item, left));
            }
        }
        _ => {}
    }
}

/// How many values are in a value, itself included; a long text counts for more.
fn count(value: &Value) -> usize {
    match value {
        Value::Object(members) => 1 + members.values().map(count).sum::<usize>(),
        Value::Array(items) => 1 + items.iter().map(count).sum::<usize>(),
        Value::String(text) => 1 + text.len() / 64,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn messages(schema: Value, value: Value) -> Vec<String> {
        Schema::new(schema).problems(&value).into_iter().map(|problem| format!("{} {}", problem.message, problem.label)).collect()
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        let schema = json!({ "type": "object", "additionalProperties": false, "properties": { "public": {}, "domain": {} } });
        assert_eq!(messages(schema, json!({ "pubilc": 1 })), ["unknown key `pubilc` in this file did you mean `public`?"]);
    }

    #[test]
    fn a_wrong_type_is_said_in_the_words_of_toml() {
        let schema = json!({ "properties": { "port": { "type": ["integer", "null"] } } });
        assert_eq!(messages(schema, json!({ "port": "80" })), ["found the string `80`, expected an integer "]);
    }

    #[test]
    fn alternatives_report_the_one_that_was_meant() {
        let schema = json!({ "anyOf": [
            { "type": "string" },
            { "type": "object", "additionalProperties": false, "properties": { "secret": { "type": "string" } }, "required": ["secret"] },
        ] });
        assert_eq!(
            messages(schema.clone(), json!({ "secert": "x" }))[1],
            "unknown key `secert` in this file did you mean `secret`?"
        );
        assert_eq!(messages(schema, json!(1)), ["found `1`, expected a string or a table "]);
    }

    #[test]
    fn words_with_descriptions_are_listed_like_others() {
        let schema = json!({ "oneOf": [{ "const": "peer", "description": "x" }, { "const": "scram", "description": "y" }] });
        assert_eq!(messages(schema, json!("pear")), ["`pear` is not one of `peer`, `scram` did you mean `peer`?"]);
    }

    #[test]
    fn defaults_in_defaults_come_to_an_end() {
        // Each level has a map of ten entries, each of which has the next level as its default: a million in the sixth.
        let entries = |value: &str| (0..10).map(|index| format!("\"{index}\": {value}")).collect::<Vec<_>>().join(", ");
        let mut schema = json!({ "type": "integer" });
        for _ in 0..6 {
            let default: Value = serde_json::from_str(&format!("{{ {} }}", entries("{}"))).expect("JSON");
            schema = json!({ "properties": { "m": { "default": default, "additionalProperties": schema } } });
        }
        let mut value = json!({});
        Schema::new(schema).fill(&mut value);
        assert!(count(&value) <= FILLED + 1);
    }

    #[test]
    fn defaults_are_filled_in_maps_and_arrays_too() {
        let item = json!({ "type": "object", "properties": { "mode": { "default": "0750" } } });
        let schema = json!({ "properties": {
            "map": { "additionalProperties": item }, "list": { "items": item }, "absent": { "default": [] },
        } });
        let mut value = json!({ "map": { "a": {} }, "list": [{}] });
        Schema::new(schema).fill(&mut value);
        assert_eq!(value, json!({ "map": { "a": { "mode": "0750" } }, "list": [{ "mode": "0750" }], "absent": [] }));
    }
}
