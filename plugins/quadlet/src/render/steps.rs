//! What to do on the machine with the files, and what to ask it afterwards.

use rick_plugin_sdk::slots::{self, Action, CommandValue, Phase, Piece};
use rick_plugin_sdk::{Place, Read, Rendered, machine};
use serde_json::json;

use super::job::{Timed, run_as};
use super::{Context, Rendering};
use crate::environment::native_secret;
use crate::ports::published;
use crate::unit::Unit;

/// The steps and the checks of a service.
pub fn render(
    context: &Context<'_>,
    pod: Option<&Unit>,
    containers: &[Rendering],
    volumes: &[(String, Unit)],
    jobs: &[Timed],
    out: &mut Rendered,
) {
    let name = context.name();
    let (user, uid) = (&context.identity.value.user, context.identity.value.uid);
    let place = &context.identity.place;
    let container_units: Vec<String> = context.parts.iter().map(|part| format!("{}.service", part.unit)).collect();
    let pod_unit = format!("{name}-pod.service");

    asks(context, out);
    secrets(context, containers, out);

    let files =
        pod.into_iter().chain(containers.iter().map(|container| &container.unit)).chain(volumes.iter().map(|(_, unit)| unit));
    let mut paths: Vec<&str> = files.map(Unit::path).collect();
    paths.extend(jobs.iter().flat_map(|job| [job.service.path(), job.timer.path()]));
    let mut units: Vec<String> = pod.iter().map(|_| pod_unit.clone()).chain(container_units.iter().cloned()).collect();
    units.extend(volumes.iter().map(|(unit, _)| format!("{unit}-volume.service")));
    units.extend(jobs.iter().map(|job| job.unit.clone()));
    let reload = Action::UserUnits { user: user.clone(), uid, units: units.clone() };
    out.step("units", Phase::Units, reload, &paths, place.clone());

    let mut pulled: Vec<&str> = Vec::new();
    for part in context.parts.iter() {
        if !pulled.contains(&part.image) {
            pulled.push(part.image);
            let pull = Action::Pull { user: user.clone(), uid, image: part.image.to_owned() };
            out.step(&format!("pull:{}", part.image), Phase::Images, pull, &[], part.image_place.clone());
        }
    }

    // Containers are bound to their pod, so its restart is theirs as well, and only it brings a changed `.pod` into force.
    if let Some(pod) = pod {
        let action = restart(context, &pod_unit, container_units.clone(), Vec::new());
        out.step("restart", Phase::Restarts, action, &[pod.path()], place.clone());
    }
    for ((part, unit), container) in context.parts.iter().zip(&container_units).zip(containers) {
        let mut changed = vec![container.unit.path()];
        if !container.environment.is_empty() {
            changed.push(container.environment.path());
        }
        changed.extend(container.mounted.iter().map(String::as_str));
        // Podman reads a secret when it makes the container.
        let mut secrets: Vec<String> = container.secrets.iter().map(|(secret, _)| secret.clone()).collect();
        secrets.sort();
        secrets.dedup();
        let action = restart(context, unit, vec![unit.clone()], secrets);
        out.step(&format!("restart:{}", part.name), Phase::Restarts, action, &changed, part.image_place.clone());
    }
    for job in jobs {
        let action = restart(context, &job.unit, vec![job.unit.clone()], Vec::new());
        out.step(&format!("restart:{}", job.unit), Phase::Restarts, action, &[job.timer.path()], job.because.clone());
    }
    commands(context, out);
    checks(context, &units, out);
    for container in containers {
        sockets(context, container, out);
    }
    for port in published(context.call).iter().filter(|port| port.protocol != "udp") {
        let (address, number) = (port.address, port.number(context.call));
        let title = format!("port {number} is served by `{user}`");
        let check = json!({ "kind": "listening", "title": title, "user": user, "uid": uid, "address": address, "port": number });
        out.add::<slots::Check>(&format!("listening:{}", port.key), &check, port.because());
    }
}

