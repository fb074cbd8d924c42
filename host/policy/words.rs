//! What expressions of policies may say beside names: minijinja's own filters and tests that fit, and those that are about images, paths,
//! networks and versions.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock};

use globset::{GlobBuilder, GlobMatcher};
use ipnet::IpNet;
use minijinja::value::{Kwargs, Rest};
use minijinja::{Environment, Error, ErrorKind, State, UndefinedBehavior, Value};
use regex::Regex;

/// A filter or a test.
pub struct Word {
    /// As it is written.
    pub name: &'static str,
    /// What it gives or asks, for the documentation and for messages.
    pub what: &'static str,
}

/// The filters, in the order of their names.
pub const FILTERS: &[Word] = &[
    Word { name: "abs", what: "a number without its sign" },
    Word { name: "default", what: "another value where there is none" },
    Word { name: "first", what: "the first item" },
    Word { name: "flatten", what: "one list of many" },
    Word { name: "groupby", what: "the items by an attribute" },
    Word { name: "image", what: "an image's reference in its parts: registry, name, tag, digest" },
    Word { name: "int", what: "a text as an integer" },
    Word { name: "items", what: "the pairs of a table" },
    Word { name: "join", what: "one text of many" },
    Word { name: "last", what: "the last item" },
    Word { name: "length", what: "how many there are" },
    Word { name: "list", what: "a list of what can be gone through" },
    Word { name: "lower", what: "in small letters" },
    Word { name: "map", what: "of each item an attribute, or what a filter makes of it" },
    Word { name: "max", what: "the largest" },
    Word { name: "min", what: "the smallest" },
    Word { name: "reject", what: "the items for which a test is not true" },
    Word { name: "rejectattr", what: "the items for whose attribute a test is not true" },
    Word { name: "replace", what: "with one text in the place of another" },
    Word { name: "round", what: "a rounded number" },
    Word { name: "select", what: "the items for which a test is true" },
    Word { name: "selectattr", what: "the items for whose attribute a test is true" },
    Word { name: "sort", what: "in order" },
    Word { name: "split", what: "a text in pieces" },
    Word { name: "string", what: "as a text" },
    Word { name: "sum", what: "the sum of numbers" },
    Word { name: "tojson", what: "as JSON" },
    Word { name: "trim", what: "without space around it" },
    Word { name: "unique", what: "each item once" },
    Word { name: "upper", what: "in capital letters" },
];

/// The tests, in the order of their names.
pub const TESTS: &[Word] = &[
    Word {
        name: "at_least",
        what: "whether a version is this one or a later one: `machine.versions.podman is at_least(\"5.4\")`",
    },
    Word { name: "boolean", what: "whether it is true or false" },
    Word { name: "digest_pinned", what: "whether an image, or its reference, says a digest" },
    Word { name: "divisibleby", what: "whether a number can be divided by another" },
    Word { name: "endingwith", what: "whether a text ends so" },
    Word { name: "eq", what: "whether it is equal: for `selectattr`" },
    Word { name: "even", what: "whether a number is even" },
    Word { name: "false", what: "whether it is false" },
    Word { name: "ge", what: "whether it is at least that: for `selectattr`" },
    Word { name: "gt", what: "whether it is more: for `selectattr`" },
    Word { name: "in", what: "whether it is one of a list: for `selectattr`" },
    Word {
        name: "in_network",
        what: "whether an address, or all of a network, is in a network: `is in_network(\"10.0.0.0/8\")`",
    },
    Word { name: "integer", what: "whether it is an integer" },
    Word { name: "le", what: "whether it is at most that: for `selectattr`" },
    Word {
        name: "like",
        what: "whether a text is like a pattern with `*`, `?` and `{a,b}`; a `*` stands for anything: `is like(\"*-db\")`",
    },
    Word { name: "loopback", what: "whether an address is one that only the machine itself reaches" },
    Word { name: "lower", what: "whether a text has no capital letters" },
    Word { name: "lt", what: "whether it is less: for `selectattr`" },
    Word { name: "mapping", what: "whether it is a table" },
    Word { name: "matching", what: "whether a regular expression matches somewhere in a text: `is matching(\"^v[0-9]\")`" },
    Word { name: "ne", what: "whether it differs: for `selectattr`" },
    Word { name: "none", what: "whether nothing is said of it" },
    Word { name: "number", what: "whether it is a number" },
    Word { name: "odd", what: "whether a number is odd" },
    Word { name: "sequence", what: "whether it is a list" },
    Word { name: "startingwith", what: "whether a text begins so" },
    Word { name: "string", what: "whether it is a text" },
    Word { name: "true", what: "whether it is true" },
    Word {
        name: "under",
        what: "whether a path is a folder or is in it; in the folder's name a `*` stands for one part: `is under(\"/run/user/*\")`",
    },
    Word { name: "upper", what: "whether a text has no small letters" },
];

