//! A time that systemd does not know.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, error};

use crate::{Backup, calendar, schedule};

pub const RULE: Rule = Rule {
    code: "BK006",
    name: "unknown-schedule",
    severity: Severity::Error,
    waivable: false,
    what: "a schedule that is no calendar event of systemd",
    why: "systemd leaves such a line of a timer out and refuses to start the timer: no backup would ever be made.",
    example: "[postgres]\n[backup]\nschedule = \"every night\"\n# rick.toml\n[plugins.backup]\nrepository = \"sftp:backup@nas:/backup\"\n",
    use_instead: "[postgres]\n[backup]\nschedule = \"*-*-* 03:00\"\n# rick.toml\n[plugins.backup]\nrepository = \"sftp:backup@nas:/backup\"\n",
    source: "https://www.freedesktop.org/software/systemd/man/latest/systemd.time.html#Calendar%20Events",
};

pub fn check(call: &ServiceCall<Backup>, out: &mut Diagnostics) {
    let (text, place) = schedule(call);
    if let Some(reason) = calendar::mistake(text) {
        let message = format!("`{text}` is no time that systemd knows: {reason}");
        let help = "write `daily`, `*-*-* 03:00` or `Sun 03:00`; `systemd-analyze calendar` tells when a text is due";
        out.push(error(RULE.code, message, place).help(help));
    }
}
