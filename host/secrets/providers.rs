//! Where secrets are asked for: in the order of `[secrets] providers` in rick.toml; the first that has one gives it.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::{Needed, Value, Values};

/// Where files with secrets are, if nothing else is said.
pub const DIRECTORY: &str = "/etc/rick/secrets";
/// Where systemd has encrypted credentials: <https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#Credentials>
const ENCRYPTED: &str = "/etc/credstore.encrypted";

/// Somebody who may have a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Provider {
    /// A directory with one file for each secret, by its name, which nobody but root can read.
    Files {
        /// The directory on the machine.
        #[serde(default = "directory")]
        directory: Utf8PathBuf,
    },
    /// Variables of the environment: the prefix, and the secret's name in capitals.
    Environment {
        /// Before the name.
        #[serde(default = "prefix")]
        prefix: String,
    },
    /// A program: asked for one secret where a word has `{name}` in it, for all of them otherwise.
    Command {
        /// Word by word; no shell is between.
        command: Vec<String>,
        /// How it gives all of them.
        #[serde(default)]
        format: Format,
    },
    /// Credentials of systemd: those of the unit that rick runs in, then /etc/credstore.encrypted.
    Credentials {},
}

/// How a program gives all of its secrets: one table of names and texts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// An object.
    #[default]
    Json,
    /// A table.
    Toml,
}

fn directory() -> Utf8PathBuf {
    DIRECTORY.into()
}

fn prefix() -> String {
    "RICK_SECRET_".to_owned()
}

/// What is asked where rick.toml says nothing: root's files, and credentials.
pub fn default() -> Vec<Provider> {
    vec![Provider::Files { directory: directory() }, Provider::Credentials {}]
}

/// Providers on a machine, which remember what a program has given.
pub struct Providers<'a> {
    all: &'a [Provider],
    /// Makes a path of the machine one of rick's.
    path: &'a dyn Fn(&Utf8Path) -> Utf8PathBuf,
    given: Vec<OnceCell<Result<BTreeMap<String, Value>, String>>>,
}

/// What came of asking for secrets.
#[derive(Debug, Default)]
pub struct Found {
    /// Those that were found.
    pub values: Values,
    /// By name: who gave it.
    pub from: BTreeMap<String, String>,
    /// By name: nobody has it.
    pub missing: Vec<String>,
    /// By name: somebody has it, and it cannot be used.
    pub refused: BTreeMap<String, String>,
}

impl<'a> Providers<'a> {
    /// These, on a machine.
    pub fn new(all: &'a [Provider], path: &'a dyn Fn(&Utf8Path) -> Utf8PathBuf) -> Self {
        Self { all, path, given: all.iter().map(|_| OnceCell::new()).collect() }
    }

    /// Asks for every secret.
    pub fn find<'b>(&self, needed: impl IntoIterator<Item = (&'b String, &'b Needed)>) -> Found {
        let mut found = Found::default();
        for (name, _) in needed {
            match self.ask(name) {
                Ok(Some((value, _))) if value.expose().is_empty() => {
                    found.refused.insert(name.clone(), "it is empty".to_owned());
                }
                Ok(Some((value, who))) => {
                    found.values.insert(name, value);
                    found.from.insert(name.clone(), who);
                }
                Ok(None) => found.missing.push(name.clone()),
                Err(reason) => {
                    found.refused.insert(name.clone(), reason);
                }
            }
        }
        found
    }

    fn ask(&self, name: &str) -> Result<Option<(Value, String)>, String> {
        for (index, provider) in self.all.iter().enumerate() {
            let given = match provider {
                Provider::Files { directory } => {
                    let file = (self.path)(&directory.join(name));
                    private_file(&file)?.map(|value| (value, file.to_string()))
                }
                Provider::Environment { prefix } => {
                    let variable = format!("{prefix}{}", name.to_uppercase().replace(['-', '.'], "_"));
                    std::env::var(&variable).ok().map(|value| (Value::new(value), format!("the variable {variable}")))
                }
                Provider::Command { command, .. } if command.iter().any(|word| word.contains("{name}")) => {
                    let words: Vec<String> = command.iter().map(|word| word.replace("{name}", name)).collect();
                    let value = said_by(&words)?.map(|said| Value::new(without_newline(said)));
                    value.map(|value| (value, program(command)))
                }
                Provider::Command { command, format } => {
                    let all = self.given[index].get_or_init(|| table(command, *format)).as_ref().map_err(Clone::clone)?;
                    all.get(name).map(|value| (value.clone(), program(command)))
                }
                Provider::Credentials {} => credential(name, self.path)?,
            };
            if given.is_some() {
                return Ok(given);
            }
        }
        Ok(None)
    }
}

