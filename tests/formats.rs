//! Reports for other programs, held against the schemas that these programs publish, and read as these programs read them.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::oracles::oracle;
use crate::support::{MACHINE, Project, Said, root, said};

const FORMATS: [&str; 7] = ["human", "concise", "json", "sarif", "github", "gitlab", "junit"];

/// Projects with all that a report can hold: two places, fixes, waivers, a baseline, words with signs, nothing at all.
fn projects() -> Vec<(&'static str, Project)> {
    let rich = Project::copy_of("examples/guide-as-printed");
    rich.write("services/odd name.toml", "[service]\nimage = \"ghcr.io/acme/odd:1\"\n");
    rich.write(
        "services/waived.toml",
        "[service]\nimage = \"ghcr.io/acme/waived:latest\"\ndescription = \"a, b: 100% & <ö>\"\n\n[[waive]]\nrule = \"QD010\"\nreason = \"a <reason> & more\"\nexpires = 2999-01-31\n",
    );
    let known = Project::of(&[("services/wiki.toml", "[service]\nimage = \"ghcr.io/acme/wiki:latest\"\n")]);
    assert_eq!(known.rick(&["lint", "--baseline", "write"]).code, 0);
    let broken = Project::of(&[]);
    broken.write("rick.toml", "[machines.web1\n");
    let clean = Project::of(&[("services/wiki.toml", "[service]\nimage = \"ghcr.io/acme/wiki:1\"\n")]);
    vec![("rich", rich), ("known", known), ("broken", broken), ("clean", clean)]
}

fn report(project: &Project, format: &str) -> String {
    project.rick(&["lint", "--format", format, "--today", "2026-12-01"]).out
}

