//! docs/rules/ has a page for every code, made from the plugins and from rick's own words. `RICK_BLESS=1 cargo test` writes them anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::sync::Arc;

use camino::Utf8PathBuf;
use rick::diagnostic::Sink;
use rick::engine::Engine;
use rick::plugins::Plugins;
use rick::policy::{From, Policies, packs, shape::Shapes};
use rick::rules::{Rules, own, page};
use rick::source::Sources;
use serde_json::Value;

use crate::support::{Project, blessing, root};

const FOLDER: &str = "docs/rules";

#[test]
fn every_code_has_its_page() {
    let cache = Utf8PathBuf::try_from(root().join("target/test-cache/rick/compiled")).expect("UTF-8");
    let engine = Engine::new(Some(cache)).expect("an engine");
    let folder = Utf8PathBuf::try_from(root()).expect("UTF-8");
    let plugins = Plugins::with(&engine, &folder, Vec::new()).expect("plugins");
    let pages = pages(&Rules::of(&plugins, &packs(&plugins)));
    let folder = root().join(FOLDER);
    if blessing() {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("it can be made");
        for (name, text) in &pages {
            fs::write(folder.join(name), text).expect("it can be written");
        }
    }
    let there: BTreeMap<String, String> = fs::read_dir(&folder)
        .expect("docs/rules is there")
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_str().expect("UTF-8").to_owned();
            (name, fs::read_to_string(path).expect("a page"))
        })
        .collect();
    let differ: Vec<&String> = pages.iter().filter(|(name, text)| there.get(*name) != Some(text)).map(|(name, _)| name).collect();
    let extra: Vec<&String> = there.keys().filter(|name| !pages.contains_key(*name)).collect();
    assert!(differ.is_empty() && extra.is_empty(), "{FOLDER}: RICK_BLESS=1 cargo test writes anew {differ:?}, {extra:?} goes");
}

/// The policies of all packs.
fn packs(plugins: &Plugins) -> Policies {
    let texts = packs::ALL.iter().map(|pack| (From::Pack(pack.name), pack.path(), pack.text.to_owned()));
    let mut sink = Sink::default();
    let policies = Policies::read(texts.collect(), Arc::new(Shapes::of(plugins)), &mut Sources::default(), &mut sink);
    assert!(sink.is_empty(), "a pack cannot be read: {sink:?}");
    policies
}

fn pages(rules: &Rules<'_>) -> BTreeMap<String, String> {
    let mut index = "# Rules\n\nMade from the plugins; `rick explain CODE` shows the same. How to select, waive and keep them: \
                     [lint](../users/lint.md).\n\n| code | | name | finds |\n|---|---|---|---|\n"
        .to_owned();
    let mut pages = BTreeMap::new();
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
    for rule in rules.all().iter().filter(|rule| !rule.is_policy) {
        let _ = writeln!(index, "| [{0}]({0}.md) | {1} | {2} | {3} |", rule.code, rule.severity, rule.name, one_line(&rule.what));
        pages.insert(format!("{}.md", rule.code), format!("# {} {}\n\n{}", rule.code, rule.name, page::markdown(rule)));
    }
    index.push_str("\n## Policies of packs\n\nWhat [policies](../users/policies.md) a project uses, it says itself.\n\n| pack | code | | what must hold |\n|---|---|---|---|\n");
    let mut policies: Vec<_> = rules.all().into_iter().filter(|rule| rule.is_policy).collect();
    policies.sort_by(|left, right| (&left.plugin, &left.code).cmp(&(&right.plugin, &right.code)));
    for rule in policies {
        let pack = rule.plugin.trim_start_matches("pack ");
        let _ = writeln!(index, "| {pack} | [{0}]({0}.md) | {1} | {2} |", rule.code, rule.severity, one_line(&rule.what));
        pages.insert(format!("{}.md", rule.code), format!("# {}\n\n{}", rule.code, page::markdown(&rule)));
    }
    index.push_str("\n## rick's own\n\n| code | | finds |\n|---|---|---|\n");
    for own in own::ALL {
        let _ = writeln!(index, "| [{0}]({0}.md) | {1} | {2} |", own.code, own.severity, one_line(own.what));
        pages.insert(format!("{}.md", own.code), format!("# {}\n\n{}", own.code, page::own_markdown(own)));
    }
    pages.insert("README.md".to_owned(), index);
    pages
}

#[test]
fn explain_and_the_list_know_every_rule() {
    let project = Project::of(&[]);
    let listed: Value = serde_json::from_str(&project.rick(&["rules", "--format", "json"]).out).expect("JSON");
    let rules = listed["rules"].as_array().expect("rules");
    let table = project.rick(&["rules"]).out;
    assert_eq!(table.lines().count(), rules.len());
    for rule in rules {
        let code = rule["code"].as_str().expect("a code");
        assert!(table.contains(code));
        for key in ["name", "what", "why", "source"] {
            assert!(rule[key].as_str().is_some_and(|text| !text.is_empty()), "{code} has no {key}");
        }
    }
    let said = project.rick(&["explain", "QD010"]);
    assert_eq!(said.code, 0);
    assert!(said.out.contains("## Use instead") && said.out.starts_with("# QD010 image-not-pinned\n"), "{}", said.out);
    assert_eq!(project.rick(&["explain", "image-not-pinned"]).out, said.out);
    assert_eq!(project.rick(&["explain", "qd010"]).out, said.out);
    assert!(project.rick(&["explain", "conflict"]).out.contains("## What to do"));
    let unknown = project.rick(&["explain", "QD01O"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("there is no rule `QD01O`; did you mean `QD01"), "{}", unknown.err);
}

/// The page of a diagnostic in the project's own documentation is the one that `rick explain` shows.
#[test]
fn what_rick_itself_says_is_in_the_list() {
    let codes = fs::read_to_string(root().join("docs/reference/codes.md")).expect("the page");
    for own in own::ALL {
        assert!(codes.contains(&format!("`{}`", own.code)), "docs/reference/codes.md does not have `{}`", own.code);
    }
}
