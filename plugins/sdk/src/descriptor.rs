//! What a plugin is: a builder for the descriptor.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::Plugin;
use crate::bindings::exports::rick::plugin::meta;
use crate::bindings::rick::plugin::types::Severity;
use crate::slots::Slot;

/// How the contributions to a slot merge.
#[derive(Debug, Clone, Copy)]
pub enum Merge {
    /// Equal values collapse; sorted by key and value.
    List,
    /// Equal values under a key agree, others quarrel.
    ByKey,
}

/// What happens to contributions that no plugin reads.
#[derive(Debug, Clone, Copy)]
pub enum Unread {
    /// Nothing.
    Ignore,
    /// An error: what was asked for would not be there.
    Error,
}

/// The first function that reads a slot.
#[derive(Debug, Clone, Copy)]
pub enum By {
    /// `contribute`; the reader comes after those that write the slot.
    Contribute,
    /// `check`
    Check,
    /// `render`
    Render,
}

/// Whose contributions a call sees.
#[derive(Debug, Clone, Copy)]
pub enum Of {
    /// Those for the service at hand.
    Service,
    /// Those for its machine.
    Machine,
    /// All.
    Project,
}

/// A descriptor in the making. See [`Plugin::describe`].
#[derive(Debug, Clone)]
pub struct Descriptor(pub(crate) meta::Descriptor);

impl Descriptor {
    /// A plugin that takes part where a manifest has the table of its name.
    pub fn new<P: Plugin>(name: &str, version: &str, summary: &str) -> Self {
        Self(meta::Descriptor {
            name: name.to_owned(),
            version: version.to_owned(),
            summary: summary.to_owned(),
            table: name.to_owned(),
            activates: "table".to_owned(),
            table_schema: schema_of::<P::Table>(),
            settings_schema: schema_of::<P::Settings>(),
            facts_schema: schema_of::<P::Facts>(),
            owns: Vec::new(),
            pools: Vec::new(),
            writes_slots: Vec::new(),
            reads: Vec::new(),
            writes: Vec::new(),
            steps: Vec::new(),
            judges: Vec::new(),
            answers: Vec::new(),
            rules: Vec::new(),
            more: None,
        })
    }

    /// It takes part in every service, with or without its table.
    pub fn always(mut self) -> Self {
        self.0.activates = "always".to_owned();
        self
    }

    /// It owns a slot, and may contribute to it.
    pub fn owns<S: Slot>(mut self, merge: Merge, unread: Unread) -> Self
    where
        S::Value: JsonSchema,
    {
        self.0.owns.push(meta::Slot {
            name: S::NAME.to_owned(),
            schema: schema_of::<S::Value>(),
            merge: match merge {
                Merge::List => "list",
                Merge::ByKey => "by-key",
            }
            .to_owned(),
            unread: match unread {
                Unread::Ignore => "ignore",
                Unread::Error => "error",
            }
            .to_owned(),
        });
        self
    }

    /// It owns a pool of names, unique on a machine. `help`: what to do when two want the same.
    pub fn names(self, pool: &str, label: &str, help: &str) -> Self {
        self.pool(pool, label, help, Value::Null)
    }

    /// It owns a pool of numbers, unique on a machine: `first`, `first + block`, … up to `last`. `help`: what to do when two
    /// want the same. A number of a service that is gone is never another's; [`Descriptor::reusable`] says otherwise.
    pub fn numbers(self, pool: &str, label: &str, help: &str, [first, last, block]: [u64; 3]) -> Self {
        self.pool(pool, label, help, json!({ "first": first, "last": last, "block": block }))
    }

    /// Numbers of the pool that was named last are free as soon as nobody has them.
    pub fn reusable(mut self) -> Self {
        if let Some(pool) = self.0.pools.last_mut() {
            pool.reuse = true;
        }
        self
    }

    /// What the pool that was named last has is unique in the whole project, rather than on each machine.
    pub fn project_wide(mut self) -> Self {
        if let Some(pool) = self.0.pools.last_mut() {
            pool.within = "project".to_owned();
        }
        self
    }

    fn pool(mut self, name: &str, label: &str, help: &str, range: Value) -> Self {
        let (name, label, help, within) = (name.to_owned(), label.to_owned(), help.to_owned(), "machine".to_owned());
        self.0.pools.push(meta::Pool { name, label, within, range: range.to_string(), help, reuse: false });
        self
    }

    /// It contributes to a slot.
    pub fn contributes<S: Slot>(mut self) -> Self {
        self.0.writes_slots.push(S::NAME.to_owned());
        self
    }

