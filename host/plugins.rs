//! All plugins of a run, and the order in which they contribute.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::{fs, io, thread};

use camino::Utf8Path;

use crate::answers::Answers;
use crate::built_in::{self, BuiltIn};
use crate::diagnostic::{Diagnostic, Sink};
use crate::engine::{self, Engine};
use crate::error::Error;
use crate::lock::{Pin, Wish};
use crate::plugin::limits::COMPONENT;
use crate::plugin::{Plugin, Stage};
use crate::project::Component;
use crate::slots::{self, Slots};
use crate::trial::Recorder;
use crate::verdicts::Verdicts;

/// What follows the name of a plugin that rick brings along, where it says where a plugin is from.
pub const BUILT_IN: &str = "(built in)";

/// The plugins with their slots, in the order of their names.
pub struct Plugins {
    /// In the order of their names.
    pub all: Vec<Plugin>,
    /// All slots that there are.
    pub slots: Slots,
    /// Numbers of plugins: those of a wave read nothing that is written in it or later.
    pub waves: Vec<Vec<usize>>,
    /// What plugins answered in the project's last run.
    pub answers: Answers,
    /// What schemas took in earlier runs.
    pub verdicts: Arc<Verdicts>,
    /// Where the calls of a plugin that is tried are written down.
    pub recorder: Option<Recorder>,
}

impl Plugins {
    /// Loads the official plugins, and the project's own as its lock allows them. `None`, and diagnostics, where one is not what is locked:
    /// then nothing of it was run.
    pub fn load(
        engine: &Engine,
        root: &Utf8Path,
        components: &[Component],
        pins: &BTreeMap<String, Pin>,
        sink: &mut Sink,
    ) -> Result<Option<Self>, Error> {
        let mut others = Vec::new();
        for component in components {
            others.extend(locked(engine, root, component, pins.get(&component.name), sink)?);
        }
        if others.len() < components.len() {
            return Ok(None);
        }
        Self::with(engine, root, others).map(Some)
    }

    /// The official plugins with others, which take the place of official ones of their name.
    pub fn with(engine: &Engine, root: &Utf8Path, others: Vec<Plugin>) -> Result<Self, Error> {
        let replaced = |name: &str| others.iter().any(|other| other.descriptor.name == name);
        let official = built_in::ALL.iter().filter(|plugin| !replaced(plugin.name));
        let load = |official: &'static BuiltIn| {
            let BuiltIn { name, digest, component, .. } = *official;
            Plugin::load(engine, &format!("{name} {BUILT_IN}"), digest, component.into())
        };
        let mut all = if built_in::ALL.iter().all(|plugin| engine.knows(plugin.digest)) {
            // Less than a thread costs.
            official.map(load).collect::<Result<Vec<Plugin>, Error>>()?
        } else {
            // Each on a thread of its own: the first run compiles them.
            thread::scope(|scope| {
                let threads: Vec<_> = official.map(|official| scope.spawn(move || load(official))).collect();
                let joined =
                    threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
                joined.collect::<Result<Vec<Plugin>, Error>>()
            })?
        };
        all.extend(others);
        all.sort_by(|left, right| left.descriptor.name.cmp(&right.descriptor.name));
        all.iter_mut().enumerate().for_each(|(index, plugin)| plugin.index = index);
        refuse_shared_words(&all)?;
        let verdicts = Arc::new(Verdicts::open(engine.kept(), root));
        let slots = slots::all(&all, &verdicts)?;
        refuse_unknown_slots(&all, &slots)?;
        let waves = waves(&all)?;
        let answers = Answers::open(engine.kept(), root, &all.iter().map(|plugin| plugin.digest.as_str()).collect::<Vec<_>>());
        Ok(Self { all, slots, waves, answers, verdicts, recorder: None })
    }

    /// The plugin whose table in a manifest this is.
    pub fn of_table(&self, table: &str) -> Option<&Plugin> {
        self.all.iter().find(|plugin| plugin.descriptor.table == table)
    }
}

