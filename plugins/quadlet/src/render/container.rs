//! `<service>.container` and `<service>-<part>.container`.
//! <https://docs.podman.io/en/latest/markdown/podman-systemd.unit.5.html#container-units-container>

use rick_plugin_sdk::slots::MountKind;
use rick_plugin_sdk::{Place, fact, service, table};

use super::{Context, Rendering};
use crate::commands;
use crate::environment::{self, native_secret};
use crate::keys::FileType;
use crate::parts::Part;
use crate::ports::{UNPRIVILEGED, published};
use crate::unit::{Unit, Value};
use crate::users::Mapping;
use crate::values::Notify;
use crate::volumes::{Bind, binds};

const PORT_START: &str = "net.ipv4.ip_unprivileged_port_start";

/// The container of the part with this index.
pub fn render(context: &Context<'_>, index: usize) -> Rendering {
    let (part, mapping) = (&context.parts[index], &context.mappings[index]);
    let mut unit = context.unit(FileType::Container, &part.unit);
    let secrets = secrets(context, part, mapping);
    let home = &context.identity.value.home;
    let binds = binds(context.name(), home, part, &context.call.table.main.volumes, &context.slots);
    let variables = part.of(&context.environment);
    let environment = environment::file(context.name(), part, &context.identity.value.group, &variables);

    context.unit_section(&mut unit, (index > 0).then_some(part.name));
    for (timer, place) in timers(context, part) {
        unit.systemd("Unit", "Wants", timer, &place);
    }
    unit.put("ContainerName", part.unit.as_str(), &part.image_place);
    unit.put("Image", part.image, &part.image_place);
    user(&mut unit, context, index);
    if let Some(variable) =
        variables.iter().find(|variable| native_secret(variable).is_none()).filter(|_| !environment.is_empty())
    {
        unit.put("EnvironmentFile", environment.path(), &variable.place);
    }
    for (option, _, place) in &secrets {
        unit.put("Secret", option.as_str(), place);
    }
    for bind in &binds {
        unit.put("Volume", bind.line(), &bind.because);
    }
    for (index, path) in part.fields.tmpfs.iter().enumerate() {
        unit.put("Tmpfs", path.as_str(), &part.at(&["tmpfs", &index.to_string()]));
    }
    confinement(&mut unit, context, part, mapping, &binds);
    sysctl(&mut unit, context, index);
    limits(&mut unit, context, part);
    // A user's manager has no other place for what a container says; `journalctl CONTAINER_NAME=` finds it.
    unit.put("LogDriver", "journald", &part.image_place);
    command(&mut unit, part);
    health(&mut unit, part);
    for (key, lines) in &part.fields.keys {
        for line in lines.all() {
            unit.put(key, Value::Verbatim(line.to_owned()), &part.at(&["keys", key]));
        }
    }
    unit.systemd("Service", "Restart", "always", &part.image_place);
    context.service_section(&mut unit);
    if let Some(timeout) = part.fields.stop_timeout {
        // systemd would kill it after 90 seconds, whatever podman waits for.
        unit.systemd("Service", "TimeoutStopSec", timeout.saturating_add(30).to_string(), &part.at(&["stop_timeout"]));
    }
    if !context.pod {
        Context::install_section(&mut unit);
    }

    let mounted = binds.into_iter().filter(Bind::is_ricks).map(|bind| bind.source).collect();
    let secrets = secrets.into_iter().map(|(_, name, place)| (name, place)).collect();
    let mut sockets = part.of(&context.slots.mounts);
    sockets.retain(|mount| mount.value.kind == MountKind::SocketDirectory);
    Rendering { name: part.unit.clone(), unit, environment, secrets, mounted, sockets, variables }
}

/// The timers of the jobs that run in a part.
fn timers(context: &Context<'_>, part: &Part<'_>) -> Vec<(String, Place)> {
    let jobs = context.call.table.jobs.iter().enumerate();
    let here = jobs.filter(|(_, job)| context.part(job.part.as_deref()).is_some_and(|(other, _)| other.name == part.name));
    here.map(|(index, job)| (format!("rick-{}.{}.timer", context.name(), job.name), table(&["jobs", &index.to_string(), "name"])))
        .collect()
}

/// Who it runs as, and where it belongs. In a pod only a part with another mapping says its own: the others have the pod's.
fn user(unit: &mut Unit, context: &Context<'_>, index: usize) {
    let (part, mapping) = (&context.parts[index], &context.mappings[index]);
    if context.pod {
        unit.put("Pod", format!("{}.pod", context.name()), &service(&["name"]));
    } else {
        for port in published(context.call) {
            unit.put("PublishPort", port.line(context.call), &port.because());
        }
        context.hosts(unit);
    }
    if !context.pod || mapping.namespace != context.mappings[0].namespace {
        unit.put("UserNS", mapping.namespace.as_str(), &mapping.because);
    }
    if let Some((uid, gid)) = mapping.start {
        unit.put("User", uid.to_string(), &mapping.because);
        unit.put("Group", gid.to_string(), &mapping.because);
    }
    if part.fields.keep_groups {
        unit.put("GroupAdd", "keep-groups", &part.at(&["keep_groups"]));
    }
}

