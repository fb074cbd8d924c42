//! Golden folders: what each example becomes, to the byte. `RICK_BLESS=1 cargo test` writes them anew; read the diff.

use std::fs;

use crate::support::{self, Project, blessing, examples, root};

#[test]
fn every_example_builds_to_its_golden_folder() {
    let mut wrong = Vec::new();
    for example in examples() {
        let project = Project::copy_of(&format!("examples/{example}"));
        project.build();
        let built = project.tree("dist");
        let golden = root().join("tests/golden").join(&example);
        if blessing() {
            let _ = fs::remove_dir_all(&golden);
            for (path, bytes) in &built {
                let path = golden.join(path);
                fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
                fs::write(path, bytes).expect("it can be written");
            }
        }
        let expected = support::tree(&golden);
        assert!(!expected.is_empty(), "tests/golden/{example} is empty");
        for path in built.keys().chain(expected.keys()) {
            if built.get(path) != expected.get(path) {
                wrong.push(format!("{example}/{path}"));
            }
        }
        // The lock that is committed is the one that a build keeps.
        if project.read("rick.lock")
            != fs::read_to_string(root().join("examples").join(&example).join("rick.lock")).unwrap_or_default()
        {
            wrong.push(format!("{example}/rick.lock"));
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "these are not what they were: {wrong:#?}\nRICK_BLESS=1 writes them anew");
}

#[test]
fn a_second_build_changes_nothing_and_says_so() {
    let project = Project::copy_of("examples/guide");
    project.build();
    let (before, times) = (project.tree("dist"), modified(&project));
    let said = project.build();
    assert!(said.out.contains("unchanged"), "{}", said.out);
    assert!(!said.out.contains("  + ") && !said.out.contains("  ~ "), "{}", said.out);
    assert_eq!(before, project.tree("dist"));
    assert_eq!(times, modified(&project), "nothing is written where nothing changes");
}

fn modified(project: &Project) -> std::time::SystemTime {
    fs::metadata(project.path().join("dist/web1/files.json")).and_then(|metadata| metadata.modified()).expect("a time")
}

#[test]
fn a_secret_is_a_mark_in_the_file_and_an_offset_in_the_listing() {
    let project = Project::copy_of("examples/guide");
    project.build();
    let text = project.read("dist/web1/root/etc/rick/feeds/files/etc/feeds/feeds.toml");
    let listing: serde_json::Value = serde_json::from_str(&project.read("dist/web1/files.json")).expect("JSON");
    let files = listing["files"].as_array().expect("files");
    let file =
        files.iter().find(|file| file["path"].as_str().is_some_and(|path| path.ends_with("feeds.toml"))).expect("it is listed");
    let placed = &file["secrets"][0];
    let (offset, length) =
        (placed["offset"].as_u64().expect("a number") as usize, placed["length"].as_u64().expect("a number") as usize);
    assert_eq!(placed["name"], "feeds_session_key");
    assert_eq!(&text[offset..offset + length], "<<rick secret: feeds_session_key>>");
    assert!(listing["secrets"].get("feeds_session_key").is_some(), "it is among the secrets that are needed");
}

#[test]
fn steps_come_in_the_order_of_an_apply() {
    let project = Project::copy_of("examples/guide");
    project.build();
    let steps: Vec<serde_json::Value> = serde_json::from_str(&project.read("dist/web1/steps.json")).expect("JSON");
    let position = |id: &str| steps.iter().position(|step| step["id"] == id).unwrap_or_else(|| panic!("no step {id}"));
    let order = [
        "myservice/account/identity",
        "myservice/account/sysusers",
        "myservice/account/subordinate-ids",
        "myservice/account/tmpfiles",
        "myservice/postgres/sql",
        "myservice/account/drop-in",
        "myservice/account/user-manager",
    ];
    let positions: Vec<usize> = order.iter().map(|id| position(id)).collect();
    assert!(positions.is_sorted(), "{order:?} stand at {positions:?}");
    let restarts = steps.iter().position(|step| step["kind"] == "user-unit-restart").expect("a restart");
    assert!(steps[..restarts].iter().any(|step| step["kind"] == "user-units"), "units are read before anything is restarted");
    assert!(steps[..restarts].iter().any(|step| step["kind"] == "pull"), "images are there before anything is restarted");
    // What calls for a step is a file of this build.
    let files = project.tree("dist/web1/root");
    for step in &steps {
        for path in step["changed"].as_array().into_iter().flatten() {
            let path = path.as_str().expect("a path").trim_start_matches('/');
            assert!(files.contains_key(path), "{} waits for {path}, which is not built", step["id"]);
        }
    }
}
