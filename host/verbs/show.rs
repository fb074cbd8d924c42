//! `rick show [SERVICE]`

use serde_json::{Map, Value, json};

use crate::cli::{Failed, FormatArgument, Outcome, Ui};
use crate::compose::{Composition, Entry};
use crate::control::Asked;
use crate::document::Node;
use crate::error::Error;
use crate::origin::{DEFAULT, Origin, Step};
use crate::policy::Policies;
use crate::policy::model::{Model, Wanted};
use crate::policy::shape::Shapes;
use crate::project::{Manifest, Overlay, Project};
use crate::report::Format;
use crate::schema::nearest;
use crate::slots;
use crate::verbs::{gather, judged, print_problems};

/// Shows a service as it is composed, and where every value comes from; without a name, the services that there are, or as JSON all that
/// policies see.
#[derive(Debug, clap::Args)]
pub struct Show {
    /// The service's name.
    service: Option<String>,
    #[command(flatten)]
    format: FormatArgument,
}

impl Show {
    /// Carries it out.
    pub fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        let mut inputs = gather(ui, Asked::default(), Overlay::new())?;
        let (project, lock) = match &inputs.project {
            Ok((project, lock)) => (project, lock.clone()),
            Err(_) => return print_problems(ui, &inputs),
        };
        if let Some(service) = self.service.as_ref().filter(|service| !project.names.contains(*service)) {
            let near = nearest(service, project.names.iter().map(String::as_str));
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            return Err(Error::Usage(format!("there is no service `{service}`{near}")).into());
        }
        // What policies see does not depend on what they find: an error would take its service out.
        let none = Policies::default();
        let policies = if self.service.is_some() { &inputs.policies } else { &none };
        let judged = judged(project, &inputs.plugins, policies, lock, true, &mut inputs.sink);
        let composition = &judged.deployment().composition;
        let Some(service) = &self.service else {
            match self.format.format {
                Format::Json => {
                    let (sound, shapes) = (composition.sound(&inputs.sink), Shapes::of(&inputs.plugins));
                    let model = Model::of(judged.deployment(), &sound, &shapes, Wanted::ALL);
                    writeln!(ui.out, "{}", serde_json::to_string_pretty(&model.whole).unwrap_or_default())?;
                }
                Format::Human => write!(ui.out, "{}", list(project))?,
            }
            return print_problems(ui, &inputs);
        };
        if let Some(manifest) = project.manifest(service) {
            match self.format.format {
                Format::Json => {
                    writeln!(ui.out, "{}", serde_json::to_string_pretty(&value(composition, manifest)).unwrap_or_default())?
                }
                Format::Human => write!(ui.out, "{}", human(composition, manifest))?,
            }
        }
        print_problems(ui, &inputs)
    }
}

/// The services, each with what it is.
fn list(project: &Project) -> String {
    let text =
        |manifest: &Manifest, key: &str| manifest.service().get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let rows: Vec<[String; 4]> = project
        .manifests
        .iter()
        .map(|manifest| [manifest.name.clone(), manifest.machine.clone(), text(manifest, "domain"), text(manifest, "image")])
        .collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (names, machines, domains) = (width(0), width(1), width(2));
    let line = |[name, machine, domain, image]: &[String; 4]| {
        format!("{name:<names$}  {machine:<machines$}  {domain:<domains$}  {image}").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

/// One value with the reason that it is there.
struct Row {
    name: String,
    value: String,
    from: String,
}

fn human(composition: &Composition<'_>, manifest: &Manifest) -> String {
    let mut text = format!("{} on {}\n", manifest.name, manifest.machine);
    let mut section = |title: &str, rows: Vec<Row>| {
        if rows.is_empty() {
            return;
        }
        text.push_str(&format!("\n{title}\n"));
        let width = |get: fn(&Row) -> &str| {
            rows.iter().map(|row| get(row).chars().count()).filter(|&width| width <= 40).max().unwrap_or(0)
        };
        let (names, values) = (width(|row| &row.name), width(|row| &row.value));
        for row in &rows {
            text.push_str(format!("  {:<names$}  {:<values$}  {}", row.name, row.value, row.from).trim_end());
            text.push('\n');
        }
    };
    section("[service]", leaves(composition, manifest, "service", "rick", manifest.service()));
    for plugin in composition.plugins.all.iter().filter(|plugin| manifest.has(plugin)) {
        let table = &plugin.descriptor.table;
        section(&format!("[{table}]"), leaves(composition, manifest, table, &plugin.title(), &manifest.table(plugin)));
    }
    let held = composition.held.iter().enumerate().filter(|(_, held)| held.service == manifest.name);
    let rows = held.map(|(index, held)| Row {
        name: format!("{} {}", held.label, held.shown()),
        value: if held.handed_out { "handed out by rick".to_owned() } else { String::new() },
        from: origins(composition, &[Origin::Held(index)]),
    });
    section("holds", rows.collect());
    // The typed values behind artifacts are for programs: `--format json` has them.
    for slot in composition.slots.keys().filter(|slot| *slot != slots::MODEL) {
        let rows = composition.slot_of(slot, &manifest.name).map(|(_, entry)| Row {
            name: match &entry.part {
                Some(part) => format!("{} (part {part})", entry.key),
                None => entry.key.clone(),
            },
            value: match slot.as_str() {
                slots::STEP => format!("{}, in phase {}", text_of(&entry.value, "kind"), text_of(&entry.value, "phase")),
                slots::CHECK => text_of(&entry.value, "title").to_owned(),
                _ => shown(&entry.value),
            },
            from: entry_origins(composition, entry),
        });
        section(slot, rows.collect());
    }
    text
}

/// Every scalar of a table with its place.
fn leaves(composition: &Composition<'_>, manifest: &Manifest, table: &str, whose: &str, value: &Value) -> Vec<Row> {
    let mut rows = Vec::new();
    collect(value, &mut Vec::new(), &mut |path, value| {
        let steps = std::iter::once(table).chain(path.iter().map(String::as_str));
        let (node, depth) = manifest.document.node.nearest(steps);
        let from = written(composition, node, depth == path.len() + 1, whose);
        rows.push(Row { name: path.join("."), value: shown(value), from });
    });
    rows
}

fn written(composition: &Composition<'_>, node: &Node, exact: bool, whose: &str) -> String {
    let line = composition.project.sources.line_of(node.key_or_value());
    if exact { line } else { format!("{whose}, under {line}") }
}

fn collect(value: &Value, path: &mut Vec<String>, visit: &mut impl FnMut(&[String], &Value)) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                path.push(key.clone());
                collect(value, path, visit);
                path.pop();
            }
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            for (index, value) in items.iter().enumerate() {
                path.push(index.to_string());
                collect(value, path, visit);
                path.pop();
            }
        }
        Value::Null => {}
        scalar => visit(path, scalar),
    }
}

