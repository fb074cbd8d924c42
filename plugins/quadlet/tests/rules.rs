//! What is refused, and with which words.

mod common;

use common::{Play, guide, play};
use serde_json::{Value, json};

fn with(table: Value) -> Play {
    play(json!({ "image": "ghcr.io/acme/x:1", "port": 8080 }), table, "5.4.2")
}

#[track_caller]
fn says(play: &Play, code: &str, message: &str) {
    let outcome = play.run();
    assert!(outcome.messages(code).contains(&message), "{code}: {:?}", outcome.problems);
}

#[test]
fn keys_as_they_stand() {
    says(
        &with(json!({ "keys": { "Hostname": "x" } })),
        "QD001",
        "`Hostname` is no key of [Container]; the unit would be dropped",
    );
    let problem = with(json!({ "keys": { "Timezon": "x" } })).run().problems.remove(0);
    assert_eq!(problem.help.as_deref(), Some("did you mean `Timezone`?"));
    says(
        &with(json!({ "keys": { "ReloadSignal": "SIGHUP" } })),
        "QD002",
        "podman 5.4.2 does not know `ReloadSignal`, which came with 5.5",
    );
    says(&with(json!({ "keys": { "UserNS": "host" } })), "QD053", "`UserNS` has a field of its own");
    says(&with(json!({ "keys": { "Network": "host" } })), "QD053", "`Network` is the pod's: its containers share one network");
    says(
        &with(json!({ "keys": { "ServiceName": "x" } })),
        "QD053",
        "`ServiceName` is rick's own: its steps and checks depend on it",
    );
    says(
        &with(json!({ "keys": { "Timezone": "x\nPodmanArgs=--privileged" } })),
        "QD055",
        "the value of `Timezone` holds a line break",
    );
    says(
        &with(json!({ "user_namespace": "host\\" })),
        "QD055",
        "the value of `UserNS` ends in a backslash, which would join it with the next line",
    );
}

#[test]
fn a_line_that_does_not_fit_is_not_written() {
    let outcome = with(json!({ "tmpfs": ["/tmp\nPodmanArgs=--privileged"], "env": { "A": "b\nC=d" } })).run();
    assert_eq!(outcome.codes(), ["QD030", "QD055"]);
    assert!(outcome.files.iter().all(|(_, text)| !text.contains("privileged") && !text.contains("C=d")));
}

#[test]
fn images() {
    let of = |image: &str| play(json!({ "image": image }), json!({}), "5.4.2");
    says(&of("myservice:1"), "QD009", "`myservice:1` does not say from which registry");
    says(&of("acme/myservice:1"), "QD009", "`acme/myservice:1` does not say from which registry");
    says(&of("ghcr.io/acme/x:latest"), "QD010", "`ghcr.io/acme/x:latest` is whatever is newest when it is pulled");
    says(&of("localhost:5000/x"), "QD010", "`localhost:5000/x` has no tag, which means `latest`");
    assert!(of("ghcr.io/acme/x@sha256:00").run().problems.is_empty());
    assert!(
        play(json!({ "image": "ghcr.io/acme/x:latest" }), json!({ "keys": { "AutoUpdate": "registry" } }), "5.4.2")
            .run()
            .problems
            .is_empty()
    );
    says(
        &play(json!({}), json!({ "containers": { "a": {}, "b": { "image": "ghcr.io/b/b:1" } } }), "5.4.2"),
        "QD005",
        "`a` has no image, and neither has the service",
    );
}

#[test]
fn a_namespace_in_which_the_process_is_somebody_else() {
    let mut play = guide("5.4.2");
    for (namespace, fine) in [
        ("host", false),
        ("auto", false),
        ("keep-id", false),
        ("keep-id:uid=1000,gid=1000", true),
        ("keep-id:gid=1000,uid=7", false),
    ] {
        play.table = json!({ "user_namespace": namespace });
        let outcome = play.run();
        assert_eq!(outcome.codes().is_empty(), fine, "{namespace}: {:?}", outcome.problems);
        if !fine {
            let message = format!("in `{namespace}` the process of `app` is not `myservice` on the machine, which it must be");
            assert_eq!(outcome.messages("QD015"), [message]);
            assert_eq!(outcome.problems[0].notes.len(), 1);
        }
    }
    play.service.as_object_mut().expect("a table").remove("user");
    play.table = json!({ "user_namespace": "host" });
    says(&play, "QD015", "in `host` the process of `app` is whoever its image says, and it must be `myservice` on the machine");
}

#[test]
fn variables() {
    says(
        &with(json!({ "env": { "A": "x\ny" } })),
        "QD030",
        "the value of `A` holds a line break; a variable's value is one line",
    );
    says(
        &with(json!({ "env": { "APP_*": "x" } })),
        "QD029",
        "the variable `APP_*` ends in `*`, which stands for every variable of the machine that begins so",
    );
    assert!(with(json!({ "env": { "A": { "secret": "n" }, "B": "\"quoted\" # not a comment" } })).run().problems.is_empty());
}

#[test]
fn commands() {
    says(&with(json!({ "exec": "serve 'x" })), "QD052", "a quote in `exec` has no partner");
    let message = "an empty argument in `exec`: podman's generator drops it and everything after it";
    says(&with(json!({ "exec": ["serve", "", "x"] })), "QD052", message);
    says(&with(json!({ "exec": "# nothing" })), "QD052", "nothing is said in `exec`");
    says(&with(json!({ "health": { "command": ["CMD"] } })), "QD052", "`health.command` names no program");
    let of_job = |command: Value| with(json!({ "jobs": [{ "name": "cron", "command": command, "every": "5m" }] }));
    says(&of_job(json!(["", "x"])), "QD052", "`command` names no program");
    says(&of_job(json!(["x", "a\0b"])), "QD052", "a NUL in `command`: no argument of a process can hold one");
    assert!(with(json!({ "entrypoint": [], "exec": ["serve"] })).run().problems.is_empty());
    says(
        &with(json!({ "notify": "healthy" })),
        "QD041",
        "`app` counts as started when it is healthy, but nothing asks whether it is",
    );
}

