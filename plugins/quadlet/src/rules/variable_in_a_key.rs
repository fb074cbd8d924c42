//! A variable that systemd replaces in a value that is written as it stands.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, set, warning};

use super::written_values;
use crate::Quadlet;

pub const RULE: Rule = Rule {
    code: "QD025",
    name: "dollar-sign-in-a-key",
    severity: Severity::Warning,
    waivable: true,
    what: "`${…}`, or `$NAME` at the beginning of a word, in `keys`: systemd takes it for a variable of the unit's",
    why: "It is replaced by a variable of the unit's environment, which is seldom there, so by nothing. A `$` that is meant is `$$`.",
    example: "[quadlet.keys]\nLabel = \"redirect.replacement=https://x.example.org/${1}\"\n",
    use_instead: "[quadlet.keys]\nLabel = \"redirect.replacement=https://x.example.org/$${1}\"\n",
    source: "systemd.service(5), command lines",
};

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    for (_, key, value, place) in written_values(call) {
        // A drop-in's variable may be meant; a command for the container's shell is not systemd's.
        if let Some(name) = variable(value) {
            let message = format!("systemd replaces `{name}` in `{key}` by a variable of the unit's");
            let mended = value.replace("$$", "$").replace('$', "$$");
            out.push(
                warning(RULE.code, message, place.clone())
                    .help("write `$$` for a `$`; waive this where the unit's variable is meant")
                    .unsafe_fix("write `$$` for a `$`", vec![set(&place, mended)]),
            );
        }
    }
}

/// The first variable that systemd would replace: `${…}` anywhere, and `$NAME` at the beginning of a word, as its own tests have it.
fn variable(value: &str) -> Option<&str> {
    let mut from = 0;
    while let Some(at) = value[from..].find('$').map(|at| from + at) {
        let rest = &value[at + 1..];
        if rest.starts_with('$') {
            from = at + 2;
            continue;
        }
        if let Some(inner) = rest.strip_prefix('{')
            && let Some(end) = inner.find('}')
        {
            return Some(&value[at..at + end + 3]);
        }
        let begins =
            value[..at].chars().next_back().is_none_or(|before| before.is_whitespace() || before == '"' || before == '\'');
        let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        if begins && length > 0 {
            return Some(&value[at..at + 1 + length]);
        }
        from = at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doubled_dollar_is_none() {
        assert_eq!(variable("cost 5$ $$HOME admin:$apr1$H6us rule=Host(`$HOST`)"), None);
        assert_eq!(variable("https://x/${1}"), Some("${1}"));
        assert_eq!(variable("a $HOST b"), Some("$HOST"));
    }
}