/// What an expression about one thing may use up, in minijinja's units: about one for each step and each 64 bytes. Enough to go through
/// thousands of services, and soon over where somebody goes through all of them for each of them for each of them.
const FUEL: u64 = 200_000;
/// The same for what is asked once.
const FUEL_ONCE: u64 = 10_000_000;

/// Where expressions are compiled and run. `once`: about the deployment, of which there is one.
pub fn environment(once: bool) -> &'static Environment<'static> {
    static EACH: OnceLock<Environment<'static>> = OnceLock::new();
    static ONCE: OnceLock<Environment<'static>> = OnceLock::new();
    if once { ONCE.get_or_init(|| make(FUEL_ONCE)) } else { EACH.get_or_init(|| make(FUEL)) }
}

fn make(fuel: u64) -> Environment<'static> {
    let mut environment = Environment::new();
    let globals: Vec<String> = environment.globals().map(|(name, _)| name.to_owned()).collect();
    globals.iter().for_each(|name| environment.remove_global(name));
    // What is in something that is not there is not there: `service.auth.mode` of a service without `[auth]`. That the names are right is
    // known before.
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment.set_fuel(Some(fuel));
    environment.add_test("none", |value: &Value| is_nothing(value));
    environment.add_test("at_least", |value: Value, least: String| {
        if is_nothing(&value) {
            return Ok(false);
        }
        let version = |text: &str| version(text).ok_or_else(|| wrong(format!("`{text}` is no version of numbers and dots")));
        Ok::<bool, Error>(version(&value.to_string())? >= version(&least)?)
    });
    environment.add_test("digest_pinned", |value: Value| match value.as_str() {
        Some(reference) => image(reference).digest.is_some(),
        None => value.get_attr("digest").is_ok_and(|digest| !is_nothing(&digest)),
    });
    environment.add_test("in_network", |value: Value, network: String| {
        let Some(text) = value.as_str() else { return Ok(false) };
        let outer = net(&network).ok_or_else(|| wrong(format!("`{network}` is no network")))?;
        Ok::<bool, Error>(net(text).is_some_and(|inner| outer.contains(&inner)))
    });
    environment.add_test("loopback", |value: Value| {
        value.as_str().is_some_and(|text| text == "localhost" || address(text).is_some_and(|address| address.is_loopback()))
    });
    environment.add_test("like", |value: Value, pattern: String| {
        let Some(text) = value.as_str() else { return Ok(false) };
        Ok::<bool, Error>(globs().get(&pattern, |pattern| glob(pattern, false))?.is_match(text))
    });
    environment.add_test("under", |value: Value, folder: String| {
        let Some(text) = value.as_str() else { return Ok(false) };
        let folder = folders().get(&folder, |folder| glob(folder.trim_end_matches('/'), true))?;
        // A folder is under itself, and all of the machine is under `/`.
        let parents = text.match_indices('/').map(|(end, _)| &text[..end]).chain([text.trim_end_matches('/')]);
        Ok::<bool, Error>(parents.into_iter().any(|parent| folder.is_match(parent)))
    });
    environment.add_test("matching", |value: Value, pattern: String| {
        let Some(text) = value.as_str() else { return Ok(false) };
        let wrong =
            |error: regex::Error| wrong(format!("`{pattern}` is no regular expression: {}", last_line(&error.to_string())));
        Ok::<bool, Error>(regexes().get(&pattern, |pattern| Regex::new(pattern).map_err(wrong))?.is_match(text))
    });
    environment.add_filter(
        "selectattr",
        |state: &mut State<'_, '_>, items: Value, name: String, test: Option<String>, more: Rest<Value>| {
            by_attribute(state, &items, &name, test.as_deref(), &more, true)
        },
    );
    environment.add_filter(
        "rejectattr",
        |state: &mut State<'_, '_>, items: Value, name: String, test: Option<String>, more: Rest<Value>| {
            by_attribute(state, &items, &name, test.as_deref(), &more, false)
        },
    );
    environment.add_filter("map", map);
    environment.add_filter("flatten", |state: &mut State<'_, '_>, lists: Value| {
        let mut items = Vec::new();
        for list in all(&lists)? {
            let inner = all(&list)?;
            state.consume_fuel(inner.len() as u64 + STEP)?;
            items.extend(inner);
        }
        Ok::<Vec<Value>, Error>(items)
    });
    environment.add_filter("image", |reference: String| {
        let Image { registry, name, tag, digest } = image(&reference);
        let optional = |value: Option<&str>| value.map_or_else(|| Value::from(()), Value::from);
        Value::from_pairs([
            ("reference", Value::from(reference.as_str())),
            ("registry", optional(registry)),
            ("name", Value::from(name)),
            ("tag", optional(tag)),
            ("digest", optional(digest)),
        ])
    });
    environment
}

