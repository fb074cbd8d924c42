//! authentik's own schemas judge the blueprints of every example, for each version that a schema is there of.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use crate::oracles::oracle;
use crate::support::{Project, Said, examples, root, said};

/// The schemas, `blueprints/schema.json` of authentik's repository, as `schema-<version>.json` in `$RICK_CORPUS/authentik`.
fn schemas() -> Vec<(String, PathBuf)> {
    let corpus = std::env::var_os("RICK_CORPUS").map_or_else(|| root().join("../shared/corpus"), PathBuf::from);
    let mut found: Vec<(String, PathBuf)> = fs::read_dir(corpus.join("authentik"))
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version = name.strip_prefix("schema-")?.strip_suffix(".json")?.split('-').next()?.to_owned();
            Some((version, entry.path()))
        })
        .collect();
    found.sort();
    if found.is_empty() {
        let _ = writeln!(std::io::stderr(), "\n*** SKIPPED: no schemas of authentik; RICK_CORPUS says where they are ***\n");
    }
    found
}

fn judge(schema: &PathBuf, project: &Project) -> Option<Said> {
    let folder = project.path().join("dist/web1/root/etc/rick/authentik/blueprints");
    let entries = |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = entries(folder.clone()).filter(|path| path.is_file()).collect();
    files.extend(entries(folder.join(".gone")));
    assert!(files.iter().any(|file| file.parent() != Some(&folder)), "there is none for a service that is removed");
    files.sort();
    for file in &files {
        // The mark of a secret is no YAML until its value is there.
        let text = fs::read_to_string(file).expect("text");
        let mut out = String::new();
        for line in text.lines() {
            let line =
                line.split_once("<<rick secret: ").map_or(line.to_owned(), |(before, _)| format!("{before}\"p@ss \\\" 'w\""));
            out.push_str(&line);
            out.push('\n');
        }
        fs::write(file, out).expect("it can be written");
    }
    let output = Command::new(oracle("PYTHON")?)
        .arg(root().join("tests/oracles/blueprint.py"))
        .arg(schema)
        .args(&files)
        .env("PYTHONPATH", oracle("PYTHON_LIBS")?)
        .output();
    Some(said(output.expect("python runs")))
}

fn for_version(example: &str, version: &str) -> Project {
    let project = Project::copy_of(&format!("examples/{example}"));
    let toml = project.read("rick.toml");
    let (before, after) = toml.split_once("authentik = \"").expect("a version");
    let (_, after) = after.split_once('"').expect("its end");
    project.write("rick.toml", &format!("{before}authentik = \"{version}\"{after}"));
    project
}

#[test]
fn every_blueprint_is_valid_and_says_nothing_that_its_model_lacks() {
    for (version, schema) in schemas() {
        for example in examples() {
            let project = for_version(&example, &version);
            project.build();
            let folder = "dist/web1/root/etc/rick/authentik/blueprints";
            let mut clients = 0;
            for (path, bytes) in project.tree(folder) {
                let text = String::from_utf8(bytes).expect("UTF-8");
                clients += text.matches("client_type:").count();
                // From 2026.5 on a client may do nothing that is not named; no schema has it yet.
                let (without, named) = without_list(&text, "      grant_types:\n");
                assert_eq!(
                    named,
                    version.as_str() >= "2026.5" && text.contains("client_type:"),
                    "{example}: {path} for {version}"
                );
                project.write(&format!("{folder}/{path}"), &without);
            }
            assert!(clients > 0, "{example} has an OAuth2 client");
            let Some(said) = judge(&schema, &project) else { return };
            assert_eq!(said.code, 0, "{example} for {version}: {}{}", said.out, said.err);
        }
    }
}

/// A text without a key and the items of its list; whether it was there.
fn without_list(text: &str, key: &str) -> (String, bool) {
    let Some((before, after)) = text.split_once(key) else { return (text.to_owned(), false) };
    let rest: Vec<&str> = after.lines().skip_while(|line| line.starts_with("        - ")).collect();
    (format!("{before}{}\n", rest.join("\n")), true)
}

#[test]
fn the_judge_would_find_what_the_guide_has_wrong() {
    let Some((_, schema)) = schemas().into_iter().next() else { return };
    let project = for_version("guide", "2025.12");
    project.build();
    let path = "dist/web1/root/etc/rick/authentik/blueprints/myservice.yaml";
    let text = project.read(path);
    for (right, wrong, complaint) in [
        ("mode: \"forward_single\"", "mode: \"forward\"", "is not one of"),
        ("      mode:", "      post_logout_redirect_uris: []\n      mode:", "no attribute"),
        ("authentik_policies_expression.expressionpolicy", "authentik_policies_time.timepolicy", "no such model"),
        ("!KeyOf policy-hours", "!KeyOf policy-days", "not the id of an entry before it"),
        ("version: 1", "version: one", "not of type"),
    ] {
        assert!(text.contains(right), "{right}");
        project.write(path, &text.replacen(right, wrong, 1));
        let Some(said) = judge(&schema, &project) else { return };
        assert!(said.code == 1 && said.out.contains(complaint), "{wrong}: {}{}", said.out, said.err);
    }
}
