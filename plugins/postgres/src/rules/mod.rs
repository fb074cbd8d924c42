//! The checks, one file each.

mod foreign_role;
mod locale;
mod names;
mod no_directory;
mod no_password;
mod other_address;

use rick_plugin_sdk::{Diagnostics, MachineCall, Rule, ServiceCall};

use crate::Postgres;

/// Every rule, in the order of their codes.
pub const ALL: &[&Rule] =
    &[&locale::RULE, &other_address::RULE, &names::RULE, &no_password::RULE, &no_directory::RULE, &foreign_role::RULE];

/// Makes all checks of a service.
pub fn check_service(call: &ServiceCall<Postgres>, out: &mut Diagnostics) {
    locale::check(call, out);
    names::check(call, out);
    no_password::check(call, out);
    other_address::check(call, out);
}

/// Makes all checks of a machine.
pub fn check_machine(call: &MachineCall<Postgres>, out: &mut Diagnostics) {
    no_directory::check(call, out);
    foreign_role::check(call, out);
}
