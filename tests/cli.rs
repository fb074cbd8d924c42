//! The command as a person or a script uses it.

use serde_json::Value;

use crate::support::{Project, rick, said};

#[test]
fn from_nothing_to_a_build() {
    let project = Project::empty();
    assert_eq!(project.rick(&["init", "--podman", "5.4.2", "--postgresql", "17"]).code, 0);
    assert_eq!(project.rick(&["new", "wiki", "--postgres"]).code, 0);
    let said = project.build();
    assert!(said.out.starts_with("web1   1 service   "), "{}", said.out);
    assert!(project.exists("dist/web1/root/etc/containers/systemd/users/800/wiki.container"));
    // What `init` leaves for editors is JSON Schema, and takes what `new` writes.
    let schema: Value = serde_json::from_str(&project.read(".rick/manifest.schema.json")).expect("JSON");
    let manifest: Value = toml::from_str(&project.read("services/wiki.toml")).expect("TOML");
    assert!(jsonschema::validator_for(&schema).expect("a schema").is_valid(&manifest));
    // Neither overwrites what is there.
    project.write("rick.toml", "# mine\n[machines.web1]\n");
    assert_eq!(project.rick(&["init"]).code, 0);
    assert!(project.read("rick.toml").starts_with("# mine"));
    let said = project.rick(&["new", "wiki"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("is there already"), "{}", said.err);
    assert_eq!(project.rick(&["new", "My Wiki"]).code, 2);
}

#[test]
fn a_new_service_has_what_was_asked_for() {
    let project = Project::copy_of("examples/guide");
    let said =
        project.rick(&["new", "shop", "--port", "8200", "--domain", "shop.example.org", "--postgres", "--valkey", "--sign-on"]);
    assert_eq!(said.code, 0, "{}", said.err);
    project.build();
    let site = project.read("dist/web1/root/etc/rick/caddy/sites/shop.caddy");
    assert!(site.contains("forward_auth") && site.contains("shop_users"), "{site}");
    assert!(project.read("dist/web1/root/etc/rick/valkey/all_services.acl").contains("\nuser shop on "));
    assert!(project.exists("dist/web1/root/etc/rick/postgres/shop.sql"));
    // Nobody can sign on to what has no name, and a name is no place for TOML.
    assert_eq!(project.rick(&["new", "other", "--sign-on"]).code, 2);
    assert_eq!(project.rick(&["new", "other", "--domain", "a\"\nb"]).code, 2);
}

/// What is kept between runs is used only for what has not changed.
#[test]
fn a_change_is_seen_although_answers_are_kept() {
    let project = Project::copy_of("examples/guide");
    project.build();
    let before = project.tree("dist");
    project.build();
    assert_eq!(before, project.tree("dist"));
    let manifest = project.read("services/myservice.toml");
    project.write("services/myservice.toml", &manifest.replace("\"/health\"", "\"/alive\""));
    project.build();
    assert!(project.read("dist/web1/root/etc/rick/caddy/sites/myservice.caddy").contains("path /alive"));
    let changed = project.tree("dist").into_iter().filter(|(path, bytes)| before.get(path) != Some(bytes)).map(|(path, _)| path);
    assert!(changed.filter(|path| path.contains("/root/")).eq(["web1/root/etc/rick/caddy/sites/myservice.caddy".to_owned()]));
    // What was refused once is refused again, and what is mended is taken.
    project.write("services/myservice.toml", &manifest.replace("public =", "pubilc ="));
    for _ in 0..2 {
        let said = project.rick(&["lint"]);
        assert!(said.code == 1 && said.out.contains("did you mean `public`?"), "{}", said.out);
    }
    project.write("services/myservice.toml", &manifest);
    project.build();
    assert_eq!(before, project.tree("dist"));
}

#[test]
fn exit_codes_are_those_of_the_table() {
    let clean = Project::copy_of("examples/guide");
    assert_eq!(clean.rick(&["lint"]).code, 0);
    let problems = Project::of(&[("services/a.toml", "[service]\nimgae = \"x\"\n")]);
    assert_eq!(problems.rick(&["lint"]).code, 1);
    let nowhere = Project::empty();
    let said = nowhere.rick(&["lint"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("there is no `rick.toml`") && said.err.contains("rick init"), "{}", said.err);
    assert_eq!(nowhere.rick(&["no-such-verb"]).code, 2);
    let table = std::fs::read_to_string(crate::support::root().join("docs/reference/exit-codes.md")).expect("the table");
    for code in ["| 0 |", "| 1 |", "| 2 |"] {
        assert!(table.contains(code), "docs/reference/exit-codes.md lacks {code}");
    }
}

#[test]
fn data_goes_to_standard_output_and_the_rest_to_standard_error() {
    let project = Project::copy_of("examples/guide");
    let said = project.rick(&["build", "--format", "json"]);
    let document: Value = serde_json::from_str(&said.out).expect("JSON and nothing else");
    assert_eq!(document["build"]["machines"][0]["machine"], "web1");
    let said = project.rick(&["build", "-q"]);
    assert_eq!((said.out.as_str(), said.err.as_str()), ("", ""));
    let said = project.rick(&["lint", "--format", "json"]);
    let document: Value = serde_json::from_str(&said.out).expect("JSON and nothing else");
    assert_eq!(document["summary"]["errors"], 0);
    assert_eq!(said.err, "");
}

#[test]
fn colours_are_for_those_who_want_them() {
    let project = Project::of(&[("services/a.toml", "[service]\nimgae = \"x\"\n")]);
    assert!(!project.rick(&["lint"]).out.contains('\u{1b}'), "not into a pipe");
    assert!(project.rick(&["lint", "--color", "always"]).out.contains('\u{1b}'));
    let output = rick(project.path()).env("NO_COLOR", "1").args(["lint", "--color", "always"]).output().expect("rick runs");
    assert!(said(output).out.contains('\u{1b}'), "what is asked for by name wins over the environment");
}

#[test]
fn a_project_is_found_from_a_folder_inside_it_or_by_name() {
    let project = Project::copy_of("examples/guide");
    let inside = project.path().join("services");
    let output = rick(&inside).arg("lint").output().expect("rick runs");
    assert_eq!(said(output).code, 0);
    let output = rick(std::path::Path::new("/")).args(["lint", "--project"]).arg(project.path()).output().expect("rick runs");
    assert_eq!(said(output).code, 0);
}

#[test]
fn show_tells_where_every_value_comes_from() {
    let project = Project::copy_of("examples/guide");
    let shown = project.rick(&["show", "myservice"]).out;
    let line = |start: &str| {
        shown.lines().find(|line| line.trim_start().starts_with(start)).unwrap_or_else(|| panic!("no {start} in\n{shown}"))
    };
    assert!(line("image").contains("services/myservice.toml:"), "{shown}");
    assert!(line("DATABASE_URL").contains("postgres 0.1.0"), "{shown}");
    assert!(line("SECRET_KEY").contains("«myservice_secret_key»"), "{shown}");
    assert!(line("uid ").contains("handed out by rick"), "{shown}");
    assert!(line("locale").contains("postgres 0.1.0, under services/myservice.toml:"), "{shown}");
    let document: Value = serde_json::from_str(&project.rick(&["show", "myservice", "--format", "json"]).out).expect("JSON");
    let contributions = document["contributions"].as_array().expect("contributions");
    assert!(contributions.iter().all(|entry| entry["from"].as_array().is_some_and(|from| !from.is_empty())));
    let said = project.rick(&["show", "myservise"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("did you mean `myservice`?"), "{}", said.err);
}

#[test]
fn plugins_are_listed_with_what_they_may_do() {
    let project = Project::empty();
    let said = project.rick(&["plugin", "list"]);
    assert_eq!(said.code, 0, "also where there is no project: {}", said.err);
    assert_eq!(
        said.out.lines().map(|line| line.split(' ').next().expect("a name")).collect::<Vec<_>>(),
        ["account", "authentik", "caddy", "postgres", "quadlet", "valkey"]
    );
    let document: Value = serde_json::from_str(&project.rick(&["plugin", "list", "--format", "json"]).out).expect("JSON");
    assert!(document["plugins"][0]["writes"].as_array().is_some_and(|writes| !writes.is_empty()));
}

#[test]
fn a_file_that_can_be_no_service_is_refused_and_what_editors_leave_is_passed_over() {
    let service = "[service]\nimage = \"ghcr.io/acme/x:1.0\"\n";
    let project = Project::of(&[("services/a.toml", service), ("services/we ird%n.toml", service)]);
    project.write("services/.a.toml", "not TOML");
    std::os::unix::fs::symlink("nowhere", project.path().join("services/.#a.toml")).expect("a link");
    let said = project.rick(&["lint"]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("`we ird%n` cannot be a service's name"), "{}", said.out);
    std::fs::remove_file(project.path().join("services/we ird%n.toml")).expect("it is there");
    project.build();
    std::fs::write(project.path().join("services/b.toml"), b"\xff\xfe").expect("it can be written");
    let said = project.rick(&["lint"]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("services/b.toml") && said.out.contains("it is not UTF-8 text"), "{}", said.out);
}

#[test]
fn a_folder_of_manifests_that_is_not_there_deletes_nothing() {
    let project = Project::copy_of("examples/guide");
    project.build();
    let before = project.tree("dist");
    let settings = project.read("rick.toml");
    project.write("rick.toml", &format!("{settings}\n[project]\nservices = \"servics\"\n"));
    let said = project.rick(&["build"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("there is no folder `servics`"), "{}", said.err);
    assert_eq!(project.tree("dist"), before);
}

#[test]
fn settings_that_are_refused_reach_no_plugin() {
    let project = Project::of(&[("services/a.toml", "[service]\nimage = \"ghcr.io/acme/a:1.0\"\n")]);
    project.write("rick.toml", &format!("{}[plugins.account]\nhome_base = 5\n", crate::support::MACHINE));
    let said = project.rick(&["lint"]);
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(!said.out.contains("error[plugin]"), "{}", said.out);
}

#[test]
fn init_brings_the_schemas_up_to_date_with_the_projects_own_plugins() {
    let project = Project::empty();
    project.write("rick.toml", &format!("{}[project]\nservices = \"apps\"\n", crate::support::MACHINE));
    project.add(crate::support::unruly());
    let output = rick(std::path::Path::new("/")).args(["init", "--project"]).arg(project.path()).output().expect("rick runs");
    assert_eq!(said(output).code, 0);
    assert!(project.read(".rick/manifest.schema.json").contains("\"unruly\""));
    assert!(project.exists("apps") && !project.exists("services"));
}

#[test]
fn defaults_of_the_project_lie_under_every_manifest() {
    let project = Project::of(&[
        ("services/a.toml", "[service]\nimage = \"ghcr.io/acme/a:1.0\"\n"),
        ("services/b.toml", "[service]\nimage = \"ghcr.io/acme/b:1.0\"\n[quadlet.env]\nTZ = \"UTC\"\n"),
    ]);
    project.write(
        "rick.toml",
        &format!(
            "{}[defaults.quadlet.env]\nTZ = \"Europe/Berlin\"\nLANG = \"C.UTF-8\"\n[defaults.postgres]\nlocale = \"C\"\n",
            crate::support::MACHINE
        ),
    );
    project.build();
    assert_eq!(project.read("dist/web1/root/etc/rick/a/a.env"), "LANG=C.UTF-8\nTZ=Europe/Berlin\n");
    assert_eq!(project.read("dist/web1/root/etc/rick/b/b.env"), "LANG=C.UTF-8\nTZ=UTC\n");
    assert!(!project.exists("dist/web1/root/etc/rick/postgres"), "a default makes no plugin take part");
    let said = project.rick(&["why", "dist/web1/root/etc/rick/a/a.env:2"]);
    assert!(said.out.contains("rick.toml:4"), "{}", said.out);
}
