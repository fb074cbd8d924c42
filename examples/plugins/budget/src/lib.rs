//! The plugin `budget`, which only judges: whether the containers of a machine may take more memory than it has. A policy too large for an
//! expression, since sizes have units, and since podman before 5.6 is told of a limit by an argument.

mod rules;
mod size;

use rick_plugin_sdk::bindings::rick::plugin::types::{File, Span};
use rick_plugin_sdk::{Descriptor, Diagnostics, Empty, MachineCall, Place, Plugin};
use schemars::JsonSchema;
use serde::Deserialize;

/// The plugin.
pub struct Budget;

/// `[machines.<machine>.budget]`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// How much memory containers may be promised there: `12g`. Without it, nothing is asked.
    #[schemars(regex(pattern = r"^[0-9]+[bkmgBKMG]?$"), extend("x-form" = "a size such as 512m or 16g"))]
    pub memory: Option<String>,
}

/// A container, with the limit that it has.
pub struct Container<'a> {
    /// "wiki.container"
    pub name: &'a str,
    /// In bytes; nothing where it may take all.
    pub limit: Option<u64>,
    /// The line that says so, or the first one.
    pub place: Place,
}

impl Plugin for Budget {
    type Table = Empty;
    type Settings = Empty;
    type Facts = Facts;

    fn describe() -> Descriptor {
        let summary = "whether the containers of a machine fit into its memory";
        Descriptor::new::<Self>("budget", env!("CARGO_PKG_VERSION"), summary)
            .judges("/etc/containers/systemd/users/**/*.container")
            .answers(&["check-files"])
            .rules(rules::ALL)
    }

    fn check_files(call: &MachineCall<Self>, files: &[File], out: &mut Diagnostics) {
        let Some(memory) = call.facts.memory.as_deref().and_then(size::bytes) else { return };
        let containers: Vec<Container<'_>> =
            files.iter().enumerate().filter(|(_, file)| file.judge).map(|(index, file)| container(index, file)).collect();
        rules::no_limit::check(&containers, out);
        rules::over_budget::check(&containers, memory, out);
    }
}

fn container(index: usize, file: &File) -> Container<'_> {
    let name = file.path.rsplit('/').next().unwrap_or(&file.path);
    let mut start = 0;
    for line in file.text.split_inclusive('\n') {
        if let Some(limit) = limit(line.trim_end()) {
            return Container { name, limit: Some(limit), place: place(index, start, line.trim_end().len()) };
        }
        start += line.len();
    }
    let first = file.text.lines().next().map_or(0, str::len);
    Container { name, limit: None, place: place(index, 0, first) }
}

/// `Memory=512m`, or what rick writes for a podman that does not have that key: `PodmanArgs=--memory=512m`.
fn limit(line: &str) -> Option<u64> {
    let said = line.strip_prefix("Memory=").or_else(|| {
        let arguments = line.strip_prefix("PodmanArgs=")?;
        let (_, said) = arguments.split_once("--memory").filter(|(before, _)| before.is_empty() || before.ends_with(' '))?;
        said.strip_prefix(['=', ' '])?.split(' ').next()
    })?;
    size::bytes(said.trim())
}

fn place(file: usize, start: usize, length: usize) -> Place {
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Place::Text(Span { file: number(file), start: number(start), end: number(start + length) })
}

rick_plugin_sdk::export!(Budget);

#[cfg(test)]
mod tests {
    use super::limit;

    #[test]
    fn limits_are_read_in_both_forms() {
        assert_eq!(limit("Memory=512m"), Some(512 << 20));
        assert_eq!(limit("PodmanArgs=--memory=2g"), Some(2 << 30));
        assert_eq!(limit("PodmanArgs=--cpus 2 --memory 100k"), Some(100 << 10));
        assert_eq!(limit("PodmanArgs=--memory-swap=2g"), None);
        assert_eq!(limit("Image=x"), None);
    }
}
