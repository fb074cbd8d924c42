//! SARIF 2.1.0, as code scanning takes it: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>. Each plugin is an extension
//! of the tool with its own rules; what is waived, or known from before, is there as suppressed, where it is asked for.

use camino::Utf8Path;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::{Finding, Findings};
use crate::diagnostic::{Fix, Label, Severity, Standing};
use crate::project;
use crate::rules::{Rule, own};
use crate::source::{SourceId, Span};

/// The characters of a path that may stand in a URI as they are: <https://www.rfc-editor.org/rfc/rfc3986#section-2.3>.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The name of what a finding goes by, with its version: another way to make it is another name.
const FINGERPRINT: &str = "rickFinding/v1";

/// The document, with a newline at its end.
pub fn render(findings: &Findings<'_>) -> String {
    let rules = findings.rules.as_ref().map(crate::rules::Rules::all).unwrap_or_default();
    let mut plugins: Vec<&str> = rules.iter().map(|rule| rule.plugin.as_str()).collect();
    plugins.sort_unstable();
    plugins.dedup();
    let tool = Tool { rules: &rules, plugins };
    // What is suppressed is an open alert to some who read this, so that it is here only where it is asked for.
    let results: Vec<Value> = findings.shown().map(|finding| tool.result(finding, findings)).collect();
    let failed = findings.all.iter().any(|finding| finding.diagnostic.failure);
    let document = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": tool.json(),
            "columnKind": "unicodeCodePoints",
            "invocations": [{ "executionSuccessful": !failed }],
            "results": results,
        }],
    });
    format!("{document:#}\n")
}

struct Tool<'a> {
    rules: &'a [Rule],
    /// In order, "postgres 0.1.0".
    plugins: Vec<&'a str>,
}

impl Tool<'_> {
    fn json(&self) -> Value {
        let own: Vec<Value> = own::ALL
            .iter()
            .map(|own| {
                json!({
                    "id": own.code,
                    "shortDescription": { "text": own.what },
                    "help": { "text": own.act },
                    "defaultConfiguration": { "level": level(own.severity) },
                })
            })
            .collect();
        let extensions: Vec<Value> = self
            .plugins
            .iter()
            .map(|plugin| {
                let rules: Vec<Value> = self.of(plugin).map(descriptor).collect();
                // A file with policies, and a pack, has no version of its own.
                let is_policy = self.of(plugin).any(|rule| rule.is_policy);
                match plugin.rsplit_once(' ').filter(|_| !is_policy) {
                    Some((name, version)) => json!({ "name": name, "version": version, "rules": rules }),
                    None => json!({ "name": plugin, "rules": rules }),
                }
            })
            .collect();
        json!({
            "driver": { "name": "rick", "semanticVersion": env!("CARGO_PKG_VERSION"), "rules": own },
            "extensions": extensions,
        })
    }

    fn of<'a>(&'a self, plugin: &'a str) -> impl Iterator<Item = &'a Rule> {
        self.rules.iter().filter(move |rule| rule.plugin == plugin)
    }

    /// Where the rule of a code is.
    fn reference(&self, code: &str) -> Value {
        let component = self.rules.iter().find(|rule| rule.code == code).and_then(|rule| {
            let component = self.plugins.iter().position(|plugin| *plugin == rule.plugin)?;
            Some((component, self.of(&rule.plugin).position(|rule| rule.code == code)?))
        });
        match component {
            Some((component, index)) => json!({ "id": code, "index": index, "toolComponent": { "index": component } }),
            None => match own::ALL.iter().position(|own| own.code == code) {
                Some(index) => json!({ "id": code, "index": index }),
                None => json!({ "id": code }),
            },
        }
    }

    fn result(&self, finding: &Finding, findings: &Findings<'_>) -> Value {
        let diagnostic = &finding.diagnostic;
        let mut message = diagnostic.message.clone();
        for more in diagnostic.notes.iter().chain(&diagnostic.help) {
            message.push('\n');
            message.push_str(more);
        }
        let place = match &diagnostic.primary {
            Some(label) => location(findings, label, None),
            // What has no place is about the project; a result without one is refused.
            None => json!({ "physicalLocation": {
                "artifactLocation": { "uri": uri(findings, Utf8Path::new(project::FILE)) }, "region": { "startLine": 1 },
            } }),
        };
        let related: Vec<Value> =
            diagnostic.related.iter().enumerate().map(|(id, label)| location(findings, label, Some(id + 1))).collect();
        // Nothing here can say of a fix that somebody should look at it first.
        let safe = diagnostic.fixes.iter().filter(|fix| fix.safe);
        let fixes: Vec<Value> = safe.filter_map(|fix| fix_json(findings, fix)).collect();
        let mut result = Map::new();
        result.insert("ruleId".to_owned(), diagnostic.code.clone().into());
        result.insert("rule".to_owned(), self.reference(&diagnostic.code));
        result.insert("level".to_owned(), level(diagnostic.severity.name()).into());
        result.insert("message".to_owned(), json!({ "text": message }));
        result.insert("locations".to_owned(), json!([place]));
        result.insert("partialFingerprints".to_owned(), json!({ FINGERPRINT: finding.fingerprint }));
        if !related.is_empty() {
            result.insert("relatedLocations".to_owned(), related.into());
        }
        if !fixes.is_empty() {
            result.insert("fixes".to_owned(), fixes.into());
        }
        let suppression = match &diagnostic.standing {
            Standing::Reported => None,
            Standing::Waived { reason, expires, place } => Some(json!({
                "kind": "inSource",
                "status": "accepted",
                "justification": format!("{reason} (until {expires})"),
                "location": { "physicalLocation": physical(findings, place) },
            })),
            Standing::Known => Some(json!({
                "kind": "external", "status": "accepted", "justification": "it was there when the baseline was written",
            })),
        };
        // Where anything is suppressed, what is not says so.
        if findings.with_waived {
            result.insert("suppressions".to_owned(), suppression.into_iter().collect());
        }
        result.into()
    }
}

