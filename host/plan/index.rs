//! What stands beside a machine's files: `files.json` with digests and reasons, `steps.json`, `checks.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::compose::Entry;
use crate::engine::digest;
use crate::error::Error;
use crate::origin::{Origin, Step};
use crate::render::{Content, Deployment};
use crate::secrets::{Needed, Provider, providers};
use crate::slots;

/// The manifest of all files.
pub const FILE: &str = "files.json";
/// What to do on the machine.
pub const STEPS: &str = "steps.json";
/// What to ask the running deployment.
pub const CHECKS: &str = "checks.json";
/// The folder whose contents go to the machine's root.
pub const ROOT: &str = "root";

/// All of a machine's output, before it is bytes.
pub struct Index {
    files: BTreeMap<Utf8PathBuf, Vec<u8>>,
    /// How many secrets are needed.
    pub secrets: usize,
    /// How many steps there are.
    pub steps: usize,
}

/// `files.json`. Format version 1.
#[derive(Debug, Serialize, Deserialize)]
pub struct Listing {
    /// Of this format.
    pub version: u32,
    /// The machine's name.
    pub machine: String,
    /// Every file that rick wrote beside this one, by path below the machine's folder.
    pub files: Vec<Listed>,
    /// Secrets that must be known before an apply, with who needs them and whether they may be random.
    pub secrets: BTreeMap<String, Needed>,
    /// Where they are asked for.
    #[serde(default = "providers::default")]
    pub providers: Vec<Provider>,
    /// Reasons; lines name them by their index.
    pub reasons: Vec<Vec<Step>>,
}

/// One file.
#[derive(Debug, Serialize, Deserialize)]
pub struct Listed {
    /// Below the machine's folder: "root/etc/…", "steps.json".
    pub path: Utf8PathBuf,
    /// Of the bytes as built, in hexadecimal.
    pub sha256: String,
    /// Permission bits on the machine, in octal; absent for what is not put there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// Its owner on the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Its group on the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The phase at whose start it is put in place: the first with a step that names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// Who rendered it: "quadlet 0.1.0".
    pub by: String,
    /// The marks to be replaced by secrets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<Placed>,
    /// For each line the index of its reasons.
    pub lines: Vec<usize>,
}

/// Where a secret goes.
#[derive(Debug, Serialize, Deserialize)]
pub struct Placed {
    /// The first byte of its mark.
    pub offset: usize,
    /// Bytes of its mark.
    pub length: usize,
    /// Its name.
    pub name: String,
    /// Encodings, the innermost first.
    pub encode: Vec<String>,
}

/// Reasons, each kept once.
#[derive(Default)]
struct Reasons {
    all: Vec<Vec<Step>>,
    known: BTreeMap<Vec<Step>, usize>,
}

impl Reasons {
    fn add(&mut self, steps: Vec<Step>) -> usize {
        if let Some(&index) = self.known.get(&steps) {
            return index;
        }
        self.all.push(steps.clone());
        self.known.insert(steps, self.all.len() - 1);
        self.all.len() - 1
    }
}

impl Index {
    /// Puts together what is written for a machine.
    pub fn new(deployment: &Deployment<'_>, machine: &str) -> Self {
        let steps = deployment.steps(machine);
        let mut reasons = Reasons::default();
        let (mut files, mut listed) = (BTreeMap::new(), Vec::new());
        for ((_, path), artifact) in deployment.artifacts.iter().filter(|((of, _), _)| of == machine) {
            let path = Utf8PathBuf::from(format!("{ROOT}{path}"));
            let text = artifact.text();
            let secrets = placed(&artifact.segments);
            let lines = lines(deployment, artifact, &mut reasons);
            listed.push(Listed {
                path: path.clone(),
                sha256: digest(&text),
                mode: Some(format!("{:04o}", artifact.mode)),
                owner: Some(artifact.owner.clone()),
                group: Some(artifact.group.clone()),
                phase: Some(phase_of(&steps, &path)),
                by: artifact.whose.clone(),
                secrets,
                lines,
            });
            files.insert(path, text.into_bytes());
        }
        let count = steps.len();
        for (name, entries) in [(STEPS, steps), (CHECKS, deployment.checks(machine))] {
            let (text, lines) = report(deployment, name, &entries, &mut reasons);
            listed.push(Listed {
                path: name.into(),
                sha256: digest(&text),
                mode: None,
                owner: None,
                group: None,
                phase: None,
                by: "rick".to_owned(),
                secrets: Vec::new(),
                lines,
            });
            files.insert(name.into(), text.into_bytes());
        }
        let secrets = secrets(deployment, machine);
        let needed = secrets.len();
        let providers = providers_of(deployment);
        let listing =
            Listing { version: 1, machine: machine.to_owned(), files: listed, secrets, providers, reasons: reasons.all };
        files.insert(FILE.into(), listing.text().into_bytes());
        Self { files, secrets: needed, steps: count }
    }

