//! Makes fixes until nothing is left that can be made. Each round is linted as a whole: a fix that would bring an error that was not there
//! is taken back, and named.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;

use crate::diagnostic::{Diagnostic, Severity};
use crate::error::Error;
use crate::fix::{self, Replacement};
use crate::project::Overlay;
use crate::report::line;
use crate::verbs::Inputs;

/// More rounds than that are fixes that undo each other.
const ROUNDS: usize = 50;

/// What came of it.
pub struct Mended {
    /// The project as it is now.
    pub inputs: Inputs,
    /// The texts of the files that were changed, as they were.
    pub before: Overlay,
    /// The same, as they are now.
    pub overlay: Overlay,
    /// How many problems were mended.
    pub count: usize,
    /// Fixes that were not made, with the reason, a line each.
    pub refused: Vec<String>,
}

/// What a fix is of, whatever lines it stands on now.
type Key = (String, String);

/// Makes safe fixes, or all. `lint` does all that a lint does with texts that stand for those of files.
pub fn run(with_unsafe: bool, lint: impl Fn(&Overlay) -> Result<Inputs, Error>) -> Result<Mended, Error> {
    let (mut overlay, mut before) = (Overlay::new(), Overlay::new());
    let (mut refused, mut refusals): (BTreeSet<Key>, Vec<String>) = Default::default();
    let mut inputs = lint(&overlay)?;
    let (mut count, mut one_by_one) = (0, false);
    for _ in 0..ROUNDS {
        let round = Round::plan(&inputs, with_unsafe, one_by_one, &refused);
        if round.made.is_empty() {
            break;
        }
        let mut next = overlay.clone();
        for (path, old, new) in round.texts(&inputs) {
            before.entry(path.clone()).or_insert(old);
            next.insert(path, new);
        }
        let linted = lint(&next)?;
        match news(&inputs, &linted, with_unsafe) {
            None => {
                count += round.made.len();
                (overlay, inputs) = (next, linted);
            }
            Some(news) if round.made.len() == 1 => {
                let (key, title) = &round.made[0];
                refusals.push(format!("{title}: that would bring {news}"));
                refused.insert(key.clone());
            }
            // One of them is to blame: which one shows when they are made one after the other.
            Some(_) => one_by_one = true,
        }
    }
    before.retain(|path, _| overlay.contains_key(path));
    Ok(Mended { inputs, before, overlay, count, refused: refusals })
}

/// Fixes that do not touch each other.
struct Round {
    made: Vec<(Key, String)>,
    replacements: Vec<Replacement>,
}

impl Round {
    fn plan(inputs: &Inputs, with_unsafe: bool, one_by_one: bool, refused: &BTreeSet<Key>) -> Self {
        let sources = inputs.sources();
        let mut round = Round { made: Vec::new(), replacements: Vec::new() };
        for diagnostic in inputs.sink.sorted(sources) {
            if one_by_one && !round.made.is_empty() {
                break;
            }
            for fix in diagnostic.fixes.iter().filter(|fix| fix.safe || with_unsafe) {
                let key = (diagnostic.code.clone(), format!("{}\n{}", diagnostic.message, fix.title));
                if refused.contains(&key) {
                    continue;
                }
                let Some(replacements) = fix.replacements(sources) else { continue };
                let touches = |replacement: &Replacement| round.replacements.iter().any(|other| fix::touch(replacement, other));
                // What two problems ask for alike is made once, and mends both.
                if !replacements.iter().any(touches) {
                    let place = diagnostic.primary.as_ref().map(|label| sources.line_of(&label.span)).unwrap_or_default();
                    let title = format!("{} at {place}, by `{}`", diagnostic.code, fix.title.replace('`', ""));
                    round.made.push((key, title));
                    round.replacements.extend(replacements);
                }
                break;
            }
        }
        round
    }

    /// By file, the text as it was and as it becomes.
    fn texts(&self, inputs: &Inputs) -> Vec<(Utf8PathBuf, String, String)> {
        let sources = inputs.sources();
        let files: BTreeSet<_> = self.replacements.iter().map(|replacement| replacement.source).collect();
        let texts = files.into_iter().map(|source| {
            let of_file = self.replacements.iter().filter(|replacement| replacement.source == source).cloned().collect();
            let old = &sources.get(source).text;
            (sources.path(source).to_owned(), old.clone(), fix::apply(old, of_file))
        });
        texts.collect()
    }
}

/// An error that was not there before, and that no fix mends in its turn.
fn news(before: &Inputs, after: &Inputs, with_unsafe: bool) -> Option<String> {
    let errors = |inputs: &Inputs| -> Vec<Diagnostic> {
        let all = inputs.sink.sorted(inputs.sources());
        all.into_iter().filter(|diagnostic| diagnostic.severity == Severity::Error).collect()
    };
    let known: BTreeSet<(String, String)> = errors(before).into_iter().map(|error| (error.code, error.message)).collect();
    let mendable = |error: &Diagnostic| {
        error.fixes.iter().any(|fix| (fix.safe || with_unsafe) && fix.replacements(after.sources()).is_some())
    };
    let is_new = |error: &Diagnostic| !known.contains(&(error.code.clone(), error.message.clone())) && !mendable(error);
    let new = errors(after).into_iter().find(is_new)?;
    Some(line(&new, after.sources()))
}
