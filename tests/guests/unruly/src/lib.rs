//! A plugin that misbehaves in every way that its table names: for rick's own tests.

use std::sync::atomic::{AtomicU32, Ordering};

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
    /// A default that names what is another's: what a plugin tells itself tells it of nothing.
    #[serde(default = "word")]
    word: String,
}

fn word() -> String {
    "odd_postgres_password".to_owned()
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
    /// Logs megabytes.
    Chatter,
    /// Logs nothing, a million times.
    Whisper,
    /// Makes a step of a kind that it did not declare.
    UndeclaredStep,
    /// Has a block put into a file that it did not declare.
    ForeignBlock,
    /// Names a secret of another plugin's, which nobody told it of.
    ForeignSecret,
    /// Says that the user stated what is a default of its own.
    FalseStatement,
    /// Makes a check that would write a file.
    WritingCheck,
    /// Makes a check as root.
    RootsCheck,
    /// Has a block made of a file that is not its own.
    ForeignSource,
    /// Finds a hundred thousand problems.
    Flood,
    /// Finds one that is a megabyte long.
    Lament,
    /// Writes a file of many megabytes.
    LargeFile,
    /// Writes thousands of files.
    ManyFiles,
    /// Answers more than rick would copy.
    LargeAnswer,
    /// Runs a command as root, as it was granted.
    Command,
    /// Answers something else each time that it is asked.
    Fickle,
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
            .contributes::<slots::Check>()
            .reads::<slots::Database>(By::Check, Of::Service)
            // Only to look: it keeps no gate.
            .reads::<slots::Gate>(By::Check, Of::Service)
            .writes("/etc/unruly/*")
            // Declared, so that the quarrel over the path itself is seen.
            .writes("/etc/sysusers.d/*.conf")
            .rule(&COMPLAINT)
            .steps(&["block", "command"])
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
            Act::Chatter => say(&"la".repeat(1 << 20)),
            Act::FalseStatement => {
                out.add::<slots::Env>("X", &text(&call.table.word), table(&["word"])).stated();
            }
            Act::Whisper => (0..1_000_000).for_each(|_| say("")),
            Act::Fickle => {
                let asked = ASKED.fetch_add(1, Ordering::Relaxed);
                out.add::<slots::Env>("ASKED", &text(&asked.to_string()), place());
            }
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
        if call.table.act == Act::Flood {
            (0..100_000).for_each(|_| out.push(error("UN001", "and again", table(&["act"]))));
        }
        if call.table.act == Act::Lament {
            out.push(error("UN001", "woe ".repeat(1 << 18), table(&["act"])));
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
                file.push(rick_plugin_sdk::Line::text("x=").secret("unruly_s", &["rot13"]), place());
                out.artifact(file);
            }
            Act::SecretElsewhere => {
                let mut file = Artifact::new("/etc/unruly/x");
                file.push(rick_plugin_sdk::Line::text("x=").secret("../../shadow", &[]), place());
                out.artifact(file);
            }
            Act::ForeignSecret => {
                let mut file = Artifact::new("/etc/unruly/x");
                file.push(rick_plugin_sdk::Line::text("x=").secret("odd_postgres_password", &[]), place());
                out.artifact(file);
            }
            Act::UndeclaredStep => {
                let reload = slots::Action::SystemUnitsReload {};
                out.step("reload", slots::Phase::SystemUnits, reload, &[], place());
            }
            Act::WritingCheck => {
                let url = "http://127.0.0.1:1/\noutput = /etc/cron.d/x";
                let check = serde_json::json!({ "kind": "http", "title": "it answers", "url": url, "status": [200] });
                out.add::<slots::Check>("x", &check, place());
            }
            Act::RootsCheck => {
                let check = serde_json::json!({
                    "kind": "sql", "title": "it answers", "user": "root", "socket_directory": "/run/postgresql", "role": "root",
                    "database": "postgres", "query": "\\! id", "answer": "",
                });
                out.add::<slots::Check>("x", &check, place());
            }
            Act::ForeignSource => {
                let (file, source) = ("/etc/unruly/x".to_owned(), "/etc/shadow".to_owned());
                let block = slots::Action::Block { file, source, marker: "x".to_owned(), position: slots::Position::Top };
                out.step("block", slots::Phase::Data, block, &[], place());
            }
            Act::ForeignBlock => {
                let (file, source) = ("/etc/sudoers".to_owned(), "/etc/unruly/x".to_owned());
                let block = slots::Action::Block { file, source, marker: "x".to_owned(), position: slots::Position::Top };
                out.step("block", slots::Phase::Data, block, &[], place());
            }
            Act::Command => {
                let command = vec!["/usr/bin/touch".to_owned(), "/run/unruly".to_owned()];
                let undo = Some(vec!["/usr/bin/rm".to_owned(), "/run/unruly".to_owned()]);
                let action = slots::Action::Command { r#as: "root".to_owned(), command, unless: None, undo };
                out.step("touch", slots::Phase::Data, action, &[], place());
            }
            Act::LargeFile => {
                let mut file = Artifact::new("/etc/unruly/x");
                file.line("x".repeat(9 << 20), place());
                out.artifact(file);
            }
            Act::LargeAnswer => (0..40).for_each(|number| {
                let mut file = Artifact::new(format!("/etc/unruly/{number}"));
                file.line("x".repeat(2 << 20), place());
                out.artifact(file);
            }),
            Act::ManyFiles => (0..20_001).for_each(|number| out.artifact(file(format!("/etc/unruly/{number}")))),
            Act::TooLate => drop(out.add::<slots::Env>("X", &text("1"), place())),
            Act::Nothing => out.artifact(file(format!("/etc/unruly/{name}"))),
            _ => {}
        }
    }
}

/// How often it was asked: what no plugin may know.
static ASKED: AtomicU32 = AtomicU32::new(0);

fn say(message: &str) {
    rick_plugin_sdk::log(rick_plugin_sdk::Level::Info, message);
}

#[expect(unconditional_recursion, reason = "that is what it is for")]
fn recurse(depth: u64) -> u64 {
    let here = std::hint::black_box([depth; 64]);
    std::hint::black_box(recurse(here[7] + 1) + here[3])
}

rick_plugin_sdk::export!(Unruly);