fn program(command: &[String]) -> String {
    format!("`{}`", command.first().map(String::as_str).unwrap_or_default())
}

/// The last newline is the editor's, or that of the program that printed it.
fn without_newline(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
    }
    text
}

/// The text of a file that its owner alone can read.
fn private_file(path: &Utf8Path) -> Result<Option<Value>, String> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("`{path}` cannot be read: {error}")),
    };
    let me = rustix::process::geteuid().as_raw();
    if metadata.mode() & 0o077 != 0 || ![0, me].contains(&metadata.uid()) {
        let mode = metadata.mode() & 0o7777;
        let owner = metadata.uid();
        return Err(format!(
            "`{path}` has mode {mode:04o} and belongs to uid {owner}: others could read it; `chmod 0600` and `chown root` it"
        ));
    }
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(Value::new(without_newline(text)))),
        Err(error) => Err(format!("`{path}` cannot be read: {error}")),
    }
}

/// What a program prints; `None` where it ends with anything but 0, which is how such programs say that they have none of the name.
fn said_by(words: &[String]) -> Result<Option<String>, String> {
    let Some((program, arguments)) = words.split_first() else { return Err("the command is empty".to_owned()) };
    let output = Command::new(program).args(arguments).stdin(Stdio::inherit()).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("`{program}` cannot be run: {error}"))?;
    if !output.status.success() {
        return Ok(None);
    }
    String::from_utf8(output.stdout).map(Some).map_err(|_| format!("what `{program}` printed is no text"))
}

fn table(command: &[String], format: Format) -> Result<BTreeMap<String, Value>, String> {
    let shown = program(command);
    let Some(text) = said_by(command)? else { return Err(format!("{shown} failed")) };
    // A parser's message may quote what it could not read.
    let read: Option<BTreeMap<String, String>> = match format {
        Format::Json => serde_json::from_str(&text).ok(),
        Format::Toml => toml::from_str(&text).ok(),
    };
    let kind = if format == Format::Json { "JSON object" } else { "TOML table" };
    let read = read.ok_or_else(|| format!("what {shown} printed is no {kind} of names and texts"))?;
    Ok(read.into_iter().map(|(name, value)| (name, Value::new(value))).collect())
}

fn credential(name: &str, path: &dyn Fn(&Utf8Path) -> Utf8PathBuf) -> Result<Option<(Value, String)>, String> {
    if let Some(directory) = std::env::var("CREDENTIALS_DIRECTORY").ok().filter(|directory| !directory.is_empty()) {
        let file = Utf8Path::new(&directory).join(name);
        match fs::read_to_string(&file) {
            Ok(text) => return Ok(Some((Value::new(without_newline(text)), format!("the credential {name}")))),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(format!("`{file}` cannot be read: {error}")),
        }
    }
    let encrypted = path(&Utf8Path::new(ENCRYPTED).join(name));
    if !encrypted.is_file() {
        return Ok(None);
    }
    let words = ["systemd-creds", "decrypt", encrypted.as_str(), "-"].map(str::to_owned);
    match said_by(&words)? {
        Some(text) => Ok(Some((Value::new(without_newline(text)), encrypted.to_string()))),
        None => Err(format!("`systemd-creds` cannot decrypt `{encrypted}`")),
    }
}
