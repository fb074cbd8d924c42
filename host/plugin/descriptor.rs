//! What a plugin says of itself, held against what can be said.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use super::limits::{short, steers};
use crate::contract::meta;
use crate::project::is_service_name;
use crate::schema::Schema;

/// What a plugin says of itself, read and checked.
pub struct Descriptor {
    /// Lower case; the prefix of its slots and pools.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it integrates.
    pub summary: String,
    /// The manifest's table.
    pub table: String,
    /// It takes part in every service.
    pub always: bool,
    /// Of its table in a manifest.
    pub table_schema: Schema,
    /// Of `[plugins.<name>]`.
    pub settings_schema: Schema,
    /// Of `[machines.<machine>.<name>]`.
    pub facts_schema: Schema,
    /// The slots that it owns.
    pub owns: Vec<meta::Slot>,
    /// The pools that it owns.
    pub pools: Vec<Pool>,
    /// The slots that it contributes to.
    pub writes_slots: BTreeSet<String>,
    /// The slots that it reads.
    pub reads: Vec<Read>,
    /// The paths that it may write, as it names them.
    pub writes: Vec<String>,
    /// The kinds of steps that it makes.
    pub steps: BTreeSet<String>,
    /// The calls worth making.
    pub answers: BTreeSet<String>,
    /// Its checks.
    pub rules: Vec<meta::Rule>,
    /// The files that it can judge.
    pub judges: Globs,
    may_write: Globs,
}

/// What two may never share.
#[derive(Debug, Clone)]
pub struct Pool {
    /// "account:uid"
    pub name: String,
    /// "uid"
    pub label: String,
    /// The whole project, rather than each machine, shares it.
    pub project_wide: bool,
    /// The numbers that rick may hand out; `None`: names.
    pub range: Option<Range>,
    /// What to do when two want the same.
    pub help: String,
    /// A number is free as soon as nobody has it.
    pub reuse: bool,
}

/// Numbers to hand out: `first`, `first + block`, … not above `last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The first number.
    pub first: u64,
    /// The last number that may be in use.
    pub last: u64,
    /// How many numbers each takes.
    #[serde(default = "one")]
    pub block: u64,
}

fn one() -> u64 {
    1
}

/// The stage in which a slot is first read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// `contribute`
    Contribute,
    /// `check`
    Check,
    /// `render`
    Render,
}

/// Whose contributions a call sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// Those for the service at hand.
    Service,
    /// Those for its machine.
    Machine,
    /// All.
    Project,
}

/// A slot that a plugin reads.
#[derive(Debug, Clone)]
pub struct Read {
    /// Its name.
    pub slot: String,
    /// From when on.
    pub by: Stage,
    /// Whose.
    pub of: Of,
    /// It does what is contributed there, rather than only to look.
    pub fulfils: bool,
}

