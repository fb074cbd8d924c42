//! `<service>.pod`: the network that the parts share, and the ports that lead into it.
//! <https://docs.podman.io/en/latest/markdown/podman-systemd.unit.5.html#pod-units-pod>

use rick_plugin_sdk::{Place, service, table};

use super::Context;
use crate::keys::FileType;
use crate::ports::published;
use crate::unit::{Unit, Value};

/// The pod. It has no `Restart=`: before podman 6 the generator overwrites it, and with the exit policy below there is nothing to restart.
pub fn render(context: &Context<'_>) -> Unit {
    let mut unit = context.unit(FileType::Pod, context.name());
    context.unit_section(&mut unit, Some("pod"));

    let name = service(&["name"]);
    unit.put("PodName", context.name(), &name);
    let mapping = &context.mappings[0];
    unit.put("UserNS", mapping.namespace.as_str(), &mapping.because);
    // Quadlet creates pods that stop with their last container: one crash, or one restart of it, would end the service for good.
    unit.put("ExitPolicy", "continue", &name);
    for port in published(context.call) {
        unit.put("PublishPort", port.line(context.call), &port.because());
    }
    context.hosts(&mut unit);
    if let Some((size, place)) = shm_size(context) {
        unit.put("ShmSize", size, &place);
    }
    for (key, lines) in &context.call.table.pod_keys {
        for line in lines.all() {
            unit.put(key, Value::Verbatim(line.to_owned()), &table(&["pod_keys", key]));
        }
    }
    context.service_section(&mut unit);
    Context::install_section(&mut unit);
    unit
}

/// The parts of a pod have one /dev/shm, which is made with the pod; so the most that one of them asks for.
fn shm_size<'a>(context: &Context<'a>) -> Option<(&'a str, Place)> {
    let asked = context.parts.iter().filter_map(|part| Some((part.fields.shm_size.as_deref()?, part.at(&["shm_size"]))));
    asked.max_by_key(|(size, _)| bytes(size))
}

/// A size in podman's notation, where a bare number is bytes.
fn bytes(size: &str) -> u64 {
    let digits = size.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let power = match size[digits.len()..].to_ascii_lowercase().as_str() {
        "k" => 10,
        "m" => 20,
        "g" => 30,
        _ => 0,
    };
    digits.parse::<u64>().unwrap_or(u64::MAX).saturating_mul(1 << power)
}