/// The items for whose attribute a test is true, or is not. minijinja's own fails where an item does not have the attribute.
fn by_attribute(
    state: &mut State<'_, '_>,
    items: &Value,
    name: &str,
    test: Option<&str>,
    more: &[Value],
    wanted: bool,
) -> Result<Vec<Value>, Error> {
    let mut chosen = Vec::new();
    for item in all(items)? {
        state.consume_fuel(STEP)?;
        let attribute = attribute(&item, name);
        let holds = match test {
            Some(test) => {
                let arguments: Vec<Value> = std::iter::once(attribute).chain(more.iter().cloned()).collect();
                state.perform_test(test, &arguments)?
            }
            None => attribute.is_true(),
        };
        if holds == wanted {
            chosen.push(item);
        }
    }
    Ok(chosen)
}

/// Of each item an attribute, or what a filter makes of it.
fn map(
    state: &mut State<'_, '_>,
    items: Value,
    filter: Option<String>,
    more: Rest<Value>,
    named: Kwargs,
) -> Result<Vec<Value>, Error> {
    let name: Option<String> = named.get("attribute")?;
    let default: Option<Value> = named.get("default")?;
    named.assert_all_used()?;
    let mut made = Vec::new();
    for item in all(&items)? {
        state.consume_fuel(STEP)?;
        made.push(match (&name, &filter) {
            (Some(name), None) => match (attribute(&item, name), &default) {
                (nothing, Some(default)) if is_nothing(&nothing) => default.clone(),
                (value, _) => value,
            },
            (None, Some(filter)) => {
                let arguments: Vec<Value> = std::iter::once(item).chain(more.iter().cloned()).collect();
                state.apply_filter(filter, &arguments)?
            }
            _ => {
                return Err(wrong(
                    "`map` takes an attribute, `map(attribute=\"name\")`, or a filter, `map(\"upper\")`".to_owned(),
                ));
            }
        });
    }
    Ok(made)
}

/// What going to one more item costs, beside what is done with it.
const STEP: u64 = 2;

