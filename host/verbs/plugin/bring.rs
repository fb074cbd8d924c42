//! What `add`, `update`, `inspect`, `fetch` and `remove` share: where a component comes from, and a project's two files that say so.

use std::fs;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use toml_edit::DocumentMut;

use crate::built_in;
use crate::cli::Ui;
use crate::diagnostic::Sink;
use crate::engine::{self, Engine};
use crate::error::Error;
use crate::lock::{self, ANY_COMMAND, Lock, Wish};
use crate::plugin::{Descriptor, Plugin};
use crate::plugins::{self, plugin_of};
use crate::project::{self, FILE};
use crate::registry;
use crate::report;
use crate::write::{READABLE, replace};

/// The folder of a project for components that were taken from elsewhere.
pub const FOLDER: &str = "plugins";

/// A component that was brought, and asked what it is.
pub struct Brought {
    /// The plugin.
    pub plugin: Plugin,
    /// The file as a project keeps it: a component.
    pub bytes: Vec<u8>,
    /// Where it is from: a path as it was given, or a reference by digest.
    pub source: String,
    /// The path that was given, absolute, where it was one of a component.
    pub file: Option<Utf8PathBuf>,
}

impl Brought {
    /// SHA-256 of the file, in hexadecimal.
    pub fn sha256(&self) -> String {
        engine::digest(&self.bytes)
    }
}

/// Gets a component from a path or a registry.
pub fn bring(engine: &Engine, source: &str) -> Result<Brought, Error> {
    if source.starts_with(registry::SCHEME) {
        let pulled = registry::pull(source)?;
        let plugin = plugin_of(engine, source, pulled.bytes.clone())?;
        return Ok(Brought { plugin, bytes: pulled.bytes, source: pulled.source, file: None });
    }
    let path = Utf8PathBuf::from(source);
    let file = fs::read(&path).map_err(Error::file("read", &path))?;
    let is_module = file.starts_with(b"\0asm\x01\0\0\0");
    let bytes = plugins::component(file).map_err(|reason| Error::Plugin { plugin: source.to_owned(), reason })?;
    let plugin = plugin_of(engine, source, bytes.clone())?;
    let file = path.canonicalize_utf8().map_err(Error::file("find", &path))?;
    Ok(Brought { plugin, bytes, source: source.to_owned(), file: (!is_module).then_some(file) })
}

/// A project's `rick.toml` and `rick.lock`, to be changed.
pub struct Books {
    /// The project's folder.
    pub root: Utf8PathBuf,
    /// The lock.
    pub lock: Lock,
    settings: DocumentMut,
}

impl Books {
    /// Opens them; what is wrong with them `rick lint` shows.
    pub fn open(ui: &Ui) -> Result<Self, Error> {
        let root = project::find(&ui.global.project)?;
        let mut sink = Sink::default();
        let unreadable = |file: &str| Error::Usage(format!("{file} cannot be read: `rick lint` shows where"));
        let lock = project::open(root.clone(), &mut sink)?.lock(&mut sink)?.ok_or_else(|| unreadable(lock::FILE))?;
        let path = root.join(FILE);
        let text = fs::read_to_string(&path).map_err(Error::file("read", &path))?;
        let settings = text.parse().map_err(|_| unreadable(FILE))?;
        Ok(Self { root, lock, settings })
    }

    /// The component that rick.toml names for a plugin.
    pub fn component(&self, name: &str) -> Option<&str> {
        self.settings.get("plugins")?.get(name)?.get("component")?.as_str()
    }

    /// Names a component in rick.toml, where the rest of the file stays as it is.
    pub fn name_component(&mut self, name: &str, path: &str) -> Result<(), Error> {
        let plugins = self.settings.entry("plugins").or_insert_with(|| {
            let mut table = toml_edit::Table::new();
            table.set_implicit(true);
            toml_edit::Item::Table(table)
        });
        let odd =
            || Error::Usage(format!("rick.toml has something else than a table at `plugins.{name}`: `rick lint` shows where"));
        let plugins = plugins.as_table_like_mut().ok_or_else(odd)?;
        let table = plugins.entry(name).or_insert_with(|| toml_edit::Item::Table(toml_edit::Table::new()));
        table.as_table_like_mut().ok_or_else(odd)?.insert("component", toml_edit::value(path));
        Ok(())
    }

    /// Takes a plugin's table out of rick.toml.
    pub fn take_out(&mut self, name: &str) {
        if let Some(plugins) = self.settings.get_mut("plugins").and_then(toml_edit::Item::as_table_like_mut) {
            plugins.remove(name);
            if plugins.is_empty() {
                self.settings.remove("plugins");
            }
        }
    }

    /// Writes both. The lock first: a plugin that is named and not locked is refused, one that is locked and not named is not used.
    pub fn write(&self) -> Result<(), Error> {
        for (name, text) in [(lock::FILE, self.lock.text()), (FILE, self.settings.to_string())] {
            let path = self.root.join(name);
            if !fs::read_to_string(&path).is_ok_and(|before| before == text) {
                replace(&path, text.as_bytes(), READABLE).map_err(Error::file("write", path))?;
            }
        }
        Ok(())
    }

