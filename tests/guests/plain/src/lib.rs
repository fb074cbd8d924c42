//! A plugin on the contract alone, with no SDK between: as small as one can be, and as other languages see the contract. It is also what
//! is kept compiled in tests/contract/ for each version of the contract that was released: every later rick must load it.

// There is nothing here but glue for a target that has no threads and no files.
#![cfg(target_arch = "wasm32")]
#![allow(unsafe_code, reason = "the canonical ABI is a foreign interface")]

wit_bindgen::generate!({ path: "../../../wit/0.1.0", world: "plugin", generate_unused_types: true });

use exports::rick::plugin::{check, check_files, claim, contribute, meta, render};
use rick::plugin::log;
use rick::plugin::types::{Artifact, Content, Contribution, Diagnostic, File, Json, Place, Scope, Segment, Severity, Target};

struct Plain;

const TABLE: &str = r#"{
    "type": "object", "additionalProperties": false, "required": ["say"],
    "properties": {
        "say": { "type": "string", "pattern": "^[a-z]+$", "description": "What to say; `badly` is said in what is no JSON." }
    }
}"#;
const NONE: &str = r#"{ "type": "object", "additionalProperties": false }"#;
const PAGE: &str = r#"{ "what": "`say` is `nothing`", "why": "Then nothing is said.", "example": "[plain]\nsay = \"nothing\"\n",
    "use_instead": "[plain]\nsay = \"hello\"\n", "source": "this file" }"#;

/// The text between `"say":"` and the next quotation mark: a plugin in earnest has a parser.
fn say(input: &str) -> &str {
    let rest = input.split_once("\"say\":\"").map_or("", |(_, rest)| rest);
    rest.split_once('"').map_or("", |(word, _)| word)
}

fn name(input: &str) -> &str {
    let service = input.split_once("\"service\":{").map_or("", |(_, rest)| rest);
    let rest = service.split_once("\"name\":\"").map_or("", |(_, rest)| rest);
    rest.split_once('"').map_or("", |(word, _)| word)
}

fn because() -> Vec<Place> {
    vec![Place::Value("/table/say".to_owned())]
}

impl meta::Guest for Plain {
    fn describe() -> meta::Descriptor {
        meta::Descriptor {
            name: "plain".to_owned(),
            version: "1.2.3".to_owned(),
            summary: "says a word in a file and in a variable".to_owned(),
            table: "plain".to_owned(),
            activates: "table".to_owned(),
            table_schema: TABLE.to_owned(),
            settings_schema: NONE.to_owned(),
            facts_schema: NONE.to_owned(),
            owns: Vec::new(),
            pools: Vec::new(),
            writes_slots: vec!["rick:env@1".to_owned()],
            reads: Vec::new(),
            writes: vec!["/etc/plain/*".to_owned()],
            steps: Vec::new(),
            judges: Vec::new(),
            answers: ["contribute", "check:service", "render:service"].map(str::to_owned).to_vec(),
            rules: vec![meta::Rule {
                code: "PL001".to_owned(),
                name: "nothing-to-say".to_owned(),
                severity: Severity::Warning,
                waivable: true,
                page: PAGE.to_owned(),
            }],
            more: None,
        }
    }
}

impl claim::Guest for Plain {
    fn claim(_input: Json) -> claim::Claimed {
        claim::Claimed { claims: Vec::new(), diagnostics: Vec::new() }
    }
}

impl contribute::Guest for Plain {
    fn contribute(input: Json) -> contribute::Contributed {
        log::log(log::Level::Debug, "asked to contribute");
        let value = if say(&input) == "badly" { "[no JSON".to_owned() } else { format!("[\"{}\"]", say(&input)) };
        let (slot, key) = ("rick:env@1".to_owned(), "PLAIN".to_owned());
        let target = Target { service: None, machine: None, part: None };
        let contributions = vec![Contribution { slot, target, key, value, stated: true, because: because() }];
        contribute::Contributed { contributions, diagnostics: Vec::new() }
    }
}

impl check::Guest for Plain {
    fn check(_scope: Scope, input: Json) -> Vec<Diagnostic> {
        if say(&input) != "nothing" {
            return Vec::new();
        }
        let at = Place::Value("/table/say".to_owned());
        let (code, message) = ("PL001".to_owned(), "`nothing` is nothing to say".to_owned());
        vec![Diagnostic {
            code,
            severity: Severity::Warning,
            message,
            at,
            help: None,
            notes: Vec::new(),
            fixes: Vec::new(),
            more: None,
        }]
    }
}

impl check_files::Guest for Plain {
    fn check_files(_input: Json, _files: Vec<File>) -> Vec<Diagnostic> {
        Vec::new()
    }
}

impl render::Guest for Plain {
    fn render(_scope: Scope, input: Json) -> render::Rendered {
        let content = vec![Segment { content: Content::Text(format!("{}\n", say(&input))), because: because() }];
        let (owner, group) = ("root".to_owned(), "root".to_owned());
        let path = format!("/etc/plain/{}", name(&input));
        let artifacts = vec![Artifact { machine: None, path, mode: 0o644, owner, group, content, more: None }];
        render::Rendered { artifacts, contributions: Vec::new(), diagnostics: Vec::new() }
    }
}

export!(Plain);
