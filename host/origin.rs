//! Because of what something is there: for `rick why`, `rick show` and diagnostics about what was derived.

use serde::{Deserialize, Serialize};

use crate::compose::Composition;
use crate::source::Span;

/// One reason. Reasons of reasons are reached through the composition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Somebody wrote it there.
    Written(Span),
    /// Nobody wrote it; it is a default, and this is the nearest that somebody wrote.
    Default {
        /// "postgres 0.1.0", "rick"
        whose: String,
        /// The nearest written ancestor.
        near: Span,
    },
    /// A number or a name that a service holds: its index in the composition.
    Held(usize),
    /// A merged contribution: its index in the composition.
    Contributed(usize),
}

/// One line of an answer of `rick why`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Step {
    /// How many reasons led here.
    pub depth: usize,
    /// "postgres 0.1.0", "rick", or nothing where the user said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// "contributed `/run/postgresql` to `rick:mount@1`"
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// "services/myservice.toml:9"
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

/// What is said of a default; the place is the nearest that somebody wrote.
pub const DEFAULT: &str = "has it as a default, under";

impl Origin {
    /// The nearest place that somebody wrote: where a caret goes.
    pub fn span(&self, composition: &Composition<'_>) -> Option<Span> {
        match self {
            Origin::Written(span) | Origin::Default { near: span, .. } => Some(span.clone()),
            Origin::Held(index) => composition.held[*index].because.iter().find_map(|origin| origin.span(composition)),
            Origin::Contributed(index) => {
                let reasons = composition.entries[*index].from.iter().flat_map(|source| &source.because);
                reasons.filter_map(|origin| origin.span(composition)).next()
            }
        }
    }

    /// The nearest place that somebody wrote, in place of a default.
    pub fn as_written(self) -> Self {
        match self {
            Origin::Default { near, .. } => Origin::Written(near),
            other => other,
        }
    }

    /// Who else had a hand in it, for a note under a caret that is far from the value itself.
    pub fn via(&self, composition: &Composition<'_>) -> Option<String> {
        match self {
            Origin::Written(_) => None,
            Origin::Default { whose, .. } => Some(format!("nobody wrote it: it is the default of {whose}")),
            Origin::Held(index) => {
                let held = &composition.held[*index];
                held.handed_out.then(|| format!("{} {} was handed out by rick", held.label, held.shown()))
            }
            Origin::Contributed(index) => {
                let entry = &composition.entries[*index];
                let who: Vec<&str> = entry.from.iter().map(|source| source.plugin.as_str()).collect();
                Some(format!("`{}` comes from {}, through `{}`", entry.key, who.join(" and "), entry.slot))
            }
        }
    }

    /// The whole chain, for `rick why`.
    pub fn trace(&self, composition: &Composition<'_>, depth: usize, steps: &mut Vec<Step>) {
        let sources = &composition.project.sources;
        match self {
            Origin::Written(span) => steps.push(Step { depth, who: None, what: None, at: Some(sources.line_of(span)) }),
            Origin::Default { whose, near } => {
                let (who, what) = (Some(whose.clone()), Some(DEFAULT.to_owned()));
                steps.push(Step { depth, who, what, at: Some(sources.line_of(near)) });
            }
            Origin::Held(index) => {
                let held = &composition.held[*index];
                let verb = if held.handed_out { "handed out" } else { "keeps, since it is stated," };
                let what = format!("{verb} {} {} for {}", held.label, held.shown(), held.service);
                steps.push(Step { depth, who: Some("rick".to_owned()), what: Some(what), at: None });
                held.because.iter().for_each(|origin| origin.trace(composition, depth + 1, steps));
            }
            Origin::Contributed(index) => {
                let entry = &composition.entries[*index];
                for source in &entry.from {
                    let about = if entry.key.is_empty() { String::new() } else { format!("`{}` to ", entry.key) };
                    let what = format!("contributed {about}`{}`", entry.slot);
                    steps.push(Step { depth, who: Some(source.plugin.clone()), what: Some(what), at: None });
                    source.because.iter().for_each(|origin| origin.trace(composition, depth + 1, steps));
                }
            }
        }
    }
}
