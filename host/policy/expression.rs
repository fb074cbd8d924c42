//! An expression, or a text with expressions in it, as a policy's file has it: compiled, with every name in it known to be one.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;

use minijinja::machinery::{parse, parse_expr};
use minijinja::{Error, ErrorKind, Template, Value};

use super::names::Names;
use super::shape::Shape;
use super::words::environment;
use crate::diagnostic::{Diagnostic, Sink};
use crate::source::{Sources, Span};

/// The code of what is wrong with a policy itself.
pub const CODE: &str = "policy";

/// The names that an expression knows, and what they may be.
pub type Scope<'a> = BTreeMap<&'static str, Shape<'a>>;

/// Where a text stands in its file.
#[derive(Debug, Clone)]
pub struct Place {
    /// All of the value, with its quotes.
    pub whole: Span,
    /// The byte of the file at which the text begins, where it stands there as it is.
    start: Option<usize>,
}

impl Place {
    /// Of a value that was read as `text`.
    pub fn of(sources: &Sources, whole: Span, text: &str) -> Self {
        let raw = sources.get(whole.source).text.get(whole.bytes.clone()).unwrap_or_default();
        // In double quotes with a `\` in them, bytes of the value are not bytes of the file.
        let start = raw.find(text).map(|at| whole.bytes.start + at);
        Self { whole, start }
    }

    /// The place of bytes of the text.
    pub fn part(&self, bytes: Range<usize>) -> Span {
        match self.start {
            Some(start) => Span { source: self.whole.source, bytes: start + bytes.start..start + bytes.end },
            None => self.whole.clone(),
        }
    }
}

/// An expression.
#[derive(Debug)]
pub struct Expression {
    /// As it is written.
    pub text: String,
    /// Where.
    pub place: Place,
    /// The paths that it looks at: a name, and the steps from there.
    pub paths: Vec<Vec<String>>,
    compiled: minijinja::Expression<'static, 'static>,
    /// What in it has a value of its own.
    parts: Vec<Part>,
    once: bool,
}

/// A part of an expression, compiled when somebody first asks for its value.
#[derive(Debug)]
struct Part {
    bytes: Range<usize>,
    compiled: OnceLock<Option<minijinja::Expression<'static, 'static>>>,
}

impl Expression {
    /// Compiles an expression; `None`, and diagnostics, where it is none, or says a name that nobody has.
    pub fn read(text: &str, place: Place, scope: &Scope<'_>, once: bool, sink: &mut Sink) -> Option<Self> {
        let parsed = parse_expr(text).map_err(|error| refuse(&error, text, &place, sink)).ok()?;
        let mut names = Names::new(text, scope);
        names.expression(&parsed);
        let (paths, mut parts) = (names.paths, names.parts);
        if report(names.problems, &place, sink) {
            return None;
        }
        let compiled = environment(once)
            .compile_expression_owned(text.to_owned())
            .map_err(|error| refuse(&error, text, &place, sink))
            .ok()?;
        let mut seen: Vec<&str> = Vec::new();
        parts.retain(|part| {
            let part = &text[part.clone()];
            let new = !seen.contains(&part);
            seen.push(part);
            new
        });
        let parts = parts.into_iter().map(|bytes| Part { bytes, compiled: OnceLock::new() }).collect();
        Some(Self { text: text.to_owned(), place, paths, compiled, parts, once })
    }

    /// Its value; else what is wrong, at its place.
    pub fn value(&self, context: &Value) -> Result<Value, Box<Diagnostic>> {
        self.compiled.eval(context.clone()).map_err(|error| Box::new(failed(&error, &self.text, &self.place)))
    }

    /// The values of its parts, for who asks why the whole is not as it should be: what is written, and the value.
    pub fn parts(&self, context: &Value) -> Vec<(&str, Value)> {
        let value = |part: &Part| {
            let text = &self.text[part.bytes.clone()];
            let compile = || environment(self.once).compile_expression_owned(text.to_owned()).ok();
            let compiled = part.compiled.get_or_init(compile).as_ref()?;
            Some((text, compiled.eval(context.clone()).ok()?))
        };
        self.parts.iter().filter_map(value).collect()
    }
}

/// A text with `{{ … }}` in it.
#[derive(Debug)]
pub struct Text {
    /// The paths that it looks at.
    pub paths: Vec<Vec<String>>,
    text: &'static str,
    place: Place,
    plain: bool,
    once: bool,
    compiled: OnceLock<Result<Template<'static, 'static>, Error>>,
}

impl Text {
    /// Reads a text; `None`, and diagnostics, where an expression in it is none, or says a name that nobody has.
    pub fn read(text: &str, place: Place, scope: &Scope<'_>, once: bool, sink: &mut Sink) -> Option<Self> {
        let parsed = parse(text, "text", Default::default()).map_err(|error| refuse(&error, text, &place, sink)).ok()?;
        let mut names = Names::new(text, scope);
        names.template(&parsed);
        let paths = names.paths;
        if report(names.problems, &place, sink) {
            return None;
        }
        // What is compiled lives as long as the environment that it is compiled in, which is as long as the program.
        let text = Box::leak(text.to_owned().into_boxed_str());
        Some(Self { paths, text, place, plain: !text.contains('{'), once, compiled: OnceLock::new() })
    }

    /// The text with the values in it; else what is wrong, at its place.
    pub fn fill(&self, context: &Value) -> Result<String, Box<Diagnostic>> {
        if self.plain {
            return Ok(self.text.to_owned());
        }
        let failed = |error: &Error| Box::new(failed(error, self.text, &self.place));
        let compiled = self.compiled.get_or_init(|| environment(self.once).template_from_named_str("text", self.text));
        let template = compiled.as_ref().map_err(failed)?;
        template.render(context.clone()).map_err(|error| failed(&error))
    }

    /// As it is written.
    pub fn as_written(&self) -> &str {
        self.text
    }
}

/// Reports problems; whether there were any.
fn report(problems: Vec<super::names::Problem>, place: &Place, sink: &mut Sink) -> bool {
    let any = !problems.is_empty();
    for problem in problems {
        let mut diagnostic = Diagnostic::error(CODE, problem.message, place.part(problem.bytes)).label(problem.label);
        diagnostic.help = problem.help;
        sink.push(diagnostic);
    }
    any
}

fn refuse(error: &Error, text: &str, place: &Place, sink: &mut Sink) {
    sink.push(failed(error, text, place));
}

/// What minijinja says of an expression, at its bytes. Never with the values that were looked at: a program may have put anything there.
fn failed(error: &Error, text: &str, place: &Place) -> Diagnostic {
    let bytes = error.range().filter(|bytes| bytes.end <= text.len()).unwrap_or(0..text.len());
    let (message, help) = match error.kind() {
        ErrorKind::OutOfFuel => (
            "the expression does too much: it was stopped".to_owned(),
            Some("ask less of it: `for` goes through the things one by one, and `unique` compares them"),
        ),
        kind => {
            let detail = error.detail().map_or_else(|| kind.to_string(), str::to_owned);
            // Of a text with braces in it minijinja says where in the template, which is what the place is for.
            let single = detail.starts_with("unexpected `=`") || text.get(bytes.clone()) == Some("=");
            (detail, single.then_some("two are compared by `==`"))
        }
    };
    let diagnostic = Diagnostic::error(CODE, message, place.part(bytes));
    match help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}
