//! The names in an expression, held against the model before anything is evaluated: a misspelled name would be nothing, and nothing is
//! neither equal to anything nor an error. What is found is told by its bytes in the expression.

use std::collections::BTreeMap;
use std::ops::Range;

use minijinja::Value;
use minijinja::machinery::ast::{BinOpKind, CallArg, CompareOpKind, Expr, Stmt};

use super::shape::Shape;
use super::words::{FILTERS, TESTS, Word};
use crate::schema::nearest;

/// Something that is wrong with an expression.
#[derive(Debug, PartialEq, Eq)]
pub struct Problem {
    /// Bytes of the expression.
    pub bytes: Range<usize>,
    /// What was found.
    pub message: String,
    /// What was meant.
    pub label: String,
    /// What can be done.
    pub help: Option<String>,
}

/// What names there are, and what was found.
pub struct Names<'a> {
    text: &'a str,
    scope: &'a BTreeMap<&'static str, Shape<'a>>,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// The paths that are looked at: each name with its steps.
    pub paths: Vec<Vec<String>>,
    /// The bytes of what has a value of its own, to show when the whole is not as it should be.
    pub parts: Vec<Range<usize>>,
}

/// All of an expression. minijinja's own places begin at what is done: `.name`, `|filter`.
fn bytes(expression: &Expr<'_>) -> Range<usize> {
    let span = expression.span();
    let inner = match expression {
        Expr::GetAttr(attribute) => Some(&attribute.expr),
        Expr::GetItem(item) => Some(&item.expr),
        Expr::Slice(slice) => Some(&slice.expr),
        Expr::Filter(filter) => filter.expr.as_ref(),
        Expr::Test(test) => Some(&test.expr),
        Expr::Call(call) => Some(&call.expr),
        _ => None,
    };
    let start = inner.map_or(span.start_offset as usize, |inner| bytes(inner).start.min(span.start_offset as usize));
    start..span.end_offset as usize
}

impl<'a> Names<'a> {
    /// For an expression of this text, which knows these names.
    pub fn new(text: &'a str, scope: &'a BTreeMap<&'static str, Shape<'a>>) -> Self {
        Self { text, scope, problems: Vec::new(), paths: Vec::new(), parts: Vec::new() }
    }

    /// All expressions of a template. It has no blocks: what a message needs them for belongs into the rule.
    pub fn template(&mut self, statement: &Stmt<'_>) {
        match statement {
            Stmt::Template(template) => template.children.iter().for_each(|child| self.template(child)),
            Stmt::EmitRaw(_) => {}
            Stmt::EmitExpr(emit) => {
                self.expression(&emit.expr);
            }
            Stmt::IfCond(condition) => {
                self.expression(&condition.expr);
                condition.true_body.iter().chain(&condition.false_body).for_each(|child| self.template(child));
            }
            _ => {
                let bytes = self.text.find("{%").map_or(0..0, |start| start..start + 2);
                self.refuse(bytes, "a text of a policy has `{{ … }}` and `{% if … %}`, and no other blocks".to_owned());
            }
        }
    }