fn level(severity: &str) -> &'static str {
    match Severity::named(severity) {
        Some(Severity::Error) => "error",
        Some(Severity::Warning) => "warning",
        _ => "note",
    }
}

fn descriptor(rule: &Rule) -> Value {
    json!({
        "id": rule.code,
        "name": rule.name,
        "shortDescription": { "text": rule.what },
        "fullDescription": { "text": rule.why },
        "help": { "text": format!("{}\n\n{}", rule.what, rule.why), "markdown": crate::rules::page::markdown(rule) },
        "defaultConfiguration": { "level": level(rule.severity) },
    })
}

fn uri(findings: &Findings<'_>, path: &Utf8Path) -> String {
    utf8_percent_encode(&findings.in_repository(path), IN_PATH).to_string()
}

fn region(findings: &Findings<'_>, source: SourceId, bytes: std::ops::Range<usize>) -> Value {
    let (start, end) = (findings.sources.position(source, bytes.start), findings.sources.position(source, bytes.end));
    json!({ "startLine": start.line, "startColumn": start.column, "endLine": end.line, "endColumn": end.column })
}

fn physical(findings: &Findings<'_>, span: &Span) -> Value {
    json!({
        "artifactLocation": { "uri": uri(findings, findings.sources.path(span.source)) },
        "region": region(findings, span.source, span.bytes.clone()),
    })
}

fn location(findings: &Findings<'_>, label: &Label, id: Option<usize>) -> Value {
    let mut location = json!({ "physicalLocation": physical(findings, &label.span) });
    if let Some(id) = id {
        location["id"] = id.into();
    }
    if !label.message.is_empty() {
        location["message"] = json!({ "text": label.message });
    }
    location
}

fn fix_json(findings: &Findings<'_>, fix: &Fix) -> Option<Value> {
    let changes = fix.replacements(findings.sources)?.into_iter().map(|replacement| {
        json!({
            "artifactLocation": { "uri": uri(findings, findings.sources.path(replacement.source)) },
            "replacements": [{
                "deletedRegion": region(findings, replacement.source, replacement.bytes),
                "insertedContent": { "text": replacement.text },
            }],
        })
    });
    Some(json!({ "description": { "text": fix.title }, "artifactChanges": changes.collect::<Vec<_>>() }))
}