    /// Every file with its bytes, by path below the machine's folder.
    pub fn files(&self) -> BTreeMap<Utf8PathBuf, Vec<u8>> {
        self.files.clone()
    }

    /// The paths that rick wrote into a folder before; none where there is no `files.json`.
    pub fn read_paths(folder: &Utf8Path) -> Result<BTreeSet<Utf8PathBuf>, Error> {
        Ok(match Listing::read(folder)? {
            None => BTreeSet::new(),
            Some(listing) => listing.files.into_iter().map(|file| file.path).chain([FILE.into()]).collect(),
        })
    }
}

impl Listing {
    /// Reads the listing of a folder; `None` where there is none.
    pub fn read(folder: &Utf8Path) -> Result<Option<Self>, Error> {
        let path = folder.join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::file("read", path)(error)),
        };
        let refused =
            |what: String| Error::Usage(format!("`{path}` is not a listing of rick's: {what}; take it away and build again"));
        let listing: Self = serde_json::from_str(&text).map_err(|error| refused(error.to_string()))?;
        let safe = |path: &Utf8Path| path.components().all(|part| matches!(part, camino::Utf8Component::Normal(_)));
        match listing.files.iter().find(|file| !safe(&file.path)) {
            Some(file) => Err(refused(format!("it names `{}`", file.path))),
            None => Ok(Some(listing)),
        }
    }

    /// One line for each file and for each reason: small, and a diff can be read.
    fn text(&self) -> String {
        let files: Vec<String> = self.files.iter().map(|file| format!("    {}", line(file))).collect();
        let reasons: Vec<String> = self.reasons.iter().map(|reason| format!("    {}", line(reason))).collect();
        format!(
            "{{\n  \"version\": {},\n  \"machine\": {},\n  \"files\": [\n{}\n  ],\n  \"secrets\": {},\n  \"providers\": {},\n  \"reasons\": [\n{}\n  ]\n}}\n",
            self.version,
            line(&self.machine),
            files.join(",\n"),
            line(&self.secrets),
            line(&self.providers),
            reasons.join(",\n"),
        )
    }
}

/// A value as one line of JSON.
fn line<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Where no step names a file, it is there as soon as its folder can be.
const UNNAMED: &str = "directories";

/// Steps come in the order of their phases, so the first that names a file has its phase.
fn phase_of(steps: &[(usize, &Entry)], path: &Utf8Path) -> String {
    let on_machine = path.strip_prefix(ROOT).map(|path| format!("/{path}")).unwrap_or_default();
    let is_it = |value: &Value| value.as_str() == Some(on_machine.as_str());
    let names = |step: &Value| {
        let changed = step.get("changed").and_then(Value::as_array).into_iter().flatten();
        changed.chain(["file", "source"].iter().filter_map(|key| step.get(key))).any(is_it)
    };
    let first = steps.iter().map(|(_, entry)| &entry.value).find(|step| names(step));
    first.and_then(|step| step.get("phase")?.as_str()).unwrap_or(UNNAMED).to_owned()
}

fn placed(segments: &[crate::render::Segment]) -> Vec<Placed> {
    let (mut offset, mut placed) = (0, Vec::new());
    for segment in segments {
        let length = segment.content.text().len();
        if let Content::Secret { name, encode } = &segment.content {
            placed.push(Placed { offset, length, name: name.clone(), encode: encode.clone() });
        }
        offset += length;
    }
    placed
}

