//! The schemas that editors use, held against manifests by the tools that editors use: tombi and taplo.

use std::path::PathBuf;
use std::process::Command;

use crate::oracles::oracle;
use crate::support::{Project, Said, examples, said};

/// What a tool says of a file, by the schema that the file's first line names.
fn checked(project: &Project, tool: &str, path: &str) -> Option<Said> {
    let program: PathBuf = oracle("PYTHON_LIBS")?.join("bin").join(tool);
    let arguments: &[&str] = if tool == "tombi" { &["lint", "--offline"] } else { &["check", "--colors", "never"] };
    let mut command = Command::new(program);
    command.args(arguments).arg(path).current_dir(project.path()).env("NO_COLOR", "1");
    Some(said(command.output().expect("the tool runs")))
}

fn with_schema(text: &str, schema: &str) -> String {
    let rest: Vec<&str> = text.lines().filter(|line| !line.starts_with("#:schema")).collect();
    format!("#:schema {schema}\n{}\n", rest.join("\n"))
}

#[test]
fn what_rick_takes_editors_take() {
    for example in examples().into_iter().chain(["policies".to_owned()]) {
        let project = Project::copy_of(&format!("examples/{example}"));
        assert_eq!(
            project.rick(&["schema"]).out,
            ".rick/manifest.schema.json\n.rick/model.schema.json\n.rick/policy.schema.json\n.rick/rick.schema.json\n"
        );
        let mut files = vec![("rick.toml".to_owned(), ".rick/rick.schema.json")];
        let services = project.tree("services").into_keys().filter(|path| path.ends_with(".toml"));
        files.extend(services.map(|path| (format!("services/{path}"), "../.rick/manifest.schema.json")));
        let policies = project.tree("policies").into_keys().filter(|path| path.ends_with(".toml"));
        files.extend(policies.map(|path| (format!("policies/{path}"), "../.rick/policy.schema.json")));
        for (path, schema) in files {
            project.write(&path, &with_schema(&project.read(&path), schema));
            for tool in ["tombi", "taplo"] {
                let Some(verdict) = checked(&project, tool, &path) else { return };
                assert_eq!(verdict.code, 0, "{tool} {example}/{path}: {}{}", verdict.out, verdict.err);
            }
        }
    }
}

#[test]
fn what_is_misspelt_is_an_error_in_an_editor_and_in_rick() {
    let project = Project::empty();
    assert_eq!(project.rick(&["init"]).code, 0);
    assert_eq!(project.rick(&["new", "wiki", "--domain", "wiki.example.org", "--postgres", "--valkey", "--sign-on"]).code, 0);
    let (manifest, settings) = (project.read("services/wiki.toml"), project.read("rick.toml"));
    assert!(manifest.starts_with("#:schema ../.rick/manifest.schema.json\n"), "{manifest}");
    assert!(settings.starts_with("#:schema .rick/rick.schema.json\n"), "{settings}");
    let policy = "#:schema ../.rick/policy.schema.json\n\n[rule.house]\nsummary = \"x\"\nfor = \"service\"\nrequire = 'service.port is not none'\n";
    let waive = "\n[[waive]]\nrule = \"QD010\"\nreason = \"x\"\nexpires = 2027-01-31\n";
    for (file, text, wrong, near) in [
        ("services/wiki.toml", &manifest, Some(("port = ", "prot = ")), "port"),
        ("services/wiki.toml", &manifest, Some(("[caddy]", "[cady]")), "caddy"),
        ("services/wiki.toml", &manifest, Some(("forward-auth", "forward_auth")), "forward-auth"),
        ("services/wiki.toml", &format!("{manifest}{waive}"), Some(("reason =", "raeson =")), "reason"),
        ("rick.toml", &settings, Some(("versions =", "version =")), "versions"),
        ("rick.toml", &format!("{settings}\n[lint]\nstrict = true\n"), Some(("strict", "strickt")), "strict"),
        ("policies/house.toml", &policy.to_owned(), Some(("require", "requires")), "require"),
        ("policies/house.toml", &policy.to_owned(), Some(("\"service\"", "\"servise\"")), "service"),
        ("policies/house.toml", &policy.to_owned(), None, ""),
        ("services/wiki.toml", &format!("{manifest}{waive}"), None, ""),
        ("rick.toml", &format!("{settings}\n[lint]\nseverity = {{ QD010 = \"error\" }}\n"), None, ""),
    ] {
        let text = wrong.map_or_else(|| text.clone(), |(right, wrong)| text.replace(right, wrong));
        project.write(file, &text);
        for tool in ["tombi", "taplo"] {
            let Some(verdict) = checked(&project, tool, file) else { return };
            assert_eq!(verdict.code == 0, wrong.is_none(), "{tool} {wrong:?}: {}{}", verdict.out, verdict.err);
        }
        let out = project.rick(&["lint"]).out;
        assert!(wrong.is_none() || out.contains(&format!("did you mean `{near}`?")), "{wrong:?}: {out}");
        project.write("services/wiki.toml", &manifest);
        project.write("rick.toml", &settings);
        let _ = std::fs::remove_dir_all(project.path().join("policies"));
    }
}
