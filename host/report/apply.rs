//! What an apply does, while it does it, for people.

use crate::apply::ask::Refusal;
use crate::apply::{Applied, Event, Stopped};
use crate::report::plural;

/// A line for what happens; empty for what need not be said.
pub fn event(event: &Event) -> String {
    match event {
        Event::Wrote { path, new, edited } => {
            let sign = if *new { '+' } else { '~' };
            let edited = if *edited { "   (somebody had changed it on the machine)" } else { "" };
            format!("  {sign} {path}{edited}\n")
        }
        Event::Removed(path) => format!("  - {path}\n"),
        Event::Begins(what) => format!("  … {what}\n"),
        Event::Waits(what) => format!("  … waits {what}\n"),
        Event::Did(what) => format!("  > {what}\n"),
        Event::Undid(what) => format!("  < {what}\n"),
    }
}

/// Where it stopped, what was done and what was not.
pub fn stopped(stopped: &Stopped, applied: &Applied) -> String {
    let mut text = format!("error: {}: {}\n", stopped.at, stopped.trouble.what);
    for line in &stopped.trouble.said {
        text.push_str(&format!("  | {line}\n"));
    }
    text.push_str(&format!("  = done: {}, {}\n", plural(applied.files, "file"), plural(applied.steps, "step")));
    for (index, step) in stopped.not_done.iter().enumerate() {
        text.push_str(&format!("  = {} {step}\n", if index == 0 { "not done:" } else { "         " }));
    }
    text.push_str("  = help: put it right and run `rick apply` again: it goes on from here\n");
    text
}

/// Why nothing was done.
pub fn refused(refusals: &[Refusal]) -> String {
    let mut text = String::new();
    for Refusal { what, help } in refusals {
        text.push_str(&format!("error: {what}\n  = help: {help}\n"));
    }
    text.push_str(&format!("{}; nothing was done\n", plural(refusals.len(), "error")));
    text
}

/// The last words.
pub fn summary(machine: &str, applied: &Applied, pretend: bool) -> String {
    let mut text = String::new();
    if applied.nothing_changed() && !applied.waiting.is_empty() {
        text.push_str(&format!("{machine}   nothing to do here\n"));
    } else if applied.nothing_changed() {
        text.push_str(&format!("{machine}   nothing to do: the machine is as it was built\n"));
    } else {
        let would = if pretend { "   would be done" } else { "" };
        text.push_str(&format!("{machine}   {}   {}{would}\n", plural(applied.files, "file"), plural(applied.steps, "step")));
    }
    if !applied.waiting.is_empty() {
        text.push_str(&format!(
            "{} left for the next apply, on the machine as it runs:\n",
            plural(applied.waiting.len(), "step")
        ));
        for step in &applied.waiting {
            text.push_str(&format!("  . {step}\n"));
        }
    }
    for (step, reason) in &applied.deferred {
        text.push_str(&format!("not undone, and tried again by the next apply: {step}: {reason}\n"));
    }
    for service in &applied.left {
        text.push_str(&format!("the data of {service} is still there; `rick apply --purge {service}` removes it\n"));
    }
    text
}
