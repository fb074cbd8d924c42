//! `[[file]]`: the service's own configuration files, read from the project's folder.

use std::fs;

use camino::{Utf8Component, Utf8Path};
use serde_json::Value;

use super::Manifest;
use crate::diagnostic::{Diagnostic, Sink};
use crate::source::{SourceId, Sources, Span};

/// One `[[file]]` of a manifest, read.
pub struct File {
    /// Where the manifest says it.
    pub place: Span,
    /// Its text, as it is in the project.
    pub source: SourceId,
    /// Where the service finds it, inside.
    pub path: String,
    /// Where it is on the machine.
    pub target: String,
    /// It is rendered rather than copied.
    pub template: bool,
    /// Its permission bits on the machine.
    pub mode: u32,
    /// The parts that see it; empty: those that run the service's own image.
    pub parts: Vec<String>,
}

/// Reads what `[[file]]` names. A path that leaves the project, or a file that is not there, is an error at its line.
pub fn read(root: &Utf8Path, manifest: &Manifest, sources: &mut Sources, sink: &mut Sink) -> Vec<File> {
    let mut files: Vec<File> = Vec::new();
    let Some(entries) = manifest.document.value.get("file").and_then(Value::as_array) else { return files };
    for (index, entry) in entries.iter().enumerate() {
        let text = |key: &str| entry.get(key).and_then(Value::as_str);
        let index = index.to_string();
        let place = |key: &str| manifest.document.node.nearest(["file", &index, key]).0.value.clone();
        let (Some(named), Some(path)) = (text("source"), text("path")) else { continue };
        let inside = Utf8Path::new(named).components().all(|component| matches!(component, Utf8Component::Normal(_)));
        if !inside {
            let message = format!("`{named}` is not below the project's folder");
            sink.push_for(
                &manifest.name,
                Diagnostic::error("file", message, place("source")).help("name it from there: `files/app.conf`"),
            );
            continue;
        }
        let content = match fs::read(root.join(named)).map(String::from_utf8) {
            Ok(Ok(content)) => content,
            Ok(Err(_)) => {
                let diagnostic = Diagnostic::error("file", format!("`{named}` is not UTF-8 text"), place("source"));
                sink.push_for(&manifest.name, diagnostic.help("rick carries configuration; data belongs in a volume"));
                continue;
            }
            Err(error) => {
                sink.push_for(
                    &manifest.name,
                    Diagnostic::error("file", format!("`{named}` cannot be read: {error}"), place("source")),
                );
                continue;
            }
        };
        if let Some(other) = files.iter().find(|other| other.path == path) {
            let diagnostic =
                Diagnostic::error("file", format!("two files are put at `{path}`"), place("path")).label("the second");
            sink.push_for(&manifest.name, diagnostic.related("the first", other.place.clone()));
            continue;
        }
        if Utf8Path::new(path).components().any(|component| matches!(component, Utf8Component::ParentDir | Utf8Component::CurDir))
        {
            sink.push_for(&manifest.name, Diagnostic::error("file", format!("`{path}` has `..` in it"), place("path")));
            continue;
        }
        let starts_as_root = manifest.service().pointer("/user/starts_as_root").and_then(Value::as_bool).unwrap_or(false);
        // An entrypoint that starts as root is, outside, neither root nor the service: it reads what all may read. On the
        // machine nobody gets as far as the file, since its folder is closed.
        let default = if starts_as_root { 0o644 } else { 0o640 };
        files.push(File {
            place: place("source"),
            source: sources.add(named, content),
            path: path.to_owned(),
            target: format!("/etc/rick/{}/files{path}", manifest.name),
            template: entry.get("template").and_then(Value::as_bool).unwrap_or(named.ends_with(".j2")),
            mode: text("mode").and_then(|mode| u32::from_str_radix(mode, 8).ok()).unwrap_or(default),
            parts: entry
                .get("parts")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
        });
    }
    files
}
