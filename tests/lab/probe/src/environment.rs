//! The variables of the process, with those whose values are in files that other variables name.

use std::collections::BTreeMap;

use crate::connections::{self, Connection};

/// What the process was given.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    /// Variables that name a file which cannot be read, and why.
    pub unreadable: BTreeMap<String, String>,
}

impl Environment {
    pub fn read() -> Self {
        let mut environment = Self::default();
        for (name, value) in std::env::vars_os() {
            environment.variables.insert(name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned());
        }
        for (name, path) in environment.variables.clone() {
            // `PASSWORD_FILE=/run/secrets/x` means the variable `PASSWORD`, and Forgejo writes two underscores for it.
            let Some(stem) = name.strip_suffix("_FILE") else { continue };
            let stem = stem.strip_suffix('_').unwrap_or(stem).to_owned();
            match std::fs::read_to_string(&path) {
                Ok(text) => drop(environment.variables.insert(stem, text.trim_end_matches('\n').to_owned())),
                Err(problem) => drop(environment.unreadable.insert(name, format!("{path}: {problem}"))),
            }
        }
        environment
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// What the service is told to connect to.
    pub fn connections(&self) -> Vec<Connection> {
        self.all().filter_map(|(name, value)| connections::find(self, name, value)).collect()
    }

    #[cfg(test)]
    pub fn of(variables: &[(&str, &str)]) -> Self {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self { variables: variables.collect(), unreadable: BTreeMap::new() }
    }
}
