//! The commands, one file each, and what they share.

pub mod apply;
pub mod build;
pub mod explain;
pub mod init;
pub mod lint;
pub mod machine;
pub mod new;
pub mod plugin;
pub mod policy;
pub mod rules;
pub mod schema;
pub mod secrets;
pub mod show;
mod target;
pub mod verify;
pub mod why;

use std::cell::Cell;
use std::env;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use crate::check::{Subjects, check};
use crate::cli::{Failed, Outcome, Ui};
use crate::compose::compose;
use crate::control::baseline::Baseline;
use crate::control::{Asked, Control, KnownBefore};
use crate::diagnostic::Sink;
use crate::engine::Engine;
use crate::error::Error;
use crate::helpers;
use crate::judge::{Judged, judge};
use crate::lock::Lock;
use crate::plugin::Plugin;
use crate::plugins::Plugins;
use crate::policy::Policies;
use crate::project::{self, Opened, Overlay, Project};
use crate::render::{self, render};
use crate::report::{Findings, FindingsFormat};
use crate::rules::Rules;
use crate::slots;
use crate::source::Sources;

/// A project that was read, with its plugins; the stages borrow from it.
pub struct Inputs {
    /// The project's folder.
    pub root: Utf8PathBuf,
    /// The plugins.
    pub plugins: Arc<Plugins>,
    /// The policies.
    pub policies: Policies,
    /// The project and its lock; else only the texts, where the problems in the sink are.
    pub project: Result<(Project, Lock), Sources>,
    /// What was found so far.
    pub sink: Sink,
}

/// The engine, with compiled code kept in the user's cache folder.
pub fn engine() -> Result<Engine, Error> {
    let folder = |name: &str| env::var(name).ok().map(Utf8PathBuf::from).filter(|path| path.is_absolute());
    let cache = folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")));
    Engine::new(cache.map(|cache| cache.join("rick").join("compiled")))
}

/// The plugins of a project, as its lock allows them; else what is wrong was said.
pub fn plugins_of(ui: &mut Ui, root: &Utf8Path) -> Result<Result<(Opened, Lock, Plugins), Outcome>, Failed> {
    let mut sink = Sink::default();
    let mut opened = project::open(root.to_owned(), &mut sink)?;
    let lock = opened.lock(&mut sink)?;
    // Which plugins there are is said in a file that may be one that cannot be read.
    if let Some(lock) = lock.filter(|_| !sink.has_errors())
        && let Some(plugins) = Plugins::load(&engine()?, root, &opened.components(), &lock.plugins, &mut sink)?
    {
        return Ok(Ok((opened, lock, plugins)));
    }
    let sources = opened.into_sources();
    let findings = Findings::of_files(&sink, &sources);
    write!(ui.err, "{}", findings.render(FindingsFormat::Human)?)?;
    if let Some(count) = findings.count()
        && !ui.global.quiet
    {
        writeln!(ui.err, "{count}")?;
    }
    Ok(Err(outcome(&sink)))
}

/// The plugins of the project that is here, or those built in where there is none; else what is wrong was said. `without_project`: also
/// where there is one that cannot be read.
pub fn plugins_here(ui: &mut Ui, without_project: bool) -> Result<Result<Plugins, Outcome>, Failed> {
    match project::find(&ui.global.project) {
        Ok(root) => match plugins_of(ui, &root)? {
            Ok((_, _, plugins)) => Ok(Ok(plugins)),
            Err(Outcome::Problems) if without_project => Ok(Ok(Plugins::with(&engine()?, &root, Vec::new())?)),
            Err(outcome) => Ok(Err(outcome)),
        },
        Err(Error::NoProject(root)) => Ok(Ok(Plugins::with(&engine()?, &root, Vec::new())?)),
        Err(error) => Err(error.into()),
    }
}

/// The plugins and the policies of the project that is here, for who asks about rules. What is wrong with the policies is said beside.
pub fn rules_here(ui: &mut Ui) -> Result<Result<(Plugins, Policies), Outcome>, Failed> {
    if let Ok(root) = project::find(&ui.global.project)
        && let Ok((mut opened, _, plugins)) = plugins_of(ui, &root)?
    {
        let mut sink = Sink::default();
        let policies = opened.policies(&plugins, &mut sink)?;
        let sources = opened.into_sources();
        write!(ui.err, "{}", Findings::of_files(&sink, &sources).render(FindingsFormat::Human)?)?;
        return Ok(Ok((plugins, policies)));
    }
    Ok(plugins_here(ui, true)?.map(|plugins| (plugins, Policies::default())))
}

