//! What policies see: the manifests, the composition with its origins, and the typed values behind artifacts. Its schema is
//! `policies/model.schema.json`.

use std::collections::BTreeMap;
use std::thread;

use minijinja::Value;
use serde_json::{Map, Value as Json};

use super::Policies;
use super::kind::Kind;
use super::shape::{Shape, Shapes};
use super::words;
use crate::compose::{Composition, Entry};
use crate::plugin::Plugin;
use crate::project::Manifest;
use crate::render::Deployment;
use crate::slots;

/// The version of the model.
pub const VERSION: u32 = 1;

/// How many services are worth another thread.
const MANY: usize = 50;

/// What stands in the place of a value that may be a secret which somebody wrote down.
pub const HIDDEN: &str = "(hidden)";

/// The model of a deployment, as one value and as lists of what policies are about.
pub struct Model {
    /// All of it.
    pub whole: Value,
    /// By kind, all of them in the model's order.
    pub subjects: BTreeMap<Kind, Vec<Subject>>,
}

/// Something that a policy is asked about.
pub struct Subject {
    /// As policies see it.
    pub value: Value,
    /// The service that it belongs to, by its number in the list of services.
    pub service: Option<usize>,
    /// The machine that it belongs to, by its number in the list of machines.
    pub machine: Option<usize>,
    /// What it is.
    pub place: Place,
}

/// Where one leads to the files of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The manifest of this service.
    Manifest(String),
    /// The table of this machine.
    Machine(String),
    /// A contribution, by its number.
    Entry(usize),
    /// A file of this machine at this path.
    Artifact(String, String),
    /// The project.
    Project,
    /// As text; a model that was read knows no more.
    Text(String),
}

/// What of the model is wanted: some of it is large.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Quadlet files.
    pub units: bool,
    /// What a build writes.
    pub artifacts: bool,
    /// What plugins said.
    pub contributions: bool,
}

impl Wanted {
    /// All of it.
    pub const ALL: Wanted = Wanted { units: true, artifacts: true, contributions: true };

    /// What these policies look at.
    pub fn by(policies: &Policies) -> Self {
        Self {
            units: policies.look_at(Kind::Unit),
            artifacts: policies.look_at(Kind::Artifact),
            contributions: policies.look_at(Kind::Contribution),
        }
    }
}

