//! An image that may be another one tomorrow.

use rick_plugin_sdk::{Diagnostics, Place, Rule, ServiceCall, Severity, warning};

use crate::Quadlet;
use crate::parts::parts_of;

pub const RULE: Rule = Rule {
    code: "QD010",
    name: "image-not-pinned",
    severity: Severity::Warning,
    waivable: true,
    what: "an image with the tag `latest`, or with neither a tag nor a digest, that is not updated on purpose with `AutoUpdate`",
    why: "What runs depends on when it was pulled. Two machines differ, and there is no way back to what ran before.",
    example: "[service]\nimage = \"ghcr.io/acme/myservice:latest\"\n",
    use_instead: "[service]\nimage = \"ghcr.io/acme/myservice:1.4.2\"\n",
    source: "podman-auto-update(1)",
};

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    for (image, updated, place) in images(call) {
        if updated || image.contains('@') {
            continue;
        }
        let name = image.rsplit('/').next().unwrap_or(image);
        let message = match name.split_once(':') {
            None => format!("`{image}` has no tag, which means `latest`"),
            Some((_, "latest")) => format!("`{image}` is whatever is newest when it is pulled"),
            Some(_) => continue,
        };
        out.push(warning(RULE.code, message, place).help("name a version: `:1.4.2`, or the digest: `@sha256:…`"));
    }
}

/// Each image once: its name, whether podman is told to update it, and where it is said.
pub fn images(call: &ServiceCall<Quadlet>) -> Vec<(&str, bool, Place)> {
    let mut images: Vec<(&str, bool, Place)> = Vec::new();
    for part in parts_of(call) {
        let updated = part.fields.keys.contains_key("AutoUpdate");
        match images.iter_mut().find(|(_, _, place)| *place == part.image_place) {
            Some((_, other, _)) => *other &= updated,
            None => images.push((part.image, updated, part.image_place.clone())),
        }
    }
    images
}
