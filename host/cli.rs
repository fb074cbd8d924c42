//! The command line: what can be said, where it is printed, and the exit code.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};
use camino::Utf8PathBuf;
use clap::{Args, Parser, Subcommand, ValueEnum};
use tracing_subscriber::filter::LevelFilter;

use crate::control::{Asked, KnownBefore, Selection, date};
use crate::diagnostic::Severity;
use crate::error::Error;
use crate::report::{FindingsFormat, Format};
use crate::verbs;

/// A policy and config engine for people who run their own services: one manifest for each service, a complete deployment
/// for each machine.
#[derive(Debug, Parser)]
#[command(name = "rick", version, max_term_width = 100, after_help = "Exit codes: 0 clean, 1 problems found, 2 could not run.")]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Verb,
}

/// What every command understands.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// The project's folder, or one inside it.
    #[arg(long, global = true, value_name = "DIR", default_value = ".")]
    pub project: Utf8PathBuf,
    /// Colours in what is printed.
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    /// Says more about the work itself; twice for all of it, the logs of plugins included.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Says nothing but problems.
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Makes a project: rick.toml, a folder for manifests, and a schema for editors.
    Init(verbs::init::Init),
    /// Writes a manifest for a new service.
    New(verbs::new::New),
    /// Composes, checks and writes the deployment of every machine.
    Build(verbs::build::Build),
    /// Does all that a build does, in memory, and shows the problems.
    Lint(verbs::lint::Lint),
    /// Tells what a rule finds, why, and what to use instead.
    Explain(verbs::explain::Explain),
    /// Lists the rules.
    Rules(verbs::rules::Rules),
    /// Shows a service as it is composed, and where every value comes from.
    Show(verbs::show::Show),
    /// Tells why a line of a built file is there.
    Why(verbs::why::Why),
    /// Puts a build on the machine that it is for.
    Apply(verbs::apply::Apply),
    /// Asks the machine whether the deployment is as it was built.
    Verify(verbs::verify::Verify),
    /// Tells which secrets are needed, and makes those that may be random.
    #[command(subcommand)]
    Secrets(verbs::secrets::Secrets),
    /// Tells about the machine that rick runs on.
    #[command(subcommand)]
    Machine(verbs::machine::Machine),
    /// Writes the schemas of rick.toml and of manifests, for editors.
    Schema(verbs::schema::Schema),
    /// Tells about plugins.
    #[command(subcommand)]
    Plugin(verbs::plugin::Plugin),
    /// Tries policies, tells how they see a project, and asks them of a model that was written before.
    #[command(subcommand)]
    Policy(verbs::policy::Policy),
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// There was nothing to complain about.
    Clean,
    /// There are problems in the user's files.
    Problems,
    /// rick could not do its work.
    CouldNotRun,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        ExitCode::from(match outcome {
            Outcome::Clean => 0,
            Outcome::Problems => 1,
            Outcome::CouldNotRun => 2,
        })
    }
}

/// Where a command prints: data to `out`, all else to `err`.
pub struct Ui {
    /// Standard output.
    pub out: Box<dyn Write>,
    /// Standard error.
    pub err: Box<dyn Write>,
    /// What every command understands.
    pub global: Global,
}

impl Ui {
    /// Asks on the terminal; `None` where nobody is there to answer.
    pub fn confirm(&mut self, question: &str) -> io::Result<Option<bool>> {
        if !io::stdin().is_terminal() {
            return Ok(None);
        }
        write!(self.err, "{question} [y/N] ")?;
        self.err.flush()?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        Ok(Some(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")))
    }
}

/// Reads the command line, does what it says, and gives the exit code.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let choice = |terminal: bool| match cli.global.color {
        Color::Always => ColorChoice::AlwaysAnsi,
        Color::Never => ColorChoice::Never,
        Color::Auto if terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) => ColorChoice::Auto,
        Color::Auto => ColorChoice::Never,
    };
    let err_choice = choice(io::stderr().is_terminal());
    watch(&cli.global, err_choice != ColorChoice::Never);
    let mut ui = Ui {
        out: Box::new(AutoStream::new(io::stdout(), choice(io::stdout().is_terminal()))),
        err: Box::new(AutoStream::new(io::stderr(), err_choice)),
        global: cli.global,
    };
    let outcome = match cli.verb {
        Verb::Init(init) => init.run(&mut ui),
        Verb::New(new) => new.run(&mut ui),
        Verb::Build(build) => build.run(&mut ui),
        Verb::Lint(lint) => lint.run(&mut ui),
        Verb::Explain(explain) => explain.run(&mut ui),
        Verb::Rules(rules) => rules.run(&mut ui),
        Verb::Show(show) => show.run(&mut ui),
        Verb::Why(why) => why.run(&mut ui),
        Verb::Apply(apply) => apply.run(&mut ui),
        Verb::Verify(verify) => verify.run(&mut ui),
        Verb::Secrets(secrets) => secrets.run(&mut ui),
        Verb::Machine(machine) => machine.run(&mut ui),
        Verb::Schema(schema) => schema.run(&mut ui),
        Verb::Plugin(plugin) => plugin.run(&mut ui),
        Verb::Policy(policy) => policy.run(&mut ui),
    };
    let outcome = outcome.and_then(|outcome| ui.out.flush().map(|()| outcome).map_err(Failed::from));
    match outcome {
        Ok(outcome) => outcome.into(),
        // Whoever reads has seen enough: `rick show x | head` is no failure.
        Err(Failed::Print(error)) if error.kind() == io::ErrorKind::BrokenPipe => Outcome::Clean.into(),
        Err(Failed::Print(error)) => {
            let _ = writeln!(ui.err, "error: cannot print: {error}");
            Outcome::CouldNotRun.into()
        }
        Err(Failed::Rick(error)) => {
            let _ = writeln!(ui.err, "error: {error}");
            if let Some(help) = error.help() {
                let _ = writeln!(ui.err, "help: {help}");
            }
            Outcome::CouldNotRun.into()
        }
    }
}