/// One of a kind, with the number of the contribution that it is from, and its members.
type Item = (Kind, usize, Vec<(&'static str, Value)>);

struct Maker<'a> {
    composition: &'a Composition<'a>,
    deployment: &'a Deployment<'a>,
    machines: BTreeMap<&'a str, usize>,
    services: BTreeMap<&'a str, usize>,
    shapes: &'a Shapes,
    units: bool,
    subjects: BTreeMap<Kind, Vec<Subject>>,
}

impl Model {
    /// The model of these services of a deployment.
    pub fn of<'a>(deployment: &'a Deployment<'a>, services: &[&'a Manifest], shapes: &'a Shapes, wanted: Wanted) -> Self {
        let composition = &deployment.composition;
        let project = composition.project;
        let maker = || {
            let machines = project.machines.iter().enumerate().map(|(index, machine)| (machine.as_str(), index)).collect();
            let services = services.iter().enumerate().map(|(index, manifest)| (manifest.name.as_str(), index)).collect();
            Maker { composition, deployment, machines, services, shapes, units: wanted.units, subjects: BTreeMap::new() }
        };
        let of_services = || {
            let mut maker = maker();
            for (number, manifest) in services.iter().enumerate() {
                maker.service(number, manifest);
            }
            maker.subjects
        };
        let of_rest = || {
            let mut maker = maker();
            for machine in &project.machines {
                maker.machine(machine, services);
            }
            if wanted.artifacts {
                maker.artifacts();
            }
            if wanted.contributions {
                maker.contributions();
            }
            maker.subjects
        };
        // No kind is in both.
        let subjects: BTreeMap<Kind, Vec<Subject>> = if services.len() < MANY {
            of_services().into_iter().chain(of_rest()).collect()
        } else {
            thread::scope(|scope| {
                let rest = scope.spawn(of_rest);
                let services = of_services();
                let rest = rest.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                services.into_iter().chain(rest).collect()
            })
        };
        let settings = |plugin: &Plugin| (plugin.descriptor.name.clone(), value(&project.plugin_settings(plugin)));
        Self::whole(subjects, Value::from_pairs(composition.plugins.all.iter().map(settings)))
    }

    /// Puts the lists together.
    fn whole(mut subjects: BTreeMap<Kind, Vec<Subject>>, plugins: Value) -> Self {
        let lists = [Kind::Machine, Kind::Service, Kind::Artifact, Kind::Contribution].map(|kind| {
            let items = subjects.get(&kind).into_iter().flatten().map(|subject| subject.value.clone());
            (kind.list(), items.collect::<Value>())
        });
        let whole = Value::from_pairs(lists.into_iter().chain([("version", Value::from(VERSION)), ("plugins", plugins)]));
        let deployment = Subject { value: whole.clone(), service: None, machine: None, place: Place::Project };
        subjects.insert(Kind::Deployment, vec![deployment]);
        Self { whole, subjects }
    }

    /// A model that was written before, or part of one.
    pub fn read(whole: &Value) -> Self {
        let list = |value: &Value, name: &str| -> Vec<Value> {
            let list = value.get_attr(name).ok();
            list.and_then(|list| Some(list.try_iter().ok()?.collect())).unwrap_or_default()
        };
        let name = |value: &Value, key: &str| value.get_attr(key).ok().and_then(|name| name.as_str().map(str::to_owned));
        let at = |value: &Value| Place::Text(name(value, "at").unwrap_or_default());
        let (services, machines) = (list(whole, "services"), list(whole, "machines"));
        let numbers = |all: &[Value]| -> BTreeMap<String, usize> {
            all.iter().enumerate().filter_map(|(index, one)| Some((name(one, "name")?, index))).collect()
        };
        let (by_service, by_machine) = (numbers(&services), numbers(&machines));
        let machine_of = |value: &Value| name(value, "machine").and_then(|machine| by_machine.get(&machine).copied());
        let mut subjects: BTreeMap<Kind, Vec<Subject>> = BTreeMap::new();
        for (number, service) in services.iter().enumerate() {
            for kind in Kind::ALL.into_iter().filter(|kind| kind.is_of_service()) {
                let items = list(service, kind.list()).into_iter().map(|item| Subject {
                    place: at(&item),
                    value: item,
                    service: Some(number),
                    machine: machine_of(service),
                });
                subjects.entry(kind).or_default().extend(items);
            }
        }
        for kind in [Kind::Artifact, Kind::Contribution] {
            let items = list(whole, kind.list()).into_iter().map(|item| Subject {
                service: name(&item, "service").and_then(|service| by_service.get(&service).copied()),
                machine: machine_of(&item),
                place: at(&item),
                value: item,
            });
            subjects.insert(kind, items.collect());
        }
        let of_services = services.into_iter().enumerate().map(|(number, value)| Subject {
            service: Some(number),
            machine: machine_of(&value),
            place: at(&value),
            value,
        });
        subjects.insert(Kind::Service, of_services.collect());
        let of_machines = machines.into_iter().enumerate().map(|(number, value)| Subject {
            service: None,
            machine: Some(number),
            place: at(&value),
            value,
        });
        subjects.insert(Kind::Machine, of_machines.collect());
        let deployment = Subject { value: whole.clone(), service: None, machine: None, place: Place::Text(String::new()) };
        subjects.insert(Kind::Deployment, vec![deployment]);
        Self { whole: whole.clone(), subjects }
    }

    /// All of one kind.
    pub fn of_kind(&self, kind: Kind) -> &[Subject] {
        self.subjects.get(&kind).map(Vec::as_slice).unwrap_or_default()
    }

    /// The names that an expression about one of a kind knows.
    pub fn context(&self, kind: Kind, subject: &Subject) -> BTreeMap<&'static str, Value> {
        let one = |kind: Kind, number: Option<usize>| {
            let found = number.and_then(|number| self.of_kind(kind).get(number));
            (kind.name(), found.map(|found| found.value.clone()).unwrap_or_default())
        };
        BTreeMap::from([
            (Kind::Deployment.name(), self.whole.clone()),
            one(Kind::Machine, subject.machine),
            one(Kind::Service, subject.service),
            (kind.name(), subject.value.clone()),
        ])
    }
}

