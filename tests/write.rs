//! Writing: all or nothing, and nothing that is somebody else's.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use crate::support::{Project, rick};

const SERVICE: &str = "[service]\nimage = \"ghcr.io/acme/x:1.0\"\n[quadlet.env]\nN = \"0\"\n";

#[test]
fn a_failed_build_leaves_the_old_output_whole() {
    let project = Project::copy_of("examples/guide");
    project.build();
    let before = project.tree("dist");
    project.write("services/broken.toml", "[service]\nport = \"http\"\n");
    let said = project.rick(&["build"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("nothing was written"), "{}", said.err);
    assert_eq!(project.tree("dist"), before);
}

#[test]
fn files_that_rick_did_not_write_are_never_touched() {
    let project = Project::of(&[("services/a.toml", SERVICE)]);
    project.build();
    project.write("dist/README", "mine\n");
    project.write("dist/web1/notes/today.txt", "mine, too\n");
    project.write("dist/web1/root/etc/rick/a/local.txt", "and this\n");
    std::os::unix::fs::symlink("nowhere", project.path().join("dist/web1/link")).expect("a link");
    let inode = |path: &str| fs::metadata(project.path().join(path)).expect("it is there").ino();
    let before = inode("dist/web1/notes/today.txt");
    project.write("services/a.toml", &SERVICE.replace('0', "1"));
    project.build();
    assert_eq!(project.read("dist/README"), "mine\n");
    assert_eq!(project.read("dist/web1/notes/today.txt"), "mine, too\n");
    assert_eq!(project.read("dist/web1/root/etc/rick/a/local.txt"), "and this\n");
    assert_eq!(inode("dist/web1/notes/today.txt"), before, "it is the same file, not a copy");
    assert!(fs::symlink_metadata(project.path().join("dist/web1/link")).expect("it is there").is_symlink());
    assert!(project.read("dist/web1/root/etc/rick/a/a.env").contains("N=1"));
}

#[test]
fn a_foreign_file_where_rick_wants_to_write_stops_the_build() {
    let project = Project::of(&[("services/a.toml", SERVICE)]);
    project.write("dist/web1/root/etc/rick/a/a.env", "mine\n");
    let said = project.rick(&["build"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("a.env` is there and rick did not write it; nothing was written"), "{}", said.err);
    assert_eq!(project.tree("dist").len(), 1);
}

#[test]
fn what_is_no_longer_built_goes() {
    let project = Project::of(&[("services/a.toml", SERVICE), ("services/b.toml", SERVICE)]);
    project.build();
    fs::remove_file(project.path().join("services/b.toml")).expect("it is there");
    let said = project.build();
    assert!(said.out.contains("  - etc/sysusers.d/rick-b.conf"), "{}", said.out);
    assert!(project.tree("dist").keys().all(|path| !path.contains("/b")), "{:?}", project.tree("dist").keys());
    // A machine that is gone takes its folder along.
    let machine = "[machines.web2]\nversions = { podman = \"5.4.2\" }\n";
    project.write("rick.toml", machine);
    project.build();
    assert!(!project.exists("dist/web1"));
    assert!(project.exists("dist/web2/root"));
}

#[test]
fn a_file_that_was_changed_by_hand_is_put_right() {
    let project = Project::of(&[("services/a.toml", SERVICE)]);
    project.build();
    let before = project.tree("dist");
    project.write("dist/web1/root/etc/rick/a/a.env", "N=7\n");
    let said = project.build();
    assert!(said.out.contains("  ~ etc/rick/a/a.env"), "{}", said.out);
    assert_eq!(project.tree("dist"), before);
}

#[test]
fn only_the_machine_that_was_asked_for_is_written() {
    let project = Project::of(&[("services/a.toml", &SERVICE.replace("[quadlet", "machine = \"web1\"\n[quadlet"))]);
    project.write(
        "rick.toml",
        "[machines.web1]\nversions = { podman = \"5.4.2\" }\n[machines.web2]\nversions = { podman = \"5.4.2\" }\n",
    );
    assert_eq!(project.rick(&["build", "--machine", "web2"]).code, 0);
    assert!(project.exists("dist/web2") && !project.exists("dist/web1"));
    assert_eq!(project.rick(&["build", "-o", "elsewhere"]).code, 0);
    assert!(project.exists("elsewhere/web1/files.json"));
    let said = project.rick(&["build", "--machine", "web3"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("the machines are web1, web2"), "{}", said.err);
}

/// Killed at any moment, a build leaves the old output or the new one, never some of each.
#[test]
fn a_killed_build_leaves_one_whole_output() {
    let project = Project::of(&[("services/a.toml", SERVICE), ("services/b.toml", SERVICE)]);
    let variant = |number: usize| {
        for service in ["a", "b"] {
            project.write(&format!("services/{service}.toml"), &SERVICE.replace('0', &number.to_string()));
        }
    };
    let mut whole = Vec::new();
    for number in [0, 1] {
        variant(number);
        project.build();
        whole.push(project.tree("dist/web1"));
    }
    for round in 0..24 {
        let number = round % 2;
        variant(number);
        let mut child = rick(project.path())
            .arg("build")
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("rick runs");
        std::thread::sleep(Duration::from_micros(1500 * (round as u64 + 1)));
        let _ = child.kill();
        let _ = child.wait();
        let found = project.tree("dist/web1");
        assert!(whole.contains(&found), "round {round}: neither the old output nor the new one");
    }
    // What was left over is cleared away by the next build.
    variant(0);
    project.build();
    let left: Vec<String> = project.tree("dist").into_keys().filter(|path| path.starts_with(".rick-new-")).collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(project.tree("dist/web1"), whole[0]);
}
