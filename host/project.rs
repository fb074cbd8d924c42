//! The first stage: a folder with `rick.toml` and its manifests, read, checked against the plugins' schemas, and filled.

mod files;
mod schemas;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};

use crate::diagnostic::{Diagnostic, Sink};
use crate::document::{self, Document};
use crate::error::Error;
use crate::lock::Lock;
use crate::plugin::{Plugin, Range};
use crate::plugins::Plugins;
use crate::policy::Policies;
use crate::schema::{Schema, nearest};
use crate::source::{Sources, Span};
use crate::verdicts;

pub use files::File;
use schemas::refuse_settings;
pub use schemas::{ManifestSchema, for_editors, manifest_schema, settings_schema};

/// The name of a project's own file.
pub const FILE: &str = "rick.toml";
/// The folder with the manifests, where rick.toml does not say another.
pub const SERVICES: &str = "services";
/// The folder that builds go to, where rick.toml does not say another.
pub const OUTPUT: &str = "dist";

/// A project whose `rick.toml` was read: enough to know which plugins to load.
pub struct Opened {
    /// Its folder, absolute.
    pub root: Utf8PathBuf,
    sources: Sources,
    settings: Option<Document>,
    overlay: Overlay,
}

/// Texts that stand for those of files, by path from the project's folder: what a fix would make of them.
pub type Overlay = BTreeMap<Utf8PathBuf, String>;

/// A plugin that the project brings itself.
#[derive(Debug, Clone)]
pub struct Component {
    /// The name of its table below `[plugins]`.
    pub name: String,
    /// Its file, from the project's folder.
    pub path: String,
    /// Where `rick.toml` says so.
    pub place: Span,
}

/// A project: every manifest that could be read, checked and filled.
pub struct Project {
    /// Its folder, absolute.
    pub root: Utf8PathBuf,
    /// Every text that was read.
    pub sources: Sources,
    /// `rick.toml`.
    pub settings: Document,
    /// In the order of their names.
    pub machines: Vec<String>,
    /// In the order of their names.
    pub manifests: Vec<Manifest>,
    /// The manifests that are there, also those that could not be read: their numbers stay theirs.
    pub names: BTreeSet<String>,
    /// By name, the number of a manifest.
    by_name: BTreeMap<String, usize>,
}

/// One service, as its manifest and the project's defaults say.
pub struct Manifest {
    /// The service's name: the name of its file.
    pub name: String,
    /// The machine that it runs on.
    pub machine: String,
    /// The manifest over the project's defaults, with the defaults of schemas filled in.
    pub document: Document,
    /// The tables that were refused, and are not passed on.
    pub refused: BTreeSet<String>,
    /// `[[file]]`: the service's own configuration files.
    pub files: Vec<File>,
    /// Its number among the project's.
    pub index: usize,
}

/// Finds the project that a folder is in: the nearest `rick.toml` upwards.
pub fn find(from: &Utf8Path) -> Result<Utf8PathBuf, Error> {
    let from = from.canonicalize_utf8().map_err(Error::file("find", from))?;
    let found = from.ancestors().find(|folder| folder.join(FILE).is_file()).map(Utf8Path::to_owned);
    found.ok_or(Error::NoProject(from))
}

/// Reads `rick.toml`.
pub fn open(root: Utf8PathBuf, sink: &mut Sink) -> Result<Opened, Error> {
    open_over(root, Overlay::new(), sink)
}

/// The same, with texts that stand for those of files.
pub fn open_over(root: Utf8PathBuf, overlay: Overlay, sink: &mut Sink) -> Result<Opened, Error> {
    let mut sources = Sources::default();
    let path = root.join(FILE);
    let text = match overlay.get(Utf8Path::new(FILE)) {
        Some(text) => text.clone(),
        None => fs::read_to_string(&path).map_err(Error::file("read", path))?,
    };
    let source = sources.add(FILE, text);
    let settings = document::parse(&sources, source, sink);
    Ok(Opened { root, sources, settings, overlay })
}

