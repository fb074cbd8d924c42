//! The checks, one file each.

pub mod no_limit;
pub mod over_budget;

use rick_plugin_sdk::Rule;

/// Every rule, in the order of their codes.
pub const ALL: &[&Rule] = &[&over_budget::RULE, &no_limit::RULE];
