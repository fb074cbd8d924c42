//! Places: JSON pointers (RFC 6901) into the input of the call at hand.

use std::collections::BTreeMap;

use crate::bindings::rick::plugin::types::Place;

/// Joins steps to a pointer, escaping `~` and `/`.
pub fn pointer<'a>(steps: impl IntoIterator<Item = &'a str>) -> String {
    let mut pointer = String::new();
    for step in steps {
        pointer.push('/');
        pointer.push_str(&step.replace('~', "~0").replace('/', "~1"));
    }
    pointer
}

fn value(root: &str, steps: &[&str]) -> Place {
    Place::Value(pointer(std::iter::once(root).chain(steps.iter().copied())))
}

/// A value in the plugin's own table of the manifest; `&[]` is the table itself.
pub fn table(steps: &[&str]) -> Place {
    value("table", steps)
}

/// A key, rather than its value, in the plugin's own table.
pub fn table_key(steps: &[&str]) -> Place {
    key_of(table(steps))
}

/// A value in the manifest's `[service]`.
pub fn service(steps: &[&str]) -> Place {
    value("service", steps)
}

/// A value of the machine in rick.toml.
pub fn machine(steps: &[&str]) -> Place {
    value("machine", steps)
}

/// A value in `[plugins.<name>]` of rick.toml.
pub fn setting(steps: &[&str]) -> Place {
    value("settings", steps)
}

/// A value in `[machines.<machine>.<name>]` of rick.toml.
pub fn fact(steps: &[&str]) -> Place {
    value("facts", steps)
}

/// What the service holds of a pool.
pub fn claimed(pool: &str, key: &str) -> Place {
    value("claimed", &[pool, key])
}

/// A value of one service in a call of a larger scope: `&["table", "role"]`, `&["service", "domain"]`.
pub fn of(service: &str, steps: &[&str]) -> Place {
    Place::Value(pointer(["services", service].into_iter().chain(steps.iter().copied())))
}

/// A value in the plugin's own table of one service in a call of a larger scope.
pub fn table_of(service: &str, steps: &[&str]) -> Place {
    Place::Value(pointer(["services", service, "table"].into_iter().chain(steps.iter().copied())))
}

/// The variables that a plugin's table names under `env`, the form of each, and where it is said; without `env`, the plugin's own one.
pub fn variables<'a, F: Copy>(env: Option<&'a BTreeMap<String, F>>, own: (&'a str, F)) -> Vec<(&'a str, F, Place)> {
    match env {
        None => vec![(own.0, own.1, table(&[]))],
        Some(env) => env.iter().map(|(variable, &form)| (variable.as_str(), form, table_key(&["env", variable]))).collect(),
    }
}

/// The key of a value, for a caret under the key.
pub fn key_of(place: Place) -> Place {
    match place {
        Place::Value(pointer) | Place::Key(pointer) => Place::Key(pointer),
        Place::Text(span) => Place::Text(span),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_with_a_slash_is_escaped() {
        assert_eq!(pointer(["reads", "a/b~c"]), "/reads/a~1b~0c");
    }
}