    /// An expression; gives what its value may be.
    pub fn expression(&mut self, expression: &Expr<'_>) -> Shape<'a> {
        match expression {
            Expr::Var(_) | Expr::GetAttr(_) | Expr::GetItem(_) => {
                self.parts.push(bytes(expression));
                let mut path = Vec::new();
                let shape = self.path(expression, &mut path);
                self.paths.extend((!path.is_empty()).then_some(path));
                shape
            }
            Expr::Const(_) => Shape::default(),
            Expr::UnaryOp(operation) => {
                self.expression(&operation.expr);
                Shape::default()
            }
            Expr::BinOp(operation) => {
                let left = self.expression(&operation.left);
                let right = self.expression(&operation.right);
                match operation.op {
                    BinOpKind::Eq | BinOpKind::Ne => {
                        self.compared(&left, &operation.left, &operation.right);
                        self.compared(&right, &operation.right, &operation.left);
                    }
                    BinOpKind::In => self.among(&left, &operation.left, &operation.right, &right),
                    _ => {}
                }
                Shape::default()
            }
            Expr::Compare(compare) => {
                let (mut left, mut before) = (&compare.expr, self.expression(&compare.expr));
                for operation in &compare.ops {
                    let shape = self.expression(&operation.expr);
                    match operation.op {
                        CompareOpKind::Eq | CompareOpKind::Ne => {
                            self.compared(&before, left, &operation.expr);
                            self.compared(&shape, &operation.expr, left);
                        }
                        CompareOpKind::In | CompareOpKind::NotIn => self.among(&before, left, &operation.expr, &shape),
                        _ => {}
                    }
                    (left, before) = (&operation.expr, shape);
                }
                Shape::default()
            }
            Expr::IfExpr(choice) => {
                self.expression(&choice.test_expr);
                self.expression(&choice.true_expr);
                if let Some(otherwise) = &choice.false_expr {
                    self.expression(otherwise);
                }
                Shape::default()
            }
            Expr::Filter(filter) => {
                let within = self.parts.len();
                let shape = filter.expr.as_ref().map(|inner| self.expression(inner)).unwrap_or_default();
                // The value of the whole says what those of its parts would.
                self.parts.truncate(within);
                self.parts.push(bytes(expression));
                self.word("filter", filter.name, FILTERS, bytes(expression));
                let arguments = self.arguments(&filter.args);
                self.filtered(filter.name, shape, &arguments)
            }
            Expr::Test(test) => {
                self.expression(&test.expr);
                let arguments = self.arguments(&test.args);
                self.test(test.name, bytes(expression));
                self.pattern(test.name, arguments.first());
                Shape::default()
            }
            Expr::Call(call) => {
                let message =
                    "an expression of a policy calls nothing: there are filters, `x|length`, and tests, `x is under(\"/srv\")`";
                self.refuse(bytes(expression), message.to_owned());
                self.arguments(&call.args);
                Shape::default()
            }
            Expr::Slice(slice) => {
                let shape = self.expression(&slice.expr);
                for part in [&slice.start, &slice.stop, &slice.step].into_iter().flatten() {
                    self.expression(part);
                }
                shape
            }
            Expr::List(list) => {
                list.items.iter().for_each(|item| drop(self.expression(item)));
                Shape::default()
            }
            Expr::Tuple(tuple) => {
                tuple.items.iter().for_each(|item| drop(self.expression(item)));
                Shape::default()
            }
            Expr::Map(map) => {
                map.keys.iter().chain(&map.values).for_each(|item| drop(self.expression(item)));
                Shape::default()
            }
        }
    }

    /// A name, and what is in it.
    fn path(&mut self, expression: &Expr<'_>, path: &mut Vec<String>) -> Shape<'a> {
        match expression {
            Expr::Var(name) => {
                let known = self.scope.keys().copied();
                match self.scope.get(name.id) {
                    Some(shape) => {
                        path.push(name.id.to_owned());
                        shape.clone()
                    }
                    None => {
                        let label = nearest(name.id, known.clone()).map(did_you_mean).unwrap_or_default();
                        let help = list("the names here are", known).filter(|_| label.is_empty());
                        let problem = self.problem(bytes(expression), format!("there is no `{}`", name.id));
                        self.problems.push(Problem { label, help, ..problem });
                        Shape::default()
                    }
                }
            }
            Expr::GetAttr(attribute) => {
                let inner = self.within(&attribute.expr, path);
                let end = bytes(expression).end;
                self.member(&inner, &attribute.expr, attribute.name, end.saturating_sub(attribute.name.len())..end, path)
            }
            Expr::GetItem(item) => {
                let inner = self.within(&item.expr, path);
                match item.subscript_expr.as_const() {
                    Some(key) => {
                        let key = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
                        self.member(&inner, &item.expr, &key, bytes(&item.subscript_expr), path)
                    }
                    None => {
                        self.expression(&item.subscript_expr);
                        // Which member it is, nobody knows: it may be any.
                        self.paths.push(std::mem::take(path));
                        Shape::default()
                    }
                }
            }
            other => self.expression(other),
        }
    }

    /// What an attribute is asked of: a path goes on, of anything else one begins anew.
    fn within(&mut self, expression: &Expr<'_>, path: &mut Vec<String>) -> Shape<'a> {
        match expression {
            Expr::Var(_) | Expr::GetAttr(_) | Expr::GetItem(_) => self.path(expression, path),
            other => {
                let within = self.parts.len();
                let shape = self.expression(other);
                self.parts.truncate(within);
                shape
            }
        }
    }

    fn member(&mut self, of: &Shape<'a>, inner: &Expr<'_>, name: &str, at: Range<usize>, path: &mut Vec<String>) -> Shape<'a> {
        match of.member(name) {
            Ok(shape) => {
                if !path.is_empty() {
                    path.push(name.to_owned());
                }
                shape
            }
            Err(known) => {
                let whole = self.text.get(bytes(inner)).unwrap_or_default().to_owned();
                self.unknown(&format!("`{whole}`"), name, at, known);
                path.clear();
                Shape::default()
            }
        }
    }

    fn unknown(&mut self, of: &str, name: &str, at: Range<usize>, mut known: Vec<&str>) {
        known.sort_unstable();
        known.dedup();
        let label = nearest(name, known.iter().copied()).map(did_you_mean).unwrap_or_default();
        let single = || Some(format!("{of} is a single value, with nothing in it"));
        let help = list(&format!("in {of} there are"), known.iter().copied()).or_else(single).filter(|_| label.is_empty());
        let problem = self.problem(at, format!("{of} has no `{name}`"));
        self.problems.push(Problem { label, help, ..problem });
    }

    /// Two that are compared: with a word that the one can never be, the other says nothing.
    fn compared(&mut self, shape: &Shape<'a>, path: &Expr<'_>, other: &Expr<'_>) {
        if let Expr::Const(constant) = other
            && constant.value.is_none()
        {
            let path = self.text.get(bytes(path)).unwrap_or_default().to_owned();
            let problem =
                self.problem(bytes(other), format!("`{path}` is never equal to `none` where what it is in is not there"));
            self.problems.push(Problem { help: Some(format!("ask `{path} is none`, or `is not none`")), ..problem });
        }
        if let Expr::Const(constant) = other {
            self.word_of(shape, path, &constant.value, bytes(other));
        }
    }

    fn among(&mut self, shape: &Shape<'a>, path: &Expr<'_>, list: &Expr<'_>, list_shape: &Shape<'a>) {
        if let Expr::List(list) = list {
            for item in &list.items {
                self.compared(shape, path, item);
            }
        } else if let Expr::Const(constant) = list {
            for item in constant.value.try_iter().into_iter().flatten() {
                self.word_of(shape, path, &item, bytes(list));
            }
        }
        // A word in a list of words.
        if let Expr::Const(constant) = path {
            self.word_of(&list_shape.items(), list, &constant.value, bytes(path));
        }
    }

    fn word_of(&mut self, shape: &Shape<'a>, path: &Expr<'_>, value: &Value, at: Range<usize>) {
        let (Some(words), Some(word)) = (shape.words(), value.as_str()) else { return };
        if !words.contains(&word) {
            let path = self.text.get(bytes(path)).unwrap_or_default().to_owned();
            let label = nearest(word, words.iter().copied()).map(did_you_mean).unwrap_or_default();
            let problem = self.problem(at, format!("`{path}` is never `{word}`"));
            self.problems.push(Problem { label, help: list("it is one of", words.iter().copied()), ..problem });
        }
    }

    /// The arguments of a filter or a test: the constant texts among them, with their bytes.
    fn arguments(&mut self, arguments: &[CallArg<'_>]) -> Vec<(Option<String>, String, Range<usize>)> {
        let mut texts = Vec::new();
        let within = self.parts.len();
        for argument in arguments {
            let (name, expression) = match argument {
                CallArg::Pos(expression) | CallArg::PosSplat(expression) | CallArg::KwargSplat(expression) => (None, expression),
                CallArg::Kwarg(name, expression) => (Some((*name).to_owned()), expression),
            };
            self.expression(expression);
            if let Expr::Const(constant) = expression
                && let Some(text) = constant.value.as_str()
            {
                texts.push((name, text.to_owned(), bytes(expression)));
            }
        }
        self.parts.truncate(within);
        texts
    }

    /// What a filter makes of something; the attributes and tests that it names are names like any other.
    fn filtered(&mut self, name: &str, shape: Shape<'a>, arguments: &[(Option<String>, String, Range<usize>)]) -> Shape<'a> {
        let by_name = |wanted: &str| arguments.iter().find(|(name, ..)| name.as_deref() == Some(wanted));
        let positional = |index: usize| arguments.iter().filter(|(name, ..)| name.is_none()).nth(index);
        let mut attribute = |named: Option<&(Option<String>, String, Range<usize>)>| {
            let Some((_, path, at)) = named else { return Shape::default() };
            let mut inner = shape.items();
            for step in path.split('.') {
                match inner.member(step) {
                    Ok(member) => inner = member,
                    Err(known) => {
                        self.unknown("an item", step, at.clone(), known);
                        return Shape::default();
                    }
                }
            }
            inner
        };
        match name {
            "first" | "last" | "min" | "max" => shape.items(),
            "list" | "reverse" => shape,
            "sort" | "unique" | "sum" | "groupby" => {
                let at = if name == "groupby" { by_name("attribute").or_else(|| positional(0)) } else { by_name("attribute") };
                attribute(at);
                if matches!(name, "sort" | "unique") { shape } else { Shape::default() }
            }
            "map" => {
                attribute(by_name("attribute"));
                if by_name("attribute").is_none()
                    && let Some((_, filter, at)) = positional(0)
                {
                    self.word("filter", filter, FILTERS, at.clone());
                }
                Shape::default()
            }
            "selectattr" | "rejectattr" => {
                attribute(positional(0));
                if let Some((_, test, at)) = positional(1) {
                    self.test(test, at.clone());
                }
                shape
            }
            "select" | "reject" => {
                if let Some((_, test, at)) = positional(0) {
                    self.test(test, at.clone());
                }
                shape
            }
            _ => Shape::default(),
        }
    }

    fn test(&mut self, name: &str, at: Range<usize>) {
        if matches!(name, "defined" | "undefined") {
            let ask = if name == "defined" { "is not none" } else { "is none" };
            let message = format!("`is {name}` says nothing here: whatever may be written is known");
            let problem = self.problem(at, message);
            self.problems.push(Problem { help: Some(format!("ask whether somebody wrote it: `{ask}`")), ..problem });
            return;
        }
        self.word("test", name, TESTS, at);
    }

    /// A word that nobody knows would only be found when the expression is evaluated, and then for every service.
    fn word(&mut self, what: &str, name: &str, known: &[Word], whole: Range<usize>) {
        if known.iter().any(|word| word.name == name) {
            return;
        }
        let text = self.text.get(whole.clone()).unwrap_or_default();
        let at = text.rfind(name).map_or(whole.clone(), |start| whole.start + start..whole.start + start + name.len());
        let label = nearest(name, known.iter().map(|word| word.name)).map(did_you_mean).unwrap_or_default();
        let help = list(&format!("the {what}s are"), known.iter().map(|word| word.name)).filter(|_| label.is_empty());
        let problem = self.problem(at, format!("there is no {what} `{name}`"));
        self.problems.push(Problem { label, help, ..problem });
    }

    /// A constant pattern that is none would fail for every service.
    fn pattern(&mut self, test: &str, argument: Option<&(Option<String>, String, Range<usize>)>) {
        let Some((_, pattern, at)) = argument else { return };
        let asked = match test {
            "like" | "under" | "matching" | "in_network" | "at_least" => {
                let value = if test == "at_least" { "1" } else { "" };
                let source = format!("value is {test}(pattern)");
                super::words::environment(false)
                    .compile_expression_owned(source)
                    .and_then(|expression| expression.eval(minijinja::context! { value, pattern }))
            }
            _ => return,
        };
        if let Err(error) = asked {
            let message = error.detail().unwrap_or("the pattern cannot be read").to_owned();
            self.refuse(at.clone(), message);
        }
    }

    fn problem(&self, bytes: Range<usize>, message: String) -> Problem {
        Problem { bytes, message, label: String::new(), help: None }
    }

    fn refuse(&mut self, bytes: Range<usize>, message: String) {
        let problem = self.problem(bytes, message);
        self.problems.push(problem);
    }
}

/// "the names here are `a`, `b`"; nothing where there are none.
fn list<'n>(before: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    let listed: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    (!listed.is_empty()).then(|| format!("{before} {}", listed.join(", ")))
}

fn did_you_mean(name: &str) -> String {
    format!("did you mean `{name}`?")
}
