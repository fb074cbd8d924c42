//! The plugin as rick calls it, natively: what no project can show, since it takes another plugin.

use rick_plugin_caddy::Caddy;
use rick_plugin_sdk::glue::native;
use rick_plugin_sdk::slots::{Endpoint, Gate, Slot};
use serde_json::{Value, json};

fn of_service(gate: Value) -> Value {
    let read = |key: &str, value: Value| json!([{ "service": "shop", "machine": "web1", "part": null, "key": key, "value": value, "stated": false }]);
    json!({
        "scope": "service",
        "service": { "name": "shop", "machine": "web1", "domain": "shop.example.org", "port": 8080 },
        "machine": { "name": "web1", "versions": { "caddy": "2.11.7" } },
        "table": { "identity": { "Remote-User": "user" } },
        "settings": {}, "facts": { "unit": "caddy.service", "caddyfile": "/etc/caddy/Caddyfile", "seen_as": [] }, "claimed": {},
        "reads": {
            Endpoint::NAME: read("8080", json!({ "address": "127.0.0.1", "port": 8080, "protocol": "http" })),
            Gate::NAME: read("", gate),
        },
    })
}

fn gate(verify: Value) -> Value {
    json!({
        "kind": "forward-auth", "upstream": "127.0.0.1:4180", "callback": "/oauth2/", "verify": verify,
        "headers": { "user": "X-Auth-Request-User", "groups": "X-Auth-Request-Groups" }, "separator": ",", "require": ["a.b"],
    })
}

#[test]
fn a_gate_that_caddy_cannot_ask_is_refused() {
    let found = native::check_service::<Caddy>(&of_service(gate(json!({ "nginx": "/oauth2/auth" }))));
    assert_eq!(found.iter().map(|one| one.code.as_str()).collect::<Vec<_>>(), ["CA027"]);
    assert!(native::check_service::<Caddy>(&of_service(gate(json!({ "caddy": "/oauth2/auth" })))).is_empty());
}

/// Nothing in the plugin knows who stands at the gate.
#[test]
fn any_gate_will_do() {
    let (artifacts, _, _) = native::render_service::<Caddy>(&of_service(gate(json!({ "caddy": "/oauth2/auth" }))));
    let expected = r"# the service shop; written by rick, change its manifest instead
shop.example.org {
	route {
		request_header -Remote*
		request_header -X-Auth*
		request_header -X.Auth*
		request_header -X_Auth*
		reverse_proxy /oauth2/* 127.0.0.1:4180
		forward_auth 127.0.0.1:4180 {
			uri /oauth2/auth
			copy_headers X-Auth-Request-User>Remote-User X-Auth-Request-Groups
		}
		@nobody not header_regexp Remote-User `^[^{]`
		respond @nobody 403
		@denied not header_regexp X-Auth-Request-Groups `(?:^|,)(?:a\.b)(?:,|$)`
		respond @denied 403
		request_header -X-Auth-Request-Groups
		reverse_proxy 127.0.0.1:8080
	}
}
";
    assert_eq!(artifacts[0].preview(), expected);
}

#[test]
fn a_version_that_is_none_is_refused_and_not_asked_about() {
    let mut input = of_service(gate(json!({ "caddy": "/oauth2/auth" })));
    input["machine"]["versions"]["caddy"] = json!("newest");
    let found = native::check_service::<Caddy>(&input);
    assert_eq!(found.iter().map(|one| one.message.as_str()).collect::<Vec<_>>(), ["`newest` is no version of Caddy"]);
}
