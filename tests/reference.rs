//! docs/plugins/reference.md is made from the contract: the WIT with its comments, the schema of the input, and those of the slots.
//! `RICK_BLESS=1 cargo test` writes it anew.

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;
use wit_parser::{Docs, Function, Resolve, Type, TypeDefKind};

use crate::support::{blessing, root};

const PAGE: &str = "docs/plugins/reference.md";

#[test]
fn the_reference_is_that_of_the_contract() {
    let page = page();
    let path = root().join(PAGE);
    if blessing() {
        fs::write(&path, &page).expect("it can be written");
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(there == page, "{PAGE} is not that of the contract: RICK_BLESS=1 cargo test writes it anew");
}

fn page() -> String {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(root().join("wit/0.1.0")).expect("the contract parses");
    let package = &resolve.packages[package];
    let mut text = format!(
        "# The reference of the contract\n\nMade from [wit/0.1.0](../../wit/0.1.0) and [wit/slots](../../wit/slots); `{}`. \
         How it is meant is said in [the contract](contract.md).\n\n{}\n",
        package.name,
        said(&package.docs)
    );
    text.push_str("\n## Worlds\n");
    for (name, id) in &package.worlds {
        let world = &resolve.worlds[*id];
        let names = |items: Vec<String>| items.iter().map(|item| format!("`{item}`")).collect::<Vec<_>>().join(", ");
        let _ = writeln!(text, "\n**`{name}`**: {}\n", said(&world.docs));
        let interface = |item: &wit_parser::WorldItem| match item {
            wit_parser::WorldItem::Interface { id, .. } => resolve.interfaces[*id].name.clone(),
            _ => None,
        };
        let _ = writeln!(text, "* imports {}", names(world.imports.values().filter_map(interface).collect()));
        let _ = writeln!(text, "* exports {}", names(world.exports.values().filter_map(interface).collect()));
    }
    for (name, id) in &package.interfaces {
        let interface = &resolve.interfaces[*id];
        let _ = writeln!(text, "\n## The interface `{name}`\n");
        if interface.docs.contents.is_some() {
            let _ = writeln!(text, "{}\n", said(&interface.docs));
        }
        for function in interface.functions.values() {
            write_function(&resolve, function, &mut text);
        }
        for (name, id) in &interface.types {
            write_type(&resolve, name, *id, &mut text);
        }
    }
    text.push_str("\n## The input of a call\n\n");
    write_schema(&read("wit/0.1.0/input.schema.json"), &mut text);
    text.push_str("\n## The slots of rick's own\n");
    let mut slots: Vec<_> =
        fs::read_dir(root().join("wit/slots")).expect("the slots").flatten().map(|entry| entry.path()).collect();
    slots.sort();
    for path in slots {
        let schema = read(path.to_str().expect("UTF-8"));
        let word = |key: &str| schema[key].as_str().unwrap_or_default().to_owned();
        let _ = writeln!(text, "\n### `{}`\n", word("title"));
        let unread = if word("x-rick-unread") == "error" { ", must be fulfilled" } else { "" };
        let _ = writeln!(text, "{} Merged as {}{unread}.\n", word("description"), word("x-rick-merge"));
        write_schema(&schema, &mut text);
    }
    text
}

fn read(path: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(root().join(path)).expect("a schema")).expect("a schema is JSON")
}

fn said(docs: &Docs) -> String {
    docs.contents.as_deref().unwrap_or_default().trim().to_owned()
}

/// In a cell of a table.
fn cell(docs: &Docs) -> String {
    said(docs).replace('\n', " ").replace('|', "\\|")
}

fn write_function(resolve: &Resolve, function: &Function, text: &mut String) {
    let parameters: Vec<String> =
        function.params.iter().map(|parameter| format!("{}: {}", parameter.name, shown(resolve, &parameter.ty))).collect();
    let result = function.result.as_ref().map(|kind| format!(" -> {}", shown(resolve, kind))).unwrap_or_default();
    let _ = writeln!(text, "```wit\n{}: func({}){result}\n```\n\n{}", function.name, parameters.join(", "), said(&function.docs));
}