/// Why a command did not come to an outcome.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// rick could not do its work.
    #[error(transparent)]
    Rick(#[from] Error),
    /// What it said could not be printed.
    #[error(transparent)]
    Print(#[from] io::Error),
}

fn watch(global: &Global, ansi: bool) {
    let level = match (global.quiet, global.verbose) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) => LevelFilter::WARN,
        (false, 1) => LevelFilter::INFO,
        (false, _) => LevelFilter::DEBUG,
    };
    // Only rick's own spans: the engine has much to say that helps nobody here.
    let subscriber = tracing_subscriber::fmt().with_writer(io::stderr).with_ansi(ansi).without_time().with_target(false);
    if level > LevelFilter::INFO {
        use tracing_subscriber::layer::SubscriberExt;
        let targets = tracing_subscriber::filter::Targets::new().with_target("rick", level).with_default(LevelFilter::WARN);
        let _ = tracing::subscriber::set_global_default(subscriber.with_max_level(level).finish().with(targets));
    } else {
        let _ = tracing::subscriber::set_global_default(subscriber.with_max_level(level).finish());
    }
}

/// What the commands that report findings have in common.
#[derive(Debug, Clone, Args)]
pub struct FindingsArguments {
    /// How to write what was found.
    #[arg(long, value_enum, default_value_t = FindingsFormat::Human)]
    pub format: FindingsFormat,
    /// Only these rules, in place of those that rick.toml selects: codes, or what codes begin with.
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    select: Option<Vec<String>>,
    /// Not these rules, nor those that rick.toml ignores.
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    ignore: Vec<String>,
    /// How bad what a rule finds is: QD010=error, CA=info.
    #[arg(long, value_name = "CODE=LEVEL", value_delimiter = ',', value_parser = level)]
    severity: Vec<(String, Severity)>,
    /// Takes a warning for an error.
    #[arg(long)]
    strict: bool,
    /// Shows what is waived, and what the baseline knows, too.
    #[arg(long)]
    pub show_waived: bool,
    /// Reports what the baseline knows like everything else.
    #[arg(long)]
    no_baseline: bool,
    /// The day that it is, for waivers that end.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    today: Option<chrono::NaiveDate>,
}

impl FindingsArguments {
    /// Whether what the baseline knows is reported like everything else.
    pub fn without_baseline(&self) -> bool {
        self.no_baseline
    }

    /// For whoever decides.
    pub fn asked(&self) -> Asked {
        let Self { select, ignore, severity, strict, no_baseline, today, .. } = self.clone();
        let selection = Selection { select, ignore, severity: severity.into_iter().collect() };
        let known = if no_baseline { KnownBefore::Nothing } else { KnownBefore::File };
        Asked { selection, strict, known, today }
    }
}

fn level(text: &str) -> Result<(String, Severity), String> {
    let known = "error, warning, info or hint";
    let (code, level) = text.split_once('=').ok_or_else(|| format!("write CODE=LEVEL, with {known} for LEVEL"))?;
    let severity = Severity::named(level).ok_or_else(|| format!("`{level}` is not {known}"))?;
    Ok((code.to_owned(), severity))
}

fn day(text: &str) -> Result<chrono::NaiveDate, String> {
    date(text).ok_or_else(|| "write it as year, month and day: 2027-01-31".to_owned())
}

/// The format of an answer, for the commands that have one.
#[derive(Debug, Clone, Args)]
pub struct FormatArgument {
    /// How to write it.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}