    /// The path from the project's folder where it keeps a component: what is in it already stays where it is.
    pub fn place_of(&self, brought: &Brought) -> String {
        let inside = brought.file.as_deref().and_then(|file| file.strip_prefix(&self.root).ok());
        inside.map_or_else(|| format!("{FOLDER}/{}.wasm", brought.plugin.descriptor.name), ToString::to_string)
    }

    /// The project's own plugins but for one; those that are not there are not asked.
    pub fn others(&self, engine: &Engine, but: &str) -> Vec<Plugin> {
        let names = self.lock.plugins.keys().filter(|name| *name != but);
        let files = names.filter_map(|name| Some((self.component(name)?, fs::read(self.root.join(self.component(name)?)).ok()?)));
        files.filter_map(|(path, file)| plugin_of(engine, path, file).ok()).collect()
    }

    /// Has a component where rick.toml names it, or where the project keeps those that it does not name yet, and writes both files.
    pub fn settle(&mut self, name: &str, brought: &Brought) -> Result<(), Error> {
        let path = self.component(name).map_or_else(|| self.place_of(brought), str::to_owned);
        self.name_component(name, &path)?;
        if fs::read(self.root.join(&path)).map_or(true, |file| file != brought.bytes) {
            self.put(&path, &brought.bytes)?;
        }
        self.write()
    }

    /// Writes a component to a path of the project's.
    pub fn put(&self, path: &str, bytes: &[u8]) -> Result<(), Error> {
        let inside = Utf8Path::new(path).components().all(|part| matches!(part, Utf8Component::Normal(_)));
        let refused = || Error::Usage(format!("`{path}` is not written: a component is a file `….wasm` inside of the project"));
        if !inside || !path.ends_with(".wasm") {
            return Err(refused());
        }
        let path = self.root.join(path);
        let folder = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder).map_err(Error::file("make", folder))?;
        // A folder may be a link to elsewhere.
        if !folder.canonicalize_utf8().map_err(Error::file("find", folder))?.starts_with(&self.root) {
            return Err(refused());
        }
        replace(&path, bytes, READABLE).map_err(Error::file("write", path))
    }

    /// A source as the lock keeps it: a path from the project's folder, so that it is the same for everybody who has the project.
    pub fn source(&self, brought: &Brought) -> String {
        let Some(file) =
            Utf8Path::new(&brought.source).canonicalize_utf8().ok().filter(|_| !brought.source.starts_with(registry::SCHEME))
        else {
            return brought.source.clone();
        };
        let shared = self.root.components().zip(file.components()).take_while(|(left, right)| left == right).count();
        let up = self.root.components().skip(shared).map(|_| "..");
        let down: Vec<&str> = up.chain(file.components().skip(shared).map(|part| part.as_str())).collect();
        down.join("/")
    }
}

/// How to answer what is asked.
#[derive(Debug, Clone, clap::Args)]
pub struct Consent {
    /// Allows what the plugin does without asking.
    #[arg(short, long)]
    yes: bool,
    /// Allows it to run any command on the machine, where it makes steps of that kind.
    #[arg(long)]
    allow_commands: bool,
}

impl Consent {
    /// Whether the user allows what a plugin does. `wishes`: what is new.
    pub fn given(&self, ui: &mut Ui, descriptor: &Descriptor, wishes: &[Wish]) -> Result<bool, crate::cli::Failed> {
        if wishes.contains(&Wish::Step(ANY_COMMAND.to_owned())) && !self.allow_commands {
            let message = format!(
                "{} {} runs any command that it likes as any user of the machine, root included: say `--allow-commands` if it may",
                descriptor.name, descriptor.version
            );
            return Err(Error::Usage(message).into());
        }
        if self.yes || wishes.is_empty() {
            return Ok(true);
        }
        match ui.confirm("allow it?")? {
            Some(answer) => Ok(answer),
            None => Err(Error::Usage("nobody is here to be asked: say `--yes` if it may".to_owned()).into()),
        }
    }
}

/// The schemas for editors follow the plugins, where the project has them.
pub fn renew_schemas(ui: &mut Ui, root: &Utf8Path) -> Result<(), crate::cli::Failed> {
    if root.join(".rick").is_dir()
        && let Ok((_, _, plugins)) = crate::verbs::plugins_of(ui, root)?
    {
        crate::verbs::init::write_schemas(root, &plugins)?;
    }
    Ok(())
}

/// Says what a plugin is and does.
pub fn show(ui: &mut Ui, brought: &Brought) -> std::io::Result<()> {
    let text = report::plugin::human(&brought.plugin, &brought.source, &brought.sha256(), brought.bytes.len());
    write!(ui.err, "{text}")?;
    let name = &brought.plugin.descriptor.name;
    if built_in::ALL.iter().any(|plugin| plugin.name == name) {
        writeln!(ui.err, "  it takes the place of rick's own plugin `{name}`")?;
    }
    Ok(())
}
