//! A key written as it stands that rick writes itself.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error, key_of};

use super::written_keys;
use crate::Quadlet;
use crate::keys::FileType;

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

const FIELDS: &[(&str, &str)] = &[
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
const OF_THE_POD: &[&str] = &["Network", "NetworkAlias", "HostName", "AddHost", "DNS", "DNSOption", "DNSSearch", "IP", "IP6"];

const RICKS: &[&str] = &["ContainerName", "PodName", "Pod", "ServiceName", "Rootfs", "ExitPolicy", "StartWithPod"];

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    for (file_type, key, _, place) in written_keys(call) {
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
        out.push(error(RULE.code, message, key_of(place)).help(help));
    }
}
