//! The real software as the judge: Quadlet's generator, PostgreSQL, and systemd's own tools.
//!
//! `tests/oracles/install` puts them in place. Where one is missing these tests fail in CI (`CI` is set); elsewhere they say
//! loudly what they skipped.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Project, Said, examples, root, said};

/// The path of a tool, or a loud word about its absence.
pub fn oracle(name: &str) -> Option<PathBuf> {
    let path = oracle_if_there(name);
    if path.is_none() {
        assert!(std::env::var_os("CI").is_none(), "{name} is missing in CI: run tests/oracles/install");
        let _ = writeln!(std::io::stderr(), "\n*** SKIPPED: {name} is missing; tests/oracles/install puts it in place ***\n");
    }
    path
}

fn oracle_if_there(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("RICK_ORACLES").map_or_else(|| root().join("target/oracles"), PathBuf::from);
    let text = fs::read_to_string(folder.join("env")).unwrap_or_default();
    let path = text.lines().find_map(|line| line.strip_prefix(&format!("{name}="))).filter(|path| !path.is_empty());
    path.map(PathBuf::from).filter(|path| path.exists())
}

/// The path of a tool that not every machine can have: where it is missing, a word about that, also in CI.
pub fn tool(name: &str) -> Option<PathBuf> {
    let path = oracle_if_there(name);
    if path.is_none() {
        let _ = writeln!(std::io::stderr(), "\n*** SKIPPED: {name} is missing; tests/oracles/README.md says why ***\n");
    }
    path
}

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Runs the generator on the units of one user.
fn generate(quadlet: &Path, units: &Path) -> Said {
    said(Command::new(quadlet).env("QUADLET_UNIT_DIRS", units).args(["-dryrun", "-user"]).output().expect("the generator runs"))
}

/// The folders of units below a build's root, one for each user.
fn users(project: &Project) -> Vec<PathBuf> {
    let folder = project.path().join("dist/web1/root/etc/containers/systemd/users");
    let mut users: Vec<PathBuf> =
        fs::read_dir(&folder).expect("there are units").map(|entry| entry.expect("an entry").path()).collect();
    users.sort();
    users
}

/// The generator takes every unit, and makes a service of each: exit code 0 alone says nothing of a unit that it dropped.
fn assert_accepted(quadlet: &Path, project: &Project, what: &str) {
    for units in users(project) {
        let said = generate(quadlet, &units);
        let count = fs::read_dir(&units).expect("units").count();
        let services = said.out.lines().filter(|line| line.starts_with("---") && line.ends_with("---")).count();
        assert_eq!(said.code, 0, "{what}: {}", said.err);
        assert_eq!(services, count, "{what}: {}\n{}", said.out, said.err);
        for bad in ["converting", "unsupported", "warning", "Warning"] {
            assert!(!said.err.contains(bad), "{what}: {}", said.err);
        }
    }
}

#[test]
fn the_generator_accepts_every_unit_of_every_example() {
    let Some(quadlet) = oracle("QUADLET") else { return };
    for example in examples() {
        let project = Project::copy_of(&format!("examples/{example}"));
        project.build();
        assert_accepted(&quadlet, &project, &example);
    }
}

#[test]
fn the_generator_would_refuse_a_key_that_is_not_there() {
    let Some(quadlet) = oracle("QUADLET") else { return };
    let project = Project::copy_of("examples/guide");
    project.build();
    let units = &users(&project)[0];
    let container = fs::read_dir(units)
        .expect("units")
        .map(|entry| entry.expect("an entry").path())
        .find(|path| path.extension().is_some_and(|kind| kind == "container"));
    let container = container.expect("a container");
    let text = fs::read_to_string(&container).expect("text").replace("[Container]\n", "[Container]\nMemory=256m\n");
    fs::write(&container, text).expect("it can be written");
    assert_ne!(generate(&quadlet, units).code, 0, "podman 5.4 knows no Memory=");
}

/// A service that uses what the plugin has, with values that need every kind of escaping.
const EVERYTHING: &str = r#"
[service]
description = "100% of it; with 'quotes'"
image = "ghcr.io/acme/everything:1.0"
user  = { uid = 1000, gid = 1001, starts_as_root = true }
port  = 80

[postgres]
authentication = "scram"

