//! What is around the process: who it is, its folders, its secrets, and the hosts that it was given addresses of.

use std::fs;
use std::io::Write;
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use nix::unistd::{getegid, geteuid};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::environment::Environment;

/// Mount points that every container has.
const SYSTEM: [&str; 9] = [
    "/proc",
    "/sys",
    "/dev",
    "/etc/hosts",
    "/etc/hostname",
    "/etc/resolv.conf",
    "/run/.containerenv",
    "/run/secrets",
    "/run/.init",
];

pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn identity() -> Value {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let groups = status.lines().find_map(|line| line.strip_prefix("Groups:")).unwrap_or_default();
    let groups: Vec<u32> = groups.split_whitespace().filter_map(|group| group.parse().ok()).collect();
    json!({ "uid": geteuid().as_raw(), "gid": getegid().as_raw(), "groups": groups, "home": std::env::var("HOME").ok() })
}

/// The folders that were put into the container and its own root, with whether they can be written to.
pub fn mounts() -> Value {
    let mut answer = Map::new();
    for line in fs::read_to_string("/proc/self/mountinfo").unwrap_or_default().lines() {
        let mut words = line.split(' ').skip(4);
        let (Some(point), Some(options)) = (words.next(), words.next()) else { continue };
        let path = Path::new(point);
        if SYSTEM.iter().any(|system| path.starts_with(system)) {
            continue;
        }
        let mut about = json!({ "options": options });
        match path.metadata() {
            Ok(data) => about["owner"] = format!("{}:{} {:04o}", data.uid(), data.gid(), data.mode() & 0o7777).into(),
            Err(problem) => about["owner"] = problem.to_string().into(),
        }
        if path.is_dir() {
            about["write"] = write(path).map_or_else(|problem| problem.to_string(), |()| "ok".to_owned()).into();
            // A line for each time, so that one can tell that the folder is the one of before.
            let lines = fs::read_to_string(path.join(".probe")).map(|text| text.lines().count());
            about["lines"] = lines.unwrap_or(0).into();
        } else {
            about["content"] = fs::read(path).map_or_else(|problem| problem.to_string(), |bytes| digest(&bytes)).into();
        }
        answer.insert(point.to_owned(), about);
    }
    Value::Object(answer)
}

fn write(folder: &Path) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new().append(true).create(true).open(folder.join(".probe"))?;
    writeln!(file, "probe")
}

/// The secrets that are files, by digest.
pub fn secrets() -> Value {
    let mut names: Vec<_> = fs::read_dir("/run/secrets").into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    names.sort();
    let mut answer = Map::new();
    for path in names {
        let about = fs::read(&path).map_or_else(|problem| problem.to_string(), |bytes| digest(&bytes));
        answer.insert(path.file_name().unwrap_or_default().to_string_lossy().into_owned(), about.into());
    }
    Value::Object(answer)
}

/// Hosts of the URLs in the environment that /etc/hosts has: can one connect to them? Others would have to be asked of a name
/// server, which the lab has none of.
pub fn hosts(environment: &Environment) -> Value {
    let known = fs::read_to_string("/etc/hosts").unwrap_or_default();
    let mut answer = Map::new();
    for (_, value) in environment.all() {
        let Some((scheme @ ("http" | "https"), rest)) = value.split_once("://") else { continue };
        let host = rest.split(['/', '?', ':']).next().unwrap_or_default();
        let is_known = known.lines().any(|line| line.split_whitespace().skip(1).any(|name| name == host));
        if is_known && !answer.contains_key(host) {
            let said = connect(host, if scheme == "https" { 443 } else { 80 });
            answer.insert(host.to_owned(), said.map_or_else(|problem| problem.to_string(), |()| "ok".to_owned()).into());
        }
    }
    Value::Object(answer)
}

fn connect(host: &str, port: u16) -> std::io::Result<()> {
    let address = (host, port).to_socket_addrs()?.next().ok_or(std::io::ErrorKind::NotFound)?;
    TcpStream::connect_timeout(&address, Duration::from_secs(3)).map(drop)
}
