//! What fixes do to a file, as text: everything that they are not about stays as it was written, comments and spaces included.

use std::ops::Range;

use serde_json::Value;
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike};

use crate::diagnostic::{Edit, Fix, Sink};
use crate::document;
use crate::source::{SourceId, Sources};

/// Bytes of a file, and what comes in their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// The file.
    pub source: SourceId,
    /// What goes.
    pub bytes: Range<usize>,
    /// What comes.
    pub text: String,
}

impl Fix {
    /// What it does, one replacement for each file that it changes. `None` where it cannot be made: its place is gone, or is of a form
    /// that a person should change.
    pub fn replacements(&self, sources: &Sources) -> Option<Vec<Replacement>> {
        let mut changed: Vec<(SourceId, String)> = Vec::new();
        for edit in &self.edits {
            let source = edit.source();
            let index = changed.iter().position(|(of, _)| *of == source).unwrap_or_else(|| {
                changed.push((source, sources.get(source).text.clone()));
                changed.len() - 1
            });
            let text = &mut changed[index].1;
            // TOML's own libraries know one end of a line alone.
            let ends_in_two = text.contains("\r\n") && text.matches('\n').count() == text.matches("\r\n").count();
            if ends_in_two && !matches!(edit, Edit::Replace { .. }) {
                *text = text.replace("\r\n", "\n");
            }
            *text = match edit {
                Edit::Set { steps, value, .. } if ends_in_two => set(text, steps, &with_one_end(value))?,
                Edit::Set { steps, value, .. } => set(text, steps, value)?,
                Edit::Remove { steps, .. } => remove(text, steps)?,
                Edit::Replace { span, text: new } => {
                    let (before, after) = (text.get(..span.bytes.start)?, text.get(span.bytes.end..)?);
                    format!("{before}{new}{after}")
                }
            };
            if ends_in_two && !text.contains("\r\n") {
                *text = text.replace('\n', "\r\n");
            }
        }
        let replacements = changed.into_iter().filter_map(|(source, text)| difference(source, &sources.get(source).text, &text));
        let replacements: Vec<Replacement> = replacements.collect();
        (!replacements.is_empty()).then_some(replacements)
    }
}

