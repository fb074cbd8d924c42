//! Every call again: in an instance of its own, and in one that all share, twice in a row from the last to the first, and in a shuffled
//! order. A function of its input answers the same.

use std::collections::BTreeSet;

use serde_json::Value;

use super::recorder::{Recorded, said};
use crate::plugin::{Failure, Plugin, Session};

/// What was different.
pub fn run(plugin: &Plugin, recorded: &[Recorded]) -> Vec<String> {
    let mut found = BTreeSet::new();
    let mut compare = |session: &mut Session<'_>, call: &Recorded, how: &str| {
        let again = ask(session, call).map_err(|failure| failure.what);
        if again != call.answer {
            let what = match (&again, &call.answer) {
                (Err(what), Ok(_)) => format!("{what}, {how}, where it had answered before"),
                (_, Err(before)) => format!("answered {how}, where it {before} before"),
                (Ok(now), Ok(before)) => format!("gave another answer {how}: {}", difference(before, now)),
            };
            found.insert(format!("`{}` for {} {what}", call.function, call.about));
        }
    };
    for call in recorded {
        compare(&mut plugin.session(), call, "in a new instance");
    }
    let mut session = plugin.session();
    for call in recorded.iter().rev() {
        // Twice in a row: whatever came before, the first may have been of a new instance, since one that failed is thrown away.
        compare(&mut session, call, "in an instance that was used");
        compare(&mut session, call, "when it was asked twice");
    }
    for index in shuffled(recorded.len()) {
        compare(&mut session, &recorded[index], "in another order");
    }
    let described = [plugin.session().describe(), session.describe()].map(|said| said.map_err(|failure| failure.what));
    if described[0] != described[1] {
        found.insert("`describe` gave another answer in an instance that was used".to_owned());
    }
    found.into_iter().collect()
}

fn ask(session: &mut Session<'_>, call: &Recorded) -> Result<Value, Failure> {
    let Recorded { about, input, scope, files, .. } = call;
    match call.function {
        "claim" => session.claim(about, input).map(|answer| said(&answer)),
        "contribute" => session.contribute(about, input).map(|answer| said(&answer)),
        "check" => session.check(about, *scope, input).map(|answer| said(&answer)),
        "check-files" => session.check_files(about, input, files).map(|answer| said(&answer)),
        _ => session.render(about, *scope, input).map(|answer| said(&answer)),
    }
}

/// Where two answers first differ.
fn difference(before: &Value, now: &Value) -> String {
    let (before, now) = (before.to_string(), now.to_string());
    let same = before.chars().zip(now.chars()).take_while(|(left, right)| left == right).count();
    let around = |text: &str| text.chars().skip(same.saturating_sub(20)).take(60).collect::<String>();
    format!("first `…{}…`, then `…{}…`", around(&before), around(&now))
}

/// Numbers below a length in an order that is neither up nor down, and the same in every run.
fn shuffled(length: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..length).collect();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for index in (1..length).rev() {
        // Xorshift: no randomness is wanted, but an order that nobody had in mind.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        order.swap(index, (state % (index as u64 + 1)) as usize);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::shuffled;

    #[test]
    fn a_shuffle_has_each_number_once() {
        let mut order = shuffled(100);
        assert_ne!(order, (0..100).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..100).collect::<Vec<_>>());
    }
}
