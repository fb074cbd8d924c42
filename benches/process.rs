//! Whole processes, as a pre-commit hook pays for them: `cargo bench`. Prints medians and, since those differ from machine to
//! machine, ratios to `rick --version`, which does nothing; all taken in one run, in turns. `RICK`: another rick than cargo's, such as
//! the one that `packaging/build` made.
#![allow(clippy::print_stdout, reason = "this is what a benchmark is for")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 60;

fn main() {
    for example in ["guide", "homelab"] {
        measure(example);
    }
    one_of_twenty();
}

fn program() -> String {
    std::env::var("RICK").unwrap_or_else(|_| env!("CARGO_BIN_EXE_rick").to_owned())
}

/// What a hook pays for: a project of twenty services, of which one manifest was changed since the last run.
fn one_of_twenty() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let rick = |arguments: &[&str]| {
        let mut command = Command::new(program());
        command.current_dir(folder.path()).args(arguments).env("XDG_CACHE_HOME", folder.path().join("cache"));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let start = Instant::now();
        assert!(command.status().expect("rick runs").success(), "{arguments:?}");
        start.elapsed()
    };
    rick(&["init"]);
    for number in 1..=20 {
        let (name, port) = (format!("service{number}"), (8100 + number).to_string());
        rick(&["new", &name, "--domain", &format!("{name}.example.org"), "--postgres", "--valkey", "--port", &port]);
    }
    rick(&["lint"]);
    let manifest = folder.path().join("services/service7.toml");
    let text = std::fs::read_to_string(&manifest).expect("it is there");
    let (mut nothing, mut same, mut port, mut image) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // Both are in [service], which every call about the service or its machine is given.
        std::fs::write(&manifest, text.replace("8107", &(8200 + round).to_string())).expect("it can be written");
        port.push(rick(&["lint"]));
        same.push(rick(&["lint"]));
        std::fs::write(&manifest, text.replace(":1.0.0", &format!(":1.0.{}", round + 1))).expect("it can be written");
        image.push(rick(&["lint"]));
        nothing.push(rick(&["--version"]));
    }
    let middle = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2].as_secs_f64() * 1000.0
    };
    let base = middle(&mut nothing);
    for (name, times) in [
        ("one of twenty has another port", &mut port),
        ("one of twenty has another image", &mut image),
        ("none of twenty changed", &mut same),
    ] {
        let time = middle(times);
        println!("rick lint, {name}: {time:.1} ms, {:.1} times `rick --version`", time / base);
    }
}

fn measure(example: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    copy(&root.join("examples").join(example), folder.path());
    let rick = |arguments: &[&str]| {
        let mut command = Command::new(program());
        command.current_dir(folder.path()).args(arguments).env("XDG_CACHE_HOME", folder.path().join("cache"));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let start = Instant::now();
        assert!(command.status().expect("rick runs").success(), "{arguments:?}");
        start.elapsed()
    };
    // The first run compiles the plugins and makes the output.
    let first = rick(&["build"]);
    let cases: &[(&str, &[&str])] = &[
        ("rick --version", &["--version"]),
        ("rick plugin list", &["plugin", "list"]),
        ("rick lint", &["lint"]),
        ("rick build, nothing changes", &["build"]),
        ("rick build, all is new", &["build", "-o", "new"]),
    ];
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); cases.len()];
    for _ in 0..ROUNDS {
        for (times, (_, arguments)) in times.iter_mut().zip(cases) {
            let _ = std::fs::remove_dir_all(folder.path().join("new"));
            times.push(rick(arguments));
        }
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2].as_secs_f64() * 1000.0
    };
    let nothing = median(&mut times[0].clone());
    println!(
        "examples/{example}, {ROUNDS} runs of each, in turns; the very first, which compiles, took {} ms",
        first.as_millis()
    );
    for (times, (name, _)) in times.iter_mut().zip(cases) {
        let time = median(times);
        println!("{name:<30} {time:>7.2} ms  {:>6.1} x", time / nothing);
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir_all(&target).expect("it can be made");
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("it can be copied");
        }
    }
}
