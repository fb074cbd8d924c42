//! A running Caddy, old and new, in front of a service, with a stub that answers as authentik's outpost does: who gets in, and whom
//! the service is told that they are.
//!
//! What the outpost answers is in authentik's `internal/outpost/proxyv2`: 200 with `X-authentik-…` for somebody who may enter, 302
//! for somebody who has not signed on.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::oracles::oracle;
use crate::support::Project;

/// The Caddy of Debian, and the newest.
const CADDIES: [&str; 2] = ["CADDY_OLD", "CADDY_NEW"];

/// A request as a server saw it.
#[derive(Debug, Clone, Default)]
struct Seen {
    target: String,
    /// How many bytes of a body came.
    body: u64,
    headers: Vec<(String, String)>,
}

impl Seen {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Whatever may tell a service who somebody is, however it is spelt.
    fn identity(&self) -> BTreeMap<String, String> {
        let tells = |name: &str| {
            let plain: String = name.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
            ["remote", "xauthentik", "xwebauth"].iter().any(|beginning| plain.starts_with(beginning))
        };
        self.headers.iter().filter(|(name, _)| tells(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

/// What a client got: a status, headers and a body.
type Got = (u16, Vec<(String, String)>, String);
/// What is answered: a status, headers and a body.
type Answer = (u16, Vec<(&'static str, String)>, String);

/// A server on the loopback interface that answers each connection once, until the test ends.
struct Stub {
    port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Stub {
    fn start(answer: impl Fn(&Seen) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(stream);
                let Some(mut request) = read_head(&mut reader) else { continue };
                let mut length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0_u64);
                length = length.min(1 << 20);
                request.body = std::io::copy(&mut (&mut reader).take(length), &mut std::io::sink()).unwrap_or_default();
                let (status, headers, body) = answer(&request);
                log.lock().expect("a lock").push(request);
                let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
                let text = format!(
                    "HTTP/1.1 {status} Answer\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                );
                let _ = reader.into_inner().write_all(text.as_bytes());
            }
        });
        Self { port, seen }
    }

    fn last(&self) -> Seen {
        self.seen.lock().expect("a lock").last().cloned().expect("somebody asked")
    }

    fn count(&self) -> usize {
        self.seen.lock().expect("a lock").len()
    }
}

fn read_head(reader: &mut BufReader<TcpStream>) -> Option<Seen> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let target = line.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    Some(Seen { target, body: 0, headers })
}

/// Speaks as the outpost does: users are told apart by a cookie.
fn outpost(request: &Seen) -> Answer {
    if !request.target.starts_with("/outpost.goauthentik.io/auth/caddy") {
        return (200, Vec::new(), format!("outpost {}", request.target));
    }
    let cookie = request.header("cookie").unwrap_or_default();
    let user = cookie.split("; ").find_map(|pair| pair.strip_prefix("authentik_proxy_stub="));
    let known = |groups: &str, email: Option<&str>| {
        let name = user.unwrap_or_default();
        let mut headers = vec![
            ("X-authentik-username", name.to_owned()),
            ("X-authentik-groups", groups.to_owned()),
            ("X-authentik-name", format!("{name} the user")),
            ("X-authentik-uid", format!("uid-of-{name}")),
        ];
        headers.extend(email.map(|email| ("X-authentik-email", email.to_owned())));
        (200, headers, String::new())
    };
    match user {
        Some("alice") => known("authentik Users|shop.users", Some("alice@example.org")),
        Some("admin") => known("shop admins (all)", Some("admin@example.org")),
        Some("bob") => known("other_users", Some("bob@example.org")),
        Some("mallory") => known("notshop.users_x|xshop.users|shop.users2|shopxusers", Some("m@example.org")),
        Some("nogroups") => known("", Some("n@example.org")),
        Some("noemail") => known("shop.users", None),
        // As for a path that an allow-list of authentik's own lets through.
        Some("nobody") => (200, Vec::new(), String::new()),
        _ => {
            let host = request.header("x-forwarded-host").unwrap_or_default().to_owned();
            let uri = request.header("x-forwarded-uri").unwrap_or_default();
            (302, vec![("Location", format!("https://{host}/outpost.goauthentik.io/start?rd={uri}"))], String::new())
        }
    }
}

/// A Caddy with the sites of a build, by plain HTTP on a port of its own.
struct Caddy {
    process: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Drop for Caddy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Caddy {
    fn start(program: &PathBuf, project: &Project) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
        let sites: String = project
            .tree("dist/web1/root/etc/rick/caddy/sites")
            .into_values()
            .map(|bytes| String::from_utf8(bytes).expect("UTF-8"))
            .collect();
        let file = folder.path().join("Caddyfile");
        fs::write(&file, format!("{{\n\tadmin off\n\thttp_port {port}\n\tdefault_bind 127.0.0.1\n}}\n{sites}"))
            .expect("it can be written");
        let log = folder.path().join("log");
        let process = Command::new(program)
            .args(["run", "--adapter", "caddyfile", "--config"])
            .arg(&file)
            .env_clear()
            .env("HOME", folder.path())
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log).expect("a log"))
            .spawn()
            .expect("caddy runs");
        let start = Instant::now();
        let mut caddy = Self { process, port, _folder: folder };
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = caddy.process.try_wait().expect("it can be asked").is_some();
            assert!(
                !ended && start.elapsed() < Duration::from_secs(20),
                "caddy: {}",
                fs::read_to_string(&log).unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        caddy
    }

    /// A request as it is written here, with no path tidied: status, headers and body.
    fn ask(&self, host: &str, target: &str, headers: &[(&str, &str)]) -> Got {
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        self.send(&format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n"))
    }

    fn send(&self, request: &str) -> Got {
        self.try_send(request).unwrap_or_else(|| panic!("no answer to {request}"))
    }

    fn try_send(&self, request: &str) -> Option<Got> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("caddy listens");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        stream.write_all(request.as_bytes()).ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let headers = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        Some((status, headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(), body.to_owned()))
    }

    fn status(&self, target: &str, user: Option<&str>) -> u16 {
        let cookie = user.map(|user| format!("authentik_proxy_stub={user}"));
        let headers: Vec<(&str, &str)> = cookie.iter().map(|cookie| ("Cookie", cookie.as_str())).collect();
        self.ask(HOST, target, &headers).0
    }
}

const HOST: &str = "shop.example.org";

/// A service behind a gate, with these lines in its table.
fn project(version: &str, service: u16, outpost: u16, caddy: &str) -> Project {
    let manifest = format!(
        "[service]\nimage = \"ghcr.io/acme/shop:1\"\ndomain = \"{HOST}\"\nport = 8080\n\n[authentik]\npattern = \"forward-auth\"\n\
         groups = [\"shop.users\", \"shop admins (all)\"]\n\n[caddy]\n{caddy}\n\n[quadlet]\nhost_port = {service}\n"
    );
    let project = Project::of(&[("services/shop.toml", &manifest)]);
    project.write(
        "rick.toml",
        &format!(
            "[machines.web1]\nversions = {{ podman = \"5.4.2\", caddy = \"{version}\" }}\nauthentik.outpost = \"127.0.0.1:{outpost}\"\n\n\
             [plugins.authentik]\nversion = \"2025.12\"\nurl = \"https://auth.example.org\"\n\n[plugins.caddy]\ntls = \"off\"\n"
        ),
    );
    project.build();
    project
}

/// Runs a case with each Caddy, with the site that is rendered for its version.
fn with_each_caddy(caddy: &str, case: impl Fn(&Caddy, &Stub, &Stub)) {
    for name in CADDIES {
        let Some(program) = oracle(name) else { continue };
        let said = crate::support::said(Command::new(&program).arg("version").output().expect("caddy runs"));
        let version = said.out.trim_start_matches('v').split([' ', '-', '+', '\n']).next().unwrap_or_default().to_owned();
        let version =
            if version.chars().next().is_some_and(|first| first.is_ascii_digit()) { version } else { "2.6.2".to_owned() };
        let service = Stub::start(|request| (200, Vec::new(), format!("service {}", request.target)));
        let gate = Stub::start(outpost);
        let project = project(&version, service.port, gate.port, caddy);
        case(&Caddy::start(&program, &project), &service, &gate);
    }
}

#[test]
fn only_members_get_in() {
    with_each_caddy("", |caddy, service, gate| {
        let (status, headers, _) = caddy.ask(HOST, "/orders?page=2", &[]);
        assert_eq!(status, 302, "who has not signed on is sent to do so");
        let location = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("location")).map(|(_, value)| value.as_str());
        assert_eq!(location, Some("https://shop.example.org/outpost.goauthentik.io/start?rd=/orders?page=2"));
        assert_eq!(gate.last().header("host"), Some(HOST), "the outpost tells applications apart by the host");
        assert_eq!(service.count(), 0, "the service heard of nothing");

        assert_eq!(caddy.status("/", Some("alice")), 200);
        assert_eq!(caddy.status("/", Some("admin")), 200, "of any of the groups");
        let before = service.count();
        for (user, why) in [
            ("bob", "is in other groups"),
            ("mallory", "is in groups whose names contain the required one, or look like it"),
            ("nogroups", "is in no group"),
            ("nobody", "is nobody, although the answer was 200"),
        ] {
            assert_eq!(caddy.status("/", Some(user)), 403, "{user} {why}");
        }
        assert_eq!(service.count(), before, "the service heard of none of them");
        // What a browser is sent to do leads to the outpost.
        assert_eq!(
            caddy.ask(HOST, "/outpost.goauthentik.io/callback?code=1", &[]).2,
            "outpost /outpost.goauthentik.io/callback?code=1"
        );
    });
}

/// What clients send to pass for somebody else.
const FORGED: [(&str, &str); 12] = [
    ("Remote-User", "admin"),
    ("remote-user", "admin"),
    ("Remote_User", "admin"),
    ("Remote.User", "admin"),
    ("Remote-Groups", "shop.users"),
    ("Remote-Email", "admin@example.org"),
    ("X-Authentik-Username", "admin"),
    ("X_Authentik_Username", "admin"),
    ("X.authentik.username", "admin"),
    ("X-authentik-groups", "shop.users"),
    ("X-Authentik-Meta-Provider", "x"),
    ("X-Authentik-Uid", "1"),
];

#[test]
fn the_service_is_told_who_it_is_and_clients_cannot_say_so() {
    with_each_caddy("public = [\"/health\"]", |caddy, service, gate| {
        let mut headers = FORGED.to_vec();
        headers.push(("Cookie", "authentik_proxy_stub=alice"));
        assert_eq!(caddy.ask(HOST, "/", &headers).0, 200);
        let expected = [
            ("Remote-Email", "alice@example.org"),
            ("Remote-Groups", "authentik Users|shop.users"),
            ("Remote-Name", "alice the user"),
            ("Remote-User", "alice"),
        ];
        let expected: BTreeMap<String, String> = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!(service.last().identity(), expected);
        assert!(gate.last().identity().is_empty(), "nor do they reach the outpost: {:?}", gate.last());

        // Forged groups are no way in.
        headers.pop();
        assert_eq!(caddy.ask(HOST, "/", &headers).0, 302);
        headers.push(("Cookie", "authentik_proxy_stub=bob"));
        assert_eq!(caddy.ask(HOST, "/", &headers).0, 403);
        // What is public has nobody's identity.
        assert_eq!(caddy.ask(HOST, "/health", &FORGED).0, 200);
        assert!(service.last().identity().is_empty(), "{:?}", service.last());
        // Of what the outpost does not know, the service is told nothing, also not the text of a placeholder.
        assert_eq!(caddy.status("/", Some("noemail")), 200);
        let identity = service.last().identity();
        assert_eq!(identity.get("Remote-User").map(String::as_str), Some("noemail"));
        assert!(identity.get("Remote-Email").is_none_or(String::is_empty), "{identity:?}");
    });
}

#[test]
fn other_headers_carry_what_the_manifest_says() {
    let table = "identity = { X-WebAuth-User = \"user\", Remote-User = \"user\", X-WebAuth-Id = \"uid\" }";
    with_each_caddy(table, |caddy, service, _| {
        let headers = [
            ("X-WebAuth-User", "admin"),
            ("X_WebAuth_User", "admin"),
            ("x.webauth.id", "1"),
            ("Cookie", "authentik_proxy_stub=alice"),
        ];
        assert_eq!(caddy.ask(HOST, "/", &headers).0, 200);
        let expected = [("Remote-User", "alice"), ("X-Webauth-Id", "uid-of-alice"), ("X-Webauth-User", "alice")];
        let expected: BTreeMap<String, String> = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!(service.last().identity(), expected, "and not the groups, which only the check needed");
        assert_eq!(caddy.status("/", Some("bob")), 403);
    });
}

#[test]
fn what_is_public_is_public_and_nothing_else_is() {
    with_each_caddy("public = [\"/health\", \"/static/*\"]", |caddy, service, _| {
        for target in ["/health", "/health?full=1", "/static/", "/static/app.css", "/static/a/b"] {
            assert_eq!(caddy.status(target, None), 200, "{target}");
            assert_eq!(service.last().target, target);
        }
        let before = service.count();
        for target in [
            "/",
            "/healthadmin",
            "/health/",
            "/health/admin",
            "/health/../admin",
            "/health%2f..%2fadmin",
            "/static",
            "/staticadmin",
            "/static/../admin",
            "/static/%2e%2e/admin",
            "/static/..%2fadmin",
            "/static/..;/admin",
            "/static/%2e%2e;/admin",
            "/static/..%5cadmin",
            "/static/%252e%252e/admin",
            "/static;/admin",
            // The other way round: Caddy tidies the path to a public one, and the service gets it as it came.
            "/admin/../health",
            "/admin/%2e%2e/health",
            "/admin/..%2fstatic/x",
            "/admin/../static/x",
            "/admin//../static/x",
            "/admin;x/../static/x",
            "/static/./x",
            "//health",
        ] {
            assert_eq!(caddy.status(target, None), 302, "{target}");
        }
        assert_eq!(service.count(), before, "the service heard of none of them");
    });
}

#[test]
fn one_public_path_is_no_way_around_the_gate() {
    with_each_caddy("public = [\"/health\"]", |caddy, service, _| {
        assert_eq!(caddy.status("/health", None), 200);
        let before = service.count();
        for target in
            ["/admin/../health", "/admin/%2e%2e/health", "/admin/..%2Fhealth", "/admin/..;/health", "/./health", "//health"]
        {
            assert_eq!(caddy.status(target, None), 302, "{target}");
        }
        assert_eq!(service.count(), before, "the service heard of none of them");
    });
}

#[test]
fn what_is_protected_is_protected_where_all_else_is_public() {
    with_each_caddy("protected = [\"/admin/*\", \"/setup\"]", |caddy, service, _| {
        for target in ["/", "/shop", "/administration", "/setup/x"] {
            assert_eq!(caddy.status(target, None), 200, "{target}");
        }
        let before = service.count();
        for target in [
            "/admin",
            "/admin/",
            "/admin/x",
            "/ADMIN/x",
            "//admin/x",
            "/x/../admin/y",
            "/x/%2e%2e/admin/y",
            "/x/..;/admin/y",
            "/x/..%5cadmin/y",
            "/%61dmin/y",
            "/%2561dmin/y",
            "/admin/../shop",
            "/admin/%2e%2e/shop",
            "/admin/x/..%2f..%2fshop",
            "/setup",
        ] {
            assert_eq!(caddy.status(target, None), 302, "{target}");
        }
        assert_eq!(service.count(), before, "the service heard of none of them");
        assert_eq!(caddy.status("/admin/x", Some("alice")), 200);
        assert_eq!(caddy.status("/admin/x", Some("bob")), 403);
    });
}

#[test]
fn without_the_outpost_the_gate_is_shut() {
    for name in CADDIES {
        let Some(program) = oracle(name) else { continue };
        let service = Stub::start(|_| (200, Vec::new(), "service".to_owned()));
        // A port at which nobody answers.
        let gone = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
        let project = project("2.6.2", service.port, gone, "public = [\"/health\"]");
        let caddy = Caddy::start(&program, &project);
        assert_eq!(caddy.status("/", Some("alice")), 502);
        assert_eq!(service.count(), 0);
        assert_eq!(caddy.status("/health", None), 200, "what is public needs no outpost");
    }
}

#[test]
fn redirects_limits_aliases_and_lines_of_the_users() {
    let table = "domains = [\"www.shop.example.org\"]\nredirects = { \"/.well-known/carddav\" = \"/dav\" }\nbody_limit = \"1KB\"\n\
                 compress = true\nsnippet = \"\"\"\nheader X-House \"ours {http.request.uri.path}\"\n@teapot {\n\tpath /teapot\n}\nrespond @teapot 418\n\"\"\"";
    with_each_caddy(table, |caddy, service, _| {
        let location = |answer: Got| {
            let location = answer.1.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("location"));
            (answer.0, location.map(|(_, value)| value).unwrap_or_default())
        };
        assert_eq!(location(caddy.ask(HOST, "/.well-known/carddav", &[])), (301, "/dav".to_owned()));
        let alias = caddy.ask("www.shop.example.org", "/a?b=c", &[]);
        assert_eq!(location(alias), (301, "http://shop.example.org/a?b=c".to_owned()));
        // The user's lines are behind the gate.
        assert_eq!(caddy.status("/teapot", None), 302);
        assert_eq!(caddy.status("/teapot", Some("alice")), 418);
        let (status, headers, _) = caddy.ask(HOST, "/x", &[("Cookie", "authentik_proxy_stub=alice")]);
        assert_eq!(status, 200);
        assert!(headers.iter().any(|(name, value)| name == "X-House" && value == "ours /x"), "{headers:?}");
        // More than the limit, in one request.
        let body = "x".repeat(5000);
        let head = "Cookie: authentik_proxy_stub=alice\r\nConnection: close\r\nContent-Length: 5000";
        let request = format!("POST /upload HTTP/1.1\r\nHost: {HOST}\r\n{head}\r\n\r\n{body}");
        // 413 where the answer arrives before the connection is closed over what was not read; Caddy 2.6 says 502.
        if let Some((status, _, _)) = caddy.try_send(&request) {
            assert!([413, 502].contains(&status), "{status}");
        }
        let whole = service.seen.lock().expect("a lock").iter().any(|seen| seen.target == "/upload" && seen.body == 5000);
        assert!(!whole, "the service was given more than the limit");
    });
}

