//! What is escaped comes back: every value through a small reading of Quadlet's and systemd's own rules.
//!
//! `arguments` and `words` follow pkg/systemd/parser/split.go of podman, `lines` its unitfile.go, and `expanded` systemd's
//! ExecStart= (systemd.service(5), "Command lines").

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rick_plugin_sdk::slots::Piece;
use rick_plugin_sdk::{Diagnostics, Version, service};

use crate::commands;
use crate::environment::bad_value;
use crate::escape::loses_quotes;
use crate::keys::FileType;
use crate::unit::{Unit, Value};
use crate::values::Command;

/// Texts of the characters that mean something to somebody, and of some that mean nothing.
fn text() -> impl Strategy<Value = String> {
    let odd = select(" \t\n\r\\\"'%$#;=[]{},:ax0n\u{7}\u{1b}\u{7f}é\u{a0}\u{3000}".chars().collect::<Vec<char>>());
    vec(odd, 0..12).prop_map(|chars| chars.into_iter().collect())
}

/// The keys and values of a section, read as Quadlet reads a file.
fn lines(file: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut remaining = String::new();
    for line in file.lines().map(str::trim) {
        if line.is_empty() || line.starts_with(['#', ';', '[']) {
            continue;
        }
        if let Some(begun) = line.strip_suffix('\\') {
            remaining.push_str(begun);
            continue;
        }
        let whole = std::mem::take(&mut remaining) + line;
        let (key, value) = whole.split_once('=').expect("a key and a value");
        found.push((key.trim_end().to_owned(), value.trim_start().to_owned()));
    }
    assert!(remaining.is_empty(), "a line runs into the end: {remaining}");
    found
}

/// Words with quotes and C escapes. Stops at an empty word, as the generator does.
fn arguments(value: &str) -> Vec<String> {
    split(value, true)
}

/// Words with quotes, where a backslash is one.
fn words(value: &str) -> Vec<String> {
    split(value, false)
}

fn split(value: &str, escapes: bool) -> Vec<String> {
    let (mut found, mut rest) = (Vec::new(), value.chars().peekable());
    loop {
        while rest.next_if(|c| " \t\r\n".contains(*c)).is_some() {}
        let (mut word, mut quote) = (String::new(), None);
        while let Some(c) = rest.next_if(|c| quote.is_some() || !" \t\r\n".contains(*c)) {
            match c {
                '\\' if escapes => word.push(unescaped(&mut rest)),
                c if quote == Some(c) => quote = None,
                '"' | '\'' if quote.is_none() => quote = Some(c),
                c => word.push(c),
            }
        }
        assert_eq!(quote, None, "unbalanced: {value}");
        if word.is_empty() {
            return found;
        }
        found.push(word);
    }
}

fn unescaped(rest: &mut impl Iterator<Item = char>) -> char {
    match rest.next().expect("something after a backslash") {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'x' => {
            let digits: String = rest.take(2).collect();
            char::from(u8::from_str_radix(&digits, 16).expect("two digits"))
        }
        c @ ('"' | '\'' | '\\') => c,
        c => panic!("no escape: {c}"),
    }
}

/// What systemd makes of `%` and `$`; neither may be left alone.
fn expanded(word: &str) -> String {
    let mut chars = word.chars();
    let mut expanded = String::new();
    while let Some(c) = chars.next() {
        if c == '%' || c == '$' {
            assert_eq!(chars.next(), Some(c), "a single {c} in {word}");
        }
        expanded.push(c);
    }
    expanded
}

/// The one line that comes of a key, or the problem.
fn written(key: &str, value: Value, podman: Version) -> Result<(String, String), String> {
    let mut unit = Unit::new(FileType::Container, 880, "x", "a unit".to_owned(), service(&["name"]));
    unit.put(key, value, &service(&["name"]));
    let mut problems = Diagnostics::default();
    let file = unit.artifact(podman, &mut problems).preview();
    let mut found = lines(&file);
    match problems.0.into_iter().next() {
        Some(problem) => {
            assert!(found.is_empty(), "a problem, and yet {found:?}");
            Err(problem.message)
        }
        None => {
            assert_eq!(found.len(), 1, "{file}");
            Ok(found.remove(0))
        }
    }
}

