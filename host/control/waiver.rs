//! `[[waive]]`: a written exception to a rule, with a reason and a last day, beside what it is for.

use camino::Utf8Path;
use chrono::NaiveDate;
use serde_json::Value;

use crate::diagnostic::{Diagnostic, Severity, Sink};
use crate::document::Document;
use crate::model;
use crate::project;
use crate::rules::Rules;
use crate::source::{Sources, Span};

/// One waiver.
#[derive(Debug)]
pub(super) struct Waiver {
    /// The code of what it waives.
    pub rule: String,
    /// Why.
    pub reason: String,
    /// As it is written.
    pub expires: String,
    /// Where it is, for messages.
    pub place: Span,
    expires_place: Span,
    /// The last day on which it holds; `None`: what is written is no date, and it never holds.
    last: Option<NaiveDate>,
    /// The steps to the one value that it is for; empty: all of the file.
    at: Vec<String>,
    /// Something was found that it is for.
    met: bool,
}

/// The waivers of a file. One of a rule that cannot be waived, or that is not there, is an error at its place.
pub(super) fn read(document: &Document, rules: &Rules<'_>, sink: &mut Sink) -> Vec<Waiver> {
    let mut waivers = Vec::new();
    for (index, entry) in document.value.get("waive").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let text = |key: &str| entry.get(key).and_then(Value::as_str);
        let index = index.to_string();
        let place = |key: &str| document.node.nearest(["waive", &index, key]).0.value.clone();
        // Without these the schema has said what is missing.
        let (Some(rule), Some(reason), Some(expires)) = (text("rule"), text("reason"), text("expires")) else { continue };
        let refuse = |message: String, help: Option<String>, place: Span, sink: &mut Sink| {
            sink.push(Diagnostic { help, ..Diagnostic::error("waiver-refused", message, place) });
        };
        match rules.waivable(rule) {
            Some(true) => {}
            Some(false) => {
                let help = format!("mend what it finds; `rick explain {rule}` tells how");
                refuse(format!("`{rule}` cannot be waived"), Some(help), place("rule"), sink);
                continue;
            }
            None => {
                let own = crate::rules::own::find(rule).is_some();
                let message = if own {
                    format!("`{rule}` is rick's own, and cannot be waived")
                } else {
                    format!("there is no rule `{rule}`")
                };
                let help = match rules.meant(rule).filter(|_| !own) {
                    Some(meant) => Some(format!("did you mean `{meant}`?")),
                    None if own => Some("mend what it says".to_owned()),
                    None => Some("`rick rules` lists all of them".to_owned()),
                };
                refuse(message, help, place("rule"), sink);
                continue;
            }
        }
        let at = match text("at").map(toml_edit::Key::parse) {
            None => Vec::new(),
            Some(Ok(keys)) => keys.iter().map(|key| key.get().to_owned()).collect(),
            Some(Err(_)) => {
                let message = format!("`{}` is no path to a value", text("at").unwrap_or_default());
                refuse(message, Some("write it as TOML does: `at = \"service.image\"`".to_owned()), place("at"), sink);
                continue;
            }
        };
        waivers.push(Waiver {
            rule: rule.to_owned(),
            reason: reason.to_owned(),
            expires: expires.to_owned(),
            place: place("rule"),
            expires_place: place("expires"),
            last: date(expires),
            at,
            met: false,
        });
    }
    waivers
}

/// A day as year, month and day.
pub fn date(text: &str) -> Option<NaiveDate> {
    // `%Y-%m-%d` alone also takes `2027-1-3`.
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == 10)
}

impl Waiver {
    /// Whether it is for what was found in its file, by the place.
    pub(super) fn covers(&self, steps: &[String]) -> bool {
        steps.starts_with(&self.at)
    }

    /// Why it is not for what was found by its rule, where somebody may think that it is.
    pub(super) fn misses(&self, is_here: bool, file: Option<&Utf8Path>, sources: &Sources) -> Option<String> {
        let at = sources.line_of(&self.place);
        if is_here {
            return Some(format!("the waiver at {at} is for `{}`", model::dotted(&self.at)));
        }
        let file = file.filter(|file| *file == project::FILE)?;
        Some(format!("the waiver at {at} is for what is found in that file; what is found in {file} is waived there"))
    }

    /// Something is there that it is for: whether it still holds.
    pub(super) fn meets(&mut self, today: NaiveDate) -> bool {
        self.met = true;
        self.holds(today)
    }

    /// Its last day is one of those on which it holds.
    fn holds(&self, today: NaiveDate) -> bool {
        self.last.is_some_and(|last| today <= last)
    }

    /// What is to be said of it itself; `sought`: what it is for would have been found.
    pub(super) fn finding(&self, today: NaiveDate, sought: bool) -> Option<Diagnostic> {
        let Waiver { rule, expires, place, expires_place, .. } = self;
        let said =
            |code: &str, message: String, span: &Span| Diagnostic::new(code, Severity::Warning, message, Some(span.clone()));
        if !self.met {
            let whole = self.at.is_empty();
            let here = if whole { "in this file".to_owned() } else { format!("at `{}`", model::dotted(&self.at)) };
            let message = format!("`{rule}` finds nothing {here}, and is waived");
            let help = "take the waiver out, so that it waives nothing that comes later";
            return sought.then(|| said("waiver-unused", message, place).help(help));
        }
        if self.holds(today) {
            return None;
        }
        let message = match self.last {
            Some(_) => format!("the waiver of `{rule}` ended on {expires}: it waives nothing now"),
            None => format!("`{expires}` is no date, so this waiver of `{rule}` waives nothing"),
        };
        let help = match self.last {
            Some(_) => format!("mend what `{rule}` finds; where the reason still holds, give it another day"),
            None => "write the last day on which it holds as year, month and day: `expires = 2027-01-31`".to_owned(),
        };
        Some(said("waiver-expired", message, expires_place).help(help))
    }
}
