//! Golden cases: a project in a folder, and beside it in `expected` what the plugin makes of it.

use std::collections::BTreeMap;
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};

use super::{Cases, way};
use crate::error::Error;
use crate::plugin::Plugin;
use crate::plugins::Plugins;
use crate::project;
use crate::write::{READABLE, replace};

/// The folder of what is expected.
const EXPECTED: &str = "expected";

/// A case that was tried.
pub struct Case {
    /// Its folder's name.
    pub name: String,
    /// What is not as expected.
    pub wrong: Vec<String>,
    /// How many files were written as expected.
    pub blessed: usize,
}

/// Tries every case.
pub fn run(plugins: &Plugins, plugin: &Plugin, cases: &Cases<'_>) -> Result<Vec<Case>, Error> {
    let mut tried = Vec::new();
    for folder in folders(cases.folder)? {
        let name = folder.file_name().unwrap_or_default().to_owned();
        let mut case = Case { name, wrong: Vec::new(), blessed: 0 };
        if folder.join(project::FILE).is_file() {
            let way = way::go(&folder, plugins, plugin)?;
            case.wrong.extend(way.failures());
            if cases.bless {
                case.blessed = bless(&folder.join(EXPECTED), &way.made)?;
            } else {
                case.wrong.extend(compare(&folder.join(EXPECTED), &way.made)?);
            }
        } else {
            case.wrong.push(format!("it has no {}", project::FILE));
        }
        tried.push(case);
    }
    Ok(tried)
}

fn folders(folder: &Utf8Path) -> Result<Vec<Utf8PathBuf>, Error> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries = folder.read_dir_utf8().map_err(Error::file("list", folder))?;
    let mut folders: Vec<Utf8PathBuf> = entries.flatten().map(|entry| entry.into_path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    Ok(folders)
}

fn files(folder: &Utf8Path) -> Result<BTreeMap<String, String>, Error> {
    let (mut found, mut left) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(next) = left.pop().filter(|_| folder.is_dir()) {
        for entry in next.read_dir_utf8().map_err(Error::file("list", &next))?.flatten() {
            let path = entry.into_path();
            if path.is_dir() {
                left.push(path);
            } else if let Ok(name) = path.strip_prefix(folder) {
                let text = fs::read_to_string(&path).map_err(Error::file("read", &path))?;
                found.insert(name.to_string(), text);
            }
        }
    }
    Ok(found)
}

fn compare(expected: &Utf8Path, made: &BTreeMap<String, String>) -> Result<Vec<String>, Error> {
    let there = files(expected)?;
    if there.is_empty() && !made.is_empty() {
        return Ok(vec![format!(
            "nothing is expected yet: `rick plugin test --bless` writes `{EXPECTED}`; look at it before you keep it"
        )]);
    }
    let mut wrong = Vec::new();
    for (path, text) in made {
        match there.get(path) {
            None => wrong.push(format!("`{path}` is made, and not expected")),
            Some(expected) if expected != text => {
                wrong.push(format!("`{path}` is another: {}", first_difference(expected, text)))
            }
            Some(_) => {}
        }
    }
    wrong.extend(there.keys().filter(|path| !made.contains_key(*path)).map(|path| format!("`{path}` is expected, and not made")));
    Ok(wrong)
}

fn first_difference(expected: &str, found: &str) -> String {
    let pairs = expected.lines().zip(found.lines()).enumerate();
    match pairs.into_iter().find(|(_, (left, right))| left != right) {
        Some((line, (left, right))) => format!("line {} is\n      {right}\n    where expected was\n      {left}", line + 1),
        None => format!("{} lines, where {} were expected", found.lines().count(), expected.lines().count()),
    }
}

/// Writes what is expected, and takes away what no longer is.
fn bless(expected: &Utf8Path, made: &BTreeMap<String, String>) -> Result<usize, Error> {
    let there = files(expected)?;
    for path in there.keys().filter(|path| !made.contains_key(*path)) {
        let path = expected.join(path);
        fs::remove_file(&path).map_err(Error::file("remove", path))?;
    }
    let mut written = 0;
    for (path, text) in made.iter().filter(|(path, text)| there.get(*path) != Some(text)) {
        let path = expected.join(path);
        let folder = path.parent().unwrap_or(expected);
        fs::create_dir_all(folder).map_err(Error::file("make", folder))?;
        replace(&path, text.as_bytes(), READABLE).map_err(Error::file("write", path))?;
        written += 1;
    }
    Ok(written)
}
