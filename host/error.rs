//! Errors of the program, as against diagnostics, which are about the user's files.

use camino::Utf8PathBuf;

/// Why rick could not run. The exit code is 2.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder could not be used.
    #[error("cannot {what} `{path}`: {error}")]
    File {
        /// "read", "write", "list" …
        what: &'static str,
        /// Which.
        path: Utf8PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// There is no project here.
    #[error("there is no `rick.toml` in `{0}` or any folder above it")]
    NoProject(Utf8PathBuf),
    /// A plugin cannot be used at all.
    #[error("the plugin `{plugin}` cannot be used: {reason}")]
    Plugin {
        /// Its name, or where it was read from.
        plugin: String,
        /// Why.
        reason: String,
    },
    /// A registry did not give or take what it should.
    #[error("`{reference}`: {reason}")]
    Registry {
        /// The reference, as it was given.
        reference: String,
        /// Why.
        reason: String,
    },
    /// The engine could not be set up.
    #[error("the WebAssembly engine cannot start: {0}")]
    Engine(String),
    /// The user asked for what is not there.
    #[error("{0}")]
    Usage(String),
}

impl Error {
    /// Wraps what the system said about a path.
    pub fn file(what: &'static str, path: impl Into<Utf8PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.into();
        move |error| Error::File { what, path, error }
    }

    /// One thing that can be done now.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Error::NoProject(_) => Some("`rick init` makes a project here; `--project DIR` names one elsewhere"),
            _ => None,
        }
    }
}
