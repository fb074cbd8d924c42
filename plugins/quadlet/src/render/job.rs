//! Jobs: a timer and what it starts, as units of the service's manager. Quadlet has no timers, so they are files of systemd's own.
//!
//! `/etc/systemd/user` is every user's; a condition keeps them to this one. The container wants the timer, so that it runs as long as
//! the container does, and root alone can change it.

use rick_plugin_sdk::{Artifact, Place, table};

use super::Context;
use crate::commands::inside;
use crate::escape;
use crate::keys::Kind;
use crate::users::Mapping;

/// A job as it was rendered.
pub struct Timed {
    /// The timer's unit.
    pub unit: String,
    /// What the timer starts.
    pub service: Artifact,
    /// The timer.
    pub timer: Artifact,
    /// Because of what.
    pub because: Place,
}

/// The jobs of a service whose part is there.
pub fn render(context: &Context<'_>) -> Vec<Timed> {
    let jobs = context.call.table.jobs.iter().enumerate();
    jobs.filter_map(|(index, job)| {
        let at = |field: &str| table(&["jobs", &index.to_string(), field]);
        let because = at("name");
        let (part, mapping) = context.part(job.part.as_deref())?;
        // A service's name has no dot, so that no two jobs of two services have one name.
        let stem = format!("rick-{}.{}", context.name(), job.name);
        let what = escape::for_systemd(&format!("{}: {}", context.name(), job.name), false);
        let begin = |kind: &str| {
            let mut file = Artifact::new(format!("/etc/systemd/user/{stem}.{kind}"));
            file.line(format!("# {}", context.headline()), &because);
            file.line("[Unit]", &because);
            file.line(format!("Description={what}"), &because);
            file.line(format!("ConditionUser={}", context.identity.value.uid), &context.identity.place);
            file
        };

        let mut service = begin("service");
        service.line(format!("After={}.service", part.unit), &part.image_place);
        service.line("", &because);
        service.line("[Service]", &because);
        service.line("Type=oneshot", &because);
        let mut words = vec!["/usr/bin/podman".to_owned(), "exec".to_owned()];
        if let Some(user) = run_as(mapping) {
            words.extend(["--user".to_owned(), user]);
        }
        words.push(part.unit.clone());
        words.extend(inside(&job.command));
        let words: Vec<String> =
            words.iter().map(|word| escape::word(&escape::for_systemd(word, true), Kind::Arguments)).collect();
        service.line(format!("ExecStart={}", words.join(" ")), at("command"));

        let mut timer = begin("timer");
        timer.line(format!("PartOf={}.service", part.unit), &part.image_place);
        timer.line("", &because);
        timer.line("[Timer]", &because);
        if let Some(every) = &job.every {
            timer.line(format!("OnActiveSec={every}"), at("every"));
            timer.line(format!("OnUnitActiveSec={every}"), at("every"));
        }
        if let Some(calendar) = &job.calendar {
            timer.line(format!("OnCalendar={}", escape::for_systemd(calendar, false)), at("calendar"));
            timer.line("Persistent=true", at("calendar"));
        }
        Some(Timed { unit: format!("{stem}.timer"), service, timer, because })
    })
    .collect()
}

/// Whom to be inside, where the container itself starts as root and drops.
pub fn run_as(mapping: &Mapping) -> Option<String> {
    mapping.inside.filter(|_| mapping.start != mapping.inside).map(|(uid, gid)| format!("{uid}:{gid}"))
}
