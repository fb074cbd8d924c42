//! `rick lint`

use std::fs;

use camino::Utf8Path;
use similar::TextDiff;

use crate::cli::{Failed, FindingsArguments, Outcome, Ui};
use crate::control::{Asked, Entry, KnownBefore, baseline};
use crate::error::Error;
use crate::helpers;
use crate::mend::{self, Mended};
use crate::project::Overlay;
use crate::report::{FindingsFormat, plural};
use crate::verbs::{Inputs, gather, judged, outcome};
use crate::write::{READABLE, replace};

/// Does all that a build does, in memory, and shows the problems. Without --fix or --baseline nothing is written, not even the lock.
#[derive(Debug, clap::Args)]
pub struct Lint {
    /// Mends what can be mended without changing what runs other than as asked, and without moving or losing data.
    #[arg(long)]
    fix: bool,
    /// Mends also what somebody should look at first.
    #[arg(long)]
    unsafe_fixes: bool,
    /// Shows what would be mended, and writes nothing.
    #[arg(long, conflicts_with = "format")]
    diff: bool,
    /// Keeps what there is now as known, or takes out of what is known what is mended.
    #[arg(long, value_name = "WHAT", value_enum, conflicts_with_all = ["fix", "unsafe_fixes", "diff", "no_baseline", "format", "select", "ignore", "severity"])]
    baseline: Option<Baseline>,
    #[command(flatten)]
    findings: FindingsArguments,
}

/// What to do with the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Baseline {
    /// All that is found now, and can be waived, becomes known.
    Write,
    /// What is mended is taken out; nothing new is known.
    Update,
}

impl Lint {
    /// Carries it out.
    pub fn run(self, ui: &mut Ui) -> Result<Outcome, Failed> {
        if self.fix || self.unsafe_fixes || self.diff {
            let mended = mend::run(self.unsafe_fixes, |overlay| self.lint(ui, overlay, self.findings.asked(), false))?;
            return self.mended(ui, mended);
        }
        match self.baseline {
            Some(Baseline::Write) => self.write_baseline(ui),
            Some(Baseline::Update) => self.update_baseline(ui),
            None => {
                let inputs = self.lint(ui, &Overlay::new(), self.findings.asked(), true)?;
                helpers::dismiss();
                let outcome = self.report(ui, &inputs);
                inputs.leave();
                outcome
            }
        }
    }

    /// All that a build does, in memory. `last`: the process ends after it, and takes the deployment with it.
    fn lint(&self, ui: &Ui, overlay: &Overlay, asked: Asked, last: bool) -> Result<Inputs, Error> {
        let mut inputs = gather(ui, asked, overlay.clone())?;
        if let Ok((project, lock)) = &inputs.project {
            let judged = judged(project, &inputs.plugins, &inputs.policies, lock.clone(), false, &mut inputs.sink);
            if last {
                std::mem::forget(judged);
            }
        }
        Ok(inputs)
    }

    fn report(&self, ui: &mut Ui, inputs: &Inputs) -> Result<Outcome, Failed> {
        let findings = inputs.findings().with_waived(self.findings.show_waived);
        write!(ui.out, "{}", findings.render(self.findings.format)?)?;
        if matches!(self.findings.format, FindingsFormat::Human | FindingsFormat::Concise)
            && let Some(count) = findings.count()
            && !ui.global.quiet
        {
            ui.out.flush()?;
            writeln!(ui.err, "{count}")?;
        }
        Ok(outcome(&inputs.sink))
    }

