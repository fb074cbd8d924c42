//! A plugin that misbehaves is named with its version and the call, costs its service, and never the process.

use std::time::{Duration, Instant};

use crate::support::{Project, Said, cache, guest, said, unruly};

fn project(act: &str) -> Project {
    let project = Project::of(&[
        ("services/calm.toml", "[service]\nimage = \"ghcr.io/acme/calm:1.0\"\n"),
        ("services/odd.toml", &format!("[service]\nimage = \"ghcr.io/acme/odd:1.0\"\n[postgres]\n[unruly]\nact = \"{act}\"\n")),
    ]);
    project.add(unruly());
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
    assert!(listed.contains("unruly     9.8.7    plugins/unruly.wasm"), "{listed}");
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
        ("unknown-encoding", "encodes the secret `unruly_s` by `rot13`"),
        ("secret-elsewhere", "names the secret `../../shadow`, which is no name of one"),
        ("too-late", "contributes to `rick:env@1` while it renders"),
        ("babble", "reports `XX999`, which is not one of its rules, in `check`"),
        ("chatter", "logged more than 1 MiB and was stopped, in `contribute`"),
        ("whisper", "logged more than 1 MiB and was stopped, in `contribute`"),
        ("undeclared-step", "makes a step of the kind `system-units-reload`, which it did not declare, in `render`"),
        (
            "foreign-block",
            "makes a step `block` with `/etc/sudoers`, which is not one of the paths that it declared, in `render`",
        ),
        (
            "foreign-source",
            "makes a step `block` with `/etc/shadow`, which is not one of the paths that it declared, in `render`",
        ),
        ("false-statement", "says that the user stated `X` in `rick:env@1`, where nobody wrote it, in `contribute`"),
        ("writing-check", "makes a check with a control character in it, in `render`"),
        ("roots-check", "makes a check `sql` that asks as root, in `render`"),
        ("foreign-secret", "names the secret `odd_postgres_password`, which is neither its own nor named in what it was given"),
        ("flood", "gave 100000 problems, where 10000 are allowed, in `check`"),
        ("lament", "gave a problem of 1048576 bytes, where 65536 are allowed, in `check`"),
        ("large-file", "gave the file `/etc/unruly/x` 9437185 bytes, where 8388608 are allowed, in `render`"),
        ("many-files", "gave 20001 files, where 20000 are allowed, in `render`"),
        ("large-answer", "gave an answer of more than 64 MiB and was stopped, in `render`"),
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
fn what_does_not_fit_together_is_found_again_where_every_answer_is_known() {
    let project = project("nothing");
    let fits = project.read("services/odd.toml");
    let quarrels = fits.replace("\"nothing\"", "\"others-file\"");
    for round in 0..3 {
        for (manifest, code) in [(&fits, 0), (&fits, 0), (&quarrels, 1), (&quarrels, 1)] {
            project.write("services/odd.toml", manifest);
            let said = project.rick(&["lint"]);
            assert_eq!(said.code, code, "round {round}: {}{}", said.out, said.err);
            assert_eq!(said.out.contains("is written by account 0.1.0 and by unruly 9.8.7"), code == 1, "{}", said.out);
        }
    }
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
fn who_only_looks_at_a_gate_does_not_keep_it() {
    let project = project("nothing");
    let authentik = include_str!("../examples/guide/services/authentik.toml");
    project.write("services/authentik.toml", authentik);
    let manifest = "[service]\nimage = \"ghcr.io/acme/odd:1.0\"\nport = 8080\ndomain = \"odd.example.org\"\n\
                    [authentik]\npattern = \"forward-auth\"\n[unruly]\nact = \"nothing\"\n";
    project.write("services/odd.toml", manifest);
    let said = project.rick(&["lint"]);
    assert!(
        said.out.contains("error[unread]: `rick:gate@1` is asked for by authentik 0.1.0, and no plugin of `odd` does it"),
        "{}",
        said.out
    );
    assert!(said.out.contains("= help: add [caddy]\n"), "{}", said.out);
    project.write("services/odd.toml", &format!("{manifest}[caddy]\n"));
    let said = project.rick(&["lint"]);
    assert!(!said.out.contains("error[unread]"), "{}", said.out);
}

#[test]
fn a_component_that_is_none_or_has_another_name_is_refused() {
    let project = project("nothing");
    project.write("none.wasm", "not wasm");
    let said = project.rick(&["plugin", "add", "none.wasm", "--yes"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("the plugin `none.wasm` cannot be used"), "{}", said.err);
    for file in ["rick.toml", "rick.lock"] {
        project.write(file, &project.read(file).replace("[plugins.unruly]", "[plugins.tame]"));
    }
    let said = project.rick(&["lint"]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("rick.toml has the plugin under `tame`, and it calls itself `unruly`"), "{}", said.out);
}

#[test]
fn what_is_no_json_is_a_failure_and_not_the_end() {
    let project = Project::of(&[
        ("services/odd.toml", "[service]\nimage = \"ghcr.io/acme/odd:1.0\"\n[plain]\nsay = \"badly\"\n"),
        ("services/calm.toml", "[service]\nimage = \"ghcr.io/acme/calm:1.0\"\n[account]\nuser = \"postgres\"\n"),
    ]);
    project.add(&guest("plain"));
    let said = project.rick(&["lint"]);
    assert_eq!(said.code, 2);
    let what = "plain 1.2.3 contributes to `rick:env@1` what is no JSON: expected";
    assert!(said.out.contains(what) && said.out.contains("in `contribute` for service `odd`"), "{}", said.out);
    assert!(said.out.contains("error[SY009]"), "{}", said.out);
}

/// However much a plugin takes, rick's own memory stays bounded: here it may have as much as an instance and its answer take, and some.
#[test]
fn rick_stays_small_whatever_a_plugin_does() {
    for act in ["allocate", "large-answer", "large-file", "many-files", "flood", "chatter"] {
        let project = project(act);
        // Compiled code and other answers are kept first: what is measured is the plugin's doing.
        project.rick(&["lint"]);
        let mut limited = std::process::Command::new("prlimit");
        limited.args(["--data=1200000000", "--"]).arg(env!("CARGO_BIN_EXE_rick")).current_dir(project.path());
        limited.env_clear().env("PATH", "/usr/bin:/bin").env("XDG_CACHE_HOME", cache()).arg("lint");
        let said = said(limited.output().expect("prlimit is there, as util-linux has it"));
        assert_eq!(said.code, 2, "{act}: {} {}", said.out, said.err);
        assert!(said.out.contains("error[plugin]: unruly 9.8.7"), "{act}: {}", said.out);
    }
}

#[test]
fn who_fails_again_and_again_is_not_asked_any_more_and_the_rest_goes_on() {
    let project = project("loop");
    let manifest = project.read("services/odd.toml");
    for number in 0..40 {
        project.write(&format!("services/odd{number:02}.toml"), &manifest.replace("acme/odd", &format!("acme/odd{number:02}")));
    }
    project.write("services/calm.toml", "[service]\nimage = \"ghcr.io/acme/calm:1.0\"\n[account]\nuser = \"postgres\"\n");
    let start = Instant::now();
    let outputs = [project.rick(&["lint"]), project.rick(&["lint"])];
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    assert_eq!(outputs[0].out, outputs[1].out, "which services it was asked about does not depend on threads");
    let said = &outputs[0].out;
    assert_eq!(said.matches("used up its fuel and was stopped").count(), 3, "{said}");
    assert_eq!(said.matches("unruly 9.8.7 failed again and again, and was not asked about the rest").count(), 1, "{said}");
    assert!(said.contains("error[SY009]"), "{said}");
}
