//! What a service's files look like, by podman and by whom its image runs as.

mod common;

use common::{guide, has, play};
use serde_json::json;

#[test]
fn the_guides_service_on_podman_5_4_2() {
    let outcome = guide("5.4.2").run();
    assert_eq!(outcome.codes(), Vec::<&str>::new());
    assert_eq!(
        outcome.file("myservice.pod"),
        "\
# the service myservice; written by rick, change its manifest instead
[Unit]
Description=myservice (pod)
StartLimitIntervalSec=0
After=dbus.service

[Pod]
PodName=myservice
UserNS=keep-id:uid=1000,gid=1000
PodmanArgs=--exit-policy=continue
PublishPort=127.0.0.1:8080:8080

[Service]
RestartSec=5
TimeoutStartSec=900

[Install]
WantedBy=default.target
"
    );
    assert_eq!(
        outcome.file("myservice.container"),
        "\
# the service myservice; written by rick, change its manifest instead
[Unit]
Description=myservice
StartLimitIntervalSec=0
After=dbus.service

[Container]
ContainerName=myservice
Image=ghcr.io/acme/myservice:1.4.2
Pod=myservice.pod
User=1000
Group=1000
EnvironmentFile=/etc/rick/myservice/myservice.env
Secret=myservice_secret_key,type=env,target=SECRET_KEY
Volume=/run/postgresql:/run/postgresql:ro
Volume=/run/valkey:/run/valkey:ro
Volume=/var/lib/myservice/data:/data
Volume=/var/lib/myservice/logs:/logs
NoNewPrivileges=true
DropCapability=all
LogDriver=journald

[Service]
Restart=always
RestartSec=5
TimeoutStartSec=900
"
    );
    assert_eq!(
        outcome.file("myservice.env"),
        "\
CACHE_URL=unix://myservice:«myservice_valkey_password percent env-line»@/run/valkey/valkey.sock?db=0
DATABASE_URL=postgresql://myservice@/myservice?host=/run/postgresql
LOG_LEVEL=info
WORKERS=2
"
    );
    assert_eq!(outcome.claims, [("quadlet:port".to_owned(), "8080".to_owned(), Some(json!(8080)))]);
    let keys: Vec<&str> = outcome.steps.iter().map(|(key, _)| key.as_str()).collect();
    let (asked, keys) = keys.split_at(2);
    assert_eq!(asked, ["version", "port:8080"]);
    assert_eq!(keys, ["secret:myservice_secret_key", "units", "pull:ghcr.io/acme/myservice:1.4.2", "restart", "restart:app"]);
    assert_eq!(outcome.step("units")["units"], json!(["myservice-pod.service", "myservice.service"]));
    assert_eq!(outcome.step("restart")["unit"], "myservice-pod.service");
    assert_eq!(outcome.step("restart")["wait_for"], json!(["myservice.service"]));
    assert_eq!(outcome.step("restart")["changed"], json!(["/etc/containers/systemd/users/880/myservice.pod"]));
    assert_eq!(
        outcome.step("restart:app")["changed"],
        json!(["/etc/containers/systemd/users/880/myservice.container", "/etc/rick/myservice/myservice.env"])
    );
    let kinds: Vec<&str> = outcome.checks.iter().filter_map(|check| check["kind"].as_str()).collect();
    let of_sockets = ["mount", "url", "mount", "url"];
    assert_eq!(kinds, [&["user-unit", "user-unit", "container-identity"][..], &of_sockets, &["listening"]].concat());
}

#[test]
fn what_others_are_told() {
    let outcome = guide("5.4.2").run();
    let told: Vec<String> = outcome
        .contributions
        .iter()
        .map(|told| format!("{} {} {} {}", told.slot, told.key, told.value, if told.stated { "stated" } else { "derived" }))
        .collect();
    assert_eq!(
        told,
        [
            r#"rick:directory@1 /etc/rick/myservice {"mode":"0750","owner":"root"} derived"#,
            "rick:system-unit@1 network-online.target {} derived",
            r#"rick:endpoint@1 8080 {"address":"127.0.0.1","port":8080,"protocol":"http"} derived"#,
            r#"rick:env@1 LOG_LEVEL ["info"] stated"#,
            "rick:secret@1 myservice_secret_key {} derived",
            r#"rick:env@1 SECRET_KEY [{"secret":"myservice_secret_key"}] stated"#,
            r#"rick:env@1 WORKERS ["2"] stated"#,
            r#"rick:directory@1 /var/lib/myservice/data {"mode":"0700"} derived"#,
            r#"rick:volume@1 data {"kind":"directory","source":"/var/lib/myservice/data","path":"/data","read_only":false} stated"#,
            r#"rick:directory@1 /var/lib/myservice/logs {"mode":"0700"} derived"#,
            r#"rick:volume@1 logs {"kind":"directory","source":"/var/lib/myservice/logs","path":"/logs","read_only":false} stated"#,
        ]
    );
}

