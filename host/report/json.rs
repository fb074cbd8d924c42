//! Findings for programs: one document, `docs/reference/diagnostics-json.md`.

use serde_json::{Value, json};

use super::{Finding, Findings};
use crate::diagnostic::{Fix, Label, Severity, Standing};
use crate::source::{SourceId, Sources};

/// All that is shown as one JSON document with a newline at its end. Version 1.
pub fn render(findings: &Findings<'_>) -> String {
    serde_json::to_string_pretty(&document(findings)).unwrap_or_default() + "\n"
}

/// The document, for commands that add to it.
pub fn document(findings: &Findings<'_>) -> Value {
    let reported = |wanted: Severity| {
        let all = findings.all.iter().map(|finding| &finding.diagnostic);
        all.filter(|diagnostic| diagnostic.is_reported() && diagnostic.severity == wanted).count()
    };
    let standing = |known: bool| {
        let all = findings.all.iter().filter(|finding| !finding.diagnostic.is_reported());
        all.filter(|finding| (finding.diagnostic.standing == Standing::Known) == known).count()
    };
    let listed: Vec<Value> = findings.shown().map(|finding| entry(finding, findings.sources)).collect();
    json!({
        "version": 1,
        "diagnostics": listed,
        "summary": {
            "errors": reported(Severity::Error),
            "warnings": reported(Severity::Warning),
            "infos": reported(Severity::Info),
            "hints": reported(Severity::Hint),
            "waived": standing(false),
            "known": standing(true),
        },
    })
}

fn entry(finding: &Finding, sources: &Sources) -> Value {
    let Finding { diagnostic, of, at, fingerprint } = finding;
    json!({
        "code": diagnostic.code,
        "severity": diagnostic.severity.name(),
        "message": diagnostic.message,
        "location": diagnostic.primary.as_ref().map(|label| location(label, sources)),
        "related": diagnostic.related.iter().map(|label| location(label, sources)).collect::<Vec<_>>(),
        "notes": diagnostic.notes,
        "help": diagnostic.help,
        "fixes": diagnostic.fixes.iter().filter_map(|fix| fix_value(fix, sources)).collect::<Vec<_>>(),
        "plugin": diagnostic.plugin,
        "of": of,
        "at": at,
        "fingerprint": fingerprint,
        "standing": match &diagnostic.standing {
            Standing::Reported => json!({ "kind": "reported" }),
            Standing::Waived { reason, expires, place } => {
                json!({ "kind": "waived", "reason": reason, "expires": expires, "by": sources.line_of(place) })
            }
            Standing::Known => json!({ "kind": "known" }),
        },
        "more": diagnostic.more,
    })
}

fn fix_value(fix: &Fix, sources: &Sources) -> Option<Value> {
    let edits = fix.replacements(sources)?.into_iter().map(|replacement| {
        json!({
            "path": sources.path(replacement.source),
            "start": position(sources, replacement.source, replacement.bytes.start),
            "end": position(sources, replacement.source, replacement.bytes.end),
            "text": replacement.text,
        })
    });
    Some(json!({ "title": fix.title, "safe": fix.safe, "edits": edits.collect::<Vec<_>>() }))
}

fn position(sources: &Sources, source: SourceId, byte: usize) -> Value {
    let position = sources.position(source, byte);
    json!({ "line": position.line, "column": position.column, "byte": byte })
}

fn location(label: &Label, sources: &Sources) -> Value {
    let source = label.span.source;
    json!({
        "path": sources.path(source),
        "start": position(sources, source, label.span.bytes.start),
        "end": position(sources, source, label.span.bytes.end),
        "message": label.message,
    })
}
