//! What came of a plugin's trial.

use std::fmt::Write as _;

use super::plural;
use crate::plugin::limits::FUEL;
use crate::trial::Trial;

/// For people.
pub fn human(trial: &Trial) -> String {
    let mut text = format!("{}\n", trial.title);
    let mut row = |good: bool, what: &str, wrong: &[String]| {
        let _ = writeln!(text, "  {:<4} {what}", if good { "ok" } else { "FAIL" });
        for line in wrong {
            let _ = writeln!(text, "       {line}");
        }
    };
    for case in &trial.cases {
        let more = if case.blessed > 0 { format!(": {} written", plural(case.blessed, "file")) } else { String::new() };
        row(case.wrong.is_empty(), &format!("case {}{more}", case.name), &case.wrong);
    }
    for example in &trial.examples {
        let what = if example.good { "has no error in what to use instead" } else { "finds its example" };
        row(example.wrong.is_empty(), &format!("{} {what}", example.code), &example.wrong);
    }
    let tables = &trial.tables;
    let made = format!("{} made from its schema, {} that the schema refuses", plural(tables.good, "table"), tables.bad);
    row(tables.wrong.is_empty(), &made, &tables.wrong);
    let again =
        format!("{} made again, in new instances, twice in a used one, and in other orders", plural(trial.repeated, "call"));
    row(trial.impure.is_empty(), &again, &trial.impure);
    for (code, name) in &trial.not_shown {
        let _ = writeln!(text, "  note {code} ({name}) is shown by no example");
    }
    for hint in &tables.hints {
        let _ = writeln!(text, "  note {hint}");
    }
    if trial.cases.is_empty() {
        let _ = writeln!(text, "  note there are no cases: a folder below `cases` with a rick.toml and services/ is one");
    }
    for (function, usage) in &trial.usage {
        let share = usage.most() as f64 * 100.0 / FUEL as f64;
        let calls = plural(usage.calls(), "call");
        let _ = writeln!(
            text,
            "  {function:<12} {calls:<10} fuel: {} in the middle, {} at most, {share:.2} % of what is allowed",
            thousands(usage.median()),
            thousands(usage.most())
        );
    }
    text
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(" ")
}
