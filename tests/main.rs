//! All integration tests, in one binary: wasmtime is linked once.

mod apply;
mod blueprints;
mod build;
mod cache;
mod cli;
mod contract;
mod control;
mod determinism;
mod diagnostics;
mod editors;
mod fixes;
mod formats;
mod guests;
mod input;
mod lock;
mod oracles;
mod policies;
mod reference;
mod rules;
mod secrets;
mod sign_on;
mod support;
mod trust;
mod tutorial;
mod verify;
mod why;
mod write;

/// A test file that is not listed above would never run.
#[test]
fn every_test_file_is_listed() {
    let main = include_str!("main.rs");
    for entry in std::fs::read_dir(support::root().join("tests")).expect("tests/ is there") {
        let name = entry.expect("an entry").file_name().into_string().expect("UTF-8");
        if let Some(module) = name.strip_suffix(".rs").filter(|module| *module != "main") {
            assert!(main.contains(&format!("\nmod {module};")), "tests/{name} is not listed in tests/main.rs");
        }
    }
}
