//! `rick lint --fix`: what is mended lints clean, and nothing else of a file changes.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use serde_json::Value;

use crate::support::{MACHINE, Project};

/// A digest, which no update changes, and a key with a field: both with safe fixes.
const DIGEST: &str = "# The wiki.\n[service]   # who\nimage = \"ghcr.io/acme/wiki@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"\n\n[quadlet.keys]\n# kept by hand\nAutoUpdate = \"registry\" # why not\nMemory = \"512m\"\nLabel = [\n  \"a=1\", # one\n  \"b=100%!\",\n]\n";

fn project(manifest: &str) -> Project {
    Project::of(&[("services/wiki.toml", manifest)])
}

fn codes(project: &Project) -> Vec<String> {
    let out = project.rick(&["lint", "--format", "concise"]).out;
    out.lines().map(|line| line.split(['[', ']']).nth(1).expect("a code").to_owned()).collect()
}

#[test]
fn safe_fixes_are_made_and_the_rest_of_the_file_stays() {
    let project = project(DIGEST);
    assert_eq!(codes(&project), ["QD011", "QD053", "QD024"]);
    let said = project.rick(&["lint", "--fix"]);
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (0, "", "mended 3 problems in 1 file\n"));
    let expected =
        DIGEST.replace("AutoUpdate = \"registry\" # why not\nMemory = \"512m\"\n", "# why not\n").replace("100%!", "100%%!")
            + "\n[quadlet]\nmemory = \"512m\"\n";
    let mended = project.read("services/wiki.toml");
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&mended), sorted(&expected), "{mended}");
    assert!(codes(&project).is_empty());
    // A second time there is nothing to do.
    assert_eq!(project.rick(&["lint", "--fix"]).err, "");
    assert_eq!(project.read("services/wiki.toml"), mended);
}

#[test]
fn a_diff_shows_what_would_be_and_writes_nothing() {
    let project = project(DIGEST);
    let said = project.rick(&["lint", "--diff"]);
    assert_eq!(said.code, 1);
    assert!(said.out.starts_with("--- a/services/wiki.toml\n+++ b/services/wiki.toml\n@@ "), "{}", said.out);
    assert!(said.out.contains("\n-AutoUpdate = \"registry\" # why not\n"), "{}", said.out);
    assert_eq!(said.err, "would mend 3 problems in 1 file\n");
    assert_eq!(project.read("services/wiki.toml"), DIGEST);
    let patch = project.path().join("patch");
    fs::write(&patch, &said.out).expect("it can be written");
    let patched = std::process::Command::new("patch").args(["-p1", "-s", "-i", "patch"]).current_dir(project.path()).status();
    if patched.is_ok_and(|status| status.success()) {
        assert!(codes(&project).is_empty(), "the diff is one that `patch` takes");
    }
    let clean = self::project("[service]\nimage = \"ghcr.io/acme/wiki:1\"\n").rick(&["lint", "--diff"]);
    assert_eq!((clean.code, clean.err.as_str()), (0, "nothing to mend\n"));
}

#[test]
fn what_somebody_should_look_at_is_only_mended_when_asked_for() {
    let text = "[service]\nimage = \"wiki:1\"\n[quadlet.keys]\nMemroy = \"1g\"\n";
    let project = project(text);
    assert_eq!(project.rick(&["lint", "--fix"]).code, 1);
    assert_eq!(project.read("services/wiki.toml"), text);
    let said = project.rick(&["lint", "--unsafe-fixes"]);
    // The right key has a field of its own, so that the second round mends what the first one made.
    assert_eq!((said.code, said.err.as_str()), (0, "mended 3 problems in 1 file\n"), "{}", said.out);
    let mended = project.read("services/wiki.toml");
    assert!(mended.contains("image = \"docker.io/library/wiki:1\"") && mended.contains("memory = \"1g\""), "{mended}");
    assert!(!mended.contains("Memroy") && !mended.contains("Memory"), "{mended}");
    assert!(codes(&project).is_empty());
}

