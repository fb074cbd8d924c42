//! Trying policies on the cases beside them.

use minijinja::Value;
use minijinja::value::Serde;
use serde_json::{Map, Value as Json, json};

use super::evaluate::{self, Found};
use super::expression::CODE;
use super::kind::Kind;
use super::model::{Model, VERSION};
use super::shape::Shapes;
use super::words;
use super::{Case, Policy};
use crate::diagnostic::{Diagnostic, Severity};

/// What came of the cases of one policy: what is wrong, at the place of the case.
pub fn run(policy: &Policy, shapes: &Shapes) -> Vec<Diagnostic> {
    let mut wrong = Vec::new();
    let mut catches = false;
    for case in &policy.tests {
        match try_case(policy, case, shapes) {
            Ok(()) => catches |= !case.passes,
            Err(diagnostic) => wrong.push(*diagnostic),
        }
    }
    if !catches && wrong.is_empty() {
        let message = format!("nothing shows that `{}` finds anything", policy.name);
        let help = format!("add a case that it must catch: `[[rule.{}.test]]` with `fail = {{ … }}`", policy.name);
        wrong.push(Diagnostic::error(CODE, message, policy.place.clone()).help(help));
    }
    wrong
}

fn try_case(policy: &Policy, case: &Case, shapes: &Shapes) -> Result<(), Box<Diagnostic>> {
    let model = model(policy.kind, case, shapes);
    let found = evaluate::one(0, policy, &model)?;
    let wrong = |message: String| Diagnostic::new(CODE, Severity::Error, message, Some(case.place.clone()));
    let Some(first) = found.first() else {
        if case.passes {
            return Ok(());
        }
        let mut diagnostic = wrong(format!("`{}` lets this pass, and should catch it", policy.name));
        diagnostic.notes = passed(policy, &model)?;
        return Err(Box::new(diagnostic));
    };
    if case.passes {
        let mut diagnostic = wrong(format!("`{}` catches this, and should let it pass", policy.name));
        diagnostic.notes = because(first);
        return Err(Box::new(diagnostic));
    }
    match &case.message {
        Some(expected) if !found.iter().any(|found| found.message == *expected) => {
            let diagnostic = wrong(format!("`{}` catches this with another message", policy.name));
            Err(Box::new(diagnostic.note(format!("it says: {}", first.message)).note(format!("expected: {expected}"))))
        }
        _ => Ok(()),
    }
}

fn because(found: &Found) -> Vec<String> {
    let message = format!("it says: {}", found.message);
    [message].into_iter().chain(found.parts.iter().map(|(text, value)| format!("`{text}` is {value}"))).collect()
}

/// Why nothing was found: what was not asked, and what the expression saw of what was.
fn passed(policy: &Policy, model: &Model) -> Result<Vec<String>, Box<Diagnostic>> {
    let mut notes = Vec::new();
    for subject in model.of_kind(policy.kind) {
        let context = evaluate::context(model, policy.kind, subject);
        let (asked, expressions) = match &policy.when {
            Some(when) if !evaluate::wanted(policy, &context)? => (Some(when), std::slice::from_ref(when)),
            _ => (None, policy.assertion.expressions()),
        };
        notes.extend(asked.map(|when| format!("it was not asked, since `{}` is not true", when.text.trim())));
        notes.extend(evaluate::parts(expressions, &context).into_iter().map(|(text, value)| format!("`{text}` is {value}")));
    }
    notes.dedup();
    Ok(notes)
}

