//! Who a part's process is, inside and on the machine.
//!
//! A server that asks the kernel who connects, and the files in a service's folders, see a uid of the machine. rick maps the
//! user that an image runs as onto the service's own, so that it is always this one:
//! <https://docs.podman.io/en/latest/markdown/podman-run.1.html#userns-mode>

use rick_plugin_sdk::slots::IdentityValue;
use rick_plugin_sdk::{Place, Read};

use crate::parts::Part;

/// How a part's users are mapped.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// `UserNS=`
    pub namespace: String,
    /// `User=` and `Group=`. Always both: without the group it is 0, a subordinate gid.
    pub start: Option<(u32, u32)>,
    /// Who the process is inside in the end; `None`: as the image says, which is not known.
    pub inside: Option<(u32, u32)>,
    /// It begins as root inside, or stays it, and needs capabilities for that.
    pub root: bool,
    /// Because of what.
    pub because: Place,
}

/// The mapping of a part.
pub fn mapping(part: &Part<'_>, identity: &Read<IdentityValue>) -> Mapping {
    let overridden = part.fields.user_namespace.as_ref();
    let (uid, gid) = (identity.value.uid, identity.value.gid);
    let Some((user, place)) = &part.user else {
        // Nobody said whom the image runs as, so the process is made the service's user inside too.
        return match overridden {
            Some(namespace) => Mapping {
                namespace: namespace.clone(),
                start: None,
                inside: None,
                root: false,
                because: part.at(&["user_namespace"]),
            },
            None => Mapping {
                namespace: "keep-id".to_owned(),
                start: Some((uid, gid)),
                inside: Some((uid, gid)),
                root: false,
                because: identity.place.clone(),
            },
        };
    };
    let root = user.starts_as_root || user.uid == 0;
    let inside = (user.uid, user.gid);
    let (namespace, because) = match overridden {
        Some(namespace) => (namespace.clone(), part.at(&["user_namespace"])),
        None => (format!("keep-id:uid={},gid={}", user.uid, user.gid), place.clone()),
    };
    let start = if user.starts_as_root { (0, 0) } else { inside };
    Mapping { namespace, start: Some(start), inside: Some(inside), root, because }
}

impl Mapping {
    /// Whether the process is the service's user on the machine; `None` where that hangs on what the image says.
    pub fn is_service_user(&self, uid: u32) -> Option<bool> {
        let (mode, options) = self.namespace.split_once(':').unwrap_or((&self.namespace, ""));
        let mapped = match mode {
            "host" | "" => 0,
            "keep-id" => options.split(',').find_map(|option| option.strip_prefix("uid=")?.parse().ok()).unwrap_or(uid),
            // These map the service's user to nobody inside, or to nobody that can be known.
            _ => return Some(false),
        };
        self.inside.map(|(inside, _)| inside == mapped)
    }
}
