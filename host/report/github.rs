//! Annotations of GitHub Actions: a command on a line of its own for each finding.
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>

use super::Findings;
use crate::diagnostic::Severity;

/// What is reported, an annotation each.
pub fn render(findings: &Findings<'_>) -> String {
    let mut text = String::new();
    for finding in findings.all.iter().filter(|finding| finding.diagnostic.is_reported()) {
        let diagnostic = &finding.diagnostic;
        let command = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info | Severity::Hint => "notice",
        };
        let mut properties = Vec::new();
        if let Some(label) = &diagnostic.primary {
            let position = |byte: usize| findings.sources.position(label.span.source, byte);
            let (start, end) = (position(label.span.bytes.start), position(label.span.bytes.end));
            properties.push(format!("file={}", property(&findings.in_repository(findings.sources.path(label.span.source)))));
            properties.push(format!("line={},endLine={}", start.line, end.line));
            // Columns of two lines say nothing to it.
            if start.line == end.line {
                properties.push(format!("col={},endColumn={}", start.column, end.column));
            }
        }
        properties.push(format!("title={}", property(&diagnostic.code)));
        let help = diagnostic.help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
        text.push_str(&format!("::{command} {}::{}\n", properties.join(","), data(&format!("{}{help}", diagnostic.message))));
    }
    text
}

/// <https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts>, `escapeData`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The same file, `escapeProperty`.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
