//! A drop-in for `user@UID.service`, the one place where a service's containers can be ordered against units of the system:
//! a user's manager cannot see them (<https://github.com/systemd/systemd/issues/3312>), but it is itself a unit of theirs.

use rick_plugin_sdk::slots::{IdentityValue, Nothing};
use rick_plugin_sdk::{Artifact, Read, service};

/// The user's manager starts after these units and stops before them. `Wants`, never `Requires`: a database that is
/// restarted must not take the whole manager with it.
pub fn render(name: &str, identity: &Read<IdentityValue>, units: &[Read<Nothing>]) -> Artifact {
    let mut file = Artifact::new(format!("/etc/systemd/system/user@{}.service.d/rick.conf", identity.value.uid));
    if units.is_empty() {
        return file;
    }
    file.line(format!("# {name}: its containers start after, and stop before, what they use"), service(&["name"]));
    file.line("[Unit]", &identity.place);
    for unit in units {
        file.line(format!("Wants={}", unit.key), &unit.place);
        file.line(format!("After={}", unit.key), &unit.place);
    }
    file
}
