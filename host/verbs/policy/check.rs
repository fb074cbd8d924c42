//! `rick policy check --model FILE`

use std::fs;
use std::io::Read;
use std::sync::Arc;

use camino::Utf8PathBuf;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::cli::{Failed, Outcome, Ui};
use crate::diagnostic::{Diagnostic, Sink};
use crate::error::Error;
use crate::policy::evaluate;
use crate::policy::kind::Kind;
use crate::policy::model::{Model, Place, VERSION};
use crate::policy::shape::Shapes;
use crate::policy::{From, Policies, packs};
use crate::report::{Findings, FindingsFormat};
use crate::source::Sources;
use crate::verbs::{outcome, plugins_here};

/// Asks policies of a model that `rick show --format json` printed: where the project itself is not, or to ask policies that are not the
/// project's of it.
#[derive(Debug, clap::Args)]
pub struct Check {
    /// The model; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    model: Utf8PathBuf,
    /// A pack of rick's.
    #[arg(long, value_name = "PACK", value_parser = ["access", "baseline", "data", "hardening"])]
    pack: Vec<String>,
    /// Files with policies.
    #[arg(value_name = "POLICIES")]
    files: Vec<Utf8PathBuf>,
    /// How to write what is found.
    #[arg(long, value_enum, default_value_t = FindingsFormat::Human)]
    format: FindingsFormat,
}

/// The parts of a model that is read. What no policy looks at need not be made into values.
#[derive(Deserialize)]
struct Written<T> {
    version: u32,
    #[serde(default)]
    machines: minijinja::Value,
    #[serde(default)]
    services: minijinja::Value,
    #[serde(default)]
    artifacts: minijinja::Value,
    #[serde(default)]
    plugins: minijinja::Value,
    #[serde(default = "Option::default")]
    contributions: Option<T>,
}

impl<T> Written<T> {
    fn whole(self, contributions: impl FnOnce(T) -> minijinja::Value) -> minijinja::Value {
        minijinja::Value::from_pairs([
            ("version", self.version.into()),
            ("machines", self.machines),
            ("services", self.services),
            ("artifacts", self.artifacts),
            ("plugins", self.plugins),
            ("contributions", self.contributions.map(contributions).unwrap_or_default()),
        ])
    }
}

impl Check {
    /// Carries it out.
    pub fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        if self.pack.is_empty() && self.files.is_empty() {
            return Err(Error::Usage("name the policies: files, or `--pack`".to_owned()).into());
        }
        let mut text = String::new();
        if self.model == "-" {
            std::io::stdin().read_to_string(&mut text).map_err(Error::file("read", &self.model))?;
        } else {
            text = fs::read_to_string(&self.model).map_err(Error::file("read", &self.model))?;
        }
        let plugins = match plugins_here(ui, true)? {
            Ok(plugins) => plugins,
            Err(outcome) => return Ok(outcome),
        };
        let (mut sources, mut sink, mut texts) = (Sources::default(), Sink::default(), Vec::new());
        for pack in self.pack.iter().filter_map(|name| packs::find(name)) {
            texts.push((From::Pack(pack.name), pack.path(), pack.text.to_owned()));
        }
        for file in &self.files {
            let text = fs::read_to_string(file).map_err(Error::file("read", file))?;
            texts.push((From::File(file.clone()), file.clone(), text));
        }
        let policies = Policies::read(texts, Arc::new(Shapes::of(&plugins)), &mut sources, &mut sink);
        let model = self.read(&text, policies.look_at(Kind::Contribution))?;
        let answer = evaluate::ask(&policies.all, &model, |_| true);
        answer.failed.into_iter().for_each(|failed| sink.push(failed));
        for found in answer.found {
            let policy = &policies.all[found.policy];
            let subject = &model.of_kind(policy.kind)[found.subject];
            let mut diagnostic = Diagnostic::new(&policy.name, policy.severity, found.message, None);
            if let Place::Text(at) = &subject.place
                && !at.is_empty()
            {
                diagnostic.notes.push(format!("it comes from {at}"));
            }
            diagnostic.notes.extend(found.parts.iter().map(|(text, value)| format!("`{text}` is {value}")));
            diagnostic.help = found.help;
            diagnostic.plugin = Some(policy.from.to_string());
            sink.push(diagnostic);
        }
        let findings = Findings::of_files(&sink, &sources);
        write!(ui.out, "{}", findings.render(self.format)?)?;
        if let Some(count) = findings.count()
            && !ui.global.quiet
            && matches!(self.format, FindingsFormat::Human | FindingsFormat::Concise)
        {
            ui.out.flush()?;
            writeln!(ui.err, "{count}")?;
        }
        // The program ends here, and takes nothing apart before.
        std::mem::forget(model);
        Ok(outcome(&sink))
    }

    fn read(&self, text: &str, contributions: bool) -> Result<Model, Error> {
        let read = if contributions {
            serde_json::from_str::<Written<minijinja::Value>>(text).map(|read| (read.version, read.whole(|said| said)))
        } else {
            let nothing = |_: IgnoredAny| minijinja::Value::from(Vec::<minijinja::Value>::new());
            serde_json::from_str::<Written<IgnoredAny>>(text).map(|read| (read.version, read.whole(nothing)))
        };
        let (version, whole) = read.map_err(|error| Error::Usage(format!("`{}` is no model: {error}", self.model)))?;
        if version != VERSION {
            let message = format!("`{}` is a model of version {version}, and this rick reads version {VERSION}", self.model);
            return Err(Error::Usage(message));
        }
        Ok(Model::read(&whole))
    }
}
