//! A locale that is the system's, and not PostgreSQL's or the C library's own.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, remove, table, warning};

use crate::Postgres;

pub const RULE: Rule = Rule {
    code: "PG003",
    name: "system-locale",
    severity: Severity::Warning,
    waivable: true,
    what: "a `locale` other than `C`, `POSIX` and `C.UTF-8`",
    why: "CREATE DATABASE fails where the system has not generated it, and Debian generates none unless asked. Where it is there, its \
          order is the C library's: an upgrade of that may change it, and every index over text is then wrong until it is rebuilt.",
    example: "[postgres]\nlocale = \"de_DE.UTF-8\"\n",
    use_instead: "[postgres]\n# and in queries, where people read the order: ORDER BY name COLLATE \"de-x-icu\"\n",
    source: "https://www.postgresql.org/docs/current/locale.html; https://wiki.postgresql.org/wiki/Locale_data_changes",
};

pub fn check(call: &ServiceCall<Postgres>, out: &mut Diagnostics) {
    let locale = &call.table.locale;
    if ["c", "posix", "c.utf-8", "c.utf8"].contains(&locale.to_ascii_lowercase().as_str()) {
        return;
    }
    let message =
        format!("the locale `{locale}` may not be on `{}`, and its order may change with the C library", call.machine.name);
    let help = "leave `locale` out; or see that `locale -a` lists it there, and waive this";
    // The locale of a database that is there does not change with it, but the next one is another.
    let fix = vec![remove(&table(&["locale"]))];
    out.push(warning(RULE.code, message, table(&["locale"])).help(help).unsafe_fix("leave `locale` out", fix));
}
