//! The checks, one file each.

mod assignment_cut;
mod discovery_address;
mod encoded_host;
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
mod password_in_socket_query;
mod placeholder_secret;
mod pod_needs_podman_5;
mod podman_unknown;
mod port_of_a_server;
mod port_past_the_proxy;
mod port_twice;
mod private_label;
mod privileged_port;
mod relabelled_folder;
mod setting_without_effect;
mod socket_file;
mod socket_in_a_query;
mod socket_not_mounted;
mod specifier;
mod uid_not_mappable;
mod unit_of_the_system;
mod unknown_key;
mod unknown_part;
pub mod unwritable_value;
mod update_of_a_digest;
mod url_not_encoded;
mod user_namespace;
mod variable_in_a_key;
mod volume_unclear;

use rick_plugin_sdk::{Diagnostics, Piece, Place, Rule, ServiceCall, table};

use crate::Quadlet;
use crate::keys::FileType;
use crate::parts::parts_of;
use crate::values::{EnvValue, Lines};

/// Every rule, in the order of their codes.
pub const ALL: &[&Rule] = &[
    &discovery_address::RULE,
    &setting_without_effect::RULE,
    &url_not_encoded::RULE,
    &encoded_host::RULE,
    &socket_not_mounted::RULE,
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
    &private_label::RULE,
    &socket_file::RULE,
    &specifier::RULE,
    &variable_in_a_key::RULE,
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
    &password_in_socket_query::RULE,
    &socket_in_a_query::RULE,
    &port_of_a_server::RULE,
    &placeholder_secret::RULE,
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
    placeholder_secret::check(call, out);
    url_not_encoded::check(call, out);
    encoded_host::check(call, out);
    socket_not_mounted::check(call, out);
    socket_in_a_query::check(call, out);
    password_in_socket_query::check(call, out);
    discovery_address::check(call, out);
    setting_without_effect::check(call, out);
    port_of_a_server::check(call, out);
    unknown_key::check(call, out);
    missing_unit::check(call, out);
    keys_that_exclude::check(call, out);
    option_with_a_key::check(call, out);
    groups_annotation::check(call, out);
    groups_beside_kept::check(call, out);
    relabelled_folder::check(call, out);
    private_label::check(call, out);
    specifier::check(call, out);
    variable_in_a_key::check(call, out);
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
fn written_values(call: &ServiceCall<Quadlet>) -> impl Iterator<Item = (FileType, &str, &str, Place)> {
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

/// A variable that the manifest itself says: its name, its value, and where that is, with further steps.
type Variable<'a> = (&'a str, &'a EnvValue, Box<dyn Fn(&[&str]) -> Place + 'a>);

/// The variables in `env` of each part, the general ones first.
fn own_variables<'a>(call: &'a ServiceCall<Quadlet>) -> Vec<Variable<'a>> {
    let mut variables: Vec<Variable<'a>> = Vec::new();
    for (name, value) in &call.table.main.env {
        let place = move |steps: &[&str]| table(&[&["env", name.as_str()], steps].concat());
        variables.push((name, value, Box::new(place)));
    }
    for (part, container) in &call.table.containers {
        for (name, value) in &container.fields.env {
            let place = move |steps: &[&str]| table(&[&["containers", part.as_str(), "env", name.as_str()], steps].concat());
            variables.push((name, value, Box::new(place)));
        }
    }
    variables
}

/// A value as text, with a word for each secret.
fn shown(value: &EnvValue) -> String {
    let pieces = value.pieces().into_iter().map(|piece| match piece {
        Piece::Text(text) => text,
        Piece::Secret(_) => "secret".to_owned(),
    });
    pieces.collect()
}
