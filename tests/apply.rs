//! A build put into a root that does not run: files, owners, blocks, what waits, and what is refused. What needs a running machine
//! is the lab's: tests/lab.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::oracles::is_root;
use crate::support::{Project, Said, tree, write};

/// A machine's root, as packages leave it.
pub struct Root {
    folder: tempfile::TempDir,
}

impl Root {
    /// `None`, with a word about it, where files cannot be given to others.
    pub fn new() -> Option<Self> {
        if !is_root() {
            assert!(std::env::var_os("CI").is_none(), "CI must be root, to give files to others");
            let _ = writeln!(std::io::stderr(), "\n*** SKIPPED: only root can give files to others ***\n");
            return None;
        }
        let root = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        fs::set_permissions(root.folder.path(), fs::Permissions::from_mode(0o755)).expect("it can be set");
        for (path, text) in [
            ("etc/passwd", "root:x:0:0::/root:/bin/sh\npostgres:x:100:100::/var/lib/postgresql:/bin/sh\n"),
            ("etc/group", "root:x:0:\npostgres:x:100:\nvalkey:x:101:\n"),
            ("etc/subuid", "somebody:100000:65536"),
            ("etc/subgid", ""),
            ("etc/postgresql/17/main/pg_hba.conf", "local all all peer\n"),
            ("etc/postgresql/17/main/pg_ident.conf", "# nobody\n"),
            ("etc/caddy/Caddyfile", "# nothing"),
        ] {
            root.write(path, text);
        }
        Some(root)
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, path: &str, text: &str) {
        write(&self.path().join(path), text);
    }