impl<'a> Maker<'a> {
    fn put(&mut self, kind: Kind, service: Option<usize>, machine: Option<&str>, place: Place, value: Value) {
        let machine = machine.and_then(|machine| self.machines.get(machine).copied());
        self.subjects.entry(kind).or_default().push(Subject { value, service, machine, place });
    }

    /// Who said it and where, beside what it is.
    fn with_origin(&self, members: Vec<(&'static str, Value)>, manifest: &Manifest, entry: &Entry) -> Value {
        let from: Value = entry.from.iter().map(|source| source.plugin.as_str()).collect();
        let place = entry.from.iter().flat_map(|source| &source.because).find_map(|origin| origin.span(self.composition));
        let at = place.map(|span| ("at", Value::from(self.composition.project.sources.line_of(&span))));
        let belongs = [
            ("service", Value::from(manifest.name.as_str())),
            ("machine", Value::from(manifest.machine.as_str())),
            ("from", from),
        ];
        Value::from_pairs(members.into_iter().chain(belongs).chain(at))
    }

    fn service(&mut self, number: usize, manifest: &Manifest) {
        let composition = self.composition;
        let mut members: BTreeMap<String, Value> = BTreeMap::new();
        for (key, said) in manifest.service().as_object().into_iter().flatten() {
            members.insert(key.clone(), value(said));
        }
        members.insert("name".to_owned(), manifest.name.as_str().into());
        members.insert("machine".to_owned(), manifest.machine.as_str().into());
        members.insert("at".to_owned(), composition.project.sources.path(manifest.document.node.value.source).as_str().into());
        members.insert("holds".to_owned(), value(&composition.held_by(&manifest.name)));
        let slots = composition.slots.keys().filter(|slot| *slot != slots::CHECK);
        let entries: Vec<(usize, &Entry)> = slots.flat_map(|slot| composition.slot_of(slot, &manifest.name)).collect();
        let groups: Value =
            entries.iter().filter(|(_, entry)| entry.slot == slots::GROUP).map(|(_, entry)| entry.key.as_str()).collect();
        members.insert("groups".to_owned(), groups);
        if let Some((_, gate)) = entries.iter().find(|(_, entry)| entry.slot == slots::GATE) {
            let said = ["kind", "require"].into_iter().filter_map(|key| Some((key, value(gate.value.get(key)?))));
            members.insert("gate".to_owned(), Value::from_pairs(said));
        }
        for kind in Kind::ALL.into_iter().filter(|kind| kind.is_of_service()) {
            members.insert(kind.list().to_owned(), Vec::<Value>::new().into());
        }
        let mut lists: BTreeMap<Kind, Vec<Value>> = BTreeMap::new();
        for (kind, index, item) in self.items(&entries) {
            let place = match kind {
                Kind::Unit => Place::Artifact(manifest.machine.clone(), composition.entries[index].key.clone()),
                _ => Place::Entry(index),
            };
            let item = self.with_origin(item, manifest, &composition.entries[index]);
            self.put(kind, Some(number), Some(&manifest.machine), place, item.clone());
            lists.entry(kind).or_default().push(item);
        }
        members.extend(lists.into_iter().map(|(kind, list)| (kind.list().to_owned(), list.into())));
        // A table that is called like something of rick's own would hide it.
        for plugin in composition.plugins.all.iter().filter(|plugin| manifest.has(plugin)) {
            let table = &plugin.descriptor.table;
            if !members.contains_key(table) {
                let shape = self.shapes.of_kind(Kind::Service).member(table).unwrap_or_default();
                members.insert(table.clone(), table_value(&manifest.table(plugin), &shape));
            }
        }
        if let Some(files) = manifest.document.value.get("file") {
            members.entry("file".to_owned()).or_insert_with(|| value(files));
        }
        let place = Place::Manifest(manifest.name.clone());
        self.put(Kind::Service, Some(number), Some(&manifest.machine), place, Value::from_pairs(members));
    }

    /// What is in the lists of a service, each with the contribution that it is from.
    fn items(&self, entries: &[(usize, &Entry)]) -> Vec<Item> {
        let mut items = Vec::new();
        let mut secrets: BTreeMap<&str, (usize, Map<String, Json>)> = BTreeMap::new();
        let mut backups = BTreeMap::<&str, Vec<Value>>::new();
        for (_, entry) in entries.iter().filter(|(_, entry)| entry.slot == slots::BACKUP) {
            let said = ["by", "to", "schedule"].into_iter().filter_map(|key| Some((key, value(entry.value.get(key)?))));
            backups.entry(&entry.key).or_default().push(Value::from_pairs(said));
        }
        let of_proxy = |domain: &str| {
            let models = entries.iter().filter(|(_, entry)| entry.slot == slots::MODEL).map(|(_, entry)| &entry.value);
            models.into_iter().find(|model| {
                let aliases = model.get("aliases").and_then(Json::as_array).into_iter().flatten();
                model.get("domain").into_iter().chain(aliases).any(|said| said.as_str() == Some(domain))
            })
        };
        for &(index, entry) in entries {
            let text = |key: &str| entry.value.get(key).and_then(Json::as_str);
            let said = |key: &'static str| entry.value.get(key).map(|said| (key, value(said)));
            let key = entry.key.as_str();
            let part = entry.part.as_deref().map(|part| ("part", Value::from(part)));
            let backups =
                |of: &str| ("backups", Value::from(backups.get(format!("{of}/{key}").as_str()).cloned().unwrap_or_default()));
            let members: Vec<Option<(&'static str, Value)>> = match entry.slot.as_str() {
                slots::STEP if text("kind") == Some("pull") => {
                    let reference = text("image").unwrap_or_default();
                    let image = words::image(reference);
                    let parts = [("registry", image.registry), ("tag", image.tag), ("digest", image.digest)];
                    let parts = parts.into_iter().map(|(key, part)| Some((key, Value::from(part?))));
                    let whole = [("reference", Value::from(reference)), ("name", Value::from(image.name))];
                    items.push((Kind::Image, index, whole.into_iter().map(Some).chain(parts).flatten().collect()));
                    continue;
                }
                slots::MOUNT => vec![Some(("path", Value::from(key))), said("source"), said("kind"), said("read_only"), part],
                slots::VOLUME => {
                    let both = [said("kind"), said("source"), said("path"), said("read_only"), part];
                    let kept = both.iter().cloned().chain([Some(("name", Value::from(key))), Some(backups("volume"))]);
                    items.push((Kind::Volume, index, kept.flatten().collect()));
                    both.into_iter().chain([Some(("volume", Value::from(key)))]).collect()
                }
                slots::ENDPOINT => {
                    let number = entry.value.get("port").map(|port| ("number", value(port)));
                    vec![number, said("address"), said("protocol"), Some(("inside", Value::from(key)))]
                }
                slots::DATABASE => {
                    let members = ["engine", "database", "role", "authentication", "socket_directory"].map(said);
                    members.into_iter().chain([Some(backups("database"))]).collect()
                }
                slots::SITE => {
                    let model = of_proxy(key).map(|model| ("model", value(model)));
                    vec![Some(("domain", Value::from(key))), said("url"), model]
                }
                slots::SECRET => {
                    let (_, made) = secrets.entry(key).or_insert_with(|| (index, Map::new()));
                    let how = entry.value.get("generate").and_then(Json::as_object).into_iter().flatten();
                    made.extend(how.map(|(name, said)| (name.clone(), said.clone())));
                    continue;
                }
                slots::MODEL if self.units && text("kind") == Some("quadlet-unit") => {
                    let name = key.rsplit('/').next().unwrap_or(key);
                    vec![
                        Some(("name", Value::from(name))),
                        Some(("path", Value::from(key))),
                        Some(("type", Value::from(text("file_type").unwrap_or_default()))),
                        entry.value.get("sections").map(|said| ("sections", sections(said))),
                    ]
                }
                _ => continue,
            };
            let kind = match entry.slot.as_str() {
                slots::MOUNT | slots::VOLUME => Kind::Mount,
                slots::ENDPOINT => Kind::Port,
                slots::DATABASE => Kind::Database,
                slots::SITE => Kind::Site,
                _ => Kind::Unit,
            };
            items.push((kind, index, members.into_iter().flatten().collect()));
        }
        for (name, (index, made)) in secrets {
            let how = ["bytes", "alphabet"].into_iter().filter_map(|key| Some((key, value(made.get(key)?))));
            items.push((Kind::Secret, index, [("name", Value::from(name))].into_iter().chain(how).collect()));
        }
        items
    }

    fn machine(&mut self, machine: &'a str, services: &[&Manifest]) {
        let project = self.composition.project;
        let said = project.settings.value.get("machines").and_then(|machines| machines.get(machine));
        let mut members: BTreeMap<String, Value> = BTreeMap::new();
        for (key, said) in said.and_then(Json::as_object).into_iter().flatten() {
            members.insert(key.clone(), value(said));
        }
        for plugin in &self.composition.plugins.all {
            members.insert(plugin.descriptor.name.clone(), value(&project.facts(machine, plugin)));
        }
        members.entry("versions".to_owned()).or_insert_with(|| Value::from(BTreeMap::<String, Value>::new()));
        members.insert("name".to_owned(), machine.into());
        let here = services.iter().filter(|manifest| manifest.machine == machine).map(|manifest| manifest.name.as_str());
        members.insert("services".to_owned(), here.collect());
        let (node, _) = project.settings.node.nearest(["machines", machine]);
        members.insert("at".to_owned(), project.sources.line_of(node.key_or_value()).into());
        self.put(Kind::Machine, None, Some(machine), Place::Machine(machine.to_owned()), Value::from_pairs(members));
    }

    fn artifacts(&mut self) {
        let composition = self.composition;
        let models: BTreeMap<(&str, &str), &Json> = composition
            .slot(slots::MODEL)
            .filter_map(|(_, entry)| Some(((entry.machine.as_deref()?, entry.key.as_str()), &*entry.value)))
            .collect();
        for ((machine, path), artifact) in &self.deployment.artifacts {
            let service = artifact.service.as_deref();
            let number = service.and_then(|service| self.services.get(service).copied());
            let place = artifact.origin_at(0).and_then(|origin| origin.span(composition));
            let members = [
                Some(("path", Value::from(path.as_str()))),
                Some(("machine", Value::from(machine.as_str()))),
                Some(("owner", Value::from(artifact.owner.as_str()))),
                Some(("group", Value::from(artifact.group.as_str()))),
                Some(("mode", Value::from(format!("{:04o}", artifact.mode)))),
                Some(("from", [artifact.whose.as_str()].into_iter().collect())),
                service.map(|service| ("service", Value::from(service))),
                models.get(&(machine.as_str(), path.as_str())).map(|model| ("model", value(model))),
                place.map(|span| ("at", Value::from(composition.project.sources.line_of(&span)))),
            ];
            let item = Value::from_pairs(members.into_iter().flatten());
            self.put(Kind::Artifact, number, Some(machine), Place::Artifact(machine.clone(), path.clone()), item);
        }
    }

    fn contributions(&mut self) {
        let composition = self.composition;
        for (slot, indices) in &composition.slots {
            for &index in indices {
                let entry = &composition.entries[index];
                let service = entry.service.as_deref();
                let number = service.and_then(|service| self.services.get(service).copied());
                if service.is_some() && number.is_none() {
                    continue;
                }
                let place = entry.from.iter().flat_map(|source| &source.because).find_map(|origin| origin.span(composition));
                let members = [
                    Some(("slot", Value::from(slot.as_str()))),
                    Some(("key", Value::from(entry.key.as_str()))),
                    Some(("value", value_of(&entry.key, &entry.value))),
                    Some(("stated", Value::from(entry.stated))),
                    Some(("from", entry.from.iter().map(|source| source.plugin.as_str()).collect())),
                    service.map(|service| ("service", Value::from(service))),
                    entry.machine.as_deref().map(|machine| ("machine", Value::from(machine))),
                    entry.part.as_deref().map(|part| ("part", Value::from(part))),
                    place.map(|span| ("at", Value::from(composition.project.sources.line_of(&span)))),
                ];
                let item = Value::from_pairs(members.into_iter().flatten());
                self.put(Kind::Contribution, number, entry.machine.as_deref(), Place::Entry(index), item);
            }
        }
    }
}

/// The sections of a unit: of each key its values, in their order.
fn sections(said: &Json) -> Value {
    let section = |entries: &Json| -> Value {
        let mut keys: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for pair in entries.as_array().into_iter().flatten() {
            if let (Some(key), Some(said)) = (pair.get(0).and_then(Json::as_str), pair.get(1)) {
                keys.entry(key).or_default().push(value_of(key, said));
            }
        }
        Value::from_pairs(keys.into_iter().map(|(key, values)| (key.to_owned(), Value::from(values))))
    };
    Value::from_pairs(said.as_object().into_iter().flatten().map(|(name, entries)| (name.clone(), section(entries))))
}

/// A value as policies see it: without what somebody wrote down in it that may be a secret, which is a variable that is one by its name, and
/// the password of an address.
fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::from(()),
        Json::Bool(said) => Value::from(*said),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Value::from(number),
            (None, Some(number)) => Value::from(number),
            (None, None) => Value::from(number.as_f64().unwrap_or_default()),
        },
        Json::String(text) => match hide_password(text) {
            Some(hidden) => Value::from(hidden),
            None => Value::from(text.as_str()),
        },
        Json::Array(items) => items.iter().map(value).collect(),
        Json::Object(members) => Value::from_pairs(members.iter().map(|(key, said)| (key.as_str(), value_of(key, said)))),
    }
}

