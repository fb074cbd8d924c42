//! What a call is given: `wit/input.schema.json` as Rust types.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Plugin;
use crate::bindings::rick::plugin::types::Place;
use crate::place;
use crate::slots::Slot;

/// A table in which nothing may be said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Empty {}

/// A call about one service of plugin `P`.
pub type ServiceCall<P> = ServiceInput<<P as Plugin>::Table, <P as Plugin>::Settings, <P as Plugin>::Facts>;
/// A call about one machine with the services that `P` is active for.
pub type MachineCall<P> = MachineInput<<P as Plugin>::Table, <P as Plugin>::Settings, <P as Plugin>::Facts>;
/// A call about the whole project.
pub type ProjectCall<P> = ProjectInput<<P as Plugin>::Table, <P as Plugin>::Settings>;

/// The document of a call of scope service.
#[derive(Debug, Deserialize)]
pub struct ServiceInput<T, S, F> {
    /// The manifest's `[service]`.
    pub service: Service,
    /// The machine that it runs on.
    pub machine: Machine,
    /// The plugin's table.
    pub table: T,
    /// `[plugins.<name>]` of rick.toml.
    pub settings: S,
    /// `[machines.<machine>.<name>]` of rick.toml.
    pub facts: F,
    /// What the service holds, by pool and key.
    #[serde(default)]
    pub claimed: Held,
    /// What can be read, by slot.
    #[serde(default)]
    pub reads: Reads,
}

/// The document of a call of scope machine.
#[derive(Debug, Deserialize)]
pub struct MachineInput<T, S, F> {
    /// The machine.
    pub machine: Machine,
    /// `[plugins.<name>]` of rick.toml.
    pub settings: S,
    /// `[machines.<machine>.<name>]` of rick.toml.
    pub facts: F,
    /// Its services that have the plugin's table, by name.
    pub services: BTreeMap<String, ServiceEntry<T>>,
    /// What can be read, by slot.
    #[serde(default)]
    pub reads: Reads,
}

/// The document of a call of scope project.
#[derive(Debug, Deserialize)]
pub struct ProjectInput<T, S> {
    /// Every machine, by name.
    pub machines: BTreeMap<String, Machine>,
    /// `[plugins.<name>]` of rick.toml.
    pub settings: S,
    /// The services that have the plugin's table, by name.
    pub services: BTreeMap<String, ServiceEntry<T>>,
    /// What can be read, by slot.
    #[serde(default)]
    pub reads: Reads,
}

/// One service in a call of a larger scope.
#[derive(Debug, Deserialize)]
pub struct ServiceEntry<T> {
    /// The manifest's `[service]`.
    pub service: Service,
    /// The plugin's table.
    pub table: T,
    /// What the service holds.
    #[serde(default)]
    pub claimed: Held,
}

/// Numbers and names held, by pool and key.
pub type Held = BTreeMap<String, BTreeMap<String, Value>>;

/// The manifest's `[service]`, with defaults filled in.
#[derive(Debug, Clone, Deserialize)]
pub struct Service {
    /// Its name; also the name of the manifest's file.
    pub name: String,
    /// The machine that it runs on.
    pub machine: String,
    /// What it is, in one line.
    pub description: Option<String>,
    /// The image of its own parts, fully qualified.
    pub image: Option<String>,
    /// Whom the image runs as; absent: it runs as anybody.
    pub user: Option<Identity>,
    /// The public name that it is reached by.
    pub domain: Option<String>,
    /// The port that it listens on, inside.
    pub port: Option<u16>,
}

/// Whom an image runs as, in numbers inside the container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Identity {
    /// The uid that the service's own process ends up as.
    pub uid: u32,
    /// Its gid.
    pub gid: u32,
    /// The image's entrypoint starts as root and drops to `uid` itself.
    #[serde(default)]
    pub starts_as_root: bool,
}