fn text_of<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        // The pieces of a value: text as it is, and the names of secrets.
        Value::Array(pieces)
            if !pieces.is_empty() && pieces.iter().all(|piece| piece.is_string() || piece.get("secret").is_some()) =>
        {
            pieces
                .iter()
                .map(|piece| {
                    piece.as_str().map_or_else(|| format!("«{}»", piece["secret"].as_str().unwrap_or_default()), str::to_owned)
                })
                .collect::<Vec<_>>()
                .join(if pieces.iter().all(Value::is_string) { " " } else { "" })
        }
        Value::Object(object) => {
            let pairs: Vec<String> = object.iter().map(|(key, value)| format!("{key} {}", shown(value))).collect();
            pairs.join(", ")
        }
        other => other.to_string(),
    }
}

fn entry_origins(composition: &Composition<'_>, entry: &Entry) -> String {
    let of = |source: &crate::compose::Source| format!("{}, {}", source.plugin, origins(composition, &source.because));
    entry.from.iter().map(of).collect::<Vec<_>>().join("; ")
}

/// The ends of the chains: what the user wrote, or what rick knows by itself.
fn origins(composition: &Composition<'_>, because: &[Origin]) -> String {
    let mut steps = Vec::new();
    because.iter().for_each(|origin| origin.trace(composition, 0, &mut steps));
    let end = |step: Step| match step.what {
        Some(what) if what == DEFAULT => Some(format!("{}, under {}", step.who.unwrap_or_default(), step.at.unwrap_or_default())),
        _ => step.at,
    };
    let mut ends: Vec<String> = steps.into_iter().filter_map(end).collect();
    ends.dedup();
    ends.join(", ")
}

fn value(composition: &Composition<'_>, manifest: &Manifest) -> Value {
    let trace = |because: &[Origin]| -> Vec<Step> {
        let mut steps = Vec::new();
        because.iter().for_each(|origin| origin.trace(composition, 0, &mut steps));
        steps
    };
    let tables: Map<String, Value> = composition
        .plugins
        .all
        .iter()
        .filter(|plugin| manifest.has(plugin))
        .map(|plugin| (plugin.descriptor.table.clone(), manifest.table(plugin).into_owned()))
        .collect();
    let held: Vec<Value> = composition
        .held
        .iter()
        .filter(|held| held.service == manifest.name)
        .map(|held| json!({ "pool": held.pool, "key": held.key, "value": held.value, "handed_out": held.handed_out, "because": trace(&held.because) }))
        .collect();
    let contributions: Vec<Value> = composition
        .slots
        .keys()
        .flat_map(|slot| composition.slot_of(slot, &manifest.name))
        .map(|(_, entry)| {
            let from: Vec<Value> =
                entry.from.iter().map(|source| json!({ "plugin": source.plugin, "because": trace(&source.because) })).collect();
            json!({
                "slot": entry.slot, "part": entry.part, "key": entry.key, "value": entry.value, "stated": entry.stated, "from": from,
            })
        })
        .collect();
    json!({
        "version": 1,
        "service": manifest.service(),
        "machine": composition.project.machine(&manifest.machine),
        "tables": tables,
        "holds": held,
        "contributions": contributions,
    })
}
