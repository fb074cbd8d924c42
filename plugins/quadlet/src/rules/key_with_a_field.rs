//! A key written as it stands that rick writes itself.

use rick_plugin_sdk::{Diagnostics, Edit, Place, Rule, ServiceCall, Severity, error, key_of, remove, set};
use serde_json::Value;

use super::written_keys;
use crate::Quadlet;
use crate::keys::FileType;
use crate::values::Lines;

pub const RULE: Rule = Rule {
    code: "QD053",
    name: "key-with-a-field",
    severity: Severity::Error,
    waivable: false,
    what: "a key in `keys` or `pod_keys` that has a field of its own, that the pod has, or on which rick's own names depend",
    why: "The last of two lines wins, so what rick derives would be half in force: its mapping of users, its names, its restarts.",
    example: "[quadlet.keys]\nUserNS = \"keep-id\"\n",
    use_instead: "[quadlet]\nuser_namespace = \"keep-id\"\n",
    source: "podman-systemd.unit(5)",
};

pub(super) const FIELDS: &[(&str, &str)] = &[
    ("Image", "`image`"),
    ("User", "`user`"),
    ("Group", "`user`"),
    ("UserNS", "`user_namespace`"),
    ("Exec", "`exec`"),
    ("Entrypoint", "`entrypoint`"),
    ("Notify", "`notify`"),
    ("HealthCmd", "`health.command`"),
    ("HealthInterval", "`health.interval`"),
    ("HealthTimeout", "`health.timeout`"),
    ("HealthRetries", "`health.retries`"),
    ("HealthStartPeriod", "`health.start_period`"),
    ("Memory", "`memory`"),
    ("ShmSize", "`shm_size`"),
    ("PidsLimit", "`pids_limit`"),
    ("ReadOnly", "`read_only`"),
    ("RunInit", "`init`"),
    ("StopTimeout", "`stop_timeout`"),
    ("PublishPort", "`ports`"),
];

/// What containers that share a network have from their pod.
pub(super) const OF_THE_POD: &[&str] =
    &["Network", "NetworkAlias", "HostName", "AddHost", "DNS", "DNSOption", "DNSSearch", "IP", "IP6"];

pub(super) const RICKS: &[&str] = &["ContainerName", "PodName", "Pod", "ServiceName", "Rootfs", "ExitPolicy", "StartWithPod"];

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    for (file_type, key, lines, place) in written_keys(call) {
        let in_pod = file_type == FileType::Pod;
        let (message, help) = if RICKS.contains(&key) {
            (format!("`{key}` is rick's own: its steps and checks depend on it"), "leave it out".to_owned())
        } else if let Some((_, field)) = FIELDS.iter().find(|(name, _)| *name == key && (!in_pod || *name != "StopTimeout")) {
            (format!("`{key}` has a field of its own"), format!("say {field} instead"))
        } else if !in_pod && OF_THE_POD.contains(&key) && call.machine.version("podman") >= Some(crate::render::PODS) {
            (format!("`{key}` is the pod's: its containers share one network"), "put it into `pod_keys`".to_owned())
        } else {
            continue;
        };
        let found = error(RULE.code, message, key_of(place.clone())).help(help);
        out.push(match moved(key, lines, &place).filter(|_| !in_pod) {
            Some((field, edits)) => found.safe_fix(format!("say {field} instead"), edits),
            None => found,
        });
    }
}

/// The field with the key's value, where it means the same there.
fn moved(key: &str, lines: &Lines, place: &Place) -> Option<(&'static str, Vec<Edit>)> {
    let Lines::One(value) = lines else { return None };
    let Place::Value(pointer) = place else { return None };
    let part = pointer.strip_suffix(&format!("/keys/{key}"))?;
    let (_, shown) = FIELDS.iter().find(|(name, _)| *name == key)?;
    let field = shown.trim_matches('`').replace('.', "/");
    let value: Value = match key {
        "UserNS" | "Memory" | "ShmSize" => value.as_str().into(),
        "HealthCmd" | "HealthInterval" | "HealthTimeout" | "HealthStartPeriod" => value.as_str().into(),
        "PidsLimit" | "StopTimeout" | "HealthRetries" => value.parse::<u32>().ok()?.into(),
        "ReadOnly" | "RunInit" if value == "true" => true.into(),
        _ => return None,
    };
    // Systemd's escapes mean nothing in a field, which rick escapes itself.
    if value.as_str().is_some_and(|text| text.contains(['%', '$'])) {
        return None;
    }
    Some((shown, vec![set(&Place::Value(format!("{part}/{field}")), value), remove(place)]))
}