    pub fn secret(&self, name: &str, value: &str) {
        let path = format!("etc/rick/secrets/{name}");
        self.write(&path, value);
        fs::set_permissions(self.path().join(path), fs::Permissions::from_mode(0o600)).expect("it can be set");
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn exists(&self, path: &str) -> bool {
        self.path().join(path).exists()
    }

    /// Mode, uid and gid.
    fn owner(&self, path: &str) -> (u32, u32, u32) {
        let metadata = fs::symlink_metadata(self.path().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        (metadata.mode() & 0o7777, metadata.uid(), metadata.gid())
    }

    /// Runs a command of rick's about a project's build and this root.
    pub fn rick(&self, project: &Project, words: &[&str]) -> Said {
        let root = format!("--root={}", self.path().display());
        project.rick(&[words, &["dist/web1", &root]].concat())
    }

    fn applied(&self, project: &Project, words: &[&str]) -> Said {
        let said = self.rick(project, &[&["apply"], words].concat());
        assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
        said
    }

    fn refused(&self, project: &Project, words: &[&str], texts: &[&str]) {
        let before = tree(self.path());
        let said = self.rick(project, &[&["apply"], words].concat());
        assert_eq!(said.code, 1, "{}\n{}", said.out, said.err);
        for text in texts {
            assert!(said.err.contains(text), "`{text}` is not in\n{}", said.err);
        }
        assert!(said.err.contains("nothing was done"), "{}", said.err);
        assert_eq!(tree(self.path()), before, "something was written");
    }
}

/// The guide's services, built, and a root with their secrets.
fn guide() -> Option<(Project, Root)> {
    let root = Root::new()?;
    let project = Project::copy_of("examples/guide");
    project.build();
    let said = root.rick(&project, &["secrets", "generate"]);
    assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
    Some((project, root))
}

#[test]
fn files_get_their_owners_and_what_needs_a_running_machine_waits() {
    let Some((project, root)) = guide() else { return };
    let said = root.applied(&project, &[]);
    assert_eq!(root.owner("etc/rick/myservice/myservice.env"), (0o640, 0, 801));
    assert_eq!(root.owner("etc/rick/valkey/all_services.acl"), (0o640, 0, 101));
    assert_eq!(root.owner("etc/containers/systemd/users/801/myservice.container"), (0o644, 0, 0));
    assert_eq!(root.owner("opt/myservice/data"), (0o700, 801, 801));
    assert!(root.exists("var/lib/systemd/linger/myservice"));
    assert_eq!(root.read("etc/subuid").lines().next(), Some("somebody:100000:65536"), "others' lines stay");
    assert!(root.read("etc/subuid").contains("\nmyservice:"));
    assert!(root.read("etc/passwd").contains("\nmyservice:x:801:801:"));
    let hba = root.read("etc/postgresql/17/main/pg_hba.conf");
    assert!(hba.starts_with("# BEGIN rick:") && hba.ends_with("# END rick\nlocal all all peer\n"), "{hba}");
    assert!(root.read("etc/caddy/Caddyfile").starts_with("# nothing\n# BEGIN rick:"));
    for waits in ["psql, /etc/rick/postgres/myservice.sql", "restart myservice-pod.service", "systemctl reload caddy.service"] {
        assert!(said.out.contains(waits), "`{waits}` does not wait in\n{}", said.out);
    }
    // A root that is applied once more is as it was, and still waits.
    let before = tree(root.path());
    let again = root.applied(&project, &[]);
    assert_eq!(tree(root.path()), before);
    assert!(again.out.contains("nothing to do") && again.out.contains("left for the next apply"), "{}", again.out);
}

#[test]
fn secrets_are_written_as_each_place_has_to_have_them() {
    let Some((project, root)) = guide() else { return };
    let odd = "p@ss/:%+#?&= \"'$x\\";
    fs::remove_file(root.path().join("etc/rick/secrets/myservice_valkey_password")).expect("it was made");
    root.secret("myservice_valkey_password", &format!("{odd}\n"));
    let said = root.applied(&project, &[]);
    let environment = root.read("etc/rick/myservice/myservice.env");
    let url = "CACHE_URL=unix://myservice:p%40ss%2F%3A%25%2B%23%3F%26%3D%20%22%27%24x%5C@/run/valkey/valkey.sock?db=2\n";
    assert!(environment.contains(url), "{environment}");
    let acl = root.read("etc/rick/valkey/all_services.acl");
    let line = acl.lines().find(|line| line.starts_with("user myservice ")).expect("a user");
    let written = line.split('#').nth(1).and_then(|rest| rest.split(' ').next()).expect("a digest");
    assert_eq!(written, sha256sum(odd));
    let blueprint = root.read("etc/rick/authentik/blueprints/feeds.yaml");
    let secret = root.read("etc/rick/secrets/feeds_authentik_client_secret");
    assert!(blueprint.contains(&format!("\"{secret}\"")), "{blueprint}");
    assert!(!tree(&root.path().join("etc")).values().any(|bytes| String::from_utf8_lossy(bytes).contains("<<rick secret")));

    // No value is anywhere else: not in what was said, not in the build, not in what rick remembers.
    let names = fs::read_dir(root.path().join("etc/rick/secrets")).expect("it is there");
    let values: Vec<String> =
        names.map(|entry| fs::read_to_string(entry.expect("an entry").path()).expect("text").trim_end().to_owned()).collect();
    let mut places: Vec<(String, String)> = vec![("what it said".to_owned(), format!("{}{}", said.out, said.err))];
    for folder in [project.path().join("dist"), root.path().join("var/lib/rick")] {
        let files = tree(&folder).into_iter();
        places.extend(files.map(|(path, bytes)| (path, String::from_utf8_lossy(&bytes).into_owned())));
    }
    for (place, text) in places {
        assert!(values.iter().all(|value| !text.contains(value)), "a secret is in {place}");
    }
}

/// The digest as coreutils has it.
fn sha256sum(text: &str) -> String {
    use std::process::{Command, Stdio};
    let mut child =
        Command::new("sha256sum").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("sha256sum is in coreutils");
    child.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    String::from_utf8(output.stdout).expect("text").split(' ').next().expect("a digest").to_owned()
}

#[test]
fn without_secrets_nothing_is_written_and_each_is_named() {
    let Some(root) = Root::new() else { return };
    let project = Project::copy_of("examples/guide");
    project.build();
    root.refused(
        &project,
        &[],
        &["nobody has the secret myservice_secret_key, which myservice needs", "`rick secrets generate` makes it"],
    );
}

#[test]
fn what_is_taken_is_refused_all_at_once() {
    let Some((project, root)) = guide() else { return };
    root.write("etc/passwd", &format!("{}intruder:x:800:100::/:/bin/sh\n", root.read("etc/passwd")));
    root.write("etc/group", "root:x:0:\npostgres:x:100:\n");
    root.write("etc/subgid", "intruder:10000010:5\n");
    root.write("etc/sysusers.d/rick-feeds.conf", "# by hand\n");
    root.refused(
        &project,
        &[],
        &[
            "uid 800, which is to be `feeds`, is `intruder` on this machine",
            "overlap with those of `intruder` in /etc/subgid",
            "is to belong to the group `valkey`, and there is none on this machine",
            "`/etc/sysusers.d/rick-feeds.conf` is there, differs, and rick did not write it",
        ],
    );
}

#[test]
fn a_folder_that_keeps_a_server_from_its_file_is_named() {
    let Some((project, root)) = guide() else { return };
    fs::set_permissions(root.path().join("etc/rick"), fs::Permissions::from_mode(0o700)).expect("it can be set");
    root.refused(&project, &[], &["`/etc/rick` is 0700 root:root: the group", "`chmod 0755 /etc/rick`"]);
}

#[test]
fn files_of_others_are_taken_over_where_that_is_asked_for() {
    let Some((project, root)) = guide() else { return };
    root.write("etc/sysusers.d/rick-feeds.conf", "# by hand\n");
    root.refused(&project, &[], &["--adopt"]);
    root.applied(&project, &["--adopt"]);
    assert!(root.read("etc/sysusers.d/rick-feeds.conf").contains("u feeds 800"), "it is rick's now");
}

#[test]
fn a_dry_run_says_what_would_be_and_does_nothing() {
    let Some((project, root)) = guide() else { return };
    let before = tree(root.path());
    let said = root.applied(&project, &["--dry-run"]);
    assert_eq!(tree(root.path()), before);
    assert!(said.out.contains("+ /etc/sysusers.d/rick-feeds.conf") && said.out.contains("would be done"), "{}", said.out);
}

#[test]
fn a_build_that_was_changed_or_copied_in_part_is_refused() {
    let Some((project, root)) = guide() else { return };
    let file = "dist/web1/root/etc/sysusers.d/rick-feeds.conf";
    project.write(file, "u feeds 0\n");
    let said = root.rick(&project, &["apply"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("is not what was built"), "{}", said.err);
    fs::remove_file(project.path().join(file)).expect("it is there");
    assert_eq!(root.rick(&project, &["apply"]).code, 2);
    assert!(!root.exists("etc/sysusers.d"), "nothing was written");
}

#[test]
fn no_secrets_name_leads_to_another_file() {
    let Some((project, root)) = guide() else { return };
    let listing = project.read("dist/web1/files.json");
    project.write("dist/web1/files.json", &listing.replace("feeds_session_key", "../../shadow"));
    let said = root.rick(&project, &["apply"]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.contains("`../../shadow`, which is no secret's name"), "{}", said.err);
}

#[test]
fn what_is_no_longer_built_goes_with_its_block_and_its_folders() {
    let Some((project, root)) = guide() else { return };
    root.applied(&project, &[]);
    for service in ["authentik", "feeds", "myservice", "reports"] {
        fs::remove_file(project.path().join(format!("services/{service}.toml"))).expect("it is there");
    }
    project.build();
    let said = root.applied(&project, &[]);
    let etc = tree(&root.path().join("etc"));
    let ricks: Vec<&String> = etc.keys().filter(|path| path.contains("rick") && !path.starts_with("rick/secrets/")).collect();
    assert!(ricks.is_empty(), "{ricks:?}");
    assert_eq!(root.read("etc/postgresql/17/main/pg_hba.conf"), "local all all peer\n");
    assert_eq!(root.read("etc/caddy/Caddyfile"), "# nothing\n");
    assert!(!root.exists("var/lib/systemd/linger/myservice"));
    assert!(!root.exists("etc/containers/systemd/users/801") && !root.exists("etc/rick/myservice"));
    assert!(root.exists("opt/myservice/data"), "its data stays");
    assert!(said.out.contains("the data of myservice is still there; `rick apply --purge myservice`"), "{}", said.out);

    root.applied(&project, &["--purge", "myservice"]);
    assert!(!root.exists("opt/myservice") && root.exists("opt/feeds"));
    assert!(!root.read("etc/passwd").contains("myservice") && !root.read("etc/subuid").contains("myservice"));
}

#[test]
fn a_service_that_was_renamed_keeps_what_it_had() {
    let Some((project, root)) = guide() else { return };
    root.applied(&project, &[]);
    // The same user and database, under another name.
    let kept = "[postgres]\ndatabase = \"reports\"\nrole = \"reports\"\n\n\
                [account]\nuser = \"reports\"\nuid = 803\nsubordinate_first = 10196608\n";
    let text = project.read("services/reports.toml").replace("[postgres]", kept);
    let text = text.replace("[authentik]", "[authentik]\nslug = \"reports\"\nclient_id = \"reports\"");
    fs::remove_file(project.path().join("services/reports.toml")).expect("it is there");
    project.write("services/figures.toml", &text);
    let lock = project.read("rick.lock");
    project.write("rick.lock", &lock.replace("reports", "figures"));
    project.build();
    root.rick(&project, &["secrets", "generate"]);
    let said = root.applied(&project, &[]);
    assert!(!said.out.contains("manager of reports stopped"), "{}", said.out);
    assert!(root.exists("var/lib/systemd/linger/reports"));
    root.refused(&project, &["--purge", "reports"], &["`reports` cannot be purged: its user `reports` is that of `figures`"]);
}

#[test]
fn what_is_built_is_not_purged() {
    let Some((project, root)) = guide() else { return };
    root.applied(&project, &[]);
    root.refused(&project, &["--purge", "myservice"], &["`myservice` is to be purged, and the build has it"]);
    root.refused(&project, &["--purge", "nobody"], &["there is nothing of `nobody` on this machine to purge"]);
}

#[test]
fn no_link_leads_out_of_the_root() {
    let Some((project, root)) = guide() else { return };
    let outside = tempfile::tempdir().expect("a temporary folder");
    symlink(outside.path(), root.path().join("etc/sysusers.d")).expect("a link");
    let said = root.rick(&project, &["apply"]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(said.err.contains("outside of"), "{}", said.err);
    assert!(tree(outside.path()).is_empty(), "something was written outside");
}

#[test]
fn a_stop_before_a_phase_leaves_the_rest_for_the_next_time() {
    let Some((project, root)) = guide() else { return };
    let said = root.applied(&project, &["--until", "directories"]);
    assert!(root.exists("etc/sysusers.d/rick-feeds.conf") && !root.exists("etc/tmpfiles.d/rick-feeds.conf"));
    assert!(said.out.contains("systemd-tmpfiles --create /etc/tmpfiles.d/rick-feeds.conf"), "{}", said.out);
    let said = root.applied(&project, &[]);
    assert!(said.err.contains("an earlier apply was not finished"), "{}", said.err);
    assert!(root.exists("opt/feeds/data"));
}

#[test]
fn without_a_build_it_is_said_how_to_make_one() {
    let Some(root) = Root::new() else { return };
    let project = Project::copy_of("examples/guide");
    let root = format!("--root={}", root.path().display());
    let said = project.rick(&["apply", &root]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("there is no build in `") && said.err.contains("`rick build` makes one"), "{}", said.err);
    let said = project.rick(&["apply", "services", &root]);
    assert!(said.err.contains("`services` is no build of a machine"), "{}", said.err);
    // With one machine nothing need be said.
    project.build();
    assert_eq!(project.rick(&["secrets", "generate", &root]).code, 0);
    assert_eq!(project.rick(&["apply", &root]).code, 0);
}

#[test]
fn another_machines_build_is_refused() {
    let Some((project, root)) = guide() else { return };
    let state = PathBuf::from("var/lib/rick/state.json");
    let text = "{\"version\":1,\"machine\":\"db9\",\"files\":{},\"directories\":[],\"steps\":{},\"removed\":{}}";
    root.write(state.to_str().expect("UTF-8"), text);
    root.refused(&project, &[], &["this machine was applied as `db9`, and the build is for `web1`"]);
}
