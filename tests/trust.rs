//! Plugins of strangers: nothing of one runs before it was allowed, it does no more than it was allowed, and a build needs no network.

use std::fs;

use serde_json::Value;

use crate::support::{Project, guest, unruly};

const SAYS: &str = "[service]\nimage = \"ghcr.io/acme/wiki:1.0\"\n[plain]\nsay = \"hello\"\n";

/// A project, the small guest's file in it, and not added yet.
fn project() -> Project {
    let project = Project::of(&[("services/wiki.toml", SAYS)]);
    fs::copy(guest("plain"), project.path().join("plain.wasm")).expect("it can be copied");
    project
}

fn added() -> Project {
    let project = project();
    project.add(&project.path().join("plain.wasm"));
    project
}

/// Another version of the guest's file, with some of its bytes replaced by as many others.
fn change(project: &Project, path: &str, from: &str, to: &str) {
    assert_eq!(from.len(), to.len());
    let path = project.path().join(path);
    let mut bytes = fs::read(&path).expect("it can be read");
    let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).expect("it is in there");
    bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    fs::write(path, bytes).expect("it can be written");
}

#[test]
fn what_is_not_locked_is_refused_before_anything_of_it_runs() {
    let project = project();
    let settings = project.read("rick.toml") + "[plugins.plain]\ncomponent = \"plain.wasm\"\n";
    project.write("rick.toml", &settings);
    // No plugin at all: if it were touched, the words would be others.
    project.write("plain.wasm", "not even wasm");
    for verb in ["lint", "build"] {
        let said = project.rick(&[verb]);
        assert_eq!(said.code, 1, "{verb}");
        let text = said.out + &said.err;
        assert!(text.contains("error[lock]: the plugin `plain` is not locked"), "{text}");
        assert!(text.contains("rick.toml:4:13") && text.contains("`rick plugin add plain.wasm` shows it"), "{text}");
    }
    assert!(!project.exists("dist"));
}

#[test]
fn a_byte_flipped_in_a_locked_plugin_is_refused_before_anything_of_it_runs() {
    let project = added();
    project.build();
    let built = project.tree("dist");
    let path = project.path().join("plugins/plain.wasm");
    let whole = fs::read(&path).expect("it was copied");
    for at in [0, 9, whole.len() / 2, whole.len() - 1] {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&path, bytes).expect("it can be written");
        for verb in ["lint", "build", "show"] {
            let arguments: &[&str] = match verb {
                "show" => &["show", "wiki"],
                verb => &[verb],
            };
            let said = project.rick(arguments);
            let text = said.out + &said.err;
            assert_eq!(said.code, 1, "{verb}, byte {at}: {text}");
            assert!(text.contains("`plugins/plain.wasm` is not what rick.lock pins for `plain`"), "{text}");
        }
    }
    assert_eq!(project.tree("dist"), built);
    fs::write(&path, whole).expect("it can be written");
    project.build();
}

