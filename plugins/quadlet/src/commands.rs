//! Commands, and how podman takes them.

use crate::values::Command;

/// The arguments; `None` where a quote in a string has no partner.
pub fn arguments(command: &Command) -> Option<Vec<String>> {
    match command {
        Command::Text(text) => shlex::split(text),
        Command::List(list) => Some(list.clone()),
    }
}

/// What `podman exec` runs: a string is the shell's, a list runs without one.
pub fn inside(command: &Command) -> Vec<String> {
    match command {
        Command::Text(text) => vec!["sh".to_owned(), "-c".to_owned(), text.clone()],
        Command::List(list) => list.clone(),
    }
}

/// `Entrypoint=`, as the JSON that podman takes: only so can it have arguments.
pub fn entrypoint(command: &Command) -> Option<String> {
    arguments(command).map(|list| json(&list))
}

/// `HealthCmd=`. podman gives a string to the shell; it runs the JSON of two words or more without one, and the JSON of one word
/// with it again, so that one word alone is written in the way of a Dockerfile.
pub fn health(command: &Command) -> String {
    match command {
        Command::Text(text) => shell(text),
        Command::List(list) => match list.as_slice() {
            [first, rest @ ..] if first == "CMD" => run(rest),
            [first, rest @ ..] if first == "CMD-SHELL" => shell(&rest.join(" ")),
            words => run(words),
        },
    }
}

/// What a health check runs, in whichever way it is said.
pub fn health_words(command: &Command) -> Vec<String> {
    match command {
        Command::Text(text) => vec![text.clone()],
        Command::List(list) => {
            let words = list.strip_prefix(&["CMD".to_owned()]).or_else(|| list.strip_prefix(&["CMD-SHELL".to_owned()]));
            words.unwrap_or(list).to_vec()
        }
    }
}

fn run(words: &[String]) -> String {
    match words {
        [word] if !word.contains(char::is_whitespace) => format!("CMD {word}"),
        words => json(words),
    }
}

/// A text that would not come through the end of a line goes through JSON.
fn shell(text: &str) -> String {
    let plain = crate::escape::misfit(text).is_none() && !crate::escape::loses_quotes(text);
    if plain { text.to_owned() } else { json(&[text.to_owned()]) }
}

fn json(words: &[String]) -> String {
    serde_json::to_string(words).unwrap_or_else(|error| panic!("words are no JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Command {
        Command::Text(text.to_owned())
    }

    fn list(words: &[&str]) -> Command {
        Command::List(words.iter().map(|&word| word.to_owned()).collect())
    }

    #[test]
    fn a_health_command_is_the_shells_or_is_run() {
        assert_eq!(
            health(&text("curl -f http://localhost:8080/health || exit 1")),
            "curl -f http://localhost:8080/health || exit 1"
        );
        assert_eq!(health(&text("sh -c \"true\"")), r#"["sh -c \"true\""]"#);
        assert_eq!(health(&list(&["/probe", "--port", "80"])), r#"["/probe","--port","80"]"#);
        assert_eq!(health(&list(&["/probe"])), "CMD /probe");
        assert_eq!(health(&list(&["CMD", "/probe", "x"])), r#"["/probe","x"]"#);
        assert_eq!(health(&list(&["CMD-SHELL", "a || b"])), "a || b");
    }

    #[test]
    fn a_string_is_split_as_a_shell_would() {
        assert_eq!(
            arguments(&text("run --name 'a b' $HOME")),
            Some(vec!["run".into(), "--name".into(), "a b".into(), "$HOME".into()])
        );
        assert_eq!(arguments(&text("run 'a")), None);
    }
}
