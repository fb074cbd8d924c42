//! Secrets by name: who needs them, who has them.

use std::collections::BTreeMap;

use crate::report::plural;
use crate::secrets::Needed;
use crate::secrets::providers::Found;

/// Name, whether it may be random, and who needs it.
pub fn list(machine: &str, secrets: &BTreeMap<String, Needed>) -> String {
    let rows = secrets.iter().map(|(name, needed)| {
        let how =
            needed.generate.as_ref().map_or_else(|| "yours to give".to_owned(), |how| format!("random, {} bytes", how.bytes));
        [name.clone(), how, by(needed)]
    });
    table(machine, rows.collect())
}

/// Name, and who has it or why it cannot be had.
pub fn found(machine: &str, secrets: &BTreeMap<String, Needed>, found: &Found) -> String {
    let rows = secrets.iter().map(|(name, needed)| {
        let what = match (found.from.get(name), found.refused.get(name)) {
            (Some(who), _) => who.clone(),
            (None, Some(reason)) => format!("CANNOT BE USED: {reason}"),
            (None, None) => "MISSING".to_owned(),
        };
        [name.clone(), what, by(needed)]
    });
    table(machine, rows.collect())
}

fn by(needed: &Needed) -> String {
    needed.services.iter().cloned().collect::<Vec<_>>().join(", ")
}

fn table(machine: &str, rows: Vec<[String; 3]>) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (first, second) = (width(0), width(1));
    let lines: String =
        rows.iter().map(|[a, b, c]| format!("  {a:first$}   {b:second$}   {c}").trim_end().to_owned() + "\n").collect();
    format!("{machine}   {}\n{lines}", plural(rows.len(), "secret"))
}