/// The secrets that podman is told of: what `Secret=` says, the secret's name, and the reason. One that is just a variable's value
/// becomes it; those in `secret_files` become files that the process alone can read.
fn secrets(context: &Context<'_>, part: &Part<'_>, mapping: &Mapping) -> Vec<(String, String, Place)> {
    let mut secrets = Vec::new();
    for variable in part.of(&context.environment) {
        if let Some(secret) = native_secret(&variable) {
            secrets.push((format!("{secret},type=env,target={}", variable.key), secret.to_owned(), variable.place.clone()));
        }
    }
    let owner = mapping.inside.map_or(String::new(), |(uid, gid)| format!(",uid={uid},gid={gid}"));
    let general = context.call.table.main.secret_files.iter().filter(|_| part.own);
    let general = general.map(|(file, secret)| (file, secret, table(&["secret_files", file])));
    let further = part.fields.secret_files.iter().filter(|_| !part.steps.is_empty());
    let further = further.map(|(file, secret)| (file, secret, part.at(&["secret_files", file])));
    for (file, secret, place) in general.chain(further) {
        secrets.push((format!("{secret},type=mount,target={file}{owner},mode=0400"), secret.clone(), place));
    }
    secrets
}

fn confinement(unit: &mut Unit, context: &Context<'_>, part: &Part<'_>, mapping: &Mapping, binds: &[Bind]) {
    let fields = part.fields;
    unit.put("NoNewPrivileges", "true", &part.image_place);
    match &fields.drop_capabilities {
        Some(capabilities) => {
            for (index, capability) in capabilities.iter().enumerate() {
                unit.put("DropCapability", capability.as_str(), &part.at(&["drop_capabilities", &index.to_string()]));
            }
        }
        // An entrypoint that starts as root needs some of them to become somebody else.
        None if mapping.root => {}
        None => unit.put("DropCapability", "all", &part.image_place),
    }
    for (index, capability) in fields.capabilities.iter().enumerate() {
        unit.put("AddCapability", capability.as_str(), &part.at(&["capabilities", &index.to_string()]));
    }
    if context.call.facts.selinux && binds.iter().any(|bind| bind.sockets) {
        // No relabelling helps: a confined container may not connect to what a server of the machine listens on.
        unit.put("SecurityLabelDisable", "true", &fact(&["selinux"]));
    }
    if fields.read_only {
        unit.put("ReadOnly", "true", &part.at(&["read_only"]));
    }
    if fields.init {
        unit.put("RunInit", "true", &part.at(&["init"]));
    }
}

/// Kernel parameters. A process that is not root may listen below 1024 only where the network is told so; the parts of a pod have one.
fn sysctl(unit: &mut Unit, context: &Context<'_>, index: usize) {
    let (part, mapping) = (&context.parts[index], &context.mappings[index]);
    for (name, value) in &part.fields.sysctl {
        unit.put("Sysctl", format!("{name}={}", value.text()), &part.at(&["sysctl", name]));
    }
    let is_root = mapping.inside.is_some_and(|(uid, _)| uid == 0);
    let stated = part.fields.sysctl.contains_key(PORT_START);
    let below = published(context.call).into_iter().find(|port| port.inside < UNPRIVILEGED);
    if let Some(port) = below.filter(|_| index == 0 && !is_root && !stated) {
        unit.put("Sysctl", format!("{PORT_START}=0"), &port.place);
    }
}

fn limits(unit: &mut Unit, context: &Context<'_>, part: &Part<'_>) {
    let fields = part.fields;
    if let Some(memory) = &fields.memory {
        unit.put("Memory", memory.as_str(), &part.at(&["memory"]));
    }
    if let (Some(size), false) = (&fields.shm_size, context.pod) {
        unit.put("ShmSize", size.as_str(), &part.at(&["shm_size"]));
    }
    if let Some(limit) = fields.pids_limit {
        unit.put("PidsLimit", limit.to_string(), &part.at(&["pids_limit"]));
    }
    if let Some(timeout) = fields.stop_timeout {
        unit.put("StopTimeout", timeout.to_string(), &part.at(&["stop_timeout"]));
    }
}

fn command(unit: &mut Unit, part: &Part<'_>) {
    if let Some(entrypoint) = part.fields.entrypoint.as_ref().and_then(commands::entrypoint) {
        unit.put("Entrypoint", entrypoint, &part.at(&["entrypoint"]));
    }
    if let Some(words) = part.fields.exec.as_ref().and_then(commands::arguments).filter(|words| !words.is_empty()) {
        unit.put("Exec", Value::Words(words), &part.at(&["exec"]));
    }
}

fn health(unit: &mut Unit, part: &Part<'_>) {
    if let Some(health) = &part.fields.health {
        unit.put("HealthCmd", commands::health(&health.command), &part.at(&["health", "command"]));
        let retries = health.retries.map(|retries| retries.to_string());
        let further = [
            ("HealthInterval", "interval", &health.interval),
            ("HealthTimeout", "timeout", &health.timeout),
            ("HealthRetries", "retries", &retries),
            ("HealthStartPeriod", "start_period", &health.start_period),
        ];
        for (key, field, value) in further {
            if let Some(value) = value {
                unit.put(key, value.as_str(), &part.at(&["health", field]));
            }
        }
    }
    if part.fields.notify == Some(Notify::Healthy) {
        unit.put("Notify", "healthy", &part.at(&["notify"]));
    }
}
