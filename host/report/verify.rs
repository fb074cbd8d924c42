//! What came of the checks, for people.

use crate::report::plural;
use crate::verify::{Answer, Asked};

/// Service by service: what does not hold with its reasons, the rest as a number, or every line where more is asked for.
pub fn human(machine: &str, asked: &[Asked], all: bool) -> String {
    let mut text = String::new();
    let mut services: Vec<Option<&str>> = asked.iter().map(|asked| asked.check.service.as_deref()).collect();
    services.sort_unstable();
    services.dedup();
    for service in services {
        let of_service: Vec<&Asked> = asked.iter().filter(|asked| asked.check.service.as_deref() == service).collect();
        let holding = of_service.iter().filter(|asked| asked.answer == Answer::Holds).count();
        let name = service.unwrap_or(machine);
        text.push_str(&format!("{name}   {holding} of {} hold\n", of_service.len()));
        for asked in of_service {
            let title = &asked.check.title;
            match &asked.answer {
                Answer::Holds if all => text.push_str(&format!("  ok      {title}\n")),
                Answer::Holds => {}
                Answer::NotAsked(reason) => text.push_str(&format!("  -       {title}\n          {reason}\n")),
                Answer::Fails { what, more } => {
                    text.push_str(&format!("  FAILED  {title}\n          {what}\n"));
                    for line in more {
                        text.push_str(&format!("          | {line}\n"));
                    }
                }
            }
        }
    }
    let count = |wanted: fn(&Answer) -> bool| asked.iter().filter(|asked| wanted(&asked.answer)).count();
    let holding = count(|answer| *answer == Answer::Holds);
    let failing = count(|answer| matches!(answer, Answer::Fails { .. }));
    let not_asked = count(|answer| matches!(answer, Answer::NotAsked(_)));
    let checks = plural(asked.len(), "check");
    text.push_str(&format!("{checks}: {holding} hold, {failing} fail, {not_asked} were not asked\n"));
    text
}
