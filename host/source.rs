//! Every text that rick has read, and places in it.

use std::ops::Range;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

/// A text, by its number in [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceId(usize);

/// Bytes of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The text.
    pub source: SourceId,
    /// Its bytes; both ends on UTF-8 boundaries.
    pub bytes: Range<usize>,
}

/// One text with its path, relative to the project's root.
#[derive(Debug)]
pub struct Source {
    /// Relative to the project's root, as messages show it.
    pub path: Utf8PathBuf,
    /// All of it.
    pub text: String,
}

/// A line and a column, both from 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

/// All texts of a run.
#[derive(Debug, Clone, Default)]
pub struct Sources(Vec<Arc<Source>>);

impl Sources {
    /// Keeps a text.
    pub fn add(&mut self, path: impl Into<Utf8PathBuf>, text: String) -> SourceId {
        self.0.push(Arc::new(Source { path: path.into(), text }));
        SourceId(self.0.len() - 1)
    }

    /// A text.
    pub fn get(&self, id: SourceId) -> &Source {
        &self.0[id.0]
    }

    /// The text that was read from a path.
    pub fn find(&self, path: &Utf8Path) -> Option<SourceId> {
        self.0.iter().position(|source| source.path == path).map(SourceId)
    }

    /// A text's path.
    pub fn path(&self, id: SourceId) -> &Utf8Path {
        &self.get(id).path
    }

    /// Where a byte is.
    pub fn position(&self, id: SourceId, byte: usize) -> Position {
        let text = &self.get(id).text;
        let mut byte = byte.min(text.len());
        while !text.is_char_boundary(byte) {
            byte -= 1;
        }
        let before = &text[..byte];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Position { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }

    /// "services/myservice.toml:9"
    pub fn line_of(&self, span: &Span) -> String {
        format!("{}:{}", self.path(span.source), self.position(span.source, span.bytes.start).line)
    }

    /// The bytes of a line, from 1, without its newline; the end of the text where there is no such line.
    pub fn line_span(&self, id: SourceId, line: usize) -> Span {
        let text = &self.get(id).text;
        let mut start = 0;
        for _ in 1..line {
            match text[start..].find('\n') {
                Some(newline) => start += newline + 1,
                None => return Span { source: id, bytes: text.len()..text.len() },
            }
        }
        let end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
        Span { source: id, bytes: start..end }
    }
}
