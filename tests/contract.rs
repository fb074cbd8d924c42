//! What was promised to plugins is kept: a released version of the contract is never changed, and what was built for it still loads.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::support::{Project, blessing, folders, guest, root};

/// Versions that were released, in the order of their names: each is a folder of wit/.
fn versions() -> Vec<String> {
    let mut versions = folders("wit");
    versions.retain(|name| name != "slots");
    versions
}

fn with(component: &[u8]) -> Project {
    let project =
        Project::of(&[("services/wiki.toml", "[service]\nimage = \"ghcr.io/acme/wiki:1.0\"\n[plain]\nsay = \"nothing\"\n")]);
    fs::write(project.path().join("plain.wasm"), component).expect("it can be written");
    project
}

fn kept(version: &str) -> Vec<u8> {
    let path = root().join("tests/contract").join(format!("{version}.wasm"));
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}: each version has a plugin that is kept compiled", path.display()))
}

#[test]
fn a_plugin_that_was_built_for_any_released_version_loads_and_does_what_it_did() {
    assert!(!versions().is_empty());
    for version in versions() {
        let project = with(&kept(&version));
        let said = project.rick(&["plugin", "add", "plain.wasm", "--yes"]);
        assert_eq!(said.code, 0, "{version}: {}", said.err);
        assert!(said.err.contains(&format!("contract        {version}\n")), "{}", said.err);
        let said = project.rick(&["build"]);
        assert_eq!(said.code, 0, "{version}: {}", said.err);
        assert!(said.err.contains("warning[PL001]: `nothing` is nothing to say"), "{version}: {}", said.err);
        assert!(said.err.contains("services/wiki.toml:4"), "{version}: {}", said.err);
        assert_eq!(project.read("dist/web1/root/etc/plain/wiki"), "nothing\n", "{version}");
        assert_eq!(project.read("dist/web1/root/etc/rick/wiki/wiki.env"), "PLAIN=nothing\n", "{version}");
        let said = project.rick(&["plugin", "test", "plugins/plain.wasm"]);
        assert_eq!(said.code, 0, "{version}: {}", said.out);
    }
}

/// The kept one is what its source gives: else a change of the source would be taken for one of the contract.
#[test]
fn the_guest_of_the_newest_version_still_builds() {
    let project = with(&fs::read(guest("plain")).expect("it was built"));
    assert_eq!(project.rick(&["plugin", "add", "plain.wasm", "--yes"]).code, 0);
    project.build();
}

#[test]
fn a_plugin_of_a_contract_that_rick_does_not_speak_is_told_which_it_speaks() {
    let newest = versions().pop().expect("there is one");
    for (other, way) in [("0.0.9", "build it anew for that"), ("9.9.9", "a newer rick may")] {
        assert_eq!(other.len(), newest.len(), "the same length, since what is replaced is in a binary");
        let (from, to) = (format!("@{newest}"), format!("@{other}"));
        let mut component = kept(&newest);
        while let Some(at) = component.windows(from.len()).position(|window| window == from.as_bytes()) {
            component[at..at + to.len()].copy_from_slice(to.as_bytes());
        }
        let said = with(&component).rick(&["plugin", "add", "plain.wasm", "--yes"]);
        assert_eq!(said.code, 2);
        let what = format!("it was built for the contract {other}, and rick 0.1.0 speaks {newest}; {way}");
        assert!(said.err.contains(&what), "{}", said.err);
    }
}

/// The words of a WIT file without its comments, which may be mended.
fn words(text: &str) -> String {
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

/// What a version promised is written down beside its kept plugin, a line for each promise. Lines may be added, as the input and the slots
/// grow. One that is gone is a promise that was broken: then a new version is due, or a new slot.
#[test]
fn nothing_that_was_promised_is_taken_back() {
    for version in versions() {
        let folder = root().join("wit").join(&version);
        let read =
            |path: std::path::PathBuf| fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut now = BTreeSet::from([format!("wit {}", words(&read(folder.join("rick.wit"))))]);
        let parsed = |path| serde_json::from_str::<Value>(&read(path)).expect("a schema is JSON");
        promises("input", &parsed(folder.join("input.schema.json")), true, &mut now);
        for entry in fs::read_dir(root().join("wit/slots")).expect("the slots").flatten() {
            let schema = parsed(entry.path());
            let title = schema["title"].as_str().expect("a slot has a name").to_owned();
            now.insert(format!("{title} merges {} unread {}", schema["x-rick-merge"], schema["x-rick-unread"]));
            promises(&title, &schema, false, &mut now);
        }
        let path = root().join("tests/contract").join(format!("{version}.promises"));
        let text = now.iter().map(|line| format!("{line}\n")).collect::<String>();
        if blessing() && !path.exists() {
            fs::write(&path, &text).expect("it can be written");
        }
        let before: BTreeSet<String> = read(path.clone()).lines().map(str::to_owned).collect();
        let broken: Vec<&String> = before.difference(&now).collect();
        assert!(broken.is_empty(), "promises of {version} are broken, {} of them, such as:\n{}", broken.len(), broken[0]);
        let demands: Vec<&String> = now.difference(&before).filter(|line| line.contains(" requires ")).collect();
        assert!(demands.is_empty(), "more is asked of plugins of {version} than was: {demands:?}");
    }
}

/// `given`: rick writes it and plugins read it; otherwise plugins write it, and what they must write is no promise but a demand.
fn promises(name: &str, schema: &Value, given: bool, found: &mut BTreeSet<String>) {
    let Some(schema) = schema.as_object() else { return };
    for (key, value) in schema {
        match (key.as_str(), value) {
            ("properties" | "$defs", Value::Object(members)) => {
                for (member, schema) in members {
                    found.insert(format!("{name} has {member}"));
                    promises(&format!("{name}.{member}"), schema, given, found);
                }
            }
            ("required", Value::Array(members)) => {
                for member in members.iter().filter_map(Value::as_str) {
                    found.insert(format!("{name} {} {member}", if given { "always gives" } else { "requires" }));
                }
            }
            ("oneOf" | "anyOf", Value::Array(branches)) => {
                for (index, branch) in branches.iter().enumerate() {
                    // A branch goes by its kind where it has one, so that one may be put between two others.
                    let kind = branch.pointer("/properties/kind/const").and_then(Value::as_str).map(str::to_owned);
                    promises(&format!("{name}/{}", kind.unwrap_or_else(|| index.to_string())), branch, given, found);
                }
            }
            ("items" | "additionalProperties", Value::Object(_)) => promises(&format!("{name}[]"), value, given, found),
            ("enum", Value::Array(options)) => found.extend(options.iter().map(|option| format!("{name} may be {option}"))),
            (
                "type" | "const" | "pattern" | "minimum" | "maximum" | "minItems" | "maxItems" | "minLength" | "maxLength"
                | "$ref",
                _,
            ) => {
                found.insert(format!("{name} {key} {value}"));
            }
            _ => {}
        }
    }
}
