//! A socket's folder in the place of a host, percent-encoded.

use rick_plugin_sdk::{Diagnostics, Rule, ServiceCall, Severity, set, warning};

use super::own_variables;
use crate::Quadlet;
use crate::values::{EnvValue, Scalar};

pub const RULE: Rule = Rule {
    code: "PG009",
    name: "encoded-socket-host",
    severity: Severity::Warning,
    waivable: true,
    what: "an address of PostgreSQL with `%2F…` for its host",
    why: "libpq decodes it; SQLAlchemy, and what is built on it, does not and looks for a host of that name. `?host=/run/postgresql` is \
          understood by libpq, psycopg, SQLAlchemy, Django and pg alike.",
    example: "[postgres]\nenv = {}\n\n[quadlet.env]\nDATABASE_URL = \"postgresql://myservice@%2Frun%2Fpostgresql/myservice\"\n",
    use_instead: "[postgres]\nenv = {}\n\n[quadlet.env]\nDATABASE_URL = \"postgresql://myservice@/myservice?host=/run/postgresql\"\n",
    source: "tried with libpq, psycopg 3, SQLAlchemy 2, Django 5 and pg 8",
};

pub fn check(call: &ServiceCall<Quadlet>, out: &mut Diagnostics) {
    for (name, value, place) in own_variables(call) {
        let EnvValue::Scalar(Scalar::Text(text)) = value else { continue };
        if let Some(mended) = mended(text) {
            let message = format!("the host in `{name}` is a folder that is percent-encoded, which not every library decodes");
            out.push(
                warning(RULE.code, message, place(&[]))
                    .help("leave the host empty, and say `?host=` with the folder")
                    // For a library that drops the query, the encoded host may be meant.
                    .unsafe_fix("say the folder as `?host=`", vec![set(&place(&[]), mended)]),
            );
        }
    }
}

/// The same address with the folder in its query.
fn mended(text: &str) -> Option<String> {
    let scheme = ["postgresql", "postgres"].into_iter().find(|scheme| text.split(['+', ':']).next() == Some(scheme))?;
    let (before, rest) = text.split_once("://")?;
    let (user, host) = rest.split_once('@').map_or((None, rest), |(user, host)| (Some(user), host));
    if !before.starts_with(scheme) || !host.to_uppercase().starts_with("%2F") {
        return None;
    }
    if host.contains('#') || host.contains("host=") {
        return None;
    }
    let end = host.find(['/', '?']).unwrap_or(host.len());
    let (host, path) = (&host[..end], host[end..].trim_start_matches('/'));
    let folder = host.replace("%2F", "/").replace("%2f", "/");
    if folder.contains(['%', ':']) {
        return None;
    }
    let user = user.map(|user| format!("{user}@")).unwrap_or_default();
    let sign = if path.contains('?') { '&' } else { '?' };
    Some(format!("{before}://{user}/{path}{sign}host={folder}"))
}

#[cfg(test)]
mod tests {
    use super::mended;

    #[test]
    fn the_folder_moves_into_the_query() {
        let mended = |text| mended(text).unwrap_or_default();
        assert_eq!(
            mended("postgresql+psycopg://a:b@%2Frun%2Fpostgresql/c?x=1"),
            "postgresql+psycopg://a:b@/c?x=1&host=/run/postgresql"
        );
        assert_eq!(mended("postgres://a@%2frun%2fpostgresql/c"), "postgres://a@/c?host=/run/postgresql");
        assert_eq!(
            mended("postgresql://u@%2Frun%2Fpostgresql?sslmode=disable"),
            "postgresql://u@/?sslmode=disable&host=/run/postgresql"
        );
        assert_eq!(mended("postgres://a@%2Frun%2Fpostgresql/c#x"), "");
        assert_eq!(mended("postgres://a@db/c"), "");
    }
}
