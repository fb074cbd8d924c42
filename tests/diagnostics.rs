//! Expected diagnostics beside the offending line.
//!
//! Each folder of `tests/diagnostics/` is a project, and so is `examples/guide-as-printed`. A comment `#~ error[schema]: part of the message` at the end of a line
//! expects just that there (`#~^` on the line above, for lines that cannot take a comment). What is found and not expected,
//! or expected and not found, fails. `output.txt` is what a person sees; `RICK_BLESS=1 cargo test` writes it anew.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::support::{Project, blessing, folders, root, unruly};

fn cases() -> Vec<String> {
    let folders = folders("tests/diagnostics").into_iter().map(|case| format!("tests/diagnostics/{case}"));
    folders.chain(["examples/guide-as-printed".to_owned()]).collect()
}

/// The plugins that a case brings itself.
fn with_guests(project: &Project) {
    if project.read("rick.toml").contains("[plugins.unruly]") {
        fs::copy(unruly(), project.path().join("unruly.wasm")).expect("it can be copied");
        assert_eq!(project.rick(&["plugin", "add", "--yes", "--allow-commands", "unruly.wasm"]).code, 0);
    }
}

#[test]
fn every_problem_is_found_at_its_line_and_nothing_else_is() {
    let mut wrong = Vec::new();
    for case in cases() {
        let project = Project::copy_of(&case);
        with_guests(&project);
        let expected = expected(&project);
        let said = project.rick(&["lint", "--format", "json"]);
        let document: Value =
            serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{case}: {error}\n{}\n{}", said.out, said.err));
        let found: Vec<(String, String)> = document["diagnostics"].as_array().expect("diagnostics").iter().map(found).collect();
        for (place, pattern) in &expected {
            if !found.iter().any(|(at, what)| at == place && matches(what, pattern)) {
                wrong.push(format!("{case}: {place}: not found: {pattern}"));
            }
        }
        for (place, what) in &found {
            if !expected.iter().any(|(at, pattern)| at == place && matches(what, pattern)) {
                wrong.push(format!("{case}: {place}: not expected: {what}"));
            }
        }
        let errors = expected.iter().any(|(_, pattern)| pattern.starts_with("error"));
        let code = if errors { 1 } else { 0 };
        if said.code != code {
            wrong.push(format!("{case}: exit code {} rather than {code}", said.code));
        }
        let built = project.rick(&["build"]);
        if errors && project.exists("dist") {
            wrong.push(format!("{case}: something was written"));
        }
        // Both verbs show a person the same.
        let shown = project.rick(&["lint"]).out;
        if errors
            && shown
                != built
                    .err
                    .replace("nothing was written\n", "")
                    .rsplit_once("\n\n")
                    .map(|(text, _)| format!("{text}\n\n"))
                    .unwrap_or_default()
        {
            wrong.push(format!("{case}: lint and build differ:\n{shown}\n{}", built.err));
        }
        let path = root().join(&case).join("output.txt");
        if blessing() {
            fs::write(&path, &shown).expect("it can be written");
        }
        if fs::read_to_string(&path).unwrap_or_default() != shown {
            wrong.push(format!("{case}: output.txt is not what is shown now:\n{shown}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// "services/a.toml:3" and "error[schema]: message" with the labels, notes and help.
fn found(diagnostic: &Value) -> (String, String) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let place = match &diagnostic["location"] {
        Value::Null => "nowhere".to_owned(),
        location => format!("{}:{}", text(&location["path"]), location["start"]["line"]),
    };
    let mut what = format!("{}[{}]: {}", text(&diagnostic["severity"]), text(&diagnostic["code"]), text(&diagnostic["message"]));
    let label = text(&diagnostic["location"]["message"]);
    if !label.is_empty() {
        what.push_str(&format!(" ({label})"));
    }
    (place, what)
}

/// Every part of the pattern, in order: `…` stands for anything.
fn matches(what: &str, pattern: &str) -> bool {
    let mut rest = what;
    pattern.split('…').all(|part| match rest.find(part.trim()) {
        Some(start) => {
            rest = &rest[start + part.trim().len()..];
            true
        }
        None => false,
    })
}

fn expected(project: &Project) -> BTreeSet<(String, String)> {
    let mut expected = BTreeSet::new();
    for (path, bytes) in project.tree(".") {
        let Ok(text) = String::from_utf8(bytes) else { continue };
        for (index, line) in text.lines().enumerate() {
            let Some((_, rest)) = line.split_once("#~") else { continue };
            let up = rest.chars().take_while(|&letter| letter == '^').count();
            for pattern in rest[up..].split(" && ") {
                let path = path.trim_start_matches("./");
                expected.insert((format!("{path}:{}", index + 1 - up), pattern.trim().to_owned()));
            }
        }
    }
    expected
}

#[test]
fn the_order_of_what_is_said_is_the_same_in_every_run() {
    for case in cases() {
        let project = Project::copy_of(&case);
        with_guests(&project);
        let runs: BTreeSet<String> = (0..3).map(|_| project.rick(&["lint"]).out).collect();
        assert_eq!(runs.len(), 1, "{case}");
    }
}
