//! What the plugin tells the others.

use rick_plugin_sdk::slots::Identity;
use rick_plugin_sdk::slots::{
    self, CommandValue, DirectoryValue, EndpointValue, Generate, Nothing, Phase, Piece, SecretValue, VolumeKind,
};
use rick_plugin_sdk::{Contributions, ServiceCall, Version, service, table, table_key};

use crate::Quadlet;
use crate::commands::inside;
use crate::parts::{MAIN, Part, parts_of};
use crate::ports::published;
use crate::table::Fields;
use crate::volumes::stated;

/// Contributes for a service that has parts.
pub fn contribute(call: &ServiceCall<Quadlet>, out: &mut Contributions) {
    let parts = parts_of(call);
    let Some(identity) = call.reads.of::<Identity>().into_iter().next() else { return };
    if parts.is_empty() {
        return;
    }
    let name = &call.service.name;

    // Env files are here. Root's, so that a service cannot rewrite its own; its group reads.
    let folder = DirectoryValue { mode: "0750".to_owned(), owner: Some("root".to_owned()), group: None };
    out.add::<slots::Directory>(&format!("/etc/rick/{name}"), &folder, service(&["name"]));
    // Units of a user's manager wait for the network, which on a server without a proxy nothing else asks for: each boot would
    // take 90 seconds and then fail.
    out.add::<slots::SystemUnit>("network-online.target", &Nothing {}, service(&["name"]));

    for port in published(call) {
        let value =
            EndpointValue { address: port.address.to_owned(), port: port.number(call), protocol: port.protocol.to_owned() };
        out.add::<slots::Endpoint>(&port.key, &value, port.because());
    }
    for (index, task) in call.table.commands.iter().enumerate() {
        let value = CommandValue {
            command: inside(&task.command),
            unless: task.unless.as_ref().map(inside),
            undo: None,
            changed: Vec::new(),
            phase: Phase::Commands,
        };
        let added = out.add::<slots::Command>(&task.name, &value, table(&["commands", &index.to_string()])).stated();
        if let Some(part) = &task.part {
            added.part(part);
        }
    }
    for (secret, random) in &call.table.secrets {
        let generate = Generate { bytes: random.bytes, alphabet: random.alphabet.name().to_owned() };
        let value = SecretValue { generate: Some(generate) };
        out.add::<slots::Secret>(secret, &value, table_key(&["secrets", secret])).stated();
    }
    of_fields(call, &identity.value.home, None, &call.table.main, out);
    for part in parts.iter().filter(|part| part.name != MAIN) {
        of_fields(call, &identity.value.home, Some(part), part.fields, out);
    }
}

/// What `[quadlet]` says is for every part with the service's own image; what a part's table says is for it alone.
fn of_fields(call: &ServiceCall<Quadlet>, home: &str, part: Option<&Part<'_>>, fields: &Fields, out: &mut Contributions) {
    let at = |steps: &[&str]| part.map_or_else(|| table(steps), |part| part.at(steps));
    for (variable, value) in &fields.env {
        let pieces = value.pieces();
        for piece in &pieces {
            if let Piece::Secret(reference) = piece {
                out.add::<slots::Secret>(&reference.secret, &SecretValue::default(), at(&["env", variable]));
            }
        }
        let added = out.add::<slots::Env>(variable, &pieces, at(&["env", variable])).stated();
        if let Some(part) = part {
            added.part(part.name);
        }
    }
    for (file, secret) in &fields.secret_files {
        out.add::<slots::Secret>(secret, &SecretValue::default(), at(&["secret_files", file]));
    }
    // Without a version a rule stops the service; any will do until then.
    let podman = call.machine.version("podman").unwrap_or(Version(5, 0, 0));
    let mut told: Vec<String> = Vec::new();
    for volume in stated(&fields.volumes, |index| at(&["volumes", index])) {
        let value = volume.value(&call.service.name, home, podman);
        if volume.kind == VolumeKind::Directory {
            let mode = volume.table.mode.clone().unwrap_or_else(|| "0700".to_owned());
            let folder = DirectoryValue { mode, owner: volume.table.owner.clone(), group: None };
            let is_stated = volume.table.mode.is_some() || volume.table.owner.is_some();
            out.add::<slots::Directory>(&value.source, &folder, volume.place.clone()).stated_if(is_stated);
        }
        // A volume that is there at two paths is still one.
        if told.contains(&volume.name) {
            continue;
        }
        told.push(volume.name.clone());
        let added = out.add::<slots::Volume>(&volume.name, &value, volume.place.clone()).stated();
        if let Some(part) = part {
            added.part(part.name);
        }
    }
}
