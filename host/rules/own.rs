//! The codes of rick's own diagnostics: words rather than numbers, since they are few.

/// What one of them means.
#[derive(Debug)]
pub struct Own {
    /// "schema"
    pub code: &'static str,
    /// "error", "warning": it is always that.
    pub severity: &'static str,
    /// What was found.
    pub what: &'static str,
    /// What to do about it.
    pub act: &'static str,
}

/// All of them, in the order of their codes.
pub const ALL: &[Own] = &[
    Own {
        code: "baseline",
        severity: "warning",
        what: "an entry of rick-baseline.toml whose problem is gone, or that stands for more problems than there are",
        act: "`rick lint --baseline update` takes it out, so that the problem cannot come back unseen",
    },
    Own {
        code: "claim",
        severity: "error",
        what: "two services want the same number or name; a number that rick.lock keeps for another; a pool with nothing left",
        act: "leave a number out and rick hands one out; give one of two another name",
    },
    Own {
        code: "conflict",
        severity: "error",
        what: "two plugins say different things about the same, both derived or both stated; two artifacts at one path",
        act: "say in the manifest which it is to be: what is stated beats what is derived",
    },
    Own {
        code: "file",
        severity: "error",
        what: "a `[[file]]` whose source leaves the project, cannot be read or is not text; two at one path; a path with `..`",
        act: "name a text file below the project's folder, and a path inside the container that no other has",
    },
    Own {
        code: "lint",
        severity: "error",
        what: "a code in `[lint]` that no rule has, or a rule turned off there that cannot be",
        act: "`rick rules` lists the codes; a rule that cannot be waived cannot be turned off either",
    },
    Own {
        code: "lock",
        severity: "error",
        what: "rick.lock cannot be read; a plugin that is not locked, is not there, is not what is pinned, or wants more than was allowed",
        act: "take rick.lock back from version control; for a plugin, what the help says: `rick plugin add`, `fetch` or `update`",
    },
    Own {
        code: "plugin",
        severity: "error",
        what: "a plugin failed: it looped, trapped, took too much memory, or answered what it may not",
        act: "report it to the plugin's author; nothing is wrong with the project's files",
    },
    Own {
        code: "policy",
        severity: "error",
        what: "a policy that cannot be asked: an expression that is none, a name that nothing has, one that fails or does too much; two with one name; a pack that is not there; a test that does not come out as it says",
        act: "mend the policy at its line; what is meant by a name is in docs/users/policies.md",
    },
    Own {
        code: "schema",
        severity: "error",
        what: "a key that is not known, a value of the wrong kind, a missing table; a name that differs from the file's; a machine that is not in rick.toml",
        act: "the nearest known name is shown, if one is near",
    },
    Own {
        code: "template",
        severity: "error",
        what: "a template's syntax; a name that is not there; a slot with nothing in it; a secret that went through a filter",
        act: "mend the template at the place that is shown",
    },
    Own {
        code: "toml",
        severity: "error",
        what: "a file is not TOML",
        act: "all that is wrong with its syntax is shown, each at its place",
    },
    Own {
        code: "unread",
        severity: "error",
        what: "something was asked for, and no plugin of the service does it",
        act: "add the table of one that does",
    },
    Own {
        code: "waiver-expired",
        severity: "warning",
        what: "a waiver whose last day is over, or whose `expires` is no date; it waives nothing",
        act: "mend what it was for, or look at its reason again and give it another day",
    },
    Own {
        code: "waiver-refused",
        severity: "error",
        what: "a waiver of a rule that no plugin has, or of one that cannot be waived",
        act: "mend what the rule found; `rick explain CODE` says why it cannot be waived",
    },
    Own {
        code: "waiver-unused",
        severity: "warning",
        what: "a waiver of something that is not found",
        act: "take it out, so that the problem cannot come back unseen",
    },
];

/// What a word means.
pub fn find(code: &str) -> Option<&'static Own> {
    ALL.iter().find(|own| own.code == code)
}
