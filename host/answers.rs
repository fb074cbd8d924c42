//! Answers of plugins, kept between runs: a plugin is a function of its input, so that what it answered once it answers again. One
//! pack for each project, with what its last run asked. What a plugin logged is no part of an answer, and a failure is none.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::contract;
use crate::engine;

/// The beginning of a SHA-256 of plugin, function and input.
pub type Key = [u8; 16];

/// The answers of a project.
#[derive(Debug, Default)]
pub struct Answers {
    path: Option<Utf8PathBuf>,
    /// Which plugins there are: what the pack begins with.
    of: [u8; 16],
    /// What was rendered in the last run fitted together.
    pub fitted: bool,
    fits: AtomicBool,
    pack: Vec<u8>,
    known: BTreeMap<Key, Range<usize>>,
    /// What this run asked: `None` where the pack has it.
    asked: Mutex<BTreeMap<Key, Option<Vec<u8>>>>,
}

impl Answers {
    /// Reads the pack of a project from the folder of compiled code; nothing is kept without one, or where others can write it.
    /// `plugins`: the digests of all; a slot of one is what an answer of another is held against.
    pub fn open(folder: Option<&Utf8PathBuf>, root: &Utf8Path, plugins: &[&str]) -> Self {
        // The pack is of one program: another may put what it reads together otherwise.
        let name = engine::digest(format!("{root}\0{}\0{}", env!("CARGO_PKG_VERSION"), contract::NEWEST));
        let of = engine::short_digest(&plugins.iter().map(|plugin| plugin.as_bytes()).collect::<Vec<_>>());
        let path = folder.map(|folder| folder.join(format!("answers-{}.bin", &name[..16])));
        let pack = path.as_deref().and_then(engine::read_kept).unwrap_or_default();
        let mut known = BTreeMap::new();
        let ours = pack.starts_with(&of);
        let fitted = ours && pack.get(of.len()) == Some(&1);
        let mut at = if ours { of.len() + 1 } else { pack.len() };
        // Key, length, bytes. A pack that was cut off is read as far as it goes.
        while let Some((head, rest)) = pack.get(at..).and_then(|rest| rest.split_first_chunk::<20>()) {
            let length = u32::from_le_bytes([head[16], head[17], head[18], head[19]]) as usize;
            if length > rest.len() {
                break;
            }
            let mut key = [0; 16];
            key.copy_from_slice(&head[..16]);
            known.insert(key, at + 20..at + 20 + length);
            at += 20 + length;
        }
        Self { path, of, fitted, fits: AtomicBool::default(), pack, known, asked: Mutex::default() }
    }

    /// The key of a call.
    pub fn key(plugin: &str, function: &str, input: &[u8]) -> Key {
        engine::short_digest(&[plugin.as_bytes(), function.as_bytes(), input])
    }

    /// An answer that cannot be used is not kept: what is kept need not be looked at again.
    pub fn forget(&self, key: &Key) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    /// What was answered before.
    pub fn get<R: DeserializeOwned>(&self, key: &Key) -> Option<R> {
        let answer = postcard::from_bytes(self.pack.get(self.known.get(key)?.clone())?).ok()?;
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(*key, None);
        Some(answer)
    }

    /// All that is rendered in this run fits together: what is kept of it need not be held against each other again.
    pub fn fit(&self) {
        self.fits.store(true, Ordering::Relaxed);
    }

    /// Keeps an answer.
    pub fn put<R: Serialize>(&self, key: Key, answer: &R) {
        if self.path.is_some()
            && let Ok(bytes) = postcard::to_stdvec(answer)
        {
            self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Some(bytes));
        }
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        let asked = std::mem::take(self.asked.get_mut().unwrap_or_else(PoisonError::into_inner));
        let Some(path) = self.path.as_ref().filter(|_| asked.values().any(Option::is_some)) else { return };
        let mut pack = self.of.to_vec();
        pack.push(u8::from(*self.fits.get_mut()));
        for (key, new) in &asked {
            let old = || self.known.get(key).and_then(|range| self.pack.get(range.clone()));
            let Some(bytes) = new.as_deref().or_else(old) else { continue };
            let Ok(length) = u32::try_from(bytes.len()) else { continue };
            pack.extend(key);
            pack.extend(length.to_le_bytes());
            pack.extend(bytes);
        }
        if let Err(error) = engine::keep(path, &pack) {
            tracing::warn!(%path, %error, "answers of plugins could not be kept; the next run asks again");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn folder() -> (tempfile::TempDir, Utf8PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = Utf8PathBuf::from_path_buf(folder.path().join("kept")).expect("UTF-8");
        (folder, path)
    }

    #[test]
    fn an_answer_is_given_again_to_the_same_question_alone() {
        let (_held, folder) = folder();
        let key = Answers::key("digest", "render", b"{}");
        let answers = Answers::open(Some(&folder), "/project".into(), &["plugin"]);
        answers.put(key, &vec!["a".to_owned()]);
        drop(answers);
        let answers = Answers::open(Some(&folder), "/project".into(), &["plugin"]);
        assert_eq!(answers.get::<Vec<String>>(&key), Some(vec!["a".to_owned()]));
        for other in [
            Answers::key("other", "render", b"{}"),
            Answers::key("digest", "check", b"{}"),
            Answers::key("digest", "render", b"{ }"),
        ] {
            assert_eq!(answers.get::<Vec<String>>(&other), None);
        }
        assert_eq!(Answers::open(Some(&folder), "/another".into(), &["plugin"]).get::<Vec<String>>(&key), None);
    }

    #[test]
    fn a_pack_that_was_cut_off_or_spoilt_is_no_answer() {
        let (_held, folder) = folder();
        let keys = ["a", "b"].map(|input| Answers::key("digest", "check", input.as_bytes()));
        let answers = Answers::open(Some(&folder), "/project".into(), &["plugin"]);
        keys.iter().for_each(|key| answers.put(*key, &"x".repeat(100)));
        let path = answers.path.clone().expect("a path");
        drop(answers);
        let whole = fs::read(&path).expect("the pack");
        for length in [0, 7, 19, 20, 50, whole.len() - 1] {
            fs::write(&path, &whole[..length]).expect("it can be written");
            let answers = Answers::open(Some(&folder), "/project".into(), &["plugin"]);
            let found = keys.iter().filter(|key| answers.get::<String>(key).is_some()).count();
            assert!(found < 2, "{length}");
        }
    }
}