/// A machine and what is on it.
#[derive(Debug, Clone, Deserialize)]
pub struct Machine {
    /// Its name in rick.toml.
    pub name: String,
    /// Versions, by upstream name.
    pub versions: BTreeMap<String, String>,
}

impl Machine {
    /// The version of a program on the machine; `None` where rick.toml does not say it or it is no version.
    pub fn version(&self, program: &str) -> Option<Version> {
        self.versions.get(program).and_then(|text| Version::parse(text))
    }
}

/// A version as far as it matters here: numbers in order, compared from the left, with missing ones as zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u64, pub u64, pub u64);

impl Version {
    /// Reads `5`, `5.4` or `5.4.2`; whatever follows the third number after a non-digit is left out.
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.splitn(3, '.');
        let first = numbers.next()?.parse().ok()?;
        let mut next = || -> Option<u64> {
            let Some(part) = numbers.next() else { return Some(0) };
            let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().ok()
        };
        Some(Self(first, next()?, next()?))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.2 == 0 { write!(f, "{}.{}", self.0, self.1) } else { write!(f, "{}.{}.{}", self.0, self.1, self.2) }
    }
}

/// The slots that a call sees.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Reads(BTreeMap<String, Vec<RawRead>>);

#[derive(Debug, Deserialize)]
struct RawRead {
    service: Option<String>,
    machine: Option<String>,
    part: Option<String>,
    key: String,
    value: Value,
    stated: bool,
}

/// One merged contribution, as its reader sees it.
#[derive(Debug, Clone)]
pub struct Read<V> {
    /// The service that it is for.
    pub service: Option<String>,
    /// The machine that it is for.
    pub machine: Option<String>,
    /// The part that it is for; `None`: every part that runs the service's own image.
    pub part: Option<String>,
    /// What it is about.
    pub key: String,
    /// The value.
    pub value: V,
    /// The user wrote it.
    pub stated: bool,
    /// Where it is in this call's input: what to give as the reason for anything made of it.
    pub place: Place,
}

impl Reads {
    /// What a slot holds, in rick's order. Empty where the descriptor does not read it.
    ///
    /// # Panics
    /// Where a value is not what `S` says: rick has held it against the slot's schema, so the schema and `S` differ.
    pub fn of<S: Slot>(&self) -> Vec<Read<S::Value>> {
        let Some(entries) = self.0.get(S::NAME) else { return Vec::new() };
        entries
            .iter()
            .enumerate()
            .map(|(index, entry)| Read {
                service: entry.service.clone(),
                machine: entry.machine.clone(),
                part: entry.part.clone(),
                key: entry.key.clone(),
                value: typed(S::NAME, &entry.value),
                stated: entry.stated,
                place: Place::Value(place::pointer(["reads", S::NAME, &index.to_string()])),
            })
            .collect()
    }

    /// What a slot holds for one service.
    pub fn for_service<S: Slot>(&self, service: &str) -> Vec<Read<S::Value>> {
        let mut entries = self.of::<S>();
        entries.retain(|entry| entry.service.as_deref() == Some(service));
        entries
    }
}

fn typed<V: DeserializeOwned>(slot: &str, value: &Value) -> V {
    serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("a value of `{slot}` is not what its type says: {error}"))
}

/// A number that the service holds.
///
/// # Panics
/// Where it holds none: rick gives each service what it claimed, so the plugin did not claim it.
pub fn held_number(held: &Held, pool: &str, key: &str) -> u64 {
    held.get(pool)
        .and_then(|keys| keys.get(key))
        .and_then(Value::as_u64)
        .unwrap_or_else(|| panic!("the service holds no number `{key}` of the pool `{pool}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_from_the_left() {
        let parse = |text| Version::parse(text).expect(text);
        assert!(parse("5.10") > parse("5.4.2"));
        assert!(parse("5.4.2") > parse("5.4"));
        assert_eq!(parse("5.4.2+ds1-2"), Version(5, 4, 2));
        assert_eq!(parse("17"), Version(17, 0, 0));
        assert_eq!(Version::parse("new"), None);
    }
}