[quadlet]
exec    = ["serve", "a b", "c\"d", "e\\f", "100%", "$HOME", "tab\there"]
volumes = ["data:/data", "/srv/media:/media:ro", { name = "cache", path = "/cache", kind = "podman" }]
health  = { command = "curl -fsS http://localhost/ || exit 1", interval = "30s", timeout = "5s", retries = 3, start_period = "1m" }
notify  = "healthy"
memory  = "512m"
shm_size = "64m"
pids_limit = 200
read_only = true
init = true
keep_groups = true
tmpfs = ["/tmp"]
stop_timeout = 30
sysctl = { "net.core.somaxconn" = "1024" }

[quadlet.env]
PERCENT = "100% $HOME `x` \"q\" 'q' \\ # ;"
EMPTY = ""
TOKEN = { secret = "everything_token" }

[quadlet.secret_files]
key = "everything_key"

[quadlet.containers.helper]
image = "docker.io/library/helper:2"
user  = 1001
exec  = "help --now"
"#;

#[test]
fn the_generator_accepts_everything_for_every_podman_that_it_can_judge() {
    let versions = ["5.0.0", "5.1.0", "5.2.5", "5.3.1", "5.4.2", "5.6.0", "5.8.0"];
    let (Some(quadlet), newer) = (oracle("QUADLET"), oracle_if_there("QUADLET_SID")) else { return };
    for version in versions {
        let project = Project::of(&[("services/everything.toml", EVERYTHING)]);
        project.write("rick.toml", &format!("[machines.web1]\nversions = {{ podman = \"{version}\", postgresql = \"17\" }}\n"));
        project.build();
        let is_newer = version.starts_with("5.6") || version.starts_with("5.8");
        match (is_newer, &newer) {
            (false, _) => assert_accepted(&quadlet, &project, version),
            (true, Some(newer)) => assert_accepted(newer, &project, version),
            (true, None) => {
                let _ = writeln!(std::io::stderr(), "\n*** SKIPPED: podman {version}: no newer generator (QUADLET_SID) ***\n");
            }
        }
    }
    // Before podman 5.0 there is no pod: one part stands alone.
    let alone =
        EVERYTHING.split("[quadlet.containers.helper]").next().expect("a first part").replace("notify  = \"healthy\"\n", "");
    for version in ["4.4.0", "4.5.0", "4.6.0", "4.7.0", "4.9.3"] {
        let project = Project::of(&[("services/everything.toml", &alone)]);
        project.write("rick.toml", &format!("[machines.web1]\nversions = {{ podman = \"{version}\", postgresql = \"17\" }}\n"));
        project.build();
        assert_accepted(&quadlet, &project, version);
    }
}

#[test]
fn what_the_generator_makes_carries_every_argument_intact() {
    let Some(quadlet) = oracle("QUADLET") else { return };
    let project = Project::of(&[("services/everything.toml", EVERYTHING)]);
    project.build();
    let said = generate(&quadlet, &users(&project)[0]);
    let start =
        said.out.lines().find(|line| line.starts_with("ExecStart=") && line.contains("--name everything ")).expect("ExecStart");
    // As systemd reads it: quotes and backslashes undone, %% and $$ for % and $.
    for argument in ["\"a b\"", "\"c\\\"d\"", "\"e\\\\f\"", "100%%", "$$HOME", "\"tab\\there\""] {
        assert!(start.contains(argument), "{argument} is not in {start}");
    }
    assert!(start.contains("--health-cmd"), "{start}");
}

/// systemd reads what the generator makes, also the [Unit] and [Service] lines that the generator only passes on.
#[test]
fn systemd_accepts_the_services_that_the_generator_makes() {
    let (Some(quadlet), Some(analyze)) = (oracle("QUADLET"), oracle("SYSTEMD_ANALYZE")) else { return };
    let examples = examples().into_iter().map(|example| Project::copy_of(&format!("examples/{example}")));
    for project in examples.chain([Project::of(&[("services/everything.toml", EVERYTHING)])]) {
        project.build();
        for units in users(&project) {
            let services = tempfile::tempdir().expect("a folder");
            let out = services.path();
            let status = Command::new(&quadlet)
                .env("QUADLET_UNIT_DIRS", &units)
                .arg("-user")
                .args([out, out, out])
                .stderr(Stdio::null())
                .status();
            assert!(status.expect("the generator runs").success());
            // Jobs are units of systemd's own, beside what the generator makes.
            crate::support::copy(&project.path().join("dist/web1/root/etc/systemd/user"), out);
            let is_unit = |name: &str| (name.ends_with(".service") || name.ends_with(".timer")) && !name.contains('/');
            let names: Vec<String> = crate::support::tree(out).into_keys().filter(|name| is_unit(name)).collect();
            assert!(!names.is_empty());
            let runtime = tempfile::tempdir().expect("a folder");
            let output = Command::new(&analyze)
                .args(["verify", "--user", "--man=no", "--recursive-errors=no"])
                .args(names.iter().map(|name| out.join(name)))
                .env("XDG_RUNTIME_DIR", runtime.path())
                .env("SYSTEMD_UNIT_PATH", format!("{}:", out.display()))
                .output();
            let said = said(output.expect("systemd-analyze runs"));
            let complaints: Vec<&str> = said
                .err
                .lines()
                // podman itself is not installed here, nor is what only a machine with it has.
                .filter(|line| {
                    !line.contains("/usr/bin/podman is not executable") && !line.contains("podman-user-wait-network-online")
                })
                .filter(|line| names.iter().any(|name| line.contains(name.as_str())))
                .collect();
            assert!(complaints.is_empty(), "{complaints:#?}");
        }
    }
}

