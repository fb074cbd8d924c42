//! The plugin as rick calls it, natively.

use rick_plugin_backup::Backup;
use rick_plugin_sdk::glue::native;
use serde_json::{Value, json};

/// A call about the service `wiki`, with what other plugins contributed.
fn input(table: Value, settings: Value, databases: Value, volumes: Value) -> Value {
    let read = |key: &str, value: Value| json!({ "service": "wiki", "machine": "web1", "part": null, "key": key, "value": value, "stated": false });
    let reads = |entries: Value| {
        let entries = entries.as_object().expect("entries by key").clone();
        entries.into_iter().map(|(key, value)| read(&key, value)).collect::<Vec<Value>>()
    };
    let mut said = json!({ "exclude": [], "include": [] });
    let mut held = json!({ "password": "backup_password", "env": {}, "init": true, "schedule": "daily", "randomized_delay": "1h", "on_failure": [] });
    for (whole, part) in [(&mut said, table), (&mut held, settings)] {
        whole.as_object_mut().expect("a table").extend(part.as_object().expect("a table").clone());
    }
    json!({
        "scope": "service",
        "service": { "name": "wiki", "machine": "web1" },
        "machine": { "name": "web1", "versions": {} },
        "table": said,
        "settings": held,
        "facts": { "env": {}, "restic": "/usr/bin/restic", "postgresql_port": 5432, "postgresql_superuser": "postgres" },
        "claimed": {},
        "reads": {
            "rick:database@1": reads(databases),
            "rick:volume@1": reads(volumes),
            "rick:identity@1": [read("", json!({
                "user": "wiki", "uid": 800, "group": "wiki", "gid": 800, "home": "/var/lib/wiki",
                "subordinate_first": 10_000_000, "subordinate_count": 65_536,
            }))],
            "rick:system-unit@1": [],
        },
    })
}

fn database(authentication: &str) -> Value {
    json!({ "postgresql/wiki": { "engine": "postgresql", "database": "wiki", "role": "wiki", "authentication": authentication } })
}

fn folder(name: &str) -> Value {
    json!({ "kind": "directory", "source": format!("/var/lib/wiki/{name}"), "read_only": false })
}

fn there() -> Value {
    json!({ "repository": "sftp:backup@nas:/backup" })
}

fn file(input: &Value, end: &str) -> Option<String> {
    let (artifacts, _, problems) = native::render_service::<Backup>(input);
    assert!(problems.is_empty());
    artifacts.iter().find(|artifact| artifact.path().ends_with(end)).map(|artifact| artifact.preview())
}

fn command(input: &Value) -> String {
    let unit = file(input, ".service").expect("a service");
    let words: Vec<&str> =
        unit.lines().skip_while(|line| !line.starts_with("ExecStart=")).take_while(|line| !line.starts_with("Timeout")).collect();
    words.join("\n").replace(" \\\n   ", "")
}

fn codes(input: &Value) -> Vec<String> {
    native::check_service::<Backup>(input).into_iter().map(|found| found.code).collect()
}

#[test]
fn a_database_is_dumped_as_its_owner_by_peer_and_else_as_the_superuser() {
    let by = |authentication: &str| command(&input(json!({}), there(), database(authentication), json!({})));
    assert!(by("peer").contains(" --database wiki wiki wiki wiki /run/postgresql 5432 "), "{}", by("peer"));
    assert!(by("scram").contains(" --database wiki wiki postgres postgres /run/postgresql 5432 "));
}

#[test]
fn volumes_of_each_kind_are_kept_and_what_is_not_the_services_own_is_not() {
    let volumes = json!({
        "data": folder("data"),
        "cache": folder("cache"),
        "search": { "kind": "podman", "source": "wiki-search", "read_only": false },
        "/srv/uploads": { "kind": "machine", "source": "/srv/uploads", "read_only": false },
        "/srv/photos": { "kind": "machine", "source": "/srv/photos", "read_only": true },
        "/srv/books": { "kind": "machine", "source": "/srv/books", "read_only": true },
        "/run/podman": { "kind": "machine", "source": "/run/podman", "read_only": false },
    });
    let table = json!({ "exclude": ["cache", "data/a b"], "include": ["/srv/books"] });
    let input = input(table, there(), json!({}), volumes);
    assert_eq!(codes(&input), Vec::<String>::new());
    let expected = "ExecStart=/bin/bash /etc/rick/backup/run wiki web1 \
                    --volume /srv/books /srv/books --volume /srv/uploads /srv/uploads \
                    --volume data /var/lib/wiki/data --exclude \"/var/lib/wiki/data/a b\" \
                    --volume search /var/lib/wiki/.local/share/containers/storage/volumes/wiki-search/_data \
                    --keep --keep-daily 7 --keep-weekly 4 --keep-monthly 6";
    assert_eq!(command(&input), expected);
    let (contributions, _) = native::contribute::<Backup>(&input);
    let keys: Vec<&str> = contributions.iter().map(|one| one.key.as_str()).collect();
    assert_eq!(keys, ["backup_password", "volume//srv/books", "volume//srv/uploads", "volume/data", "volume/search"]);
}