impl Opened {
    /// The components that the project brings itself, in the order of their names.
    pub fn components(&self) -> Vec<Component> {
        let Some(settings) = &self.settings else { return Vec::new() };
        let plugins = settings.value.get("plugins").and_then(Value::as_object);
        let component = |(name, table): (&String, &Value)| {
            let (node, _) = settings.node.nearest(["plugins", name, "component"]);
            Some(Component { name: name.clone(), path: table.get("component")?.as_str()?.to_owned(), place: node.value.clone() })
        };
        plugins.into_iter().flatten().filter_map(component).collect()
    }

    /// Reads the project's lock; `None`, and a diagnostic, where it cannot be read.
    pub fn lock(&mut self, sink: &mut Sink) -> Result<Option<Lock>, Error> {
        Lock::read(&self.root, &mut self.sources, sink)
    }

    /// Reads the project's policies; none, where rick.toml cannot be read.
    pub fn policies(&mut self, plugins: &Plugins, sink: &mut Sink) -> Result<Policies, Error> {
        match &self.settings {
            Some(settings) => Policies::load(&self.root, settings, &self.overlay, plugins, &mut self.sources, sink),
            None => Ok(Policies::default()),
        }
    }

    /// The folder with the manifests.
    pub fn services_folder(&self) -> String {
        services_folder(self.settings.as_ref())
    }

    /// The folder that builds go to.
    pub fn output_folder(&self) -> &str {
        let stated = self.settings.as_ref().and_then(|settings| settings.value.pointer("/project/output")?.as_str());
        stated.unwrap_or(OUTPUT)
    }

    /// Its texts, for messages about a `rick.toml` that cannot be read.
    pub fn into_sources(self) -> Sources {
        self.sources
    }
}

/// Which plugins.
pub type Which<'a> = &'a dyn Fn(&Plugin) -> bool;

/// Reads and checks everything. `Err` gives the texts back where `rick.toml` is no TOML: there is no project then.
pub fn load(opened: Opened, plugins: &Plugins, sink: &mut Sink) -> Result<Result<Project, Sources>, Error> {
    load_telling(opened, plugins, sink, &|_| {})
}

