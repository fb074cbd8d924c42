//! Stands in for any image in the lab: as a container's first process it serves HTTP and tells what it sees from inside, and by
//! other names it plays the programs that health checks and commands call.

mod commands;
mod connections;
mod environment;
mod outpost;
mod part;
mod postgresql;
mod report;
mod standing;
mod surroundings;
mod valkey;
mod web;

use std::path::Path;
use std::process::exit;
use std::sync::Arc;

use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Gid, Uid, setgid, setgroups, setuid};
use signal_hook::consts::{SIGCHLD, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::environment::Environment;
use crate::part::Part;
use crate::standing::Standing;

fn main() {
    let mut arguments = std::env::args();
    let called = arguments.next().unwrap_or_default();
    let name = Path::new(&called).file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let arguments: Vec<String> = arguments.collect();
    let environment = Environment::read();
    if name != "probe" {
        exit(commands::play(&name, &arguments, &environment));
    }
    if arguments == ["ask"] {
        exit(commands::ask(&environment));
    }
    serve(&arguments, &environment);
}

fn serve(arguments: &[String], environment: &Environment) {
    // A container is stopped by SIGTERM, which a first process that does not ask for it never gets.
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGCHLD]).expect("signals can be asked for");
    std::thread::spawn(move || {
        for signal in signals.forever() {
            if signal != SIGCHLD {
                say(&format!("signal {signal}: ends"));
                exit(0);
            }
            // What `podman exec` leaves behind becomes a child of the first process, and stays until somebody asks for it.
            while matches!(waitpid(None, Some(WaitPidFlag::WNOHANG)), Ok(status) if status != WaitStatus::StillAlive) {}
        }
    });
    // Only now other threads may begin: each has the user that it was made by.
    if let Some(user) = environment.get("PROBE_RUN_AS")
        && let Err(problem) = drop_to(user)
    {
        say(&format!("cannot become {user}: {problem}"));
        exit(1);
    }
    let part = Part::find(arguments, environment);
    let standing = Standing::begin(&environment.connections());
    let probe = Arc::new(report::Probe { part, arguments: arguments.to_vec(), environment: environment.clone(), standing });
    web::serve(&probe);
    say(&format!("{} is there", probe.part.name));
    loop {
        std::thread::park();
    }
}

/// What an image does that starts as root and goes on as somebody else.
fn drop_to(user: &str) -> Result<(), String> {
    let (uid, gid) = user.split_once(':').ok_or("want uid:gid")?;
    let number = |text: &str| text.parse::<u32>().map_err(|problem| problem.to_string());
    setgroups(&[]).map_err(|problem| format!("setgroups: {problem}"))?;
    setgid(Gid::from_raw(number(gid)?)).map_err(|problem| format!("setgid: {problem}"))?;
    setuid(Uid::from_raw(number(uid)?)).map_err(|problem| format!("setuid: {problem}"))
}

/// A line for the journal.
fn say(line: &str) {
    use std::io::Write;
    // Nobody is left to be told when the log cannot be written to.
    let _ = writeln!(std::io::stderr(), "probe: {line}");
}
