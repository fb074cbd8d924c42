//! Projects in temporary folders, and the command run on them with nothing of the caller's environment.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use tempfile::TempDir;

/// The checkout.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A project in a folder of its own.
pub struct Project {
    folder: TempDir,
}

/// What a command said.
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Project {
    /// An empty folder.
    pub fn empty() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// A copy of a folder of the checkout.
    pub fn copy_of(path: &str) -> Self {
        let project = Self::empty();
        copy(&root().join(path), project.path());
        project
    }

    /// A project of one machine with these files.
    pub fn of(files: &[(&str, &str)]) -> Self {
        let project = Self::empty();
        project.write("rick.toml", MACHINE);
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, path: &str, text: &str) {
        write(&self.path().join(path), text);
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub fn exists(&self, path: &str) -> bool {
        self.path().join(path).exists()
    }

    /// Runs rick in the project's folder.
    pub fn rick(&self, arguments: &[&str]) -> Said {
        said(rick(self.path()).args(arguments).output().expect("rick runs"))
    }

    /// Adds a plugin of the project's own, allowed all that it declares.
    pub fn add(&self, component: &Path) -> Said {
        let said = self.rick(&["plugin", "add", "--yes", "--allow-commands", component.to_str().expect("UTF-8")]);
        assert_eq!(said.code, 0, "{}", said.err);
        said
    }

    /// Builds, and shows what went wrong if something did.
    pub fn build(&self) -> Said {
        let said = self.rick(&["build"]);
        assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
        said
    }

    /// Every file below a folder of the project.
    pub fn tree(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        tree(&self.path().join(folder))
    }
}

/// A `rick.toml` of one machine.
pub const MACHINE: &str = "[machines.web1]\nversions = { podman = \"5.4.2\", postgresql = \"17\" }\n";

/// The command, with nothing of the caller's environment but what it needs to run.
pub fn rick(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rick"));
    command.current_dir(folder).env_clear().env("PATH", "/usr/bin:/bin").env("XDG_CACHE_HOME", cache());
    command
}

/// Compiled code is kept for all tests: else each would compile all plugins.
pub fn cache() -> PathBuf {
    let cache = root().join("target/test-cache");
    fs::create_dir_all(&cache).expect("it can be made");
    cache
}

pub fn said(output: Output) -> Said {
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Said { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

/// Writes a file, with the folders that it needs.
pub fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
    fs::write(path, text).expect("it can be written");
}

pub fn copy(from: &Path, to: &Path) {
    for (path, bytes) in tree(from) {
        if path.starts_with("dist/") || path == "output.txt" {
            continue;
        }
        let target = to.join(path);
        fs::create_dir_all(target.parent().expect("a folder")).expect("it can be made");
        fs::write(target, bytes).expect("it can be written");
    }
}

/// Every file below a folder with its bytes, by path.
pub fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(root, &path, files);
            } else {
                let name = path.strip_prefix(root).expect("below the root").to_str().expect("UTF-8").to_owned();
                files.insert(name, fs::read(&path).expect("it can be read"));
            }
        }
    }
    let mut files = BTreeMap::new();
    walk(folder, folder, &mut files);
    files
}

/// Folders below one of the checkout, in the order of their names.
pub fn folders(path: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().expect("UTF-8"))
        .collect();
    names.sort();
    names
}

/// The examples that build, in the order of their names; one with an `output.txt` shows what rick refuses, and one with a script `add`
/// needs plugins that are not rick's own: tests/strangers/run.
pub fn examples() -> Vec<String> {
    let mut names = folders("examples");
    let example = |name: &String| root().join("examples").join(name);
    names.retain(|name| {
        let has = |file: &str| example(name).join(file).exists();
        // What is an example of policies is tested with them: it is of two machines, and shows nothing new of any system.
        has("rick.toml") && !has("output.txt") && !has("add") && !has("policies")
    });
    names
}

/// Whether expected files are to be written anew, from what is there: `RICK_BLESS=1 cargo test`.
pub fn blessing() -> bool {
    std::env::var_os("RICK_BLESS").is_some()
}

/// The misbehaving plugin, built once: the module as cargo makes it, of which rick makes a component.
pub fn unruly() -> &'static Path {
    static COMPONENT: OnceLock<PathBuf> = OnceLock::new();
    COMPONENT.get_or_init(|| guest("unruly"))
}

/// A guest of tests/guests, as a module.
pub fn guest(name: &str) -> PathBuf {
    let target = root().join("target/guests");
    let (profile, triple) = ("plugin", "wasm32-unknown-unknown");
    let status = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["build", "--quiet", "--package", name, "--profile", profile, "--target", triple, "--target-dir"])
        .arg(&target)
        .status()
        .expect("cargo runs");
    assert!(status.success(), "the guest `{name}` builds");
    target.join(triple).join(profile).join(format!("{name}.wasm"))
}
