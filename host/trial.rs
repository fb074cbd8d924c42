//! A plugin on trial, as `rick plugin test` has it: its own cases, the examples of its rules, tables made from its own schema, and every
//! call of all that made again, to see that the plugin is a function of its input.
//!
//! Everything goes the way that `rick lint` goes, with the official plugins beside it, so that what passes here passes there. Nothing of
//! it depends on how or where the component was built.

mod cases;
mod examples;
mod recorder;
mod repeat;
mod tables;
mod way;

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;

use crate::answers::Answers;
use crate::engine::Engine;
use crate::error::Error;
use crate::plugin::Plugin;
use crate::plugins::Plugins;

pub use cases::Case;
pub use examples::{Example, files as example_files};
pub use recorder::{Recorded, Recorder, Usage};
pub use tables::Tables;
pub use way::MACHINE;

/// What came of a trial.
pub struct Trial {
    /// "backup 0.3.1"
    pub title: String,
    /// The golden cases, in the order of their names.
    pub cases: Vec<Case>,
    /// Both examples of each rule that has them.
    pub examples: Vec<Example>,
    /// Rules that no example shows, with their names.
    pub not_shown: Vec<(String, String)>,
    /// What came of tables made from its schema.
    pub tables: Tables,
    /// Answers that were others when the same was asked again, and calls that failed only then.
    pub impure: Vec<String>,
    /// How many calls were made again.
    pub repeated: usize,
    /// What calls used, by function.
    pub usage: BTreeMap<&'static str, Usage>,
}

/// Which cases to try, and how.
#[derive(Debug, Clone, Copy)]
pub struct Cases<'a> {
    /// The folder with a folder for each case; none where it is not there.
    pub folder: &'a Utf8Path,
    /// Writes what came out as what is expected.
    pub bless: bool,
}

impl Trial {
    /// Whether there is nothing to complain about.
    pub fn passed(&self) -> bool {
        self.cases.iter().all(|case| case.wrong.is_empty())
            && self.examples.iter().all(|example| example.wrong.is_empty())
            && self.tables.wrong.is_empty()
            && self.impure.is_empty()
    }
}

/// Tries a plugin.
pub fn run(engine: &Engine, plugin: Plugin, cases: &Cases<'_>) -> Result<Trial, Error> {
    let (name, title) = (plugin.descriptor.name.clone(), plugin.title());
    let mut plugins = Plugins::with(engine, cases.folder, vec![plugin])?;
    // What was answered to an earlier run says nothing about this one.
    plugins.answers = Answers::default();
    plugins.recorder = Some(Recorder::of(&name));
    let plugins = plugins;
    let plugin = plugins.all.iter().find(|plugin| plugin.descriptor.name == name);
    let plugin = plugin.ok_or_else(|| Error::Usage(format!("there is no plugin `{name}`")))?;

    let tried = cases::run(&plugins, plugin, cases)?;
    let examples = examples::run(&plugins, plugin)?;
    let tables = tables::run(&plugins, plugin)?;
    let recorded = plugins.recorder.as_ref().map(Recorder::take).unwrap_or_default();
    let impure = repeat::run(plugin, &recorded);
    let mut usage: BTreeMap<&'static str, Usage> = BTreeMap::new();
    for call in &recorded {
        usage.entry(call.function).or_default().add(call);
    }
    let shown: BTreeSet<&str> = examples.iter().map(|example| example.code.as_str()).collect();
    let rules = plugin.descriptor.rules.iter().filter(|rule| !shown.contains(rule.code.as_str()));
    let not_shown = rules.map(|rule| (rule.code.clone(), rule.name.clone())).collect();
    Ok(Trial { title, cases: tried, examples, not_shown, tables, impure, repeated: recorded.len(), usage })
}
