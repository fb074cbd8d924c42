//! A plugin that misbehaves is named with its version and the call, costs its service, and never the process.

use std::fs;
use std::time::{Duration, Instant};

use crate::support::{MACHINE, Project, Said, unruly};

fn project(act: &str) -> Project {
    let project = Project::of(&[
        ("services/calm.toml", "[service]\nimage = \"ghcr.io/acme/calm:1.0\"\n"),
        ("services/odd.toml", &format!("[service]\nimage = \"ghcr.io/acme/odd:1.0\"\n[postgres]\n[unruly]\nact = \"{act}\"\n")),
    ]);
    project.write("rick.toml", &format!("{MACHINE}[plugins.unruly]\ncomponent = \"unruly.wasm\"\n"));
    fs::copy(unruly(), project.path().join("unruly.wasm")).expect("it can be copied");
    project
}

fn lint(act: &str) -> Said {
    let project = project(act);
    let said = project.rick(&["lint"]);
    assert_eq!(project.rick(&["build"]).code, said.code);
    assert!(said.code == 0 || !project.exists("dist"), "{act}: something was written");
    said
}

#[test]
fn a_plugin_from_a_file_takes_part_like_any_other() {
    let project = project("nothing");
    project.build();
    assert_eq!(project.read("dist/web1/root/etc/unruly/odd"), "x\n");
    let listed = project.rick(&["plugin", "list"]).out;
    assert!(listed.contains("unruly     9.8.7    unruly.wasm"), "{listed}");
}

#[test]
fn every_failure_names_plugin_version_function_and_service() {
    let cases = [
        ("loop", "used up its fuel and was stopped, in `contribute`"),
        ("allocate", "wanted "),
        ("recurse", "reached outside its memory, as a stack that is too deep does, and was stopped, in `contribute`"),
        ("panic", "gave up, in `contribute`"),
        ("undeclared", "contributes to `rick:group@1`, which it did not declare"),
        ("wrong-value", "contributes to `rick:mount@1`, key `/x`, what its schema refuses at /source"),
        ("no-service", "for `nobody`, and there is no such service"),
        ("no-place", "gave the place `/reads/rick:env@1/7`, which is not in its input"),
        ("no-reason", "writes a line of `/etc/unruly/x` without a reason, in `render`"),
        ("parent-path", "writes `/etc/unruly/../passwd`, which is not one of the paths that it declared"),
        ("foreign-path", "writes `/etc/passwd`, which is not one of the paths that it declared"),
        ("unknown-encoding", "encodes the secret `s` by `rot13`"),
        ("secret-elsewhere", "names the secret `../../shadow`, which is no name of one"),
        ("too-late", "contributes to `rick:env@1` while it renders"),
        ("babble", "reports `XX999`, which is not one of its rules, in `check`"),
        ("chatter", "gave up, in `contribute`"),
    ];
    for (act, what) in cases {
        let start = Instant::now();
        let said = lint(act);
        assert_eq!(said.code, 2, "{act}: {}", said.out);
        assert!(said.out.contains("error[plugin]: unruly 9.8.7 "), "{act}: {}", said.out);
        assert!(said.out.contains(what), "{act}: {}", said.out);
        assert!(said.out.contains("for service `odd`"), "{act}: {}", said.out);
        assert!(said.out.len() < 4000, "{act}: {} bytes", said.out.len());
        // Not a benchmark: a plugin that runs for ever is stopped while somebody still waits.
        assert!(start.elapsed() < Duration::from_secs(60), "{act} took {:?}", start.elapsed());
    }
}

#[test]
fn what_a_plugin_said_before_it_gave_up_is_shown() {
    assert!(lint("panic").out.contains("the cat is on the keyboard"));
}

#[test]
fn a_failure_costs_its_service_and_the_rest_is_still_checked() {
    let project = project("panic");
    project.write("services/calm.toml", "[service]\nimage = \"ghcr.io/acme/calm:1.0\"\n[account]\nuser = \"postgres\"\n");
    let said = project.rick(&["lint"]);
    assert!(said.out.contains("unruly 9.8.7 gave up"), "{}", said.out);
    assert!(said.out.contains("error[SY009]"), "{}", said.out);
}

#[test]
fn two_plugins_that_disagree_are_shown_at_both_places() {
    let said = lint("quarrel");
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(
        said.out.contains("error[conflict]: `DATABASE_URL` in `rick:env@1` for `odd` is derived twice, and differs"),
        "{}",
        said.out
    );
    assert!(said.out.contains("unruly 9.8.7 says"), "{}", said.out);
    assert!(said.out.contains("postgres 0.1.0 says"), "{}", said.out);
    assert!(said.out.contains("what is stated beats what is derived"), "{}", said.out);
}

#[test]
fn what_the_user_states_beats_what_two_plugins_derive() {
    let project = project("quarrel");
    let manifest = project.read("services/odd.toml");
    project.write("services/odd.toml", &format!("{manifest}[quadlet.env]\nDATABASE_URL = \"mine\"\n"));
    project.build();
    assert_eq!(project.read("dist/web1/root/etc/rick/odd/odd.env"), "DATABASE_URL=mine\n");
}

#[test]
fn two_plugins_that_write_one_file_are_an_error() {
    let said = lint("others-file");
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(
        said.out.contains("`/etc/sysusers.d/rick-odd.conf` on web1 is written by account 0.1.0 and by unruly 9.8.7"),
        "{}",
        said.out
    );
}

#[test]
fn a_plugins_own_rule_points_to_lines_also_through_what_others_contributed() {
    let said = lint("complain");
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(said.out.contains("error[UN001]: this is not to my liking"), "{}", said.out);
    assert!(said.out.contains("services/odd.toml:5"), "{}", said.out);
    assert!(said.out.contains("and neither is this"), "{}", said.out);
}

#[test]
fn a_component_that_is_none_or_has_another_name_is_refused() {
    let project = project("nothing");
    project.write("unruly.wasm", "not wasm");
    let said = project.rick(&["lint"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("the plugin `unruly.wasm` cannot be used"), "{}", said.err);
    fs::copy(unruly(), project.path().join("unruly.wasm")).expect("it can be copied");
    project.write("rick.toml", &format!("{MACHINE}[plugins.tame]\ncomponent = \"unruly.wasm\"\n"));
    let said = project.rick(&["lint"]);
    assert!(said.err.contains("rick.toml has it under `tame`, and it calls itself `unruly`"), "{}", said.err);
}
