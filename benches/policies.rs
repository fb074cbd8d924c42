//! Policies: `cargo bench --bench policies`. A thousand services and the policies of all packs and of examples/policies, asked in this
//! process; and as a whole process five policies of a model of 200 services in a file, beside another engine's command where
//! `REGORUS` names it. Prints medians and ratios, all taken in one run, in turns.
#![allow(clippy::print_stdout, reason = "this is what a benchmark is for")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use camino::Utf8PathBuf;
use rick::diagnostic::Sink;
use rick::engine::Engine;
use rick::plugins::Plugins;
use rick::policy::model::Model;
use rick::policy::shape::Shapes;
use rick::policy::{From, Policies, evaluate, packs};
use rick::source::Sources;

const ROUNDS: usize = 20;
/// A machine has numbers for so many.
const PER_MACHINE: usize = 80;

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let model = |services: usize| {
        let project = folder.path().join(services.to_string());
        generate(&project, services);
        let said = rick(folder.path())
            .args(["--project", project.to_str().expect("UTF-8"), "show", "--format", "json"])
            .stdout(Stdio::piped())
            .output();
        let path = folder.path().join(format!("{services}.json"));
        fs::write(&path, said.expect("rick runs").stdout).expect("it can be written");
        path
    };
    in_process(folder.path(), &model(1_000));
    whole_process(folder.path(), &model(200));
}

fn in_process(folder: &Path, model: &Path) {
    let folder = Utf8PathBuf::from_path_buf(folder.to_owned()).expect("UTF-8");
    let engine = Engine::new(Some(folder.join("cache/rick/compiled"))).expect("an engine");
    let plugins = Plugins::with(&engine, &folder, Vec::new()).expect("plugins");
    let mut texts: Vec<(From, Utf8PathBuf, String)> =
        packs::ALL.iter().map(|pack| (From::Pack(pack.name), pack.path(), pack.text.to_owned())).collect();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/policies/policies");
    for entry in fs::read_dir(examples).expect("a folder").flatten() {
        let path = Utf8PathBuf::from_path_buf(entry.path()).expect("UTF-8");
        texts.push((From::File(path.clone()), path.clone(), fs::read_to_string(path).expect("a file")));
    }
    let mut sink = Sink::default();
    let policies = Policies::read(texts, Arc::new(Shapes::of(&plugins)), &mut Sources::default(), &mut sink);
    assert!(sink.is_empty());
    let text = fs::read_to_string(model).expect("a model");
    let (mut read, mut asked, mut found) = (Vec::new(), Vec::new(), 0);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let whole: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        read.push(start.elapsed().as_secs_f64() * 1000.0);
        drop(whole);
        let model = Model::read(&serde_json::from_str(&text).expect("a model"));
        let start = Instant::now();
        found = evaluate::ask(&policies.all, &model, |_| true).found.len();
        asked.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    let (read, asked) = (middle(&mut read), middle(&mut asked));
    println!(
        "1000 services, {} policies, {found} findings: {asked:.0} ms, {:.2} times the reading of the model as JSON ({read:.0} ms)",
        policies.all.len(),
        asked / read
    );
}

fn whole_process(folder: &Path, model: &Path) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/policies");
    let mut commands = vec![("rick --version", rick(folder)), ("rick policy check", rick(folder))];
    commands[0].1.arg("--version");
    commands[1].1.args(["policy", "check", "--quiet", "--format", "concise", "--model"]).arg(model).arg(here.join("five.toml"));
    if let Some(regorus) = std::env::var_os("REGORUS") {
        let mut command = Command::new(regorus);
        command.arg("eval").arg("-d").arg(here.join("five.rego")).arg("-i").arg(model).arg("data.rick.deny");
        command.stdout(Stdio::null()).stderr(Stdio::null());
        commands.push(("regorus eval", command));
    }
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); commands.len()];
    for _ in 0..ROUNDS {
        for ((_, command), times) in commands.iter_mut().zip(&mut times) {
            let start = Instant::now();
            command.status().expect("it runs");
            times.push(start.elapsed().as_secs_f64() * 1000.0);
        }
    }
    let size = fs::metadata(model).expect("a model").len() / 1024;
    println!("200 services, 5 policies, a model of {size} KiB, as whole processes:");
    let base = middle(&mut times[1].clone());
    for ((name, _), times) in commands.iter().zip(&mut times) {
        let time = middle(times);
        println!("{name:<18} {time:>7.1} ms  {:>5.2} x", time / base);
    }
}

fn rick(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rick"));
    command.current_dir(folder).env("XDG_CACHE_HOME", folder.join("cache"));
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn middle(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn generate(project: &Path, services: usize) {
    fs::create_dir_all(project.join("services")).expect("it can be made");
    let versions = "versions = { podman = \"5.4.2\", postgresql = \"17\", valkey = \"8.1\", caddy = \"2.6.2\" }";
    let machines: String =
        (0..services.div_ceil(PER_MACHINE)).map(|number| format!("[machines.web{number}]\n{versions}\n")).collect();
    fs::write(project.join("rick.toml"), machines).expect("it can be written");
    for number in 0..services {
        let (machine, port) = (number / PER_MACHINE, 10_000 + number);
        let cache = if number % PER_MACHINE < 15 { "[valkey]\n" } else { "" };
        let text = format!(
            "[service]\nmachine = \"web{machine}\"\ndescription = \"Service {number}\"\nimage = \"ghcr.io/acme/s{number}:1.4.2\"\n\
             domain = \"s{number}.example.org\"\nport = {port}\nuser = 1000\n\n[postgres]\n{cache}[caddy]\n\n\
             [quadlet]\nvolumes = [\"data:/data\"]\nhealth = {{ command = \"true\", interval = \"30s\" }}\n"
        );
        fs::write(project.join(format!("services/s{number}.toml")), text).expect("it can be written");
    }
}
