//! `rick why FILE:LINE`

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::json;

use crate::cli::{Failed, FormatArgument, Outcome, Ui};
use crate::engine::digest;
use crate::error::Error;
use crate::origin::Step;
use crate::plan::index::{self, Listing};
use crate::report::Format;

/// Tells why a line of a built file is there: who rendered it, who contributed it, and what the user wrote.
#[derive(Debug, clap::Args)]
pub struct Why {
    /// A file below the output folder, and a line of it.
    #[arg(value_name = "FILE:LINE")]
    place: String,
    #[command(flatten)]
    format: FormatArgument,
}

impl Why {
    /// Carries it out.
    pub fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        let usage = |message: String| Error::Usage(message);
        let (file, line) = self
            .place
            .rsplit_once(':')
            .and_then(|(file, line)| Some((Utf8PathBuf::from(file), line.parse::<usize>().ok().filter(|&line| line > 0)?)))
            .ok_or_else(|| usage(format!("`{}` is not FILE:LINE", self.place)))?;
        let text = fs::read_to_string(&file).map_err(Error::file("read", &file))?;
        let shown =
            text.lines().nth(line - 1).ok_or_else(|| usage(format!("`{file}` has {} lines", text.lines().count())))?.to_owned();
        let (listing, path) = listing_of(&file)?;
        let steps = reasons(&listing, &path, line, &text, ui)?;
        if self.format.format == Format::Json {
            let value = json!({ "version": 1, "file": path, "line": line, "text": shown, "reasons": steps });
            writeln!(ui.out, "{}", serde_json::to_string_pretty(&value).unwrap_or_default())?;
            return Ok(Outcome::Clean);
        }
        writeln!(ui.out, "{shown}")?;
        let width = steps.iter().filter_map(|step| Some(step.depth * 2 + step.who.as_ref()?.len())).max().unwrap_or(0);
        for step in steps {
            let indent = "  ".repeat(step.depth + 1);
            match (step.who, step.what, step.at) {
                (Some(who), Some(what), at) => {
                    let line = format!(
                        "{indent}{who:<width$}  {what} {}",
                        at.unwrap_or_default(),
                        width = width.saturating_sub(step.depth * 2)
                    );
                    writeln!(ui.out, "{}", line.trim_end())?;
                }
                (_, _, Some(at)) => writeln!(ui.out, "{indent}{at}")?,
                _ => {}
            }
        }
        Ok(Outcome::Clean)
    }
}

/// The listing of the build that a file is in, and the file's path in it.
fn listing_of(file: &Utf8Path) -> Result<(Listing, Utf8PathBuf), Error> {
    let absolute = file.canonicalize_utf8().map_err(Error::file("find", file))?;
    for folder in absolute.ancestors().skip(1) {
        if let Some(listing) = Listing::read(folder)? {
            let path = absolute.strip_prefix(folder).unwrap_or(&absolute).to_owned();
            return Ok((listing, path));
        }
    }
    Err(Error::Usage(format!("`{file}` is not in a folder that `rick build` wrote")))
}

fn reasons(listing: &Listing, path: &Utf8Path, line: usize, text: &str, ui: &mut Ui) -> Result<Vec<Step>, Failed> {
    if path == index::FILE {
        let what = "lists every file of this build, with its digest and reasons".to_owned();
        return Ok(vec![Step { depth: 0, who: Some("rick".to_owned()), what: Some(what), at: None }]);
    }
    let Some(listed) = listing.files.iter().find(|file| file.path == path) else {
        return Err(Error::Usage(format!("rick did not write `{path}`")).into());
    };
    if digest(text) != listed.sha256 {
        writeln!(ui.err, "warning: `{path}` was changed since it was built; this is about line {line} as it was built")?;
    }
    let reason = listed.lines.get(line - 1).and_then(|&reason| listing.reasons.get(reason));
    Ok(reason.cloned().ok_or_else(|| Error::Usage(format!("`{path}` had no line {line} when it was built")))?)
}
