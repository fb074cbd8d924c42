//! `rick lint`

use camino::Utf8Path;
use similar::TextDiff;

use crate::cli::{Failed, FindingsArguments, Outcome, Ui};
use crate::control::baseline;
use crate::error::Error;
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
    #[arg(long)]
    diff: bool,
    /// Keeps what there is now as known, or takes out of what is known what is mended.
    #[arg(long, value_name = "WHAT", value_enum, conflicts_with_all = ["fix", "unsafe_fixes", "diff", "no_baseline"])]
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
        let lint = |ui: &Ui, overlay: &Overlay| -> Result<Inputs, Error> {
            let mut asked = self.findings.asked();
            // What is to be known anew is not looked for in what was.
            asked.without_baseline |= self.baseline == Some(Baseline::Write);
            let mut inputs = gather(ui, asked, overlay.clone())?;
            if let Ok((project, lock)) = &inputs.project {
                judged(project, &inputs.plugins, lock.clone(), &mut inputs.sink);
            }
            Ok(inputs)
        };
        if self.fix || self.unsafe_fixes || self.diff {
            let mended = mend::run(self.unsafe_fixes, |overlay| lint(ui, overlay))?;
            return self.mended(ui, mended);
        }
        let inputs = lint(ui, &Overlay::new())?;
        match self.baseline {
            Some(what) => keep(ui, &inputs, what),
            None => self.report(ui, &inputs),
        }
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
        let Mended { inputs, before, overlay, count, refused } = mended;
        let files: Vec<_> = overlay.iter().filter(|(path, text)| before.get(*path) != Some(text)).collect();
        if self.diff {
            for (path, text) in &files {
                let old = before.get(*path).map(String::as_str).unwrap_or_default();
                let diff = TextDiff::from_lines(old, text.as_str());
                write!(ui.out, "{}", diff.unified_diff().header(&format!("a/{path}"), &format!("b/{path}")))?;
            }
            if !ui.global.quiet {
                ui.out.flush()?;
                let what = if files.is_empty() {
                    "nothing to mend".to_owned()
                } else {
                    format!("would mend {}", told(count, files.len()))
                };
                writeln!(ui.err, "{what}")?;
            }
            return Ok(if files.is_empty() { Outcome::Clean } else { Outcome::Problems });
        }
        for (path, text) in &files {
            write(&inputs.root.join(path), text)?;
        }
        // What was mended is no longer known: else it could come back unseen.
        if let Some(control) = inputs.sink.control() {
            let known = control.known_again();
            if inputs.root.join(baseline::FILE).exists() && !self.findings.without_baseline() {
                write(&inputs.root.join(baseline::FILE), &baseline::render(known))?;
            }
        }
        let outcome = self.report(ui, &inputs)?;
        for refusal in refused {
            writeln!(ui.err, "not mended: {refusal}")?;
        }
        if count > 0 && !ui.global.quiet {
            writeln!(ui.err, "mended {}", told(count, files.len()))?;
        }
        Ok(outcome)
    }
}

fn told(count: usize, files: usize) -> String {
    format!("{} in {}", plural(count, "problem"), plural(files, "file"))
}

fn write(path: &Utf8Path, text: &str) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    if std::fs::read_to_string(path).is_ok_and(|before| before == text) {
        return Ok(());
    }
    // A link stays one: what it leads to is changed.
    let path = path.canonicalize_utf8().unwrap_or_else(|_| path.to_owned());
    let mode = path.metadata().map_or(READABLE, |metadata| metadata.permissions().mode() & 0o777);
    replace(&path, text.as_bytes(), mode).map_err(Error::file("write", path))
}

fn keep(ui: &mut Ui, inputs: &Inputs, what: Baseline) -> Result<Outcome, Failed> {
    let (Ok(_), Some(control)) = (&inputs.project, inputs.sink.control()) else {
        write!(ui.err, "{}", inputs.findings().render(FindingsFormat::Human)?)?;
        return Ok(outcome(&inputs.sink));
    };
    let path = inputs.root.join(baseline::FILE);
    let (known, left) = match what {
        Baseline::Write => inputs.findings().for_baseline(control),
        Baseline::Update => (control.known_again(), 0),
    };
    let count = known.len();
    if what == Baseline::Write || path.exists() {
        write(&path, &baseline::render(known))?;
    }
    if !ui.global.quiet {
        writeln!(ui.err, "`{}` knows {}", baseline::FILE, plural(count, "problem"))?;
        if left > 0 {
            writeln!(ui.err, "{} cannot be waived, and must be mended: `rick lint` shows them", plural(left, "more problem"))?;
        }
    }
    Ok(if left > 0 { Outcome::Problems } else { Outcome::Clean })
}
