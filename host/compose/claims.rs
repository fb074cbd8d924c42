//! Claims: what no two services may share. Names and wanted numbers are held against each other; the rest is handed out.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Composition;
use super::call::Subject;
use crate::calls;
use crate::diagnostic::{Diagnostic, Edit, Fix, Sink};
use crate::lock::{self, Taken};
use crate::model::Model;
use crate::origin::Origin;
use crate::plugin::{Pool, Range};
use crate::source::Span;

/// A number or a name that a service has for itself.
#[derive(Debug, Clone)]
pub struct Held {
    /// "account:uid"
    pub pool: String,
    /// "uid"
    pub label: String,
    /// The machine, or [`lock::PROJECT`].
    pub within: String,
    /// Whose it is.
    pub service: String,
    /// What it is for.
    pub key: String,
    /// The number or the name.
    pub value: Value,
    /// rick chose it.
    pub handed_out: bool,
    /// Because of what.
    pub because: Vec<Origin>,
}

impl Held {
    /// The value as a message shows it.
    pub fn shown(&self) -> String {
        match &self.value {
            Value::String(name) => format!("`{name}`"),
            other => other.to_string(),
        }
    }
}

struct Claim {
    service: String,
    machine: String,
    key: String,
    want: Option<Value>,
    because: Vec<Origin>,
}

/// Asks every plugin for every service, and allots.
pub fn claim(composition: &mut Composition<'_>, sink: &mut Sink) {
    let mut by_pool: BTreeMap<(String, String), Vec<Claim>> = BTreeMap::new();
    let services = composition.sound(sink);
    let plugins = composition.plugins;
    let asked = calls::of_services(&plugins.all, &services, "claim");
    let made = calls::begin(
        composition,
        &asked,
        "claim",
        None,
        |session, question| session.claim(&question.about, &question.input),
        |said, _| said,
    )
    .finish(plugins);
    for made in made {
        let Some((plugin, call, claimed)) = made.answered(sink) else { continue };
        let Subject::Service(manifest) = call.subject else { continue };
        let (session, about) = (plugin.session(), call.subject.title());
        for diagnostic in claimed.diagnostics {
            call.report(composition, &session, "claim", diagnostic, sink);
        }
        for entry in claimed.claims {
            let lie = |what: String| session.lie("claim", &about, what);
            let Some(pool) = plugin.descriptor.pools.iter().find(|pool| pool.name == entry.pool) else {
                call.fail(&lie(format!("claims of the pool `{}`, which is not its own", entry.pool)), sink);
                continue;
            };
            let want = match wanted(pool, entry.want.as_deref()) {
                Ok(want) => want,
                Err(what) => {
                    call.fail(&lie(what), sink);
                    continue;
                }
            };
            let because: Result<Vec<Origin>, String> =
                entry.because.iter().map(|place| call.resolve(composition, place)).collect();
            match because {
                Ok(because) if !because.is_empty() => {
                    let within = if pool.project_wide { lock::PROJECT.to_owned() } else { manifest.machine.clone() };
                    let (service, machine) = (manifest.name.clone(), manifest.machine.clone());
                    let claim = Claim { service, machine, key: entry.key, want, because };
                    by_pool.entry((pool.name.clone(), within)).or_default().push(claim);
                }
                Ok(_) => call.fail(&lie(format!("claims of `{}` without a reason", entry.pool)), sink),
                Err(what) => call.fail(&lie(what), sink),
            }
        }
    }
    for ((name, within), claims) in by_pool {
        let pool = plugins.all.iter().flat_map(|plugin| &plugin.descriptor.pools).find(|pool| pool.name == name);
        if let Some(pool) = pool {
            allot(composition, pool, &within, claims, sink);
        }
    }
}

fn wanted(pool: &Pool, want: Option<&str>) -> Result<Option<Value>, String> {
    let Some(text) = want else {
        return if pool.range.is_some() {
            Ok(None)
        } else {
            Err(format!("wants any name of `{}`, and names cannot be handed out", pool.name))
        };
    };
    let value: Value =
        serde_json::from_str(text).map_err(|error| format!("wants of `{}` what is no JSON: {error}", pool.name))?;
    match (&value, pool.range) {
        (Value::String(_), None) => Ok(Some(value)),
        (Value::Number(number), Some(_)) if number.is_u64() => Ok(Some(value)),
        _ => Err(format!("wants {value} of `{}`", pool.name)),
    }
}

