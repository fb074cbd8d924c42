//! What to do on the machine with the files, and what to ask it afterwards.

use rick_plugin_sdk::slots::{self, Action, CommandValue, Phase};
use rick_plugin_sdk::{Place, Read, Rendered};
use serde_json::json;

use super::job::{Timed, run_as};
use super::{Context, Rendering};
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
}

/// What others, and the manifest, want run inside a part.
fn commands(context: &Context<'_>, out: &mut Rendered) {
    for Read { part, key, value, place, .. } in context.call.reads.of::<slots::Command>() {
        let Some((part, mapping)) = context.part(part.as_deref()) else { continue };
        let (user, uid) = (context.identity.value.user.clone(), context.identity.value.uid);
        let CommandValue { command, unless, changed, phase } = value;
        let (container, r#as) = (part.unit.clone(), run_as(mapping));
        let action = Action::ContainerCommand { user, uid, container, r#as, command, unless };
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
