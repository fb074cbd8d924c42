//! What systemd reads in a value that is written as it stands.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, set};

use super::written_values;
use crate::Quadlet;

pub const RULE: Rule = Rule {
    code: "QD024",
    name: "percent-sign-in-a-key",
    severity: Severity::Error,
    waivable: true,
    what: "a `%` in `keys` or `pod_keys` that is no specifier of systemd's",
    why: "Quadlet copies it into the unit, where `%` begins a specifier: with one that it does not know, systemd refuses the line, and the \
          unit cannot be started.",
    example: "[quadlet.keys]\nLabel = \"progress=100%!\"\n",
    use_instead: "[quadlet.keys]\nLabel = \"progress=100%%!\"\n",
    source: "systemd.unit(5), specifiers",
};

/// All that there are in systemd 252 to 258.
const SPECIFIERS: &str = "aAbBCdDEfgGhHiIjJlLmMnNopPqsStTuUvVwWyY%";

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    for (_, key, value, place) in written_values(call) {
        if let Some(odd) = odd_percent(value) {
            let message = format!("`{odd}` in `{key}` is no specifier of systemd's: the unit could not be started");
            let mended = percent_doubled(value);
            let found = error(RULE.code, message, place.clone()).help("write `%%` for each `%` that stands for itself");
            // Beside one that is none, what looks like a specifier may be none either.
            let only_odd = value.matches('%').count() == mended.matches("%%").count() && !value.contains("%%");
            out.push(if only_odd { found.safe_fix("write `%%` for a `%`", vec![set(&place, mended)]) } else { found });
        }
    }
}

/// The first `%` with what follows it, where that is no specifier.
fn odd_percent(value: &str) -> Option<String> {
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        if letter == '%' {
            match letters.next() {
                Some(next) if SPECIFIERS.contains(next) => {}
                next => return Some(std::iter::once('%').chain(next).collect()),
            }
        }
    }
    None
}

fn percent_doubled(value: &str) -> String {
    let mut doubled = String::new();
    let mut letters = value.chars().peekable();
    while let Some(letter) = letters.next() {
        doubled.push(letter);
        if letter == '%' {
            match letters.peek() {
                Some(next) if SPECIFIERS.contains(*next) => doubled.extend(letters.next()),
                _ => doubled.push('%'),
            }
        }
    }
    doubled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_no_specifier_is_odd() {
        assert_eq!(odd_percent("%h/data 100%% %t"), None);
        assert_eq!(odd_percent("100%!"), Some("%!".to_owned()));
        assert_eq!(odd_percent("100%"), Some("%".to_owned()));
        assert_eq!(percent_doubled("%h 100% 5%% %!"), "%h 100%% 5%% %%!");
        assert_eq!(odd_percent(&percent_doubled("%h 100% 5%% %!")), None);
    }
}
