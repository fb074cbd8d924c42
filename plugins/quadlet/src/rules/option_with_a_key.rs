//! An option of podman's for what has a field, or a key, of its own.

use rick_plugin_sdk::{Diagnostics, Edit, Place, Rule, ServiceCall, Severity, error, remove, set, warning};

use super::{key_with_a_field, keys_that_exclude, written_values};
use crate::Quadlet;
use crate::keys::{self, FileType};

pub const RULE: Rule = Rule {
    code: "QD012",
    name: "option-with-a-key",
    severity: Severity::Error,
    waivable: true,
    what: "an option in `PodmanArgs` that has a field in the manifest, or a key of Quadlet's",
    why: "It goes past everything that rick and Quadlet know of it: what a volume waits for, whom a port is of, how users are mapped. Where \
          rick writes the same, podman gets two.",
    example: "[quadlet.keys]\nPodmanArgs = \"--userns=host\"\n",
    use_instead: "[quadlet]\nuser_namespace = \"host\"\n",
    source: "podman-systemd.unit(5), PodmanArgs=",
};

/// Where an option belongs.
enum Field {
    /// A field that takes the option's value as it is.
    Text(&'static str),
    /// A field that takes a number.
    Number(&'static str),
    /// A field that is true.
    Flag(&'static str),
    /// A field of another shape: a person moves it.
    Other(&'static str),
    /// It is the pod's, or rick's own.
    None(&'static str),
}

const FIELDS: &[(&str, Field)] = &[
    ("--userns", Field::Text("user_namespace")),
    ("--memory", Field::Text("memory")),
    ("--shm-size", Field::Text("shm_size")),
    ("--pids-limit", Field::Number("pids_limit")),
    ("--stop-timeout", Field::Number("stop_timeout")),
    ("--read-only", Field::Flag("read_only")),
    ("--init", Field::Flag("init")),
    ("--volume", Field::Other("volumes")),
    ("--publish", Field::Other("ports")),
    ("--user", Field::Other("user")),
    ("--env", Field::Other("env")),
    ("--env-file", Field::Other("env")),
    ("--secret", Field::Other("secret_files")),
    ("--tmpfs", Field::Other("tmpfs")),
    ("--cap-add", Field::Other("capabilities")),
    ("--cap-drop", Field::Other("drop_capabilities")),
    ("--sysctl", Field::Other("sysctl")),
    ("--health-cmd", Field::Other("health")),
    ("--entrypoint", Field::Other("entrypoint")),
    ("--net", Field::None("the network is the pod's: `Network` in `pod_keys`")),
    ("--network", Field::None("the network is the pod's: `Network` in `pod_keys`")),
    ("--name", Field::None("the name is rick's own: leave it out")),
    ("--pod", Field::None("the pod is rick's own: leave it out")),
];

/// Short forms: podman-run(1).
const SHORT: &[(&str, &str)] = &[("-v", "--volume"), ("-p", "--publish"), ("-u", "--user"), ("-e", "--env"), ("-m", "--memory")];

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    for (file_type, key, value, place) in written_values(call) {
        if key != "PodmanArgs" {
            continue;
        }
        let words: Vec<&str> = value.split_whitespace().collect();
        for word in &words {
            let (option, rest) = word.split_once('=').map_or((*word, None), |(option, rest)| (option, Some(rest)));
            let option = SHORT.iter().find(|(short, _)| *short == option).map_or(option, |(_, long)| long);
            let in_pod = file_type == FileType::Pod;
            if option == "--group-add" && !in_pod {
                let keeps = rest == Some("keep-groups") || words.contains(&"keep-groups");
                let help = if keeps { "say `keep_groups = true`" } else { "say `GroupAdd` in `keys`" };
                let fixed = keeps.then(|| alone(&words, rest)).flatten().map(|_| edits(&place, "keep_groups", true.into()));
                report(out, option, help.to_owned(), &place, fixed.flatten());
                continue;
            }
            let field = FIELDS.iter().find(|(name, _)| *name == option && !in_pod).map(|(_, field)| field);
            match field {
                Some(Field::Text(field)) => {
                    let fixed = alone(&words, rest).and_then(|value| edits(&place, field, value.into()));
                    report(out, option, format!("say `{field}` instead"), &place, fixed);
                }
                Some(Field::Number(field)) => {
                    let number = alone(&words, rest).and_then(|value| value.parse::<u32>().ok());
                    let fixed = number.and_then(|value| edits(&place, field, value.into()));
                    report(out, option, format!("say `{field}` instead"), &place, fixed);
                }
                Some(Field::Flag(field)) => {
                    let fixed = (words.len() == 1 && rest.is_none()).then(|| edits(&place, field, true.into())).flatten();
                    report(out, option, format!("say `{field} = true` instead"), &place, fixed);
                }
                Some(Field::Other(field)) => report(out, option, format!("say it in `{field}`"), &place, None),
                Some(Field::None(help)) => report(out, option, (*help).to_owned(), &place, None),
                None => {
                    if let Some(name) = key_of_option(file_type, option, call) {
                        let message =
                            format!("`{option}` goes past what Quadlet knows of it: `PodmanArgs` is for what has no other word");
                        out.push(warning(RULE.code, message, place.clone()).help(where_said(file_type, name)));
                    }
                }
            }
        }
    }
}

/// A key that says what an option says, and that the machine's podman knows.
fn key_of_option(file_type: FileType, option: &str, call: &ServiceCall<Quadlet>) -> Option<&'static str> {
    let podman = call.machine.version("podman")?;
    let same = |key: &keys::Key| key.flag.is_some_and(|flag| flag.trim_end_matches(['=', ':']) == option) && key.since <= podman;
    keys::all(file_type).find(same).map(|key| key.name)
}

/// What to say instead, where the key of the same meaning would be refused in its turn.
fn where_said(file_type: FileType, key: &str) -> String {
    let in_pod = file_type == FileType::Pod;
    if let Some((_, field)) = key_with_a_field::FIELDS.iter().find(|(name, _)| *name == key) {
        format!("say {field}")
    } else if key_with_a_field::RICKS.contains(&key) {
        "leave it out: it is rick's own".to_owned()
    } else if keys_that_exclude::MAPPINGS.contains(&key) {
        "say it as podman's `--userns` in `user_namespace`".to_owned()
    } else if in_pod || key_with_a_field::OF_THE_POD.contains(&key) {
        format!("say `{key}` in `pod_keys`")
    } else {
        format!("say `{key}` in `keys`")
    }
}

/// The value of an option that nothing else stands beside.
fn alone<'a>(words: &[&'a str], rest: Option<&'a str>) -> Option<&'a str> {
    match (words, rest) {
        ([_], Some(value)) => Some(value),
        ([_, value], None) => Some(value),
        _ => None,
    }
}

/// Puts the value into a field of the same part, and takes the option away.
fn edits(place: &Place, field: &str, value: serde_json::Value) -> Option<Vec<Edit>> {
    let Place::Value(pointer) = place else { return None };
    // One of several lines is a step further down; a person sees best which stays.
    let part = pointer.strip_suffix("/keys/PodmanArgs")?;
    Some(vec![set(&Place::Value(format!("{part}/{field}")), value), remove(place)])
}

fn report(out: &mut Diagnostics, option: &str, help: String, place: &Place, fixed: Option<Vec<Edit>>) {
    let message = format!("`{option}` goes past what rick knows of it: `PodmanArgs` is for what has no other word");
    let title = help.split(" instead").next().unwrap_or(&help).replacen("say", "move it to", 1);
    let mut found = error(RULE.code, message, place.clone()).help(help);
    if let Some(edits) = fixed {
        found = found.safe_fix(title, edits);
    }
    out.push(found);
}
