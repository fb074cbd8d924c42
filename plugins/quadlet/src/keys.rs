//! Which keys a podman knows: <https://docs.podman.io/en/latest/markdown/podman-systemd.unit.5.html>
//!
//! The generator drops a unit with a key that it does not know, in silence: the unit is then simply not there.

use std::sync::LazyLock;

use rick_plugin_sdk::Version;

const TABLE: &str = include_str!("keys.tsv");

/// A kind of Quadlet file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileType {
    /// `.container`
    Container,
    /// `.pod`
    Pod,
    /// `.volume`
    Volume,
}

impl FileType {
    /// The file's extension.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::Pod => "pod",
            Self::Volume => "volume",
        }
    }

    /// The section that Quadlet reads; systemd has the others.
    pub fn section(self) -> &'static str {
        match self {
            Self::Container => "Container",
            Self::Pod => "Pod",
            Self::Volume => "Volume",
        }
    }
}

/// How Quadlet reads a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// As it is, to the end of the line.
    Text,
    /// Yes or no.
    Bool,
    /// Words, unquoted; a backslash is one.
    Words,
    /// Words, unquoted, with C escapes.
    Arguments,
}

/// A key of Quadlet's own section.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// The first podman that has it.
    pub since: Version,
    /// It may be there more than once.
    pub repeatable: bool,
    /// How its value is read.
    pub kind: Kind,
    /// What says the same to podman itself, if an older one has it; the value follows where it ends in "=" or ":".
    pub flag: Option<&'static str>,
}

/// The table, read once: it is asked for every line of every unit.
static KEYS: LazyLock<Vec<(FileType, Key)>> = LazyLock::new(|| TABLE.lines().filter_map(read).collect());

fn read(line: &'static str) -> Option<(FileType, Key)> {
    let mut fields = line.split('\t');
    let extension = fields.next()?;
    let file_type =
        [FileType::Container, FileType::Pod, FileType::Volume].into_iter().find(|kind| kind.extension() == extension)?;
    let name = fields.next()?;
    let since = Version::parse(fields.next()?)?;
    let repeatable = fields.next()? == "yes";
    let kind = match fields.next()? {
        "bool" => Kind::Bool,
        "strv" => Kind::Words,
        "args" | "lastargs" | "keyval" => Kind::Arguments,
        _ => Kind::Text,
    };
    let flag = fields.next().filter(|flag| !flag.is_empty());
    Some((file_type, Key { name, since, repeatable, kind, flag }))
}

/// All keys of a section.
pub fn all(file_type: FileType) -> impl Iterator<Item = Key> {
    KEYS.iter().filter(move |(of, _)| *of == file_type).map(|(_, key)| *key)
}

/// A key by its name. Upper and lower case differ.
pub fn find(file_type: FileType, name: &str) -> Option<Key> {
    all(file_type).find(|key| key.name == name)
}

/// The key that is spelt most like a wrong one, if any is spelt like it at all.
pub fn nearest(file_type: FileType, wrong: &str) -> Option<&'static str> {
    let lower = wrong.to_ascii_lowercase();
    let (distance, name) = all(file_type).map(|key| (distance(&lower, &key.name.to_ascii_lowercase()), key.name)).min()?;
    (distance <= 1 + wrong.len() / 4).then_some(name)
}

/// How many letters must be put in, taken out or changed (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, right) in b.chars().enumerate() {
            let changed = diagonal + usize::from(left != right);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[row.len() - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_a_key() {
        let keys: usize =
            [FileType::Container, FileType::Pod, FileType::Volume].map(|file_type| all(file_type).count()).iter().sum();
        assert_eq!(keys, TABLE.lines().filter(|line| !line.starts_with('#')).count());
    }

    #[test]
    fn a_key_is_known_from_its_version_on() {
        let memory = find(FileType::Container, "Memory").expect("a key");
        assert_eq!((memory.since, memory.flag), (Version(5, 5, 0), Some("--memory=")));
        assert!(find(FileType::Container, "memory").is_none());
    }

    #[test]
    fn a_misspelt_key_finds_its_neighbour() {
        assert_eq!(nearest(FileType::Container, "Hostname"), Some("HostName"));
        assert_eq!(nearest(FileType::Container, "ENVIRONMENT"), Some("Environment"));
        assert_eq!(nearest(FileType::Pod, "PublishPorts"), Some("PublishPort"));
        assert_eq!(nearest(FileType::Pod, "Wattage"), None);
    }
}
