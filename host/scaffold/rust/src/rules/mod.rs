//! The checks, one file each.

mod contact_is_an_example;

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall};

use crate::__Type__;

/// Every rule, in the order of their codes.
pub const ALL: &[&Rule] = &[&contact_is_an_example::RULE];

/// Makes all checks of a service.
pub fn check(call: &ServiceCall<__Type__>, out: &mut Diagnostics) {
    contact_is_an_example::check(call, out);
}
