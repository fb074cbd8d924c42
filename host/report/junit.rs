//! XML as JUnit writes it, for the services that show test reports.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::verify::{Answer, Asked};

/// One suite for each service, and one for what is the machine's.
pub fn render(machine: &str, asked: &[Asked]) -> Result<String, String> {
    let mut report = Report::new(format!("rick verify {machine}"));
    let mut services: Vec<Option<&str>> = asked.iter().map(|asked| asked.check.service.as_deref()).collect();
    services.sort_unstable();
    services.dedup();
    for service in services {
        let mut suite = TestSuite::new(service.unwrap_or(machine));
        for asked in asked.iter().filter(|asked| asked.check.service.as_deref() == service) {
            let status = match &asked.answer {
                Answer::Holds => TestCaseStatus::success(),
                Answer::NotAsked(reason) => {
                    let mut status = TestCaseStatus::skipped();
                    status.set_message(reason.clone());
                    status
                }
                Answer::Fails { what, more } => {
                    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                    status.set_message(what.clone()).set_description(more.join("\n"));
                    status
                }
            };
            let mut case = TestCase::new(asked.check.title.clone(), status);
            case.set_classname(asked.check.id.clone()).set_time(asked.took);
            suite.add_test_case(case);
        }
        report.add_test_suite(suite);
    }
    text(&report)
}

/// The document. How many were skipped is said of each suite, and not of all: Jenkins's schema has no place for that.
pub(super) fn text(report: &Report) -> Result<String, String> {
    let text = report.to_string().map_err(|error| format!("the report cannot be written: {error}"))?;
    let (head, rest) = text.split_once("<testsuites ").unwrap_or(("", &text));
    let (tag, rest) = rest.split_once('>').unwrap_or((rest, ""));
    let attributes = tag.split(' ').filter(|attribute| !attribute.starts_with("skipped=")).collect::<Vec<_>>().join(" ");
    Ok(format!("{head}<testsuites {attributes}>{rest}\n"))
}