#[test]
fn a_database_number_is_never_taken_away_unasked() {
    let service = |number: u32| format!("[service]\nimage = \"ghcr.io/acme/a:1\"\n\n[valkey]\ndb = {number}\n");
    let project = Project::of(&[("services/a.toml", &service(2)), ("services/b.toml", &service(2))]);
    assert_eq!(project.rick(&["lint", "--fix"]).code, 1);
    assert_eq!(project.read("services/b.toml"), service(2));
    let json: Value = serde_json::from_str(&project.rick(&["lint", "--format", "json"]).out).expect("JSON");
    assert_eq!(json["diagnostics"][0]["fixes"][0]["safe"], false);
    assert_eq!(project.rick(&["lint", "--unsafe-fixes"]).code, 0);
    assert_eq!(project.read("services/b.toml"), service(2).replace("db = 2\n", ""));
}

#[test]
fn what_all_services_share_is_not_changed_for_one() {
    let project = Project::of(&[("services/wiki.toml", "[service]\nimage = \"ghcr.io/acme/wiki:1\"\n[quadlet]\n")]);
    let settings = format!("{MACHINE}\n[defaults.quadlet.keys]\nMemory = \"1g\"\n");
    project.write("rick.toml", &settings);
    assert_eq!(codes(&project), ["QD053"]);
    assert_eq!(project.rick(&["lint", "--fix"]).code, 1);
    assert_eq!(project.read("rick.toml"), settings);
}

#[test]
fn a_fix_that_would_bring_an_error_is_taken_back() {
    // Both say the same key: what the misspelt one is renamed to is there already.
    let text = "[service]\nimage = \"ghcr.io/acme/wiki:1\"\nport = 9000\n[quadlet]\nhost_port = 900\n[quadlet.keys]\nPodmanArgs = \"--pids-limit=0\"\n";
    let project = project(text);
    let before = codes(&project);
    let said = project.rick(&["lint", "--unsafe-fixes"]);
    let after = codes(&project);
    assert!(after.iter().all(|code| before.contains(code)), "{before:?} {after:?} {}", said.err);
    assert!(project.read("services/wiki.toml").contains("--pids-limit=0"), "0 is no number that the field takes");
    assert!(
        said.err.contains("not mended: QD012 at services/wiki.toml:7") && said.err.contains("that would bring"),
        "{}",
        said.err
    );
}

#[test]
fn line_ends_modes_and_links_stay() {
    let project = project(&DIGEST.replace('\n', "\r\n"));
    let path = project.path().join("services/wiki.toml");
    let real = project.path().join("wiki-elsewhere.toml");
    fs::rename(&path, &real).expect("it can be moved");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o600)).expect("it can be changed");
    symlink("../wiki-elsewhere.toml", &path).expect("it can be linked");
    assert_eq!(project.rick(&["lint", "--fix"]).code, 0);
    assert!(path.is_symlink());
    assert_eq!(real.metadata().expect("it is there").permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&real).expect("it is text");
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{text:?}");
    assert!(codes(&project).is_empty());
}

#[test]
fn what_is_mended_leaves_the_baseline() {
    let project = project(&DIGEST.replace("AutoUpdate", "# \nAutoUpdate"));
    project.write("services/wiki.toml", &DIGEST.replace("Memory = \"512m\"\n", ""));
    assert_eq!(project.rick(&["lint", "--baseline", "write"]).code, 0);
    assert_eq!(project.read("rick-baseline.toml").matches("[[known]]").count(), 2);
    assert_eq!(project.rick(&["lint", "--no-baseline", "--fix"]).code, 0);
    assert!(codes(&project).iter().all(|code| code == "baseline"));
    let said = project.rick(&["lint", "--fix"]);
    assert_eq!((said.code, said.err.as_str()), (0, "took what is mended out of `rick-baseline.toml`\n"));
    assert!(codes(&project).is_empty());
}