/// A value with the ends of lines that it is put in with.
fn with_one_end(value: &Value) -> Value {
    match value {
        Value::String(text) => text.replace("\r\n", "\n").into(),
        Value::Array(items) => items.iter().map(with_one_end).collect(),
        Value::Object(members) => {
            members.iter().map(|(key, value)| (key.clone(), with_one_end(value))).collect::<serde_json::Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

/// The one run of bytes in which two texts differ.
fn difference(source: SourceId, old: &str, new: &str) -> Option<Replacement> {
    if old == new {
        return None;
    }
    let common = |left: &mut dyn Iterator<Item = char>, right: &mut dyn Iterator<Item = char>| {
        left.zip(right).take_while(|(left, right)| left == right).map(|(left, _)| left.len_utf8()).sum::<usize>()
    };
    let start = common(&mut old.chars(), &mut new.chars());
    let end = common(&mut old[start..].chars().rev(), &mut new[start..].chars().rev());
    Some(Replacement { source, bytes: start..old.len() - end, text: new[start..new.len() - end].to_owned() })
}

/// Makes replacements that do not touch each other.
pub fn apply(text: &str, mut replacements: Vec<Replacement>) -> String {
    replacements.sort_by_key(|replacement| (replacement.bytes.start, replacement.bytes.end));
    let (mut new, mut from) = (String::new(), 0);
    for Replacement { bytes, text: with, .. } in replacements {
        new.push_str(&text[from..bytes.start]);
        new.push_str(&with);
        from = bytes.end;
    }
    new.push_str(&text[from..]);
    new
}

/// Whether two replacements are too near to each other to be made at once.
pub fn touch(left: &Replacement, right: &Replacement) -> bool {
    left.source == right.source && left.bytes.start <= right.bytes.end && right.bytes.start <= left.bytes.end
}

/// A text with a value put at some steps of it.
fn set(text: &str, steps: &[String], value: &Value) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    let (last, parents) = steps.split_last()?;
    let mut at = document.as_item_mut();
    for (depth, step) in parents.iter().enumerate() {
        at = child_or_new(at, step, depth + 1 < parents.len())?;
    }
    let value = toml_value(value)?;
    match at {
        Item::Value(toml_edit::Value::Array(array)) if last == "-" => append(array, value),
        Item::Value(toml_edit::Value::Array(array)) => replace(array.get_mut(last.parse().ok()?)?, value),
        other => {
            let in_line = other.is_inline_table();
            let table = other.as_table_like_mut()?;
            match table.get_mut(last) {
                Some(Item::Value(old)) => replace(old, value),
                Some(_) => return None,
                None => {
                    if in_line {
                        make_room(table);
                    }
                    table.insert(last, Item::Value(value));
                }
            }
        }
    }
    let new = document.to_string();
    // A table that was put before all others stands apart from nothing.
    Some(if text.starts_with('\n') { new } else { new.trim_start_matches('\n').to_owned() })
}

/// What is below an item, made where it is missing: a table with a header below one, else one in line.
fn child_or_new<'a>(item: &'a mut Item, step: &str, on_the_way: bool) -> Option<&'a mut Item> {
    if let Some(index) = step.parse::<usize>().ok().filter(|_| item.is_array_of_tables() || item.is_array()) {
        return item.get_mut(index);
    }
    let in_line = item.is_inline_table();
    let table: &mut dyn TableLike = item.as_table_like_mut()?;
    if table.get(step).is_none() {
        let new = if in_line {
            make_room(table);
            Item::Value(InlineTable::new().into())
        } else {
            let mut new = Table::new();
            new.set_implicit(on_the_way);
            // A new table stands apart from what is before it.
            new.decor_mut().set_prefix("\n");
            Item::Table(new)
        };
        table.insert(step, new);
    }
    let child = table.get_mut(step)?;
    // A table that is only there since others are in it gets a header of its own with its first value.
    if let (Item::Table(table), false) = (&mut *child, on_the_way)
        && table.is_implicit()
    {
        table.set_implicit(false);
        table.decor_mut().set_prefix("\n");
    }
    Some(child)
}

/// The last value of a table in line has the space before the bracket, which is no longer behind it when another one follows.
fn make_room(table: &mut dyn TableLike) {
    if let Some((_, Item::Value(last))) = table.iter_mut().last()
        && last.decor().suffix().and_then(|suffix| suffix.as_str()).is_some_and(|suffix| suffix.trim().is_empty())
    {
        last.decor_mut().set_suffix("");
    }
}

/// Puts a value in the place of another, between the same spaces and comments.
fn replace(old: &mut toml_edit::Value, new: toml_edit::Value) {
    let mut new = as_written(old, &new).unwrap_or(new);
    *new.decor_mut() = old.decor().clone();
    *old = new;
}

/// A text between the quotes that the old one stands between, where it can stand there as it is.
fn as_written(old: &toml_edit::Value, new: &toml_edit::Value) -> Option<toml_edit::Value> {
    let (toml_edit::Value::String(old), toml_edit::Value::String(new)) = (old, new) else { return None };
    let raw = old.as_repr()?.as_raw().as_str()?;
    let quotes = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quotes| raw.starts_with(quotes))?;
    let inner = raw.strip_prefix(quotes)?.strip_suffix(quotes)?;
    let newline = if inner.starts_with('\n') && quotes.len() == 3 { "\n" } else { "" };
    let is_plain = inner.strip_prefix(newline).unwrap_or(inner) == old.value();
    let written: toml_edit::Value = format!("{quotes}{newline}{}{quotes}", new.value()).parse().ok()?;
    (is_plain && written.as_str() == Some(new.value())).then_some(written)
}

