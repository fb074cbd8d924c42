//! The plugin as rick calls it, natively: no WebAssembly and no rick are needed.

use __crate__::__Type__;
use rick_plugin_sdk::glue::native;
use serde_json::{Value, json};

/// What a call about one service is given. `endpoints`: what `rick:endpoint@1` holds.
fn input(table: Value, endpoints: Value) -> Value {
    json!({
        "scope": "service",
        "service": { "name": "wiki", "machine": "web1", "port": 8080 },
        "machine": { "name": "web1", "versions": {} },
        "table": table,
        "settings": {},
        "facts": {},
        "claimed": {},
        "reads": { "rick:endpoint@1": endpoints },
    })
}

fn endpoint(key: &str, address: &str, port: u16, protocol: &str) -> Value {
    json!({
        "service": "wiki", "machine": "web1", "part": null, "key": key, "stated": false,
        "value": { "address": address, "port": port, "protocol": protocol },
    })
}

fn motd(table: Value, endpoints: Value) -> Option<String> {
    let (artifacts, _, problems) = native::render_service::<__Type__>(&input(table, endpoints));
    assert!(problems.is_empty());
    artifacts.first().map(|file| {
        assert_eq!(file.path(), "/etc/motd.d/rick-wiki");
        file.preview()
    })
}

#[test]
fn the_service_is_told_whom_to_ask() {
    let table = json!({ "contact": "admin@acme.dev", "motd": true });
    let (contributions, problems) = native::contribute::<__Type__>(&input(table, json!([])));
    assert!(problems.is_empty());
    let [one] = contributions.as_slice() else { panic!("one contribution") };
    assert_eq!((one.slot.as_str(), one.key.as_str()), ("rick:env@1", "ADMIN_EMAIL"));
    assert_eq!(one.value, r#"["admin@acme.dev"]"#);
}

#[test]
fn the_machine_tells_where_the_service_is() {
    let table = json!({ "contact": "admin@acme.dev", "motd": true });
    let web = endpoint("8080", "127.0.0.1", 8080, "http");
    let six = endpoint("8081", "::1", 8081, "http");
    let mail = endpoint("25", "127.0.0.1", 2525, "tcp");
    let expected = "wiki: http://127.0.0.1:8080, ask admin@acme.dev\n\
                    wiki: http://[::1]:8081, ask admin@acme.dev\n";
    assert_eq!(motd(table.clone(), json!([web, mail.clone(), six])).as_deref(), Some(expected));
    let expected = "wiki: ask admin@acme.dev\n";
    assert_eq!(motd(table, json!([mail])).as_deref(), Some(expected));
}

#[test]
fn the_machine_says_nothing_where_it_should_not() {
    assert_eq!(motd(json!({ "contact": "admin@acme.dev", "motd": false }), json!([])), None);
}

#[test]
fn an_address_that_is_an_example_is_found() {
    for (contact, expected) in [
        ("admin@example.org", 1),
        ("admin@mail.Example.com", 1),
        ("admin@acme.dev", 0),
        ("admin@counterexample.org", 0),
    ] {
        let table = json!({ "contact": contact, "motd": true });
        let found = native::check_service::<__Type__>(&input(table, json!([])));
        assert_eq!(found.len(), expected, "{contact}");
        assert!(found.iter().all(|one| one.code == "__NAME__001"));
    }
}