impl Descriptor {
    /// Reads what a plugin says. `known`: it was read before, and all of it could be.
    pub(super) fn parse(said: meta::Descriptor, known: bool) -> Result<Self, String> {
        if !known {
            refuse_odd_words(&said)?;
        }
        let schema = |what: &str, text: &str| {
            if known {
                return Ok(Schema::known(text.to_owned().into()));
            }
            Schema::of_plugin(text).map_err(|error| format!("its {what} {error}"))
        };
        for slot in &said.owns {
            schema("slot's schema", &slot.schema)?;
        }
        let pools = said.pools.iter().map(Pool::parse).collect::<Result<_, _>>()?;
        let reads: Vec<Read> = said.reads.iter().map(Read::parse).collect::<Result<_, _>>()?;
        if let Some(twice) =
            reads.iter().enumerate().find(|(index, read)| reads[..*index].iter().any(|other| other.slot == read.slot))
        {
            return Err(format!("it says twice how it reads `{}`", twice.1.slot));
        }
        const CALLS: &[&str] = &[
            "claim",
            "contribute",
            "check:service",
            "check:machine",
            "check:project",
            "check-files",
            "render:service",
            "render:machine",
            "render:project",
        ];
        if let Some(unknown) = said.answers.iter().find(|call| !CALLS.contains(&call.as_str())) {
            return Err(format!("it says that it answers `{unknown}`, and there are {}", CALLS.join(", ")));
        }
        let owned_prefix = format!("{}:", said.name);
        let foreign = said.owns.iter().map(|slot| &slot.name).chain(said.pools.iter().map(|pool| &pool.name));
        for name in foreign {
            if !name.starts_with(&owned_prefix) {
                return Err(format!("it says that it owns `{name}`, whose name does not begin with `{owned_prefix}`"));
            }
        }
        Ok(Self {
            table_schema: schema("table's schema", &said.table_schema)?,
            settings_schema: schema("settings' schema", &said.settings_schema)?,
            facts_schema: schema("facts' schema", &said.facts_schema)?,
            pools,
            reads,
            always: match said.activates.as_str() {
                "always" => true,
                "table" => false,
                other => return Err(format!("it activates on `{other}`, and there are `table` and `always`")),
            },
            may_write: Globs::parse(&said.writes)?,
            judges: Globs::parse(&said.judges)?,
            name: said.name,
            version: said.version,
            summary: said.summary,
            table: said.table,
            owns: said.owns,
            writes_slots: said.writes_slots.into_iter().collect(),
            writes: said.writes,
            steps: said.steps.into_iter().collect(),
            answers: said.answers.into_iter().collect(),
            rules: said.rules,
        })
    }

    /// Whether an artifact's path is one that it declared, and stays below the root.
    pub fn may_write(&self, path: &str) -> bool {
        stays_below_the_root(path) && self.may_write.is_match(path)
    }
}

/// What no plugin may call itself.
pub const RESERVED: [&str; 4] = ["rick", "service", "file", "waive"];

/// What it says of itself is shown in a terminal, put into paths, and asked for by name.
fn refuse_odd_words(said: &meta::Descriptor) -> Result<(), String> {
    let name = &said.name;
    if !is_service_name(name) {
        return Err(format!(
            "it calls itself `{}`, and a name is of lower case letters, digits and hyphens, at most 30, a letter first",
            short(name)
        ));
    }
    if RESERVED.contains(&name.as_str()) {
        return Err(format!("it calls itself `{name}`, which is a word of rick's own"));
    }
    let numbers = said.version.split(['-', '+']).next().unwrap_or_default();
    let dotted =
        numbers.split('.').filter(|number| number.parse::<u32>().is_ok()).count() == 3 && numbers.split('.').count() == 3;
    if !dotted || said.version.len() > 60 || !said.version.chars().all(|letter| letter.is_ascii_graphic()) {
        return Err(format!("its version is `{}`, which is none: 1.2.3", short(&said.version)));
    }
    if said.summary.chars().any(steers) || said.summary.chars().count() > 200 {
        return Err("its summary is more than one line".to_owned());
    }
    if let Some(glob) =
        said.writes.iter().find(|glob| !stays_below_the_root(glob) || glob.chars().any(|letter| steers(letter) || letter == '\\'))
    {
        return Err(format!("it says that it writes `{}`, which is no absolute path without `.` and `..`", short(glob)));
    }
    let named =
        said.writes_slots.iter().chain(said.reads.iter().map(|read| &read.slot)).chain(said.owns.iter().map(|slot| &slot.name));
    if let Some(slot) = named.into_iter().find(|slot| !is_slot_name(slot)) {
        return Err(format!("it names the slot `{}`, and a slot is named like `backup:job@1`", short(slot)));
    }
    let word = |text: &str| text.len() <= 60 && is_word(text);
    let named = said.steps.iter().chain(said.rules.iter().map(|rule| &rule.name)).chain([&said.table]);
    if let Some(odd) = named.into_iter().find(|text| !word(text)) {
        return Err(format!(
            "it calls something `{}`, and tables, kinds of steps and rules are of lower case letters, digits and hyphens",
            short(odd)
        ));
    }
    if let Some(pool) =
        said.pools.iter().find(|pool| !pool.name.split_once(':').is_some_and(|(owner, rest)| word(owner) && word(rest)))
    {
        return Err(format!("it has a pool `{}`, and one is named like `backup:port`", short(&pool.name)));
    }
    for (index, rule) in said.rules.iter().enumerate() {
        let code = &rule.code;
        let upper = code.len() <= 12
            && code.starts_with(|letter: char| letter.is_ascii_uppercase())
            && code.chars().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit());
        if !upper {
            return Err(format!("its rule is called `{}`, and a code is like `PG011`", short(code)));
        }
        if said.rules[..index].iter().any(|other| other.code == *code) {
            return Err(format!("it has two rules `{code}`"));
        }
        let is_object = rule.page.trim_start().starts_with('{');
        if !is_object || serde_json::from_str::<serde::de::IgnoredAny>(&rule.page).is_err() {
            return Err(format!("the page of its rule `{code}` is no JSON object"));
        }
    }
    Ok(())
}

