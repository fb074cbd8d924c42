//! Plays a service through the plugin's calls as rick would: numbers are handed out, contributions become what is read.

#![allow(dead_code, reason = "each test binary uses its own part of it")]

use rick_plugin_quadlet::Quadlet;
use rick_plugin_sdk::glue::native;
use rick_plugin_sdk::slots;
use rick_plugin_sdk::{Artifact, Contribution, Diagnostic, Place, Slot};
use serde_json::{Map, Value, json};

/// A service on a machine, and what other plugins say of it.
#[derive(Clone)]
pub struct Play {
    pub service: Value,
    pub table: Value,
    pub podman: Option<String>,
    pub facts: Value,
    /// Slot, part, key, value.
    pub others: Vec<(&'static str, Option<&'static str>, &'static str, Value)>,
}

/// What came of it.
pub struct Outcome {
    pub contributions: Vec<Contribution>,
    pub problems: Vec<Diagnostic>,
    pub files: Vec<(String, String)>,
    pub artifacts: Vec<Artifact>,
    pub steps: Vec<(String, Value)>,
    pub checks: Vec<Value>,
    pub models: Vec<(String, Value)>,
    pub claims: Vec<(String, String, Option<Value>)>,
}

/// A service called `myservice`, with a table, on a podman.
pub fn play(service: Value, table: Value, podman: &str) -> Play {
    let mut whole = json!({ "name": "myservice", "machine": "web1" });
    if let (Some(whole), Value::Object(service)) = (whole.as_object_mut(), service) {
        whole.extend(service);
    }
    Play { service: whole, table, podman: Some(podman.to_owned()), facts: json!({ "selinux": false }), others: Vec::new() }
}

/// The guide's service: an image that runs as uid 1000, PostgreSQL and Valkey over their sockets.
pub fn guide(podman: &str) -> Play {
    let service = json!({
        "image": "ghcr.io/acme/myservice:1.4.2", "user": { "uid": 1000, "gid": 1000 }, "domain": "myservice.example.org", "port": 8080,
    });
    let table = json!({
        "volumes": ["data:/data", "logs:/logs"],
        "env": { "LOG_LEVEL": "info", "WORKERS": 2, "SECRET_KEY": { "secret": "myservice_secret_key" } },
    });
    let mut play = play(service, table, podman);
    play.others = vec![
        (
            "rick:env@1",
            None,
            "CACHE_URL",
            json!(["unix://myservice:", { "secret": "myservice_valkey_password", "encode": ["percent"] }, "@/run/valkey/valkey.sock?db=0"]),
        ),
        ("rick:env@1", None, "DATABASE_URL", json!(["postgresql://myservice@/myservice?host=/run/postgresql"])),
        (
            "rick:mount@1",
            None,
            "/run/postgresql",
            json!({ "source": "/run/postgresql", "read_only": true, "kind": "socket-directory" }),
        ),
        ("rick:mount@1", None, "/run/valkey", json!({ "source": "/run/valkey", "read_only": true, "kind": "socket-directory" })),
        ("quadlet:identity@1", None, "", json!({ "as": "service-user" })),
    ];
    play
}

impl Play {
    fn input(&self) -> Value {
        let versions = self.podman.as_ref().map_or(json!({}), |podman| json!({ "podman": podman }));
        json!({
            "scope": "service", "service": self.service, "table": self.table, "machine": { "name": "web1", "versions": versions },
            "settings": { "start_timeout": 900, "restart_delay": 5 }, "facts": self.facts,
        })
    }