/// The plugin of a component that the project brings, where it is what the lock says.
fn locked(
    engine: &Engine,
    root: &Utf8Path,
    component: &Component,
    pin: Option<&Pin>,
    sink: &mut Sink,
) -> Result<Option<Plugin>, Error> {
    let Component { name, path, place } = component;
    let mut refuse = |message: String, help: String| {
        sink.push(Diagnostic::error("lock", message, place.clone()).help(help));
        Ok(None)
    };
    let file = match fs::read(root.join(path)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound && pin.is_some() => {
            return refuse(
                format!("the plugin `{name}` is not there"),
                "`rick plugin fetch` gets what rick.lock pins".to_owned(),
            );
        }
        Err(error) => return refuse(format!("the plugin `{name}` cannot be read: {error}"), format!("is `{path}` its file?")),
    };
    let Some(pin) = pin else {
        let message = format!("the plugin `{name}` is not locked: nobody has looked at what it may do");
        return refuse(message, format!("`rick plugin add {path}` shows it, and locks it in rick.lock"));
    };
    let sha256 = engine::digest(&file);
    if sha256 != pin.sha256 {
        let message =
            format!("`{path}` is not what rick.lock pins for `{name}`: its SHA-256 is {sha256}, and not {}", pin.sha256);
        let help = format!("where it was changed on purpose, `rick plugin update {name}`; else take the pinned file back");
        return refuse(message, help);
    }
    let plugin = plugin_of(engine, path, file)?;
    if plugin.descriptor.name != *name {
        let message = format!("rick.toml has the plugin under `{name}`, and it calls itself `{}`", plugin.descriptor.name);
        return refuse(message, format!("name the table [plugins.{}]", plugin.descriptor.name));
    }
    let wishes: Vec<String> = pin.lacks(&plugin.descriptor).iter().map(Wish::title).collect();
    if !wishes.is_empty() {
        let message = format!("{} {}, which rick.lock does not allow", plugin.title(), wishes.join(", "));
        return refuse(message, format!("`rick plugin update {name}` asks for it"));
    }
    Ok(Some(plugin))
}

/// The plugin in a file: a component, or a module as cargo makes it.
pub fn plugin_of(engine: &Engine, from: &str, file: Vec<u8>) -> Result<Plugin, Error> {
    let bytes = component(file).map_err(|reason| Error::Plugin { plugin: from.to_owned(), reason })?;
    Plugin::load(engine, from, &engine::digest(&bytes), bytes.into())
}

/// A component as it is; of a module, which is what cargo builds, a component is made here.
pub fn component(bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    if bytes.len() > COMPONENT {
        let (found, most) = (bytes.len().div_ceil(1 << 20), COMPONENT >> 20);
        return Err(format!("it has {found} MiB, where {most} are allowed: to compile it takes time and memory in proportion"));
    }
    if !bytes.starts_with(b"\0asm") {
        return Err("it is no WebAssembly".to_owned());
    }
    // The version field of the header tells modules from components:
    // https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md#component-definitions
    if !bytes.starts_with(b"\0asm\x01\0\0\0") {
        return Ok(bytes);
    }
    let encoder = wit_component::ComponentEncoder::default().module(&bytes);
    encoder
        .and_then(|encoder| encoder.validate(true).encode())
        .map_err(|error| format!("no component can be made of it: {error:#}"))
}

/// A table in a manifest, and a rule's code, are of one plugin.
fn refuse_shared_words(all: &[Plugin]) -> Result<(), Error> {
    for (index, plugin) in all.iter().enumerate() {
        let refused = |reason: String| Err(Error::Plugin { plugin: plugin.title(), reason });
        let table = &plugin.descriptor.table;
        if matches!(table.as_str(), "service" | "file" | "waive")
            || all[..index].iter().any(|other| other.descriptor.table == *table)
        {
            return refused(format!("its table `[{table}]` is another's already"));
        }
        for rule in &plugin.descriptor.rules {
            let whose = all[..index].iter().find(|other| other.descriptor.rules.iter().any(|that| that.code == rule.code));
            if let Some(whose) = whose {
                return refused(format!("its rule `{}` has a code of {}", rule.code, whose.title()));
            }
        }
    }
    Ok(())
}

fn refuse_unknown_slots(all: &[Plugin], slots: &Slots) -> Result<(), Error> {
    for plugin in all {
        let reads = plugin.descriptor.reads.iter().map(|read| &read.slot);
        let named = plugin.descriptor.writes_slots.iter().chain(reads);
        let Some(unknown) = named.into_iter().find(|slot| slot.starts_with("rick:") && !slots.contains_key(*slot)) else {
            continue;
        };
        let reason = format!("it names the slot `{unknown}`, and rick {} has no such slot", env!("CARGO_PKG_VERSION"));
        return Err(Error::Plugin { plugin: plugin.title(), reason });
    }
    Ok(())
}

/// A plugin comes after all that write a slot that it reads in `contribute`; what is first read later orders nothing.
fn waves(all: &[Plugin]) -> Result<Vec<Vec<usize>>, Error> {
    let comes_after = |reader: usize, writer: usize| {
        let (reads, writes) = (&all[reader].descriptor.reads, &all[writer].descriptor.writes_slots);
        reader != writer && reads.iter().any(|read| read.by == Stage::Contribute && writes.contains(&read.slot))
    };
    let mut left: BTreeSet<usize> = (0..all.len()).collect();
    let mut waves = Vec::new();
    while !left.is_empty() {
        let wave: Vec<usize> =
            left.iter().copied().filter(|&reader| !left.iter().any(|&writer| comes_after(reader, writer))).collect();
        if wave.is_empty() {
            let names: Vec<&str> = left.iter().map(|&index| all[index].descriptor.name.as_str()).collect();
            let reason = format!("each of {} waits in `contribute` for what another of them contributes", names.join(", "));
            return Err(Error::Plugin { plugin: names.join(", "), reason });
        }
        left.retain(|index| !wave.contains(index));
        waves.push(wave);
    }
    Ok(waves)
}
