//! Numbers stay with their service when others come and go.

use crate::support::Project;

const SERVICE: &str = "[service]\nimage = \"ghcr.io/acme/x:1.0\"\n";

fn uids(project: &Project) -> Vec<(String, String)> {
    let files = project.tree("dist/web1/root/etc/sysusers.d");
    let uid = |text: &[u8]| {
        String::from_utf8_lossy(text)
            .lines()
            .find_map(|line| line.strip_prefix("u ").map(|rest| rest.split(' ').nth(1).expect("a uid").to_owned()))
    };
    files.iter().map(|(path, text)| (path.clone(), uid(text).expect("a user"))).collect()
}

#[test]
fn a_service_keeps_its_numbers_when_others_come_and_go() {
    let project = Project::of(&[("services/b.toml", SERVICE), ("services/d.toml", SERVICE)]);
    project.build();
    let before = uids(&project);
    project.write("services/a.toml", SERVICE);
    project.write("services/c.toml", SERVICE);
    std::fs::remove_file(project.path().join("services/b.toml")).expect("it is there");
    project.build();
    let after = uids(&project);
    let of = |all: &[(String, String)], name: &str| {
        all.iter().find(|(path, _)| path == &format!("rick-{name}.conf")).map(|(_, uid)| uid.clone())
    };
    assert_eq!(of(&before, "d"), of(&after, "d"), "d keeps its uid");
    let gone = of(&before, "b").expect("b had one");
    assert!(
        after.iter().all(|(_, uid)| *uid != gone),
        "the uid of a service that is gone is nobody's: its files may still be there"
    );
    assert!(project.read("rick.lock").contains("[machines.web1.b]"), "the lock keeps what was b's");
    project.write("services/b.toml", SERVICE);
    project.build();
    assert_eq!(of(&uids(&project), "b"), Some(gone), "b is back and has its own again");
}

#[test]
fn lint_allots_in_memory_and_build_writes_the_lock() {
    let project = Project::of(&[("services/a.toml", SERVICE)]);
    assert_eq!(project.rick(&["lint"]).code, 0);
    assert!(!project.exists("rick.lock"));
    project.build();
    assert!(project.exists("rick.lock"));
}

#[test]
fn a_failed_build_leaves_the_lock_as_it_was() {
    let project = Project::of(&[("services/a.toml", SERVICE)]);
    project.build();
    let before = project.read("rick.lock");
    project.write("services/b.toml", SERVICE);
    project.write("services/c.toml", "[service]\nimage = 3\n");
    assert_eq!(project.rick(&["build"]).code, 1);
    assert_eq!(project.read("rick.lock"), before);
}

#[test]
fn a_number_that_was_handed_out_is_not_taken_away() {
    let project = Project::of(&[(
        "services/a.toml",
        "[service]\nimage = \"ghcr.io/acme/a:1.0\"\nport = 80\n[quadlet]\nports = [{ port = 2222 }]\n",
    )]);
    project.build();
    assert!(project.read("rick.lock").contains("80 = 18000"), "{}", project.read("rick.lock"));
    project.write("services/b.toml", "[service]\nimage = \"ghcr.io/acme/b:1.0\"\nport = 90\n[quadlet]\nhost_port = 18000\n");
    let said = project.rick(&["build"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("`b` wants port 18000, which is that of `a` on web1"), "{}", said.err);
}

#[test]
fn a_service_can_take_its_own_number_back_and_nobody_else_can() {
    let stated = |uid: u32| format!("{SERVICE}[account]\nuid = {uid}\n");
    let project = Project::of(&[("services/a.toml", &stated(850))]);
    project.build();
    project.write("services/a.toml", &stated(851));
    project.build();
    project.write("services/b.toml", &stated(850));
    let said = project.rick(&["lint"]);
    assert!(said.out.contains("`b` wants uid 850, which is that of `a` on web1"), "{}", said.out);
    std::fs::remove_file(project.path().join("services/b.toml")).expect("it is there");
    project.write("services/a.toml", &stated(850));
    project.build();
    assert_eq!(uids(&project)[0].1, "850:850");
}

#[test]
fn a_port_is_free_as_soon_as_nobody_has_it() {
    let port = |port: u16| format!("[service]\nimage = \"ghcr.io/acme/x:1.0\"\nport = {port}\n");
    let project = Project::of(&[("services/a.toml", &port(8080)), ("services/b.toml", &port(8081))]);
    project.build();
    std::fs::remove_file(project.path().join("services/a.toml")).expect("it is there");
    project.write("services/b.toml", &port(8080));
    project.build();
    project.write("services/c.toml", &port(8081));
    project.build();
    assert!(project.read("rick.lock").contains("[machines.web1.a]"), "the uid of a is still its own");
}

#[test]
fn a_pool_can_be_narrowed_and_says_so_when_it_is_empty() {
    let project = Project::of(&[("services/a.toml", SERVICE), ("services/b.toml", SERVICE)]);
    let machine = "[machines.web1]\nversions = { podman = \"5.4.2\" }\npools.\"account:uid\" = { first = 870, last = 870 }\n";
    project.write("rick.toml", machine);
    let said = project.rick(&["build"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("there is no uid left for `b` on web1: 870 to 870 are all taken"), "{}", said.err);
    project.write("rick.toml", &machine.replace("last = 870", "last = 871"));
    project.build();
    assert_eq!(uids(&project).iter().map(|(_, uid)| uid.as_str()).collect::<Vec<_>>(), ["870:870", "871:871"]);
}

#[test]
fn a_lock_that_cannot_be_read_is_an_error_at_its_line() {
    let project = Project::of(&[("services/a.toml", SERVICE)]);
    project.write("rick.lock", "version = 1\nmachines = 3\n");
    let said = project.rick(&["lint"]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("rick.lock:2"), "{}", said.out);
    project.write("rick.lock", "version = 2\n");
    assert!(project.rick(&["lint"]).out.contains("this rick knows version 1"));
}