    /// All calls, one after the other. A problem in the checks does not keep it from rendering.
    pub fn run(&self) -> Outcome {
        let mut input = self.input();
        let (claims, mut problems) = native::claim::<Quadlet>(&input);
        let mut held: Map<String, Value> = Map::new();
        let mut next = 18_000;
        let mut claimed = Vec::new();
        for claim in claims {
            let want = claim.want.map(|want| serde_json::from_str::<Value>(&want).expect("JSON"));
            let number = want.clone().unwrap_or_else(|| {
                next += 1;
                json!(next - 1)
            });
            held.entry(claim.pool.clone()).or_insert_with(|| json!({}))[&claim.key] = number;
            claimed.push((claim.pool, claim.key, want));
        }
        input["claimed"] = Value::Object(held);
        let identity = json!({
            "user": "myservice", "uid": 880, "group": "myservice", "gid": 880, "home": "/var/lib/myservice",
            "subordinate_first": 10_000_000, "subordinate_count": 65536,
        });
        input["reads"] = json!({ slots::Identity::NAME: [read(None, "", &identity)] });

        let (contributions, found) = native::contribute::<Quadlet>(&input);
        problems.extend(found);
        let slots = ["rick:env@1", "rick:mount@1", "rick:volume@1", "quadlet:identity@1"];
        for slot in slots {
            let own = contributions.iter().filter(|contribution| contribution.slot == slot);
            let own = own.map(|own| read(own.target.part.as_deref(), &own.key, &serde_json::from_str(&own.value).expect("JSON")));
            let others =
                self.others.iter().filter(|(other, ..)| *other == slot).map(|(_, part, key, value)| read(*part, key, value));
            let mut all: Vec<Value> = others.chain(own).collect();
            all.sort_by_key(|entry| (entry["key"].to_string(), entry["part"].to_string()));
            input["reads"][slot] = Value::Array(all);
        }
        problems.extend(native::check_service::<Quadlet>(&input));
        for problem in &problems {
            assert_place(&input, &problem.at);
        }
        let (artifacts, further, found) = native::render_service::<Quadlet>(&input);
        problems.extend(found);

        let parsed = |slot: &str| -> Vec<(String, Value)> {
            let of_slot = further.iter().filter(|contribution| contribution.slot == slot);
            of_slot.map(|found| (found.key.clone(), serde_json::from_str(&found.value).expect("JSON"))).collect()
        };
        Outcome {
            files: artifacts.iter().map(|artifact| (artifact.path().to_owned(), artifact.preview())).collect(),
            steps: parsed("rick:step@1"),
            checks: parsed("rick:check@1").into_iter().map(|(_, check)| check).collect(),
            models: parsed("rick:model@1"),
            contributions,
            problems,
            artifacts,
            claims: claimed,
        }
    }
}

fn read(part: Option<&str>, key: &str, value: &Value) -> Value {
    json!({ "service": "myservice", "machine": "web1", "part": part, "key": key, "value": value, "stated": false })
}

/// A problem must be placed at something that is there, or at the nearest that could be.
fn assert_place(input: &Value, place: &Place) {
    let (Place::Value(pointer) | Place::Key(pointer)) = place else { return };
    let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
    assert!(input.pointer(pointer).or_else(|| input.pointer(parent)).is_some(), "nothing is at {pointer}");
}

impl Outcome {
    /// The file whose path ends so.
    pub fn file(&self, end: &str) -> &str {
        let found = self.files.iter().find(|(path, _)| path.ends_with(end));
        found.map_or_else(|| panic!("no {end} among {:?}", self.paths()), |(_, text)| text)
    }

    pub fn paths(&self) -> Vec<&str> {
        self.files.iter().map(|(path, _)| path.as_str()).collect()
    }

    pub fn codes(&self) -> Vec<&str> {
        self.problems.iter().map(|problem| problem.code.as_str()).collect()
    }

    /// All that is said with a code.
    pub fn messages(&self, code: &str) -> Vec<&str> {
        self.problems.iter().filter(|problem| problem.code == code).map(|problem| problem.message.as_str()).collect()
    }

    pub fn step(&self, key: &str) -> &Value {
        let found = self.steps.iter().find(|(found, _)| found == key);
        found.map_or_else(|| panic!("no step {key}"), |(_, step)| step)
    }

    /// Writes the units into a folder, for the generator.
    pub fn write(&self, folder: &std::path::Path) {
        for (path, text) in self.files.iter().filter(|(path, _)| !path.ends_with(".env")) {
            let name = path.rsplit('/').next().expect("a name");
            std::fs::write(folder.join(name), text).expect("writable");
        }
    }
}

/// Whether a file has this line.
pub fn has(text: &str, line: &str) -> bool {
    text.lines().any(|other| other == line)
}