#[test]
fn nobody_is_asked_where_nobody_is_and_nothing_is_changed_then() {
    let project = project();
    let before = project.tree("");
    let said = project.rick(&["plugin", "add", "plain.wasm"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("writes          /etc/plain/*") && said.err.contains("contributes to  rick:env@1"), "{}", said.err);
    assert!(said.err.contains("nobody is here to be asked: say `--yes` if it may"), "{}", said.err);
    assert_eq!(project.tree(""), before);
}

#[test]
fn a_plugin_that_is_added_and_removed_leaves_rick_toml_as_it_was() {
    let project = Project::of(&[("services/wiki.toml", "[service]\nimage = \"ghcr.io/acme/wiki:1.0\"\n")]);
    let settings = format!("# ours\n{}# the end\n", project.read("rick.toml"));
    project.write("rick.toml", &settings);
    project.add(&guest("plain"));
    let changed = project.read("rick.toml");
    assert!(changed.starts_with(settings.trim_end_matches("# the end\n")), "{changed}");
    assert!(changed.contains("[plugins.plain]\ncomponent = \"plugins/plain.wasm\"\n"), "{changed}");
    assert!(project.exists("plugins/plain.wasm"));
    let said = project.rick(&["plugin", "remove", "plain"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(project.read("rick.toml"), settings);
    assert!(!project.exists("plugins/plain.wasm") && !project.read("rick.lock").contains("plain"));
    assert!(
        project.rick(&["plugin", "remove", "plain"]).err.contains("the project has no plugin `plain` of its own: there is none")
    );
}

#[test]
fn an_update_that_wants_more_waits_for_a_yes() {
    let project = added();
    change(&project, "plain.wasm", "/etc/plain/*", "/etc/plane/*");
    let pinned = project.read("rick.lock");
    let said = project.rick(&["plugin", "update", "plain"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("new: writes `/etc/plane/*`\n  no longer: writes `/etc/plain/*`"), "{}", said.err);
    assert_eq!(project.read("rick.lock"), pinned);
    let said = project.rick(&["plugin", "update", "plain", "--yes"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(project.read("rick.lock").contains("\"/etc/plane/*\""));
    // It declares another path than it writes.
    let said = project.rick(&["lint"]);
    assert!(
        said.out.contains("plain 1.2.3 writes `/etc/plain/wiki`, which is not one of the paths that it declared"),
        "{}",
        said.out
    );
}

#[test]
fn an_update_that_wants_no_more_just_is() {
    let project = added();
    change(&project, "plain.wasm", "nothing to say", "nothing to eat");
    let said = project.rick(&["plugin", "update"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(said.err, "plain 1.2.3 to 1.2.3\n");
    project.build();
    assert_eq!(project.rick(&["plugin", "update"]).err, "plain 1.2.3 is the newest\n");
}

#[test]
fn what_the_lock_does_not_allow_is_refused_whatever_the_plugin_declares() {
    let project = added();
    let narrower = project.read("rick.lock").replace("    \"/etc/plain/*\",\n", "");
    project.write("rick.lock", &narrower);
    let said = project.rick(&["lint"]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("plain 1.2.3 writes `/etc/plain/*`, which rick.lock does not allow"), "{}", said.out);
}

#[test]
fn any_command_needs_a_word_of_its_own() {
    let project =
        Project::of(&[("services/odd.toml", "[service]\nimage = \"ghcr.io/acme/odd:1.0\"\n[unruly]\nact = \"command\"\n")]);
    let component = unruly().to_str().expect("UTF-8");
    let said = project.rick(&["plugin", "add", "--yes", component]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("runs any command that it likes as any user of the machine, root included: say `--allow-commands`"),
        "{}",
        said.err
    );
    assert!(!project.exists("rick.lock"));
    assert_eq!(project.rick(&["plugin", "add", "--yes", "--allow-commands", component]).code, 0);
    project.build();
    let steps: Value = serde_json::from_str(&project.read("dist/web1/steps.json")).expect("JSON");
    let steps = steps["steps"].as_array().or(steps.as_array()).expect("steps");
    let command = steps.iter().find(|step| step["kind"] == "command").expect("the command");
    assert_eq!(command["command"], serde_json::json!(["/usr/bin/touch", "/run/unruly"]));
}

#[test]
fn a_plugin_that_is_not_there_is_fetched_as_it_is_pinned() {
    let project = added();
    let copy = project.path().join("plugins/plain.wasm");
    fs::remove_file(&copy).expect("it was copied");
    let said = project.rick(&["lint"]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("the plugin `plain` is not there") && said.out.contains("`rick plugin fetch`"), "{}", said.out);
    assert_eq!(project.rick(&["plugin", "fetch"]).code, 0);
    project.build();
    fs::remove_file(&copy).expect("it was fetched");
    change(&project, "plain.wasm", "nothing to say", "nothing to eat");
    let said = project.rick(&["plugin", "fetch"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("is not what rick.lock pins for `plain`"), "{}", said.err);
    assert!(!copy.exists());
}

#[test]
fn a_trial_finds_what_is_no_function_of_its_input() {
    let project = Project::empty();
    fs::copy(unruly(), project.path().join("unruly.wasm")).expect("it can be copied");
    let case = |act: &str| format!("[service]\nimage = \"ghcr.io/acme/odd:1.0\"\n[unruly]\nact = \"{act}\"\n");
    project.write("cases/one/rick.toml", crate::support::MACHINE);
    project.write("cases/one/services/odd.toml", &case("fickle"));
    project.write("cases/two/rick.toml", crate::support::MACHINE);
    project.write("cases/two/services/odd.toml", &case("nothing"));
    let said = project.rick(&["plugin", "test", "unruly.wasm", "--bless"]);
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(said.out.starts_with("unruly 9.8.7\n"), "{}", said.out);
    assert!(
        said.out.contains("`contribute` for service `odd` gave another answer when it was asked twice: first `"),
        "{}",
        said.out
    );
    assert!(project.read("cases/two/expected/web1/root/etc/unruly/odd") == "x\n");
    // Its acts are what its table's schema offers: each is tried, and each failure is told with what it was given.
    assert!(
        said.out.contains("unruly 9.8.7 used up its fuel and was stopped, in `contribute` for service `made0`"),
        "{}",
        said.out
    );
    assert!(said.out.contains("act = \"recurse\""), "{}", said.out);
}

#[test]
fn nothing_is_fetched_to_a_place_outside_of_the_project() {
    let project = added();
    fs::create_dir(project.path().join("inner")).expect("it can be made");
    for file in ["rick.toml", "rick.lock"] {
        project.write(&format!("inner/{file}"), &project.read(file).replace("plugins/plain.wasm", "../victim.wasm"));
    }
    for arguments in [&["plugin", "fetch"][..], &["plugin", "update", "--yes", "--from", "../plain.wasm"]] {
        let output = crate::support::rick(&project.path().join("inner")).args(arguments).output().expect("rick runs");
        let said = crate::support::said(output);
        assert_eq!(said.code, 2, "{}", said.err);
        assert!(!project.exists("victim.wasm"), "{arguments:?}: {}", said.err);
    }
}

#[test]
fn a_table_or_a_file_that_was_lost_is_put_back_by_an_update() {
    let project = added();
    let settings = project.read("rick.toml");
    project.write("rick.toml", &settings.replace("[plugins.plain]\ncomponent = \"plugins/plain.wasm\"\n", ""));
    project.write("plugins/plain.wasm", "spoilt");
    assert_eq!(project.rick(&["plugin", "update"]).code, 0);
    assert_eq!(project.read("rick.toml").trim(), settings.trim());
    project.build();
}

/// What is asked of strangers is asked of rick's own: every rule finds its example, and no table of their schemas makes them fail.
#[test]
fn the_official_plugins_pass_their_own_trial() {
    let project = Project::empty();
    let mut tried = 0;
    for plugin in rick::built_in::ALL {
        let file = format!("{}.wasm", plugin.name);
        fs::write(project.path().join(&file), plugin.component).expect("it can be written");
        let said = project.rick(&["plugin", "test", &file]);
        assert_eq!(said.code, 0, "{}", said.out);
        tried += said.out.matches("finds its example").count();
    }
    assert!(tried > 45, "only {tried} rules have an example");
}

#[test]
fn a_trial_tells_where_a_case_is_not_as_expected() {
    let project = project();
    project.write("cases/hello/rick.toml", crate::support::MACHINE);
    project.write("cases/hello/services/wiki.toml", SAYS);
    let said = project.rick(&["plugin", "test", "plain.wasm"]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("FAIL case hello") && said.out.contains("--bless"), "{}", said.out);
    assert_eq!(project.rick(&["plugin", "test", "plain.wasm", "--bless"]).code, 0);
    let said = project.rick(&["plugin", "test", "plain.wasm"]);
    assert_eq!(said.code, 0, "{}", said.out);
    assert!(
        said.out.contains("PL001 finds its example") && said.out.contains("PL001 has no error in what to use instead"),
        "{}",
        said.out
    );
    project.write("cases/hello/expected/web1/root/etc/plain/wiki", "bye\n");
    let said = project.rick(&["plugin", "test", "plain.wasm"]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("`web1/root/etc/plain/wiki` is another: line 1 is"), "{}", said.out);
}

#[test]
fn inspect_shows_what_a_plugin_is_in_both_formats() {
    let project = project();
    let said = project.rick(&["plugin", "inspect", "plain.wasm"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.starts_with("plain 1.2.3: says a word in a file and in a variable\n"), "{}", said.out);
    let said = project.rick(&["plugin", "inspect", "plain.wasm", "--format", "json"]);
    let document: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(document["plugin"]["contract"], "0.1.0");
    assert_eq!(document["plugin"]["writes"], serde_json::json!(["/etc/plain/*"]));
    let said = project.rick(&["plugin", "inspect", "account"]);
    assert!(said.out.contains("/etc/sysusers.d/rick-*.conf   decides what runs as root"), "{}", said.out);
    assert!(project.rick(&["plugin", "inspect", "nobody"]).err.contains("there is no file and no built-in plugin `nobody`"));
}

/// A registry of Debian's on this machine, for as long as it is held.
struct Registry {
    process: std::process::Child,
    _folder: tempfile::TempDir,
    address: String,
}

impl Registry {
    fn start() -> Option<Self> {
        let program = crate::oracles::oracle("DOCKER_REGISTRY")?;
        let folder = tempfile::tempdir().expect("a folder");
        // Asked of the system, and free again: nobody else takes it in the moment between.
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
        let address = format!("127.0.0.1:{port}");
        let storage = folder.path().join("storage");
        let settings = format!(
            "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {address}\nlog:\n  level: error\n",
            storage.display()
        );
        let path = folder.path().join("config.yml");
        fs::write(&path, settings).expect("it can be written");
        let mut command = std::process::Command::new(program);
        command.arg("serve").arg(&path).env_clear().stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let process = command.spawn().expect("it runs");
        let registry = Self { process, _folder: folder, address };
        for _ in 0..100 {
            if std::net::TcpStream::connect(&registry.address).is_ok() {
                return Some(registry);
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("the registry does not answer at {}", registry.address);
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_plugin_of_a_registry_is_pinned_by_digest_and_needs_no_network_afterwards() {
    let Some(registry) = Registry::start() else { return };
    let tag = format!("oci://{}/acme/plain:1", registry.address);
    let project = project();
    let pushed = project.rick(&["plugin", "push", "plain.wasm", &tag]);
    assert_eq!(pushed.code, 0, "{}", pushed.err);
    let source = pushed.out.trim().to_owned();
    assert!(source.starts_with(&format!("{tag}@sha256:")), "{source}");
    // The same bytes are the same artifact.
    assert_eq!(project.rick(&["plugin", "push", "plain.wasm", &tag]).out.trim(), source);

    // Of somebody who has never logged in to any registry.
    let mut rick = crate::support::rick(project.path());
    let said = crate::support::said(
        rick.env("HOME", project.path()).args(["plugin", "add", &tag, "--yes"]).output().expect("rick runs"),
    );
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(project.read("rick.lock").contains(&format!("source = \"{source}\"")), "{}", project.read("rick.lock"));
    project.build();

    // Somebody moves the tag to what wants more.
    change(&project, "plain.wasm", "/etc/plain/*", "/etc/plane/*");
    assert_eq!(project.rick(&["plugin", "push", "plain.wasm", &tag]).code, 0);
    let copy = project.path().join("plugins/plain.wasm");
    fs::remove_file(&copy).expect("it was taken");
    assert_eq!(project.rick(&["plugin", "fetch"]).code, 0, "what is pinned is fetched by its digest");
    project.build();
    let said = project.rick(&["plugin", "update"]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.contains("new: writes `/etc/plane/*`"), "{}", said.err);

    drop(registry);
    project.build();
    let said = project.rick(&["plugin", "update"]);
    assert_eq!(said.code, 2);
    assert!(said.err.starts_with(&format!("error: `{tag}`: ")), "{}", said.err);
}

#[test]
fn what_is_no_plugin_in_a_registry_is_said_to_be_none() {
    let project = project();
    for (source, what) in
        [("oci://acme/plain:1", "it names no registry"), ("oci://registry.example.org/Acme:1", "it is no reference")]
    {
        let said = project.rick(&["plugin", "add", source, "--yes"]);
        assert_eq!(said.code, 2);
        assert!(said.err.contains(what), "{}", said.err);
    }
}