/// Adds to a list as its other items are written: on a line of its own where the last one is.
fn append(array: &mut Array, mut value: toml_edit::Value) {
    let prefix = array.iter().last().and_then(|last| last.decor().prefix()?.as_str()).map(|prefix| {
        // The comment above the last item is not about the new one.
        prefix.rfind('\n').map_or_else(|| prefix.to_owned(), |newline| prefix[newline..].to_owned())
    });
    let default = if array.is_empty() { "" } else { " " };
    value.decor_mut().set_prefix(prefix.unwrap_or_else(|| default.to_owned()));
    let trailing_comma = array.trailing_comma();
    array.push_formatted(value);
    array.set_trailing_comma(trailing_comma);
}

fn toml_value(value: &Value) -> Option<toml_edit::Value> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => integer.into(),
            None => number.as_f64()?.into(),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => items.iter().map(toml_value).collect::<Option<Array>>()?.into(),
        Value::Object(members) => {
            let mut table = InlineTable::new();
            for (key, value) in members {
                table.insert(key, toml_value(value)?);
            }
            table.into()
        }
    })
}

/// A text without what is at some steps of it. Of a key with lines of its own just these lines go, and the comments stay.
fn remove(text: &str, steps: &[String]) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    let (last, parents) = steps.split_last()?;
    let (mut at, mut in_brackets) = (document.as_item_mut(), false);
    for step in parents {
        at = match step.parse::<usize>() {
            Ok(index) if at.is_array_of_tables() || at.is_array() => at.get_mut(index)?,
            _ => at.as_table_like_mut()?.get_mut(step)?,
        };
        in_brackets |= at.is_value();
    }
    match at {
        Item::Value(toml_edit::Value::Array(array)) => {
            let index = last.parse::<usize>().ok().filter(|&index| index < array.len())?;
            let removed = array.remove(index);
            leave_comments(array, index, &removed);
            // The first item stands where the first one stood.
            if let (0, Some(first)) = (index, array.get_mut(0))
                && first.decor().prefix().and_then(|prefix| prefix.as_str()) == Some(" ")
            {
                first.decor_mut().set_prefix("");
            }
        }
        Item::ArrayOfTables(_) => return None,
        other => {
            let table = other.as_table_like_mut()?;
            // A table with a header of its own may be spread over the file: a person takes it away.
            table.get(last).filter(|item| item.is_value())?;
            if !in_brackets && let Some((lines, comment)) = own_lines(text, steps) {
                return Some(format!("{}{comment}{}", &text[..lines.start], &text[lines.end..]));
            }
            table.remove(last);
        }
    }
    Some(document.to_string())
}

/// The comments of an item that is gone stay where they were: before the next one, or at the end.
fn leave_comments(array: &mut Array, index: usize, removed: &toml_edit::Value) {
    let text = |raw: Option<&toml_edit::RawString>| raw.and_then(|raw| raw.as_str()).unwrap_or_default().to_owned();
    let left = format!("{}{}", text(removed.decor().prefix()), text(removed.decor().suffix()));
    // A comment behind an item's comma is before the next one, for the parser: it stays by itself.
    if !left.contains('#') {
        return;
    }
    match array.get_mut(index) {
        Some(next) => {
            let prefix = text(next.decor().prefix());
            next.decor_mut().set_prefix(format!("{left}{prefix}"));
        }
        None => {
            let trailing = array.trailing().as_str().unwrap_or_default().to_owned();
            array.set_trailing(format!("{left}{trailing}"));
        }
    }
}

