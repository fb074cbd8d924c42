//! Answers of plugins, kept between runs: a plugin is a function of its input, so that what it answered once it answers again. One
//! pack for each project, and beside it what came since the pack was written: a run that changed little writes little. What a plugin
//! logged is no part of an answer, and a failure is none.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};
use serde::de::DeserializeOwned;

use crate::contract;
use crate::engine;

/// The beginning of a SHA-256 of plugin, function and input.
pub type Key = [u8; 16];

/// What a file begins with: which plugins there are, which pack it is or belongs to, and how many keys of what fitted together follow.
const HEAD: usize = 16 + 16 + 4;
/// What came since is put into the pack where it has grown to so much of it.
const PART: usize = 4;

/// The answers of a project.
#[derive(Debug, Default)]
pub struct Answers {
    path: Option<Utf8PathBuf>,
    /// Which plugins there are: what a file begins with.
    of: [u8; 16],
    pack: File,
    since: File,
    /// What was rendered in the last run fitted together.
    fitted: BTreeSet<Key>,
    fit: Mutex<Vec<Key>>,
    /// Something in a file cannot be used: the pack is written anew.
    spoilt: AtomicBool,
    /// What this run asked: `None` where a file has it.
    asked: Mutex<BTreeMap<Key, Option<Vec<u8>>>>,
}

/// A file of answers.
#[derive(Debug, Default)]
struct File {
    bytes: Vec<u8>,
    /// Which pack it is, or belongs to; `None`: there is none for these plugins.
    pack: Option<[u8; 16]>,
    fitted: Vec<Key>,
    /// Where answers are: start and length.
    known: BTreeMap<Key, (usize, usize)>,
}

impl File {
    /// Reads a file; one of other plugins holds nothing, and one that was cut off is read as far as it goes.
    fn read(path: &Utf8Path, of: &[u8; 16]) -> Self {
        let bytes = engine::read_kept(path).unwrap_or_default();
        let mut file = Self { bytes, ..Self::default() };
        let Some((head, mut rest)) = file.bytes.split_first_chunk::<HEAD>().filter(|(head, _)| head.starts_with(of)) else {
            return Self::default();
        };
        let (mut pack, mut count) = ([0; 16], [0; 4]);
        pack.copy_from_slice(&head[16..32]);
        count.copy_from_slice(&head[32..]);
        for _ in 0..u32::from_le_bytes(count) {
            let Some((key, after)) = rest.split_first_chunk::<16>() else { return Self::default() };
            file.fitted.push(*key);
            rest = after;
        }
        // Key, length, bytes.
        while let Some((head, after)) = rest.split_first_chunk::<20>() {
            let length = u32::from_le_bytes([head[16], head[17], head[18], head[19]]) as usize;
            if length > after.len() {
                break;
            }
            let mut key = [0; 16];
            key.copy_from_slice(&head[..16]);
            file.known.insert(key, (file.bytes.len() - after.len(), length));
            rest = &after[length..];
        }
        file.pack = Some(pack);
        file
    }

    fn get(&self, key: &Key) -> Option<&[u8]> {
        let &(start, length) = self.known.get(key)?;
        self.bytes.get(start..start + length)
    }
}

impl Answers {
    /// Reads what is kept of a project in the folder of compiled code; nothing is, without one, or where others can write it.
    /// `plugins`: the digests of all; a slot of one is what an answer of another is held against.
    pub fn open(folder: Option<&Utf8PathBuf>, root: &Utf8Path, plugins: &[&str]) -> Self {
        // The pack is of one program: another may put what it reads together otherwise.
        let name = engine::digest(format!("{root}\0{} 3\0{}", env!("CARGO_PKG_VERSION"), contract::NEWEST));
        let of = engine::short_digest(&plugins.iter().map(|plugin| plugin.as_bytes()).collect::<Vec<_>>());
        let path = folder.map(|folder| folder.join(format!("answers-{}.bin", &name[..16])));
        let read = |path: Option<&Utf8Path>| path.map(|path| File::read(path, &of)).unwrap_or_default();
        let pack = read(path.as_deref());
        let mut since = read(path.as_ref().map(|path| path.with_extension("new")).as_deref());
        if since.pack != pack.pack {
            since = File::default();
        }
        let fitted = if since.pack.is_some() { &since.fitted } else { &pack.fitted };
        let fitted = fitted.iter().copied().collect();
        Self { path, of, pack, since, fitted, fit: Mutex::default(), spoilt: AtomicBool::default(), asked: Mutex::default() }
    }

