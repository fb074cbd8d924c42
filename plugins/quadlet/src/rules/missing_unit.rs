//! A unit that a key names and that rick does not write.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error};

use super::written_values;
use crate::Quadlet;

pub const RULE: Rule = Rule {
    code: "QD003",
    name: "unit-that-is-not-there",
    severity: Severity::Error,
    waivable: true,
    what: "a key in `keys` or `pod_keys` that names a `.network`, `.volume`, `.pod`, `.image`, `.build`, `.artifact` or `.container` file",
    why: "The generator drops a unit whose neighbour is not there. rick writes the containers, the pod and the volumes of a manifest, and \
          names them itself; waive this for a file that you keep in the same folder by hand.",
    example: "[quadlet.pod_keys]\nNetwork = \"backend.network\"\n",
    use_instead: "[quadlet.pod_keys]\nNetwork = \"pasta\"\n",
    source: "podman: pkg/systemd/quadlet/quadlet.go, addNetworks, handleStorageSource, handlePod",
};

/// Extensions of Quadlet's files: podman-systemd.unit(5).
const EXTENSIONS: &[&str] = &[".network", ".volume", ".pod", ".image", ".build", ".artifact", ".container"];

/// Keys whose value, or the beginning of it, may be a file of Quadlet's.
const KEYS: &[&str] = &["Network", "Volume", "Mount", "Image", "Pod"];

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    for (_, key, value, place) in written_values(call).filter(|(_, key, ..)| KEYS.contains(key)) {
        let words = value.split([':', ',']).map(|word| word.rsplit('=').next().unwrap_or(word));
        let named = words.into_iter().find(|word| !word.contains('/') && EXTENSIONS.iter().any(|end| word.ends_with(end)));
        let Some(named) = named else { continue };
        let message = format!("`{key}` names `{named}`, which rick does not write: the unit would be dropped");
        let help = if named.ends_with(".volume") { "say it in `volumes`: `\"data:/path\"`" } else { "leave it out" };
        out.push(error(RULE.code, message, place).help(help));
    }
}
