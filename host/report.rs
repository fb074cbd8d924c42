//! What is said, in each format: pure functions from values to text. One format, one file.

pub mod apply;
pub mod build;
mod concise;
mod github;
mod gitlab;
mod human;
pub mod json;
pub mod junit;
mod junit_findings;
pub mod plugin;
mod sarif;
pub mod secrets;
pub mod tap;
pub mod trial;
pub mod verify;

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use crate::control::{Control, Entry};
use crate::diagnostic::{Diagnostic, Severity, Sink, Standing};
use crate::error::Error;
use crate::model::Model;
use crate::rules::Rules;
use crate::source::Sources;
use crate::verbs::Inputs;

pub use concise::line;

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum FindingsFormat {
    /// For people: the place, both sides of a quarrel, and the way out.
    Human,
    /// A line for each.
    Concise,
    /// For programs: one JSON document.
    Json,
    /// SARIF 2.1.0, as code scanning takes it.
    Sarif,
    /// Annotations of GitHub Actions.
    Github,
    /// A code quality report of GitLab.
    Gitlab,
    /// XML as JUnit writes it.
    Junit,
}

/// What was found, with all that a report says of it.
pub struct Findings<'a> {
    /// In order; with what is waived and what is known.
    all: Vec<Finding>,
    sources: &'a Sources,
    rules: Option<Rules<'a>>,
    /// The services, where there is a project.
    services: Vec<&'a str>,
    /// From the repository to the project, for reports that are about a repository.
    prefix: Utf8PathBuf,
    with_waived: bool,
    strict: bool,
    /// Services that left the stages early: not everything was looked at.
    left_early: Vec<String>,
}

/// One diagnostic, and what it goes by.
struct Finding {
    diagnostic: Diagnostic,
    /// The service, or else the file; empty where it has no place.
    of: String,
    /// The steps to its value, as TOML writes a dotted key.
    at: String,
    /// It stays the same when lines move, and no other finding has it.
    fingerprint: String,
}

impl<'a> Findings<'a> {
    /// Of a project.
    pub(crate) fn of(inputs: &'a Inputs) -> Self {
        let sources = inputs.sources();
        let services = inputs.project.as_ref().ok().map(|(project, _)| {
            let names = project.manifests.iter().map(|manifest| manifest.name.as_str());
            names.collect()
        });
        Self {
            rules: Some(Rules::of(&inputs.plugins, &inputs.policies)),
            services: services.unwrap_or_default(),
            prefix: within_repository(&inputs.root),
            ..Self::of_files(&inputs.sink, sources)
        }
    }

    /// Of files that no project was made of.
    pub(crate) fn of_files(sink: &Sink, sources: &'a Sources) -> Self {
        let mut model = Model::default();
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let all = sink.sorted_with_waived(sources).into_iter().map(|diagnostic| {
            let location = model.locate(sources, &diagnostic);
            let file = diagnostic.primary.as_ref().map(|label| sources.path(label.span.source).as_str()).unwrap_or_default();
            let Entry { of, value, .. } = match sink.control() {
                Some(control) => control.entry(&diagnostic, &location),
                None => Entry::new(&diagnostic.code, file, &location),
            };
            let times = seen.entry(value.clone()).or_default();
            *times += 1;
            let fingerprint = if *times == 1 { value } else { format!("{value}:{times}") };
            Finding { diagnostic, of, at: location.dotted(), fingerprint }
        });
        Self {
            all: all.collect(),
            sources,
            rules: None,
            services: Vec::new(),
            prefix: Utf8PathBuf::new(),
            with_waived: false,
            strict: sink.control().is_some_and(Control::is_strict),
            left_early: sink.failed().iter().cloned().collect(),
        }
    }

    /// Shows what is waived and what is known, too.
    pub fn with_waived(mut self, with_waived: bool) -> Self {
        self.with_waived = with_waived;
        self
    }

    /// What is shown.
    fn shown(&self) -> impl Iterator<Item = &Finding> {
        self.all.iter().filter(|finding| self.with_waived || finding.diagnostic.is_reported())
    }

    /// As text, in a format.
    pub fn render(&self, format: FindingsFormat) -> Result<String, Error> {
        Ok(match format {
            FindingsFormat::Human => human::render(self),
            FindingsFormat::Concise => concise::render(self),
            FindingsFormat::Json => json::render(self),
            FindingsFormat::Sarif => sarif::render(self),
            FindingsFormat::Github => github::render(self),
            FindingsFormat::Gitlab => gitlab::render(self),
            FindingsFormat::Junit => junit_findings::render(self).map_err(Error::Usage)?,
        })
    }

    /// "2 errors, 1 warning; 1 waived"; `None` where there is nothing.
    pub fn count(&self) -> Option<String> {
        let of = |is: &dyn Fn(&Diagnostic) -> bool| self.all.iter().filter(|finding| is(&finding.diagnostic)).count();
        let mut counts = Vec::new();
        for severity in [Severity::Error, Severity::Warning, Severity::Info, Severity::Hint] {
            match of(&|diagnostic| diagnostic.is_reported() && diagnostic.severity == severity) {
                0 => {}
                count if severity == Severity::Info => counts.push(format!("{count} info")),
                count if severity == Severity::Warning && self.strict => {
                    counts.push(format!("{} (each counts as an error: strict)", plural(count, "warning")));
                }
                count => counts.push(plural(count, severity.name())),
            }
        }
        let mut quiet = Vec::new();
        match of(&|diagnostic| matches!(diagnostic.standing, Standing::Waived { .. })) {
            0 => {}
            waived => quiet.push(format!("{waived} waived")),
        }
        match of(&|diagnostic| diagnostic.standing == Standing::Known) {
            0 => {}
            known => quiet.push(format!("{known} known from before")),
        }
        let parts: Vec<String> = [counts.join(", "), quiet.join(", ")].into_iter().filter(|part| !part.is_empty()).collect();
        if parts.is_empty() { None } else { Some(parts.join("; ")) }
    }

    /// What a baseline would know of what is reported, and how much more there is that nothing can silence.
    pub fn for_baseline(&self, control: &Control) -> (Vec<Entry>, usize) {
        let reported = self.all.iter().filter(|finding| finding.diagnostic.is_reported());
        let (known, left): (Vec<_>, Vec<_>) = reported.partition(|finding| control.is_waivable(&finding.diagnostic.code));
        let mut model = Model::default();
        let entry = |finding: &&Finding| control.entry(&finding.diagnostic, &model.locate(self.sources, &finding.diagnostic));
        let left = left.iter().filter(|finding| finding.diagnostic.is_error()).count();
        (known.iter().map(entry).collect(), left)
    }

    /// A path of a source as a repository has it.
    fn in_repository(&self, path: &Utf8Path) -> String {
        self.prefix.join(path).into_string()
    }
}

/// The steps from the repository that a folder is in to the folder; none where it is in none.
fn within_repository(root: &Utf8Path) -> Utf8PathBuf {
    let repository = root.ancestors().find(|folder| folder.join(".git").exists());
    repository.and_then(|repository| root.strip_prefix(repository).ok()).unwrap_or(Utf8Path::new("")).to_owned()
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Human,
    /// For programs: one JSON document.
    Json,
}

/// "1 file", "2 files".
pub fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