    fn mended(&self, ui: &mut Ui, mended: Mended) -> Result<Outcome, Failed> {
        let Mended { mut inputs, before, overlay, count, refused } = mended;
        let files: Vec<_> = overlay.iter().filter(|(path, text)| before.get(*path) != Some(text)).collect();
        let told = format!("{} in {}", plural(count, "problem"), plural(files.len(), "file"));
        // What was mended is no longer known: else it could come back unseen.
        let path = inputs.root.join(baseline::FILE);
        let known = inputs.sink.control().and_then(|control| control.still_known(inputs.sink.failed()));
        let known = known.map(baseline::render).filter(|_| path.exists() && !self.findings.without_baseline());
        let forgets = known.filter(|known| !fs::read_to_string(&path).is_ok_and(|before| before == *known));
        if self.diff {
            for (path, text) in &files {
                let old = before.get(*path).map(String::as_str).unwrap_or_default();
                let diff = TextDiff::from_lines(old, text.as_str());
                write!(ui.out, "{}", diff.unified_diff().header(&format!("a/{path}"), &format!("b/{path}")))?;
            }
            ui.out.flush()?;
            for refusal in refused {
                writeln!(ui.err, "would not mend {refusal}")?;
            }
            if inputs.project.is_err() || inputs.sink.has_failures() {
                return self.report(ui, &inputs);
            }
            if !ui.global.quiet {
                writeln!(
                    ui.err,
                    "{}",
                    if files.is_empty() { "nothing to mend".to_owned() } else { format!("would mend {told}") }
                )?;
            }
            return Ok(if files.is_empty() { Outcome::Clean } else { Outcome::Problems });
        }
        for (path, text) in &files {
            write(&inputs.root.join(path), text)?;
        }
        if let Some(known) = &forgets {
            write(&path, known)?;
            inputs = self.lint(ui, &Overlay::new(), self.findings.asked(), false)?;
        }
        let outcome = self.report(ui, &inputs)?;
        for refusal in refused {
            writeln!(ui.err, "not mended: {refusal}")?;
        }
        if !ui.global.quiet {
            if count > 0 {
                writeln!(ui.err, "mended {told}")?;
            }
            if forgets.is_some() {
                writeln!(ui.err, "took what is mended out of `{}`", baseline::FILE)?;
            }
        }
        Ok(outcome)
    }

    /// What is found becomes known. What is known keeps no service from the later stages, so that more may be found: it is linted until
    /// nothing comes that is not known. Nothing is written where something is left that nothing can silence.
    fn write_baseline(&self, ui: &mut Ui) -> Result<Outcome, Failed> {
        const ROUNDS: usize = 10;
        let mut known: Vec<Entry> = Vec::new();
        for _ in 0..ROUNDS {
            let asked = Asked { known: KnownBefore::These(known.clone()), ..self.findings.asked() };
            let inputs = self.lint(ui, &Overlay::new(), asked, false)?;
            let (Ok(_), Some(control)) = (&inputs.project, inputs.sink.control()) else { return self.report(ui, &inputs) };
            let (new, left) = inputs.findings().for_baseline(control);
            if left > 0 || inputs.sink.has_failures() {
                let outcome = self.report(ui, &inputs)?;
                writeln!(ui.err, "nothing was written: mend first what cannot be waived")?;
                return Ok(outcome);
            }
            if new.is_empty() {
                write(&inputs.root.join(baseline::FILE), &baseline::render(known.clone()))?;
                if !ui.global.quiet {
                    writeln!(ui.err, "`{}` knows {}", baseline::FILE, plural(known.len(), "problem"))?;
                }
                return Ok(Outcome::Clean);
            }
            known.extend(new);
        }
        Err(Error::Usage("what is found changes from run to run, and cannot be known".to_owned()).into())
    }

    fn update_baseline(&self, ui: &mut Ui) -> Result<Outcome, Failed> {
        let inputs = self.lint(ui, &Overlay::new(), self.findings.asked(), false)?;
        let path = inputs.root.join(baseline::FILE);
        if !path.exists() {
            let message = format!("there is no `{}`; `rick lint --baseline write` makes one", baseline::FILE);
            return Err(Error::Usage(message).into());
        }
        let left = inputs.sink.control().and_then(|control| control.still_known(inputs.sink.failed()));
        let Some(known) = left.filter(|_| !inputs.sink.has_failures()) else {
            let outcome = self.report(ui, &inputs)?;
            writeln!(ui.err, "nothing was written")?;
            return Ok(outcome);
        };
        let count = known.len();
        write(&path, &baseline::render(known))?;
        if !ui.global.quiet {
            writeln!(ui.err, "`{}` knows {}", baseline::FILE, plural(count, "problem"))?;
        }
        Ok(Outcome::Clean)
    }
}

fn write(path: &Utf8Path, text: &str) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    if fs::read_to_string(path).is_ok_and(|before| before == text) {
        return Ok(());
    }
    // A link stays one: what it leads to is changed.
    let path = path.canonicalize_utf8().unwrap_or_else(|_| path.to_owned());
    let mode = path.metadata().map_or(READABLE, |metadata| metadata.permissions().mode() & 0o777);
    replace(&path, text.as_bytes(), mode).map_err(Error::file("write", path))
}
