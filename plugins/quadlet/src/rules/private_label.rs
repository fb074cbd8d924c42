//! A label of SELinux by which one container alone may use a path of the machine.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, warning};

use super::relabelled_folder::is_the_machines;
use super::written_values;
use crate::Quadlet;

pub const RULE: Rule = Rule {
    code: "QD021",
    name: "private-label-of-a-path",
    severity: Severity::Warning,
    waivable: true,
    what: "`:Z` on a path of a machine with SELinux",
    why: "The label is of one container: where another one, or somebody on the machine, uses the same files, the last one that starts locks \
          the others out. A folder in the service's home, by `name`, needs no label of its own.",
    example: "# rick.toml\n[machines.web1]\nversions = { podman = \"5.4.2\" }\n[machines.web1.quadlet]\nselinux = true\n\n# services/myservice.toml\n[quadlet.keys]\nVolume = \"/srv/media:/media:Z\"\n",
    use_instead: "# rick.toml\n[machines.web1]\nversions = { podman = \"5.4.2\" }\n[machines.web1.quadlet]\nselinux = true\n\n# services/myservice.toml\n[quadlet.keys]\nVolume = \"/srv/media:/media:z\"\n",
    source: "podman-run(1), --volume, labeling volume mounts",
};

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    if !call.facts.selinux {
        return;
    }
    for (_, key, value, place) in written_values(call) {
        let mut fields = value.splitn(3, ':');
        let (Some(source), Some(_), Some(options)) = (fields.next(), fields.next(), fields.next()) else { continue };
        let private = options.split(',').any(|option| option == "Z");
        if key == "Volume" && source.starts_with('/') && private && !is_the_machines(source) {
            let message = format!("`:Z` lets one container alone use `{source}`");
            let help =
                "`:z` is for what several use; what is the service's own belongs into its home: `volumes = [\"data:/path\"]`";
            out.push(warning(RULE.code, message, place).help(help));
        }
    }
}