fn with_waived(project: &Project) -> Value {
    let text = project.rick(&["lint", "--format", "sarif", "--today", "2026-12-01", "--show-waived"]).out;
    project.write("report", &text);
    assert_eq!(judge("sarif", project, "report").map_or(0, |verdict| verdict.code), 0);
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn two_runs_print_the_same_bytes() {
    for (name, project) in projects() {
        for format in FORMATS {
            assert_eq!(report(&project, format), report(&project, format), "{name} {format}");
        }
    }
}

fn judge(kind: &str, project: &Project, path: &str) -> Option<Said> {
    let output = Command::new(oracle("PYTHON")?)
        .arg(root().join("tests/oracles/report.py"))
        .arg(oracle("SCHEMAS")?)
        .args([kind, path])
        .current_dir(project.path())
        .env("PYTHONPATH", oracle("PYTHON_LIBS")?)
        .output();
    Some(said(output.expect("python runs")))
}

#[test]
fn sarif_and_junit_are_what_their_schemas_say() {
    for (name, project) in projects() {
        for format in ["sarif", "junit"] {
            project.write("report", &report(&project, format));
            let Some(verdict) = judge(format, &project, "report") else { return };
            assert_eq!(verdict.code, 0, "{name} {format}: {}{}", verdict.out, verdict.err);
        }
    }
    // The judge is one: it refuses what is no report.
    let (_, project) = projects().remove(0);
    let sarif = report(&project, "sarif").replace("\"startLine\": ", "\"startLine\": -");
    project.write("report", &sarif);
    assert_eq!(judge("sarif", &project, "report").map(|verdict| verdict.code), Some(1));
    project.write("report", &report(&project, "junit").replace("<testcase ", "<case "));
    assert_eq!(judge("junit", &project, "report").map(|verdict| verdict.code), Some(1));
}

#[test]
fn sarif_has_what_code_scanning_needs() {
    let (_, project) = projects().remove(0);
    let sarif: Value = serde_json::from_str(&report(&project, "sarif")).expect("JSON");
    let run = &sarif["runs"][0];
    let results = run["results"].as_array().expect("results");
    let mut fingerprints = BTreeSet::new();
    for result in results {
        let code = result["ruleId"].as_str().expect("a rule");
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().expect("a URI");
        assert!(!uri.starts_with('/') && !uri.contains([' ', ':']), "{uri} is relative and a URI");
        assert!(place["region"]["startLine"].as_u64().is_some_and(|line| line > 0), "{code}");
        assert!(fingerprints.insert(result["partialFingerprints"]["rickFinding/v1"].as_str().expect("a fingerprint").to_owned()));
        // The reference leads to the rule of that code.
        let reference = &result["rule"];
        let index = usize::try_from(reference["index"].as_u64().expect("an index")).expect("small");
        let rules = match reference["toolComponent"]["index"].as_u64() {
            Some(component) => &run["tool"]["extensions"][usize::try_from(component).expect("small")]["rules"],
            None => &run["tool"]["driver"]["rules"],
        };
        assert_eq!(rules[index]["id"], code);
    }
    assert!(results.iter().any(|result| result["relatedLocations"].is_array()));
    assert!(results.iter().any(|result| result["fixes"].is_array()));
    assert!(results.iter().all(|result| result["suppressions"].is_null()), "what is suppressed is an open alert to some");
    let all = with_waived(&project);
    let results = all["runs"][0]["results"].as_array().expect("results");
    let suppressed: Vec<&Value> =
        results.iter().filter(|result| result["suppressions"].as_array().is_some_and(|list| !list.is_empty())).collect();
    assert_eq!(suppressed.len(), 1);
    assert_eq!(suppressed[0]["suppressions"][0]["justification"], "a <reason> & more (until 2999-01-31)");
    assert_eq!(suppressed[0]["suppressions"][0]["kind"], "inSource");
    let (_, known) = projects().remove(1);
    assert_eq!(with_waived(&known)["runs"][0]["results"][0]["suppressions"][0]["kind"], "external");
}

#[test]
fn a_fix_in_a_report_is_the_one_that_is_made() {
    let text = "[service]\nimage = \"ghcr.io/acme/wiki:1\"\n\n[quadlet.keys]\nMemory = \"ö\" # é\n";
    let project = Project::of(&[("services/wiki.toml", text)]);
    let sarif: Value = serde_json::from_str(&report(&project, "sarif")).expect("JSON");
    let change = &sarif["runs"][0]["results"][0]["fixes"][0]["artifactChanges"][0];
    assert_eq!(change["artifactLocation"]["uri"], "services/wiki.toml");
    let replacement = &change["replacements"][0];
    let number = |key: &str| usize::try_from(replacement["deletedRegion"][key].as_u64().expect("a number")).expect("small");
    let byte = |line: usize, column: usize| {
        let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
        start + text[start..].chars().take(column - 1).map(char::len_utf8).sum::<usize>()
    };
    let (start, end) = (byte(number("startLine"), number("startColumn")), byte(number("endLine"), number("endColumn")));
    let mended = format!("{}{}{}", &text[..start], replacement["insertedContent"]["text"].as_str().expect("text"), &text[end..]);
    assert_eq!(project.rick(&["lint", "--fix"]).code, 1, "the value is no size");
    project.write("services/wiki.toml", &text.replace('ö', "1g"));
    assert_eq!(project.rick(&["lint", "--fix"]).code, 0);
    assert_eq!(project.read("services/wiki.toml"), mended.replace('ö', "1g"));
}

/// <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>: GitLab publishes a table of what must be there, and no schema.
#[test]
fn gitlab_gets_what_its_table_asks_for() {
    for (name, project) in projects() {
        let report: Value = serde_json::from_str(&report(&project, "gitlab")).expect("JSON");
        let mut fingerprints = BTreeSet::new();
        for entry in report.as_array().expect("an array") {
            let text = |key: &str| {
                entry[key].as_str().filter(|text| !text.is_empty()).unwrap_or_else(|| panic!("{name}: {key}: {entry}"))
            };
            text("description");
            text("check_name");
            assert!(fingerprints.insert(text("fingerprint").to_owned()), "{name}: {entry}");
            assert!(["info", "minor", "major", "critical", "blocker"].contains(&text("severity")), "{name}: {entry}");
            let path = entry["location"]["path"].as_str().expect("a path");
            assert!(!path.starts_with(['/', '.']), "{path}");
            assert!(entry["location"]["lines"]["begin"].as_u64().is_some_and(|line| line > 0));
        }
        assert_eq!(report.as_array().is_some_and(Vec::is_empty), matches!(name, "known" | "clean"), "{name}");
    }
}

/// What an annotation is called, its properties, and what it says.
type Annotation = (String, Vec<(String, String)>, String);

/// As the runner reads it: <https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs>.
fn command(line: &str) -> Option<Annotation> {
    let (head, message) = line.strip_prefix("::")?.split_once("::")?;
    let (name, properties) = head.split_once(' ')?;
    let plain =
        |text: &str| text.replace("%0D", "\r").replace("%0A", "\n").replace("%3A", ":").replace("%2C", ",").replace("%25", "%");
    let properties = properties.split(',').map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key.to_owned(), plain(value))
    });
    Some((name.to_owned(), properties.collect(), plain(message)))
}

