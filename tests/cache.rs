//! A running Valkey with the ACL file of a build: who reaches which keys, and what client libraries make of the URLs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::oracles::{oracle, tool};
use crate::support::{Project, root, said};

/// A password that breaks every URL into which it is put as it is.
fn password(secret: &str) -> String {
    format!("p@ss/w:o%r+d#?&=x {secret}")
}

fn percent(text: &str) -> String {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if unreserved(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// Puts secrets where their marks are, as an apply does.
fn with_secrets(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, mark)) = rest.split_once("<<rick secret: ") {
        let (mark, after) = mark.split_once(">>").expect("a whole mark");
        let mut words = mark.split(" | ");
        let mut value = password(words.next().expect("a name"));
        for encoding in words {
            value = match encoding {
                "sha256" => Sha256::digest(&value).iter().map(|byte| format!("{byte:02x}")).collect(),
                "percent" => percent(&value),
                "env-line" => value,
                other => panic!("{other} is not expected here"),
            };
        }
        out.push_str(before);
        out.push_str(&value);
        rest = after;
    }
    out + rest
}

/// A server on a socket in a folder of its own.
struct Server {
    process: Child,
    folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    /// A folder for a socket: the path of one has 107 bytes at most.
    fn folder() -> tempfile::TempDir {
        tempfile::Builder::new().prefix("rick-vk").tempdir_in("/tmp").expect("a folder")
    }