/// For each line the reasons of all segments that have bytes of it.
fn lines(deployment: &Deployment<'_>, artifact: &crate::render::Artifact, reasons: &mut Reasons) -> Vec<usize> {
    let mut lines: Vec<Vec<&Origin>> = Vec::new();
    let mut at_start = true;
    for segment in &artifact.segments {
        for piece in segment.content.text().split_inclusive('\n') {
            if at_start {
                lines.push(Vec::new());
            }
            if let Some(line) = lines.last_mut() {
                line.extend(segment.because.iter().filter(|origin| !line.contains(origin)).collect::<Vec<_>>());
            }
            at_start = piece.ends_with('\n');
        }
    }
    lines.into_iter().map(|origins| reasons.add(trace(deployment, &artifact.whose, "rendered it", &origins))).collect()
}

fn trace(deployment: &Deployment<'_>, who: &str, what: &str, origins: &[&Origin]) -> Vec<Step> {
    let mut steps = vec![Step { depth: 0, who: Some(who.to_owned()), what: Some(what.to_owned()), at: None }];
    for origin in origins {
        origin.trace(&deployment.composition, 1, &mut steps);
    }
    steps
}

/// A JSON array with one entry for each contribution, and the reasons of its lines.
fn report(deployment: &Deployment<'_>, name: &str, entries: &[(usize, &Entry)], reasons: &mut Reasons) -> (String, Vec<usize>) {
    let frame = Step {
        depth: 0,
        who: Some("rick".to_owned()),
        what: Some(format!("writes all that was contributed, as {name}")),
        at: None,
    };
    let frame = reasons.add(vec![frame]);
    let (mut text, mut lines) = ("[\n".to_owned(), vec![frame]);
    for (position, (index, entry)) in entries.iter().enumerate() {
        let plugin = entry.from.first().map(|source| source.plugin.split(' ').next().unwrap_or_default()).unwrap_or_default();
        let id = [entry.service.as_deref().unwrap_or("*"), plugin, &entry.key].join("/");
        let mut value = json!({ "id": id, "service": entry.service });
        if let (Value::Object(value), Value::Object(said)) = (&mut value, &*entry.value) {
            value.extend(said.clone());
        }
        let pretty = serde_json::to_string_pretty(&value).unwrap_or_default();
        let reason = reasons.add(trace(deployment, "rick", "writes it down", &[&Origin::Contributed(*index)]));
        let end = if position + 1 == entries.len() { "" } else { "," };
        for line in pretty.lines() {
            text.push_str(&format!("  {line}\n"));
            lines.push(reason);
        }
        text.truncate(text.len() - 1);
        text.push_str(end);
        text.push('\n');
    }
    text.push_str("]\n");
    lines.push(frame);
    (text, lines)
}

/// The secrets that a machine needs: those contributed, and any that a file names.
pub fn secrets(deployment: &Deployment<'_>, machine: &str) -> BTreeMap<String, Needed> {
    let mut secrets: BTreeMap<String, Needed> = BTreeMap::new();
    let contributed = deployment.composition.slot(slots::SECRET).filter(|(_, entry)| entry.machine.as_deref() == Some(machine));
    for (_, entry) in contributed {
        let known = secrets.entry(entry.key.clone()).or_default();
        // The slot's schema has let it through.
        if let Some(generate) = entry.value.get("generate").and_then(|said| serde_json::from_value(said.clone()).ok()) {
            known.generate = Some(generate);
        }
        known.services.extend(entry.service.clone());
    }
    for ((of, _), artifact) in &deployment.artifacts {
        for segment in artifact.segments.iter().filter(|_| of == machine) {
            if let Content::Secret { name, .. } = &segment.content {
                secrets.entry(name.clone()).or_default().services.extend(artifact.service.clone());
            }
        }
    }
    secrets
}

/// Where secrets are asked for, as rick.toml says.
fn providers_of(deployment: &Deployment<'_>) -> Vec<Provider> {
    let said = deployment.composition.project.settings.value.pointer("/secrets/providers");
    // The schema of rick.toml has let it through.
    said.and_then(|said| serde_json::from_value(said.clone()).ok()).unwrap_or_else(providers::default)
}