/// The same of a table of a manifest, whose schema tells of some variables that what they hold is a word: `client-secret`.
fn table_value(json: &Json, shape: &Shape<'_>) -> Value {
    let Json::Object(members) = json else { return value(json) };
    let member = |(key, said): (&String, &Json)| {
        let inner = shape.member(key).unwrap_or_default();
        let made = if said.is_object() {
            table_value(said, &inner)
        } else if inner.words().is_some() {
            value(said)
        } else {
            value_of(key, said)
        };
        (key.clone(), made)
    };
    Value::from_pairs(members.iter().map(member))
}

/// What a key holds.
fn value_of(key: &str, said: &Json) -> Value {
    match said {
        Json::String(text) if !text.is_empty() && is_secret(key) => Value::from(HIDDEN),
        // The pieces of a variable; what is `{ secret = "…" }` among them is a name.
        Json::Array(items) if is_secret(key) => {
            items.iter().map(|item| if item.is_string() { Value::from(HIDDEN) } else { value(item) }).collect()
        }
        other => value(other),
    }
}

/// Whether a variable holds a secret, by its name, which is written in capital letters.
fn is_secret(name: &str) -> bool {
    let is_variable = name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    is_variable && ["PASS", "SECRET", "TOKEN", "KEY", "CREDENTIAL"].iter().any(|word| name.contains(word))
}

