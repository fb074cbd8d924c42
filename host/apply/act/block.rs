//! One marked block in a file that is not rick's.

use std::fs;
use std::os::unix::fs::MetadataExt;

use camino::{Utf8Path, Utf8PathBuf};

use super::{Context, Need};
use crate::apply::action::Position;
use crate::apply::command::Trouble;
use crate::apply::files::Ready;

fn begin(marker: &str) -> String {
    format!("# BEGIN {marker}: kept by `rick apply`; what is changed in this block is lost")
}

fn end(marker: &str) -> String {
    format!("# END {marker}")
}

/// What is before the block and after it; `None` where there is none, an error where it has no end.
fn around<'a>(text: &'a str, marker: &str) -> Result<Option<(&'a str, &'a str)>, String> {
    let opens = format!("# BEGIN {marker}:");
    let (mut offset, mut from) = (0, None);
    for line in text.split_inclusive('\n') {
        if from.is_none() && line.starts_with(&opens) {
            from = Some(offset);
        }
        offset += line.len();
        if let Some(from) = from
            && line.trim_end() == end(marker)
        {
            return Ok(Some((&text[..from], &text[offset..])));
        }
    }
    match from {
        None => Ok(None),
        Some(_) => Err(format!("has a line `{opens} …` and none `{}` after it", end(marker))),
    }
}

/// A text with the block in it: where it is, else at its position. A block of nothing is none.
pub fn with_block(text: &str, marker: &str, content: &str, position: Position) -> Result<String, String> {
    if content.trim().is_empty() {
        return without_block(text, marker);
    }
    let newline = if content.ends_with('\n') { "" } else { "\n" };
    let block = format!("{}\n{content}{newline}{}\n", begin(marker), end(marker));
    if let Some((before, after)) = around(text, marker)? {
        return Ok(format!("{before}{block}{after}"));
    }
    let newline = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    Ok(match position {
        Position::Top => format!("{block}{text}"),
        Position::Bottom => format!("{text}{newline}{block}"),
    })
}

/// A text without the block.
pub fn without_block(text: &str, marker: &str) -> Result<String, String> {
    Ok(around(text, marker)?.map_or_else(|| text.to_owned(), |(before, after)| format!("{before}{after}")))
}

/// The file behind a path, with its text, owner and mode; `None` where there is none.
pub fn text_of(path: &Utf8Path) -> Result<Option<(Utf8PathBuf, String, Ready)>, Trouble> {
    // A link stays one: what it leads to changes.
    let Ok(real) = path.canonicalize_utf8() else { return Ok(None) };
    let read = fs::metadata(&real).and_then(|metadata| Ok((metadata, fs::read_to_string(&real)?)));
    let (metadata, text) = read.map_err(|error| Trouble::of(format!("`{path}` cannot be read: {error}")))?;
    let ready =
        Ready { bytes: text.clone().into_bytes(), mode: metadata.mode() & 0o7777, uid: metadata.uid(), gid: metadata.gid() };
    Ok(Some((real, text, ready)))
}

impl Context<'_> {
    pub(super) fn look_at_block(
        &self,
        file: &Utf8Path,
        source: &Utf8Path,
        marker: &str,
        position: Position,
    ) -> Result<Need, Trouble> {
        let content = String::from_utf8(self.contents(source)?).map_err(|_| Trouble::of(format!("`{source}` is no text")))?;
        let Some((real, text, mut ready)) = text_of(&self.machine.path(file))? else {
            return Err(Trouble::of(format!("there is no `{file}` to keep a block in: is what reads it installed?")));
        };
        let wanted = with_block(&text, marker, &content, position).map_err(|what| Trouble::of(format!("`{file}` {what}")))?;
        if wanted == text {
            return Ok(Need::Nothing);
        }
        ready.bytes = wanted.into_bytes();
        Ok(Need::Replace(real, ready))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_comes_changes_and_goes_and_the_rest_stays_as_it_was() {
        for text in ["", "a\n", "a\nb", "# END rick\n"] {
            for position in [Position::Top, Position::Bottom] {
                let one = with_block(text, "rick", "import x\n", position).expect("a block");
                assert_eq!(with_block(&one, "rick", "import x\n", position).as_deref(), Ok(one.as_str()));
                let two = with_block(&one, "rick", "import y", position).expect("a block");
                assert!(two.contains("import y\n# END rick\n") && !two.contains("import x"), "{two}");
                let none = with_block(&two, "rick", "", position).expect("none");
                assert_eq!(none.trim_end_matches('\n'), text.trim_end_matches('\n'));
            }
        }
        assert!(with_block("# BEGIN rick: x\na\n", "rick", "b\n", Position::Top).is_err());
        // Another's marker that begins alike is another.
        assert_eq!(without_block("# BEGIN ricky: x\n# END ricky\n", "rick").as_deref(), Ok("# BEGIN ricky: x\n# END ricky\n"));
    }
}