#[test]
fn github_annotates_every_finding_at_its_line() {
    for (name, project) in projects() {
        let json: Value = serde_json::from_str(&report(&project, "json")).expect("JSON");
        let text = report(&project, "github");
        let found = json["diagnostics"].as_array().expect("diagnostics");
        assert_eq!(text.lines().count(), found.len(), "{name}");
        for (line, diagnostic) in text.lines().zip(found) {
            let (kind, properties, message) = command(line).unwrap_or_else(|| panic!("{name}: {line}"));
            let property = |key: &str| properties.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
            assert!(["error", "warning", "notice"].contains(&kind.as_str()));
            assert!(message.starts_with(diagnostic["message"].as_str().expect("a message")), "{name}: {line}");
            assert_eq!(property("title"), diagnostic["code"].as_str());
            assert_eq!(property("file"), diagnostic["location"]["path"].as_str());
            assert_eq!(
                property("line").map(str::to_owned),
                diagnostic["location"]["start"]["line"].as_u64().map(|line| line.to_string())
            );
            for key in ["col", "endColumn", "line", "endLine"] {
                assert!(property(key).is_none_or(|value| value.parse::<u32>().is_ok_and(|number| number > 0)), "{name}: {line}");
            }
        }
    }
}

#[test]
fn a_project_in_a_repository_is_told_of_from_its_root() {
    let repository = Project::empty();
    fs::create_dir(repository.path().join(".git")).expect("it can be made");
    repository.write("deploy/rick.toml", MACHINE);
    repository.write("deploy/services/wiki.toml", "[service]\nimage = \"ghcr.io/acme/wiki:latest\"\n");
    let report = |format: &str| repository.rick(&["--project", "deploy", "lint", "--format", format]).out;
    assert!(report("github").contains("file=deploy/services/wiki.toml,"), "{}", report("github"));
    assert!(report("gitlab").contains("\"path\": \"deploy/services/wiki.toml\""));
    assert!(report("sarif").contains("\"uri\": \"deploy/services/wiki.toml\""));
    assert!(report("concise").starts_with("services/wiki.toml:2:9: "));
}

#[test]
fn a_secret_that_is_written_down_comes_into_no_report() {
    let project = Project::of(&[(
        "services/wiki.toml",
        "[service]\nimage = \"ghcr.io/acme/wiki:1\"\n[quadlet.env]\nSMTP_PASSWORD = \"kX82hf2kd9QmPz\"\nQUEUE_URL = \"amqp://u:kX82hf2kd9#mPz@mq/\"\n",
    )]);
    for format in FORMATS {
        let text = report(&project, format);
        assert!(format == "concise" || text.contains("QD031"), "{format}: {text}");
        assert!(!text.contains("kX82hf2kd9"), "{format}: {text}");
    }
    assert_eq!(project.rick(&["lint", "--baseline", "write"]).code, 0);
    assert!(!project.read("rick-baseline.toml").contains("kX82"));
}
