//! `rick.lock`: the numbers that rick has handed out, so that a service keeps its own when others come and go, and what the user
//! allowed to plugins.
//!
//! One table for each machine and service, so that two branches that each add a service merge without a conflict.
//! Nothing is ever taken out: a removed service's numbers stay its own, since its files on the machine stay, too.

mod pin;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use camino::Utf8Path;
use serde::{Deserialize, Serialize};

use crate::diagnostic::{Diagnostic, Sink};
use crate::error::Error;
use crate::source::{Sources, Span};

pub use pin::{ANY_COMMAND, Pin, Wish};

/// The name of the file.
pub const FILE: &str = "rick.lock";

/// What is shared by all machines stands under this name, which no machine can have.
pub const PROJECT: &str = "*";

const HEADER: &str = "# Written by rick; commit it. Numbers here stay with their service, also when it is gone.\n";

/// By machine, service and pool.
type ByService<T> = BTreeMap<String, BTreeMap<String, BTreeMap<String, T>>>;

/// Numbers by machine, service, pool and key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    version: u32,
    /// Plugins that are not rick's own, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub plugins: BTreeMap<String, Pin>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    machines: ByService<BTreeMap<String, u64>>,
    /// Numbers that a service once had and changed, by machine, service and pool: on the machine its files may still have them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    retired: ByService<Vec<u64>>,
}

/// A number that is not free.
#[derive(Debug, Clone, Copy)]
pub struct Taken<'a> {
    /// The number.
    pub number: u64,
    /// Whose it is.
    pub service: &'a str,
    /// What it is for; `None`: the service had it once.
    pub key: Option<&'a str>,
}

impl Lock {
    /// Reads the lock; an empty one where there is none. `None`, and a diagnostic, where it cannot be read.
    pub fn read(root: &Utf8Path, sources: &mut Sources, sink: &mut Sink) -> Result<Option<Self>, Error> {
        let path = root.join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Some(Self { version: 1, ..Self::default() }));
            }
            Err(error) => return Err(Error::file("read", path)(error)),
        };
        let source = sources.add(FILE, text);
        let refused = |bytes, message: String| {
            Diagnostic::error("lock", message, Span { source, bytes })
                .help("take it back from version control; a new one would hand out other numbers than the machine has")
        };
        match toml::from_str::<Self>(&sources.get(source).text) {
            Ok(lock) if lock.version == 1 => Ok(Some(lock)),
            Ok(lock) => {
                let message = format!("rick.lock is of version {}, and this rick knows version 1", lock.version);
                sink.push(refused(0..0, message));
                Ok(None)
            }
            Err(error) => {
                let message = format!("rick.lock cannot be read: {}", error.message().lines().next().unwrap_or_default());
                sink.push(refused(error.span().unwrap_or(0..0), message));
                Ok(None)
            }
        }
    }

    /// The number that a service has.
    pub fn get(&self, within: &str, service: &str, pool: &str, key: &str) -> Option<u64> {
        self.machines.get(within)?.get(service)?.get(pool)?.get(key).copied()
    }

    /// Every number of a pool that is or was somebody's, with whose it is.
    pub fn taken<'a>(&'a self, within: &str, pool: &'a str) -> impl Iterator<Item = Taken<'a>> {
        let held = self.machines.get(within).into_iter().flatten().flat_map(move |(service, pools)| {
            let of_pool = pools.get(pool).into_iter().flatten();
            of_pool.map(move |(key, &number)| Taken { number, service, key: Some(key) })
        });
        let retired = self.retired.get(within).into_iter().flatten().flat_map(move |(service, pools)| {
            pools.get(pool).into_iter().flatten().map(move |&number| Taken { number, service, key: None })
        });
        held.chain(retired)
    }

    /// Keeps a number for a service; another that it had under this key is never handed out again.
    pub fn set(&mut self, within: &str, service: &str, pool: &str, key: &str, number: u64) {
        let pools = self.machines.entry(within.to_owned()).or_default().entry(service.to_owned()).or_default();
        let before = pools.entry(pool.to_owned()).or_default().insert(key.to_owned(), number);
        if let Some(before) = before
            && before != number
        {
            let services = self.retired.entry(within.to_owned()).or_default();
            let retired = services.entry(service.to_owned()).or_default().entry(pool.to_owned()).or_default();
            retired.push(before);
            retired.sort_unstable();
            retired.dedup();
        }
    }

    /// Forgets the numbers of a pool that nobody has any more.
    pub fn forget(&mut self, within: &str, pool: &str, has: impl Fn(&str, &str) -> bool) {
        for (service, pools) in self.machines.get_mut(within).into_iter().flatten() {
            if let Some(numbers) = pools.get_mut(pool) {
                numbers.retain(|key, _| has(service, key));
            }
        }
        for pools in self.retired.get_mut(within).into_iter().flat_map(BTreeMap::values_mut) {
            pools.remove(pool);
        }
        drop_empty(&mut self.machines, BTreeMap::is_empty);
        drop_empty(&mut self.retired, Vec::is_empty);
    }

    /// The file's text.
    pub fn text(&self) -> String {
        // Inline tables for the numbers of a pool: one line each, and a diff says all.
        let mut text = format!("{HEADER}version = {}\n", self.version);
        for (name, pin) in &self.plugins {
            let Pin { version, source, sha256, contract, slots, fulfils, paths, steps } = pin;
            text.push_str(&format!("\n[plugins.{}]\n", key(name)));
            for (key, value) in [("version", version), ("source", source), ("sha256", sha256), ("contract", contract)] {
                text.push_str(&format!("{key} = {}\n", string(value)));
            }
            for (key, values) in [("slots", slots), ("fulfils", fulfils), ("paths", paths), ("steps", steps)] {
                text.push_str(&list(key, values));
            }
        }
        for (machine, services) in &self.machines {
            for (service, pools) in services {
                text.push_str(&format!("\n[machines.{}.{}]\n", key(machine), key(service)));
                for (pool, numbers) in pools {
                    let numbers: Vec<String> = numbers.iter().map(|(name, number)| format!("{} = {number}", key(name))).collect();
                    text.push_str(&format!("{} = {{ {} }}\n", key(pool), numbers.join(", ")));
                }
            }
        }
        for (machine, services) in &self.retired {
            for (service, pools) in services {
                text.push_str(&format!("\n[retired.{}.{}]\n", key(machine), key(service)));
                for (pool, numbers) in pools {
                    text.push_str(&format!("{} = {numbers:?}\n", key(pool)));
                }
            }
        }
        text
    }
}

