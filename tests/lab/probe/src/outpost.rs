//! Speaks as authentik's embedded outpost does, for what Caddy asks of it: `internal/outpost/proxyv2` of authentik.
//!
//! It is a piece of the probe and no server of its own, because every site asks the port that authentik's pod publishes: whoever
//! answers there has to be the container that stands in for authentik's server. What it knows are the blueprints that were
//! applied, from the database, so that a gate opens only once the deployment has told authentik of it.

use std::collections::BTreeSet;

use postgres::Client;

use crate::connections::Target;
use crate::environment::Environment;
use crate::postgresql;
use crate::web::Answer;

pub const PREFIX: &str = "/outpost.goauthentik.io/";

/// One sort of object that a blueprint makes, each with a name and maybe a value.
const TABLE: &str = "create table if not exists rick_probe_objects (kind text, name text, value text, primary key (kind, name))";

/// The service's database.
pub fn database(environment: &Environment) -> Result<Client, String> {
    let config = environment.connections().into_iter().find_map(|connection| match connection.target {
        Target::Postgres(config) => Some(config),
        _ => None,
    });
    let config = config.ok_or("no database is known")?;
    let mut client = postgresql::connect(&config).map_err(|problem| postgresql::words(&problem))?;
    client.batch_execute(TABLE).map_err(|problem| postgresql::words(&problem))?;
    Ok(client)
}

/// Applies a blueprint as rick writes them: the groups, the providers of a proxy, and what the outpost serves.
pub fn apply(environment: &Environment, text: &str) -> Result<usize, String> {
    if let Some(line) = text.lines().find(|line| line.contains("<<rick secret")) {
        return Err(format!("a secret was not put in: {}", line.trim()));
    }
    let mut client = database(environment)?;
    let objects = objects(text);
    for name in gone(text) {
        client
            .execute("delete from rick_probe_objects where kind in ('provider', 'served') and name = $1", &[&name])
            .map_err(|problem| postgresql::words(&problem))?;
    }
    for (kind, name, value) in &objects {
        let insert =
            "insert into rick_probe_objects values ($1, $2, $3) on conflict (kind, name) do update set value = excluded.value";
        client.execute(insert, &[kind, name, value]).map_err(|problem| postgresql::words(&problem))?;
    }
    Ok(objects.len())
}

/// What stands in a blueprint, line by line: rick writes each value on one, and names are in double quotes.
fn objects(text: &str) -> Vec<(&'static str, String, String)> {
    let quoted = |line: &str| line.split('"').nth(1).unwrap_or_default().to_owned();
    let mut found = Vec::new();
    let (mut model, mut name) = (String::new(), String::new());
    for line in text.lines().map(str::trim) {
        if let Some(next) = line.strip_prefix("- model: ") {
            next.clone_into(&mut model);
        } else if line.starts_with("name: ") {
            name = quoted(line);
            if model == "authentik_core.group" {
                found.push(("group", name.clone(), String::new()));
            }
        } else if line.starts_with("external_host: ") {
            found.push(("provider", name.clone(), quoted(line)));
        } else if line.starts_with("authentik_host: ") {
            found.push(("authentik", "host".to_owned(), quoted(line)));
        } else if model == "authentik_outposts.outpost" && line.contains("authentik_providers_proxy.proxyprovider") {
            found.push(("served", quoted(line), String::new()));
        }
    }
    found
}

/// The providers of a proxy that a blueprint makes absent.
fn gone(text: &str) -> Vec<String> {
    let entries = text.split("- model: ").filter(|entry| entry.contains("state: absent"));
    let providers = entries.filter(|entry| entry.starts_with("authentik_providers_proxy.proxyprovider"));
    providers.filter_map(|entry| entry.split("name: \"").nth(1)?.split('"').next().map(str::to_owned)).collect()
}

/// What the outpost knows.
struct Known {
    groups: Vec<String>,
    hosts: BTreeSet<String>,
    authentik: String,
}

fn known(environment: &Environment) -> Result<Known, String> {
    let mut client = database(environment)?;
    let mut list = |query: &str| -> Result<Vec<String>, String> {
        let rows = client.query(query, &[]).map_err(|problem| postgresql::words(&problem))?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    };
    let served = "select value from rick_probe_objects p where kind = 'provider' \
                  and exists (select from rick_probe_objects s where s.kind = 'served' and s.name = p.name)";
    Ok(Known {
        groups: list("select name from rick_probe_objects where kind = 'group' order by name")?,
        hosts: list(served)?.iter().map(|host| host.trim_start_matches("https://").to_owned()).collect(),
        authentik: list("select value from rick_probe_objects where kind = 'authentik'")?.pop().unwrap_or_default(),
    })
}

