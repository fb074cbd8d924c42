//! What a plugin may use, and how much it may say. The same on every machine; docs/plugins/limits.md lists them.

use wasmtime::ResourceLimiter;

use crate::contract::meta::Descriptor;
use crate::contract::types::{Artifact, Content, Contribution, Diagnostic, Edit};
use crate::contract::{Level, claim, contribute, render};

/// How much a call may compute, in wasmtime's units of fuel: about one for each instruction. Deterministic, so that a
/// plugin that is stopped is stopped on every machine. A call of an official plugin uses less than a hundredth of it.
pub const FUEL: u64 = 2_000_000_000;
/// How much memory an instance may have, in bytes.
pub const MEMORY: usize = 256 << 20;
/// How large its component may be, in bytes: one of a language with a runtime of its own has some twenty MiB.
pub const COMPONENT: usize = 64 << 20;
/// How deep its calls may be, in bytes of stack.
pub const STACK: usize = 1 << 20;
/// How many elements a table of it may have.
const TABLE: usize = 100_000;
/// How much an answer may take, in bytes of rick's own memory. Lists may share their items in the plugin's memory and not in rick's, so
/// that what is counted is what is copied.
pub const ANSWER: usize = 64 << 20;
/// Problems that a call may find.
const DIAGNOSTICS: usize = 10_000;
/// Bytes of a problem: its message, its notes, its help and its fixes.
const DIAGNOSTIC: usize = 64 << 10;
/// Contributions that a call may make.
const CONTRIBUTIONS: usize = 100_000;
/// Claims that a call may make: each is held against all others.
const CLAIMS: usize = 1_000;
/// Slots, pools, paths or rules that a plugin may declare, of each.
const DECLARED: usize = 1_000;
/// Bytes of a schema.
const SCHEMA: usize = 512 << 10;
/// Files that a call may render.
const ARTIFACTS: usize = 20_000;
/// Bytes of a file.
const ARTIFACT: usize = 8 << 20;
/// Messages that are kept of a call, and bytes of each.
const LOG_KEPT: (usize, usize) = (32, 1024);
/// Bytes that a call may log; a message counts for at least as many as its line takes.
const LOG: usize = 1 << 20;
const LOG_LINE: usize = 64;

/// What an instance can reach: its limits, and where its log goes.
pub struct State {
    title: String,
    /// Which limit stopped it, in words that follow the plugin's name.
    pub(super) stopped: Option<String>,
    pub(super) log: Vec<String>,
    logged: usize,
}

impl State {
    pub(super) fn new(title: &str) -> Self {
        Self { title: title.to_owned(), stopped: None, log: Vec::new(), logged: 0 }
    }

    /// Another call begins.
    pub(super) fn begin(&mut self) {
        self.log.clear();
        self.logged = 0;
    }

    /// Keeps a message of the plugin's.
    pub fn keep(&mut self, level: Level, message: &str) -> wasmtime::Result<()> {
        let (most, bytes) = LOG_KEPT;
        self.logged = self.logged.saturating_add(message.len().max(LOG_LINE));
        if self.logged > LOG {
            self.stopped = Some(format!("logged more than {} MiB and was stopped", LOG >> 20));
            return Err(wasmtime::Error::msg("more log than a call may have"));
        }
        let end = (0..=bytes.min(message.len())).rev().find(|&end| message.is_char_boundary(end)).unwrap_or(0);
        let short = message[..end].replace(['\n', '\r'], " ");
        let level = format!("{level:?}").trim_start_matches("Level::").to_lowercase();
        tracing::debug!(plugin = %self.title, "{level}: {short}");
        if self.log.len() < most {
            self.log.push(short);
        }
        Ok(())
    }
}

impl ResourceLimiter for State {
    fn memory_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        if desired > MEMORY {
            let (wanted, most) = (desired.div_ceil(1 << 20), MEMORY >> 20);
            self.stopped = Some(format!("wanted {wanted} MiB of memory, where {most} are allowed, and was stopped"));
            return Err(wasmtime::Error::msg("more memory than a plugin may have"));
        }
        Ok(true)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        if desired >= TABLE {
            self.stopped =
                Some(format!("wanted a table of {desired} elements, where fewer than {TABLE} are allowed, and was stopped"));
            return Err(wasmtime::Error::msg("a larger table than a plugin may have"));
        }
        Ok(true)
    }
}

/// An answer that is counted before anything is done with it.
pub(super) trait Counted {
    /// What is too much of it, in words that follow the plugin's name.
    fn too_much(&self) -> Option<String>;
}

