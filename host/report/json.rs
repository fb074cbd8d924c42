//! Diagnostics for programs: one document, `docs/reference/diagnostics-json.md`.

use serde_json::{Value, json};

use crate::diagnostic::{Diagnostic, Label, Severity};
use crate::source::Sources;

/// All diagnostics as one JSON document with a newline at its end. Version 1.
pub fn render(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    serde_json::to_string_pretty(&document(diagnostics, sources)).unwrap_or_default() + "\n"
}

/// The document, for commands that add to it.
pub fn document(diagnostics: &[Diagnostic], sources: &Sources) -> Value {
    let count = |severity| diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
    let listed: Vec<Value> = diagnostics.iter().map(|diagnostic| entry(diagnostic, sources)).collect();
    json!({
        "version": 1,
        "diagnostics": listed,
        "summary": { "errors": count(Severity::Error), "warnings": count(Severity::Warning) },
    })
}

fn entry(diagnostic: &Diagnostic, sources: &Sources) -> Value {
    json!({
        "code": diagnostic.code,
        "severity": diagnostic.severity.name(),
        "message": diagnostic.message,
        "location": diagnostic.primary.as_ref().map(|label| location(label, sources)),
        "related": diagnostic.related.iter().map(|label| location(label, sources)).collect::<Vec<_>>(),
        "notes": diagnostic.notes,
        "help": diagnostic.help,
        "plugin": diagnostic.plugin,
        "more": diagnostic.more,
    })
}

fn location(label: &Label, sources: &Sources) -> Value {
    let position = |byte: usize| {
        let position = sources.position(label.span.source, byte);
        json!({ "line": position.line, "column": position.column, "byte": byte })
    };
    json!({
        "path": sources.path(label.span.source),
        "start": position(label.span.bytes.start),
        "end": position(label.span.bytes.end),
        "message": label.message,
    })
}
