//! A line for each finding: `services/wiki.toml:3:1: error[PG011]: …`, as editors and `grep` take it.

use super::Findings;
use crate::diagnostic::{Diagnostic, Standing};
use crate::source::Sources;

/// All that is shown, a line each.
pub fn render(findings: &Findings<'_>) -> String {
    let mut text = String::new();
    for finding in findings.shown() {
        text.push_str(&line(&finding.diagnostic, findings.sources));
        match &finding.diagnostic.standing {
            Standing::Reported => {}
            Standing::Waived { reason, expires, .. } => text.push_str(&format!(" (waived until {expires}: {reason})")),
            Standing::Known => text.push_str(" (known from before)"),
        }
        text.push('\n');
    }
    text
}

/// One diagnostic on one line.
pub fn line(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let place = diagnostic.primary.as_ref().map(|label| {
        let position = sources.position(label.span.source, label.span.bytes.start);
        format!("{}:{}:{}: ", sources.path(label.span.source), position.line, position.column)
    });
    let Diagnostic { severity, code, message, .. } = diagnostic;
    format!("{}{}[{code}]: {}", place.unwrap_or_default(), severity.name(), message.replace('\n', " "))
}
