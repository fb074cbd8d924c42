//! `rick plugin …`: one file for each.

mod add;
mod bring;
mod build;
mod fetch;
mod inspect;
mod list;
mod new;
mod precompile;
mod push;
mod remove;
mod test;
mod update;

use crate::cli::{Failed, Outcome, Ui};

/// Writes, tries, adds and tells about plugins.
#[derive(Debug, clap::Subcommand)]
pub enum Plugin {
    /// Lists the plugins of the project, or those built in where there is no project.
    List(list::List),
    /// Shows what a plugin is and does, before anything of it is used.
    Inspect(inspect::Inspect),
    /// Adds a plugin to the project, once you allowed what it does.
    Add(add::Add),
    /// Takes the newest of a plugin; what it wants beyond what you allowed is asked for.
    Update(update::Update),
    /// Takes a plugin out of the project.
    Remove(remove::Remove),
    /// Gets the plugins that rick.lock pins and that are not there.
    Fetch(fetch::Fetch),
    /// Publishes a plugin in an OCI registry.
    Push(push::Push),
    /// Writes a plugin to begin with, in a language of your choice.
    New(new::New),
    /// Builds a plugin's component.
    Build(build::Build),
    /// The first stage of a release: compiles the built-in plugins for the second.
    #[command(hide = true)]
    Precompile(precompile::Precompile),
    /// Tries a plugin: its cases, the examples of its rules, and whether it is a pure function.
    Test(test::Test),
}

impl Plugin {
    /// Carries it out.
    pub fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        match self {
            Plugin::List(list) => list.run(ui),
            Plugin::Inspect(inspect) => inspect.run(ui),
            Plugin::Add(add) => add.run(ui),
            Plugin::Update(update) => update.run(ui),
            Plugin::Remove(remove) => remove.run(ui),
            Plugin::Fetch(fetch) => fetch.run(ui),
            Plugin::Push(push) => push.run(ui),
            Plugin::New(new) => new.run(ui),
            Plugin::Build(build) => build.run(ui),
            Plugin::Precompile(precompile) => precompile.run(),
            Plugin::Test(test) => test.run(ui),
        }
    }
}