/// Reads a project. `overlay`: texts that stand for those of files.
pub fn gather(ui: &Ui, asked: Asked, overlay: Overlay) -> Result<Inputs, Error> {
    helpers::call();
    let root = project::find(&ui.global.project)?;
    let mut sink = Sink::default();
    let mut opened = project::open_over(root.clone(), overlay, &mut sink)?;
    let engine = engine()?;
    let lock = opened.lock(&mut sink)?;
    let allowed = match &lock {
        Some(lock) => Plugins::load(&engine, &root, &opened.components(), &lock.plugins, &mut sink)?,
        None => None,
    };
    let (Some(lock), Some(plugins)) = (lock, allowed) else {
        // What the files mean depends on plugins that may not be asked.
        let plugins = Arc::new(Plugins::with(&engine, &root, Vec::new())?);
        return Ok(Inputs { root, plugins, policies: Policies::default(), project: Err(opened.into_sources()), sink });
    };
    // Where a manifest is new its plugins will be asked, and what that takes is a good part of a short run.
    let plugins = Arc::new(plugins);
    let prepares = Cell::new(false);
    let prepare = |takes_part: project::Which<'_>| {
        if !prepares.replace(true) {
            let mut wanted: Vec<&Plugin> = plugins.all.iter().filter(|plugin| takes_part(plugin)).collect();
            wanted.sort_by_key(|plugin| std::cmp::Reverse(plugin.descriptor.reads.len()));
            for callee in wanted.into_iter().map(Plugin::callee) {
                helpers::ask(move || callee.prepare());
            }
            // What steps and checks must be is long, and asked for in every render.
            let plugins = Arc::clone(&plugins);
            helpers::ask(move || {
                for slot in [slots::STEP, slots::CHECK] {
                    let _ = plugins.slots[slot].schema.value();
                }
            });
        }
    };
    let policies = opened.policies(&plugins, &mut sink)?;
    let loaded = project::load_telling(opened, &plugins, &mut sink, &prepare);
    let mut project = loaded?.map(|project| (project, lock));
    let rules = Rules::of(&plugins, &policies);
    asked.selection.hold_against(&rules)?;
    if let Ok((project, _)) = &mut project {
        let baseline = match &asked.known {
            KnownBefore::Nothing => Baseline::default(),
            KnownBefore::These(entries) => Baseline::of(entries),
            KnownBefore::File => Baseline::read(&root, &mut project.sources, &mut sink)?,
        };
        let control = Control::of(project, &rules, baseline, asked, &mut sink);
        sink.under(control);
    }
    Ok(Inputs { root, plugins, policies, project, sink })
}

/// Goes through the stages up to the judge. `written`: see [`render`].
pub fn judged<'a>(
    project: &'a Project,
    plugins: &'a Plugins,
    policies: &Policies,
    lock: Lock,
    written: bool,
    sink: &mut Sink,
) -> Judged<'a> {
    let composition = compose(project, plugins, lock, sink);
    let subjects = Subjects::of(&composition, sink);
    let ahead = render::ahead(&composition, &subjects);
    let checked = check(composition, &subjects, sink);
    // Policies may see what is rendered, also what is known from the last run.
    let deployment = render(checked, ahead, written || policies.look_at_what_is_rendered(), sink);
    let judged = judge(deployment, policies, sink);
    sink.settle();
    judged
}

/// A machine that is asked for by name is one of the project's.
pub fn known_machine(project: &Project, machine: Option<&str>) -> Result<(), Error> {
    let Some(machine) = machine.filter(|asked| !project.machines.iter().any(|known| known == asked)) else { return Ok(()) };
    let known = project.machines.join(", ");
    Err(Error::Usage(format!("there is no machine `{machine}` in rick.toml; the machines are {known}")))
}

/// What the problems amount to.
pub fn outcome(sink: &Sink) -> Outcome {
    if sink.has_failures() {
        Outcome::CouldNotRun
    } else if sink.has_errors() {
        Outcome::Problems
    } else {
        Outcome::Clean
    }
}

impl Inputs {
    /// At the end of a command. What is kept between runs is written down; the rest the process takes with it: to take it apart piece by
    /// piece is a good part of a short run.
    pub fn leave(self) {
        self.keep();
        std::mem::forget(self);
    }

    fn keep(&self) {
        self.plugins.answers.keep();
        self.plugins.verdicts.keep();
    }

    /// The texts of what was read.
    pub fn sources(&self) -> &Sources {
        match &self.project {
            Ok((project, _)) => &project.sources,
            Err(sources) => sources,
        }
    }

    /// What was found, for a report.
    pub fn findings(&self) -> Findings<'_> {
        Findings::of(self)
    }
}

impl Drop for Inputs {
    /// A helper that was not needed may still hold the plugins when the process ends.
    fn drop(&mut self) {
        self.keep();
    }
}

/// Prints what was found for a person beside the real answer of a command, and says what it amounts to.
pub fn print_problems(ui: &mut Ui, inputs: &Inputs) -> Result<Outcome, Failed> {
    let findings = inputs.findings();
    write!(ui.err, "{}", findings.render(FindingsFormat::Human)?)?;
    if let Some(count) = findings.count()
        && !ui.global.quiet
    {
        writeln!(ui.err, "{count}")?;
    }
    Ok(outcome(&inputs.sink))
}
