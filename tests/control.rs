//! What becomes of a finding: selection, severities, waivers and the baseline, the same for every command.

use serde_json::Value;

use crate::support::{MACHINE, Project};

/// Finds QD010, a warning, at `service.image`, and QD055's kind of error that can be waived at none.
const LATEST: &str = "[service]\nimage = \"ghcr.io/acme/wiki:latest\"\n";

fn project(manifest: &str) -> Project {
    Project::of(&[("services/wiki.toml", manifest)])
}

fn codes(project: &Project, arguments: &[&str]) -> Vec<String> {
    let said = project.rick(&[&["lint", "--format", "concise"], arguments].concat());
    said.out.lines().map(|line| line.split(['[', ']']).nth(1).expect("a code").to_owned()).collect()
}

fn waived(more: &str) -> String {
    format!("{LATEST}\n[[waive]]\nrule = \"QD010\"\nreason = \"upstream has no versions\"\n{more}")
}

#[test]
fn a_waiver_holds_until_its_last_day_is_over() {
    let project = project(&waived("expires = 2027-01-31\n"));
    assert!(codes(&project, &["--today", "2026-12-01"]).is_empty());
    assert!(codes(&project, &["--today", "2027-01-31"]).is_empty());
    assert_eq!(codes(&project, &["--today", "2027-02-01"]), ["QD010", "waiver-expired"]);
    let said = project.rick(&["lint", "--today", "2026-12-01"]);
    assert_eq!((said.code, said.err.as_str()), (0, "1 waived\n"));
    let shown = project.rick(&["lint", "--today", "2026-12-01", "--show-waived"]);
    assert!(shown.out.contains("= waived: until 2027-01-31: upstream has no versions"), "{}", shown.out);
    // It silences a warning, so that even a strict lint is clean; when it ended, a strict lint is not.
    assert_eq!(project.rick(&["lint", "--strict", "--today", "2026-12-01"]).code, 0);
    assert_eq!(project.rick(&["lint", "--strict", "--today", "2027-02-01"]).code, 1);
}

#[test]
fn a_waiver_without_a_day_or_a_reason_waives_nothing() {
    assert_eq!(codes(&project(&waived("expires = \"next year\"\n")), &[]), ["QD010", "waiver-expired"]);
    assert_eq!(codes(&project(&waived("expires = \"2027-1-3\"\n")), &[]), ["QD010", "waiver-expired"]);
    assert_eq!(codes(&project(&waived("")), &[]), ["schema"]);
    let blank = waived("expires = 2027-01-31\n").replace("upstream has no versions", " ");
    assert_eq!(codes(&project(&blank), &[]), ["schema"]);
}

#[test]
fn a_waiver_of_nothing_is_found() {
    let nothing = waived("expires = 2027-01-31\n").replace(":latest", ":1.0.0");
    assert_eq!(codes(&project(&nothing), &["--today", "2026-12-01"]), ["waiver-unused"]);
    // One that ended and is for nothing is only for nothing.
    assert_eq!(codes(&project(&nothing), &["--today", "2028-12-01"]), ["waiver-unused"]);
    // Nobody looks for a rule that is not selected.
    assert!(codes(&project(&nothing), &["--ignore", "QD010"]).is_empty());
}

#[test]
fn a_waiver_may_be_for_one_place() {
    let two = "[service]\nimage = \"ghcr.io/acme/wiki:latest\"\n\n[quadlet.containers.worker]\nimage = \"ghcr.io/acme/worker:latest\"\n\n[[waive]]\nrule = \"QD010\"\nreason = \"x\"\nexpires = 2027-01-31\nat = \"quadlet.containers.worker.image\"\n";
    let at = project(two);
    let said = at.rick(&["lint", "--format", "concise", "--today", "2026-12-01"]).out;
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.starts_with("services/wiki.toml:2:9: warning[QD010]"), "{said}");
    let nowhere = project(&two.replace("worker.image\"\n", "workers\"\n"));
    assert_eq!(codes(&nowhere, &["--today", "2026-12-01"]), ["QD010", "QD010", "waiver-unused"]);
    let wrong = project(&two.replace("at = \"quadlet.containers.worker.image\"", "at = \"a..b\""));
    assert!(codes(&wrong, &[]).contains(&"waiver-refused".to_owned()));
}

