//! A manifest's own files: copied, or rendered by minijinja from the composition.

use std::ops::Range;
use std::sync::{Arc, Mutex};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Rest, Serde};
use minijinja::{AutoEscape, Environment, ErrorKind, OutputSpan, UndefinedBehavior};
use serde_json::{Map, Value, json};

use super::{Artifact, Content, Segment, secrets};
use crate::compose::{Composition, Entry, Memo, Said, Source};
use crate::diagnostic::{Diagnostic, Sink};
use crate::origin::Origin;
use crate::project::{File, Manifest};
use crate::schema::nearest;
use crate::slots;
use crate::source::Span;

/// Stands in rendered text where a secret goes: two characters for private use around its number.
const OPEN: char = '\u{F0000}';
const CLOSE: char = '\u{F0001}';
/// Comes before the number: letters of both cases and all that some format escapes, so that no filter leaves it as it was.
const BAIT: &str = "aA\"'\\&<%/ ";

type Secret = (String, Vec<String>);

/// A file's text before its secrets are told apart.
struct Text {
    text: String,
    /// Which part of the template made which part of the text; empty for a copy.
    spans: Vec<OutputSpan>,
    secrets: Vec<Secret>,
}

/// Renders the files of a service: path on the machine, artifact, and the secrets that it names.
pub fn render(composition: &Composition<'_>, manifest: &Manifest, sink: &mut Sink) -> Vec<(String, Artifact, Vec<Entry>)> {
    let identity = composition.slot_of(slots::IDENTITY, &manifest.name).next();
    let group = identity.and_then(|(_, entry)| entry.value.get("group")?.as_str()).unwrap_or("root").to_owned();
    let mut rendered = Vec::new();
    for file in &manifest.files {
        let text = &composition.project.sources.get(file.source).text;
        let text = if file.template {
            match template(composition, manifest, file, text) {
                Ok(rendered) => rendered,
                Err(diagnostic) => {
                    sink.push_for(&manifest.name, *diagnostic);
                    continue;
                }
            }
        } else {
            Text { text: text.clone(), spans: Vec::new(), secrets: Vec::new() }
        };
        let segments = segments(composition, file, &text);
        let needed = text.secrets.iter().map(|(name, _)| Entry {
            slot: slots::SECRET.to_owned(),
            service: Some(manifest.name.clone()),
            machine: Some(manifest.machine.clone()),
            part: None,
            key: name.clone(),
            value: Said::of(json!({})),
            stated: true,
            from: vec![Source { plugin: "rick".to_owned(), because: vec![Origin::Written(file.place.clone())] }],
            memo: Memo::default(),
        });
        let artifact = Artifact {
            whose: "rick".to_owned(),
            service: Some(manifest.name.clone()),
            mode: file.mode,
            owner: "root".to_owned(),
            group: group.clone(),
            segments,
        };
        rendered.push((file.target.clone(), artifact, needed.collect()));
    }
    rendered
}

/// One segment for each line, or for each piece of a line with a secret in it.
fn segments(composition: &Composition<'_>, file: &File, text: &Text) -> Vec<Segment> {
    let (mut segments, mut offset) = (Vec::new(), 0);
    for (index, line) in text.text.split_inclusive('\n').enumerate() {
        let written = if file.template {
            template_lines(composition, file, text, offset..offset + line.len())
        } else {
            vec![composition.project.sources.line_span(file.source, index + 1)]
        };
        offset += line.len();
        let because: Vec<Origin> = written.into_iter().chain([file.place.clone()]).map(Origin::Written).collect();
        let mut rest = line;
        while let Some(open) = rest.find(OPEN) {
            let Some(close) = rest[open..].find(CLOSE).map(|close| open + close) else { break };
            let number = rest[open + OPEN.len_utf8()..close].strip_prefix(BAIT).and_then(|number| number.parse::<usize>().ok());
            let secret = number.and_then(|number| text.secrets.get(number));
            if open > 0 {
                segments.push(Segment { content: Content::Text(rest[..open].to_owned()), because: because.clone() });
            }
            if let Some((name, encode)) = secret {
                let content = Content::Secret { name: name.clone(), encode: encode.clone() };
                segments.push(Segment { content, because: because.clone() });
            }
            rest = &rest[close + CLOSE.len_utf8()..];
        }
        if !rest.is_empty() {
            segments.push(Segment { content: Content::Text(rest.to_owned()), because });
        }
    }
    segments
}

