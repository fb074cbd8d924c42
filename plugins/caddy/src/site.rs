//! A service's site. All of it is one `route`: there directives run as they stand, and outside of it Caddy would sort them, with the
//! gate before what is public and the stripping of headers after it
//! (<https://caddyserver.com/docs/caddyfile/directives#directive-order>).

use rick_plugin_sdk::slots::{Gate, GateValue};
use rick_plugin_sdk::{Artifact, Place, Read, ServiceCall, Version, service, table};
use serde_json::{Value, json};

use crate::Caddy;
use crate::caddyfile::{self, Node, block, line};
use crate::identity::{copies, strip_patterns};
use crate::table::{SitePath, Table, Tls};

/// What this proxy is called in a gate's `verify`.
pub const PROXY: &str = "caddy";

/// A path that an application may read otherwise than Caddy does. Caddy's matchers see it decoded and tidied, and the application gets it
/// as it came: `/admin/../health` is `/health` to the one and may be below `/admin/` to the other.
const AMBIGUOUS: &str = r"[;\\%]|\.\.|//|/\./";
/// The path decoded, and not tidied.
const UNTIDIED: &str = "{http.request.uri.path}";

/// What a site is made of.
pub struct Site<'a> {
    call: &'a ServiceCall<Caddy>,
    domain: &'a str,
    upstream: String,
    upstream_because: Place,
    gate: Option<Read<GateValue>>,
}

impl<'a> Site<'a> {
    /// The site of a service; `None` where it has no domain, or nobody answers: rules have said so.
    pub fn of(call: &'a ServiceCall<Caddy>) -> Option<Self> {
        let domain = call.service.domain.as_deref()?;
        let (upstream, upstream_because) = upstream(call)?;
        let gate = call.reads.of::<Gate>().into_iter().next();
        Some(Self { call, domain, upstream, upstream_because, gate })
    }

