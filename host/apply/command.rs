//! Programs of the machine: run as root or as somebody else, with a time limit, and nothing of the caller's environment.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, Output, Stdio};

use super::machine::User;

/// Where programs are: as a login of root's would look for them.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Time that a command is given, in seconds, unless it asks for more.
const SECONDS: u32 = 120;
/// What `timeout` ends with where the time was up: <https://www.gnu.org/software/coreutils/manual/html_node/timeout-invocation.html>
const TIMED_OUT: i32 = 124;

/// A command to be run.
#[derive(Debug)]
pub struct Run<'a> {
    words: Vec<String>,
    user: Option<&'a User>,
    environment: Vec<(String, String)>,
    input: Option<&'a [u8]>,
    seconds: u32,
}

/// How it ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// What it printed, without the last newlines.
    pub out: String,
    /// What it complained of, without the last newlines.
    pub err: String,
}

/// Why a command did not do what it should.
#[derive(Debug, Clone)]
pub struct Trouble {
    /// What happened, in one line.
    pub what: String,
    /// What the program said, line by line.
    pub said: Vec<String>,
}

impl Trouble {
    /// Without words of a program.
    pub fn of(what: impl Into<String>) -> Self {
        Self { what: what.into(), said: Vec::new() }
    }
}

/// Begins a command.
pub fn run<'a>(words: &[&str]) -> Run<'a> {
    Run {
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        user: None,
        environment: Vec::new(),
        input: None,
        seconds: SECONDS,
    }
}

impl<'a> Run<'a> {
    /// As a user of the machine, with what reaches the user's own manager.
    pub fn by(mut self, user: &'a User) -> Self {
        self.user = Some(user);
        self
    }

    /// More words.
    pub fn words<'b>(mut self, words: impl IntoIterator<Item = &'b str>) -> Self {
        self.words.extend(words.into_iter().map(str::to_owned));
        self
    }

    /// A variable: also the way for what must not be seen in the list of processes.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// What it reads.
    pub fn reading(mut self, input: &'a [u8]) -> Self {
        self.input = Some(input);
        self
    }

    /// How long it may take.
    pub fn within(mut self, seconds: u32) -> Self {
        self.seconds = seconds;
        self
    }

    /// Runs it, however it ends.
    pub fn ended(self) -> Result<Ended, Trouble> {
        let shown = self.words.first().cloned().unwrap_or_default();
        tracing::debug!(command = %self.words.join(" "), "runs");
        let seconds = self.seconds;
        let output = self.output().map_err(|error| Trouble::of(format!("`{shown}` cannot be run: {error}")))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
        let ended = Ended { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) };
        match ended.code {
            Some(TIMED_OUT) => Err(ended.trouble(format!("`{shown}` was not done within {seconds} seconds, and was stopped"))),
            // `timeout` could not find the program.
            Some(127) if ended.err.contains("timeout") => Err(Trouble::of(format!("there is no `{shown}` on this machine"))),
            _ => Ok(ended),
        }
    }

    /// Runs it; anything but success is trouble.
    pub fn done(self) -> Result<Ended, Trouble> {
        let shown = self.words.iter().take(3).cloned().collect::<Vec<_>>().join(" ");
        let ended = self.ended()?;
        match ended.code {
            Some(0) => Ok(ended),
            Some(code) => Err(ended.trouble(format!("`{shown}` ended with {code}"))),
            None => Err(ended.trouble(format!("`{shown}` was killed"))),
        }
    }

    fn output(self) -> io::Result<Output> {
        let mut command = Command::new("timeout");
        command.args(["--kill-after=10", &self.seconds.to_string()]).args(&self.words);
        command.env_clear().env("PATH", PATH).env("LC_ALL", "C.UTF-8").current_dir("/");
        if let Some(user) = self.user {
            let runtime = format!("/run/user/{}", user.uid);
            command.uid(user.uid).gid(user.gid);
            command.env("HOME", &user.home).env("USER", &user.name).env("LOGNAME", &user.name);
            command.env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={runtime}/bus")).env("XDG_RUNTIME_DIR", runtime);
        } else {
            command.env("HOME", "/root");
        }
        command.envs(self.environment);
        command.stdin(if self.input.is_some() { Stdio::piped() } else { Stdio::null() });
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let (input, stdin) = (self.input, child.stdin.take());
        std::thread::scope(|scope| {
            if let (Some(input), Some(mut stdin)) = (input, stdin) {
                // Whoever ends without reading all of it says why by its exit code.
                scope.spawn(move || {
                    let _ = stdin.write_all(input);
                });
            }
            child.wait_with_output()
        })
    }
}

impl Ended {
    /// What it said, as the reason for trouble: its complaints, or what it printed if there are none.
    pub fn trouble(&self, what: impl Into<String>) -> Trouble {
        const LINES: usize = 12;
        let said = if self.err.trim().is_empty() { &self.out } else { &self.err };
        let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
        let last = lines.len().saturating_sub(LINES);
        Trouble { what: what.into(), said: lines[last..].iter().map(|line| (*line).to_owned()).collect() }
    }

    /// Whether it ended well.
    pub fn succeeded(&self) -> bool {
        self.code == Some(0)
    }
}
