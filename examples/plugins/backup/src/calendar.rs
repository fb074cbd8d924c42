//! Calendar events, <https://www.freedesktop.org/software/systemd/man/latest/systemd.time.html#Calendar%20Events>, as systemd 252 and
//! later read them. A timer with one that it does not know is loaded without it, and never elapses.

/// The shorthands, which may stand before a time zone alone.
const SHORTHANDS: [&str; 13] = [
    "minutely",
    "hourly",
    "daily",
    "weekly",
    "monthly",
    "quarterly",
    "yearly",
    "annually",
    "anually",
    "biannually",
    "bi-annually",
    "semiannually",
    "semi-annually",
];
const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// What is wrong with a calendar event, if anything. Time zones are those of the machine: any name will do.
pub fn mistake(text: &str) -> Option<String> {
    parse(text).err()
}

fn parse(text: &str) -> Result<(), String> {
    let lower = text.to_ascii_lowercase();
    let mut words: Vec<&str> = lower.split(' ').collect();
    if words.iter().any(|word| word.is_empty()) {
        return Err("it has a space too many, or nothing in it".to_owned());
    }
    if words.len() > 1 && words.last().is_some_and(|word| is_zone(word)) {
        words.pop();
    }
    if let [word] = words.as_slice() {
        let seconds =
            word.strip_prefix('@').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()));
        if SHORTHANDS.contains(word) || seconds {
            return Ok(());
        }
    }
    let mut words = words.into_iter().peekable();
    if let Some(word) = words.next_if(|word| word.starts_with(|letter: char| letter.is_ascii_alphabetic())) {
        weekdays(word)?;
    }
    if let Some(word) = words.next_if(|word| !word.contains(':')) {
        date(word)?;
    }
    if let Some(word) = words.next() {
        time(word)?;
    }
    match words.next() {
        None => Ok(()),
        Some(word) => Err(format!("`{word}` is behind the time, and is no time zone")),
    }
}

fn is_zone(word: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+-".contains(&byte));
    word == "utc" || (word.contains('/') && word.starts_with(|c: char| c.is_ascii_alphabetic()) && word.split('/').all(part))
}

fn weekdays(word: &str) -> Result<(), String> {
    let day = |name: &str| {
        let found = DAYS.iter().position(|day| *day == name || day[..3] == *name);
        found.ok_or_else(|| format!("`{name}` is no day of the week, and no shorthand such as `daily`"))
    };
    let mut ranges: Vec<&str> = word.split(',').collect();
    if ranges.len() > 1 && ranges.last() == Some(&"") {
        ranges.pop();
    }
    for range in ranges {
        let ends = range.split_once("..").or_else(|| range.split_once('-'));
        match ends {
            None => drop(day(range)?),
            Some((first, last)) if day(first)? > day(last)? => {
                return Err(format!("`{range}` runs backwards: a week begins with monday"));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn date(word: &str) -> Result<(), String> {
    // `~` counts from the end of the month.
    let (before, days) = match word.split_once('~') {
        Some((before, days)) => (before, days),
        None => word.rsplit_once('-').ok_or_else(|| format!("`{word}` is no date and no time: a time is written 03:00"))?,
    };
    let (year, month) = match before.split_once('-') {
        Some((year, month)) => (Some(year), month),
        None => (None, before),
    };
    if let Some(year) = year {
        chain(year, "year", 0, 2199, false)?;
        for number in year.split(['.', '/', ',']).filter_map(|number| number.parse::<u32>().ok()) {
            if (100..1970).contains(&number) {
                return Err(format!("{number} is no year between 1970 and 2199"));
            }
        }
    }
    chain(month, "month", 1, 12, false)?;
    if word.contains('~') { chain_from_end(days) } else { chain(days, "day", 1, 31, false) }
}

/// Days counted from the end of a month, of which every month has 28. Repetitions go towards the end.
fn chain_from_end(days: &str) -> Result<(), String> {
    for item in days.split(',') {
        let (range, step) = item.split_once('/').unwrap_or((item, "0"));
        chain(range, "day from the end of a month", 1, 28, false)?;
        let past = match (range.parse::<u32>(), step.parse::<u32>()) {
            (Ok(day), Ok(step)) => step >= day,
            (_, Ok(_)) => false,
            (_, Err(_)) => true,
        };
        if past {
            return Err(format!("`{item}` repeats nothing: it goes beyond the month's end"));
        }
    }
    Ok(())
}

fn time(word: &str) -> Result<(), String> {
    let parts: Vec<&str> = word.split(':').collect();
    let (hours, minutes, seconds) = match parts.as_slice() {
        [hours, minutes] => (*hours, *minutes, "0"),
        [hours, minutes, seconds] => (*hours, *minutes, *seconds),
        _ => return Err(format!("`{word}` is no time: one is written 03:00 or 03:00:00")),
    };
    chain(hours, "hour", 0, 23, false)?;
    chain(minutes, "minute", 0, 59, false)?;
    chain(seconds, "second", 0, 59, true)
}

/// `*`, or numbers, ranges and repetitions with commas between them.
fn chain(text: &str, what: &str, first: u32, last: u32, fractions: bool) -> Result<(), String> {
    if text == "*" {
        return Ok(());
    }
    let number = |text: &str| {
        let (whole, fraction) = if fractions { text.split_once('.').unwrap_or((text, "0")) } else { (text, "0") };
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let value = if digits(whole) && digits(fraction) { whole.parse::<u32>().ok() } else { None };
        value.ok_or_else(|| format!("`{text}` is no {what}"))
    };
    for item in text.split(',') {
        let (range, step) = item.split_once('/').map_or((item, None), |(range, step)| (range, Some(step)));
        let (from, to) = range.split_once("..").map_or((range, None), |(from, to)| (from, Some(to)));
        let from = number(from)?;
        let to = to.map(number).transpose()?;
        let step = step.map(number).transpose()?;
        for end in [Some(from), to].into_iter().flatten() {
            if !(first..=last).contains(&end) {
                return Err(format!("{end} is no {what}: {first} to {last} are"));
            }
        }
        if to.is_some_and(|to| to < from) {
            return Err(format!("`{range}` runs backwards"));
        }
        if step.is_some_and(|step| step == 0 || (to.is_none() && from.saturating_add(step) > last)) {
            return Err(format!("`{item}` repeats nothing: the last {what} is {last}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::mistake;

    // What `systemd-analyze calendar` of systemd 252 says.
    #[test]
    fn what_systemd_takes_is_taken() {
        for text in include_str!("../tests/calendar/taken").lines() {
            assert_eq!(mistake(text), None, "{text}");
        }
    }

    #[test]
    fn what_systemd_refuses_is_refused() {
        for text in include_str!("../tests/calendar/refused").lines() {
            assert!(mistake(text).is_some(), "{text:?}");
        }
    }
}
