//! The headers by which a service knows who has signed on, and how those of clients are taken away.

use std::collections::BTreeSet;

use rick_plugin_sdk::slots::GateValue;

use crate::table::{Known, Table};

/// As Go writes a header's name. Before 2.6.2 Caddy copied no other form.
pub fn canonical(header: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters.map(|letter| letter.to_ascii_lowercase())).collect::<String>()
    };
    header.split('-').map(word).collect::<Vec<_>>().join("-")
}

/// What is wrong with a header's name, if anything.
pub fn bad_name(header: &str) -> Option<&'static str> {
    let form = header.split('-').all(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric()));
    let canonical = canonical(header);
    if !form || !(canonical.starts_with("Remote-") || canonical.starts_with("X-")) {
        Some("does not begin with `Remote-` or `X-`")
    } else if canonical.starts_with("X-Forwarded-") {
        Some("is among those by which the proxy tells how it was reached")
    } else {
        None
    }
}

/// The patterns by which everything that a client could pass off as its identity is taken out of a request. Many applications take
/// `_` and `.` for `-` in a header's name, so the names are cut before what follows the first word that tells something.
pub fn strip_patterns(gate: Option<&GateValue>, table: &Table) -> Vec<String> {
    let of_gate = gate.into_iter().flat_map(|gate| gate.headers.values());
    let of_service = table.identity.keys();
    let names: BTreeSet<String> =
        of_gate.chain(of_service).map(|name| canonical(name)).chain(["Remote-User".to_owned()]).collect();
    let mut patterns = BTreeSet::new();
    for name in names {
        match name.strip_prefix("X-") {
            Some(rest) => {
                let word = rest.split('-').next().unwrap_or_default();
                patterns.extend(['-', '_', '.'].map(|separator| format!("-X{separator}{word}*")));
            }
            None => {
                patterns.insert(format!("-{}*", name.split('-').next().unwrap_or_default()));
            }
        }
    }
    patterns.into_iter().collect()
}

/// How what the gate knows comes into the request.
#[derive(Debug)]
pub struct Copies {
    /// From a header of the gate's answer to one of the request: `copy_headers` takes each of the former once.
    pub copied: Vec<(String, String)>,
    /// From a header of the request to another that is to hold the same.
    pub repeated: Vec<(String, String)>,
    /// What is there for the checks alone, and is taken out before the service.
    pub removed: Vec<String>,
    /// The header of the request with the user's name.
    pub user: String,
    /// The header of the request with the groups.
    pub groups: String,
}

/// Who is told what. The user and the groups are always copied, since the checks need them.
pub fn copies(gate: &GateValue, table: &Table) -> Copies {
    let mut copies =
        Copies { copied: Vec::new(), repeated: Vec::new(), removed: Vec::new(), user: String::new(), groups: String::new() };
    for known in [Known::User, Known::Groups, Known::Email, Known::Name, Known::Uid] {
        let Some(from) = gate.headers.get(known.name()).map(|header| canonical(header)) else { continue };
        let mut wanted = table.identity.iter().filter(|(_, what)| **what == known).map(|(header, _)| canonical(header));
        let first = wanted.next();
        let needed = matches!(known, Known::User | Known::Groups);
        let Some(to) = first.clone().or_else(|| needed.then(|| from.clone())) else { continue };
        if first.is_none() {
            copies.removed.push(to.clone());
        }
        copies.repeated.extend(wanted.map(|header| (to.clone(), header)));
        match known {
            Known::User => copies.user = to.clone(),
            Known::Groups => copies.groups = to.clone(),
            _ => {}
        }
        copies.copied.push((from, to));
    }
    copies
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_go_writes_them() {
        assert_eq!(canonical("X-authentik-username"), "X-Authentik-Username");
        assert_eq!(canonical("remote-USER"), "Remote-User");
    }

    #[test]
    fn names_that_could_not_be_kept_from_clients_are_refused() {
        for good in ["Remote-User", "X-WebAuth-User", "x-auth-request-email"] {
            assert_eq!(bad_name(good), None, "{good}");
        }
        for bad in ["Authorization", "X-Forwarded-User", "Remote", "X-", "Remote_User", "User"] {
            assert!(bad_name(bad).is_some(), "{bad}");
        }
    }
}
