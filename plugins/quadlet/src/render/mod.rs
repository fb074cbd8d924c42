//! The files of a service, and what to do with them on the machine.

mod container;
mod job;
mod pod;
mod steps;
mod volume;

use rick_plugin_sdk::slots::{self, MountValue, Piece};
use rick_plugin_sdk::slots::{Identity, IdentityValue};
use rick_plugin_sdk::{Artifact, Place, Read, Rendered, ServiceCall, Version, service, setting};

use crate::Quadlet;
use crate::environment::Variable;
use crate::parts::{Part, parts_of};
use crate::unit::Unit;
use crate::users::{Mapping, mapping};
use crate::volumes::{Slots, named};

/// The first podman with `.pod` files.
pub const PODS: Version = Version(5, 0, 0);

/// What every file of a service is made of.
struct Context<'a> {
    call: &'a ServiceCall<Quadlet>,
    podman: Version,
    identity: Read<IdentityValue>,
    parts: Vec<Part<'a>>,
    mappings: Vec<Mapping>,
    /// There is a pod; without one the only container publishes the ports itself.
    pod: bool,
    environment: Vec<Read<Vec<Piece>>>,
    slots: Slots,
}

/// A container as it was rendered.
struct Rendering {
    /// Of the container.
    name: String,
    unit: Unit,
    environment: Artifact,
    /// The secrets that podman itself is told of.
    secrets: Vec<(String, Place)>,
    /// Files of rick's that the container mounts.
    mounted: Vec<String>,
    /// Directories with servers' sockets that it mounts.
    sockets: Vec<Read<MountValue>>,
    /// What it is told.
    variables: Vec<Variable>,
}

/// Renders a service.
pub fn render(call: &ServiceCall<Quadlet>, out: &mut Rendered) {
    let parts = parts_of(call);
    let identity = call.reads.of::<Identity>().into_iter().next();
    let (Some(podman), Some(identity)) = (call.machine.version("podman"), identity) else { return };
    let pod = podman >= PODS;
    // A rule has said that they need a pod.
    if parts.is_empty() || (parts.len() > 1 && !pod) {
        return;
    }
    let mappings = parts.iter().map(|part| mapping(part, &identity)).collect();
    let environment = call.reads.of::<slots::Env>();
    let slots = Slots { mounts: call.reads.of::<slots::Mount>(), volumes: call.reads.of::<slots::Volume>() };
    let context = Context { call, podman, identity, parts, mappings, pod, environment, slots };

    let name = &call.service.name;
    let pod_unit = pod.then(|| pod::render(&context));
    let containers: Vec<Rendering> = (0..context.parts.len()).map(|index| container::render(&context, index)).collect();
    let volumes: Vec<(String, Unit)> = named(name, &context.slots.volumes)
        .iter()
        .map(|volume| (volume.unit.clone(), volume::render(&context, volume)))
        .collect();

    let jobs: Vec<job::Timed> = job::render(&context);

    steps::render(&context, pod_unit.as_ref(), &containers, &volumes, &jobs, out);
    let units =
        pod_unit.iter().chain(containers.iter().map(|container| &container.unit)).chain(volumes.iter().map(|(_, unit)| unit));
    for unit in units {
        out.add::<slots::Model>(unit.path(), &unit.model(), context.identity.place.clone());
        let artifact = unit.artifact(podman, &mut out.diagnostics);
        out.artifact(artifact);
    }
    for container in containers {
        out.artifact(container.environment);
    }
    for job in jobs {
        out.artifact(job.service);
        out.artifact(job.timer);
    }
}

impl Context<'_> {
    fn name(&self) -> &str {
        &self.call.service.name
    }

    /// `[Unit]`: what a part is, and that it is tried for ever. Five failures in ten seconds would otherwise end it for good, as when
    /// a database comes late.
    fn unit_section(&self, unit: &mut Unit, part: Option<&str>) {
        let (what, place) = match &self.call.service.description {
            Some(description) => (description.split_whitespace().collect::<Vec<_>>().join(" "), service(&["description"])),
            None => (self.name().to_owned(), service(&["name"])),
        };
        let description = part.map_or(what.clone(), |part| format!("{what} ({part})"));
        unit.systemd("Unit", "Description", description, &place);
        unit.systemd("Unit", "StartLimitIntervalSec", "0", &service(&["name"]));
        // podman asks the manager by its bus to take away what was a container's. When all stops, the bus would be gone first, and each
        // shutdown take the minutes until systemd kills what is left (seen on a machine: 48 seconds, and 0.3 with this line).
        unit.systemd("Unit", "After", "dbus.service", &service(&["name"]));
    }

    fn service_section(&self, unit: &mut Unit) {
        let (delay, timeout) = (self.call.settings.restart_delay, self.call.settings.start_timeout);
        unit.systemd("Service", "RestartSec", delay.to_string(), &setting(&["restart_delay"]));
        unit.systemd("Service", "TimeoutStartSec", timeout.to_string(), &setting(&["start_timeout"]));
    }

    /// `[Install]`: a user's manager has no multi-user.target.
    fn install_section(unit: &mut Unit) {
        unit.systemd("Install", "WantedBy", "default.target", &service(&["name"]));
    }

    /// The part of this name; without one, the main part.
    fn part(&self, name: Option<&str>) -> Option<(&Part<'_>, &Mapping)> {
        let mut all = self.parts.iter().zip(&self.mappings);
        match name {
            Some(name) => all.find(|(part, _)| part.name == name),
            None => all.next(),
        }
    }

    /// `AddHost=`: names that are the machine's own. A container has the machine's address, and would ask itself
    /// (<https://passt.top/passt/about/>).
    fn hosts(&self, unit: &mut Unit) {
        for host in self.call.reads.of::<slots::Host>() {
            unit.put("AddHost", format!("{}:host-gateway", host.key), &host.place);
        }
    }

    fn headline(&self) -> String {
        format!("the service {}; written by rick, change its manifest instead", self.name())
    }

    fn unit(&self, file_type: crate::keys::FileType, stem: &str) -> Unit {
        Unit::new(file_type, self.identity.value.uid, stem, self.headline(), service(&["name"]))
    }
}