/// The same. `new`: called where a manifest is one that was not there in the last run, so that the plugins which take part in it will be
/// asked.
pub fn load_telling(
    opened: Opened,
    plugins: &Plugins,
    sink: &mut Sink,
    new: &dyn Fn(Which<'_>),
) -> Result<Result<Project, Sources>, Error> {
    let Opened { root, mut sources, settings, overlay } = opened;
    let Some(settings) = settings else { return Ok(Err(sources)) };
    let refused_settings = refuse_settings(plugins, &settings, sink);
    let refused_settings = refuse_empty_ranges(&settings, sink) || refused_settings;
    let machines: Vec<String> = settings
        .value
        .get("machines")
        .and_then(Value::as_object)
        .map(|machines| machines.keys().cloned().collect())
        .unwrap_or_default();

    let folder = services_folder(Some(&settings));
    let schema = ManifestSchema::of(plugins);
    let (mut manifests, mut names) = (Vec::new(), BTreeSet::new());
    if !root.join(&folder).is_dir() {
        let (node, _) = settings.node.nearest(["project", "services"]);
        let message = format!("there is no folder `{folder}` with the manifests of services");
        sink.push(
            Diagnostic::error("schema", message, node.value.clone())
                .help("make it, or say in [project] which it is: `services = \"…\"`"),
        );
    }
    let mut texts = Vec::new();
    for path in toml_files(&root, &folder)? {
        let text = match overlay.get(&path) {
            Some(text) => Ok(text.clone().into_bytes()),
            None => fs::read(root.join(&path)),
        };
        let taken = text.as_deref().ok().map(|text| schema.taken_as(&sources.get(settings.node.value.source).text, text));
        if let (Ok(text), Some(key)) = (&text, taken)
            && !plugins.verdicts.has(key)
        {
            // Only a guess: one that is not prepared is brought in when it is asked.
            let named = |table: &str| text.windows(table.len() + 1).any(|part| part[0] == b'[' && &part[1..] == table.as_bytes());
            new(&|plugin| plugin.descriptor.always || named(&plugin.descriptor.table));
        }
        texts.push((path, text, taken));
    }
    for (path, text, taken) in texts {
        let name = path.file_stem().unwrap_or_default().to_owned();
        names.insert(name.clone());
        let text = match text.map(String::from_utf8) {
            Ok(Ok(text)) => text,
            Ok(Err(_)) => {
                refuse_file(&mut sources, &path, &name, "it is not UTF-8 text".to_owned(), sink);
                continue;
            }
            Err(error) => {
                refuse_file(&mut sources, &path, &name, format!("it cannot be read: {error}"), sink);
                continue;
            }
        };
        if !is_service_name(&name) {
            let message = format!("`{name}` cannot be a service's name: {SERVICE_NAME}");
            refuse_file(&mut sources, &path, &name, message, sink);
            continue;
        }
        let source = sources.add(&path, text);
        // With settings that were refused, no plugin can be asked.
        if refused_settings {
            sink.fail(&name);
        }
        let Some(document) = document::parse(&sources, source, sink) else {
            sink.fail(&name);
            continue;
        };
        let document = with_defaults(&settings, document, plugins);
        let of = Of { settings: &settings, machines: &machines, schema: &schema, taken };
        if let Some(mut manifest) = Manifest::read(name, document, &of, sink) {
            manifest.files = files::read(&root, &manifest, &mut sources, sink);
            manifest.index = manifests.len();
            manifests.push(manifest);
        }
    }
    let by_name = manifests.iter().enumerate().map(|(index, manifest)| (manifest.name.clone(), index)).collect();
    Ok(Ok(Project { root, sources, settings, machines, manifests, names, by_name }))
}

fn services_folder(settings: Option<&Document>) -> String {
    let stated = settings.and_then(|settings| settings.value.pointer("/project/services")).and_then(Value::as_str);
    stated.unwrap_or(SERVICES).to_owned()
}

/// A range whose last number is before its first.
fn refuse_empty_ranges(settings: &Document, sink: &mut Sink) -> bool {
    let mut refused = false;
    for (machine, table) in settings.value.get("machines").and_then(Value::as_object).into_iter().flatten() {
        for (pool, range) in table.get("pools").and_then(Value::as_object).into_iter().flatten() {
            let number = |key: &str| range.get(key).and_then(Value::as_u64);
            if let (Some(first), Some(last)) = (number("first"), number("last"))
                && first > last
            {
                let (node, _) = settings.node.nearest(["machines", machine, "pools", pool]);
                let message = format!("the range of `{pool}` is empty: it ends at {last}, before {first}");
                sink.push(Diagnostic::error("schema", message, node.value.clone()));
                refused = true;
            }
        }
    }
    refused
}

/// What a service may be called: it is part of a user's name, a host name and of paths.
pub const SERVICE_NAME: &str = "lower case letters, digits and hyphens, at most 30, a letter first";

/// Whether a service may be called so.
pub fn is_service_name(name: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    name.len() <= 30 && name.starts_with(|letter: char| letter.is_ascii_lowercase()) && name.chars().all(plain)
}

fn refuse_file(sources: &mut Sources, path: &Utf8Path, name: &str, message: String, sink: &mut Sink) {
    let source = sources.add(path, String::new());
    sink.push_for(name, Diagnostic::error("file", message, Span { source, bytes: 0..0 }));
}

/// The TOML files in a folder: paths relative to the root, in the order of their names, whatever order the folder gives them in.
pub(crate) fn toml_files(root: &Utf8Path, folder: &str) -> Result<Vec<Utf8PathBuf>, Error> {
    let absolute = root.join(folder);
    if !absolute.exists() {
        return Ok(Vec::new());
    }
    let mut paths = Vec::new();
    for entry in absolute.read_dir_utf8().map_err(Error::file("list", &absolute))? {
        let entry = entry.map_err(Error::file("list", &absolute))?;
        // What editors leave beside a file is hidden, and no service.
        if entry.path().extension() == Some("toml") && !entry.file_name().starts_with('.') && entry.path().is_file() {
            paths.push(Utf8Path::new(folder).join(entry.file_name()));
        }
    }
    paths.sort();
    Ok(paths)
}

/// The project's `[defaults.<table>]` under a manifest: under `[service]`, under the tables that the manifest has, and
/// under those of plugins that are always there. A default never makes a plugin take part.
fn with_defaults(settings: &Document, manifest: Document, plugins: &Plugins) -> Document {
    let (Some(defaults), Some(node)) = (settings.value.get("defaults"), settings.node.child("defaults")) else { return manifest };
    let mut defaults = Document { value: defaults.clone(), node: node.clone() };
    let wanted = |table: &String| {
        manifest.value.get(table).is_some()
            || table == "service"
            || plugins.of_table(table).is_some_and(|plugin| plugin.descriptor.always)
    };
    if let Value::Object(tables) = &mut defaults.value {
        tables.retain(|table, _| wanted(table));
    }
    document::overlay(&defaults, &manifest)
}

/// What a manifest is read with.
struct Of<'a> {
    settings: &'a Document,
    machines: &'a [String],
    schema: &'a ManifestSchema<'a>,
    /// What its text is known by, if it was taken before.
    taken: Option<verdicts::Key>,
}