/// Lower case letters, digits and hyphens.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-')
}

/// "<owner>:<word>@<version>"
fn is_slot_name(name: &str) -> bool {
    let parts = name.split_once(':').and_then(|(owner, rest)| rest.split_once('@').map(|(word, version)| (owner, word, version)));
    parts.is_some_and(|(owner, word, version)| is_word(owner) && is_word(word) && version.parse::<u32>().is_ok())
}

/// An absolute path whose every step is a name.
fn stays_below_the_root(path: &str) -> bool {
    let Some(below) = path.strip_prefix('/') else { return false };
    !path.contains('\0') && below.split('/').all(|step| !matches!(step, "" | "." | ".."))
}

/// Globs of paths, made into one automaton when they are first needed: most runs match none, and most paths fit one that is plain.
#[derive(Debug)]
pub struct Globs {
    globs: Vec<Glob>,
    set: OnceLock<GlobSet>,
}

impl Globs {
    fn parse(globs: &[String]) -> Result<Self, String> {
        let glob = |glob: &String| {
            let parsed = GlobBuilder::new(glob).literal_separator(true).backslash_escape(false).build();
            parsed.map_err(|error| format!("`{glob}` is no glob: {error}"))
        };
        let globs = globs.iter().map(glob).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { globs, set: OnceLock::new() })
    }

    /// Whether one of them fits; none does where they are too large to be made one.
    pub fn is_match(&self, path: &str) -> bool {
        if self.globs.iter().any(|glob| fits_plainly(glob.glob(), path)) {
            return true;
        }
        let set = self.set.get_or_init(|| {
            let mut set = GlobSetBuilder::new();
            self.globs.iter().for_each(|glob| {
                set.add(glob.clone());
            });
            set.build().unwrap_or_else(|error| {
                tracing::warn!(%error, "the paths of a plugin cannot be matched");
                GlobSet::empty()
            })
        });
        set.is_match(path)
    }
}

/// Whether a path certainly fits a glob that has nothing but `*` in names, and `**` at its end. `false` is no answer: to make the
/// automaton takes longer than to put a deployment together.
fn fits_plainly(glob: &str, path: &str) -> bool {
    if glob.contains(['?', '[', ']', '{', '}', '\\', '!', ',']) {
        return false;
    }
    let (mut wanted, mut found) = (glob.split('/'), path.split('/'));
    loop {
        match (wanted.next(), found.next()) {
            (None, None) => return true,
            (Some("**"), Some(step)) => return wanted.next().is_none() && !step.is_empty(),
            (Some(wanted), Some(found)) if !wanted.contains("**") && name_fits(wanted, found) => {}
            _ => return false,
        }
    }
}

/// Whether a name fits one with `*` in it: each piece comes after the one before, at the first place where it does.
fn name_fits(wanted: &str, name: &str) -> bool {
    let Some((first, rest)) = wanted.split_once('*') else { return wanted == name };
    let Some(mut name) = name.strip_prefix(first) else { return false };
    let mut pieces = rest.split('*').peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return name.ends_with(piece);
        }
        match name.find(piece) {
            Some(at) => name = &name[at + piece.len()..],
            None => return false,
        }
    }
    false
}

