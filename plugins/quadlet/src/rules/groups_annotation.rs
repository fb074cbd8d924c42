//! The groups of the caller, asked for by an annotation.

use rick_plugin_sdk::{Diagnostics, Place, Rule, ServiceCall, Severity, remove, set, warning};

use super::written_values;
use crate::Quadlet;
use crate::keys::FileType;

pub const RULE: Rule = Rule {
    code: "QD017",
    name: "groups-by-annotation",
    severity: Severity::Warning,
    waivable: true,
    what: "the annotation `run.oci.keep_original_groups`",
    why: "It is what podman makes of `--group-add keep-groups`, and crun's own business. With `keep_groups` rick says it in the way that \
          the machine's podman documents. Inside, the groups show as `nobody` either way.",
    example: "[quadlet.keys]\nAnnotation = \"run.oci.keep_original_groups=1\"\n",
    use_instead: "[quadlet]\nkeep_groups = true\n",
    source: "podman-run(1), --group-add; podman: cmd/podman/containers/create.go",
};

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    for (file_type, key, value, place) in written_values(call) {
        if file_type != FileType::Container || key != "Annotation" || !value.contains("run.oci.keep_original_groups") {
            continue;
        }
        let found = warning(RULE.code, "this is podman's own way to say `keep_groups`", place.clone())
            .help("say `keep_groups = true`, and leave the annotation out");
        let is_alone = value.trim_matches('"') == "run.oci.keep_original_groups=1";
        out.push(match keep_groups(&place).filter(|_| is_alone) {
            Some(field) => found.safe_fix("say `keep_groups = true`", vec![set(&field, true), remove(&place)]),
            None => found,
        });
    }
}

/// The field of the part whose key this is.
fn keep_groups(place: &Place) -> Option<Place> {
    let Place::Value(pointer) = place else { return None };
    let (part, _) = pointer.rsplit_once("/keys/")?;
    Some(Place::Value(format!("{part}/keep_groups")))
}