/// Takes out what holds nothing any more, from the inside out.
fn drop_empty<T>(machines: &mut ByService<T>, is_empty: impl Fn(&T) -> bool) {
    for services in machines.values_mut() {
        for pools in services.values_mut() {
            pools.retain(|_, numbers| !is_empty(numbers));
        }
        services.retain(|_, pools| !pools.is_empty());
    }
    machines.retain(|_, services| !services.is_empty());
}

/// A key of TOML: bare where it can be.
fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_');
    if bare { name.to_owned() } else { string(name) }
}

/// A string of JSON is a basic string of TOML, but for one character that JSON leaves as it is.
fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// One line for each, so that a diff shows what was allowed; nothing for nothing.
fn list(key: &str, values: &BTreeSet<String>) -> String {
    if values.is_empty() {
        return String::new();
    }
    let lines: String = values.iter().map(|value| format!("    {},\n", string(value))).collect();
    format!("{key} = [\n{lines}]\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_again(entries in proptest::collection::vec(("[a-z.*]{1,6}", "[a-z-]{1,6}", "[a-z:\" ]{1,6}", "\\PC{0,6}|[\u{0}-\u{7f}]{0,6}", 0..9999u64), 0..12)) {
            let mut lock = Lock { version: 1, ..Lock::default() };
            for (name, _, source, path, _) in &entries {
                let (version, contract, sha256) = ("1.2.3".to_owned(), "0.1.0".to_owned(), "00".to_owned());
                let (slots, paths) = (BTreeSet::new(), BTreeSet::from([path.clone(), source.clone()]));
                let pin = Pin { version, source: source.clone(), sha256, contract, slots, fulfils: BTreeSet::new(), paths, steps: BTreeSet::new() };
                lock.plugins.insert(name.clone(), pin);
            }
            for (machine, service, pool, key, number) in &entries {
                lock.set(machine, service, pool, key, *number);
            }
            prop_assert_eq!(toml::from_str::<Lock>(&lock.text()).expect("it is TOML"), lock);
        }
    }

    #[test]
    fn a_number_that_was_changed_is_never_free_again() {
        let mut lock = Lock::default();
        lock.set("web1", "a", "uid", "uid", 800);
        lock.set("web1", "a", "uid", "uid", 850);
        let mut taken: Vec<u64> = lock.taken("web1", "uid").map(|taken| taken.number).collect();
        taken.sort_unstable();
        assert_eq!(taken, [800, 850]);
    }
}
