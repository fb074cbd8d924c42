//! The checks, one file each.

mod assignment_cut;
mod env_line_break;
mod env_name;
mod exec;
mod groups_annotation;
mod groups_beside_kept;
mod image_not_pinned;
mod image_not_qualified;
mod job_time;
mod key_with_a_field;
mod keys_that_exclude;
mod literal_secret;
mod missing_unit;
mod newer_key;
mod no_image;
mod nothing_runs;
mod notify_without_health;
mod option_with_a_key;
mod part_name;
mod pod_needs_podman_5;
mod podman_unknown;
mod port_past_the_proxy;
mod port_twice;
mod privileged_port;
mod relabelled_folder;
mod socket_file;
mod specifier;
mod uid_not_mappable;
mod unit_of_the_system;
mod unknown_key;
mod unknown_part;
pub mod unwritable_value;
mod update_of_a_digest;
mod user_namespace;
mod volume_unclear;

use rick_plugin_sdk::{Diagnostics, Place, Rule, ServiceCall, table};

use crate::Quadlet;
use crate::keys::FileType;
use crate::parts::parts_of;
use crate::values::Lines;

/// Every rule, in the order of their codes.
pub const ALL: &[&Rule] = &[
    &unknown_key::RULE,
    &newer_key::RULE,
    &missing_unit::RULE,
    &no_image::RULE,
    &keys_that_exclude::RULE,
    &image_not_qualified::RULE,
    &image_not_pinned::RULE,
    &update_of_a_digest::RULE,
    &option_with_a_key::RULE,
    &user_namespace::RULE,
    &groups_annotation::RULE,
    &groups_beside_kept::RULE,
    &relabelled_folder::RULE,
    &relabelled_folder::SHARED,
    &socket_file::RULE,
    &specifier::RULE,
    &specifier::DOLLAR,
    &assignment_cut::RULE,
    &env_name::RULE,
    &env_line_break::RULE,
    &literal_secret::RULE,
    &unit_of_the_system::RULE,
    &notify_without_health::RULE,
    &port_past_the_proxy::RULE,
    &privileged_port::RULE,
    &unknown_part::RULE,
    &part_name::RULE,
    &pod_needs_podman_5::RULE,
    &uid_not_mappable::RULE,
    &podman_unknown::RULE,
    &exec::RULE,
    &key_with_a_field::RULE,
    &volume_unclear::RULE,
    &unwritable_value::RULE,
    &port_twice::RULE,
    &nothing_runs::RULE,
    &job_time::RULE,
    &literal_secret::PLACEHOLDER,
];

/// Makes all checks of a service. [`unwritable_value`] is also made while rendering, where every value passes.
pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    no_image::check(call, out);
    nothing_runs::check(call, out);
    if parts_of(call).is_empty() {
        return;
    }
    podman_unknown::check(call, out);
    part_name::check(call, out);
    pod_needs_podman_5::check(call, out);
    unknown_part::check(call, out);
    image_not_qualified::check(call, out);
    image_not_pinned::check(call, out);
    uid_not_mappable::check(call, out);
    user_namespace::check(call, out);
    env_name::check(call, out);
    env_line_break::check(call, out);
    exec::check(call, out);
    notify_without_health::check(call, out);
    volume_unclear::check(call, out);
    privileged_port::check(call, out);
    port_twice::check(call, out);
    unit_of_the_system::check(call, out);
    update_of_a_digest::check(call, out);
    socket_file::check(call, out);
    port_past_the_proxy::check(call, out);
    literal_secret::check(call, out);
    unknown_key::check(call, out);
    missing_unit::check(call, out);
    keys_that_exclude::check(call, out);
    option_with_a_key::check(call, out);
    groups_annotation::check(call, out);
    groups_beside_kept::check(call, out);
    relabelled_folder::check(call, out);
    specifier::check(call, out);
    assignment_cut::check(call, out);
    newer_key::check(call, out);
    key_with_a_field::check(call, out);
    job_time::check(call, out);
    unwritable_value::check(call, out);
}

/// Keys that the user wrote as they stand: for which file, the key, its values, and where.
fn written_keys(call: &ServiceCall<Quadlet>) -> Vec<(FileType, &str, &Lines, Place)> {
    let pod = call.table.pod_keys.iter().map(|(key, lines)| (FileType::Pod, key.as_str(), lines, table(&["pod_keys", key])));
    let mut keys: Vec<_> = pod.collect();
    for part in parts_of(call) {
        for (key, lines) in &part.fields.keys {
            keys.push((FileType::Container, key, lines, part.at(&["keys", key])));
        }
    }
    keys
}

/// The same, value by value.
fn written_values<'a>(call: &'a ServiceCall<Quadlet>) -> impl Iterator<Item = (FileType, &'a str, &'a str, Place)> {
    written_keys(call).into_iter().flat_map(|(file_type, key, lines, place)| {
        let several = matches!(lines, Lines::Many(_));
        let values = lines.all().into_iter().enumerate();
        let of_key: Vec<_> = values
            .map(|(index, value)| (file_type, key, value, if several { below(&place, index) } else { place.clone() }))
            .collect();
        of_key
    })
}

/// One of the values in a list.
fn below(place: &Place, index: usize) -> Place {
    match place {
        Place::Value(pointer) | Place::Key(pointer) => Place::Value(format!("{pointer}/{index}")),
        Place::Text(span) => Place::Text(*span),
    }
}