#[test]
fn an_exit_policy_of_its_own_from_5_6_on() {
    let outcome = guide("5.8.2").run();
    assert!(has(outcome.file(".pod"), "ExitPolicy=continue"));
    assert!(!outcome.file(".pod").contains("PodmanArgs"));
    let of = |podman| guide(podman).run().models;
    assert_eq!(of("5.8.2"), of("5.0.0"), "policies see the same, whichever way it is written");
}

#[test]
fn podman_5_0_is_told_of_the_namespace_by_an_option() {
    let outcome = guide("5.0.3").run();
    assert!(has(outcome.file(".pod"), "PodmanArgs=--userns=keep-id:uid=1000,gid=1000"));
    assert!(!outcome.file(".pod").contains("UserNS"));
}

#[test]
fn podman_4_9_has_no_pod_and_one_part_needs_none() {
    let outcome = guide("4.9.3").run();
    assert_eq!(outcome.codes(), Vec::<&str>::new());
    assert!(!outcome.paths().iter().any(|path| path.ends_with(".pod")));
    let container = outcome.file("myservice.container");
    for line in
        ["PublishPort=127.0.0.1:8080:8080", "UserNS=keep-id:uid=1000,gid=1000", "WantedBy=default.target", "Restart=always"]
    {
        assert!(has(container, line), "no {line} in {container}");
    }
    assert!(!container.contains("Pod="));
    assert_eq!(outcome.step("units")["units"], json!(["myservice.service"]));
    assert!(outcome.steps.iter().all(|(key, _)| key != "restart"));
}

#[test]
fn podman_4_4_is_told_by_options_what_it_has_no_keys_for() {
    let container = guide("4.4.1").run().file("myservice.container").to_owned();
    for line in [
        "PodmanArgs=--userns=keep-id:uid=1000,gid=1000",
        "PodmanArgs=--secret=myservice_secret_key,type=env,target=SECRET_KEY",
        "PodmanArgs=--log-driver=journald",
        "User=1000",
        "Group=1000",
    ] {
        assert!(has(&container, line), "no {line} in {container}");
    }
}

#[test]
fn further_ports() {
    let table = json!({ "host_port": "auto", "ports": [
        { "port": 2222, "address": "0.0.0.0", "protocol": "tcp" },
        { "port": 53, "host_port": 5353, "address": "::", "protocol": "udp" },
        { "port": 53, "host_port": 5353, "address": "127.0.0.1", "protocol": "tcp" },
    ] });
    let outcome = play(json!({ "image": "ghcr.io/acme/x:1", "port": 3000 }), table, "5.4.2").run();
    assert_eq!(outcome.codes(), Vec::<&str>::new());
    for line in [
        "PublishPort=127.0.0.1:18000:3000",
        "PublishPort=0.0.0.0:2222:2222",
        "PublishPort=[::]:5353:53/udp",
        "PublishPort=127.0.0.1:5353:53",
    ] {
        assert!(has(outcome.file(".pod"), line), "no {line}");
    }
}