    pub fn table(&self) -> &'a Table {
        &self.call.table
    }

    /// The file.
    pub fn artifact(&self) -> Artifact {
        let name = &self.call.service.name;
        let because = [service(&["domain"])];
        let mut file = Artifact::new(path(name));
        file.line(format!("# the service {name}; written by rick, change its manifest instead"), service(&["name"]));
        let mut nodes = vec![block([&self.address(self.domain)], self.nodes(&because), &because)];
        for (index, domain) in self.table().domains.iter().enumerate() {
            let because = [table(&["domains", &index.to_string()])];
            let target = format!("{}{}", self.url(), "{uri}");
            let mut inside = self.tls_nodes();
            inside.push(line(["redir", &target, "permanent"], &because));
            nodes.push(block([&self.address(domain)], inside, &because));
        }
        caddyfile::write(&mut file, &nodes, 0);
        file
    }

    pub fn tls(&self) -> Tls {
        self.table().tls.unwrap_or(self.call.settings.tls)
    }

    fn tls_nodes(&self) -> Vec<Node> {
        let place = if self.table().tls.is_some() { table(&["tls"]) } else { rick_plugin_sdk::setting(&["tls"]) };
        if self.tls() == Tls::Internal { vec![line(["tls", "internal"], &[place])] } else { Vec::new() }
    }

    fn address(&self, domain: &str) -> String {
        if self.tls() == Tls::Off { format!("http://{domain}") } else { domain.to_owned() }
    }

    /// Where browsers reach it.
    pub fn url(&self) -> String {
        url(self.call, self.domain)
    }

    fn nodes(&self, because: &[Place; 1]) -> Vec<Node> {
        let mut route = Vec::new();
        let gate_place = self.gate.as_ref().map_or_else(|| because[0].clone(), |gate| gate.place.clone());
        // First of all: from here on, what says who somebody is was said by the gate.
        for pattern in strip_patterns(self.gate.as_ref().map(|gate| &gate.value), self.table()) {
            route.push(line(["request_header", &pattern], std::slice::from_ref(&gate_place)));
        }
        if let Some(limit) = &self.table().body_limit {
            let place = [table(&["body_limit"])];
            route.push(block(["request_body"], vec![line(["max_size", limit], &place)], &place));
        }
        for (from, to) in &self.table().redirects {
            route.push(line(["redir", from, to, "permanent"], &[table(&["redirects", from])]));
        }
        if let Some(gate) = &self.gate {
            self.gate(gate, &mut route);
        }
        if self.table().compress {
            route.push(line(["encode", "zstd", "gzip"], &[table(&["compress"])]));
        }
        if let Some(snippet) = &self.table().snippet {
            route.push(Node::Verbatim(snippet.trim_matches('\n').to_owned(), table(&["snippet"])));
        }
        route.push(self.to_service(None));
        let mut nodes = self.tls_nodes();
        nodes.push(block(["route"], route, because));
        nodes
    }

    fn to_service(&self, matcher: Option<&str>) -> Node {
        let because = [self.upstream_because.clone()];
        match matcher {
            Some(matcher) => line(["reverse_proxy", matcher, &self.upstream], &because),
            None => line(["reverse_proxy", &self.upstream], &because),
        }
    }

    fn gate(&self, read: &Read<GateValue>, route: &mut Vec<Node>) {
        let gate = &read.value;
        let because = [read.place.clone()];
        let Some(verify) = gate.verify.get(PROXY) else { return };
        self.open_paths(route);

        // What the gate asks a browser to do leads there.
        let below = format!("{}*", gate.callback);
        route.push(line(["reverse_proxy", &below, &gate.upstream], &because));
        let copies = copies(gate, self.table());
        let mut inside = vec![line(["uri", verify], &because)];
        let mut words = vec!["copy_headers".to_owned()];
        words.extend(copies.copied.iter().map(|(from, to)| if from == to { from.clone() } else { format!("{from}>{to}") }));
        let mut places = because.to_vec();
        places.push(table(&["identity"]));
        inside.push(Node::Directive { words, block: None, because: places });
        route.push(block(["forward_auth", &gate.upstream], inside, &because));

        if self.writes_placeholders() {
            // Where the answer lacks a header, this Caddy copies the text of its own placeholder.
            // The checks below see to the user, and to groups where some are required.
            let checked = |to: &String| *to == copies.user || (*to == copies.groups && !gate.require.is_empty());
            for (_, to) in copies.copied.iter().filter(|(_, to)| !checked(to)) {
                let matcher = format!("@no_{}", to.to_ascii_lowercase().replace('-', "_"));
                route.push(line([&matcher, "header_regexp", to, r"^\{http\."], &because));
                route.push(line(["request_header", &matcher, &format!("-{to}")], &because));
            }
        }
        // An answer of 2xx that names nobody lets nobody in.
        route.push(line(["@nobody", "not", "header_regexp", &copies.user, "^[^{]"], &because));
        route.push(line(["respond", "@nobody", "403"], &because));
        if !gate.require.is_empty() {
            let pattern = group_pattern(&gate.require, &gate.separator);
            route.push(line(["@denied", "not", "header_regexp", &copies.groups, &pattern], &because));
            route.push(line(["respond", "@denied", "403"], &because));
        }
        for (from, to) in &copies.repeated {
            route.push(line(["request_header", to, &format!("{{http.request.header.{from}}}")], &[table(&["identity", to])]));
        }
        for header in &copies.removed {
            route.push(line(["request_header", &format!("-{header}")], &because));
        }
    }

    /// What needs no sign-on goes to the service before the gate.
    fn open_paths(&self, route: &mut Vec<Node>) {
        let (paths, key, outside) = match (self.table().public.is_empty(), self.table().protected.is_empty()) {
            (false, _) => (&self.table().public, "public", false),
            (true, false) => (&self.table().protected, "protected", true),
            (true, true) => return,
        };
        let because: Vec<Place> = (0..paths.len()).map(|index| table(&[key, &index.to_string()])).collect();
        let mut patterns: Vec<String> = Vec::new();
        for path in paths {
            // `/admin/*` is not `/admin`, which is hardly meant to be open where all below it is not.
            if let (true, Some(parent)) = (outside, path.strip_suffix("/*").filter(|parent| !parent.is_empty())) {
                patterns.push(parent.to_owned());
            }
            patterns.push(path.to_string());
        }
        let words = |first: &[&str]| first.iter().map(|&word| word.to_owned()).chain(patterns.iter().cloned()).collect();
        let matcher = |words| Node::Directive { words, block: None, because: because.clone() };
        let clear = line(["not", "vars_regexp", UNTIDIED, AMBIGUOUS], &because);
        let first: &[&str] = if outside { &["not", "path"] } else { &["path"] };
        let inside = vec![matcher(words(first)), clear];
        route.push(block(["@public"], inside, &because));
        route.push(self.to_service(Some("@public")));
    }

    /// Caddy before 2.9 copies a placeholder where there is nothing to copy (05cfb121e of caddyserver/caddy).
    fn writes_placeholders(&self) -> bool {
        self.call.machine.version(PROXY).is_none_or(|version| version < Version(2, 9, 0))
    }

    /// Who asks for sign-on.
    pub fn gate_value(&self) -> Option<&GateValue> {
        self.gate.as_ref().map(|gate| &gate.value)
    }

    /// The paths that need no sign-on and are just one path each.
    pub fn public_paths(&self) -> Vec<&str> {
        texts(&self.table().public).into_iter().filter(|path| !path.contains('*') && *path != "/").collect()
    }

    /// The typed value behind the file.
    pub fn model(&self) -> Value {
        let gate = self.gate.as_ref().map(|gate| json!({ "kind": gate.value.kind, "require": gate.value.require }));
        json!({
            "kind": "caddy-site", "domain": self.domain, "aliases": self.table().domains, "upstream": self.upstream, "gate": gate,
            "public": texts(&self.table().public), "protected": texts(&self.table().protected), "redirects": self.table().redirects,
        })
    }

    /// A request without sign-on to the site's root is sent to it.
    pub fn is_gated_at_root(&self) -> bool {
        let said = self.table();
        let covers = |list: &[SitePath]| list.iter().any(|path| matches!(&**path, "/" | "/*"));
        self.gate.is_some() && !covers(&said.public) && (said.protected.is_empty() || covers(&said.protected))
    }
}