    /// The key of a call.
    pub fn key(plugin: &str, function: &str, input: &[u8]) -> Key {
        engine::short_digest(&[plugin.as_bytes(), function.as_bytes(), input])
    }

    /// An answer that cannot be used is not kept: what is kept need not be looked at again.
    pub fn forget(&self, key: &Key) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        if self.kept(key).is_some() {
            self.spoilt.store(true, Ordering::Relaxed);
        }
    }

    /// What was answered before.
    pub fn get<R: DeserializeOwned>(&self, key: &Key) -> Option<R> {
        let answer = postcard::from_bytes(self.kept(key)?).ok()?;
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(*key, None);
        Some(answer)
    }

    fn kept(&self, key: &Key) -> Option<&[u8]> {
        self.since.get(key).or_else(|| self.pack.get(key))
    }

    /// Whether these, of which each was rendered in the last run, fitted together there.
    pub fn fitted<'k>(&self, mut keys: impl Iterator<Item = &'k Key>) -> bool {
        keys.all(|key| self.fitted.contains(key))
    }

    /// All that is rendered in this run fits together: what is kept of it need not be held against each other again.
    pub fn fit(&self, keys: Vec<Key>) {
        *self.fit.lock().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// Keeps an answer.
    pub fn put(&self, key: Key, answer: Vec<u8>) {
        if self.path.is_some() {
            self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Some(answer));
        }
    }

    /// Writes down what this run asked, where it asked anything new. Done once: in the end, or before it by who leaves the rest.
    pub fn keep(&self) {
        let asked = std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner));
        let fit = std::mem::take(&mut *self.fit.lock().unwrap_or_else(PoisonError::into_inner));
        let spoilt = self.spoilt.swap(false, Ordering::Relaxed);
        let news = spoilt || asked.values().any(Option::is_some) || !self.fitted(fit.iter());
        let Some(path) = self.path.as_ref().filter(|_| news) else { return };
        let answers = |newer: bool| {
            let wanted = asked.iter().filter(move |(key, new)| !newer || new.is_some() || !self.pack.known.contains_key(*key));
            wanted.filter_map(|(key, new)| Some((key, new.as_deref().or_else(|| self.kept(key))?)))
        };
        let size = |newer: bool| answers(newer).map(|(_, bytes)| bytes.len() + 20).sum::<usize>();
        let written = match (self.pack.pack, size(true)) {
            (Some(pack), size) if !spoilt && size <= self.pack.bytes.len() / PART => {
                engine::keep(&path.with_extension("new"), &self.file(pack, &fit, answers(true), size))
            }
            _ => {
                // It may be of the same keys as the one before, and what came since that may be what is spoilt.
                let _ = fs::remove_file(path.with_extension("new"));
                let pack = engine::short_digest(&asked.keys().map(<[u8; 16]>::as_slice).collect::<Vec<_>>());
                engine::keep(path, &self.file(pack, &fit, answers(false), size(false)))
            }
        };
        if let Err(error) = written {
            tracing::warn!(%path, %error, "answers of plugins could not be kept; the next run asks again");
        }
    }

    /// A file with these answers, which take so many bytes.
    fn file<'f>(&self, pack: [u8; 16], fit: &[Key], answers: impl Iterator<Item = (&'f Key, &'f [u8])>, size: usize) -> Vec<u8> {
        let mut file = Vec::with_capacity(HEAD + fit.len() * 16 + size);
        file.extend(self.of);
        file.extend(pack);
        file.extend(u32::try_from(fit.len()).unwrap_or_default().to_le_bytes());
        fit.iter().for_each(|key| file.extend(key));
        for (key, bytes) in answers {
            let Ok(length) = u32::try_from(bytes.len()) else { continue };
            file.extend(key);
            file.extend(length.to_le_bytes());
            file.extend(bytes);
        }
        file
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        self.keep();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(answer: &impl serde::Serialize) -> Vec<u8> {
        postcard::to_stdvec(answer).expect("it can be written")
    }

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
        answers.put(key, bytes(&vec!["a".to_owned()]));
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
        keys.iter().for_each(|key| answers.put(*key, bytes(&"x".repeat(100))));
        let path = answers.path.clone().expect("a path");
        drop(answers);
        let whole = fs::read(&path).expect("the pack");
        for length in [0, 7, 19, 20, HEAD - 1, HEAD, HEAD + 20, HEAD + 50, whole.len() - 1] {
            fs::write(&path, &whole[..length]).expect("it can be written");
            let answers = Answers::open(Some(&folder), "/project".into(), &["plugin"]);
            let found = keys.iter().filter(|key| answers.get::<String>(key).is_some()).count();
            assert!(found < 2, "{length}");
        }
    }

    #[test]
    fn what_comes_later_is_beside_the_pack_until_it_is_much_of_it() {
        let (_held, folder) = folder();
        let key = |number: u32| Answers::key("digest", "render", &number.to_le_bytes());
        let open = || Answers::open(Some(&folder), "/project".into(), &["plugin"]);
        let ask = |numbers: std::ops::Range<u32>| {
            let answers = open();
            for number in numbers {
                if answers.get::<String>(&key(number)).is_none() {
                    answers.put(key(number), bytes(&number.to_string().repeat(20)));
                }
            }
            answers.fit(vec![key(1)]);
            answers.path.clone().expect("a path")
        };
        let path = ask(0..40);
        let since = path.with_extension("new");
        let first = fs::read(&path).expect("the pack");
        assert!(!since.exists() && open().fitted([&key(1)].into_iter()));
        ask(0..42);
        assert_eq!(fs::read(&path).expect("the pack"), first);
        assert!(since.exists() && fs::read(&since).expect("it is there").len() < first.len() / 2);
        let answers = open();
        assert!((0..42).all(|number| answers.get::<String>(&key(number)).is_some()));
        assert!(answers.fitted([&key(1)].into_iter()) && !answers.fitted([&key(1), &key(2)].into_iter()));
        drop(answers);
        ask(0..80);
        assert_ne!(fs::read(&path).expect("the pack"), first);
        assert!((0..80).all(|number| open().get::<String>(&key(number)).is_some()));
        // What belongs to another pack is not read.
        fs::write(&path, &first).expect("it can be written");
        assert!((0..80).filter(|number| open().get::<String>(&key(*number)).is_some()).count() <= 42);
    }

    #[test]
    fn what_cannot_be_used_is_not_there_in_the_next_run() {
        let (_held, folder) = folder();
        let keys = [1_u32, 2].map(|number| Answers::key("digest", "render", &number.to_le_bytes()));
        let open = || Answers::open(Some(&folder), "/project".into(), &["plugin"]);
        let answers = open();
        keys.iter().for_each(|key| answers.put(*key, vec![3, b'a', b'b', b'c']));
        drop(answers);
        let answers = open();
        assert!(keys.iter().all(|key| answers.get::<String>(key).is_some()));
        answers.forget(&keys[0]);
        drop(answers);
        let answers = open();
        assert_eq!(keys.map(|key| answers.get::<String>(&key).is_some()), [false, true]);
        // One that cannot be read is asked anew, and the new answer stands.
        assert_eq!(answers.get::<Vec<String>>(&keys[1]), None);
        answers.put(keys[1], bytes(&vec!["a".to_owned()]));
        drop(answers);
        assert_eq!(open().get::<Vec<String>>(&keys[1]), Some(vec!["a".to_owned()]));
    }

    #[test]
    fn what_came_since_and_cannot_be_used_goes_with_the_pack() {
        let (_held, folder) = folder();
        let key = |number: u32| Answers::key("digest", "render", &number.to_le_bytes());
        let open = || Answers::open(Some(&folder), "/project".into(), &["plugin"]);
        let ask = |numbers: std::ops::Range<u32>| {
            let answers = open();
            for number in numbers {
                if answers.get::<String>(&key(number)).is_none() {
                    answers.put(key(number), bytes(&"x".repeat(40)));
                }
            }
            answers
        };
        drop(ask(0..20));
        drop(ask(0..21));
        let answers = ask(0..21);
        answers.forget(&key(20));
        drop(answers);
        let answers = open();
        assert!((0..20).all(|number| answers.get::<String>(&key(number)).is_some()));
        assert_eq!(answers.get::<String>(&key(20)), None);
    }
}