impl Manifest {
    fn read(name: String, mut document: Document, of: &Of<'_>, sink: &mut Sink) -> Option<Self> {
        let Of { settings, machines, schema, taken } = *of;
        let refused: BTreeSet<String> = schema
            .check_unless(taken, &document.value, &document.node, sink)
            .into_iter()
            .map(|steps| steps.into_iter().next().unwrap_or_default())
            .collect();
        if !refused.is_empty() {
            sink.fail(&name);
        }
        // Without a sound [service] nothing can be said about the rest.
        if refused.contains("service") || refused.contains("") {
            return None;
        }
        schema.fill(&mut document.value);
        let place = |steps: &[&str]| -> Span {
            let (node, _) = document.node.nearest(steps.iter().copied());
            node.value.clone()
        };
        let service = document.value.get("service").and_then(Value::as_object).cloned().unwrap_or_default();
        if let Some(stated) = service.get("name").and_then(Value::as_str)
            && stated != name
        {
            let message = format!("the service is called `{stated}`, and its file `{name}.toml`");
            let help = format!("call the file `{stated}.toml`, or leave `name` out");
            sink.push_for(
                &name,
                Diagnostic::error("schema", message, place(&["service", "name"])).label("these must be the same").help(help),
            );
            return None;
        }
        let machine = match (service.get("machine").and_then(Value::as_str), machines) {
            (Some(stated), _) if machines.iter().any(|machine| machine == stated) => stated.to_owned(),
            (Some(stated), _) => {
                let label = nearest(stated, machines.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
                let message = format!("there is no machine `{stated}` in rick.toml");
                let diagnostic =
                    Diagnostic::error("schema", message, place(&["service", "machine"])).label(label.unwrap_or_default());
                sink.push_for(&name, diagnostic.help(format!("the machines are {}", machines.join(", "))));
                return None;
            }
            (None, [only]) => only.clone(),
            (None, []) => {
                let span = settings.node.child("machines").unwrap_or(&settings.node).key_or_value().clone();
                let message = "rick.toml says no machine for services to run on";
                let help = "add one: [machines.web1] with versions = { podman = \"5.4.2\" }";
                sink.push_for(&name, Diagnostic::error("schema", message, span).help(help));
                return None;
            }
            (None, _) => {
                let message = format!("`{name}` does not say which of {} machines it runs on", machines.len());
                let diagnostic = Diagnostic::error("schema", message, place(&["service"]));
                sink.push_for(&name, diagnostic.help(format!("`machine = \"{}\"` in [service]", machines[0])));
                return None;
            }
        };
        if let Some(Value::Object(service)) = document.value.get_mut("service") {
            service.insert("name".to_owned(), name.clone().into());
            service.insert("machine".to_owned(), machine.clone().into());
            if let Some(uid) = service.get("user").and_then(Value::as_u64) {
                service.insert("user".to_owned(), json!({ "uid": uid, "gid": uid, "starts_as_root": false }));
            } else if let Some(Value::Object(user)) = service.get_mut("user") {
                let uid = user.get("uid").cloned().unwrap_or_default();
                user.entry("gid").or_insert(uid);
            }
        }
        Some(Self { name, machine, document, refused, files: Vec::new(), index: 0 })
    }

    /// `[service]`, filled.
    pub fn service(&self) -> &Value {
        &self.document.value["service"]
    }

    /// Whether a plugin takes part in this service.
    pub fn has(&self, plugin: &Plugin) -> bool {
        let table = &plugin.descriptor.table;
        !self.refused.contains(table) && (plugin.descriptor.always || self.document.value.get(table).is_some())
    }

    /// A plugin's table, filled.
    pub fn table(&self, plugin: &Plugin) -> Cow<'_, Value> {
        self.document.value.get(&plugin.descriptor.table).map_or_else(
            || {
                let mut table = json!({});
                plugin.descriptor.table_schema.fill(&mut table);
                Cow::Owned(table)
            },
            Cow::Borrowed,
        )
    }
}