fn texts(paths: &[SitePath]) -> Vec<&str> {
    paths.iter().map(|path| &**path).collect()
}

/// Where browsers reach a service.
pub fn url(call: &ServiceCall<Caddy>, domain: &str) -> String {
    let tls = call.table.tls.unwrap_or(call.settings.tls);
    format!("{}://{domain}", if tls == Tls::Off { "http" } else { "https" })
}

/// The file of a service's site.
pub fn path(service: &str) -> String {
    format!("/etc/rick/caddy/sites/{service}.caddy")
}

/// Who answers: as the manifest says, or the service's own port for HTTP.
pub fn upstream(call: &ServiceCall<Caddy>) -> Option<(String, Place)> {
    if let Some(upstream) = &call.table.upstream {
        return Some((upstream.clone(), table(&["upstream"])));
    }
    let endpoints = call.reads.of::<rick_plugin_sdk::slots::Endpoint>();
    let endpoint = endpoints.into_iter().find(|endpoint| endpoint.value.protocol == "http")?;
    Some((endpoint.value.authority(), endpoint.place))
}

/// Fits a list of groups in which one of these is, as a whole.
fn group_pattern(groups: &[String], separator: &str) -> String {
    let separator = literal(separator);
    let groups: Vec<String> = groups.iter().map(|group| literal(group)).collect();
    format!("(?:^|{separator})(?:{})(?:{separator}|$)", groups.join("|"))
}

/// A regular expression for just this text, as Go's own `regexp.QuoteMeta` makes it (<https://pkg.go.dev/regexp#QuoteMeta>): a backslash
/// before other letters would mean something else to other engines.
fn literal(text: &str) -> String {
    let mut pattern = String::new();
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;

    proptest! {
        /// Go's regular expressions and these are of one kind.
        #[test]
        fn a_group_counts_as_a_whole(required in prop::collection::vec("[ -{}~ä]{1,6}", 1..4), held in prop::collection::vec("[ -{}~ä]{1,8}", 0..5)) {
            let pattern = Regex::new(&group_pattern(&required, "|")).expect("a pattern");
            let member = held.iter().any(|group| required.contains(group));
            prop_assert_eq!(pattern.is_match(&held.join("|")), member);
        }

        #[test]
        fn what_only_contains_it_is_another(before in "[a-z _.]{0,3}", required in "[a-z_.]{1,6}", after in "[a-z _.]{0,3}") {
            let pattern = Regex::new(&group_pattern(std::slice::from_ref(&required), "|")).expect("a pattern");
            let other = format!("{before}{required}{after}");
            prop_assert_eq!(pattern.is_match(&format!("X|{other}|Y")), other == required);
        }
    }
}
