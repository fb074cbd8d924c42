//! The plugin `backup`: each service's databases and volumes into a repository of restic, by a timer of systemd.
//!
//! Reading order: [`table`] is what can be said; [`kept`] is what of a service is backed up, and [`destination`] where it goes;
//! [`units`] puts the units together, in the syntax of [`unit`], and [`environment`] has that of the variables. [`calendar`] knows
//! what systemd takes for a time. `scripts/run` is what is started, `rules/` has one file for each check.

mod calendar;
mod destination;
mod environment;
mod kept;
mod rules;
mod table;
mod unit;
mod units;

use destination::Destination;
use kept::Kept;
use rick_plugin_sdk::slots::{self, Action, BackupOf, BackupValue, Phase, Piece, SecretValue, UnitAction};
use rick_plugin_sdk::{
    Artifact, By, Contributions, Descriptor, Diagnostics, MachineCall, Of, Place, Plugin, Rendered, ServiceCall, place, service,
    setting, table as said,
};
use table::Keep;

pub use table::{Facts, Settings, Table};

/// What makes the backups, for all services of a machine.
const RUN: &str = "/etc/rick/backup/run";
/// restic for people, with what it needs for a service.
const RESTIC: &str = "/etc/rick/backup/restic";

/// The plugin.
pub struct Backup;

impl Plugin for Backup {
    type Table = Table;
    type Settings = Settings;
    type Facts = Facts;

    fn describe() -> Descriptor {
        let summary = "backups of databases and volumes with restic";
        Descriptor::new::<Self>("backup", env!("CARGO_PKG_VERSION"), summary)
            .contributes::<slots::Backup>()
            .contributes::<slots::Secret>()
            .contributes::<slots::Step>()
            .reads::<slots::Database>(By::Contribute, Of::Service)
            .reads::<slots::Volume>(By::Contribute, Of::Service)
            .reads::<slots::Identity>(By::Contribute, Of::Service)
            .reads::<slots::SystemUnit>(By::Render, Of::Service)
            .writes("/etc/rick/backup/*.env")
            .writes(RUN)
            .writes(RESTIC)
            .writes("/etc/systemd/system/rick-backup-*.service")
            .writes("/etc/systemd/system/rick-backup-*.timer")
            .writes("/etc/systemd/system/timers.target.d/rick-backup-*.conf")
            .steps(&["system-unit", "system-units-reload"])
            .answers(&["contribute", "check:service", "render:service", "render:machine"])
            .rules(rules::ALL)
    }

    fn contribute(call: &ServiceCall<Self>, out: &mut Contributions) {
        let Some(to) = Destination::of(call) else { return };
        for (secret, because) in to.secrets() {
            // Nothing that could be made at random: a password that only the machine knows goes with the machine.
            out.add::<slots::Secret>(&secret, &SecretValue::default(), because);
        }
        let kept = Kept::of(call);
        let mut add = |key: String, of: BackupOf, because: &Place| {
            let (to, schedule) = (Some(to.shown()), Some(schedule(call).0.to_owned()));
            let value = BackupValue { of, by: "restic".to_owned(), to, schedule };
            out.add::<slots::Backup>(&key, &value, because.clone()).because(said(&[]));
        };
        for one in &kept.databases {
            add(format!("database/{}", one.key), BackupOf::Database, &one.because);
        }
        for one in &kept.volumes {
            add(format!("volume/{}", one.name), BackupOf::Volume, &one.because);
        }
    }

    fn check_service(call: &ServiceCall<Self>, out: &mut Diagnostics) {
        rules::check(call, out);
    }

    fn render_service(call: &ServiceCall<Self>, out: &mut Rendered) {
        let (Some(to), kept) = (Destination::of(call), Kept::of(call)) else { return };
        if kept.is_empty() {
            return;
        }
        let name = &call.service.name;
        let (service_file, timer, drop_in) = (units::of_service(call, &kept, &to), units::timer(call), units::drop_in(call));
        let files = [service_file.path(), timer.path(), drop_in.path()].map(str::to_owned);
        let changed = files.each_ref().map(String::as_str);
        out.step("reload", Phase::SystemUnits, Action::SystemUnitsReload {}, &changed, service(&["name"]));
        // When all else is there: a timer may be due as soon as it is started.
        let unit = format!("{}.timer", units::name(name));
        let start = Action::SystemUnit { unit, action: UnitAction::Start, undo: Some(UnitAction::Stop) };
        out.step("timer", Phase::Commands, start, &changed, schedule(call).1);

        out.artifact(environment_of(call, &to));
        for file in [service_file, timer, drop_in] {
            out.artifact(file);
        }
    }

    fn render_machine(call: &MachineCall<Self>, out: &mut Rendered) {
        let Some(first) = call.services.keys().next() else { return };
        for (path, text) in [(RUN, include_str!("scripts/run")), (RESTIC, include_str!("scripts/restic"))] {
            let mut file = Artifact::new(path);
            for line in text.lines() {
                file.line(line, place::table_of(first, &[]));
            }
            out.artifact(file);
        }
    }
}

/// What restic is told.
fn environment_of(call: &ServiceCall<Backup>, to: &Destination) -> Artifact {
    let because = service(&["name"]);
    let mut file = Artifact::new(units::env_path(&call.service.name)).mode(0o600);
    file.line(format!("# how restic backs up {}; written by rick", call.service.name), &because);
    let cache = [Piece::Text("/var/cache/rick-backup".to_owned())];
    environment::variable(&mut file, "RESTIC_CACHE_DIR", &cache, &because);
    for (variable, pieces, because) in &to.env {
        environment::variable(&mut file, variable, pieces, because);
    }
    environment::variable(&mut file, "RESTIC_REPOSITORY", &to.repository, &to.place);
    let (password, because) = &to.password;
    environment::variable(&mut file, "RESTIC_PASSWORD", &[Piece::secret(password, &[])], because);
    file
}

/// When backups are made, and where that is said.
fn schedule(call: &ServiceCall<Backup>) -> (&str, Place) {
    match &call.table.schedule {
        Some(schedule) => (schedule, said(&["schedule"])),
        None => (&call.settings.schedule, setting(&["schedule"])),
    }
}

/// What stays, and where that is said.
fn keep(call: &ServiceCall<Backup>) -> (Keep, Place) {
    match (call.table.keep, call.settings.keep) {
        (Some(keep), _) => (keep, said(&["keep"])),
        (None, Some(keep)) => (keep, setting(&["keep"])),
        (None, None) => (Keep::default(), said(&[])),
    }
}

rick_plugin_sdk::export!(Backup);