fn allot(composition: &mut Composition<'_>, pool: &Pool, within: &str, mut claims: Vec<Claim>, sink: &mut Sink) {
    claims.sort_by(|left, right| (&left.service, &left.key).cmp(&(&right.service, &right.key)));
    if pool.reuse {
        let project = composition.project;
        let claimed = |service: &str, key: &str| claims.iter().any(|claim| claim.service == service && claim.key == key);
        // A service with an error claims nothing today, and still has what it had.
        let has =
            |service: &str, key: &str| claimed(service, key) || (project.names.contains(service) && sink.has_failed(service));
        composition.lock.forget(within, &pool.name, has);
    }
    let block = pool.range.map_or(1, |range| range.block);
    let (wanting, open): (Vec<Claim>, Vec<Claim>) = claims.into_iter().partition(|claim| claim.want.is_some());
    let mut given: Vec<u64> = Vec::new();
    for (index, claim) in wanting.iter().enumerate() {
        let value = claim.want.clone().unwrap_or_default();
        let earlier = wanting[..index].iter().find(|other| overlap(other.want.as_ref(), Some(&value), block));
        if let Some(other) = earlier {
            taken_twice(composition, pool, within, other, claim, sink);
            continue;
        }
        if let Some(number) = value.as_u64() {
            if let Some(owner) = owner(composition, pool, within, &wanting, claim, number) {
                belongs_to(composition, pool, within, &owner, claim, sink);
                continue;
            }
            given.push(number);
            composition.lock.set(within, &claim.service, &pool.name, &claim.key, number);
        }
        composition.hold(held(pool, within, claim, value, false));
    }
    let Some(default_range) = pool.range else { return };
    for claim in &open {
        let stated = composition.project.range(&claim.machine, &pool.name);
        let range = stated.map_or(default_range, |stated| Range { block: default_range.block, ..stated });
        let not_given = |number: &u64| !given.iter().any(|taken| taken.abs_diff(*number) < block);
        let own = |taken: &Taken<'_>| taken.service == claim.service && taken.key == Some(&claim.key);
        let free = |number: &u64| {
            let others = composition.lock.taken(within, &pool.name).filter(|taken| !own(taken));
            not_given(number) && !others.into_iter().any(|taken| taken.number.abs_diff(*number) < block)
        };
        let kept = composition.lock.get(within, &claim.service, &pool.name, &claim.key).filter(not_given);
        let count = range.last.saturating_sub(range.first).saturating_add(1) / range.block;
        let number = kept.or_else(|| (0..count).map(|index| range.first + index * range.block).find(free));
        match number {
            Some(number) => {
                given.push(number);
                composition.lock.set(within, &claim.service, &pool.name, &claim.key, number);
                composition.hold(held(pool, within, claim, number.into(), true));
            }
            None => exhausted(composition, pool, within, range, claim, sink),
        }
    }
}

/// The other service that has a number, or had it while its files may still have it.
fn owner(
    composition: &Composition<'_>,
    pool: &Pool,
    within: &str,
    wanting: &[Claim],
    claim: &Claim,
    number: u64,
) -> Option<String> {
    let block = pool.range.map_or(1, |range| range.block);
    let in_the_way = |taken: &Taken<'_>| {
        if taken.number.abs_diff(number) >= block || taken.service == claim.service {
            return false;
        }
        let wants = wanting.iter().find(|other| other.service == taken.service && Some(other.key.as_str()) == taken.key);
        match wants.and_then(|other| other.want.as_ref()?.as_u64()) {
            // Both want it: that is reported at both places.
            Some(wanted) if wanted.abs_diff(number) < block => false,
            // It moves away, and leaves nothing behind.
            Some(_) => !pool.reuse,
            None => true,
        }
    };
    composition.lock.taken(within, &pool.name).find(in_the_way).map(|taken| taken.service.to_owned())
}

fn overlap(left: Option<&Value>, right: Option<&Value>, block: u64) -> bool {
    match (left.and_then(Value::as_u64), right.and_then(Value::as_u64)) {
        (Some(left), Some(right)) => left.abs_diff(right) < block,
        _ => left == right,
    }
}