#[test]
fn ports() {
    says(
        &with(json!({ "host_port": 80 })),
        "QD043",
        "a rootless container cannot open port 80 of the machine, only 1024 and above",
    );
    says(
        &with(json!({ "ports": [{ "port": 8080, "address": "127.0.0.1", "protocol": "tcp" }] })),
        "QD056",
        "port 8080 is said twice",
    );
    let none = play(json!({ "image": "ghcr.io/acme/x:1" }), json!({ "host_port": 8080 }), "5.4.2");
    says(&none, "QD056", "`host_port` is the service's port on the machine, and [service] has no `port`");
}

#[test]
fn parts() {
    let parts = |name: &str| {
        with(json!({ "volumes": [{ "name": "c", "path": "/c", "kind": "podman" }], "containers": { name: { "exec": "x" } } }))
    };
    says(&parts("pod"), "QD048", "the part `pod` would have the unit `myservice-pod.service`, which is the pod's");
    says(&parts("infra"), "QD048", "the part `infra` would have the container `myservice-infra`, which is the pod's own");
    says(&parts("app"), "QD048", "`app` is the name of the part that [quadlet] itself describes");
    let long = "w".repeat(31);
    says(&parts(&long), "QD048", &format!("`{long}` has 31 characters, and the name of a part at most 30"));
    says(&parts("A b"), "QD048", "`A b` is no name for a part: lower-case letters, digits and `-`, a letter first");
    says(
        &parts("c-volume"),
        "QD048",
        "the part `c-volume` would have the unit `myservice-c-volume.service`, which is that of the volume `c`",
    );
    assert!(parts("worker").run().problems.is_empty());

    let mut unknown = guide("5.4.2");
    unknown.others.push(("rick:env@1", Some("wroker"), "X", json!(["1"])));
    says(&unknown, "QD047", "the variable `X` is for the part `wroker`, which the service does not have");
    let mut nobody = play(json!({}), json!({ "containers": { "a": { "image": "ghcr.io/a/a:1" } } }), "5.4.2");
    nobody.others.push(("quadlet:identity@1", None, "", json!({ "as": "service-user" })));
    says(&nobody, "QD047", "an identity is for the parts that run the service's own image, and there are none");
}

#[test]
fn versions() {
    let mut old = guide("4.9.3");
    old.table["containers"] = json!({ "worker": { "exec": "work" } });
    says(&old, "QD049", "2 parts share one pod; podman 4.9.3 has none before 5.0");
    let mut keys = guide("4.9.3");
    keys.table["pod_keys"] = json!({ "Network": "pasta" });
    says(&keys, "QD049", "`pod_keys` would be nowhere: podman 4.9.3 has no pods before 5.0");
    old.podman = None;
    says(&old, "QD051", "which podman `web1` has is not said");
    old.podman = Some("4.3.1".to_owned());
    says(&old, "QD051", "podman 4.3.1 has no Quadlet, which came with 4.4");
    old.podman = Some("latest".to_owned());
    says(&old, "QD051", "`latest` is no version of podman");
    let healthy = json!({ "notify": "healthy", "health": { "command": "true" } });
    says(
        &play(json!({ "image": "ghcr.io/acme/x:1" }), healthy, "4.9.3"),
        "QD002",
        "podman 4.9.3 does not know `notify = \"healthy\"`, which came with 5.0",
    );
}

#[test]
fn users_and_volumes() {
    let user = play(json!({ "image": "ghcr.io/acme/x:1", "user": { "uid": 100_000, "gid": 0 } }), json!({}), "5.4.2");
    says(&user, "QD050", "100000 is not among the ids that a container of the service has, which are 0 to 65535");
    let volume = |volume: Value| with(json!({ "volumes": [volume] }));
    says(&volume(json!({ "path": "/x" })), "QD054", "a volume has neither `name` nor `source`");
    says(
        &volume(json!({ "path": "/x", "name": "x", "source": "/x" })),
        "QD054",
        "a volume has both `name` and `source`; one of them is said",
    );
    says(
        &volume(json!({ "path": "/x", "source": "/x", "mode": "0700" })),
        "QD054",
        "`mode` and `owner` are for a folder in the service's home",
    );
    says(
        &volume(json!({ "path": "/x", "source": "/x", "kind": "podman" })),
        "QD054",
        "this is a path of the machine, and `kind` says otherwise",
    );
}

#[test]
fn every_rule_has_a_page_and_its_own_code() {
    use rick_plugin_sdk::Plugin;
    let descriptor: rick_plugin_sdk::bindings::exports::rick::plugin::meta::Descriptor =
        rick_plugin_quadlet::Quadlet::describe().into();
    let codes: Vec<&str> = descriptor.rules.iter().map(|rule| rule.code.as_str()).collect();
    let mut sorted = codes.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(codes, sorted);
    let schema: Value = serde_json::from_str(&descriptor.table_schema).expect("JSON");
    assert_eq!(schema["additionalProperties"], json!(false));
    assert_eq!(schema["properties"]["containers"]["additionalProperties"]["additionalProperties"], json!(false));
    assert!(schema["properties"]["exec"].is_object() && schema["properties"]["host_port"].is_object());
}