#[test]
fn every_example_is_a_caddyfile_for_both() {
    for name in CADDIES {
        let Some(program) = oracle(name) else { continue };
        for example in crate::support::examples() {
            let project = Project::copy_of(&format!("examples/{example}"));
            project.build();
            let root = project.path().join("dist/web1/root");
            let imports = fs::read_to_string(root.join("etc/rick/caddy/imports.caddy")).expect("there are sites");
            // Below the build's root rather than the machine's.
            let imports = imports.replace("import /", &format!("import {}/", root.display()));
            let folder = tempfile::tempdir().expect("a folder");
            let file = folder.path().join("Caddyfile");
            // As Debian's Caddyfile stands, with the block at its end.
            fs::write(&file, format!(":80 {{\n\troot * /usr/share/caddy\n\tfile_server\n}}\n\n{imports}"))
                .expect("it can be written");
            for verb in ["adapt", "validate"] {
                let output = Command::new(&program)
                    .args([verb, "--adapter", "caddyfile", "--config"])
                    .arg(&file)
                    .env_clear()
                    .env("HOME", folder.path())
                    .output();
                let said = crate::support::said(output.expect("caddy runs"));
                assert_eq!(said.code, 0, "{example}: {name} {verb}: {}", said.err);
                for complaint in ["not formatted", "deprecated", "\"level\":\"warn\""] {
                    let said = said.err.lines().filter(|line| line.contains(complaint) && line.contains("/sites/")).count();
                    assert_eq!(said, 0, "{example}: {name} {verb}");
                }
            }
        }
    }
}
