//! More is promised than there is.

use rick_plugin_sdk::{Diagnostics, Rule, Severity, error, fact};

use crate::Container;
use crate::size::shown;

pub const RULE: Rule = Rule {
    code: "BU001",
    name: "over-budget",
    severity: Severity::Error,
    waivable: true,
    what: "containers that together may take more memory than their machine has for them",
    why: "Each of them keeps its limit, and the kernel kills one of them all the same: not the one that grew, but the largest.",
    example: "[quadlet]\nmemory = \"9g\"\n# rick.toml\n[machines.web1]\nversions = { podman = \"5.4.2\" }\nbudget = { memory = \"8g\" }\n",
    use_instead: "[quadlet]\nmemory = \"7g\"\n# rick.toml\n[machines.web1]\nversions = { podman = \"5.4.2\" }\nbudget = { memory = \"8g\" }\n",
    source: "https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files",
};

pub fn check(containers: &[Container<'_>], memory: u64, out: &mut Diagnostics) {
    let mut limited: Vec<(u64, &Container<'_>)> =
        containers.iter().filter_map(|container| Some((container.limit?, container))).collect();
    let promised = limited.iter().fold(0_u64, |sum, (limit, _)| sum.saturating_add(*limit));
    limited.sort_by(|(left, one), (right, other)| right.cmp(left).then(one.name.cmp(other.name)));
    let Some(((_, largest), others)) = limited.split_first().filter(|_| promised > memory) else { return };
    let (promised, has) = (shown(promised), shown(memory));
    let found = format!("the containers here may take {promised}, and {has} is what there is for them");
    let help = "give some of them less, or move one to another machine";
    let mut diagnostic =
        error(RULE.code, found, largest.place.clone()).help(help).note("what there is for them", fact(&["memory"]));
    for (limit, container) in others.iter().take(3) {
        diagnostic = diagnostic.note(format!("`{}` may take {}", container.name, shown(*limit)), container.place.clone());
    }
    out.push(diagnostic);
}
