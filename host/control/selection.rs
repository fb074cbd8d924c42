//! Which rules a project wants, and how bad each is to it: by code, or by what codes begin with. What says more beats what says less.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::diagnostic::{Diagnostic, Severity, Sink};
use crate::document::Document;
use crate::error::Error;
use crate::rules::{Rules, own};

/// Codes, or beginnings of codes, and what is wanted of the rules.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Only these; all, where nothing is said.
    pub select: Option<Vec<String>>,
    /// Not these.
    pub ignore: Vec<String>,
    /// How bad these are.
    pub severity: BTreeMap<String, Severity>,
}

impl Selection {
    /// What `[lint]` of rick.toml says. A word that no code begins with is an error at its place.
    pub(super) fn read(settings: &Document, rules: &Rules<'_>, sink: &mut Sink) -> Self {
        let list = |key: &str| {
            let items = settings.value.pointer(&format!("/lint/{key}")).and_then(Value::as_array);
            items.map(|items| items.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<String>>())
        };
        let levels = settings.value.pointer("/lint/severity").and_then(Value::as_object);
        let levels = levels.into_iter().flatten();
        let severity = levels.filter_map(|(code, level)| Some((code.clone(), Severity::named(level.as_str()?)?))).collect();
        let selection = Self { select: list("select"), ignore: list("ignore").unwrap_or_default(), severity };
        let place = |steps: &[&str]| settings.node.nearest(["lint"].into_iter().chain(steps.iter().copied())).0;
        for (key, words) in [("select", selection.select.as_deref().unwrap_or_default()), ("ignore", &selection.ignore)] {
            for (index, word) in words.iter().enumerate() {
                if let Err(wrong) = known(word, key == "ignore", rules) {
                    sink.push(Diagnostic {
                        help: wrong.help,
                        ..Diagnostic::error("lint", wrong.message, place(&[key, &index.to_string()]).value.clone())
                    });
                }
            }
        }
        for (code, level) in &selection.severity {
            let lowers = rules.find(code).is_some_and(|rule| Severity::named(rule.severity).is_some_and(|own| *level > own));
            if let Err(wrong) = known(code, lowers, rules) {
                let place = place(&["severity", code]).key_or_value().clone();
                sink.push(Diagnostic { help: wrong.help, ..Diagnostic::error("lint", wrong.message, place) });
            }
        }
        selection
    }

    /// Words of the command line: an error where there is no such rule, or where it cannot be turned off.
    pub fn hold_against(&self, rules: &Rules<'_>) -> Result<(), Error> {
        let of_rick = |code: &str| own::find(code).and_then(|own| Severity::named(own.severity));
        let own = |code: &str| rules.find(code).and_then(|rule| Severity::named(rule.severity)).or_else(|| of_rick(code));
        let lowers = self.severity.iter().map(|(code, level)| (code, own(code).is_some_and(|own| *level > own)));
        let selected = self.select.iter().flatten().map(|word| (word, false));
        for (word, off) in selected.chain(self.ignore.iter().map(|word| (word, true))).chain(lowers) {
            known(word, off, rules)
                .map_err(|wrong| Error::Usage(format!("{}; {}", wrong.message, wrong.help.unwrap_or_default())))?;
        }
        Ok(())
    }

    /// What the command line says beats what the project says.
    pub(super) fn override_with(&mut self, asked: Selection) {
        if let Some(select) = asked.select {
            // Whoever names a rule wants it, whatever the project ignores.
            self.ignore.retain(|ignored| !select.iter().any(|word| word.starts_with(ignored.as_str())));
            self.select = Some(select);
        }
        self.ignore.extend(asked.ignore);
        self.severity.extend(asked.severity);
    }

    /// Whether somebody wants to hear of a rule.
    pub fn wants(&self, code: &str) -> bool {
        let longest = |words: &[String]| words.iter().filter(|word| code.starts_with(word.as_str())).map(String::len).max();
        let selected = match &self.select {
            Some(select) => longest(select),
            None => Some(0),
        };
        match (selected, longest(&self.ignore)) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(selected), Some(ignored)) => selected > ignored,
        }
    }

    /// Whether somebody says that they do not want to hear of a code.
    pub fn ignores(&self, code: &str) -> bool {
        self.ignore.iter().any(|word| code.starts_with(word.as_str()))
    }

    /// How bad a rule is, where that is said.
    pub fn level(&self, code: &str) -> Option<Severity> {
        let said = self.severity.iter().filter(|(word, _)| code.starts_with(word.as_str()));
        said.max_by_key(|(word, _)| word.len()).map(|(_, level)| *level)
    }
}

/// What is wrong with a word.
pub struct Wrong {
    /// What was found.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// Whether a word is a code, or the beginning of some; `off`: and whether the rule may be made less.
pub fn known(word: &str, off: bool, rules: &Rules<'_>) -> Result<(), Wrong> {
    if word.is_empty() || !rules.begins(word) {
        let meant = rules.meant(word).map(|meant| format!("did you mean `{meant}`?"));
        let help = meant.or_else(|| Some("`rick rules` lists all of them".to_owned()));
        return Err(Wrong { message: format!("no rule's code begins with `{word}`"), help });
    }
    if off && own::find(word).is_some_and(|own| own.severity == "error") {
        return Err(Wrong {
            message: format!("`{word}` is rick's own, and cannot be turned off or made less"),
            help: Some("mend what it says".to_owned()),
        });
    }
    if off && rules.waivable(word) == Some(false) {
        let help = format!("`rick explain {word}` tells why");
        return Err(Wrong { message: format!("`{word}` cannot be turned off or made less"), help: Some(help) });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn what_says_more_beats_what_says_less() {
        let selection = Selection {
            select: Some(words(&["QD", "CA012"])),
            ignore: words(&["CA", "QD01", "QD010"]),
            severity: BTreeMap::from([("QD".to_owned(), Severity::Info), ("QD010".to_owned(), Severity::Error)]),
        };
        let wanted: Vec<&str> =
            ["QD001", "QD010", "QD015", "CA012", "CA016", "PG003"].into_iter().filter(|code| selection.wants(code)).collect();
        assert_eq!(wanted, ["QD001", "CA012"]);
        assert_eq!(
            (selection.level("QD010"), selection.level("QD001"), selection.level("PG003")),
            (Some(Severity::Error), Some(Severity::Info), None)
        );
        assert!(Selection::default().wants("QD001"));
    }
}
