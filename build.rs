//! Builds the official plugins for wasm32-unknown-unknown, makes components of them, and leaves them for the host to embed.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use sha2::{Digest, Sha256};

/// The folder with what the first stage of a build compiled: see `packaging/build`.
const COMPILED: &str = "RICK_COMPILED";
const TARGET: &str = "wasm32-unknown-unknown";
const PLUGINS: &[&str] = &["account", "authentik", "caddy", "postgres", "quadlet", "valkey"];

fn main() -> ExitCode {
    for path in ["Cargo.toml", "host/scaffold", "plugins", "wit"] {
        println!("cargo::rerun-if-changed={path}");
    }
    if !target_is_installed() {
        // An error of the user's machine, not of this program: no panic, no backtrace, just what to type.
        println!("cargo::error=the plugins are built for {TARGET}, which is not installed for this Rust");
        println!("cargo::error=type: rustup target add {TARGET}");
        return ExitCode::FAILURE;
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let Some(modules) = build(&out.join("plugins")) else {
        println!("cargo::error=the plugins could not be built; what cargo said is above");
        return ExitCode::FAILURE;
    };
    println!("cargo::rerun-if-env-changed={COMPILED}");
    println!("cargo::rustc-env=RICK_TARGET={}", env::var("TARGET").expect("cargo sets TARGET"));
    let compiled = env::var_os(COMPILED).map(PathBuf::from);
    let mut table = String::from("/// Every official plugin, in the order of their names.\npub static ALL: &[BuiltIn] = &[\n");
    for name in PLUGINS {
        let module = fs::read(modules.join(format!("rick_plugin_{name}.wasm"))).expect("cargo said that it built it");
        let component = wit_component::ComponentEncoder::default()
            .module(&module)
            .and_then(|encoder| encoder.validate(true).encode())
            .unwrap_or_else(|error| panic!("the plugin `{name}` cannot be made a component: {error:#}"));
        let path = out.join(format!("{name}.wasm"));
        fs::write(&path, &component).expect("OUT_DIR can be written");
        let digest = Sha256::digest(&component).iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a String takes text");
            text
        });
        let made = compiled.as_ref().map(|folder| ["cwasm", "said"].map(|kind| folder.join(format!("{digest}.{kind}"))));
        let compiled = match made {
            Some([code, said]) => {
                for file in [&code, &said] {
                    println!("cargo::rerun-if-changed={}", file.display());
                    if !file.is_file() {
                        println!("cargo::error={} is not there: the first stage was built from other sources", file.display());
                        return ExitCode::FAILURE;
                    }
                }
                format!("Some(Compiled {{ code: include_bytes!({code:?}), said: include_bytes!({said:?}) }})")
            }
            None => "None".to_owned(),
        };
        writeln!(
            table,
            "    BuiltIn {{ name: {name:?}, digest: {digest:?}, component: include_bytes!({path:?}), compiled: {compiled} }},"
        )
        .expect("a String takes text");
    }
    table.push_str("];\n");
    fs::write(out.join("built_in.rs"), table).expect("OUT_DIR can be written");
    fs::write(out.join("scaffold.rs"), scaffold()).expect("OUT_DIR can be written");
    ExitCode::SUCCESS
}

/// What `rick plugin new` writes: the files of each scaffold, the SDK, and the names and codes that are taken.
fn scaffold() -> String {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    for (name, folder) in [
        ("RUST", "host/scaffold/rust"),
        ("PYTHON", "host/scaffold/python"),
        ("JAVASCRIPT", "host/scaffold/javascript"),
        ("SDK", "plugins/sdk"),
    ] {
        writeln!(text, "pub static {name}: &[(&str, &str)] = &[").expect("a String takes text");
        let mut files = Vec::new();
        walk(&root.join(folder), &mut files);
        files.sort();
        for file in files {
            let path = file.strip_prefix(root.join(folder)).expect("below it").to_str().expect("UTF-8").to_owned();
            if name != "SDK" || path.starts_with("src/") {
                writeln!(text, "    ({path:?}, include_str!({file:?})),").expect("a String takes text");
            }
        }
        text.push_str("];\n");
    }
    writeln!(text, "pub static TAKEN: &[&str] = &{PLUGINS:?};").expect("a String takes text");
    // A rule's file says its code: `code: "PG011"`.
    let mut sources = Vec::new();
    walk(&root.join("plugins"), &mut sources);
    let mut codes: Vec<String> = Vec::new();
    for source in sources.iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs")) {
        let source = fs::read_to_string(source).expect("a source can be read");
        let found = source.lines().filter_map(|line| line.trim().strip_prefix("code: \""));
        codes.extend(found.map(|code| code.chars().take_while(char::is_ascii_uppercase).collect()));
    }
    codes.sort();
    codes.dedup();
    writeln!(text, "pub static CODES: &[&str] = &{codes:?};").expect("a String takes text");
    text
}

/// Every file below a folder, but for what is built there.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        let built = ["target", "node_modules", "__pycache__", ".venv", "wit"].iter().any(|built| name == *built);
        if path.is_dir() && !built {
            walk(&path, files);
        } else if path.is_file() && path.extension().is_none_or(|extension| extension != "wasm" && extension != "pyc") {
            files.push(path);
        }
    }
}

fn target_is_installed() -> bool {
    let rustc = env::var_os("RUSTC").expect("cargo sets RUSTC");
    let output = Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output().expect("rustc runs");
    let folder = String::from_utf8_lossy(&output.stdout);
    fs::read_dir(folder.trim()).is_ok_and(|mut entries| entries.next().is_some())
}

/// Runs cargo with a target folder of its own, since the outer cargo holds the lock of the other.
fn build(folder: &Path) -> Option<PathBuf> {
    let mut cargo = Command::new(env::var_os("CARGO").expect("cargo sets CARGO"));
    cargo.args(["build", "--profile", "plugin", "--target", TARGET, "--target-dir"]).arg(folder);
    for name in PLUGINS {
        cargo.args(["--package", &format!("rick-plugin-{name}")]);
    }
    // What was set for the host's own code is not meant for theirs.
    for variable in ["CARGO_ENCODED_RUSTFLAGS", "RUSTFLAGS", "CARGO_BUILD_TARGET", "CARGO_TARGET_DIR", "RUSTC_WORKSPACE_WRAPPER"]
    {
        cargo.env_remove(variable);
    }
    let status = cargo.status().expect("cargo runs");
    status.success().then(|| folder.join(TARGET).join("plugin"))
}
