//! podman's own generator judges what is rendered. `tests/oracles/install` puts it in place; without it these say so and pass.

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Outcome, guide, play};
use serde_json::json;

/// A generator: its path and the podman that it is of.
fn generators() -> Vec<(PathBuf, &'static str)> {
    let oracles = std::env::var_os("RICK_ORACLES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/oracles"), PathBuf::from);
    let known = [("bin/quadlet", "5.4.2"), ("bin/quadlet-sid", "5.8.6")];
    let found: Vec<_> =
        known.into_iter().map(|(path, podman)| (oracles.join(path), podman)).filter(|(path, _)| path.exists()).collect();
    if found.is_empty() {
        #[allow(clippy::print_stderr, reason = "a test that tests nothing must say so")]
        {
            eprintln!("SKIPPED: no generator in {}", oracles.display());
        }
    }
    found
}

/// The services that a generator makes of the units, by name; all of them must come out.
fn services(generator: &Path, outcome: &Outcome, name: &str) -> BTreeMap<String, String> {
    let folder = std::env::temp_dir().join(format!("rick-quadlet-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("writable");
    outcome.write(&folder);
    let output = Command::new(generator).args(["-dryrun", "-user"]).env("QUADLET_UNIT_DIRS", &folder).output().expect("it runs");
    std::fs::remove_dir_all(&folder).expect("writable");
    let errors = String::from_utf8_lossy(&output.stderr);
    let complaints: Vec<&str> = errors.lines().filter(|line| !line.contains("Loading source unit file")).collect();
    assert!(output.status.success() && complaints.is_empty(), "{complaints:#?}");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut services: BTreeMap<String, String> = BTreeMap::new();
    let mut current = None;
    for line in text.lines() {
        if let Some(service) = line.strip_prefix("---").and_then(|line| line.strip_suffix("---")) {
            current = Some(services.entry(service.to_owned()).or_default());
        } else if let Some(service) = &mut current {
            service.push_str(line);
            service.push('\n');
        }
    }
    let named = outcome.step("units")["units"].as_array().expect("a list").iter().filter_map(|unit| unit.as_str());
    for unit in named {
        assert!(services.contains_key(unit), "{unit} is not among {:?}", services.keys());
    }
    services
}

fn command(service: &str) -> String {
    service.lines().find(|line| line.starts_with("ExecStart=")).expect("a command").replace("\\x20", " ")
}

#[test]
fn the_guides_service() {
    for (generator, podman) in generators() {
        let mut service = guide(podman);
        service.table["containers"] =
            json!({ "worker": { "exec": "myservice worker" }, "tika": { "image": "docker.io/apache/tika:2.9.2.1" } });
        let services = services(&generator, &service.run(), &format!("guide-{podman}"));
        let app = command(&services["myservice.service"]);
        for option in [
            "--user 1000:1000",
            "--secret myservice_secret_key,type=env,target=SECRET_KEY",
            "--cap-drop all",
            "-v /run/valkey:/run/valkey:ro",
        ] {
            assert!(app.contains(option), "no {option} in {app}");
        }
        assert!(!app.contains("--userns"));
        let tika = command(&services["myservice-tika.service"]);
        assert!(tika.contains("--user 880:880") && tika.contains("--userns keep-id"), "{tika}");
        let pod = &services["myservice-pod.service"];
        assert!(pod.contains("--userns keep-id:uid=1000,gid=1000") && pod.contains("--publish 127.0.0.1:8080:8080"), "{pod}");
        let policy = pod.rfind("--exit-policy").expect("a policy");
        assert!(
            pod[policy..].starts_with("--exit-policy=continue") || pod[policy..].starts_with("--exit-policy continue"),
            "the last one counts: {pod}"
        );
    }
}

#[test]
fn every_form_that_can_be_rendered() {
    for (generator, podman) in generators() {
        let table = json!({
            "entrypoint": ["/init", "", "a b"], "exec": ["serve", "100%", "$HOME", "it's \"so\"", "back\\slash", "two\nlines", "é"],
            "health": { "command": "curl -fsS \"http://localhost:8080/\"", "interval": "30s", "timeout": "5s", "retries": 3, "start_period": "1m" },
            "notify": "healthy", "memory": "1g", "shm_size": "256m", "pids_limit": 200, "read_only": true, "init": true,
            "capabilities": ["NET_BIND_SERVICE"], "stop_timeout": 120, "tmpfs": ["/tmp:size=64m"], "keep_groups": true,
            "sysctl": { "net.ipv4.ping_group_range": "0 1000" }, "secret_files": { "key": "myservice_key" },
            "keys": { "Timezone": "local", "Ulimit": ["nofile=1024:2048"], "AppArmor": "my profile", "Label": "a=%%b", "HttpProxy": "false" },
            "pod_keys": { "Network": "pasta:--map-gw", "Label": "a=b" },
            "volumes": ["/srv/my media$1:/media 100%:ro", { "name": "cache", "path": "/cache", "kind": "podman" }],
        });
        let service =
            json!({ "image": "ghcr.io/acme/x:1", "port": 80, "user": { "uid": 33, "gid": 33 }, "description": "100% mine" });
        let outcome = play(service, table, podman).run();
        assert_eq!(outcome.codes(), Vec::<&str>::new());
        let services = services(&generator, &outcome, &format!("forms-{podman}"));
        let app = command(&services["myservice.service"]);
        for option in [
            r#"serve 100%% $$HOME "it's \"so\"" "back\\slash" "two\nlines" é"#,
            r#"--health-cmd "[\"curl -fsS \\\"http://localhost:8080/\\\"\"]""#,
            r#"-v "/srv/my media$$1:/media 100%%:ro""#,
            "-v myservice-cache:/cache",
            r#"--sysctl "net.ipv4.ping_group_range=0 1000""#,
            "--sysctl net.ipv4.ip_unprivileged_port_start=0",
            "--secret myservice_key,type=mount,target=key,uid=33,gid=33,mode=0400",
            "--sdnotify=healthy",
            "--group-add keep-groups",
            "--tmpfs /tmp:size=64m",
            "--label a=%%b",
            "--stop-timeout 120",
            "--pids-limit 200",
        ] {
            assert!(app.contains(option), "no {option} in {app}");
        }
        assert!(app.contains("--memory 1g") || app.contains("--memory=1g"), "{app}");
        assert!(app.contains(r#"[\"/init\",\"\",\"a b\"]"#), "{app}");
        assert!(services["myservice-pod.service"].contains("--shm-size 256m"));
        assert!(services["myservice.service"].contains("Description=100%% mine\n"));
    }
}

#[test]
fn one_part_without_a_pod() {
    for (generator, podman) in generators() {
        let outcome = guide("4.9.3").run();
        let services = services(&generator, &outcome, &format!("alone-{podman}"));
        let app = command(&services["myservice.service"]);
        assert!(app.contains("--publish 127.0.0.1:8080:8080") && app.contains("--userns keep-id:uid=1000,gid=1000"), "{app}");
    }
}