/// The items; of what is not there, none.
fn all(items: &Value) -> Result<Vec<Value>, Error> {
    if is_nothing(items) { Ok(Vec::new()) } else { Ok(items.try_iter()?.collect()) }
}

/// What a dotted name leads to; nothing where anything on the way is not there.
fn attribute(item: &Value, name: &str) -> Value {
    name.split('.').try_fold(item.clone(), |value, step| value.get_attr(step)).unwrap_or_default()
}

/// Whether nothing is said: the member is not there, or what it would be in is not.
pub fn is_nothing(value: &Value) -> bool {
    value.is_undefined() || value.is_none()
}

fn wrong(message: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}

fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

/// An image's reference in its parts.
#[derive(Debug, PartialEq, Eq)]
pub struct Image<'a> {
    /// "ghcr.io"; nothing in a short name.
    pub registry: Option<&'a str>,
    /// "acme/wiki"
    pub name: &'a str,
    /// "1.4.2"
    pub tag: Option<&'a str>,
    /// "sha256:…"
    pub digest: Option<&'a str>,
}

/// Takes a reference apart: <https://github.com/distribution/reference/blob/main/reference.go>.
pub fn image(reference: &str) -> Image<'_> {
    let (rest, digest) = reference.split_once('@').map_or((reference, None), |(rest, digest)| (rest, Some(digest)));
    let (rest, tag) = match rest.rsplit_once(':') {
        Some((rest, tag)) if !tag.contains('/') => (rest, Some(tag)),
        _ => (rest, None),
    };
    let (registry, name) = match rest.split_once('/') {
        Some((first, name)) if first.contains(['.', ':']) || first == "localhost" => (Some(first), name),
        _ => (None, rest),
    };
    Image { registry, name, tag, digest }
}

/// Numbers between dots; a `v` before them and what follows a `-` or a `+` are no part of them.
fn version(text: &str) -> Option<Vec<u64>> {
    let numbers = text.strip_prefix('v').unwrap_or(text).split(['-', '+']).next()?;
    let mut numbers: Vec<u64> = numbers.split('.').map(|number| number.parse().ok()).collect::<Option<_>>()?;
    while numbers.last() == Some(&0) {
        numbers.pop();
    }
    Some(numbers)
}

fn address(text: &str) -> Option<IpAddr> {
    text.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

fn net(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| address(text).map(IpNet::from))
}

fn glob(pattern: &str, parts: bool) -> Result<GlobMatcher, Error> {
    let glob = GlobBuilder::new(pattern).literal_separator(parts).backslash_escape(true).build();
    Ok(glob.map_err(|error| wrong(format!("`{pattern}` is no pattern: {}", error.kind())))?.compile_matcher())
}

/// What was compiled from patterns: an expression is asked for each service anew, and its pattern is the same.
struct Kept<T>(Mutex<BTreeMap<String, Arc<T>>>);

/// A pattern that is itself made from the model could be another one each time.
const KEPT: usize = 1_000;

impl<T> Kept<T> {
    const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    fn get(&self, pattern: &str, compile: impl FnOnce(&str) -> Result<T, Error>) -> Result<Arc<T>, Error> {
        let mut kept = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(found) = kept.get(pattern) {
            return Ok(Arc::clone(found));
        }
        let made = Arc::new(compile(pattern)?);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(pattern.to_owned(), Arc::clone(&made));
        Ok(made)
    }
}

fn globs() -> &'static Kept<GlobMatcher> {
    static KEPT: Kept<GlobMatcher> = Kept::new();
    &KEPT
}

fn folders() -> &'static Kept<GlobMatcher> {
    static KEPT: Kept<GlobMatcher> = Kept::new();
    &KEPT
}

