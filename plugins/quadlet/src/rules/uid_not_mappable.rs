//! A user of an image for whom there is no subordinate id.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error};

use crate::Quadlet;
use crate::parts::parts_of;

/// How many subordinate ids a service has, and so the first uid inside that is too much.
const COUNT: u32 = 65_536;

pub const RULE: Rule = Rule {
    code: "QD050",
    name: "uid-not-mappable",
    severity: Severity::Error,
    waivable: false,
    what: "an image that runs as a uid or gid above 65535",
    why: "A service has 65536 subordinate ids: those inside reach from 0 to 65535, so the mapping cannot be made and the pod does not start.",
    example: "[service]\nimage = \"ghcr.io/acme/myservice:1.4.2\"\nuser = 100000\n",
    use_instead: "[service]   # without `user`, the process is made the service's user, whatever the image says\nimage = \"ghcr.io/acme/myservice:1.4.2\"\n",
    source: "podman-run(1), --userns; subuid(5)",
};

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    let mut found = Vec::new();
    for part in parts_of(call) {
        let Some((user, place)) = part.user else { continue };
        let Some(id) = [user.uid, user.gid].into_iter().find(|id| *id >= COUNT) else { continue };
        if !found.contains(&place) {
            let message = format!("{id} is not among the ids that a container of the service has, which are 0 to 65535");
            out.push(error(RULE.code, message, place.clone()).help("leave `user` out if the image runs as anybody"));
            found.push(place);
        }
    }
}
