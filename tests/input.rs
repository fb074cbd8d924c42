//! The document of every call is what `wit/0.1.0/input.schema.json` says, and holds nothing of the user's disk.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use rick::compose::call::{Call, Subject};
use rick::diagnostic::Sink;
use rick::engine::Engine;
use rick::lock::Lock;
use rick::plugin::Stage;
use rick::plugins::Plugins;
use rick::policy::Policies;
use rick::project::{self, Manifest};
use rick::verbs::judged;

use crate::support::{Project, root};

#[test]
fn every_call_is_given_what_the_schema_says() {
    let text = std::fs::read_to_string(root().join("wit/0.1.0/input.schema.json")).expect("the schema");
    let schema: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");

    let copy = Project::copy_of("examples/guide");
    let folder = Utf8PathBuf::try_from(copy.path().to_owned()).expect("UTF-8");
    let mut sink = Sink::default();
    let engine = Engine::new(Some(Utf8PathBuf::try_from(root().join("target/test-cache/rick/compiled")).expect("UTF-8")))
        .expect("an engine");
    let opened = project::open(folder.clone(), &mut sink).expect("it can be read");
    let plugins = Plugins::with(&engine, &folder, Vec::new()).expect("plugins");
    let mut project =
        project::load(opened, &plugins, &mut sink).expect("it can be read").unwrap_or_else(|_| panic!("it is TOML"));
    let lock = Lock::read(&folder, &mut project.sources, &mut sink).expect("it can be read").expect("it is a lock");
    let judged = judged(&project, &plugins, &Policies::default(), lock, true, &mut sink);
    let composition = &judged.deployment().composition;
    assert!(!sink.has_errors());

    let (mut calls, mut known) = (0, BTreeMap::new());
    for plugin in &plugins.all {
        let services: Vec<&Manifest> = project.manifests.iter().filter(|manifest| manifest.has(plugin)).collect();
        let subjects = services.iter().map(|manifest| Subject::Service(manifest));
        for subject in subjects.chain([Subject::Machine("web1", &services), Subject::Project(&services)]) {
            for stage in [None, Some(Stage::Contribute), Some(Stage::Check), Some(Stage::Render)] {
                let call = Call::new(composition, plugin, subject, stage);
                let text = call.input(composition);
                let input: serde_json::Value = serde_json::from_str(&text).expect("JSON");
                if let Err(error) = validator.validate(&input) {
                    panic!("{} {stage:?} {}: {error} at {}", plugin.title(), subject.title(), error.instance_path());
                }
                assert!(!text.contains(folder.as_str()), "{} is told the folder", plugin.title());
                assert!(
                    !text.contains("services/") && !text.contains("rick.toml"),
                    "{} is told the name of a file",
                    plugin.title()
                );
                // By its digest an answer that was kept is found again.
                let other = known.insert(call.digest(composition), text.clone());
                assert!(other.is_none_or(|other| other == text), "two documents have one digest");
                calls += 1;
            }
        }
    }
    assert!(calls > 20);
}

/// Purity is tested, not enforced: an instance serves many services, so what it answers must not depend on what came before.
#[test]
fn plugins_answer_the_same_twice_and_in_another_order() {
    let copy = Project::copy_of("examples/guide");
    copy.build();
    let before = copy.tree("dist/web1/root/etc/rick/myservice");
    // Another service before it in the order of calls.
    copy.write(
        "services/aaa.toml",
        "[service]\nimage = \"ghcr.io/acme/aaa:1.0\"\nport = 80\n[postgres]\n[quadlet]\nhost_port = \"auto\"\n",
    );
    copy.build();
    assert_eq!(copy.tree("dist/web1/root/etc/rick/myservice"), before);
}
