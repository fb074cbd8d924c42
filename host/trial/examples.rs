//! The examples on the pages of a plugin's rules: what a rule says that it finds it finds, and what to use instead has no error.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use super::way::{self, Way};
use crate::diagnostic::{Diagnostic, Severity};
use crate::error::Error;
use crate::fix::{Replacement, apply, touch};
use crate::plugin::Plugin;
use crate::plugins::Plugins;
use crate::project;

/// The service of an example that names none.
const SERVICE: &str = "services/myservice.toml";

/// An example that was tried.
pub struct Example {
    /// The rule's code.
    pub code: String,
    /// What it shows: what is found, or what to use instead.
    pub good: bool,
    /// What is not as its page says.
    pub wrong: Vec<String>,
}

/// Tries the examples of every rule; a rule without one is left out.
pub fn run(plugins: &Plugins, plugin: &Plugin) -> Result<Vec<Example>, Error> {
    let mut tried = Vec::new();
    for rule in &plugin.descriptor.rules {
        let page: Value = serde_json::from_str(&rule.page).unwrap_or_default();
        for (key, good) in [("example", false), ("use_instead", true)] {
            let files = files(page.get(key).and_then(Value::as_str).unwrap_or_default());
            if files.is_empty() {
                continue;
            }
            let folder = tempfile::tempdir().map_err(Error::file("make", std::env::temp_dir().to_string_lossy().into_owned()))?;
            let root = Utf8PathBuf::from_path_buf(folder.path().to_owned())
                .map_err(|path| Error::Usage(format!("`{}` is no path of UTF-8", path.display())))?;
            way::write(&root, &files)?;
            let way = way::go(&root, plugins, plugin)?;
            let found = way.diagnostics.iter().any(|diagnostic| diagnostic.code == rule.code);
            let mut wrong: Vec<String> = way.failures().collect();
            if found && !good {
                wrong.extend(fixed(&root, plugins, plugin, &rule.code, &way)?);
            }
            if !good && !found {
                wrong.push(format!("the example of `{}` is not found by it", rule.code));
                wrong.extend(way.lines.iter().map(|line| format!("found instead: {line}")));
            } else if good {
                let bad = |(diagnostic, _): &(&crate::diagnostic::Diagnostic, &String)| {
                    diagnostic.code == rule.code || diagnostic.severity == Severity::Error
                };
                let lines = way.diagnostics.iter().zip(&way.lines).filter(bad);
                wrong.extend(lines.map(|(_, line)| format!("what `{}` says to use instead is not clean: {line}", rule.code)));
            }
            tried.push(Example { code: rule.code.clone(), good, wrong });
        }
    }
    Ok(tried)
}

/// What is wrong with the fixes of what a rule found: each must be one that can be made, and the first of each must mend it and bring no
/// error.
fn fixed(root: &Utf8Path, plugins: &Plugins, plugin: &Plugin, code: &str, way: &Way) -> Result<Vec<String>, Error> {
    let (mut wrong, mut made, mut mended): (Vec<String>, Vec<Replacement>, Vec<&str>) = Default::default();
    for diagnostic in way.diagnostics.iter().filter(|diagnostic| diagnostic.code == code) {
        for (index, fix) in diagnostic.fixes.iter().enumerate() {
            match fix.replacements(&way.sources) {
                None => wrong.push(format!("the fix `{}` of `{code}` cannot be made, or changes nothing", fix.title)),
                Some(replacements) if index == 0 && !replacements.iter().any(|new| made.iter().any(|old| touch(old, new))) => {
                    made.extend(replacements);
                    mended.push(&diagnostic.message);
                }
                Some(_) => {}
            }
        }
    }
    if made.is_empty() {
        return Ok(wrong);
    }
    let sources: BTreeSet<_> = made.iter().map(|replacement| replacement.source).collect();
    for source in sources {
        let of_file = made.iter().filter(|replacement| replacement.source == source).cloned().collect();
        let path = root.join(way.sources.path(source));
        std::fs::write(&path, apply(&way.sources.get(source).text, of_file)).map_err(Error::file("write", path))?;
    }
    let again = way::go(root, plugins, plugin)?;
    for message in mended {
        if again.diagnostics.iter().any(|diagnostic| diagnostic.code == code && diagnostic.message == message) {
            wrong.push(format!("the fix of `{code}` leaves what it is for: {message}"));
        }
    }
    let known =
        |error: &&Diagnostic| way.diagnostics.iter().any(|other| other.code == error.code && other.message == error.message);
    let errors = again.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    wrong.extend(
        errors
            .filter(|error| !known(error))
            .map(|error| format!("the fix of `{code}` brings `{}`: {}", error.code, error.message)),
    );
    Ok(wrong)
}

/// The files of an example: one manifest, or several that each begin with a line `# services/wiki.toml` or `# rick.toml`. A manifest
/// without `[service]` gets one with an image. An example of comments alone shows nothing.
pub fn files(example: &str) -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let mut path = SERVICE.to_owned();
    for line in example.lines() {
        let named = line.strip_prefix('#').map(str::trim);
        match named.filter(|name| {
            *name == project::FILE || name.starts_with("services/") && name.ends_with(".toml") && !name.contains(' ')
        }) {
            Some(name) => path = name.to_owned(),
            None => {
                let text = files.entry(path.clone()).or_default();
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    let says = |text: &String| text.lines().any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    if !files.values().any(says) {
        return BTreeMap::new();
    }
    files.retain(|_, text| says(text));
    if files.keys().all(|path| path == project::FILE) {
        files.insert(SERVICE.to_owned(), String::new());
    }
    for (path, text) in files.iter_mut().filter(|(path, _)| *path != project::FILE) {
        if !text.lines().any(|line| line.trim_start().starts_with("[service]")) {
            let name = path.trim_start_matches("services/").trim_end_matches(".toml");
            *text = format!("{text}\n[service]\nimage = \"ghcr.io/acme/{name}:1.0.0\"\n");
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::files;

    #[test]
    fn an_example_is_one_manifest_or_several_files() {
        let one = files("[postgres]\nrole = \"x\"\n");
        assert_eq!(one.len(), 1);
        assert!(one["services/myservice.toml"].ends_with("image = \"ghcr.io/acme/myservice:1.0.0\"\n"));
        let three = files(
            "# rick.toml\n[plugins.x]\na = 1\n# services/a.toml\n[x]\n# services/b.toml\n# with a word on it\n[service]\nport = 1\n",
        );
        assert_eq!(three.keys().collect::<Vec<_>>(), ["rick.toml", "services/a.toml", "services/b.toml"]);
        assert_eq!(three["services/b.toml"], "# with a word on it\n[service]\nport = 1\n");
        assert!(files("# only seen on a machine\n").is_empty() && files("").is_empty());
    }
}
