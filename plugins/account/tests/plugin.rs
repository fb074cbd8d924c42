//! The plugin as rick calls it, natively: what no manifest can show, since it takes another plugin.

use rick_plugin_account::Account;
use rick_plugin_sdk::glue::native;
use rick_plugin_sdk::slots::{Directory, Group, Identity, Slot, SystemUnit};
use serde_json::{Value, json};

fn of_service(group: &str, unit: &str, directory: &str, owner: &str) -> Value {
    let read = |key: &str, value: Value| json!([{ "service": "shop", "machine": "web1", "part": null, "key": key, "value": value, "stated": false }]);
    let identity = json!({
        "user": "shop", "uid": 800, "group": "shop", "gid": 800, "home": "/var/lib/shop", "subordinate_first": 10_000_000, "subordinate_count": 65_536,
    });
    json!({
        "scope": "service",
        "service": { "name": "shop", "machine": "web1" },
        "machine": { "name": "web1", "versions": {} },
        "table": {}, "settings": { "home_base": "/var/lib" }, "facts": {},
        "claimed": { "account:uid": { "uid": 800 }, "account:subordinate": { "first": 10_000_000 } },
        "reads": {
            Identity::NAME: read("", identity),
            Group::NAME: read(group, json!({})),
            SystemUnit::NAME: read(unit, json!({})),
            Directory::NAME: read(directory, json!({ "mode": "0750", "owner": owner })),
        },
    })
}

#[test]
fn what_others_ask_for_comes_into_no_file_that_has_no_words_for_it() {
    let (files, entries, problems) =
        native::render_service::<Account>(&of_service("media", "postgresql.service", "/srv/my data", "media"));
    assert!(problems.is_empty(), "{problems:?}");
    let text: String = files.iter().map(rick_plugin_sdk::Artifact::preview).collect();
    for line in ["m shop media\n", "After=postgresql.service\n", "d \"/srv/my data\" 0750 media shop -\n"] {
        assert!(text.contains(line), "{text}");
    }
    assert!(entries.iter().any(|entry| entry.key == "directory:/srv/my data"));

    let other = of_service("media\nu toor 0", "a.service\n[Service]", "/srv\nd /etc 0777", "media");
    let (files, entries, problems) = native::render_service::<Account>(&other);
    assert!(problems.len() == 3 && problems.iter().all(|problem| problem.code == "SY010"), "{problems:?}");
    assert_eq!(problems[0].message, r"`media\nu toor 0` is no name of a group");
    let text: String = files.iter().map(rick_plugin_sdk::Artifact::preview).collect();
    assert!(!text.contains("toor") && !text.contains("[Service]") && !text.contains("0777"), "{text}");
    assert!(entries.iter().all(|entry| !entry.value.contains("toor") && !entry.key.contains("0777")));

    for (directory, owner) in [("data", "media"), ("/srv/data", "two words"), ("/srv/data", "")] {
        let (_, _, problems) = native::render_service::<Account>(&of_service("media", "a.service", directory, owner));
        assert_eq!(problems.iter().map(|problem| problem.code.as_str()).collect::<Vec<_>>(), ["SY010"], "{directory} {owner}");
    }
}
