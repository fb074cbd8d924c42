//! Every call of the plugin on trial, so that it can be made again.

use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde_json::Value;

use crate::compose::call::Call;
use crate::contract::types::{File, Scope};
use crate::plugin::{Failure, Plugin};

/// A call that was made.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// "render"
    pub function: &'static str,
    /// What it was about.
    pub scope: Scope,
    /// "service `wiki`"
    pub about: String,
    /// What it was given.
    pub input: String,
    /// The files that it was given.
    pub files: Vec<File>,
    /// What it answered, or how it failed.
    pub answer: Result<Value, String>,
    /// Fuel that it used.
    pub fuel: u64,
}

/// Keeps the calls of one plugin.
#[derive(Debug)]
pub struct Recorder {
    of: String,
    calls: Mutex<Vec<Recorded>>,
}

impl Recorder {
    /// Of the plugin of this name.
    pub fn of(name: &str) -> Self {
        Self { of: name.to_owned(), calls: Mutex::default() }
    }

    /// Keeps a call, if it is of the plugin.
    #[expect(clippy::too_many_arguments, reason = "each is one thing of a call, and one place keeps them")]
    pub fn keep<R: Serialize>(
        &self,
        plugin: &Plugin,
        function: &'static str,
        call: &Call<'_>,
        input: &str,
        files: &[File],
        answer: &Result<R, Failure>,
        fuel: u64,
    ) {
        if plugin.descriptor.name != self.of {
            return;
        }
        let answer = answer.as_ref().map(said).map_err(|failure| failure.what.clone());
        let (scope, about, input) = (call.subject.scope(), call.subject.title(), input.to_owned());
        let recorded = Recorded { function, scope, about, input, files: files.to_vec(), answer, fuel };
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(recorded);
    }

    /// How many calls there are.
    pub fn len(&self) -> usize {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All calls, in an order that does not depend on threads.
    pub fn take(&self) -> Vec<Recorded> {
        let mut calls = std::mem::take(&mut *self.calls.lock().unwrap_or_else(PoisonError::into_inner));
        calls.sort_by(|left, right| (left.function, &left.about, &left.input).cmp(&(right.function, &right.about, &right.input)));
        calls
    }
}

/// An answer as a value that can be compared.
pub(super) fn said<R: Serialize>(answer: &R) -> Value {
    serde_json::to_value(answer).unwrap_or_default()
}

/// What the calls of a function used.
#[derive(Debug, Clone, Default)]
pub struct Usage {
    fuel: Vec<u64>,
}

impl Usage {
    pub(super) fn add(&mut self, call: &Recorded) {
        let at = self.fuel.partition_point(|&other| other < call.fuel);
        self.fuel.insert(at, call.fuel);
    }

    /// How many calls there were.
    pub fn calls(&self) -> usize {
        self.fuel.len()
    }

    /// Fuel of the call in the middle.
    pub fn median(&self) -> u64 {
        self.fuel.get(self.fuel.len() / 2).copied().unwrap_or(0)
    }

    /// Fuel of the dearest call.
    pub fn most(&self) -> u64 {
        self.fuel.last().copied().unwrap_or(0)
    }
}