#[test]
fn everything_that_can_be_said_of_a_part() {
    let table = json!({
        "entrypoint": ["/init"], "exec": ["serve", "100%", "$HOME", "it's \"so\""],
        "health": { "command": "curl -fsS \"http://localhost:8080/\"", "interval": "30s", "timeout": "5s", "retries": 3, "start_period": "1m" },
        "notify": "healthy", "memory": "1g", "shm_size": "256m", "pids_limit": 200, "read_only": true, "init": true,
        "capabilities": ["NET_BIND_SERVICE"], "stop_timeout": 120, "tmpfs": ["/tmp:size=64m"], "keep_groups": true,
        "keys": { "Timezone": "local", "Ulimit": ["nofile=1024:2048", "nproc=10"], "AppArmor": "my profile" },
        "pod_keys": { "Network": "pasta:--map-gw" },
        "volumes": ["/srv/media:/media:ro", { "name": "cache", "path": "/cache", "kind": "podman" }],
        "containers": { "helper": { "image": "ghcr.io/acme/helper:1", "shm_size": "1g" } },
    });
    let mut play = play(json!({ "image": "ghcr.io/acme/x:1", "description": "100% mine\n$so" }), table, "5.4.2");
    play.facts = json!({ "selinux": true });
    play.others.push((
        "rick:mount@1",
        Some("app"),
        "/run/postgresql",
        json!({ "source": "/run/postgresql", "read_only": true, "kind": "socket-directory" }),
    ));
    play.others.push((
        "rick:mount@1",
        Some("app"),
        "/etc/app.toml",
        json!({ "source": "/etc/rick/myservice/app.toml", "kind": "file" }),
    ));
    let outcome = play.run();
    assert_eq!(outcome.codes(), Vec::<&str>::new());
    let container = outcome.file("myservice.container");
    for line in [
        "Description=100%% mine $so",
        "Entrypoint=[\"/init\"]",
        "Exec=serve 100%% $$HOME \"it's \\\"so\\\"\"",
        r#"HealthCmd=["curl -fsS \"http://localhost:8080/\""]"#,
        "HealthInterval=30s",
        "HealthRetries=3",
        "Notify=healthy",
        "PodmanArgs=--memory=1g",
        "PidsLimit=200",
        "ReadOnly=true",
        "RunInit=true",
        "AddCapability=NET_BIND_SERVICE",
        "StopTimeout=120",
        "TimeoutStopSec=150",
        "Tmpfs=/tmp:size=64m",
        "GroupAdd=keep-groups",
        "SecurityLabelDisable=true",
        "Timezone=local",
        "Ulimit=nofile=1024:2048",
        "Ulimit=nproc=10",
        "PodmanArgs=\"--security-opt=apparmor=my profile\"",
        "Volume=/srv/media:/media:ro",
        "Volume=myservice-cache.volume:/cache",
        "Volume=/etc/rick/myservice/app.toml:/etc/app.toml:ro",
    ] {
        assert!(has(container, line), "no {line} in {container}");
    }
    assert!(!container.contains("ShmSize"), "the parts of a pod share the pod's");
    assert!(has(outcome.file(".pod"), "ShmSize=1g"), "the most that one of them asks for");
    assert!(has(outcome.file(".pod"), "Network=pasta:--map-gw"));
    assert!(has(outcome.file("myservice-cache.volume"), "VolumeName=myservice-cache"));
    assert!(outcome.step("units")["units"].as_array().expect("a list").contains(&json!("myservice-cache-volume.service")));
    assert!(outcome.step("restart:app")["changed"].as_array().expect("a list").contains(&json!("/etc/rick/myservice/app.toml")));
}

#[test]
fn what_the_user_states_at_a_path_beats_what_others_mount_there() {
    let mut play = guide("5.4.2");
    play.table = json!({ "volumes": ["/run/other:/run/postgresql"] });
    let outcome = play.run();
    assert!(has(outcome.file(".container"), "Volume=/run/other:/run/postgresql"));
    assert!(!outcome.file(".container").contains("Volume=/run/postgresql"));
}

#[test]
fn a_service_without_containers_has_nothing() {
    let mut play = play(json!({ "port": 8080 }), json!({}), "5.4.2");
    play.podman = None;
    let outcome = play.run();
    assert!(
        outcome.files.is_empty() && outcome.steps.is_empty() && outcome.contributions.is_empty() && outcome.claims.is_empty()
    );
    assert_eq!(outcome.codes(), Vec::<&str>::new());
}

#[test]
fn a_job_gives_its_command_just_its_words() {
    let job = json!({ "name": "cron", "command": ["find", "-exec", "rm", "{}", ";", "100%"], "every": "5m" });
    let outcome = play(json!({ "image": "ghcr.io/acme/x:1" }), json!({ "jobs": [job] }), "5.4.2").run();
    // Without its quotes, what follows the `;` would be a command of its own.
    let line = "ExecStart=/usr/bin/podman exec myservice find -exec rm {} \";\" 100%%";
    assert!(has(outcome.file("rick-myservice.cron.service"), line), "{}", outcome.file("rick-myservice.cron.service"));
}
