//! An image that is updated by itself, and cannot be.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, key_of, remove, warning};

use crate::Quadlet;
use crate::parts::parts_of;

pub const RULE: Rule = Rule {
    code: "QD011",
    name: "update-of-a-digest",
    severity: Severity::Warning,
    waivable: true,
    what: "`AutoUpdate` for an image that is named by its digest",
    why: "A digest never names another image: podman looks, finds the same, and whoever counts on updates gets none.",
    example: "[service]\nimage = \"ghcr.io/acme/myservice@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"\n\n[quadlet.keys]\nAutoUpdate = \"registry\"\n",
    use_instead: "[service]\nimage = \"ghcr.io/acme/myservice@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"\n",
    source: "podman-auto-update(1)",
};

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    for part in parts_of(call) {
        if part.fields.keys.contains_key("AutoUpdate") && part.image.contains('@') {
            let message = format!("`{}` is named by its digest, which no update changes", part.image);
            let key = part.at(&["keys", "AutoUpdate"]);
            out.push(
                warning(RULE.code, message, key_of(key.clone()))
                    .help("leave `AutoUpdate` out, or name the image by a tag")
                    .note("the image", part.image_place.clone())
                    .safe_fix("remove `AutoUpdate`", vec![remove(&key)]),
            );
        }
    }
}
