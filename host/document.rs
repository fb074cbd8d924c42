//! TOML as a value with a tree of places beside it, so that every value knows its line.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, Sink};
use crate::source::{SourceId, Sources, Span};

/// Where a value is written, and where the values in it are.
#[derive(Debug, Clone)]
pub struct Node {
    /// The value.
    pub value: Span,
    /// Its key; absent in arrays and at the root.
    pub key: Option<Span>,
    /// What is in it.
    pub children: Children,
}

/// The values in a value.
#[derive(Debug, Clone)]
pub enum Children {
    /// It is a scalar.
    None,
    /// By key.
    Table(BTreeMap<String, Node>),
    /// In order.
    Array(Vec<Node>),
}

impl Node {
    /// The child that a pointer's step names.
    pub fn child(&self, step: &str) -> Option<&Node> {
        match &self.children {
            Children::None => None,
            Children::Table(table) => table.get(step),
            Children::Array(array) => step.parse::<usize>().ok().and_then(|index| array.get(index)),
        }
    }

    /// The node that steps lead to, or the nearest written ancestor with how many steps led to it.
    pub fn nearest<'a>(&self, steps: impl IntoIterator<Item = &'a str>) -> (&Node, usize) {
        let (mut node, mut depth) = (self, 0);
        for step in steps {
            match node.child(step) {
                Some(child) => node = child,
                None => break,
            }
            depth += 1;
        }
        (node, depth)
    }

    /// The key where there is one, else the value: where a caret says "this".
    pub fn key_or_value(&self) -> &Span {
        self.key.as_ref().unwrap_or(&self.value)
    }
}

/// A TOML document: its value, and where each part of it is written.
#[derive(Debug, Clone)]
pub struct Document {
    /// The value. Dates and times are strings.
    pub value: Value,
    /// Its places.
    pub node: Node,
}

/// Reads TOML. Each syntax error is a diagnostic; `None` where there was one.
pub fn parse(sources: &Sources, source: SourceId, sink: &mut Sink) -> Option<Document> {
    let text = &sources.get(source).text;
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let bytes = error.span().unwrap_or(0..0);
        let message = error.message().lines().next().unwrap_or("not TOML").to_owned();
        sink.push(Diagnostic::error("toml", message, Span { source, bytes }).label("TOML cannot be read here"));
    }
    if !errors.is_empty() {
        return None;
    }
    // The root's span is the first line, where a caret about "the manifest" should be, and not all of it.
    let root = Span { source, bytes: 0..text.lines().next().map_or(0, str::len) };
    let (value, children) = convert_table(source, table.get_ref());
    Some(Document { value, node: Node { value: root, key: None, children } })
}

fn convert_table(source: SourceId, table: &DeTable<'_>) -> (Value, Children) {
    let (mut values, mut nodes) = (Map::new(), BTreeMap::new());
    for (key, value) in table {
        let (converted, mut node) = convert(source, value);
        node.key = Some(Span { source, bytes: key.span() });
        values.insert(key.get_ref().to_string(), converted);
        nodes.insert(key.get_ref().to_string(), node);
    }
    (Value::Object(values), Children::Table(nodes))
}

fn convert(source: SourceId, value: &Spanned<DeValue<'_>>) -> (Value, Node) {
    let (converted, children) = match value.get_ref() {
        DeValue::String(text) => (Value::String(text.to_string()), Children::None),
        DeValue::Integer(integer) => (integer_value(integer.as_str(), integer.radix()), Children::None),
        DeValue::Float(float) => {
            let number = float.as_str().parse().ok().and_then(Number::from_f64);
            (number.map_or_else(|| Value::String(float.as_str().to_owned()), Value::Number), Children::None)
        }
        DeValue::Boolean(boolean) => (Value::Bool(*boolean), Children::None),
        DeValue::Datetime(datetime) => (Value::String(datetime.to_string()), Children::None),
        DeValue::Array(array) => {
            let (values, nodes) = array.iter().map(|item| convert(source, item)).unzip();
            (Value::Array(values), Children::Array(nodes))
        }
        DeValue::Table(table) => convert_table(source, table),
    };
    (converted, Node { value: Span { source, bytes: value.span() }, key: None, children })
}

/// An integer; one that no 64 bits hold stays text, which no schema takes for a number.
fn integer_value(digits: &str, radix: u32) -> Value {
    match i64::from_str_radix(digits, radix) {
        Ok(number) => Value::Number(number.into()),
        Err(_) => Value::String(digits.to_owned()),
    }
}

/// Puts `over` on top of `under`: tables merge, everything else is replaced. Each value keeps its own place.
pub fn overlay(under: &Document, over: &Document) -> Document {
    let (value, node) = overlay_values(&under.value, &under.node, &over.value, &over.node);
    Document { value, node }
}

fn overlay_values(under: &Value, under_node: &Node, over: &Value, over_node: &Node) -> (Value, Node) {
    let (Value::Object(low), Value::Object(high)) = (under, over) else { return (over.clone(), over_node.clone()) };
    let (Children::Table(low_nodes), Children::Table(high_nodes)) = (&under_node.children, &over_node.children) else {
        return (over.clone(), over_node.clone());
    };
    let (mut values, mut nodes) = (low.clone(), low_nodes.clone());
    for (key, value) in high {
        let node = &high_nodes[key];
        let merged = match (low.get(key), low_nodes.get(key)) {
            (Some(low_value), Some(low_node)) => overlay_values(low_value, low_node, value, node),
            _ => (value.clone(), node.clone()),
        };
        values.insert(key.clone(), merged.0);
        nodes.insert(key.clone(), merged.1);
    }
    (Value::Object(values), Node { value: over_node.value.clone(), key: over_node.key.clone(), children: Children::Table(nodes) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> (Sources, Document) {
        let mut sources = Sources::default();
        let id = sources.add("x.toml", text.to_owned());
        let mut sink = Sink::default();
        let document = parse(&sources, id, &mut sink).expect("it is TOML");
        (sources, document)
    }

    #[test]
    fn each_value_knows_its_line() {
        let (sources, document) = document("[a]\nb = [\n  1,\n  { c = \"d\" },\n]\n");
        let (node, depth) = document.node.nearest(["a", "b", "1", "c"]);
        assert_eq!(depth, 4);
        assert_eq!(sources.line_of(&node.value), "x.toml:4");
        assert_eq!(&sources.get(node.value.source).text[node.value.bytes.clone()], "\"d\"");
    }

    #[test]
    fn what_is_not_written_has_a_nearest_ancestor() {
        let (sources, document) = document("[a]\nb = 1\n");
        let (node, depth) = document.node.nearest(["a", "x", "y"]);
        assert_eq!((depth, sources.line_of(node.key_or_value())), (1, "x.toml:1".to_owned()));
    }

    #[test]
    fn every_syntax_error_is_reported() {
        let mut sources = Sources::default();
        let id = sources.add("x.toml", "a = \nb = 1\nc = = 2\n".to_owned());
        let mut sink = Sink::default();
        assert!(parse(&sources, id, &mut sink).is_none());
        assert!(sink.len() >= 2);
    }
}
