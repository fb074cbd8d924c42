//! `rick plugin list`

use serde_json::{Value, json};

use crate::cli::{Failed, FormatArgument, Outcome, Ui};
use crate::diagnostic::Sink;
use crate::error::Error;
use crate::plugins::Plugins;
use crate::project;
use crate::report::Format;
use crate::verbs::{engine, outcome, print_problems};

/// Tells about plugins.
#[derive(Debug, clap::Subcommand)]
pub enum Plugin {
    /// Lists the plugins of the project, or those built in where there is no project.
    List(List),
}

/// Lists plugins.
#[derive(Debug, clap::Args)]
pub struct List {
    #[command(flatten)]
    format: FormatArgument,
}

impl Plugin {
    /// Carries it out.
    pub fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        let Plugin::List(list) = self;
        let plugins = match project::find(&ui.global.project) {
            Ok(root) => {
                let mut sink = Sink::default();
                let opened = project::open(root.clone(), &mut sink)?;
                // Which plugins there are is said in a file that cannot be read.
                if sink.has_errors() {
                    let diagnostics = print_problems(ui, &sink, &opened.into_sources(), Format::Human, false)?;
                    return Ok(outcome(&diagnostics, &sink));
                }
                Plugins::load(&engine()?, &root, &opened.components())?
            }
            Err(Error::NoProject(root)) => Plugins::load(&engine()?, &root, &[])?,
            Err(error) => return Err(error.into()),
        };
        if list.format.format == Format::Json {
            let listed: Vec<Value> = plugins
                .all
                .iter()
                .map(|plugin| {
                    let descriptor = &plugin.descriptor;
                    json!({
                        "name": descriptor.name, "version": descriptor.version, "summary": descriptor.summary,
                        "table": descriptor.table, "always": descriptor.always, "from": plugin.from, "sha256": plugin.digest,
                        "owns": descriptor.owns.iter().map(|slot| &slot.name).collect::<Vec<_>>(),
                        "contributes": descriptor.writes_slots, "writes": descriptor.writes,
                        "reads": descriptor.reads.iter().map(|read| &read.slot).collect::<Vec<_>>(),
                        "rules": descriptor.rules.iter().map(|rule| &rule.code).collect::<Vec<_>>(),
                    })
                })
                .collect();
            writeln!(
                ui.out,
                "{}",
                serde_json::to_string_pretty(&json!({ "version": 1, "plugins": listed })).unwrap_or_default()
            )?;
            return Ok(Outcome::Clean);
        }
        for plugin in &plugins.all {
            let descriptor = &plugin.descriptor;
            let origin = if plugin.from.ends_with("(built in)") { "built in" } else { &plugin.from };
            writeln!(ui.out, "{:<10} {:<8} {:<10} {}", descriptor.name, descriptor.version, origin, descriptor.summary)?;
        }
        Ok(Outcome::Clean)
    }
}
