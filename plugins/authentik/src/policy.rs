//! Who may enter, as Python that authentik runs: <https://docs.goauthentik.io/customize/policies/expression>. It has no policies for
//! groups, hours or networks of its own.

use crate::blueprint::quoted;
use crate::table::Hours;

/// A member of any of several groups, also by way of a group within it.
pub fn any_group(groups: &[String]) -> String {
    let names: Vec<String> = groups.iter().map(|group| quoted(group)).collect();
    format!("return ak_is_group_member(request.user, name__in=[{}])", names.join(", "))
}

/// From one of several networks.
pub fn networks(networks: &[String]) -> String {
    let names: Vec<String> = networks.iter().map(|network| format!("{},", quoted(network))).collect();
    // An address of IPv4 may come in the clothes of IPv6.
    format!(
        "ip = getattr(ak_client_ip, \"ipv4_mapped\", None) or ak_client_ip\n\
         return any(ip in ip_network(name, strict=False) for name in ({}))",
        names.join(" ")
    )
}

/// At certain hours. Those that end on the next day are of the day on which they began.
pub fn hours(hours: &Hours) -> String {
    let time = |text: &str| {
        let number = |text: Option<&str>| text.and_then(|text| text.parse::<u32>().ok()).unwrap_or_default();
        let mut parts = text.split(':');
        format!("time({}, {})", number(parts.next()), number(parts.next()))
    };
    let mut days: Vec<u8> = hours.days.iter().map(|day| *day as u8).collect();
    days.sort_unstable();
    days.dedup();
    let days: Vec<String> = days.iter().map(|day| format!("{day},")).collect();
    let (from, to, days, zone) = (time(&hours.from), time(&hours.to), days.join(" "), quoted(&hours.timezone));
    let begin = format!(
        "from datetime import datetime, time\nfrom zoneinfo import ZoneInfo\nnow = datetime.now(ZoneInfo({zone}))\ndays = ({days})\n"
    );
    if hours.from < hours.to {
        format!("{begin}return now.weekday() in days and {from} <= now.time() < {to}")
    } else {
        format!(
            "{begin}if now.time() >= {from}:\n    return now.weekday() in days\nreturn now.time() < {to} and (now.weekday() - 1) % 7 in days"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Day;

    #[test]
    fn hours_of_one_day_and_of_two() {
        let days = vec![Day::Friday, Day::Monday, Day::Monday];
        let mut said = Hours { from: "08:00".into(), to: "18:30".into(), days, timezone: "Europe/Oslo".into() };
        let expected = "from datetime import datetime, time\nfrom zoneinfo import ZoneInfo\nnow = datetime.now(ZoneInfo(\"Europe/Oslo\"))\n\
                        days = (0, 4,)\nreturn now.weekday() in days and time(8, 0) <= now.time() < time(18, 30)";
        assert_eq!(hours(&said), expected);
        (said.from, said.to) = ("22:00".into(), "06:00".into());
        assert!(hours(&said).ends_with("return now.time() < time(6, 0) and (now.weekday() - 1) % 7 in days"));
    }
}
