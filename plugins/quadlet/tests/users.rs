//! Whom the parts' processes are, inside and on the machine.

mod common;

use common::{guide, has, play};
use serde_json::json;

#[test]
fn parts_with_other_users_have_other_namespaces() {
    let mut table = guide("5.4.2").table;
    table["containers"] = json!({
        "worker": { "exec": "myservice worker --name 'a b'", "env": { "LOG_LEVEL": "debug" } },
        "gotenberg": { "image": "docker.io/gotenberg/gotenberg:8.5", "user": 1001 },
        "tika": { "image": "docker.io/apache/tika:2.9.2.1" },
    });
    let mut play = guide("5.4.2");
    play.table = table;
    let outcome = play.run();
    assert_eq!(outcome.codes(), Vec::<&str>::new());

    let worker = outcome.file("myservice-worker.container");
    assert!(!worker.contains("UserNS="), "it has the pod's");
    for line in [
        "Description=myservice (worker)",
        "ContainerName=myservice-worker",
        "Exec=myservice worker --name \"a b\"",
        "Volume=/var/lib/myservice/data:/data",
        "Volume=/run/postgresql:/run/postgresql:ro",
        "Secret=myservice_secret_key,type=env,target=SECRET_KEY",
    ] {
        assert!(has(worker, line), "no {line} in {worker}");
    }
    assert!(
        has(outcome.file("myservice-worker.env"), "LOG_LEVEL=debug"),
        "what is said for it alone beats what is said in general"
    );
    assert!(has(outcome.file("myservice.env"), "LOG_LEVEL=info"));

    let gotenberg = outcome.file("myservice-gotenberg.container");
    for line in ["UserNS=keep-id:uid=1001,gid=1001", "User=1001", "Group=1001"] {
        assert!(has(gotenberg, line), "no {line} in {gotenberg}");
    }
    assert!(
        !gotenberg.contains("EnvironmentFile") && !gotenberg.contains("Secret") && !gotenberg.contains("Volume="),
        "another image"
    );
    let tika = outcome.file("myservice-tika.container");
    for line in ["UserNS=keep-id", "User=880", "Group=880"] {
        assert!(has(tika, line), "no {line} in {tika}");
    }
    assert_eq!(outcome.steps.iter().filter(|(key, _)| key.starts_with("pull:")).count(), 3);
    let waited =
        json!(["myservice.service", "myservice-gotenberg.service", "myservice-tika.service", "myservice-worker.service"]);
    assert_eq!(outcome.step("restart")["wait_for"], waited);
}

#[test]
fn an_image_that_starts_as_root_keeps_its_capabilities() {
    let service = json!({ "image": "ghcr.io/paperless-ngx/paperless-ngx:2.14", "user": { "uid": 1000, "gid": 1000, "starts_as_root": true } });
    let outcome = play(service, json!({ "secret_files": { "key": "myservice_key" } }), "5.4.2").run();
    let container = outcome.file(".container");
    for line in
        ["User=0", "Group=0", "Secret=myservice_key,type=mount,target=key,uid=1000,gid=1000,mode=0400", "NoNewPrivileges=true"]
    {
        assert!(has(container, line), "no {line} in {container}");
    }
    assert!(has(outcome.file(".pod"), "UserNS=keep-id:uid=1000,gid=1000"));
    assert!(!container.contains("DropCapability"));
    assert!(outcome.checks.iter().all(|check| check["kind"] != "container-identity"), "process 1 may stay root");
}

#[test]
fn an_image_that_is_root_is_the_service_user_on_the_machine() {
    let outcome =
        play(json!({ "image": "ghcr.io/acme/x:1", "user": { "uid": 0, "gid": 0 }, "port": 80 }), json!({}), "5.4.2").run();
    assert!(has(outcome.file(".pod"), "UserNS=keep-id:uid=0,gid=0"));
    assert!(has(outcome.file(".pod"), "PublishPort=127.0.0.1:18000:80"), "below 1024 rick hands out a number");
    assert!(has(outcome.file(".container"), "User=0"));
    assert!(!outcome.file(".container").contains("Sysctl"), "root may listen there");
}

#[test]
fn port_80_without_root() {
    let mut play = play(
        json!({ "image": "docker.io/library/nextcloud:30-apache", "user": { "uid": 33, "gid": 33 }, "port": 80 }),
        json!({}),
        "5.4.2",
    );
    assert!(has(play.run().file(".container"), "Sysctl=net.ipv4.ip_unprivileged_port_start=0"));
    play.table = json!({ "sysctl": { "net.ipv4.ip_unprivileged_port_start": 80 } });
    let container = play.run().file(".container").to_owned();
    assert_eq!(container.matches("Sysctl=").count(), 1, "what is stated stands: {container}");
}

#[test]
fn a_service_of_other_images_alone() {
    let outcome = play(
        json!({ "port": 8080 }),
        json!({ "containers": { "web": { "image": "ghcr.io/acme/web:1", "user": 101 } } }),
        "5.4.2",
    )
    .run();
    assert_eq!(outcome.codes(), Vec::<&str>::new());
    assert!(has(outcome.file(".pod"), "UserNS=keep-id:uid=101,gid=101"));
    assert!(has(outcome.file("myservice-web.container"), "User=101"));
}
