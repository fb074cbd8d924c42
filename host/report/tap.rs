//! The Test Anything Protocol, version 14: <https://testanything.org/tap-version-14-specification.html>

use crate::verify::{Answer, Asked};

/// A line for each check; what was found stands below it.
pub fn render(asked: &[Asked]) -> String {
    let mut text = format!("TAP version 14\n1..{}\n", asked.len());
    for (index, asked) in asked.iter().enumerate() {
        let number = index + 1;
        let title = escaped(&format!("{}: {}", asked.check.id, asked.check.title));
        match &asked.answer {
            Answer::Holds => text.push_str(&format!("ok {number} - {title}\n")),
            Answer::NotAsked(reason) => text.push_str(&format!("ok {number} - {title} # SKIP {}\n", escaped(reason))),
            Answer::Fails { what, more } => {
                text.push_str(&format!("not ok {number} - {title}\n  ---\n  message: {}\n", quoted(what)));
                if !more.is_empty() {
                    text.push_str("  more:\n");
                    for line in more {
                        text.push_str(&format!("    - {}\n", quoted(line)));
                    }
                }
                text.push_str("  ...\n");
            }
        }
    }
    text
}

/// A description: `#` would begin a directive.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('#', "\\#").replace('\n', " ")
}

/// A string of YAML in double quotes, which JSON's are.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}