/// The lines of the template that made a part of the text.
fn template_lines(composition: &Composition<'_>, file: &File, text: &Text, part: Range<usize>) -> Vec<Span> {
    let sources = &composition.project.sources;
    let mut lines: Vec<Span> = Vec::new();
    for span in &text.spans {
        let (made, from) = (span.output_range(), span.source_range());
        if made.end <= part.start || part.end <= made.start {
            continue;
        }
        // Text that stands in the template as it stands here is mapped byte by byte; an expression as a whole.
        let verbatim = made.len() == from.len();
        let byte = if verbatim { from.start + part.start.saturating_sub(made.start) } else { from.start };
        let line = sources.line_span(file.source, sources.position(file.source, byte).line);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

fn template(composition: &Composition<'_>, manifest: &Manifest, file: &File, text: &str) -> Result<Text, Box<Diagnostic>> {
    let context = context(composition, manifest);
    let secrets: Arc<Mutex<Vec<Secret>>> = Arc::default();
    // minijinja's own filters, tests and functions read no clock, no file and no chance; `debug` would show everything.
    let mut environment = Environment::new();
    environment.remove_global("debug");
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    // A block on a line of its own leaves no empty line behind, as in Ansible's templates.
    let syntax = SyntaxConfig::builder().keep_trailing_newline(true).trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.unwrap_or_default());
    add_functions(&mut environment, composition, manifest, &secrets);

    let at = |bytes: Range<usize>| Span { source: file.source, bytes };
    let refused = |message: String, bytes| {
        Box::new(Diagnostic::error("template", message, at(bytes)).related("for this file", file.place.clone()))
    };
    let describe = |error: &minijinja::Error| {
        let bytes = error.range().unwrap_or_else(|| {
            let line = composition.project.sources.line_span(file.source, error.line().unwrap_or(1));
            line.bytes
        });
        let found = text.get(bytes.clone()).unwrap_or_default().trim();
        let what = match (error.kind(), error.detail()) {
            (ErrorKind::UndefinedError, None) => format!("`{found}` is undefined"),
            (_, Some(detail)) => detail.to_owned(),
            (kind, None) => kind.to_string(),
        };
        refused(what, bytes)
    };
    if text.contains([OPEN, CLOSE]) {
        return Err(refused("the template has characters that rick uses for itself (U+F0000, U+F0001)".to_owned(), 0..0));
    }
    let name = composition.project.sources.path(file.source).as_str();
    environment.add_template(name, text).map_err(|error| describe(&error))?;
    let template = environment.get_template(name).map_err(|error| describe(&error))?;
    // A name that nobody has is an error also in a branch that is not taken today.
    let known: Vec<&str> =
        context.as_object().into_iter().flat_map(Map::keys).map(String::as_str).chain(["slot", "secret"]).collect();
    let mut unknown: Vec<String> =
        template.undeclared_variables(false).into_iter().filter(|name| !known.contains(&name.as_str())).collect();
    unknown.sort();
    if let Some(unknown) = unknown.into_iter().find(|name| !environment.globals().any(|(global, _)| global == name)) {
        let bytes = find_word(text, &unknown).unwrap_or(0..0);
        let label = nearest(&unknown, known.iter().copied()).map(|near| format!("did you mean `{near}`?")).unwrap_or_default();
        let diagnostic = refused(format!("`{unknown}` is undefined"), bytes).label(label);
        return Err(Box::new(diagnostic.help(format!("a template of this service knows {}", known.join(", ")))));
    }
    let (rendered, spans) = template.render_with_spans(Serde(&context)).map_err(|error| describe(&error))?;
    let secrets = secrets.lock().map(|secrets| secrets.clone()).unwrap_or_default();
    for (number, (name, _)) in secrets.iter().enumerate() {
        if !rendered.contains(&format!("{OPEN}{BAIT}{number}{CLOSE}")) {
            let help = "name encodings instead: `secret(\"name\", \"percent\")`";
            let message = format!("the secret `{name}` was put through a filter or left out, and only its name is known here");
            return Err(Box::new(refused(message, find_word(text, name).unwrap_or(0..0)).help(help)));
        }
    }
    Ok(Text { text: rendered, spans, secrets })
}

fn add_functions(
    environment: &mut Environment<'_>,
    composition: &Composition<'_>,
    manifest: &Manifest,
    secrets: &Arc<Mutex<Vec<Secret>>>,
) {
    let kept = Arc::clone(secrets);
    environment.add_function("secret", move |name: String, encode: Rest<String>| {
        if !secrets::is_name(&name) {
            let detail = format!("`{name}` is no secret's name: {}", secrets::NAME);
            return Err(minijinja::Error::new(ErrorKind::InvalidOperation, detail));
        }
        if let Some(unknown) = encode.iter().find(|step| !secrets::ENCODINGS.contains(&step.as_str())) {
            let detail = format!("there is no encoding `{unknown}`; there are {}", secrets::ENCODINGS.join(", "));
            return Err(minijinja::Error::new(ErrorKind::InvalidOperation, detail));
        }
        let mut kept =
            kept.lock().map_err(|_| minijinja::Error::new(ErrorKind::InvalidOperation, "a secret could not be kept"))?;
        kept.push((name, encode.to_vec()));
        Ok(format!("{OPEN}{BAIT}{}{CLOSE}", kept.len() - 1))
    });
    let entries: Vec<(String, String, Value)> = composition
        .slots
        .keys()
        .flat_map(|slot| composition.slot_of(slot, &manifest.name))
        .map(|(_, entry)| (entry.slot.clone(), entry.key.clone(), Value::clone(&entry.value)))
        .collect();
    environment.add_function("slot", move |name: String, key: Option<String>, kwargs: Kwargs| {
        kwargs.assert_all_used()?;
        let mut of_slot = entries.iter().filter(|(slot, ..)| *slot == name);
        let found = match &key {
            Some(key) => of_slot.find(|(_, other, _)| other == key),
            None => of_slot.next(),
        };
        let what = key.map_or_else(String::new, |key| format!(" under `{key}`"));
        let near = nearest(&name, entries.iter().map(|(slot, ..)| slot.as_str())).filter(|near| *near != name);
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        let detail = format!("nothing was contributed to `{name}`{what}{near}");
        let missing = || minijinja::Error::new(ErrorKind::InvalidOperation, detail);
        found.map(|(_, _, value)| minijinja::Value::from(Serde(value))).ok_or_else(missing)
    });
}

/// What a template of a service can name.
fn context(composition: &Composition<'_>, manifest: &Manifest) -> Value {
    let mut context = Map::new();
    for plugin in composition.plugins.all.iter().filter(|plugin| manifest.has(plugin)) {
        context.insert(plugin.descriptor.table.clone(), manifest.table(plugin).into_owned());
    }
    context.insert("service".to_owned(), manifest.service().clone());
    context.insert("machine".to_owned(), composition.project.machine(&manifest.machine));
    context.insert("claimed".to_owned(), composition.held_by(&manifest.name));
    Value::Object(context)
}

fn find_word(text: &str, word: &str) -> Option<Range<usize>> {
    let is_part = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    let whole = |start: usize| !is_part(text[..start].chars().next_back()) && !is_part(text[start + word.len()..].chars().next());
    text.match_indices(word).map(|(start, _)| start).find(|&start| whole(start)).map(|start| start..start + word.len())
}