#[test]
fn systemd_sysusers_makes_the_users_and_tmpfiles_their_folders() {
    let (Some(sysusers), Some(tmpfiles)) = (oracle("SYSTEMD_SYSUSERS"), oracle("SYSTEMD_TMPFILES")) else { return };
    let project = Project::copy_of("examples/guide");
    let manifest = project.read("services/myservice.toml");
    project.write(
        "services/myservice.toml",
        &format!("{manifest}\n[account]\ngroups = [\"video\"]\ndirectories.\"/srv/100% my data\" = {{ mode = \"0770\" }}\n"),
    );
    project.build();
    let built = project.path().join("dist/web1/root");
    if !is_root() {
        for file in crate::support::tree(&built.join("etc/sysusers.d")).keys() {
            let output = Command::new(&sysusers).arg("--dry-run").arg(built.join("etc/sysusers.d").join(file)).output();
            let said = said(output.expect("systemd-sysusers runs"));
            assert_eq!(said.code, 0, "{}", said.err);
        }
        let _ = writeln!(std::io::stderr(), "\n*** SKIPPED: only root can have users and folders made below another root ***\n");
        return;
    }
    let machine = tempfile::tempdir().expect("a folder");
    crate::support::copy(&built.join("etc/sysusers.d"), &machine.path().join("etc/sysusers.d"));
    crate::support::copy(&built.join("etc/tmpfiles.d"), &machine.path().join("etc/tmpfiles.d"));
    // Twice: what is there already stays.
    for _ in 0..2 {
        let output = Command::new(&sysusers).arg("--root").arg(machine.path()).output();
        let said = said(output.expect("systemd-sysusers runs"));
        assert!(said.code == 0 && !said.err.to_lowercase().contains("fail"), "{}", said.err);
        let output = Command::new(&tmpfiles).args(["--create", "--root"]).arg(machine.path()).output();
        let said = crate::support::said(output.expect("systemd-tmpfiles runs"));
        assert!(said.code == 0, "{}", said.err);
    }
    let passwd = fs::read_to_string(machine.path().join("etc/passwd")).expect("users");
    assert!(passwd.contains("feeds:x:800:800:service feeds:/opt/feeds:/usr/sbin/nologin\n"), "{passwd}");
    assert!(passwd.contains("myservice:x:801:801:service myservice:/opt/myservice:/usr/sbin/nologin\n"), "{passwd}");
    let group = fs::read_to_string(machine.path().join("etc/group")).expect("groups");
    assert!(group.lines().any(|line| line.starts_with("video:") && line.ends_with(":myservice")), "{group}");
    use std::os::unix::fs::MetadataExt;
    for (path, mode, uid, gid) in [
        ("opt/feeds", 0o750, 800, 800),
        ("opt/feeds/data", 0o700, 800, 800),
        ("etc/rick/feeds", 0o750, 0, 800),
        ("srv/100% my data", 0o770, 801, 801),
        ("var/lib/systemd/linger/myservice", 0o644, 0, 0),
    ] {
        let metadata = fs::metadata(machine.path().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!((metadata.mode() & 0o7777, metadata.uid(), metadata.gid()), (mode, uid, gid), "{path}");
    }
}

#[test]
fn systemd_makes_the_users_and_folders_of_every_example() {
    let (Some(sysusers), Some(tmpfiles)) = (oracle("SYSTEMD_SYSUSERS"), oracle("SYSTEMD_TMPFILES")) else { return };
    for example in examples().into_iter().filter(|_| is_root()) {
        let project = Project::copy_of(&format!("examples/{example}"));
        project.build();
        let machine = tempfile::tempdir().expect("a folder");
        for folder in ["etc/sysusers.d", "etc/tmpfiles.d"] {
            crate::support::copy(&project.path().join("dist/web1/root").join(folder), &machine.path().join(folder));
        }
        // A group that Debian has, and a manifest names.
        fs::write(machine.path().join("etc/group"), "root:x:0:\nusers:x:100:\n").expect("it can be written");
        let run = |command: &mut Command| {
            let said = said(command.arg("--root").arg(machine.path()).output().expect("it runs"));
            assert!(said.code == 0 && !said.err.to_lowercase().contains("fail"), "{example}: {}", said.err);
        };
        run(&mut Command::new(&sysusers));
        run(Command::new(&tmpfiles).arg("--create"));
        let passwd = fs::read_to_string(machine.path().join("etc/passwd")).expect("users");
        let services = project.tree("services").len();
        assert_eq!(passwd.lines().filter(|line| line.ends_with(":/usr/sbin/nologin")).count(), services, "{example}: {passwd}");
    }
}

#[test]
fn systemd_accepts_every_drop_in_of_a_server() {
    let Some(analyze) = oracle("SYSTEMD_ANALYZE") else { return };
    let project = Project::copy_of("examples/homelab");
    project.build();
    let folder = project.path().join("dist/web1/root/etc/systemd/system");
    // The servers' units are their packages'; here they stand for themselves.
    for unit in ["valkey-server.service", "valkey-server@.service"] {
        fs::write(folder.join(unit), "[Service]\nType=notify\nExecStart=/bin/true\n").expect("it can be written");
    }
    for unit in ["valkey-server.service", "valkey-server@nextcloud.service"] {
        let verify = || {
            let mut command = Command::new(&analyze);
            command.args(["verify", "--man=no", "--recursive-errors=no", unit]);
            let output = command.env("SYSTEMD_UNIT_PATH", format!("{}:", folder.display())).output();
            let said = said(output.expect("systemd-analyze runs")).err;
            // The program is not installed here.
            let about =
                |line: &&str| line.contains("rick-valkey.conf") || (line.contains(unit) && !line.contains("is not executable"));
            said.lines().filter(about).map(str::to_owned).collect::<Vec<_>>()
        };
        assert!(verify().is_empty(), "{:?}", verify());
        let path = folder.join(format!("{unit}.d/rick-valkey.conf"));
        let text = fs::read_to_string(&path).expect("the drop-in");
        fs::write(&path, text.replace("RuntimeDirectoryPreserve=yes", "RuntimeDirectoryPreserve=often"))
            .expect("it can be written");
        assert!(!verify().is_empty(), "a wrong value is seen");
    }
}

#[test]
fn systemd_accepts_the_drop_in_and_would_complain_about_a_bad_one() {
    let Some(analyze) = oracle("SYSTEMD_ANALYZE") else { return };
    let project = Project::copy_of("examples/guide");
    project.build();
    let folder = project.path().join("dist/web1/root/etc/systemd/system");
    let verify = || {
        let output = Command::new(&analyze)
            .args(["verify", "--man=no", "--recursive-errors=no", "user@800.service"])
            .env("SYSTEMD_UNIT_PATH", format!("{}:", folder.display()))
            .output();
        said(output.expect("systemd-analyze runs")).err
    };
    let about = |text: &str| text.lines().filter(|line| line.contains("rick.conf")).map(str::to_owned).collect::<Vec<_>>();
    assert!(about(&verify()).is_empty(), "{}", verify());
    let path = folder.join("user@800.service.d/rick.conf");
    let text = fs::read_to_string(&path).expect("the drop-in");
    assert!(text.contains("After=postgresql.service") && text.contains("Wants=network-online.target"), "{text}");
    fs::write(&path, format!("{text}Wnats=x.service\n")).expect("it can be written");
    assert!(!about(&verify()).is_empty(), "a misspelled key is seen: {}", verify());
}

/// A PostgreSQL server of its own, on a socket in a temporary folder.
struct Server {
    bin: PathBuf,
    folder: tempfile::TempDir,
    process: std::process::Child,
}

impl Server {
    fn start(bin: PathBuf) -> Self {
        let folder = tempfile::Builder::new().prefix("rick-pg").tempdir_in("/tmp").expect("a folder");
        if is_root() {
            // PostgreSQL refuses to run as root; its own user was made by its package.
            let status = Command::new("chown").arg("postgres").arg(folder.path()).status();
            assert!(status.expect("chown runs").success());
        }
        let data = folder.path().join("data");
        let output = as_postgres(&bin.join("initdb"))
            .args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "-D"])
            .arg(&data)
            .output();
        let said = said(output.expect("initdb runs"));
        assert_eq!(said.code, 0, "{}", said.err);
        let log =
            fs::File::create(std::env::temp_dir().join(format!("rick-postgres-{}.log", std::process::id()))).expect("a log");
        let process = as_postgres(&bin.join("postgres"))
            .arg("-D")
            .arg(&data)
            .args(["-c", "listen_addresses=", "-c", "fsync=off", "-k"])
            .arg(folder.path())
            .stderr(log)
            .spawn()
            .expect("postgres runs");
        let server = Self { bin, folder, process };
        let start = Instant::now();
        while server.query("postgres", "postgres", "SELECT 1").code != 0 {
            assert!(start.elapsed() < Duration::from_secs(30), "PostgreSQL does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    fn psql(&self, role: &str, database: &str) -> Command {
        let mut command = as_postgres(&self.bin.join("psql"));
        command
            .args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "-h"])
            .arg(self.folder.path())
            .args(["-U", role, "-d", database]);
        command
    }

    fn query(&self, role: &str, database: &str, query: &str) -> Said {
        said(self.psql(role, database).args(["-c", query]).output().expect("psql runs"))
    }

    fn run_file(&self, text: &str) -> Said {
        let mut child = self
            .psql("postgres", "postgres")
            .args(["-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("psql runs");
        child.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("it reads");
        said(child.wait_with_output().expect("it ends"))
    }

    /// Everything that the SQL could have changed.
    fn state(&self, databases: &[&str]) -> String {
        let mut state = said(
            as_postgres(&self.bin.join("pg_dumpall"))
                .arg("-h")
                .arg(self.folder.path())
                .args(["-U", "postgres", "--globals-only"])
                .output()
                .expect("pg_dumpall runs"),
        )
        .out;
        state.push_str(
            &self
                .query(
                    "postgres",
                    "postgres",
                    "SELECT datname, datdba::regrole, datacl, datcollate FROM pg_database ORDER BY datname",
                )
                .out,
        );
        for database in databases {
            state.push_str(
                &said(
                    as_postgres(&self.bin.join("pg_dump"))
                        .arg("-h")
                        .arg(self.folder.path())
                        .args(["-U", "postgres", "--schema-only", database])
                        .output()
                        .expect("pg_dump runs"),
                )
                .out,
            );
        }
        // pg_dump writes a word of its own that is another in each run.
        state
            .lines()
            .filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"))
            .map(|line| format!("{line}\n"))
            .collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let data = self.folder.path().join("data");
        let _ = as_postgres(&self.bin.join("pg_ctl")).args(["stop", "-m", "immediate", "-D"]).arg(data).output();
        let _ = self.process.wait();
    }
}

fn as_postgres(program: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir("/tmp");
    command
}

#[test]
fn postgresql_runs_the_sql_of_every_example_twice() {
    let Some(bin) = oracle("POSTGRES_BIN") else { return };
    for example in examples() {
        let project = Project::copy_of(&format!("examples/{example}"));
        project.build();
        let server = Server::start(bin.clone());
        let scripts: Vec<(String, String)> = project
            .tree("dist/web1/root/etc/rick/postgres")
            .into_iter()
            .filter(|(path, _)| path.ends_with(".sql"))
            .map(|(path, text)| (path, String::from_utf8(text).expect("UTF-8")))
            .collect();
        let mut states = Vec::new();
        for _ in 0..2 {
            for (path, script) in &scripts {
                let said = server.run_file(script);
                let complaints: Vec<&str> = said.err.lines().filter(|line| !line.contains("NOTICE:")).collect();
                assert!(said.code == 0 && complaints.is_empty(), "{example}: {path}: {complaints:?}");
            }
            states.push(server.state(&[]));
        }
        assert_eq!(states[0], states[1], "{example}: the second run changes nothing");
        // Each service is in its own database and in no other.
        let names: Vec<String> = scripts.iter().map(|(path, _)| path.trim_end_matches(".sql").to_owned()).collect();
        let databases = server.query("postgres", "postgres", "SELECT datname FROM pg_database WHERE datname LIKE '%'").out;
        for role in &names {
            let own = databases.lines().filter(|database| server.query(role, database, "SELECT 1").code == 0);
            let own: Vec<&str> = own.filter(|database| !["postgres", "template1"].contains(database)).collect();
            assert_eq!(own.len(), 1, "{example}: {role} gets into {own:?}");
        }
    }
}

#[test]
fn postgresql_runs_the_sql_twice_and_keeps_services_apart() {
    let Some(bin) = oracle("POSTGRES_BIN") else { return };
    let project = Project::copy_of("examples/guide");
    project.write("services/odd.toml", "[service]\nimage = \"ghcr.io/acme/odd:1\"\n[postgres]\nrole = \"Odd 'role\"\ndatabase = \"100% \\\"odd\\\" $db\"\nauthentication = \"scram\"\nenv = {}\n");
    project.build();
    let server = Server::start(bin);
    let databases = ["feeds", "myservice_db", "100% \"odd\" $db"];
    // What stands where the password's verifier goes, as PostgreSQL itself would write it for `pencil`.
    let verifier = "'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU='";
    let scripts: Vec<String> = project
        .tree("dist/web1/root/etc/rick/postgres")
        .into_iter()
        .filter(|(path, _)| path.ends_with(".sql"))
        .map(|(_, text)| {
            String::from_utf8(text)
                .expect("UTF-8")
                .replace("<<rick secret: odd_postgres_password | scram-sha-256 | sql-literal>>", verifier)
        })
        .collect();
    assert_eq!(scripts.len(), 5);
    let run = || {
        for script in &scripts {
            assert!(!script.contains("<<rick secret"), "{script}");
            let said = server.run_file(script);
            let complaints: Vec<&str> = said.err.lines().filter(|line| !line.contains("NOTICE:")).collect();
            assert!(said.code == 0 && complaints.is_empty(), "{complaints:?}\n{script}");
        }
    };
    run();
    let first = server.state(&databases);
    run();
    assert_eq!(first, server.state(&databases), "the second run changes nothing");
    assert!(first.contains("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ=="), "the password is set");

    // Each in its own database, and in no other.
    assert_eq!(server.query("feeds", "feeds", "CREATE TABLE t (i int); INSERT INTO t VALUES (1); SELECT i FROM t").out, "1\n");
    assert_eq!(server.query("feeds", "feeds", "SELECT extname FROM pg_extension WHERE extname = 'pg_trgm'").out, "pg_trgm\n");
    for (role, database) in [("feeds", "myservice_db"), ("myservice", "feeds"), ("feeds", "100% \"odd\" $db")] {
        let said = server.query(role, database, "SELECT 1");
        assert_ne!(said.code, 0, "{role} gets into {database}");
        assert!(said.err.contains("permission denied for database"), "{}", said.err);
    }
    let said = server.query("feeds", "feeds", "CREATE ROLE x");
    assert!(said.err.contains("permission denied"), "{}", said.err);
    // A role that was given too much by hand loses it.
    assert_eq!(
        server.query("postgres", "postgres", "ALTER ROLE feeds SUPERUSER; GRANT CONNECT ON DATABASE feeds TO PUBLIC").code,
        0
    );
    run();
    assert_eq!(server.query("postgres", "postgres", "SELECT rolsuper FROM pg_roles WHERE rolname = 'feeds'").out, "f\n");
    assert!(server.query("myservice", "feeds", "SELECT 1").err.contains("permission denied for database"));

    // The blocks for pg_hba.conf and pg_ident.conf are lines that the server reads.
    let data = server.folder.path().join("data");
    for (file, view) in [("pg_hba.conf", "pg_hba_file_rules"), ("pg_ident.conf", "pg_ident_file_mappings")] {
        let block = project.read(&format!("dist/web1/root/etc/rick/postgres/{file}"));
        let before = fs::read_to_string(data.join(file)).expect("a file");
        fs::write(data.join(file), format!("{block}{before}")).expect("it can be written");
        let errors = server.query("postgres", "postgres", &format!("SELECT error FROM {view} WHERE error IS NOT NULL"));
        assert_eq!((errors.code, errors.out.as_str()), (0, ""), "{file}: {}\n{block}", errors.err);
    }
    let rules = server
        .query(
            "postgres",
            "postgres",
            "SELECT database, user_name, auth_method FROM pg_hba_file_rules ORDER BY line_number LIMIT 5",
        )
        .out;
    assert_eq!(rules.lines().count(), 5, "{rules}");
    for rule in ["{feeds}|{feeds}|peer", "{myservice_db}|{myservice}|peer", "|scram-sha-256"] {
        assert!(rules.contains(rule), "{rule} is not in {rules}");
    }
}
