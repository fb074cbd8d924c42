//! A code quality report of GitLab: <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>

use serde_json::{Value, json};

use super::Findings;
use crate::diagnostic::Severity;

/// What is reported, as one JSON array with a newline at its end.
pub fn render(findings: &Findings<'_>) -> String {
    let reported = findings.all.iter().filter(|finding| finding.diagnostic.is_reported());
    let listed: Vec<Value> = reported
        .map(|finding| {
            let diagnostic = &finding.diagnostic;
            let severity = match diagnostic.severity {
                _ if diagnostic.failure => "blocker",
                Severity::Error => "critical",
                Severity::Warning => "major",
                Severity::Info => "minor",
                Severity::Hint => "info",
            };
            // A report without a place is refused; what has none is about the project.
            let (path, begin, end) = match &diagnostic.primary {
                Some(label) => {
                    let line = |byte: usize| findings.sources.position(label.span.source, byte).line;
                    (findings.sources.path(label.span.source).as_str(), line(label.span.bytes.start), line(label.span.bytes.end))
                }
                None => (crate::project::FILE, 1, 1),
            };
            let help = diagnostic.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
            json!({
                "description": format!("{}{help}", diagnostic.message),
                "check_name": diagnostic.code,
                "fingerprint": finding.fingerprint,
                "severity": severity,
                "location": { "path": findings.in_repository(path.into()), "lines": { "begin": begin, "end": end } },
            })
        })
        .collect();
    format!("{:#}\n", Value::from(listed))
}
