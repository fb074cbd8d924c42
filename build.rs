//! Builds the official plugins for wasm32-unknown-unknown, makes components of them, and leaves them for the host to embed.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use sha2::{Digest, Sha256};

const TARGET: &str = "wasm32-unknown-unknown";
const PLUGINS: &[&str] = &["account", "authentik", "caddy", "postgres", "quadlet", "valkey"];

fn main() -> ExitCode {
    for path in ["Cargo.toml", "plugins", "wit"] {
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
    let mut table = String::from(
        "/// Name, SHA-256 and component of each official plugin.\npub static BUILT_IN: &[(&str, &str, &[u8])] = &[\n",
    );
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
        writeln!(table, "    ({name:?}, {digest:?}, include_bytes!({path:?})),").expect("a String takes text");
    }
    table.push_str("];\n");
    fs::write(out.join("built_in.rs"), table).expect("OUT_DIR can be written");
    ExitCode::SUCCESS
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
