//! What schemas took already, kept between runs: a document that has not changed is not held against its schema again, and a schema
//! that refuses nothing new is not even compiled. Only that a document is good is kept, under a digest of the schema and of the
//! document; what is refused is found, and said, anew each time.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use crate::engine;

/// The beginning of a SHA-256: no two documents have the same by chance.
pub type Key = u128;

/// Above that, and above four times of what this run asked for, what it did not ask for is forgotten: all of it is read in each run.
const MOST: usize = 4_000;

/// Which documents were taken by which schemas.
#[derive(Debug, Default)]
pub struct Verdicts {
    path: Option<Utf8PathBuf>,
    /// From earlier runs, sorted.
    known: Vec<Key>,
    asked: Mutex<BTreeSet<Key>>,
}

impl Verdicts {
    /// Reads what was kept of a project in a folder of compiled code; nothing is, without one, or where others can write it.
    pub fn open(folder: Option<&Utf8PathBuf>, root: &Utf8Path) -> Self {
        let name = format!("taken-{}.bin", &engine::digest(format!("{root}\0{} 4", env!("CARGO_PKG_VERSION")))[..16]);
        let path = folder.map(|folder| folder.join(name));
        let bytes = path.as_deref().and_then(engine::read_kept);
        let known = bytes.unwrap_or_default().as_chunks().0.iter().map(|&bytes| Key::from_le_bytes(bytes)).collect();
        Self { path, known, asked: Mutex::default() }
    }

    /// Nothing is known of any document: the schemas will be needed.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// The key of a document under a schema.
    pub fn key(schema: &[u8], document: &Value) -> Key {
        Key::from_le_bytes(engine::short_digest(&[schema, &engine::value_digest(document)]))
    }

    /// Whether it was taken before.
    pub fn has(&self, key: Key) -> bool {
        let known = self.known.binary_search(&key).is_ok();
        if known {
            self.take(key);
        }
        known
    }

    /// What is refused: nothing where it was taken before; where nothing is, it is taken.
    pub fn unless_taken<T>(&self, key: Key, refused: impl FnOnce() -> Vec<T>) -> Vec<T> {
        if self.has(key) {
            return Vec::new();
        }
        let refused = refused();
        if refused.is_empty() {
            self.take(key);
        }
        refused
    }

    /// It was taken.
    pub fn take(&self, key: Key) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
    }

    /// Writes down what was taken, where anything new was. Done once: in the end, or before it by who leaves the rest.
    pub fn keep(&self) {
        let asked = std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner));
        let news = asked.iter().any(|key| self.known.binary_search(key).is_err());
        let Some(path) = self.path.as_ref().filter(|_| news) else { return };
        let mut all: Vec<Key> = asked.iter().copied().collect();
        if self.known.len() <= MOST.max(4 * asked.len()) {
            all.extend(&self.known);
            // Two runs of sorted keys, which is what this sort is best at.
            all.sort();
            all.dedup();
        }
        let bytes: Vec<u8> = all.iter().flat_map(|key| key.to_le_bytes()).collect();
        if let Err(error) = engine::keep(path, &bytes) {
            tracing::warn!(%path, %error, "what schemas took could not be kept; the next run asks them again");
        }
    }
}

impl Drop for Verdicts {
    fn drop(&mut self) {
        self.keep();
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_taken_is_known_in_the_next_run_and_nothing_else_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = Utf8PathBuf::from_path_buf(folder.path().join("kept")).expect("UTF-8");
        let (schema, other) = ([1; 32], [2; 32]);
        let key = |schema: &[u8], number: u32| Verdicts::key(schema, &json!({ "number": number }));
        let verdicts = Verdicts::open(Some(&folder), Utf8Path::new("/project"));
        assert!(verdicts.is_empty() && !verdicts.has(key(&schema, 1)));
        verdicts.take(key(&schema, 1));
        drop(verdicts);
        let verdicts = Verdicts::open(Some(&folder), Utf8Path::new("/project"));
        assert!(verdicts.has(key(&schema, 1)));
        assert!(!verdicts.has(key(&schema, 2)) && !verdicts.has(key(&other, 1)));
    }

    #[test]
    fn what_others_can_write_is_not_believed() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let folder = Utf8PathBuf::from_path_buf(folder.path().join("kept")).expect("UTF-8");
        let verdicts = Verdicts::open(Some(&folder), Utf8Path::new("/project"));
        verdicts.take(7);
        drop(verdicts);
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).expect("it can be changed");
        assert!(Verdicts::open(Some(&folder), Utf8Path::new("/project")).is_empty());
    }
}