    /// It looks at a slot.
    pub fn reads<S: Slot>(self, by: By, of: Of) -> Self {
        self.read::<S>(by, of, false)
    }

    /// It reads a slot and does what is contributed there: what must be done and nobody does is an error.
    pub fn fulfils<S: Slot>(self, by: By, of: Of) -> Self {
        self.read::<S>(by, of, true)
    }

    fn read<S: Slot>(mut self, by: By, of: Of, fulfils: bool) -> Self {
        let by = match by {
            By::Contribute => "contribute",
            By::Check => "check",
            By::Render => "render",
        };
        let of = match of {
            Of::Service => "service",
            Of::Machine => "machine",
            Of::Project => "project",
        };
        self.0.reads.push(meta::Read { slot: S::NAME.to_owned(), by: by.to_owned(), of: of.to_owned(), fulfils });
        self
    }

    /// It writes artifacts at paths that match a glob, or has blocks put into files there.
    pub fn writes(mut self, glob: &str) -> Self {
        self.0.writes.push(glob.to_owned());
        self
    }

    /// It makes steps of these kinds: "sql", "tmpfiles" …
    pub fn steps(mut self, kinds: &[&str]) -> Self {
        self.0.steps.extend(kinds.iter().map(|&kind| kind.to_owned()));
        self
    }

    /// It judges files, rendered or written by hand, whose paths match a glob.
    pub fn judges(mut self, glob: &str) -> Self {
        self.0.judges.push(glob.to_owned());
        self
    }

    /// The calls worth making: "claim", "contribute", "check:service", "render:machine" …
    pub fn answers(mut self, calls: &[&str]) -> Self {
        self.0.answers.extend(calls.iter().map(|&call| call.to_owned()));
        self
    }

    /// The checks that it makes.
    pub fn rules(self, rules: &[&Rule]) -> Self {
        rules.iter().fold(self, |descriptor, rule| descriptor.rule(rule))
    }

    /// It makes a check.
    pub fn rule(mut self, rule: &Rule) -> Self {
        let Rule { code, name, severity, waivable, what, why, example, use_instead, source } = *rule;
        let page = json!({ "what": what, "why": why, "example": example, "use_instead": use_instead, "source": source });
        let (code, name, page) = (code.to_owned(), name.to_owned(), page.to_string());
        self.0.rules.push(meta::Rule { code, name, severity, waivable, page });
        self
    }
}

/// A check that a plugin makes: its code and its page.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The code in its diagnostics: "PG011".
    pub code: &'static str,
    /// kebab-case; reads as "allow ...".
    pub name: &'static str,
    /// How bad it is, where a diagnostic does not say otherwise.
    pub severity: Severity,
    /// A waiver can silence it.
    pub waivable: bool,
    /// What is found.
    pub what: &'static str,
    /// What goes wrong on the machine.
    pub why: &'static str,
    /// A manifest that it finds. Without a `[service]` it is one of an image; `# rick.toml` or `# services/other.toml` on a line of its
    /// own begins another file. `rick plugin test` lints it.
    pub example: &'static str,
    /// The same, mended.
    pub use_instead: &'static str,
    /// Where this is known from.
    pub source: &'static str,
}

impl From<Descriptor> for meta::Descriptor {
    fn from(descriptor: Descriptor) -> Self {
        descriptor.0
    }
}

/// A JSON Schema (draft 2020-12) of a type, without references, so that a message can point into it.
fn schema_of<T: JsonSchema>() -> String {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    bound_numbers(&mut schema);
    schema.to_string()
}

/// A number that its type cannot hold is refused by the schema, rather than where the table is read. schemars says so of the smaller types.
fn bound_numbers(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.get("format").is_some_and(|format| format == "uint32") && !members.contains_key("maximum") {
                members.insert("maximum".to_owned(), u32::MAX.into());
            }
            members.values_mut().for_each(bound_numbers);
        }
        Value::Array(items) => items.iter_mut().for_each(bound_numbers),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_its_type_cannot_hold_is_not_of_the_schema() {
        #[derive(JsonSchema)]
        #[expect(dead_code, reason = "only its schema is looked at")]
        struct Table {
            number: Option<u32>,
            #[schemars(range(max = 7))]
            small: u32,
        }
        let schema: Value = serde_json::from_str(&schema_of::<Table>()).expect("JSON");
        assert_eq!(schema["properties"]["number"]["maximum"], u32::MAX);
        assert_eq!(schema["properties"]["small"]["maximum"], 7);
    }
}
