//! Findings as XML of JUnit: a suite for each service and for each other file, a case for each rule that found something there, and one
//! for all the others. What is waived, or known from before, is skipped, with the reason.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{Finding, Findings, concise};
use crate::diagnostic::{Diagnostic, Severity, Standing};

/// The document.
pub fn render(findings: &Findings<'_>) -> Result<String, String> {
    let mut report = Report::new("rick");
    let mut suites: Vec<&str> = findings.services.clone();
    suites.extend(findings.all.iter().map(|finding| finding.of.as_str()));
    suites.sort_unstable();
    suites.dedup();
    for name in suites {
        let mut suite = TestSuite::new(if name.is_empty() { "rick" } else { name });
        let here: Vec<&Finding> = findings.all.iter().filter(|finding| finding.of == name).collect();
        let mut codes: Vec<&str> = here.iter().map(|finding| finding.diagnostic.code.as_str()).collect();
        codes.sort_unstable();
        codes.dedup();
        for code in codes {
            let of_code: Vec<&Diagnostic> =
                here.iter().map(|finding| &finding.diagnostic).filter(|diagnostic| diagnostic.code == code).collect();
            suite.add_test_case(case(findings, suite.name.as_str().to_owned(), code, &of_code));
        }
        let status = if findings.left_early.iter().any(|service| service == name) {
            let mut status = TestCaseStatus::skipped();
            status.set_message("not all were made, since of these some are errors");
            status
        } else {
            TestCaseStatus::success()
        };
        let mut rest = TestCase::new("all other rules", status);
        rest.set_classname(suite.name.clone());
        suite.add_test_case(rest);
        report.add_test_suite(suite);
    }
    super::junit::text(&report)
}

fn case(findings: &Findings<'_>, suite: String, code: &str, found: &[&Diagnostic]) -> TestCase {
    let fails = |diagnostic: &Diagnostic| {
        diagnostic.is_error() || findings.strict && diagnostic.severity == Severity::Warning && diagnostic.is_reported()
    };
    let lines = |wanted: &dyn Fn(&Diagnostic) -> bool| {
        let lines = found.iter().filter(|diagnostic| wanted(diagnostic));
        lines.map(|diagnostic| concise::line(diagnostic, findings.sources)).collect::<Vec<_>>().join("\n")
    };
    let failing = found.iter().find(|diagnostic| fails(diagnostic));
    let mut output = String::new();
    let status = if let Some(failing) = failing {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_message(failing.message.clone()).set_type(failing.severity.name()).set_description(lines(&fails));
        status
    } else if found.iter().any(|diagnostic| diagnostic.is_reported()) {
        // It does not fail the run, and is not kept to itself.
        output = lines(&Diagnostic::is_reported);
        TestCaseStatus::success()
    } else {
        let mut status = TestCaseStatus::skipped();
        let reason = found.iter().find_map(|diagnostic| match &diagnostic.standing {
            Standing::Waived { reason, expires, .. } => Some(format!("waived until {expires}: {reason}")),
            _ => None,
        });
        status.set_message(reason.unwrap_or_else(|| "known from before".to_owned()));
        status
    };
    let name = findings.rules.as_ref().and_then(|rules| rules.find(code)).map(|rule| format!("{code} {}", rule.name));
    let mut case = TestCase::new(name.unwrap_or_else(|| code.to_owned()), status);
    case.set_classname(suite);
    if !output.is_empty() {
        case.set_system_out(output);
    }
    case
}
