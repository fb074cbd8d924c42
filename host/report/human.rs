//! Diagnostics for people: the place, both sides of a quarrel, and the way out.

use std::collections::BTreeSet;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::Findings;
use crate::diagnostic::{Diagnostic, Label, Severity, Standing};
use crate::source::{SourceId, Sources};

/// All that is shown, each followed by an empty line. With ANSI styles; whoever prints strips them where they do not belong. Why a rule is
/// there, and where to read more, is said with the first that it found.
pub fn render(findings: &Findings<'_>) -> String {
    let renderer = Renderer::styled();
    let mut explained = BTreeSet::new();
    let mut text = String::new();
    for finding in findings.shown() {
        let diagnostic = &finding.diagnostic;
        let first = explained.insert(diagnostic.code.as_str());
        let rule = findings.rules.as_ref().filter(|_| first).and_then(|rules| rules.find(&diagnostic.code));
        let said = Said {
            why: rule
                .as_ref()
                .map(|rule| rule.why.split_whitespace().collect::<Vec<_>>().join(" "))
                .filter(|why| !why.is_empty()),
            fix: fix(diagnostic, findings.sources),
            more: rule.map(|rule| format!("rick explain {}", rule.code)),
            standing: match &diagnostic.standing {
                Standing::Reported => None,
                Standing::Waived { reason, expires, .. } => Some(format!("until {expires}: {reason}")),
                Standing::Known => Some("it was there when the baseline was written".to_owned()),
            },
        };
        let texts = Texts::of(diagnostic, findings.sources);
        text.push_str(&renderer.render(&[group(diagnostic, &said, &texts)]));
        text.push_str("\n\n");
    }
    text
}

/// What is said below the places.
struct Said {
    why: Option<String>,
    fix: Option<String>,
    more: Option<String>,
    standing: Option<String>,
}

/// The first way to mend it that can be gone, and the command that goes it.
fn fix(diagnostic: &Diagnostic, sources: &Sources) -> Option<String> {
    let fix = diagnostic.fixes.iter().find(|fix| fix.replacements(sources).is_some())?;
    Some(format!("{} (`rick lint {}`)", fix.title, if fix.safe { "--fix" } else { "--unsafe-fixes" }))
}

/// The texts that a diagnostic shows, without what it hides.
struct Texts<'a> {
    sources: &'a Sources,
    hidden: Option<(SourceId, String)>,
}

impl<'a> Texts<'a> {
    fn of(diagnostic: &Diagnostic, sources: &'a Sources) -> Self {
        let label = diagnostic.primary.as_ref().filter(|_| diagnostic.hides);
        let hidden = label.map(|Label { span, .. }| {
            let text = &sources.get(span.source).text;
            let bytes = span.bytes.clone();
            // As many bytes as there were, so that every place stays where it is; the ends of lines stay ends.
            let stars = text[bytes.clone()]
                .bytes()
                .map(|byte| if byte == b'\n' || byte == b'"' || byte == b'\'' { char::from(byte) } else { '*' });
            (span.source, format!("{}{}{}", &text[..bytes.start], stars.collect::<String>(), &text[bytes.end..]))
        });
        Self { sources, hidden }
    }

    fn text(&self, id: SourceId) -> &str {
        match &self.hidden {
            Some((hidden, text)) if *hidden == id => text,
            _ => &self.sources.get(id).text,
        }
    }
}

fn group<'a>(diagnostic: &'a Diagnostic, said: &'a Said, texts: &'a Texts<'a>) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
        Severity::Hint => Level::HELP.with_name("hint"),
    };
    let mut group = level.primary_title(&diagnostic.message).id(&diagnostic.code).elements(snippets(diagnostic, texts));
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(note));
    }
    let standing = if diagnostic.standing == Standing::Known { "known" } else { "waived" };
    let lines =
        [("why", &said.why), ("help", &diagnostic.help), ("fix", &said.fix), (standing, &said.standing), ("more", &said.more)];
    for (name, text) in lines {
        if let Some(text) = text {
            group = group.element(Level::NOTE.with_name(name).message(text));
        }
    }
    group
}

/// One snippet for each text: the one with the first place first.
fn snippets<'a>(diagnostic: &'a Diagnostic, texts: &'a Texts<'a>) -> Vec<Snippet<'a, annotate_snippets::Annotation<'a>>> {
    let labels: Vec<(&Label, AnnotationKind)> = diagnostic
        .primary
        .iter()
        .map(|label| (label, AnnotationKind::Primary))
        .chain(diagnostic.related.iter().map(|label| (label, AnnotationKind::Context)))
        .collect();
    let mut order: Vec<SourceId> = Vec::new();
    for (label, _) in &labels {
        if !order.contains(&label.span.source) {
            order.push(label.span.source);
        }
    }
    order
        .into_iter()
        .map(|id| {
            let annotations = labels.iter().filter(|(label, _)| label.span.source == id).map(|(label, kind)| {
                let annotation = kind.span(label.span.bytes.clone());
                if label.message.is_empty() { annotation } else { annotation.label(&label.message) }
            });
            Snippet::source(texts.text(id)).path(texts.sources.path(id).as_str()).annotations(annotations)
        })
        .collect()
}
