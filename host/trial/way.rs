//! The way of one project through all stages, and what the plugin on trial did on it.

use std::collections::BTreeMap;
use std::fs;

use camino::Utf8Path;
use serde_json::{Value, json};

use crate::diagnostic::{Diagnostic, Sink};
use crate::error::Error;
use crate::plugin::Plugin;
use crate::plugins::Plugins;
use crate::policy::Policies;
use crate::project;
use crate::report::line;
use crate::source::Sources;
use crate::verbs::judged;

/// The machine of projects that say nothing of one.
pub const MACHINE: &str = "[machines.web1]\nversions = { podman = \"5.4.2\", postgresql = \"17\", valkey = \"8.1.1\", caddy = \"2.6.2\", \
                           authentik = \"2025.10.0\" }\n";

/// What came of a project.
pub struct Way {
    /// Everything that was found.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts that it was found in.
    pub sources: Sources,
    /// The same, a line each: `services/wiki.toml:3:1: error[PG011]: …`.
    pub lines: Vec<String>,
    /// What the plugin rendered and contributed, by path below `expected`.
    pub made: BTreeMap<String, String>,
}

impl Way {
    /// The failures of plugins, which are no problem of any file, each with what was logged.
    pub fn failures(&self) -> impl Iterator<Item = String> {
        let failures = self.diagnostics.iter().filter(|diagnostic| diagnostic.failure);
        failures.map(|diagnostic| {
            let logged = diagnostic.notes.iter().map(|note| format!("\n         {note}"));
            std::iter::once(diagnostic.message.clone()).chain(logged).collect()
        })
    }
}

/// Takes a project through all stages.
pub fn go(root: &Utf8Path, plugins: &Plugins, plugin: &Plugin) -> Result<Way, Error> {
    let mut sink = Sink::default();
    let mut opened = project::open(root.to_owned(), &mut sink)?;
    let Some(lock) = opened.lock(&mut sink)? else { return Ok(Way::of(&sink, &opened.into_sources(), BTreeMap::new())) };
    let project = match project::load(opened, plugins, &mut sink)? {
        Ok(project) => project,
        Err(sources) => return Ok(Way::of(&sink, &sources, BTreeMap::new())),
    };
    let judged = judged(&project, plugins, &Policies::default(), lock, true, &mut sink);
    let deployment = judged.deployment();
    let title = plugin.title();
    let mut made = BTreeMap::new();
    for ((machine, path), artifact) in deployment.artifacts.iter().filter(|(_, artifact)| artifact.whose == title) {
        made.insert(format!("{machine}/root{path}"), artifact.text());
        if (artifact.mode, artifact.owner.as_str(), artifact.group.as_str()) != (0o644, "root", "root") {
            let modes = made.entry("modes.txt".to_owned()).or_default();
            modes.push_str(&format!("{:04o} {}:{} {machine}{path}\n", artifact.mode, artifact.owner, artifact.group));
        }
    }
    let contributed: Vec<Value> = deployment
        .composition
        .entries
        .iter()
        .filter(|entry| entry.from.iter().any(|source| source.plugin == title))
        .map(|entry| {
            json!({ "slot": entry.slot, "service": entry.service, "machine": entry.machine, "part": entry.part, "key": entry.key,
                    "value": entry.value, "stated": entry.stated })
        })
        .collect();
    if !contributed.is_empty() {
        made.insert("contributions.json".to_owned(), format!("{:#}\n", Value::from(contributed)));
    }
    let way = Way::of(&sink, &project.sources, made);
    Ok(way)
}

impl Way {
    fn of(sink: &Sink, sources: &Sources, mut made: BTreeMap<String, String>) -> Self {
        let diagnostics = sink.sorted(sources);
        let lines: Vec<String> = diagnostics.iter().map(|diagnostic| line(diagnostic, sources)).collect();
        if !lines.is_empty() {
            made.insert("diagnostics.txt".to_owned(), lines.join("\n") + "\n");
        }
        Self { diagnostics, sources: sources.clone(), lines, made }
    }
}

/// Writes a project of these files; one without a `rick.toml` gets one of one machine.
pub fn write(root: &Utf8Path, files: &BTreeMap<String, String>) -> Result<(), Error> {
    fs::create_dir_all(root.join(project::SERVICES)).map_err(Error::file("make", root))?;
    let settings = files.get(project::FILE).map_or("", String::as_str);
    let has_machine = settings.lines().any(|line| line.trim_start().starts_with("[machines"));
    let settings = if has_machine { settings.to_owned() } else { format!("{settings}\n{MACHINE}") };
    for (path, text) in files.iter().filter(|(path, _)| *path != project::FILE) {
        let path = root.join(path);
        let folder = path.parent().unwrap_or(root);
        fs::create_dir_all(folder).map_err(Error::file("make", folder))?;
        fs::write(&path, text).map_err(Error::file("write", path))?;
    }
    let path = root.join(project::FILE);
    fs::write(&path, settings).map_err(Error::file("write", path))
}