fn many(what: &str, found: usize, most: usize) -> Option<String> {
    (found > most).then(|| format!("gave {found} {what}, where {most} are allowed"))
}

impl Counted for Vec<Diagnostic> {
    fn too_much(&self) -> Option<String> {
        let size = |diagnostic: &Diagnostic| {
            let notes: usize = diagnostic.notes.iter().map(|note| note.message.len()).sum();
            let edits = diagnostic.fixes.iter().flat_map(|fix| &fix.edits).map(|edit| match edit {
                Edit::Set((pointer, value)) => pointer.len() + value.len(),
                Edit::Remove(pointer) => pointer.len(),
                Edit::Replace((_, text)) => text.len(),
            });
            let titles: usize = diagnostic.fixes.iter().map(|fix| fix.title.len()).sum();
            let texts = [&diagnostic.help, &diagnostic.more].into_iter().flatten().map(String::len);
            diagnostic.message.len() + notes + titles + edits.sum::<usize>() + texts.sum::<usize>()
        };
        many("problems", self.len(), DIAGNOSTICS).or_else(|| {
            let large = self.iter().map(size).find(|&size| size > DIAGNOSTIC)?;
            Some(format!("gave a problem of {large} bytes, where {DIAGNOSTIC} are allowed"))
        })
    }
}

impl Counted for Vec<Contribution> {
    fn too_much(&self) -> Option<String> {
        many("contributions", self.len(), CONTRIBUTIONS)
    }
}

impl Counted for Vec<Artifact> {
    fn too_much(&self) -> Option<String> {
        let size = |artifact: &Artifact| {
            let bytes = artifact.content.iter().map(|segment| match &segment.content {
                Content::Text(text) => text.len(),
                Content::Secret(secret) => secret.name.len(),
            });
            bytes.sum::<usize>()
        };
        many("files", self.len(), ARTIFACTS).or_else(|| {
            let large = self.iter().find(|artifact| size(artifact) > ARTIFACT)?;
            Some(format!("gave the file `{}` {} bytes, where {ARTIFACT} are allowed", short(&large.path), size(large)))
        })
    }
}

impl Counted for claim::Claimed {
    fn too_much(&self) -> Option<String> {
        many("claims", self.claims.len(), CLAIMS).or_else(|| self.diagnostics.too_much())
    }
}

impl Counted for contribute::Contributed {
    fn too_much(&self) -> Option<String> {
        self.contributions.too_much().or_else(|| self.diagnostics.too_much())
    }
}

impl Counted for render::Rendered {
    fn too_much(&self) -> Option<String> {
        self.artifacts.too_much().or_else(|| self.contributions.too_much()).or_else(|| self.diagnostics.too_much())
    }
}

impl Counted for Descriptor {
    fn too_much(&self) -> Option<String> {
        let lists = [
            ("slots that it owns", self.owns.len()),
            ("pools", self.pools.len()),
            ("slots that it contributes to", self.writes_slots.len()),
            ("slots that it reads", self.reads.len()),
            ("paths", self.writes.len() + self.judges.len()),
            ("kinds of steps", self.steps.len()),
            ("rules", self.rules.len()),
        ];
        let schemas = [&self.table_schema, &self.settings_schema, &self.facts_schema]
            .into_iter()
            .chain(self.owns.iter().map(|slot| &slot.schema));
        lists.into_iter().find_map(|(what, found)| many(what, found, DECLARED)).or_else(|| {
            let large = schemas.map(String::len).find(|&size| size > SCHEMA)?;
            Some(format!("gave a schema of {large} bytes, where {SCHEMA} are allowed"))
        })
    }
}

/// Whether a letter would steer a terminal, or show a text otherwise than it is: control characters, and those that turn its direction
/// or have no width (general category Cf of Unicode, as far as it is of use to deceive).
pub fn steers(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// A text with a mark in place of what would steer a terminal; its lines stay.
pub fn plain(text: &str) -> String {
    let odd = |letter: char| steers(letter) && letter != '\n' && letter != '\t';
    if text.contains(odd) { text.replace(odd, "\u{fffd}") } else { text.to_owned() }
}

/// What a plugin said, for a message: no longer than a line.
pub fn short(text: &str) -> String {
    let mut short: String = text.chars().take(120).map(|letter| if steers(letter) { '\u{fffd}' } else { letter }).collect();
    if text.chars().nth(120).is_some() {
        short.push('…');
    }
    short
}
