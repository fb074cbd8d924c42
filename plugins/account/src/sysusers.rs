//! sysusers.d: <https://www.freedesktop.org/software/systemd/man/latest/sysusers.d.html>
//!
//! systemd-sysusers takes another uid in silence where the wished one is taken (seen with 252 and 257), so a step of the
//! kind `identity` asks before this file is used. It can neither give subordinate ids nor enable lingering.

use rick_plugin_sdk::slots::{IdentityValue, Nothing};
use rick_plugin_sdk::{Artifact, Read, service};

/// The service's user, its group, and its memberships.
pub fn render(name: &str, identity: &Read<IdentityValue>, groups: &[Read<Nothing>]) -> Artifact {
    let IdentityValue { user, uid, group, gid, home, .. } = &identity.value;
    let mut file = Artifact::new(format!("/etc/sysusers.d/rick-{name}.conf"));
    file.line(format!("# the service {name}; written by rick, change its manifest instead"), service(&["name"]));
    file.line(format!("g {group} {gid} - -"), &identity.place);
    file.line(
        format!("u {user} {uid}:{gid} {} {} /usr/sbin/nologin", quoted(&format!("service {name}")), quoted(home)),
        &identity.place,
    );
    for membership in groups {
        file.line(format!("m {user} {}", membership.key), &membership.place);
    }
    file
}

/// A field in double quotes, with specifiers escaped.
fn quoted(field: &str) -> String {
    format!("\"{}\"", field.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%"))
}
