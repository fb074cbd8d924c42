//! Where secrets come from, and who is told what of them.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::apply::Root;
use crate::support::{Project, rick, said};

const MACHINE: &str =
    "[machines.web1]\nversions = { podman = \"5.4.2\", postgresql = \"17\", valkey = \"8.1\", caddy = \"2.6.2\" }\n";

const SERVICE: &str = r#"
[service]
image = "example.org/shop:1"
port = 8080

[quadlet.env]
TOKEN = { secret = "shop_token" }
KEY = { secret = "shop_key" }

[quadlet.secrets]
shop_key = {}
"#;

/// A service with one secret that may be random and one that is the user's, and where to ask for them.
fn project(providers: &str) -> Project {
    let project = Project::of(&[("services/shop.toml", SERVICE)]);
    project.write("rick.toml", &format!("{MACHINE}\n[secrets]\nproviders = [{providers}]\n"));
    project.build();
    project
}

#[test]
fn the_list_says_who_needs_what_and_what_may_be_random() {
    let project = project("{ kind = \"files\" }");
    let said = project.rick(&["secrets", "list"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(said.out, "web1   2 secrets\n  shop_key     random, 32 bytes   shop\n  shop_token   yours to give      shop\n");
}

#[test]
fn what_may_be_random_is_made_once_and_the_rest_is_named() {
    let Some(root) = Root::new() else { return };
    let project = project("{ kind = \"files\" }");
    let said = root.rick(&project, &["secrets", "generate"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("only you can give shop_token: write it to "), "{}", said.err);
    let made = root.read("etc/rick/secrets/shop_key");
    assert_eq!(made.len(), 43, "32 bytes in letters of a URL");
    assert!(!said.out.contains(&made) && !said.err.contains(&made));
    let mode = |path: &str| fs::metadata(root.path().join(path)).expect("it is there").permissions().mode() & 0o7777;
    assert_eq!((mode("etc/rick/secrets"), mode("etc/rick/secrets/shop_key")), (0o700, 0o600));
    // Servers' files are beside it.
    assert_eq!(mode("etc/rick"), 0o755);
    root.rick(&project, &["secrets", "generate"]);
    assert_eq!(root.read("etc/rick/secrets/shop_key"), made);
}

#[test]
fn a_file_that_others_can_read_is_refused() {
    let Some(root) = Root::new() else { return };
    let project = project("{ kind = \"files\" }");
    root.secret("shop_token", "x");
    root.secret("shop_key", "y");
    assert_eq!(root.rick(&project, &["secrets", "check"]).code, 0);
    fs::set_permissions(root.path().join("etc/rick/secrets/shop_key"), fs::Permissions::from_mode(0o640)).expect("it can be set");
    let said = root.rick(&project, &["secrets", "check"]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("CANNOT BE USED") && said.out.contains("has mode 0640"), "{}", said.out);
}

#[test]
fn the_first_provider_that_has_a_secret_gives_it() {
    let Some(root) = Root::new() else { return };
    let project = project(
        r#"{ kind = "environment", prefix = "LAB_" },
           { kind = "command", command = ["sh", "-c", "test $0 = shop_key && echo by-name", "{name}"] },
           { kind = "command", command = ["echo", "shop_key = 'table'\nshop_token = 'table'"], format = "toml" },
           { kind = "files" }"#,
    );
    let check = |variables: &[(&str, &str)]| {
        let root = format!("--root={}", root.path().display());
        let mut command = rick(project.path());
        command.args(["secrets", "check", "dist/web1", &root]).envs(variables.iter().copied());
        said(command.output().expect("rick runs")).out
    };
    let of = |out: &str, name: &str| out.lines().find(|line| line.contains(name)).expect("a line").to_owned();
    let out = check(&[("LAB_SHOP_TOKEN", "v")]);
    assert!(of(&out, "shop_token").contains("the variable LAB_SHOP_TOKEN"), "{out}");
    assert!(of(&out, "shop_key").contains("`sh`"), "{out}");
    let out = check(&[]);
    assert!(of(&out, "shop_token").contains("`echo`"), "{out}");
}

#[test]
fn a_program_that_fails_or_prints_something_else_is_named_and_not_quoted() {
    let Some(root) = Root::new() else { return };
    let project = project(r#"{ kind = "command", command = ["echo", "not-json-but-secret"] }"#);
    let said = root.rick(&project, &["secrets", "check"]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("what `echo` printed is no JSON object of names and texts"), "{}", said.out);
    assert!(!said.out.contains("not-json-but-secret") && !said.err.contains("not-json-but-secret"));
}

#[test]
fn credentials_of_the_unit_that_rick_runs_in_are_taken() {
    let Some(root) = Root::new() else { return };
    let project = project("{ kind = \"credentials\" }");
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in ["shop_key", "shop_token"] {
        fs::write(folder.path().join(name), "value\n").expect("it can be written");
    }
    let mut command = rick(project.path());
    command.args(["secrets", "check", "dist/web1", &format!("--root={}", root.path().display())]);
    let said = said(command.env("CREDENTIALS_DIRECTORY", folder.path()).output().expect("rick runs"));
    assert_eq!(said.code, 0, "{}", said.out);
    assert!(said.out.contains("the credential shop_key"), "{}", said.out);
}

#[test]
fn a_provider_that_is_not_known_is_an_error_at_its_line() {
    let project = Project::of(&[("services/shop.toml", SERVICE)]);
    project.write("rick.toml", &format!("{MACHINE}\n[secrets]\nproviders = [{{ kind = \"vault\" }}]\n"));
    let said = project.rick(&["build"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("rick.toml:5"), "{}", said.err);
}
