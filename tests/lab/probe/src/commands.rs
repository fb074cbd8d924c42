//! The programs of the images, as far as health checks, commands and jobs call them.
//!
//! What a real program would keep in its database is kept there, so that it is still known after the container was made anew.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::environment::Environment;
use crate::outpost;
use crate::part::Part;
use crate::postgresql;

/// What was called, for whoever wants to look.
const LOG: &str = "/tmp/probe.log";

/// How a program ends: what it prints, or an error.
type Ended = Result<String, String>;

/// Runs the program of this name and returns its status.
pub fn play(name: &str, arguments: &[String], environment: &Environment) -> i32 {
    log(name, arguments);
    finish(played(name, arguments, environment))
}

/// Prints the report of the container's first process, also where no port of it can be reached from outside.
pub fn ask(environment: &Environment) -> i32 {
    let part = Part::of_container(environment);
    finish(get(&format!("127.0.0.1:{}", part.inside), "/probe").map(|(_, body)| body))
}

fn finish(ended: Ended) -> i32 {
    let (code, text) = match &ended {
        Ok(text) => (0, text),
        Err(problem) => (1, problem),
    };
    // Who does not listen is not told.
    let _ = match code {
        0 => std::io::stdout().write_all(text.as_bytes()),
        _ => writeln!(std::io::stderr(), "{text}"),
    };
    code
}

fn played(name: &str, arguments: &[String], environment: &Environment) -> Ended {
    // What stands for a variable that the container does not have is empty, which no real program takes.
    if arguments.iter().any(|argument| argument.is_empty() || argument.ends_with('=')) {
        return Err(format!("{name}: an argument is empty"));
    }
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match (name, words.as_slice()) {
        ("curl", _) => curl(&words),
        _ if name.contains("health") || words.iter().any(|word| word.contains("health")) => health(environment),
        ("ak", ["apply_blueprint", path]) => {
            let text = std::fs::read_to_string(format!("/blueprints/{path}")).map_err(|problem| format!("{path}: {problem}"))?;
            let count = outpost::apply(environment, &text)?;
            Ok(format!("{path}: {count} objects\n"))
        }
        ("forgejo", ["admin", "auth", "list"]) => {
            let names = remembered(environment, "forgejo-source")?;
            Ok(names.iter().fold("ID\tName\tType\tEnabled\n".to_owned(), |text, name| text + "1\t" + name + "\tOAuth2\ttrue\n"))
        }
        ("forgejo", ["admin", "auth", "add-oauth", options @ ..]) => {
            let after = |option: &str| options.iter().skip_while(|word| **word != option).nth(1).copied();
            for option in ["--name", "--provider", "--key", "--secret", "--auto-discover-url"] {
                after(option).ok_or(format!("{option} is missing"))?;
            }
            remember(environment, "forgejo-source", after("--name").unwrap_or_default())
        }
        ("php", ["occ", "app:getpath", app]) => {
            if remembered(environment, "nextcloud-app")?.iter().any(|name| name == app) {
                Ok(format!("/var/www/html/custom_apps/{app}\n"))
            } else {
                Err(format!("{app} is not installed"))
            }
        }
        ("php", ["occ", "app:install", app]) => remember(environment, "nextcloud-app", app),
        ("php", ["occ", "user_oidc:provider", provider, options @ ..]) => {
            if !remembered(environment, "nextcloud-app")?.iter().any(|name| name == "user_oidc") {
                return Err("There are no commands defined in the \"user_oidc\" namespace.".to_owned());
            }
            let secret = options.iter().find_map(|option| option.strip_prefix("--clientsecret-env="));
            if secret.is_some_and(|variable| environment.get(variable).is_none_or(str::is_empty)) {
                return Err("the client's secret is not in the environment".to_owned());
            }
            // Unlike the others this one may be repeated: it brings the provider up to date.
            remember(environment, "nextcloud-provider", provider).or(Ok(String::new()))
        }
        _ => Ok(String::new()),
    }
}

fn remembered(environment: &Environment, kind: &str) -> Result<Vec<String>, String> {
    let rows = outpost::database(environment)?.query("select name from rick_probe_objects where kind = $1", &[&kind]);
    Ok(rows.map_err(|problem| postgresql::words(&problem))?.iter().map(|row| row.get(0)).collect())
}

/// Fails if it is there already, as the programs do.
fn remember(environment: &Environment, kind: &str, name: &str) -> Ended {
    let insert = "insert into rick_probe_objects values ($1, $2, '')";
    outpost::database(environment)?.execute(insert, &[&kind, &name]).map_err(|problem| postgresql::words(&problem))?;
    Ok(String::new())
}

/// Well is a part whose port answers. Which one is known from the image, as it is to the real programs.
fn health(environment: &Environment) -> Ended {
    let part = Part::of_container(environment);
    let port = part.ports.first().copied().unwrap_or(part.inside);
    match get(&format!("127.0.0.1:{port}"), "/health")? {
        (200, _) => Ok(String::new()),
        (status, _) => Err(format!("status {status}")),
    }
}

fn curl(words: &[&str]) -> Ended {
    let url = words.iter().find_map(|word| word.strip_prefix("http://")).ok_or("curl: only http:// is known here")?;
    let (host, path) = url.split_once('/').map_or((url, "/".to_owned()), |(host, path)| (host, format!("/{path}")));
    let address = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
    match get(&address, &path)? {
        (status, body) if status < 400 => Ok(body),
        (status, _) => Err(format!("curl: (22) The requested URL returned error: {status}")),
    }
}

/// A request of HTTP/1.0, whose answer ends with the connection.
fn get(address: &str, path: &str) -> Result<(u16, String), String> {
    let asked = || -> std::io::Result<String> {
        let patience = Duration::from_secs(30);
        // `localhost` is two addresses, and the probe listens on one.
        let mut stream = Err(std::io::ErrorKind::NotFound.into());
        for address in address.to_socket_addrs()? {
            stream = TcpStream::connect_timeout(&address, patience);
            if stream.is_ok() {
                break;
            }
        }
        let mut stream = stream?;
        stream.set_read_timeout(Some(patience))?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    };
    let text = asked().map_err(|problem| format!("{address}: {problem}"))?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or(format!("{address}: no answer"))?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or(format!("{address}: no status"))?;
    Ok((status, body.to_owned()))
}

/// Values of options may be secrets, and are left out.
fn log(name: &str, arguments: &[String]) {
    let mut line = name.to_owned();
    let mut hidden = false;
    for argument in arguments {
        line += if hidden { " …" } else { " " };
        line += if hidden { "" } else { argument.split_inclusive('=').next().unwrap_or_default() };
        hidden = argument.contains("secret") || argument.contains("password");
    }
    if let Ok(mut file) = std::fs::OpenOptions::new().append(true).create(true).open(LOG) {
        // The log is for people who look, and what a full disk does to it is no error of the program.
        let _ = writeln!(file, "{line}");
    }
}