/// The answer to a request below the prefix.
pub fn answer(environment: &Environment, url: &str, header: &dyn Fn(&str) -> Option<String>) -> Answer {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let known = match known(environment) {
        Ok(known) => known,
        Err(problem) => return (500, Vec::new(), problem),
    };
    let host = header("X-Forwarded-Host").or_else(|| header("Host")).unwrap_or_default();
    match path.strip_prefix(PREFIX).unwrap_or_default() {
        "ping" => (204, Vec::new(), String::new()),
        _ if !known.hosts.contains(&host) => (400, Vec::new(), format!("no application has the host {host}\n")),
        "auth/caddy" => match user(&header("Cookie").unwrap_or_default(), &known.groups) {
            Some((name, groups)) => (200, headers(&name, &groups), String::new()),
            None => {
                let uri = header("X-Forwarded-Uri").unwrap_or_default();
                let location = format!("https://{host}{PREFIX}start?rd=https%3A%2F%2F{host}{}", uri.replace('/', "%2F"));
                (302, vec![("Location", location)], String::new())
            }
        },
        "start" => {
            let callback = format!("https%3A%2F%2F{host}%2Foutpost.goauthentik.io%2Fcallback");
            let location = format!("{}/application/o/authorize/?redirect_uri={callback}&{query}", known.authentik);
            (302, vec![("Location", location)], String::new())
        }
        "callback" => (302, vec![("Location", format!("https://{host}/"))], String::new()),
        "sign_out" => (302, vec![("Location", format!("{}/", known.authentik))], String::new()),
        _ => (404, Vec::new(), String::new()),
    }
}

/// Whom a cookie stands for. The real one's name ends in a digest, so that any ending will do.
fn user(cookies: &str, groups: &[String]) -> Option<(String, Vec<String>)> {
    let pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
    let name = pairs.filter(|(name, _)| name.starts_with("authentik_proxy_")).map(|(_, value)| value).next()?;
    let groups = match name {
        "member" => groups.to_vec(),
        "outsider" => vec!["other_users".to_owned()],
        // In groups that only look like those that are asked for.
        "substring" => groups.iter().map(|group| format!("not{group}x")).collect(),
        _ => return None,
    };
    Some((name.to_owned(), groups))
}

fn headers(name: &str, groups: &[String]) -> Vec<(&'static str, String)> {
    vec![
        ("X-authentik-username", name.to_owned()),
        ("X-authentik-groups", groups.join("|")),
        ("X-authentik-email", format!("{name}@example.org")),
        ("X-authentik-name", format!("The {name}")),
        ("X-authentik-uid", format!("uid-of-{name}")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blueprint_tells_groups_and_hosts() {
        let text = "entries:\n  - model: authentik_core.group\n    identifiers:\n      name: \"shop_users\"\n\
                    \x20 - model: authentik_providers_proxy.proxyprovider\n    identifiers:\n      name: \"rick: shop\"\n\
                    \x20     external_host: \"https://shop.example.org\"\n  - model: authentik_outposts.outpost\n\
                    \x20       - !Find [authentik_providers_proxy.proxyprovider, [name, \"rick: shop\"]]\n\
                    \x20       authentik_host: \"https://auth.example.org\"\n";
        let expected = [
            ("group", "shop_users", ""),
            ("provider", "rick: shop", "https://shop.example.org"),
            ("served", "rick: shop", ""),
            ("authentik", "host", "https://auth.example.org"),
        ];
        let expected = expected.map(|(kind, name, value)| (kind, name.to_owned(), value.to_owned()));
        assert_eq!(objects(text), expected);
    }

    #[test]
    fn a_cookie_tells_who_it_is() {
        let groups = ["shop_users".to_owned()];
        let groups_of = |cookies: &str| user(cookies, &groups).map(|(_, groups)| groups.join("|"));
        assert_eq!(groups_of("a=b; authentik_proxy_1f=member").as_deref(), Some("shop_users"));
        assert_eq!(groups_of("authentik_proxy_stub=substring").as_deref(), Some("notshop_usersx"));
        assert_eq!(groups_of("authentik_proxy_stub=outsider").as_deref(), Some("other_users"));
        assert_eq!(groups_of("authentik_session=member"), None);
        assert_eq!(groups_of("authentik_proxy_stub=admin"), None);
    }
}