/// A model with what a case gives in it, and with as much around it as it takes.
fn model(kind: Kind, case: &Case, shapes: &Shapes) -> Model {
    let mut whole = if kind == Kind::Deployment { case.given.first().cloned().unwrap_or_default() } else { case.with.clone() };
    if !whole.is_object() {
        whole = json!({});
    }
    let given: Vec<Json> = case.given.iter().map(|item| completed(kind, item.clone())).collect();
    match kind {
        Kind::Deployment => {}
        kind if kind.is_of_service() => {
            for item in given {
                let name = item.get("service").and_then(Json::as_str).unwrap_or("service").to_owned();
                let services = list(&mut whole, "services");
                let has_name = |service: &Json| service.get("name").and_then(Json::as_str) == Some(name.as_str());
                let service = match services.iter().position(has_name) {
                    Some(index) => &mut services[index],
                    // One other service is the one that is meant.
                    None if services.len() == 1 && item.get("service").is_none() => &mut services[0],
                    None => {
                        services.push(json!({ "name": name }));
                        let last = services.len() - 1;
                        &mut services[last]
                    }
                };
                list(service, kind.list()).push(item);
            }
        }
        kind => list(&mut whole, kind.list()).extend(given),
    }
    let machine = list(&mut whole, "machines").first().and_then(|machine| machine.get("name")?.as_str().map(str::to_owned));
    let machine = machine.unwrap_or_else(|| "machine".to_owned());
    if list(&mut whole, "machines").is_empty() {
        list(&mut whole, "machines").push(json!({ "name": machine }));
    }
    for one in list(&mut whole, "machines") {
        put(one, "name", json!(machine));
        put(one, "versions", json!({}));
        put(one, "services", json!([]));
    }
    let schema = crate::schema::Schema::new(shapes.schema().pointer("/properties/services/items").cloned().unwrap_or_default());
    for (number, service) in list(&mut whole, "services").iter_mut().enumerate() {
        let name = if number == 0 { "service".to_owned() } else { format!("service-{}", number + 1) };
        put(service, "name", json!(name));
        put(service, "machine", json!(machine));
        put(service, "groups", json!([]));
        put(service, "holds", json!({}));
        schema.fill(service);
        let name = service.get("name").cloned().unwrap_or_default();
        let on = service.get("machine").cloned().unwrap_or_default();
        for kind in Kind::ALL.into_iter().filter(|kind| kind.is_of_service()) {
            for item in list(service, kind.list()) {
                put(item, "service", name.clone());
                put(item, "machine", on.clone());
            }
        }
    }
    for key in ["artifacts", "contributions"] {
        list(&mut whole, key);
    }
    put(&mut whole, "plugins", json!({}));
    let settings = shapes.schema().pointer("/properties/plugins/properties").and_then(Json::as_object);
    for (plugin, schema) in settings.into_iter().flatten() {
        put(&mut whole["plugins"], plugin, json!({}));
        crate::schema::Schema::new(schema.clone()).fill(&mut whole["plugins"][plugin]);
    }
    put(&mut whole, "version", json!(VERSION));
    Model::read(&Value::from(Serde(whole)))
}

/// With what follows from what is given: the parts of an image's reference.
fn completed(kind: Kind, mut item: Json) -> Json {
    if kind == Kind::Image {
        let reference = item.get("reference").and_then(Json::as_str).unwrap_or_default().to_owned();
        let image = words::image(&reference);
        let parts = [("name", Some(image.name)), ("registry", image.registry), ("tag", image.tag), ("digest", image.digest)];
        for (key, part) in parts {
            if let Some(part) = part {
                put(&mut item, key, json!(part));
            }
        }
    }
    if matches!(kind, Kind::Volume | Kind::Database) {
        list(&mut item, "backups");
    }
    item
}

fn put(item: &mut Json, key: &str, value: Json) {
    if let Json::Object(members) = item {
        members.entry(key.to_owned()).or_insert(value);
    }
}

/// A list in a table, made where it is missing.
fn list<'a>(of: &'a mut Json, key: &str) -> &'a mut Vec<Json> {
    if !of.is_object() {
        *of = Json::Object(Map::new());
    }
    let is_list = of.get(key).is_some_and(Json::is_array);
    if !is_list {
        of[key] = json!([]);
    }
    match &mut of[key] {
        Json::Array(items) => items,
        _ => unreachable!("it was just made one"),
    }
}
