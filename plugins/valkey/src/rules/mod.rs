//! The checks, one file each.

mod dangerous_command;
mod dedicated_with_share;
mod foreign_keys;
mod no_version;
mod node_redis_url;
mod prefix_overlap;
mod reserved_user;

use rick_plugin_sdk::{Diagnostics, MachineCall, Rule, ServiceCall};

use crate::Valkey;

/// Every rule, in the order of their codes.
pub const ALL: &[&Rule] = &[
    &dangerous_command::RULE,
    &node_redis_url::RULE,
    &prefix_overlap::RULE,
    &foreign_keys::RULE,
    &dedicated_with_share::RULE,
    &reserved_user::RULE,
    &no_version::RULE,
];

/// Makes all checks of a service.
pub fn check_service(call: &ServiceCall<Valkey>, out: &mut Diagnostics) {
    dangerous_command::check(call, out);
    node_redis_url::check(call, out);
    dedicated_with_share::check(call, out);
    reserved_user::check(call, out);
    no_version::check(call, out);
}

/// Makes all checks of a machine.
pub fn check_machine(call: &MachineCall<Valkey>, out: &mut Diagnostics) {
    prefix_overlap::check(call, out);
    foreign_keys::check(call, out);
}

/// Whether two patterns may fit one key, by what stands before their first special character.
fn may_meet(left: &str, right: &str) -> bool {
    let head = |pattern: &str| pattern.split(['*', '?', '[', '\\']).next().unwrap_or_default().to_owned();
    let (left, right) = (head(left), head(right));
    left.starts_with(&right) || right.starts_with(&left)
}
