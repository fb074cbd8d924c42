//! A build put on a machine: read, asked about, and carried out.
//!
//! Reading order: [`build`] is what `rick build` wrote; [`machine`] where it goes; [`record`] what rick knows of it from before;
//! [`ask`] what is asked before anything is written; [`carry`] does it, with [`removal`] for what is no longer built and [`purge`] for
//! data; [`act`] has one file for each system.

pub mod act;
pub mod action;
pub mod ask;
pub mod build;
pub mod carry;
pub mod command;
pub mod files;
pub mod machine;
pub mod ports;
pub mod probe;
mod purge;
pub mod record;
mod removal;

use camino::Utf8PathBuf;

use command::Trouble;

/// Something that happens while a build is carried out, for whoever shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A file was put in place.
    Wrote {
        /// On the machine.
        path: Utf8PathBuf,
        /// There was none before.
        new: bool,
        /// Somebody had changed it since rick wrote it.
        edited: bool,
    },
    /// A file was removed.
    Removed(Utf8PathBuf),
    /// A step begins that may take a while.
    Begins(String),
    /// What is waited for.
    Waits(String),
    /// A step was done.
    Did(String),
    /// What a step had done was undone.
    Undid(String),
}

/// Where an apply stopped.
#[derive(Debug, Clone)]
pub struct Stopped {
    /// The step, or the file.
    pub at: String,
    /// Why.
    pub trouble: Trouble,
    /// What was called for and not done, in its order.
    pub not_done: Vec<String>,
}

/// How an apply ended.
#[derive(Debug, Default)]
pub struct Applied {
    /// How many files were written or removed.
    pub files: usize,
    /// How many steps were done or undone.
    pub steps: usize,
    /// Where it stopped, if it did.
    pub stopped: Option<Stopped>,
    /// What is left to be done: where the machine runs, or after `--until`.
    pub waiting: Vec<String>,
    /// What could not be undone now, and why not.
    pub deferred: Vec<(String, String)>,
    /// Services whose data is still there.
    pub left: Vec<String>,
}

impl Applied {
    /// Whether the machine was as it is to be.
    pub fn nothing_changed(&self) -> bool {
        self.files == 0 && self.steps == 0
    }
}
