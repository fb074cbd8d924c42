//! A plugin that misbehaves in every way that its table names: for rick's own tests.

use rick_plugin_sdk::{
    Artifact, By, Contributions, Descriptor, Diagnostics, Empty, Of, Place, Plugin, Rendered, Rule, ServiceCall, Severity, error,
    slots, table, text,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// `[unruly]`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// How to misbehave.
    act: Act,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Act {
    /// It does not.
    Nothing,
    /// Says another DATABASE_URL than postgres does.
    Quarrel,
    /// Loops for ever.
    Loop,
    /// Wants memory for ever.
    Allocate,
    /// Calls itself for ever.
    Recurse,
    /// Panics with a message.
    Panic,
    /// Contributes to a slot that it did not declare.
    Undeclared,
    /// Contributes what the slot's schema refuses.
    WrongValue,
    /// Contributes for a service that is not there.
    NoService,
    /// Gives a place that is not in its input.
    NoPlace,
    /// Gives no reason.
    NoReason,
    /// Writes outside with "..".
    ParentPath,
    /// Writes an absolute path that it did not declare.
    ForeignPath,
    /// Writes a file of another plugin.
    OthersFile,
    /// Encodes a secret in a way that rick does not know.
    UnknownEncoding,
    /// Names a secret that would be a file elsewhere.
    SecretElsewhere,
    /// Contributes while it renders.
    TooLate,
    /// Asks for a variable where no plugin runs a container.
    Unread,
    /// Finds an error, with a note elsewhere.
    Complain,
    /// Reports what is not one of its rules.
    Babble,
    /// Logs megabytes, then panics.
    Chatter,
}

const COMPLAINT: Rule = Rule {
    code: "UN001",
    name: "unruly-complaint",
    severity: Severity::Error,
    waivable: true,
    what: "`act = \"complain\"`",
    why: "It was asked to complain.",
    example: "[unruly]\nact = \"complain\"\n",
    use_instead: "[unruly]\nact = \"nothing\"\n",
    source: "this file",
};

/// The plugin.
pub struct Unruly;

impl Plugin for Unruly {
    type Table = Table;
    type Settings = Empty;
    type Facts = Empty;

    fn describe() -> Descriptor {
        Descriptor::new::<Self>("unruly", "9.8.7", "misbehaves")
            .contributes::<slots::Env>()
            .contributes::<slots::Mount>()
            .contributes::<slots::Step>()
            .reads::<slots::Database>(By::Check, Of::Service)
            .writes("/etc/unruly/*")
            // Declared, so that the quarrel over the path itself is seen.
            .writes("/etc/sysusers.d/*.conf")
            .rule(&COMPLAINT)
            .answers(&["contribute", "check:service", "render:service"])
    }

    fn contribute(call: &ServiceCall<Self>, out: &mut Contributions) {
        let place = || table(&["act"]);
        match call.table.act {
            Act::Quarrel => drop(out.add::<slots::Env>("DATABASE_URL", &text("postgresql://elsewhere/"), place())),
            Act::Loop => loop {
                std::hint::black_box(0);
            },
            Act::Allocate => {
                let mut hoard: Vec<Vec<u8>> = Vec::new();
                loop {
                    hoard.push(std::hint::black_box(vec![1; 1 << 20]));
                }
            }
            Act::Recurse => drop(std::hint::black_box(recurse(1))),
            Act::Panic => panic!("the cat is on the keyboard"),
            Act::Undeclared => drop(out.add::<slots::Group>("wheel", &slots::Nothing {}, place())),
            Act::WrongValue => {
                let value =
                    slots::MountValue { source: "not/absolute".to_owned(), read_only: true, kind: slots::MountKind::Directory };
                out.add::<slots::Mount>("/x", &value, place());
            }
            Act::NoService => drop(out.add::<slots::Env>("X", &text("1"), place()).service("nobody")),
            Act::NoPlace => drop(out.add::<slots::Env>("X", &text("1"), Place::Value("/reads/rick:env@1/7".to_owned()))),
            Act::Unread => drop(out.add::<slots::Env>("X", &text("1"), place())),
            Act::Chatter => panic!("{}", "la".repeat(1 << 20)),
            _ => {}
        }
    }

    fn check_service(call: &ServiceCall<Self>, out: &mut Diagnostics) {
        if call.table.act == Act::Complain {
            let databases = call.reads.of::<slots::Database>();
            let mut complaint = error("UN001", "this is not to my liking", table(&["act"])).help("take it away");
            for database in databases {
                complaint = complaint.note("and neither is this", database.place);
            }
            out.push(complaint);
        }
        if call.table.act == Act::Babble {
            out.push(error("XX999", "this code is nobody's", table(&["act"])));
        }
    }

    fn render_service(call: &ServiceCall<Self>, out: &mut Rendered) {
        let place = || table(&["act"]);
        let name = &call.service.name;
        let file = |path: String| {
            let mut file = Artifact::new(path);
            file.line("x", place());
            file
        };
        match call.table.act {
            Act::ParentPath => out.artifact(file("/etc/unruly/../passwd".to_owned())),
            Act::ForeignPath => out.artifact(file("/etc/passwd".to_owned())),
            Act::OthersFile => out.artifact(file(format!("/etc/sysusers.d/rick-{name}.conf"))),
            Act::NoReason => {
                let mut file = Artifact::new("/etc/unruly/x");
                file.line("x", Vec::new());
                out.artifact(file);
            }
            Act::UnknownEncoding => {
                let mut file = Artifact::new("/etc/unruly/x");
                file.push(rick_plugin_sdk::Line::text("x=").secret("s", &["rot13"]), place());
                out.artifact(file);
            }
            Act::SecretElsewhere => {
                let mut file = Artifact::new("/etc/unruly/x");
                file.push(rick_plugin_sdk::Line::text("x=").secret("../../shadow", &[]), place());
                out.artifact(file);
            }
            Act::TooLate => drop(out.add::<slots::Env>("X", &text("1"), place())),
            Act::Nothing => out.artifact(file(format!("/etc/unruly/{name}"))),
            _ => {}
        }
    }
}

#[expect(unconditional_recursion, reason = "that is what it is for")]
fn recurse(depth: u64) -> u64 {
    let here = std::hint::black_box([depth; 64]);
    std::hint::black_box(recurse(here[7] + 1) + here[3])
}

rick_plugin_sdk::export!(Unruly);