/// How podman takes `--health-cmd` (pkg/specgenutil/specgen.go, makeHealthCheckFromCli): through a shell or not.
fn health_check(value: &str) -> (&'static str, Vec<String>) {
    let parsed: Option<Vec<String>> = serde_json::from_str(value).ok();
    let is_array = parsed.is_some();
    let words = parsed.unwrap_or_else(|| value.splitn(2, ' ').map(str::to_owned).collect());
    match words[0].to_uppercase().as_str() {
        "CMD" => ("run", value.split_whitespace().skip(1).map(str::to_owned).collect()),
        _ if is_array && words.len() > 1 => ("run", words),
        _ => ("shell", vec![words.join(" ")]),
    }
}

const NEW: Version = Version(5, 8, 2);
const OLD: Version = Version(4, 4, 0);

proptest! {
    #[test]
    fn arguments_come_back(list in vec(text().prop_filter("an empty one is refused", |word| !word.is_empty()), 1..5)) {
        let (key, value) = written("Exec", Value::Words(list.clone()), NEW).expect("always writable");
        prop_assert_eq!(key, "Exec");
        prop_assert_eq!(arguments(&value).iter().map(|word| expanded(word)).collect::<Vec<_>>(), list);
    }

    #[test]
    fn one_argument_comes_back(secret in text().prop_filter("an empty one is none", |word| !word.is_empty())) {
        let (_, value) = written("Secret", Value::Text(secret.clone()), NEW).expect("always writable");
        prop_assert_eq!(arguments(&value).iter().map(|word| expanded(word)).collect::<Vec<_>>(), [secret]);
    }

    #[test]
    fn a_word_in_which_a_backslash_is_one_comes_back(text in text().prop_filter("an empty one is none", |word| !word.is_empty())) {
        match written("Sysctl", Value::Text(text.clone()), NEW) {
            Ok((_, value)) => prop_assert_eq!(words(&value).iter().map(|word| expanded(word)).collect::<Vec<_>>(), [text]),
            Err(_) => prop_assert!(text.contains(['\n', '\r'])),
        }
    }

    #[test]
    fn a_text_to_the_end_of_the_line_comes_back_or_is_refused(text in text()) {
        if let Ok((_, value)) = written("Image", Value::Text(text.clone()), NEW) {
            prop_assert_eq!(expanded(value.trim_matches('"')), text);
        }
    }

    #[test]
    fn an_option_in_place_of_a_key_comes_back(text in text().prop_filter("refused", |text| !loses_quotes(text))) {
        let (key, value) = written("Memory", Value::Text(text.clone()), OLD).expect("always writable");
        prop_assert_eq!(key, "PodmanArgs");
        prop_assert_eq!(arguments(&value).iter().map(|word| expanded(word)).collect::<Vec<_>>(), [format!("--memory={text}")]);
    }

    #[test]
    fn a_health_command_comes_back(command in "[a-z]{1,3}".prop_flat_map(|first| text().prop_map(move |rest| first.clone() + &rest))) {
        let rendered = commands::health(&Command::Text(command.clone()));
        let (_, value) = written("HealthCmd", Value::Text(rendered), NEW).expect("always writable");
        prop_assert_eq!(health_check(&expanded(value.trim_matches('"'))), ("shell", vec![command]));
    }

    #[test]
    fn a_health_command_of_words_runs_without_a_shell(list in vec("[a-z/]{1,5}", 1..4)) {
        let value = commands::health(&Command::List(list.clone()));
        prop_assert_eq!(health_check(&value), ("run", list));
    }

    #[test]
    fn a_value_that_is_let_through_is_one_line(text in text()) {
        let pieces = [Piece::Text(text.clone())];
        if bad_value("NAME", &pieces).is_none() {
            let line = format!("NAME={text}\n");
            // Go's bufio.ScanLines, which takes a carriage return off the end.
            let read: Vec<&str> = line.strip_suffix('\n').expect("a line").split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
            prop_assert_eq!(read, [format!("NAME={text}")]);
        }
    }
}
