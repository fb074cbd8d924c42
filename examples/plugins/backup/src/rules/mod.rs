//! The checks, one file each.

mod control_character;
mod names_nothing;
mod no_repository;
mod nothing_stays;
mod nothing_to_back_up;
mod password_in_repository;
mod repository_in_data;
mod same_machine;
mod unknown_schedule;

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall};

use crate::Backup;
use crate::destination::Destination;
use crate::kept::Kept;

/// Every rule, in the order of their codes.
pub const ALL: &[&Rule] = &[
    &nothing_to_back_up::RULE,
    &no_repository::RULE,
    &repository_in_data::RULE,
    &same_machine::RULE,
    &password_in_repository::RULE,
    &unknown_schedule::RULE,
    &nothing_stays::RULE,
    &names_nothing::RULE,
    &control_character::RULE,
];

/// Makes all checks of a service.
pub fn check(call: &ServiceCall<Backup>, out: &mut Diagnostics) {
    let kept = Kept::of(call);
    nothing_to_back_up::check(call, &kept, out);
    names_nothing::check(&kept, out);
    unknown_schedule::check(call, out);
    nothing_stays::check(call, out);
    let to = Destination::of(call);
    no_repository::check(to.as_ref(), out);
    let Some(to) = to.filter(Destination::is_known) else { return };
    repository_in_data::check(call, &kept, &to, out);
    same_machine::check(call, &to, out);
    password_in_repository::check(&to, out);
    control_character::check(&to, out);
}
