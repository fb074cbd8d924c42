//! One connection to each server that is kept, as a real service's pool keeps them: what becomes of it when the server restarts?

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::ConnectionLike;
use serde_json::{Value, json};

use crate::connections::{Connection, Target};
use crate::{postgresql, say, valkey};

/// How a connection stands.
#[derive(Debug, Default)]
struct State {
    since: Option<Instant>,
    made: u32,
    error: Option<String>,
}

/// The connections, by the variables that describe them.
#[derive(Debug, Default)]
pub struct Standing(Vec<(String, Arc<Mutex<State>>)>);

/// Asks once; an error is the connection's end.
type Ask = Box<dyn FnMut() -> Result<(), String>>;

impl Standing {
    /// Connects to each, each in a thread, which tries again every second.
    pub fn begin(connections: &[Connection]) -> Self {
        let mut standing = Self::default();
        for connection in connections {
            if matches!(connection.target, Target::Unknown(_)) {
                continue;
            }
            let state = Arc::new(Mutex::new(State::default()));
            standing.0.push((connection.variable.clone(), Arc::clone(&state)));
            let connection = connection.clone();
            std::thread::spawn(move || keep(&connection, &state));
        }
        standing
    }

    pub fn of(&self, variable: &str) -> Value {
        let Some((_, state)) = self.0.iter().find(|(name, _)| name == variable) else { return Value::Null };
        let state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = state.since.map(|since| (since.elapsed().as_secs_f64() * 10.0).round() / 10.0);
        json!({ "seconds": seconds, "made": state.made, "error": state.error })
    }
}

fn keep(connection: &Connection, state: &Mutex<State>) {
    let set = |change: &dyn Fn(&mut State)| change(&mut state.lock().unwrap_or_else(PoisonError::into_inner));
    loop {
        let problem = match open(&connection.target) {
            Ok(mut ask) => {
                set(&|state| {
                    *state = State { since: Some(Instant::now()), made: state.made + 1, error: state.error.take() };
                });
                loop {
                    match ask() {
                        Ok(()) => std::thread::sleep(Duration::from_secs(1)),
                        Err(problem) => break problem,
                    }
                }
            }
            Err(problem) => problem,
        };
        say(&format!("{}: {problem}", connection.variable));
        set(&|state| {
            state.since = None;
            state.error = Some(problem.clone());
        });
        std::thread::sleep(Duration::from_secs(1));
    }
}

fn open(target: &Target) -> Result<Ask, String> {
    match target {
        Target::Postgres(config) => {
            let mut client = postgresql::connect(config).map_err(|problem| postgresql::words(&problem))?;
            Ok(Box::new(move || client.batch_execute("select 1").map_err(|problem| postgresql::words(&problem))))
        }
        Target::Valkey(cache) => {
            let mut connection = valkey::connect(cache).map_err(|problem| problem.to_string())?;
            Ok(Box::new(move || if connection.check_connection() { Ok(()) } else { Err("it does not answer a ping".to_owned()) }))
        }
        Target::Unknown(why) => Err(why.clone()),
    }
}
