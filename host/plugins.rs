//! All plugins of a run, and the order in which they contribute.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::{fs, thread};

use camino::Utf8Path;

use crate::answers::Answers;
use crate::engine::{self, Engine};
use crate::error::Error;
use crate::plugin::{Plugin, Stage};
use crate::slots::{self, Slots};
use crate::verdicts::Verdicts;

mod built_in {
    include!(concat!(env!("OUT_DIR"), "/built_in.rs"));
}

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
}

impl Plugins {
    /// Loads the official plugins, and components of the user's own by name and path.
    pub fn load(engine: &Engine, root: &Utf8Path, others: &[(String, String)]) -> Result<Self, Error> {
        let replaced = |name: &str| others.iter().any(|(other, _)| other == name);
        let official = built_in::BUILT_IN.iter().filter(|(name, ..)| !replaced(name));
        // Each on a thread of its own: the first run compiles them, and every other maps their code.
        let mut all = thread::scope(|scope| {
            let load = |official: &(&'static str, &'static str, &'static [u8])| {
                let &(name, digest, bytes) = official;
                scope.spawn(move || Plugin::load(engine, &format!("{name} (built in)"), digest, bytes.into()))
            };
            let threads: Vec<_> = official.map(load).collect();
            let joined = threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            joined.collect::<Result<Vec<Plugin>, Error>>()
        })?;
        for (name, path) in others {
            let bytes = fs::read(root.join(path)).map_err(Error::file("read", root.join(path)))?;
            let bytes = component(bytes).map_err(|reason| Error::Plugin { plugin: path.clone(), reason })?;
            let plugin = Plugin::load(engine, path, &engine::digest(&bytes), bytes.into())?;
            if plugin.descriptor.name != *name {
                let reason = format!("rick.toml has it under `{name}`, and it calls itself `{}`", plugin.descriptor.name);
                return Err(Error::Plugin { plugin: path.clone(), reason });
            }
            all.push(plugin);
        }
        all.sort_by(|left, right| left.descriptor.name.cmp(&right.descriptor.name));
        refuse_shared_tables(&all)?;
        let verdicts = Arc::new(Verdicts::open(engine.kept()));
        let slots = slots::all(&all, &verdicts)?;
        refuse_unknown_slots(&all, &slots)?;
        let waves = waves(&all)?;
        let answers = Answers::open(engine.kept(), root);
        Ok(Self { all, slots, waves, answers, verdicts })
    }

    /// The plugin whose table in a manifest this is.
    pub fn of_table(&self, table: &str) -> Option<&Plugin> {
        self.all.iter().find(|plugin| plugin.descriptor.table == table)
    }
}

/// A component as it is; of a module, which is what cargo builds, a component is made here.
fn component(bytes: Vec<u8>) -> Result<Vec<u8>, String> {
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

fn refuse_shared_tables(all: &[Plugin]) -> Result<(), Error> {
    for (index, plugin) in all.iter().enumerate() {
        let table = &plugin.descriptor.table;
        let taken = matches!(table.as_str(), "service" | "file" | "waive")
            || all[..index].iter().any(|other| other.descriptor.table == *table);
        if taken {
            let reason = format!("its table `[{table}]` is another's already");
            return Err(Error::Plugin { plugin: plugin.title(), reason });
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