fn write_type(resolve: &Resolve, name: &str, id: wit_parser::TypeId, text: &mut String) {
    let kind = &resolve.types[id];
    let docs = said(&kind.docs);
    let mut rows: Vec<(String, String, String)> = Vec::new();
    let what = match &kind.kind {
        TypeDefKind::Record(record) => {
            rows.extend(record.fields.iter().map(|field| (field.name.clone(), shown(resolve, &field.ty), cell(&field.docs))));
            "record"
        }
        TypeDefKind::Variant(variant) => {
            let case = |case: &wit_parser::Case| {
                (case.name.clone(), case.ty.as_ref().map(|kind| shown(resolve, kind)).unwrap_or_default(), cell(&case.docs))
            };
            rows.extend(variant.cases.iter().map(case));
            "variant"
        }
        TypeDefKind::Enum(cases) => {
            let names: Vec<String> = cases.cases.iter().map(|case| format!("`{}`", case.name)).collect();
            let _ = writeln!(text, "\n### enum `{name}`\n\n{docs}\n\n{}", names.join(", "));
            return;
        }
        // What an interface takes over from another is said there.
        TypeDefKind::Type(Type::Id(_)) => return,
        TypeDefKind::Type(other) => {
            let _ = writeln!(text, "\n### type `{name}` = `{}`\n\n{docs}", shown(resolve, other));
            return;
        }
        _ => return,
    };
    let _ = writeln!(text, "\n### {what} `{name}`\n\n{docs}\n\n| | type | |\n|---|---|---|");
    for (name, kind, docs) in rows {
        let kind = if kind.is_empty() { kind } else { format!("`{kind}`") };
        let _ = writeln!(text, "| `{name}` | {kind} | {docs} |");
    }
}

fn shown(resolve: &Resolve, kind: &Type) -> String {
    let Type::Id(id) = kind else {
        return format!("{kind:?}").to_lowercase();
    };
    let kind = &resolve.types[*id];
    match (&kind.name, &kind.kind) {
        (Some(name), _) => name.clone(),
        (None, TypeDefKind::List(inner)) => format!("list<{}>", shown(resolve, inner)),
        (None, TypeDefKind::Option(inner)) => format!("option<{}>", shown(resolve, inner)),
        (None, TypeDefKind::Tuple(tuple)) => {
            let inner: Vec<String> = tuple.types.iter().map(|kind| shown(resolve, kind)).collect();
            format!("tuple<{}>", inner.join(", "))
        }
        (None, other) => format!("{other:?}"),
    }
}

/// Members of an object, or of each kind of one, with what they are.
fn write_schema(schema: &Value, text: &mut String) {
    if let Some(branches) = schema.get("oneOf").and_then(Value::as_array) {
        for branch in branches {
            let kind = branch.pointer("/properties/kind/const").and_then(Value::as_str).unwrap_or("otherwise");
            let _ = writeln!(text, "**{kind}**: {}\n", branch["description"].as_str().unwrap_or_default());
            write_members(branch, text);
        }
        return;
    }
    write_members(schema, text);
}

fn write_members(schema: &Value, text: &mut String) {
    let Some(members) = schema.get("properties").and_then(Value::as_object) else {
        if let Some(kind) = kind_of(schema) {
            let _ = writeln!(text, "The value is {kind}.");
        }
        return;
    };
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let rows: Vec<_> = members.iter().filter(|(name, _)| *name != "kind").collect();
    if rows.is_empty() {
        let _ = writeln!(text, "No members.\n");
        return;
    }
    let _ = writeln!(text, "| member | what it is | |\n|---|---|---|");
    for (name, member) in rows {
        let must = if required.contains(&name.as_str()) { "" } else { "optional" };
        let kind = kind_of(member).unwrap_or_else(|| "anything".to_owned());
        let description = member["description"].as_str().unwrap_or_default().replace('\n', " ").replace('|', "\\|");
        let more = [must, &description].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join("; ");
        let _ = writeln!(text, "| `{name}` | {} | {more} |", kind.replace('|', "\\|"));
    }
    text.push('\n');
}

fn kind_of(schema: &Value) -> Option<String> {
    if let Some(options) = schema.get("enum").and_then(Value::as_array) {
        let options: Vec<String> = options.iter().map(|option| format!("`{}`", option.as_str().unwrap_or("null"))).collect();
        return Some(options.join(", "));
    }
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        return reference.rsplit('/').next().map(str::to_owned);
    }
    if let Some(branches) = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array) {
        return Some(branches.iter().filter_map(kind_of).collect::<Vec<_>>().join(" or "));
    }
    let kind = match schema.get("type")? {
        Value::String(kind) => kind.clone(),
        kinds => kinds.as_array()?.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
    };
    Some(match (kind.as_str(), schema.get("items").and_then(kind_of)) {
        ("array", Some(items)) => format!("a list of: {items}"),
        ("object", _) => "an object".to_owned(),
        _ => kind,
    })
}
