//! `rick plugin list`

use serde_json::{Value, json};

use crate::cli::{Failed, FormatArgument, Outcome, Ui};
use crate::plugin::{Descriptor, Plugin};
use crate::plugins::BUILT_IN;
use crate::report::Format;
use crate::report::plugin::json as described;
use crate::verbs::plugins_here;

/// Lists plugins.
#[derive(Debug, clap::Args)]
pub struct List {
    #[command(flatten)]
    format: FormatArgument,
}

impl List {
    /// Carries it out.
    pub fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        let plugins = match plugins_here(ui, false)? {
            Ok(plugins) => plugins,
            Err(outcome) => return Ok(outcome),
        };
        if self.format.format == Format::Json {
            let listed: Vec<Value> =
                plugins.all.iter().map(|plugin| described(plugin, &plugin.from, &plugin.digest, plugin.bytes().len())).collect();
            writeln!(ui.out, "{:#}", json!({ "version": 1, "plugins": listed }))?;
            return Ok(Outcome::Clean);
        }
        let origin = |plugin: &Plugin| if plugin.from.ends_with(BUILT_IN) { "built in".to_owned() } else { plugin.from.clone() };
        let widest = plugins.all.iter().map(|plugin| origin(plugin).len()).max().unwrap_or(0);
        for plugin in &plugins.all {
            let Descriptor { name, version, summary, .. } = &plugin.descriptor;
            writeln!(ui.out, "{name:<10} {version:<8} {:<widest$} {summary}", origin(plugin))?;
        }
        Ok(Outcome::Clean)
    }
}