#[test]
fn what_cannot_be_waived_is_not_silenced_by_anything() {
    let refused = |rule: &str| {
        format!(
            "[service]\nimage = \"ghcr.io/acme/wiki:1\"\n[quadlet]\nkeys = {{ Memroy = \"1g\" }}\n\n[[waive]]\nrule = \"{rule}\"\nreason = \"x\"\nexpires = 2027-01-31\n"
        )
    };
    assert_eq!(codes(&project(&refused("QD001")), &[]), ["QD001", "waiver-refused"]);
    assert!(codes(&project(&refused("QD00l")), &[]).contains(&"waiver-refused".to_owned()));
    assert!(codes(&project(&refused("schema")), &[]).contains(&"waiver-refused".to_owned()));
    // By what codes begin with, all others go and it stays.
    assert_eq!(codes(&project(&refused("QD001")), &["--ignore", "QD,waiver"]), ["QD001", "waiver-refused"]);
    assert_eq!(project(&refused("QD001")).rick(&["lint", "--ignore", "QD001"]).code, 2);
    assert_eq!(project(&refused("QD001")).rick(&["lint", "--severity", "QD001=info"]).code, 2);
}

#[test]
fn rules_are_selected_in_rick_toml_and_on_the_command_line() {
    let project = project(LATEST);
    assert_eq!(codes(&project, &[]), ["QD010"]);
    assert!(codes(&project, &["--select", "CA,QD00"]).is_empty());
    assert_eq!(codes(&project, &["--ignore", "Q", "--select", "QD"]), ["QD010"]);
    project.write("rick.toml", &format!("{MACHINE}\n[lint]\nignore = [\"QD01\"]\n"));
    assert!(codes(&project, &[]).is_empty());
    assert_eq!(codes(&project, &["--select", "QD010"]), ["QD010"]);
    project.write("rick.toml", &format!("{MACHINE}\n[lint]\nignore = [\"QD010\"]\n"));
    assert_eq!(codes(&project, &["--select", "QD010"]), ["QD010"], "whoever asks for it by name gets it");
    assert_eq!(project.rick(&["lint", "--ignore", "schema"]).code, 2);
    project.write("rick.toml", &format!("{MACHINE}\n[lint]\nseverity = {{ QD = \"info\", QD010 = \"error\" }}\n"));
    // An error of the house's own keeps a build from being written, like any other.
    assert_eq!(project.rick(&["lint"]).code, 1);
    assert_eq!(project.rick(&["build"]).code, 1);
    assert!(!project.exists("dist"));
    assert_eq!(project.rick(&["lint", "--severity", "QD010=hint"]).code, 0);
    project.write(
        "rick.toml",
        &format!("{MACHINE}\n[lint]\nselect = [\"QX\"]\nseverity = {{ QD1 = \"info\" }}\nignore = [\"QD001\"]\n"),
    );
    let said = project.rick(&["lint", "--format", "concise"]).out;
    let expected = [
        "rick.toml:5:11: error[lint]: no rule's code begins with `QX`",
        "rick.toml:6:14: error[lint]: no rule's code begins with `QD1`",
        "rick.toml:7:11: error[lint]: `QD001` cannot be turned off or made less",
    ];
    assert_eq!(said.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_strict_project_takes_a_warning_for_an_error() {
    let project = project(LATEST);
    assert_eq!((project.rick(&["lint"]).code, project.rick(&["lint", "--strict"]).code), (0, 1));
    project.write("rick.toml", &format!("{MACHINE}\n[lint]\nstrict = true\n"));
    assert_eq!(project.rick(&["lint"]).code, 1);
    let built = project.rick(&["build"]);
    assert_eq!((built.code, project.exists("dist")), (1, false));
    assert!(built.err.contains("warning[QD010]"), "{}", built.err);
}

#[test]
fn an_error_that_is_waived_lets_the_service_be_built() {
    let project = project(&waived("expires = 2027-01-31\n"));
    project.write("rick.toml", &format!("{MACHINE}\n[lint]\nseverity = {{ QD010 = \"error\" }}\n"));
    assert_eq!(project.rick(&["build", "--today", "2027-02-01"]).code, 1);
    assert!(!project.exists("dist"));
    assert_eq!(project.rick(&["build", "--today", "2027-01-01"]).code, 0);
    assert!(project.exists("dist"));
}

#[test]
fn what_is_found_in_rick_toml_is_waived_there() {
    let image = "[defaults.service]\nimage = \"ghcr.io/acme/all:latest\"\n";
    let project = Project::of(&[("services/wiki.toml", "[service]\n"), ("services/blog.toml", "[service]\n")]);
    project.write("rick.toml", &format!("{MACHINE}\n{image}"));
    assert_eq!(codes(&project, &[]), ["QD010"], "two services, one line");
    let waive = "[[waive]]\nrule = \"QD010\"\nreason = \"x\"\nexpires = 2027-01-31\nat = \"defaults.service.image\"\n";
    project.write("rick.toml", &format!("{MACHINE}\n{image}\n{waive}"));
    assert!(codes(&project, &["--today", "2026-12-01"]).is_empty());
}

#[test]
fn the_baseline_knows_what_was_there_and_nothing_that_comes() {
    let project = Project::of(&[("services/wiki.toml", LATEST), ("services/blog.toml", "[service]\nimage = \"blog:1\"\n")]);
    let before = codes(&project, &[]);
    assert_eq!(before, ["QD009", "QD010"]);
    assert_eq!(project.rick(&["lint", "--baseline", "write"]).code, 0);
    let written = project.read("rick-baseline.toml");
    assert!(!written.contains("latest"), "values are digests: {written}");
    assert!(codes(&project, &["--strict"]).is_empty());
    assert_eq!(project.rick(&["build", "--strict"]).code, 0);
    assert_eq!(codes(&project, &["--no-baseline"]), before);
    assert_eq!(project.rick(&["lint"]).err, "2 known from before\n");
    // Lines move, and it is still the same.
    project.write("services/wiki.toml", &format!("# a word\n\n{LATEST}"));
    assert!(codes(&project, &[]).is_empty());
    // Another value is another problem, and the old entry is for nothing.
    project.write("services/wiki.toml", &LATEST.replace("acme/wiki", "acme/other"));
    assert_eq!(codes(&project, &[]), ["baseline", "QD010"]);
    // What is mended leaves it, what is new does not come in.
    assert_eq!(project.rick(&["lint", "--baseline", "update"]).code, 0);
    assert_eq!(codes(&project, &[]), ["QD010"]);
    project.write("services/wiki.toml", LATEST);
    assert_eq!(codes(&project, &[]), ["QD010"], "it came back, and is seen");
    assert_eq!(written.matches("[[known]]").count(), project.read("rick-baseline.toml").matches("[[known]]").count() + 1);
}

#[test]
fn a_baseline_holds_nothing_that_cannot_be_waived() {
    let project = project("[service]\nimage = \"ghcr.io/acme/wiki:latest\"\n[quadlet]\nkeys = { Memroy = \"1g\" }\n");
    let said = project.rick(&["lint", "--baseline", "write"]);
    assert_eq!(said.code, 1);
    assert!(said.err.ends_with("nothing was written: mend first what cannot be waived\n"), "{}", said.err);
    assert!(!project.exists("rick-baseline.toml"));
    let broken = "version = 1\n[[known]]\nrulle = \"QD001\"\n";
    project.write("rick-baseline.toml", broken);
    assert!(codes(&project, &[]).contains(&"schema".to_owned()));
    for arguments in [&["lint", "--baseline", "update"][..], &["lint", "--fix"]] {
        assert_eq!(project.rick(arguments).code, 1);
        assert_eq!(project.read("rick-baseline.toml"), broken, "what cannot be read is not written over");
    }
}

#[test]
fn every_format_and_command_decides_alike() {
    let project = project(&waived("expires = 2027-01-31\n"));
    for format in ["human", "concise", "json", "sarif", "github", "gitlab", "junit"] {
        for (day, clean) in [("2027-01-31", true), ("2027-02-01", false)] {
            for verb in ["lint", "build"] {
                let said = project.rick(&[verb, "--strict", "--format", format, "--today", day]);
                assert_eq!(said.code, if clean { 0 } else { 1 }, "{verb} {format} {day}");
            }
        }
    }
    let json: Value =
        serde_json::from_str(&project.rick(&["lint", "--format", "json", "--today", "2027-01-31"]).out).expect("JSON");
    assert_eq!((json["diagnostics"].as_array().map(Vec::len), &json["summary"]["waived"]), (Some(0), &Value::from(1)));
}

#[test]
fn a_baseline_forgets_nothing_that_was_not_looked_for() {
    let project = Project::of(&[("services/wiki.toml", LATEST), ("services/blog.toml", "[service]\nimage = \"blog:1\"\n")]);
    assert_eq!(project.rick(&["lint", "--baseline", "write"]).code, 0);
    let written = project.read("rick-baseline.toml");
    // A rule that is not wanted now is not mended, and neither is what a service with an error would say later.
    assert!(codes(&project, &["--ignore", "QD010", "--strict"]).is_empty());
    assert_eq!(project.rick(&["lint", "--baseline", "update", "--select", "CA"]).code, 2);
    project.write("services/wiki.toml", &format!("{LATEST}[quadlet]\nkeys = {{ Memroy = \"1g\" }}\nhost_port = 80\n"));
    for arguments in [&["lint", "--baseline", "update"][..], &["lint", "--fix"]] {
        project.rick(arguments);
        assert_eq!(project.read("rick-baseline.toml"), written);
    }
    assert_eq!(Project::of(&[]).rick(&["lint", "--baseline", "update"]).code, 2, "there is none");
}

#[test]
fn a_baseline_knows_what_is_found_only_behind_an_error() {
    // The error keeps the service from being rendered, where more is found.
    let project = Project::of(&[("services/wiki.toml", LATEST)]);
    project.write("rick.toml", &format!("{MACHINE}\n[lint]\nseverity = {{ QD010 = \"error\" }}\n"));
    assert_eq!(project.rick(&["lint", "--baseline", "write"]).code, 0);
    assert!(codes(&project, &["--strict"]).is_empty());
    assert_eq!(project.rick(&["build", "--strict"]).code, 0);
}

#[test]
fn a_waiver_that_misses_is_named() {
    let text = "[service]\nimage = \"ghcr.io/acme/wiki:latest\"\n\n[[waive]]\nrule = \"QD010\"\nreason = \"x\"\nexpires = 2027-01-31\nat = \"service.imgae\"\n";
    let project = project(text);
    project.write("rick.toml", &format!("{MACHINE}\n[lint]\nseverity = {{ QD010 = \"error\" }}\n"));
    let said = project.rick(&["lint"]).out;
    assert!(said.contains("the waiver at services/wiki.toml:5 is for `service.imgae`"), "{said}");
    project.write("rick.toml", &format!("{MACHINE}\n[defaults.service]\nimage = \"ghcr.io/acme/all:latest\"\n"));
    project.write("services/wiki.toml", &text.replace("image = \"ghcr.io/acme/wiki:latest\"", "").replace("at =", "# at ="));
    let said = project.rick(&["lint"]).out;
    assert!(said.contains("what is found in rick.toml is waived there"), "{said}");
}

#[test]
fn what_is_said_of_waivers_is_said_whatever_is_selected() {
    let project = project(&waived("expires = 2027-01-31\n"));
    project.write("rick.toml", &format!("{MACHINE}\n[lint]\nselect = [\"QD\"]\n"));
    assert_eq!(codes(&project, &["--today", "2027-02-01"]), ["QD010", "waiver-expired"]);
    assert_eq!(codes(&project, &["--today", "2027-02-01", "--ignore", "waiver"]), ["QD010"]);
    // Two of one rule: both are for what is found.
    let two =
        format!("{}\n[[waive]]\nrule = \"QD010\"\nreason = \"y\"\nexpires = 2027-02-28\n", waived("expires = 2027-01-31\n"));
    assert!(codes(&self::project(&two), &["--today", "2026-12-01"]).is_empty());
    assert_eq!(codes(&self::project(&two), &["--today", "2027-02-01"]), ["waiver-expired"]);
}
