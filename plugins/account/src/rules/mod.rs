//! The checks, one file each.

mod reserved_user;
mod server_group;
mod uid_range;
pub mod unusable_name;

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall};

use crate::Account;

/// Every rule, in the order of their codes.
pub const ALL: &[&Rule] = &[&server_group::RULE, &uid_range::RULE, &reserved_user::RULE, &unusable_name::RULE];

/// Makes all checks of a service. [`unusable_name`] is made while rendering, where what others ask for is read.
pub fn check(call: &ServiceCall<Account>, out: &mut Diagnostics) {
    server_group::check(call, out);
    uid_range::check(call, out);
    reserved_user::check(call, out);
}