/// An address without the password in it, where there is one: <https://www.rfc-editor.org/rfc/rfc3986#section-3.2.1>.
fn hide_password(text: &str) -> Option<String> {
    let start = text.find("://")? + 3;
    let end = start + text[start..].split(['/', '?', '#']).next()?.rfind('@')?;
    let colon = start + text[start..end].find(':')? + 1;
    (colon < end).then(|| format!("{}{HIDDEN}{}", &text[..colon], &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    use serde_json::json;

    #[test]
    fn what_somebody_wrote_down_is_hidden() {
        let said = json!({
            "env": { "DB_PASSWORD": "hunter2", "API_TOKEN": ["x", { "secret": "token" }], "LOG": "info" },
            "keys": ["wiki:*"], "url": "redis://wiki:hunter2@cache:6379/1", "plain": "https://wiki.example.org:8443/@me",
        });
        let hidden = serde_json::to_value(value(&said)).expect("JSON");
        assert_eq!(hidden["env"]["DB_PASSWORD"], HIDDEN);
        assert_eq!(hidden["env"]["API_TOKEN"], json!([HIDDEN, { "secret": "token" }]));
        assert_eq!(hidden["url"], "redis://wiki:(hidden)@cache:6379/1");
        assert_eq!(
            (&hidden["keys"], &hidden["plain"], &hidden["env"]["LOG"]),
            (&said["keys"], &said["plain"], &said["env"]["LOG"])
        );
    }
}
