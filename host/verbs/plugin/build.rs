//! `rick plugin build`

use std::ffi::OsString;
use std::fs;
use std::process::{Command, Stdio};

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use crate::cli::{Failed, Outcome, Ui};
use crate::error::Error;
use crate::plugins;
use crate::plugins::plugin_of;
use crate::verbs::engine;
use crate::write::{READABLE, replace};

/// What plugins in Rust are built for: the only target without imports of its own.
const TARGET: &str = "wasm32-unknown-unknown";

/// Builds a plugin's component, one file: with cargo where there is a Cargo.toml, with componentize-py where there is a pyproject.toml,
/// with componentize-qjs where there is a package.json.
#[derive(Debug, clap::Args)]
pub struct Build {
    /// The plugin's folder.
    #[arg(default_value = ".")]
    folder: Utf8PathBuf,
    /// The file to write; without it, one of the plugin's name in its folder.
    #[arg(short, long, value_name = "FILE")]
    output: Option<Utf8PathBuf>,
}

impl Build {
    /// Carries it out.
    pub fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        let folder = self.folder.canonicalize_utf8().map_err(Error::file("find", &self.folder))?;
        let has = |file: &str| folder.join(file).is_file();
        let bytes = if has("Cargo.toml") {
            rust(&folder)?
        } else if has("pyproject.toml") {
            python(&folder)?
        } else if has("package.json") {
            javascript(&folder)?
        } else {
            let message = format!(
                "there is no Cargo.toml, pyproject.toml or package.json in `{}`: `rick plugin new` writes a plugin",
                self.folder
            );
            return Err(Error::Usage(message).into());
        };
        let bytes = plugins::component(bytes).map_err(|reason| Error::Plugin { plugin: self.folder.to_string(), reason })?;
        // Whether it is a plugin at all is better known now than where it is used.
        let plugin = plugin_of(&engine()?, folder.file_name().unwrap_or_default(), bytes.clone())?;
        let path = self.output.unwrap_or_else(|| self.folder.join(format!("{}.wasm", plugin.descriptor.name)));
        replace(&path, &bytes, READABLE).map_err(Error::file("write", &path))?;
        if !ui.global.quiet {
            writeln!(ui.err, "built {} as `{path}`, {} KiB", plugin.title(), bytes.len().div_ceil(1024))?;
        }
        Ok(Outcome::Clean)
    }
}

fn rust(folder: &Utf8Path) -> Result<Vec<u8>, Error> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(folder).args(["build", "--release", "--target", TARGET, "--message-format", "json-render-diagnostics"]);
    let output = cargo.stdin(Stdio::null()).stderr(Stdio::inherit()).output().map_err(Error::file("run", "cargo"))?;
    if !output.status.success() {
        return Err(Error::Usage(format!("cargo could not build it; where the target is missing: rustup target add {TARGET}")));
    }
    // From the end: what the package depends on comes before it.
    let messages = String::from_utf8_lossy(&output.stdout);
    let mut module = messages.lines().rev().filter_map(|line| serde_json::from_str::<Value>(line).ok()).filter_map(|message| {
        let files = message.get("filenames")?.as_array()?;
        files.iter().filter_map(Value::as_str).find(|file| file.ends_with(".wasm")).map(Utf8PathBuf::from)
    });
    let module = module.next().ok_or_else(|| {
        Error::Usage("cargo built no module: does Cargo.toml say `crate-type = [\"cdylib\", \"rlib\"]` in [lib]?".to_owned())
    })?;
    fs::read(&module).map_err(Error::file("read", module))
}

fn python(folder: &Utf8Path) -> Result<Vec<u8>, Error> {
    let way = "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt";
    let program = program(folder, ".venv/bin", "componentize-py", way)?;
    made(folder, &program, way, |output| {
        ["-d", "wit", "-w", "plugin", "componentize", "--stub-wasi", "plugin", "-o", output].map(str::to_owned).to_vec()
    })
}

fn javascript(folder: &Utf8Path) -> Result<Vec<u8>, Error> {
    let way = "npm install";
    let program = program(folder, "node_modules/.bin", "componentize-qjs", way)?;
    made(folder, &program, way, |output| {
        let files = ["--wit", "wit", "--js", "component.js", "--module-root", ".", "--output", output];
        let switches = ["--world", "plugin", "--sync", "--stub-wasi", "--opt-size"];
        files.into_iter().chain(switches).map(str::to_owned).collect()
    })
}

/// A program of the plugin's own tools, or of the machine's.
fn program(folder: &Utf8Path, tools: &str, name: &str, way: &str) -> Result<OsString, Error> {
    let own = folder.join(tools).join(name);
    if own.is_file() {
        return Ok(own.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file());
    found.map(Into::into).ok_or_else(|| Error::Usage(format!("`{name}` is not there, neither in {tools} nor in PATH: {way}")))
}

fn made(folder: &Utf8Path, program: &OsString, way: &str, arguments: impl Fn(&str) -> Vec<String>) -> Result<Vec<u8>, Error> {
    let scratch = tempfile::tempdir().map_err(Error::file("make", std::env::temp_dir().to_string_lossy().into_owned()))?;
    let output = scratch.path().join("plugin.wasm");
    let arguments = arguments(&output.to_string_lossy());
    let shown = program.to_string_lossy().into_owned();
    let mut command = Command::new(program);
    // What went wrong is in the plugin, not in the tool.
    command.current_dir(folder).args(arguments).env("RUST_BACKTRACE", "0").stdin(Stdio::null());
    let run = command.output();
    let run = run.map_err(Error::file("run", &shown))?;
    if !run.status.success() {
        let said = String::from_utf8_lossy(if run.stderr.is_empty() { &run.stdout } else { &run.stderr });
        let said = said.split("\nStack backtrace:").next().unwrap_or_default().trim_end();
        return Err(Error::Usage(format!(
            "`{shown}` could not build it; its version is pinned by what `{way}` installs\n\n{said}"
        )));
    }
    fs::read(&output).map_err(Error::file("read", output.to_string_lossy().into_owned()))
}