/// The directories with sockets are in the container as they are on the machine, and the URLs that it is given lead there.
fn sockets(context: &Context<'_>, container: &Rendering, out: &mut Rendered) {
    let (user, uid) = (&context.identity.value.user, context.identity.value.uid);
    let unit = &container.name;
    for mount in &container.sockets {
        let (path, source) = (&mount.key, &mount.value.source);
        let title = format!("`{unit}` has `{path}` as it is on the machine");
        let check = json!({
            "kind": "mount", "title": title, "user": user, "uid": uid, "container": unit, "path": path, "source": source,
        });
        out.add::<slots::Check>(&format!("mount:{unit}:{path}"), &check, mount.place.clone());
        for variable in &container.variables {
            let said: String =
                variable.value.iter().map(|piece| if let Piece::Text(text) = piece { text.as_str() } else { "" }).collect();
            let leads = said.contains("://") && said.replace("%2F", "/").contains(path.as_str());
            if !leads || native_secret(variable).is_some() {
                continue;
            }
            let secret = variable
                .value
                .iter()
                .find_map(|piece| if let Piece::Secret(secret) = piece { Some(&secret.secret) } else { None });
            let title = format!("`{}` of `{unit}` leads to `{source}`", variable.key);
            let mut check = json!({
                "kind": "url", "title": title, "file": container.environment.path(), "variable": variable.key, "path": source,
            });
            if let Some(secret) = secret {
                check["secret"] = secret.as_str().into();
            }
            out.add::<slots::Check>(&format!("url:{unit}:{}", variable.key), &check, variable.place.clone());
        }
    }
}

/// What is asked before anything is written.
fn asks(context: &Context<'_>, out: &mut Rendered) {
    let uid = context.identity.value.uid;
    if let Some(stated) = context.call.machine.versions.get("podman") {
        let asked = Action::Version { of: "podman".to_owned(), stated: stated.clone() };
        out.step("version", Phase::Ask, asked, &[], machine(&["versions", "podman"]));
    }
    for port in published(context.call) {
        let protocol = if port.protocol == "udp" { "udp" } else { "tcp" };
        let (address, number) = (port.address.to_owned(), port.number(context.call));
        let asked = Action::Port { protocol: protocol.to_owned(), address, port: number, uid };
        out.step(&format!("port:{}", port.key), Phase::Ask, asked, &[], port.because());
    }
}

/// What others, and the manifest, want run inside a part.
fn commands(context: &Context<'_>, out: &mut Rendered) {
    for Read { part, key, value, place, .. } in context.call.reads.of::<slots::Command>() {
        let Some((part, mapping)) = context.part(part.as_deref()) else { continue };
        let (user, uid) = (context.identity.value.user.clone(), context.identity.value.uid);
        let CommandValue { command, unless, undo, changed, phase } = value;
        let (container, r#as) = (part.unit.clone(), run_as(mapping));
        let action = Action::ContainerCommand { user, uid, container, r#as, command, unless, undo };
        let changed: Vec<&str> = changed.iter().map(String::as_str).collect();
        out.step(&format!("command:{key}"), phase, action, &changed, place);
    }
}

fn restart(context: &Context<'_>, unit: &str, wait_for: Vec<String>, secrets: Vec<String>) -> Action {
    let (user, uid) = (context.identity.value.user.clone(), context.identity.value.uid);
    Action::UserUnitRestart { user, uid, unit: unit.to_owned(), wait_for, secrets }
}

/// Secrets go into the store of the service's own user: stores are not shared.
fn secrets(context: &Context<'_>, containers: &[Rendering], out: &mut Rendered) {
    let mut stored: Vec<&(String, Place)> = Vec::new();
    for secret in containers.iter().flat_map(|container| &container.secrets) {
        if stored.iter().all(|other| other.0 != secret.0) {
            stored.push(secret);
        }
    }
    for (secret, place) in stored {
        let (user, uid) = (context.identity.value.user.clone(), context.identity.value.uid);
        let action = Action::PodmanSecret { user, uid, name: secret.clone(), secret: secret.clone() };
        out.step(&format!("secret:{secret}"), Phase::Secrets, action, &[], place.clone());
    }
}

fn checks(context: &Context<'_>, units: &[String], out: &mut Rendered) {
    let (user, uid) = (&context.identity.value.user, context.identity.value.uid);
    for unit in units {
        let title = format!("`{unit}` of `{user}` is active");
        let check = json!({ "kind": "user-unit", "title": title, "user": user, "uid": uid, "unit": unit });
        out.add::<slots::Check>(&format!("unit:{unit}"), &check, context.identity.place.clone());
    }
    for (part, mapping) in context.parts.iter().zip(&context.mappings) {
        // Process 1 of an image that starts as root may stay root and have the service's own process below it.
        if mapping.start != mapping.inside || mapping.is_service_user(uid) != Some(true) {
            continue;
        }
        let title = format!("the process of `{}` is `{user}` on the machine", part.unit);
        let check = json!({ "kind": "container-identity", "title": title, "user": user, "uid": uid, "container": part.unit });
        out.add::<slots::Check>(&format!("identity:{}", part.unit), &check, mapping.because.clone());
    }
}