fn regexes() -> &'static Kept<Regex> {
    static KEPT: Kept<Regex> = Kept::new();
    &KEPT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(expression: &str) -> bool {
        let expression = environment(false).compile_expression(expression).expect("it is an expression");
        expression.eval(Value::from(())).expect("it can be evaluated").is_true()
    }

    #[test]
    fn every_word_is_there() {
        for Word { name, .. } in FILTERS {
            let error = environment(false).compile_expression(&format!("'1'|{name}")).and_then(|expression| expression.eval(()));
            assert!(!error.is_err_and(|error| error.kind() == ErrorKind::UnknownFilter), "{name}");
        }
        for Word { name, .. } in TESTS {
            let error =
                environment(false).compile_expression(&format!("'1' is {name}")).and_then(|expression| expression.eval(()));
            assert!(!error.is_err_and(|error| error.kind() == ErrorKind::UnknownTest), "{name}");
        }
        assert!(FILTERS.is_sorted_by_key(|word| word.name) && TESTS.is_sorted_by_key(|word| word.name));
    }

    #[test]
    fn images_have_their_parts() {
        let parts = |reference| {
            let Image { registry, name, tag, digest } = image(reference);
            (registry, name, tag, digest)
        };
        assert_eq!(parts("ghcr.io/acme/wiki:1.4.2"), (Some("ghcr.io"), "acme/wiki", Some("1.4.2"), None));
        assert_eq!(parts("localhost:5000/wiki@sha256:ab"), (Some("localhost:5000"), "wiki", None, Some("sha256:ab")));
        assert_eq!(parts("acme/wiki:1@sha256:ab"), (None, "acme/wiki", Some("1"), Some("sha256:ab")));
        assert_eq!(parts("wiki"), (None, "wiki", None, None));
        assert!(holds("'x.io/a@sha256:ab' is digest_pinned and 'x.io/a:1' is not digest_pinned"));
        assert!(holds("('x.io/a:1'|image).tag == '1'"));
    }

    #[test]
    fn paths_are_under_folders() {
        assert!(holds("'/run/user/1000/podman/podman.sock' is under('/run/user/*/podman')"));
        assert!(holds("'/srv' is under('/srv') and '/srv/' is under('/srv') and '/srv/a' is under('/srv/')"));
        assert!(holds("'/srv-a' is not under('/srv') and '/run/user/1/2/podman' is not under('/run/user/*/podman')"));
        assert!(holds("'/etc' is under('/') and '/' is under('/') and '' is not under('/srv')"));
    }

    #[test]
    fn versions_and_networks_are_compared() {
        assert!(holds("'5.10' is at_least('5.9.1') and '5.4' is at_least('5.4.0') and '17' is not at_least('17.1')"));
        assert!(holds("'v2025.12.1-rc1' is at_least('2025.12')"));
        assert!(holds("'10.1.2.3' is in_network('10.0.0.0/8') and '10.1.0.0/16' is in_network('10.0.0.0/8')"));
        assert!(holds("'10.0.0.0/7' is not in_network('10.0.0.0/8') and '::1' is loopback and '127.0.0.2' is loopback"));
        assert!(holds(
            "'0.0.0.0' is not loopback and 'wiki-db' is like('*-db') and 'a/b' is like('a*') and 'wiki' is not like('*-db')"
        ));
    }

    #[test]
    fn what_is_not_there_is_none() {
        assert!(holds("missing is none and missing.member is none and none is none and 0 is not none"));
        assert!(holds("missing.member != 'x' and missing is not like('*') and missing is not at_least('1')"));
    }

    #[test]
    fn nothing_runs_for_ever() {
        let long = format!("[{}]", vec!["0"; 300].join(","));
        let pairs = format!("{long}|map('string')|join|length");
        assert!(environment(false).compile_expression(&pairs).expect("it is one").eval(()).is_ok());
        let forever =
            format!("('x' * 60000)|list|map('upper')|list|join|list|map('lower')|list|join|list|sort|length > {long}|length");
        let error = environment(false).compile_expression(&forever).expect("it is one").eval(()).expect_err("it ends");
        assert_eq!(error.kind(), ErrorKind::OutOfFuel);
    }
}