#[test]
fn no_secret_may_be_made_at_random_and_none_is_shown() {
    let settings = json!({
        "repository": ["rest:https://me:", { "secret": "nas", "encode": ["percent"] }, "@nas/{service}"],
        "password": "{service}_backup_password",
        "env": { "AWS_SECRET_ACCESS_KEY": { "secret": "key" } },
    });
    let input = input(json!({}), settings, database("peer"), json!({}));
    let (contributions, _) = native::contribute::<Backup>(&input);
    let secrets = contributions.iter().filter(|one| one.slot == "rick:secret@1");
    let secrets: Vec<(&str, &str)> = secrets.map(|one| (one.key.as_str(), one.value.as_str())).collect();
    assert_eq!(secrets, [("wiki_backup_password", "{}"), ("nas", "{}"), ("key", "{}")]);
    let kept = contributions.iter().find(|one| one.slot == "rick:backup@1").expect("what is kept");
    assert!(kept.value.contains("rest:https://me:***@nas/wiki"), "{}", kept.value);
    let env = file(&input, ".env").expect("an environment");
    assert!(env.contains("RESTIC_REPOSITORY=\"rest:https://me:\"«nas percent env-line json-string»\"@nas/wiki\"\n"), "{env}");
    assert!(env.ends_with("RESTIC_PASSWORD=«wiki_backup_password env-line json-string»\n"), "{env}");
}

#[test]
fn a_repository_on_the_machine_needs_no_network_and_one_elsewhere_no_folder() {
    let unit = |repository: &str| {
        file(&input(json!({}), json!({ "repository": repository }), database("peer"), json!({})), ".service").expect("a service")
    };
    let local = unit("/mnt/disk/{machine}");
    for line in ["RequiresMountsFor=/mnt/disk/web1", "ReadWritePaths=-/mnt/disk/web1", "RestrictAddressFamilies=AF_UNIX"] {
        assert!(local.lines().any(|one| one == line), "{line}");
    }
    let remote = unit("s3:https://host/bucket");
    assert!(remote.contains("AF_INET6") && remote.contains("After=network-online.target") && !remote.contains("ReadWritePaths"));
}

#[test]
fn what_cannot_be_a_backup_is_found() {
    let data = || json!({ "data": folder("data") });
    let with =
        |table: Value, repository: Value| codes(&input(table, json!({ "repository": repository }), database("peer"), data()));
    assert_eq!(with(json!({}), json!("sftp:nas:/backup")), Vec::<String>::new());
    assert_eq!(with(json!({}), json!(null)), ["BK002"]);
    for unknown in ["backup", "./backup", "/mnt/disk/../backup", "ftp://nas/backup", "sftp:"] {
        assert_eq!(with(json!({}), json!(unknown)), ["BK002"], "{unknown}");
    }
    assert_eq!(with(json!({}), json!("/var/lib/wiki/data/./backup")), ["BK003", "BK004"]);
    assert_eq!(with(json!({}), json!("local:/var/lib//wiki/backup")), ["BK003", "BK004"]);
    assert_eq!(with(json!({}), json!("/var/lib")), ["BK003", "BK004"]);
    assert_eq!(with(json!({}), json!("/var/lib/wiki2")), ["BK004"]);
    assert_eq!(with(json!({}), json!("/mnt/disk")), Vec::<String>::new());
    assert_eq!(with(json!({}), json!("rest:https://me:pw@nas/")), ["BK005"]);
    assert_eq!(with(json!({}), json!("rest:https://me@nas/a:b@c")), Vec::<String>::new());
    assert_eq!(with(json!({ "schedule": "daily at 3" }), json!("sftp:nas:/b")), ["BK006"]);
    assert_eq!(with(json!({ "keep": {} }), json!("sftp:nas:/b")), ["BK007"]);
    assert_eq!(with(json!({ "exclude": ["dat", "data/", "postgresql/wiki"] }), json!("sftp:nas:/b")), ["BK008", "BK008"]);
    assert_eq!(with(json!({}), json!("sftp:nas:/b\n")), ["BK009"]);
    let other = json!({ "mariadb/wiki": { "engine": "mariadb", "database": "wiki", "role": "wiki" } });
    assert_eq!(codes(&input(json!({}), there(), other, data())), ["BK001"]);
    assert_eq!(codes(&input(json!({ "exclude": ["postgresql/wiki"] }), there(), database("peer"), json!({}))), ["BK001"]);
}

#[test]
fn the_timer_is_started_last_and_stopped_where_it_is_no_longer_built() {
    let (_, contributions, _) = native::render_service::<Backup>(&input(json!({}), there(), database("peer"), json!({})));
    let steps: Vec<Value> = contributions.iter().map(|one| serde_json::from_str(&one.value).expect("JSON")).collect();
    assert_eq!(steps[0]["kind"], "system-units-reload");
    let start = &steps[1];
    let found = ["kind", "phase", "unit", "action", "undo"].map(|member| start[member].as_str().expect("a text"));
    assert_eq!(found, ["system-unit", "commands", "rick-backup-wiki.timer", "start", "stop"]);
}
