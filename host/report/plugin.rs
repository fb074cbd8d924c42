//! What a plugin is and does, for whoever is asked to allow it.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::plugin::limits::plain;
use crate::plugin::{Descriptor, Of, Plugin, Stage};
use crate::slots::CHECK;

/// Places whose files decide what runs as root, or who may be root.
const ROOTS: &[&str] = &[
    "/bin",
    "/boot",
    "/etc/NetworkManager",
    "/etc/apt",
    "/etc/bash",
    "/etc/containers",
    "/etc/cron",
    "/etc/crypttab",
    "/etc/dbus-1",
    "/etc/doas",
    "/etc/environment",
    "/etc/fstab",
    "/etc/group",
    "/etc/gshadow",
    "/etc/init.d",
    "/etc/ld.so",
    "/etc/logrotate",
    "/etc/modprobe.d",
    "/etc/modules",
    "/etc/network",
    "/etc/nsswitch.conf",
    "/etc/pam.d",
    "/etc/passwd",
    "/etc/polkit-1",
    "/etc/postgresql",
    "/etc/profile",
    "/etc/rc",
    "/etc/security",
    "/etc/shadow",
    "/etc/ssh",
    "/etc/subuid",
    "/etc/sudoers",
    "/etc/sysctl",
    "/etc/systemd",
    "/etc/sysusers.d",
    "/etc/tmpfiles.d",
    "/etc/udev",
    "/home",
    "/lib",
    "/opt",
    "/root",
    "/run",
    "/sbin",
    "/usr",
    "/var/lib",
    "/var/spool",
];

/// Whether a glob is of files that decide what runs as root.
fn reaches_root(glob: &str) -> bool {
    // Up to the first character of a pattern: what it may be is anything.
    let fixed = glob.split(['*', '?', '[', '{']).next().unwrap_or_default();
    let open = fixed.len() < glob.len();
    ROOTS.iter().any(|root| glob.starts_with(root) || open && root.starts_with(fixed))
}

fn when(stage: Stage) -> &'static str {
    match stage {
        Stage::Contribute => "contribute",
        Stage::Check => "check",
        Stage::Render => "render",
    }
}

fn whose(of: Of) -> &'static str {
    match of {
        Of::Service => "of the service",
        Of::Machine => "of the machine",
        Of::Project => "of the project",
    }
}

/// For people.
pub fn human(plugin: &Plugin, source: &str, sha256: &str, size: usize) -> String {
    let Descriptor {
        name, version, summary, table, always, owns, pools, writes_slots, reads, writes, steps, answers, rules, ..
    } = &plugin.descriptor;
    let mut text = format!("{name} {version}: {summary}\n");
    let mut rows = |title: &str, rows: Vec<String>| {
        for (index, row) in rows.iter().enumerate() {
            let _ = writeln!(text, "  {:<15} {row}", if index == 0 { title } else { "" });
        }
    };
    let listed = |names: Vec<String>| if names.is_empty() { Vec::new() } else { vec![names.join(", ")] };
    rows("source", vec![source.to_owned()]);
    rows("sha256", vec![sha256.to_owned()]);
    rows("size", vec![format!("{} KiB", size.div_ceil(1024))]);
    rows("contract", vec![plugin.contract.clone()]);
    rows("imports", vec!["log".to_owned()]);
    rows("takes part", vec![if *always { "in every service".to_owned() } else { format!("where a manifest has [{table}]") }]);
    rows("answers", listed(answers.iter().cloned().collect()));
    rows("owns", listed(owns.iter().map(|slot| slot.name.clone()).chain(pools.iter().map(|pool| pool.name.clone())).collect()));
    rows("contributes to", listed(writes_slots.iter().cloned().collect()));
    rows("fulfils", listed(reads.iter().filter(|read| read.fulfils).map(|read| read.slot.clone()).collect()));
    rows("reads", reads.iter().map(|read| format!("{} {}, by {}", read.slot, whose(read.of), when(read.by))).collect());
    let path = |glob: &String| if reaches_root(glob) { format!("{glob}   decides what runs as root") } else { glob.clone() };
    rows("writes", writes.iter().map(path).collect());
    let step = |kind: &String| match kind.as_str() {
        "command" => "command (any command, as anybody)".to_owned(),
        "sql" => "sql (any, also as the superuser)".to_owned(),
        "sysusers" | "tmpfiles" | "block" => format!("{kind} (as root)"),
        _ => kind.clone(),
    };
    rows("steps", listed(steps.iter().map(step).collect()));
    if writes_slots.contains(CHECK) {
        rows("asks", vec!["the machine, at `rick verify`, by root's hand".to_owned()]);
    }
    rows("rules", rules.iter().map(|rule| format!("{} {}", rule.code, rule.name)).collect());
    plain(&text)
}

/// For programs.
pub fn json(plugin: &Plugin, source: &str, sha256: &str, size: usize) -> Value {
    let Descriptor {
        name, version, summary, table, always, owns, pools, writes_slots, reads, writes, steps, answers, rules, ..
    } = &plugin.descriptor;
    let reads = reads
        .iter()
        .map(|read| json!({ "slot": read.slot, "by": when(read.by), "of": whose(read.of).trim_start_matches("of the "), "fulfils": read.fulfils }));
    let rules = rules.iter().map(|rule| json!({ "code": rule.code, "name": rule.name, "waivable": rule.waivable }));
    json!({
        "name": name, "version": version, "summary": summary, "table": table, "always": always, "from": source, "sha256": sha256,
        "size": size, "contract": plugin.contract, "answers": answers,
        "owns": owns.iter().map(|slot| &slot.name).collect::<Vec<_>>(), "pools": pools.iter().map(|pool| &pool.name).collect::<Vec<_>>(),
        "contributes": writes_slots, "reads": reads.collect::<Vec<_>>(), "writes": writes, "steps": steps, "rules": rules.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::reaches_root;

    #[test]
    fn what_decides_what_runs_as_root_is_marked() {
        for glob in [
            "/etc/systemd/system/x.service",
            "/etc/sudoers.d/x",
            "/**",
            "/etc/*",
            "/etc/sys*/x",
            "/usr/local/bin/x",
            "/e*/x",
            "/etc/containers/systemd/x.container",
        ] {
            assert!(reaches_root(glob), "{glob}");
        }
        for glob in ["/etc/rick/x/*", "/etc/prometheus/rick/*.json", "/etc/motd.d/rick-*"] {
            assert!(!reaches_root(glob), "{glob}");
        }
    }
}