    /// Runs the server as a unit says, with what is of the machine's in `folder` instead.
    fn start(program: &Path, folder: tempfile::TempDir, arguments: &[String]) -> Self {
        let log = folder.path().join("log");
        let process = Command::new(program)
            .args(arguments)
            .current_dir(folder.path())
            .stdout(fs::File::create(&log).expect("a log"))
            .stderr(Stdio::null())
            .spawn()
            .expect("valkey runs");
        let mut server = Self { process, folder };
        let start = Instant::now();
        while !server.socket().exists() {
            let ended = server.process.try_wait().expect("it can be asked").is_some();
            assert!(
                !ended && start.elapsed() < Duration::from_secs(20),
                "valkey: {}",
                fs::read_to_string(&log).unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("valkey.sock")
    }

    /// What the server answers to a command of a user; to one without a name, of nobody.
    fn ask(&self, user: &str, password: &str, command: &[&str]) -> String {
        let mut cli = Command::new(oracle("VALKEY_CLI").expect("it comes with the server"));
        cli.arg("-s").arg(self.socket()).arg("--no-auth-warning");
        if !user.is_empty() {
            cli.args(["--user", user]).env("REDISCLI_AUTH", password);
        }
        let said = said(cli.args(command).output().expect("valkey-cli runs"));
        format!("{}{}", said.out, said.err).trim_end().to_owned()
    }

    /// The same of a service.
    fn of(&self, service: &str, command: &[&str]) -> String {
        self.ask(service, &password(&format!("{service}_valkey_password")), command)
    }
}

/// Builds a project whose Valkey is in a folder, and runs the server as its drop-in says.
fn serve(project: &Project, program: &Path, folder: tempfile::TempDir) -> Server {
    let toml = project.read("rick.toml");
    let socket_directory = folder.path().display().to_string();
    project.write("rick.toml", &format!("{toml}\n[machines.web1.valkey]\nsocket_directory = \"{socket_directory}\"\n"));
    project.build();
    let acl = with_secrets(&project.read("dist/web1/root/etc/rick/valkey/all_services.acl"));
    let acl_file = folder.path().join("users.acl");
    fs::write(&acl_file, acl).expect("it can be written");
    let drop_in = project.read("dist/web1/root/etc/systemd/system/valkey-server.service.d/rick-valkey.conf");
    let command =
        drop_in.lines().filter_map(|line| line.strip_prefix("ExecStart=")).find(|line| !line.is_empty()).expect("a command");
    fs::write(folder.path().join("valkey.conf"), "port 0\n").expect("it can be written");
    let arguments: Vec<String> = command
        .split(' ')
        .skip(1)
        .map(|word| match word {
            "/etc/valkey/valkey.conf" => folder.path().join("valkey.conf").display().to_string(),
            "/etc/rick/valkey/all_services.acl" => acl_file.display().to_string(),
            // Nobody waits for a word from it here.
            "systemd" => "no".to_owned(),
            other => other.to_owned(),
        })
        .collect();
    Server::start(program, folder, &arguments)
}

/// The variables of a service as its container gets them.
fn environment(project: &Project, service: &str) -> BTreeMap<String, String> {
    let text = with_secrets(&project.read(&format!("dist/web1/root/etc/rick/{service}/{service}.env")));
    text.lines().filter_map(|line| line.split_once('=')).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn a_service_reaches_its_own_keys_and_no_others() {
    let Some(program) = oracle("VALKEY_SERVER") else { return };
    let project = Project::copy_of("examples/guide");
    project.write(
        "services/odd.toml",
        "[service]\nimage = \"ghcr.io/acme/odd:1\"\n[valkey]\ndb = 100\nprefix = \"odd.\"\nkeys = [\"celery\", \"_kombu.*\"]\nchannels = [\"/odd.*\"]\ncommands = [\"+keys\"]\n",
    );
    let server = serve(&project, &program, Server::folder());
    let (mine, other, odd) = (
        |command: &[&str]| server.of("myservice", command),
        |command: &[&str]| server.of("feeds", command),
        |command: &[&str]| server.of("odd", command),
    );
    assert_eq!(mine(&["SET", "myservice:k", "secret"]), "OK");
    assert_eq!(mine(&["GET", "myservice:k"]), "secret");
    assert_eq!(mine(&["PUBLISH", "myservice:news", "x"]), "0");
    assert!(mine(&["INFO", "server"]).contains("version"), "clients ask for it");
    for key in ["myservice:k", "myservice", "feeds", "k"] {
        for command in [&["GET", key][..], &["SET", key, "x"]] {
            assert!(other(command).starts_with("NOPERM"), "{command:?}: {}", other(command));
        }
    }
    for command in [
        &["PUBLISH", "myservice:news", "x"][..],
        &["FLUSHDB"],
        &["FLUSHALL"],
        &["KEYS", "*"],
        &["SWAPDB", "0", "1"],
        &["CONFIG", "GET", "*"],
        &["ACL", "LIST"],
        &["CLIENT", "KILL", "TYPE", "normal"],
        &["SHUTDOWN"],
        &["FUNCTION", "FLUSH"],
        &["FUNCTION", "KILL"],
        &["SCRIPT", "FLUSH"],
        &["SCRIPT", "KILL"],
        &["MONITOR"],
        &["EVAL", "return redis.call('GET', 'myservice:k')", "0"],
        &["EVAL", "return redis.call('GET', KEYS[1])", "1", "myservice:k"],
        &["COPY", "myservice:k", "feeds:k"],
        &["SORT", "feeds:l", "BY", "myservice:*"],
    ] {
        let answer = other(command).to_lowercase();
        assert!(answer.contains("noperm") || answer.contains("permission"), "{command:?}: {answer}");
    }

    // What the manifest says beyond the prefix, and a database above the usual sixteen.
    assert_eq!(odd(&["SET", "odd.k", "x"]), "OK");
    assert_eq!(odd(&["LPUSH", "celery", "x"]), "1");
    assert_eq!(odd(&["PUBLISH", "/odd.news", "x"]), "0");
    assert_eq!(odd(&["KEYS", "odd.*"]), "odd.k");
    assert_eq!(odd(&["-n", "100", "SET", "odd.in-100", "x"]), "OK");
    assert!(odd(&["GET", "oddly"]).starts_with("NOPERM"), "a key that only begins alike");

    // Nobody is anybody without a password, and rick itself can have the file read anew and nothing else.
    assert!(server.ask("", "", &["GET", "myservice:k"]).starts_with("NOAUTH"));
    assert!(server.ask("myservice", "wrong", &["GET", "myservice:k"]).contains("WRONGPASS"));
    let keeper = |command: &[&str]| server.ask("rick", &password("web1_valkey_rick_password"), command);
    assert_eq!(keeper(&["ACL", "LOAD"]), "OK");
    assert!(keeper(&["GET", "myservice:k"]).starts_with("NOPERM"));
    // A line that is wrong leaves things as they were.
    let acl = server.folder.path().join("users.acl");
    let before = fs::read_to_string(&acl).expect("the file");
    fs::write(&acl, format!("{before}user broken on ~* +@nothing\n")).expect("it can be written");
    assert!(keeper(&["ACL", "LOAD"]).contains("ERR"));
    assert_eq!(mine(&["GET", "myservice:k"]), "secret");
}

#[test]
fn a_server_of_its_own_takes_its_service_by_any_name() {
    let Some(program) = oracle("VALKEY_SERVER") else { return };
    let project = Project::of(&[(
        "services/cloud.toml",
        "[service]\nimage = \"docker.io/acme/cloud:1\"\n[valkey]\ndedicated = true\nenv = { CLOUD_HOST = \"socket\", CLOUD_URL = \"url\" }\n",
    )]);
    project.build();
    let folder = Server::folder();
    let place = folder.path().display().to_string();
    let etc = "dist/web1/root/etc/rick/valkey";
    fs::write(folder.path().join("cloud.acl"), with_secrets(&project.read(&format!("{etc}/cloud.acl"))))
        .expect("it can be written");
    let configuration = project
        .read(&format!("{etc}/cloud.conf"))
        .replace("/run/valkey-cloud", &place)
        .replace("/etc/rick/valkey", &place)
        .replace("/var/lib/valkey", &place);
    let file = folder.path().join("cloud.conf");
    fs::write(&file, configuration).expect("it can be written");
    let environment = environment(&project, "cloud");
    assert_eq!(environment["CLOUD_HOST"], "/run/valkey-cloud/valkey.sock");
    assert!(!project.exists(&format!("{etc}/all_services.acl")), "nobody uses the machine's own");
    let server = Server::start(&program, folder, &[file.display().to_string()]);
    let secret = password("cloud_valkey_password");
    for user in ["cloud", "default"] {
        assert_eq!(server.ask(user, &secret, &["SET", "anything", "x"]), "OK", "every key is its own");
        assert_eq!(server.ask(user, &secret, &["-n", "5", "FLUSHDB"]), "OK", "and every database");
        assert!(server.ask(user, &secret, &["CONFIG", "GET", "*"]).starts_with("NOPERM"));
    }
    assert!(server.ask("", "", &["GET", "anything"]).starts_with("NOAUTH"));
}

/// What a client library made of a URL: whom it was, in which database, and whether it could write and read.
struct Made {
    library: &'static str,
    answer: Value,
}

fn ask(command: &mut Command, library: &'static str, arguments: &[&str]) -> Made {
    let said = said(command.args(arguments).output().expect("the client runs"));
    assert_eq!(said.code, 0, "{library} with {arguments:?}: {}", said.err);
    Made { library, answer: serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{library}: {error}: {}", said.out)) }
}

/// The client of redis-rs, built once, apart from the rest: what it needs is none of rick's affair.
fn redis_rs() -> PathBuf {
    let target = root().join("target/oracles/redis-rs");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root()).args(["build", "--quiet", "--locked", "--package", "redis-rs-client", "--target-dir"]).arg(&target);
    assert!(cargo.status().expect("cargo runs").success(), "the client builds");
    target.join("debug/redis-rs-client")
}

#[test]
fn every_client_library_understands_its_url() {
    let Some(program) = oracle("VALKEY_SERVER") else { return };
    let clients = ["redis-py", "go-redis", "node-redis", "ioredis", "redis-rs", "celery"];
    let manifest = |client: &str| {
        format!(
            "[service]\nimage = \"ghcr.io/acme/{client}:1\"\n[valkey]\nclient = \"{client}\"\nenv = {{ CACHE_URL = \"url\", DB = \"db\" }}\n"
        )
    };
    let manifests: Vec<(String, String)> =
        clients.iter().map(|client| (format!("services/{client}.toml"), manifest(client))).collect();
    let files: Vec<(&str, &str)> = manifests.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let project = Project::of(&files);
    let server = serve(&project, &program, Server::folder());
    let programs = root().join("tests/oracles/clients");
    let python = |file: &str| {
        let mut command = Command::new(oracle("PYTHON")?);
        command.arg(programs.join(file)).env("PYTHONPATH", oracle("PYTHON_LIBS")?);
        Some(command)
    };
    let node = |file: &str| {
        let mut command = Command::new(oracle("NODE")?);
        command.arg(programs.join(file)).env("NODE_CLIENTS", oracle("NODE_CLIENTS")?);
        Some(command)
    };
    let mut made = Vec::new();
    for client in clients {
        let environment = environment(&project, client);
        let (url, db, prefix) = (&environment["CACHE_URL"], &environment["DB"], format!("{client}:"));
        let command = match client {
            "redis-py" => python("redis_py.py"),
            "celery" => python("celery_kombu.py"),
            "node-redis" => {
                // As its rule VK007 says: by the URL alone it gives up.
                let Some(mut alone) = node("node_redis.mjs") else { continue };
                let answer = said(alone.args([url, &prefix]).output().expect("the client runs"));
                assert!(answer.err.contains("Invalid URL"), "VK007 may go: {}{}", answer.out, answer.err);
                node("node_redis.mjs")
            }
            "ioredis" => node("ioredis.mjs"),
            "go-redis" => tool("GO_CLIENT").map(Command::new),
            _ => Some(Command::new(redis_rs())),
        };
        let Some(mut command) = command else { continue };
        let options: &[&str] = if client == "node-redis" { &["{\"maintNotifications\":\"disabled\"}"] } else { &[] };
        let one = ask(&mut command, client, &[&[url.as_str(), &prefix], options].concat());
        assert_eq!(one.answer["whoami"], client, "{} with {url}", one.library);
        assert!(one.answer["got"].is_string(), "{}: {}", one.library, one.answer);
        assert_eq!(one.answer["db"].to_string(), *db, "{} with {url}", one.library);
        let foreign = one.answer["foreign"].as_str().unwrap_or_default().to_lowercase();
        assert!(foreign.contains("noperm") || foreign.contains("permission"), "{}: {}", one.library, one.answer);
        made.push(one);
    }
    assert!(!made.is_empty() || std::env::var_os("CI").is_none(), "no client library was tried");
    drop(server);
}