impl Pool {
    fn parse(said: &meta::Pool) -> Result<Self, String> {
        let wrong = |what: &str| format!("its pool `{}` has {what}", said.name);
        let range: Option<Range> =
            serde_json::from_str(&said.range).map_err(|error| wrong(&format!("a range that cannot be read: {error}")))?;
        if range.is_some_and(|range| range.block == 0 || range.first > range.last) {
            return Err(wrong("an empty range"));
        }
        let project_wide = match said.within.as_str() {
            "machine" => false,
            "project" => true,
            other => return Err(wrong(&format!("`within` of `{other}`, and there are `machine` and `project`"))),
        };
        Ok(Self {
            name: said.name.clone(),
            label: said.label.clone(),
            project_wide,
            range,
            help: said.help.clone(),
            reuse: said.reuse,
        })
    }
}

impl Read {
    fn parse(said: &meta::Read) -> Result<Self, String> {
        let by = match said.by.as_str() {
            "contribute" => Stage::Contribute,
            "check" => Stage::Check,
            "render" => Stage::Render,
            other => return Err(format!("it reads `{}` by `{other}`, and there are contribute, check and render", said.slot)),
        };
        let of = match said.of.as_str() {
            "service" => Of::Service,
            "machine" => Of::Machine,
            "project" => Of::Project,
            other => return Err(format!("it reads `{}` of `{other}`, and there are service, machine and project", said.slot)),
        };
        Ok(Self { slot: said.slot.clone(), by, of, fulfils: said.fulfils })
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use proptest::prelude::*;

    use super::{Globs, fits_plainly, stays_below_the_root};

    proptest! {
        #[test]
        fn what_fits_plainly_fits(
            glob in "(/(a|b|\\*|\\*\\*|a\\*|\\*b|a\\*b\\*|.|[a-c*.]{0,3})){1,4}",
            path in "(/[a-c.]{0,3}){1,4}",
        ) {
            if let Ok(globs) = Globs::parse(std::slice::from_ref(&glob))
                && fits_plainly(&glob, &path)
            {
                let whole = globs.globs[0].compile_matcher();
                prop_assert!(whole.is_match(&path), "{glob} {path}");
            }
        }

        #[test]
        fn no_path_that_is_taken_leaves_the_root(path in "[/a.\\PC]{0,12}|(/(\\.{1,3}|[a-z]{0,2})){0,5}") {
            if stays_below_the_root(&path) {
                let joined = Path::new("/root").join(path.trim_start_matches('/'));
                prop_assert!(joined.components().skip(2).all(|step| matches!(step, Component::Normal(_))), "{path:?}");
                prop_assert!(joined.components().count() > 2, "{path:?}");
            }
        }
    }

    #[test]
    fn what_plugins_declare_fits_plainly() {
        for (glob, path) in [
            ("/etc/valkey/*.conf", "/etc/valkey/a.conf"),
            ("/etc/containers/systemd/users/*/*.container", "/etc/containers/systemd/users/1000/web-a.container"),
            ("/etc/rick/**", "/etc/rick/a/b"),
            ("/etc/a-*-b*.d/x", "/etc/a--b-b.d/x"),
        ] {
            assert!(fits_plainly(glob, path), "{glob}");
        }
        for (glob, path) in [("/etc/*", "/etc/a/b"), ("/etc/**", "/etc"), ("/etc/**", "/etc/"), ("/a*a", "/a"), ("/**/x", "/a/x")]
        {
            assert!(!fits_plainly(glob, path), "{glob}");
        }
    }

    #[test]
    fn what_leaves_the_root_or_is_the_root_is_not_taken() {
        for path in ["", "/", "etc/x", "//etc/x", "/etc/", "/etc/../x", "/etc/./x", "/etc//x", "/..", "/etc/x\0"] {
            assert!(!stays_below_the_root(path), "{path:?}");
        }
        assert!(stays_below_the_root("/etc/..x/a.conf"));
    }
}
