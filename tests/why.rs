//! `rick why` answers for every line of every file that a build writes.

use serde_json::Value;

use crate::support::Project;

#[test]
fn every_line_of_every_file_has_an_answer() {
    for example in crate::support::examples() {
        let project = Project::copy_of(&format!("examples/{example}"));
        project.build();
        let mut lines = 0;
        for (path, bytes) in project.tree("dist") {
            let text = String::from_utf8(bytes).expect("UTF-8");
            let listing = path.ends_with("files.json");
            for number in 1..=text.lines().count() {
                // One line of the listing speaks for all: its answer does not depend on the line.
                if listing && number > 3 {
                    break;
                }
                let place = format!("dist/{path}:{number}");
                let said = project.rick(&["why", &place, "--format", "json"]);
                assert_eq!(said.code, 0, "{place}: {}", said.err);
                let answer: Value = serde_json::from_str(&said.out).expect("JSON");
                let reasons = answer["reasons"].as_array().expect("reasons");
                assert!(!reasons.is_empty(), "{place} has no reason");
                if path.contains("/root/") {
                    assert!(reasons.iter().any(|reason| reason["at"].is_string()), "{place}: nobody wrote why: {reasons:?}");
                }
                lines += 1;
            }
        }
        assert!(lines > 100, "{example}: {lines} lines");
    }
}

#[test]
fn a_mount_leads_through_the_plugin_that_asked_for_it_to_the_line_that_the_user_wrote() {
    let project = Project::copy_of("examples/guide");
    project.build();
    let path = "dist/web1/root/etc/containers/systemd/users/801/myservice.container";
    let text = project.read(path);
    let number = text.lines().position(|line| line.starts_with("Volume=/run/postgresql")).expect("the mount") + 1;
    let said = project.rick(&["why", &format!("{path}:{number}")]);
    let manifest = project.read("services/myservice.toml");
    let table = manifest.lines().position(|line| line.starts_with("[postgres]")).expect("the table") + 1;
    assert!(said.out.contains("quadlet 0.1.0"), "{}", said.out);
    assert!(said.out.contains("postgres 0.1.0"), "{}", said.out);
    assert!(said.out.contains("`rick:mount@1`"), "{}", said.out);
    assert!(said.out.contains(&format!("services/myservice.toml:{table}")), "{}", said.out);
}

#[test]
fn a_line_of_a_template_leads_to_the_line_of_the_template() {
    let project = Project::copy_of("examples/guide");
    project.build();
    let template = project.read("files/feeds.toml.j2");
    let number = template.lines().position(|line| line.starts_with("name ")).expect("the line") + 1;
    let path = "dist/web1/root/etc/rick/feeds/files/etc/feeds/feeds.toml";
    let built = project.read(path).lines().position(|line| line.starts_with("name ")).expect("the line") + 1;
    let said = project.rick(&["why", &format!("{path}:{built}")]);
    assert!(said.out.contains(&format!("files/feeds.toml.j2:{number}")), "{}", said.out);
    assert!(said.out.contains("services/feeds.toml"), "{}", said.out);
}

#[test]
fn a_file_that_was_changed_or_is_not_ricks_is_said_to_be() {
    let project = Project::copy_of("examples/guide");
    project.build();
    let path = "dist/web1/root/etc/rick/myservice/myservice.env";
    project.write(path, &format!("{}EXTRA=1\n", project.read(path)));
    let said = project.rick(&["why", &format!("{path}:1")]);
    assert_eq!(said.code, 0);
    assert!(said.err.contains("was changed since it was built"), "{}", said.err);
    project.write("dist/web1/notes.txt", "mine\n");
    let said = project.rick(&["why", "dist/web1/notes.txt:1"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("rick did not write `notes.txt`"), "{}", said.err);
}
