//! A variable that systemd replaces in a value that is written as it stands.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, set, warning};

use super::written_values;
use crate::Quadlet;

pub const RULE: Rule = Rule {
    code: "QD025",
    name: "dollar-sign-in-a-key",
    severity: Severity::Warning,
    waivable: true,
    what: "a `$` in `keys` that systemd takes for a variable of the unit's",
    why: "It is replaced by a variable of the unit's environment, which is seldom there, so by nothing. A `$` that is meant is `$$`.",
    example: "[quadlet.keys]\nLabel = \"rule=Host(`$HOST`)\"\n",
    use_instead: "[quadlet.keys]\nLabel = \"rule=Host(`$$HOST`)\"\n",
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

/// The first variable that systemd would replace: `$NAME` as a word of its own, or `${NAME}` anywhere.
fn variable(value: &str) -> Option<&str> {
    let mut from = 0;
    while let Some(at) = value[from..].find('$').map(|at| from + at) {
        let rest = &value[at + 1..];
        if rest.starts_with('$') {
            from = at + 2;
            continue;
        }
        let name = rest.strip_prefix('{').unwrap_or(rest);
        let length = name.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        if length > 0 && !name.as_bytes()[0].is_ascii_digit() {
            let end = at + 1 + (rest.len() - name.len()) + length;
            return Some(&value[at..end + usize::from(value[end..].starts_with('}') && rest.starts_with('{'))]);
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
        assert_eq!(variable("cost 5$ $$HOME"), None);
        assert_eq!(variable("a ${HOME}/x"), Some("${HOME}"));
        assert_eq!(variable("$HOST)"), Some("$HOST"));
    }
}
