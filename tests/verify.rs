//! Reports of checks, in every format. That the checks themselves tell right from wrong is shown in the lab: tests/lab.

use std::time::Duration;

use rick::report::{junit, tap, verify};
use rick::verify::{Answer, Asked, Check, Question};

use crate::support::Project;

fn asked() -> Vec<Asked> {
    let asked = |id: &str, service: Option<&str>, title: &str, answer: Answer| Asked {
        check: Check {
            id: id.to_owned(),
            service: service.map(str::to_owned),
            title: title.to_owned(),
            question: Question::Files {},
        },
        answer,
        took: Duration::from_millis(3),
    };
    vec![
        asked("*/rick/files", None, "the files are in place", Answer::Holds),
        asked("shop/account/identity", Some("shop"), "`shop` is uid 800", Answer::Holds),
        asked(
            "shop/caddy/sign-on",
            Some("shop"),
            "`https://shop.example.org/#top` asks for sign-on",
            Answer::Fails { what: "the status is 200, and not 302".to_owned(), more: vec!["<b> & \"quotes\"".to_owned()] },
        ),
        asked("shop/caddy/member", Some("shop"), "a member is let in", Answer::NotAsked("no session is given".to_owned())),
    ]
}

#[test]
fn for_people_what_fails_is_shown_and_the_rest_counted() {
    let text = verify::human("web1", &asked(), false);
    assert_eq!(
        text,
        "web1   1 of 1 hold\n\
         shop   1 of 3 hold\n\
         \u{20} FAILED  `https://shop.example.org/#top` asks for sign-on\n\
         \u{20}         the status is 200, and not 302\n\
         \u{20}         | <b> & \"quotes\"\n\
         \u{20} -       a member is let in\n\
         \u{20}         no session is given\n\
         4 checks: 2 hold, 1 fail, 1 were not asked\n"
    );
    assert!(verify::human("web1", &asked(), true).contains("  ok      `shop` is uid 800\n"));
}

#[test]
fn as_tap() {
    assert_eq!(
        tap::render(&asked()),
        "TAP version 14\n1..4\n\
         ok 1 - */rick/files: the files are in place\n\
         ok 2 - shop/account/identity: `shop` is uid 800\n\
         not ok 3 - shop/caddy/sign-on: `https://shop.example.org/\\#top` asks for sign-on\n\
         \u{20} ---\n\
         \u{20} message: \"the status is 200, and not 302\"\n\
         \u{20} more:\n\
         \u{20}   - \"<b> & \\\"quotes\\\"\"\n\
         \u{20} ...\n\
         ok 4 - shop/caddy/member: a member is let in # SKIP no session is given\n"
    );
}

#[test]
fn as_junit() {
    let text = junit::render("web1", &asked()).expect("a report");
    assert!(text.contains("tests=\"4\"") && text.contains("failures=\"1\""), "{text}");
    assert!(text.contains("<testsuite name=\"shop\" tests=\"3\""), "{text}");
    assert!(text.contains("&lt;b&gt; &amp;"), "what was found is escaped: {text}");
    assert!(text.contains("<skipped message=\"no session is given\""), "{text}");
}

#[test]
fn only_a_machine_that_runs_can_be_asked() {
    let project = Project::copy_of("examples/guide");
    project.build();
    let root = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(root.path().join("etc")).expect("it can be made");
    let said = project.rick(&["verify", "dist/web1", &format!("--root={}", root.path().display())]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("only a machine that runs can be asked"), "{}", said.err);
}