/// Every rule whose example carries a safe fix lints clean of it afterwards; `rick plugin test` tries the same with the plugin alone.
#[test]
fn every_example_that_can_be_mended_is() {
    let listed: Value = serde_json::from_str(&Project::of(&[]).rick(&["rules", "--format", "json"]).out).expect("JSON");
    let mut mended = Vec::new();
    for rule in listed["rules"].as_array().expect("rules") {
        let code = rule["code"].as_str().expect("a code");
        let files = rick::trial::example_files(rule["example"].as_str().expect("an example"));
        if files.is_empty() {
            continue;
        }
        let project = Project::of(&[]);
        for (path, text) in &files {
            project.write(path, text);
        }
        if !files.get("rick.toml").is_some_and(|text| text.contains("[machines")) {
            let settings = files.get("rick.toml").cloned().unwrap_or_default();
            project.write("rick.toml", &format!("{settings}\n{}", rick::trial::MACHINE));
        }
        let before = codes(&project);
        assert!(before.contains(&code.to_owned()), "{code} is not found in its example: {before:?}");
        let said = project.rick(&["lint", "--unsafe-fixes"]);
        let after = codes(&project);
        let left = |codes: &[String]| codes.iter().filter(|other| *other == code).count();
        if left(&after) < left(&before) {
            mended.push(code.to_owned());
        }
        let new: Vec<&String> = after.iter().filter(|other| !before.contains(other)).collect();
        assert!(new.is_empty(), "mending the example of {code} brings {new:?}: {}", said.err);
    }
    assert!(mended.len() >= 15, "{mended:?}");
}

#[test]
fn comments_of_an_item_that_goes_stay_where_they_were() {
    let text = "[service]\nimage = \"ghcr.io/acme/wiki:1\"\n\n[quadlet.keys]\nAnnotation = [\n  # one\n  \"a=b\", # ab\n  # two\n  \"run.oci.keep_original_groups=1\", # keep\n  \"c=d\" # last\n]\n";
    let project = project(text);
    let said = project.rick(&["lint", "--fix"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let mended = project.read("services/wiki.toml");
    for comment in ["# one", "# ab", "# two", "# keep", "# last"] {
        assert_eq!(mended.matches(comment).count(), 1, "{comment}: {mended}");
    }
    assert!(!mended.contains("keep_original_groups") && mended.contains("keep_groups = true"), "{mended}");
    assert!(mended.contains("\"a=b\", # ab\n"), "{mended}");
}

#[test]
fn a_text_of_several_lines_keeps_its_lines_and_its_quotes() {
    let text = "[service]\nimage = \"ghcr.io/acme/wiki:1\"\nport = 8080\ndomain = \"wiki.example.org\"\n\n[caddy]\nsnippet = \"\"\"\n# see unix/run/wiki/api.sock\nreverse_proxy /api/* unix/run/wiki/api.sock\n\"\"\"\n";
    for text in [text.to_owned(), text.replace('\n', "\r\n")] {
        let project = project(&text);
        assert_eq!(project.rick(&["lint", "--fix"]).code, 0);
        assert_eq!(project.read("services/wiki.toml"), text.replace("* unix/run", "* unix//run"));
    }
}

#[test]
fn what_somebody_said_elsewhere_is_not_written_over() {
    let text = "[service]\nimage = \"ghcr.io/acme/wiki:1\"\n[quadlet]\nmemory = \"2g\"   # measured\nkeep_groups = false\n[quadlet.keys]\nPodmanArgs = \"--memory=512m\"\nAnnotation = \"run.oci.keep_original_groups=1\"\n";
    let project = project(text);
    assert_eq!(project.rick(&["lint", "--unsafe-fixes"]).code, 1);
    assert_eq!(project.read("services/wiki.toml"), text);
}