/// The lines of a key and its value, and the comment behind them as a line of its own: what somebody wrote for people stays.
fn own_lines(text: &str, steps: &[String]) -> Option<(Range<usize>, String)> {
    let mut sources = Sources::default();
    let source = sources.add("x.toml", text.to_owned());
    let document = document::parse(&sources, source, &mut Sink::default())?;
    let (node, depth) = document.node.nearest(steps.iter().map(String::as_str));
    let key = node.key.as_ref().filter(|_| depth == steps.len())?;
    let end = node.value.bytes.end;
    let start = text[..key.bytes.start].rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = text[end..].find('\n').map_or(text.len(), |newline| end + newline + 1);
    let comment = text[end..line_end].trim_start().trim_end_matches('\n');
    let indent: String = text[start..].chars().take_while(|letter| letter.is_whitespace() && *letter != '\n').collect();
    let comment = if comment.is_empty() { String::new() } else { format!("{indent}{comment}\n") };
    Some((start..line_end, comment))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn steps(path: &str) -> Vec<String> {
        path.split('/').map(str::to_owned).collect()
    }

    #[test]
    fn what_is_set_stands_where_it_stood() {
        let text = "# first\n[a] # head\nb = 1   # why\nc = [\n  1, # one\n  2,\n]\n";
        assert_eq!(set(text, &steps("a/b"), &json!("x")).as_deref(), Some(text.replace("b = 1 ", "b = \"x\" ").as_str()));
        assert_eq!(set(text, &steps("a/c/0"), &json!(7)).as_deref(), Some(text.replace("  1,", "  7,").as_str()));
        assert_eq!(set(text, &steps("a/c/-"), &json!(3)).as_deref(), Some(text.replace("  2,", "  2,\n  3,").as_str()));
        assert_eq!(set(text, &steps("a/d"), &json!(true)).as_deref(), Some(format!("{text}d = true\n").as_str()));
        assert_eq!(
            set(text, &steps("e/f"), &json!({ "g": [1] })).as_deref(),
            Some(format!("{text}\n[e]\nf = {{ g = [1] }}\n").as_str())
        );
    }

    #[test]
    fn what_is_missing_on_the_way_is_made() {
        assert_eq!(set("[a.b]\nc = 1\n", &steps("a/d"), &json!(1)).as_deref(), Some("[a]\nd = 1\n[a.b]\nc = 1\n"));
        assert_eq!(set("a = { b = 1 }\n", &steps("a/c/d"), &json!(1)).as_deref(), Some("a = { b = 1, c = { d = 1 } }\n"));
        assert_eq!(set("a.b = 1\n", &steps("a/c"), &json!(2)).as_deref(), Some("a.b = 1\na.c = 2\n"));
        assert_eq!(set("a = 1\n", &steps("b/c/d"), &json!(2)).as_deref(), Some("a = 1\n\n[b.c]\nd = 2\n"));
        assert_eq!(set("a = 1\n", &steps("a/c"), &json!(2)), None);
    }

    #[test]
    fn what_goes_takes_nothing_along() {
        let text =
            "# about a\n[a]\n# about b\nb = [\n  1,\n] # list\n\n# about c\nc = { d = 1, e = 2 }\nf = [1, 2, 3]\ng.h = 1\n";
        assert_eq!(remove(text, &steps("a/b")).as_deref(), Some(text.replace("b = [\n  1,\n] # list\n", "# list\n").as_str()));
        assert_eq!(remove(text, &steps("a/c/d")).as_deref(), Some(text.replace("{ d = 1, e", "{ e").as_str()));
        assert_eq!(remove(text, &steps("a/f/0")).as_deref(), Some(text.replace("[1, 2", "[2").as_str()));
        assert_eq!(remove(text, &steps("a/f/2")).as_deref(), Some(text.replace(", 3]", "]").as_str()));
        assert_eq!(remove(text, &steps("a/g/h")).as_deref(), Some(text.replace("g.h = 1\n", "").as_str()));
        assert_eq!(remove(text, &steps("a")), None);
    }

    fn pieces() -> impl Strategy<Value = (String, Vec<String>)> {
        let value = prop_oneof![Just("1"), Just("\"ä\""), Just("[1, 2]"), Just("[\n  1, # x\n  2\n]"), Just("{ k = 1, l = 2 }")];
        let comment = prop_oneof![Just(""), Just("  # why"), Just(" #")];
        let line = ("[a-d]", value, comment, prop_oneof![Just(""), Just("# above\n"), Just("\n")]);
        proptest::collection::vec(("[e-g]", proptest::collection::vec(line, 0..4)), 1..3).prop_map(|tables| {
            let (mut text, mut paths) = (String::new(), Vec::new());
            for (index, (table, lines)) in tables.iter().enumerate() {
                text.push_str(&format!("[{table}{index}]\n"));
                for (number, (key, value, comment, above)) in lines.iter().enumerate() {
                    text.push_str(&format!("{above}{key}{number} = {value}{comment}\n"));
                    let path = format!("{table}{index}/{key}{number}");
                    match value.chars().next() {
                        Some('[') => paths.extend([format!("{path}/0"), format!("{path}/1")]),
                        Some('{') => paths.extend([format!("{path}/k"), format!("{path}/l")]),
                        _ => {}
                    }
                    paths.push(path);
                }
            }
            (text, paths)
        })
    }

    /// Comments in a value that goes as a whole.
    fn inner(text: &str, path: &str) -> usize {
        let (table, key) = path.split_once('/').unwrap_or_default();
        let table = text.find(&format!("[{table}]\n")).unwrap_or(0);
        let start = table + text[table..].find(&format!("{key} = ")).unwrap_or(0);
        let line = text[start..].lines().next().unwrap_or_default();
        if line.ends_with("= [") { text[start..].lines().nth(1).map_or(0, |line| line.matches('#').count()) } else { 0 }
    }

    fn as_json(text: &str) -> Value {
        let mut sources = Sources::default();
        let source = sources.add("x.toml", text.to_owned());
        document::parse(&sources, source, &mut Sink::default()).expect("it is TOML").value
    }

    proptest! {
        #[test]
        fn one_value_goes_and_the_rest_stays((text, paths) in pieces(), which in any::<prop::sample::Index>()) {
            prop_assume!(!paths.is_empty());
            let path = which.get(&paths);
            let new = remove(&text, &steps(path)).expect("it is there");
            let mut expected = as_json(&text);
            let (parent, last) = path.rsplit_once('/').expect("a step");
            match expected.pointer_mut(&format!("/{parent}")).expect("a parent") {
                Value::Array(items) => { items.remove(last.parse::<usize>().expect("a number")); }
                parent => { parent.as_object_mut().expect("a table").remove(last); }
            }
            prop_assert_eq!(as_json(&new), expected);
            prop_assert_eq!(new.matches('#').count(), text.matches('#').count() - usize::from(path.matches('/').count() == 1) * inner(&text, path));
        }

        #[test]
        fn one_value_comes_and_the_rest_stays((text, paths) in pieces(), which in any::<prop::sample::Index>(), value in "[^#]*") {
            prop_assume!(!paths.is_empty());
            let path = which.get(&paths);
            let new = set(&text, &steps(path), &Value::from(value.clone())).expect("it can be set");
            let mut expected = as_json(&text);
            *expected.pointer_mut(&format!("/{path}")).expect("it is there") = value.into();
            prop_assert_eq!(as_json(&new), expected);
            prop_assert_eq!(new.matches("# above").count(), text.matches("# above").count());
        }

        #[test]
        fn the_difference_is_all_that_there_is(old in "[ab\nä]{0,12}", new in "[ab\nä]{0,12}") {
            let mut sources = Sources::default();
            let source = sources.add("x", old.clone());
            let made = difference(source, &old, &new).map_or_else(|| old.clone(), |replacement| apply(&old, vec![replacement]));
            prop_assert_eq!(made, new);
        }
    }
}
