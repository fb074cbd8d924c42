//! A user namespace in which the process is not the service's user, although something depends on that.

use rick_plugin_sdk::slots::{self, quadlet};
use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error};

use crate::Quadlet;
use crate::parts::parts_of;
use crate::users::mapping;

pub const RULE: Rule = Rule {
    code: "QD015",
    name: "process-not-service-user",
    severity: Severity::Error,
    waivable: false,
    what: "a `user_namespace` in which a part's process is not the service's user on the machine, although a plugin needs it to be",
    why: "A server that authenticates by asking the kernel who connects (PostgreSQL's `peer`) sees a subordinate uid and refuses. In \
          rootless `host`, uid 0 inside is the service's user and every other one is subordinate.",
    example: "[service]\nimage = \"ghcr.io/acme/myservice:1.4.2\"\nuser = 1000\n\n[postgres]\n\n[quadlet]\nuser_namespace = \"host\"\n",
    use_instead: "[service]\nimage = \"ghcr.io/acme/myservice:1.4.2\"\nuser = 1000\n\n[postgres]\n\n[quadlet]   # rick writes UserNS=keep-id:uid=1000,gid=1000\n",
    source: "podman-run(1), --userns",
};

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    let Some(identity) = call.reads.of::<slots::Identity>().into_iter().next() else { return };
    let asked = call.reads.of::<quadlet::Identity>();
    for part in parts_of(call) {
        let (Some(namespace), Some(wish)) = (&part.fields.user_namespace, part.of(&asked).into_iter().next()) else { continue };
        let quadlet::As::ServiceUser = wish.value.r#as;
        let user = &identity.value.user;
        let message = match mapping(&part, &identity).is_service_user(identity.value.uid) {
            Some(true) => continue,
            Some(false) => {
                format!("in `{namespace}` the process of `{}` is not `{user}` on the machine, which it must be", part.name)
            }
            None => format!(
                "in `{namespace}` the process of `{}` is whoever its image says, and it must be `{user}` on the machine",
                part.name
            ),
        };
        let help = "leave `user_namespace` out: rick maps the user of the image onto the service's";
        out.push(
            error(RULE.code, message, part.at(&["user_namespace"])).help(help).note("asked for because of this", wish.place),
        );
    }
}
