//! A value that no line of a unit can hold as it is.

use rick_plugin_sdk::{Diagnostic, Diagnostics, Place, Rule, ServiceCall, Severity, error, slots};

use crate::Quadlet;

pub const RULE: Rule = Rule {
    code: "QD055",
    name: "unwritable-value",
    severity: Severity::Error,
    waivable: false,
    what: "a value with a line break, with a space or a double quote at its ends, or with a backslash at its end; a mounted path \
           with a colon",
    why: "A unit file is read line by line: the rest of the value would be a line of its own, or the next line a part of it.",
    example: "[quadlet.pod_keys]\nAddHost = \"db:10.0.0.1\\nPrivileged=true\"\n",
    use_instead: "[quadlet.pod_keys]\nAddHost = \"db:10.0.0.1\"\n",
    source: "systemd.syntax(7); podman: pkg/systemd/parser/unitfile.go",
};

/// The problem, where rendering came upon it.
pub fn found(key: &str, misfit: &str, place: Place) -> Diagnostic {
    error(RULE.code, format!("the value of `{key}` {misfit}"), place).help("leave that out of the value")
}

/// `Volume=` has colons between its fields and no way to write one in a path.
pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    let mounts = call.reads.of::<slots::Mount>().into_iter().map(|mount| (mount.value.source, mount.key, mount.place));
    let volumes = call.reads.of::<slots::Volume>().into_iter();
    let volumes = volumes.filter_map(|volume| Some((volume.value.source, volume.value.path?, volume.place)));
    for (source, path, place) in mounts.chain(volumes) {
        if let Some(path) = [source, path].into_iter().find(|path| path.contains(':')) {
            let message = format!("the path `{path}` holds a colon, which podman takes for its end");
            out.push(error(RULE.code, message, place).help("mount the directory above it, or rename it"));
        }
    }
}