impl Project {
    /// A service's manifest.
    pub fn manifest(&self, name: &str) -> Option<&Manifest> {
        self.by_name.get(name).map(|&index| &self.manifests[index])
    }

    /// A machine as plugins see it.
    pub fn machine(&self, name: &str) -> Value {
        let versions = self.settings.value.pointer(&crate::pointer::join(["machines", name, "versions"]));
        json!({ "name": name, "versions": versions.cloned().unwrap_or_else(|| json!({})) })
    }

    /// What rick.toml says of a machine for a plugin, filled.
    pub fn facts(&self, machine: &str, plugin: &Plugin) -> Value {
        let pointer = crate::pointer::join(["machines", machine, &plugin.descriptor.name]);
        self.filled(&pointer, &plugin.descriptor.facts_schema)
    }

    /// What rick.toml says for a plugin, filled.
    pub fn plugin_settings(&self, plugin: &Plugin) -> Value {
        let mut settings =
            self.filled(&crate::pointer::join(["plugins", &plugin.descriptor.name]), &plugin.descriptor.settings_schema);
        if let Value::Object(settings) = &mut settings {
            settings.remove("component");
        }
        settings
    }

    /// Whether rick.toml itself names a path for a plugin, or a folder that it is in. Its schema's defaults do not: they are the plugin's words.
    pub fn names_path(&self, machine: Option<&str>, plugin: &Plugin, path: &str) -> bool {
        let name = plugin.descriptor.name.as_str();
        let of_machine = machine.map(|machine| crate::pointer::join(["machines", machine, name]));
        let pointers = of_machine.into_iter().chain([crate::pointer::join(["plugins", name])]);
        let written = pointers.filter_map(|pointer| self.settings.value.pointer(&pointer)?.as_object());
        let named = |text: &str| {
            let inside = |rest: &str| rest.is_empty() || rest.starts_with('/') && !rest.split('/').any(|step| step == "..");
            text.starts_with('/')
                && text.trim_end_matches('/').len() > 1
                && path.strip_prefix(text.trim_end_matches('/')).is_some_and(inside)
        };
        written.flat_map(|table| table.values()).filter_map(Value::as_str).any(named)
    }

    fn filled(&self, pointer: &str, schema: &Schema) -> Value {
        let mut value = self.settings.value.pointer(pointer).cloned().unwrap_or_else(|| json!({}));
        schema.fill(&mut value);
        value
    }

    /// The numbers of a pool that may be handed out on a machine, where rick.toml narrows them.
    pub fn range(&self, machine: &str, pool: &str) -> Option<Range> {
        let stated = self.settings.value.pointer(&crate::pointer::join(["machines", machine, "pools", pool]))?;
        serde_json::from_value(stated.clone()).ok()
    }
}