fn held(pool: &Pool, within: &str, claim: &Claim, value: Value, handed_out: bool) -> Held {
    Held {
        pool: pool.name.clone(),
        label: pool.label.clone(),
        within: within.to_owned(),
        service: claim.service.clone(),
        key: claim.key.clone(),
        value,
        handed_out,
        because: claim.because.clone(),
    }
}

fn place(composition: &Composition<'_>, claim: &Claim) -> Option<Span> {
    claim.because.iter().find_map(|origin| origin.span(composition))
}

fn where_within(within: &str) -> String {
    if within == lock::PROJECT { "in this project".to_owned() } else { format!("on {within}") }
}

fn shown(want: Option<&Value>) -> String {
    match want {
        Some(Value::String(name)) => format!("`{name}`"),
        Some(value) => value.to_string(),
        None => String::new(),
    }
}

fn taken_twice(composition: &Composition<'_>, pool: &Pool, within: &str, first: &Claim, second: &Claim, sink: &mut Sink) {
    let (value, whole) = (shown(second.want.as_ref()), where_within(within));
    let message = if first.service == second.service {
        format!("`{}` uses {} {value} twice {whole}", second.service, pool.label)
    } else {
        format!("`{}` and `{}` both use {} {value} {whole}", first.service, second.service, pool.label)
    };
    let mut diagnostic = Diagnostic::new("claim", crate::diagnostic::Severity::Error, message, place(composition, second));
    diagnostic = diagnostic.label("also taken here");
    if let Some(span) = place(composition, first) {
        diagnostic = diagnostic.related("first taken here", span);
    }
    diagnostic.fixes.extend(left_to_rick(composition, pool, second));
    sink.fail(&first.service);
    sink.push_for(&second.service, diagnostic.help(&pool.help));
}

fn belongs_to(composition: &Composition<'_>, pool: &Pool, within: &str, owner: &str, claim: &Claim, sink: &mut Sink) {
    let (value, whole) = (shown(claim.want.as_ref()), where_within(within));
    let message = format!("`{}` wants {} {value}, which is that of `{owner}` {whole}", claim.service, pool.label);
    let gone = if composition.project.names.contains(owner) {
        ""
    } else {
        ", which is gone, but whose files may still be on the machine"
    };
    let mut diagnostic = Diagnostic::new("claim", crate::diagnostic::Severity::Error, message, place(composition, claim))
        .label("another service has it")
        .note(format!("rick.lock keeps it for `{owner}`{gone}"))
        .help(&pool.help);
    diagnostic.fixes.extend(left_to_rick(composition, pool, claim));
    sink.push_for(&claim.service, diagnostic);
}

/// A number that is stated in a plugin's table can be left out, and rick hands one out. What is kept under the number stays where it is:
/// never a safe fix.
fn left_to_rick(composition: &Composition<'_>, pool: &Pool, claim: &Claim) -> Option<Fix> {
    pool.range?;
    let project = composition.project;
    let span = place(composition, claim)?;
    let location = Model::default().at(&project.sources, &span);
    let is_it = claim.want.as_ref().is_some_and(|want| location.value == want.to_string().as_str());
    let in_a_table =
        location.steps.first().is_some_and(|table| table != "service" && composition.plugins.of_table(table).is_some());
    let name = location.steps.last()?.clone();
    let edits = vec![Edit::Remove { source: span.source, steps: location.steps }];
    let title = format!("remove `{name}`, for rick to hand out another; what is kept under this one stays there");
    (is_it && in_a_table).then_some(Fix { title, safe: false, edits })
}

fn exhausted(composition: &Composition<'_>, pool: &Pool, within: &str, range: Range, claim: &Claim, sink: &mut Sink) {
    let (whole, label) = (where_within(within), &pool.label);
    let message =
        format!("there is no {label} left for `{}` {whole}: {} to {} are all taken", claim.service, range.first, range.last);
    let diagnostic = Diagnostic::new("claim", crate::diagnostic::Severity::Error, message, place(composition, claim)).help(
        format!("widen the pool in rick.toml: [machines.{}.pools] \"{}\" = {{ first = …, last = … }}", claim.machine, pool.name),
    );
    sink.push_for(&claim.service, diagnostic);
}
