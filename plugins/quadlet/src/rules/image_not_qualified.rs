//! An image whose name does not say where it comes from.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, set, warning};

use super::image_not_pinned::images;
use crate::Quadlet;

pub const RULE: Rule = Rule {
    code: "QD009",
    name: "short-image-name",
    severity: Severity::Warning,
    waivable: true,
    what: "an image without a registry",
    why: "podman asks at a terminal which registry is meant, and a unit has none; with an alias or a search list, whoever registers \
          the name there first is run. `AutoUpdate=registry` refuses it.",
    example: "[service]\nimage = \"myservice:1.4.2\"\n",
    use_instead: "[service]\nimage = \"ghcr.io/acme/myservice:1.4.2\"\n",
    source: "podman-pull(1), short-name aliases; podman: cmd/quadlet/main.go, warnIfAmbiguousName",
};

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    for (image, _, place) in images(call) {
        let Some((first, _)) = image.split_once('/') else {
            out.push(found(image, place));
            continue;
        };
        if first != "localhost" && !first.contains(['.', ':']) {
            out.push(found(image, place));
        }
    }
}

fn found(image: &str, place: rick_plugin_sdk::Place) -> rick_plugin_sdk::Diagnostic {
    let message = format!("`{image}` does not say from which registry");
    let hub = if image.contains('/') { format!("docker.io/{image}") } else { format!("docker.io/library/{image}") };
    warning(RULE.code, message, place.clone())
        .unsafe_fix(format!("take it from `{hub}`"), vec![set(&place, hub)])
        .help("put the registry before it, as in `docker.io/library/` or `ghcr.io/`; `localhost/` for one that is built there")
}
