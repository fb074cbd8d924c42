//! Threads beside the one that everything happens on. They stay from stage to stage, since a new one has a heap of its own to begin with,
//! and look for work for a while before they sleep: to wake a thread may take longer than what it is woken for, on a virtual machine a
//! millisecond and more. So nobody waits for one either: whoever asks works as well, and what no helper has taken is done without it.
//!
//! Pools of threads such as rayon's end a scope when every thread that was asked has come.

use std::collections::VecDeque;
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

type Job = Box<dyn FnOnce() + Send>;

/// More threads than that are not worth their instances.
const MOST: usize = 7;
/// So long a helper looks for work before it sleeps: longer than one stage is from the next in a short run.
const AWAKE: Duration = Duration::from_millis(10);
/// So long somebody waits for a helper before they sleep: about as long as a call takes.
const SOON: Duration = Duration::from_millis(2);

#[derive(Default)]
struct Helpers {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    threads: usize,
    asleep: usize,
    dismissed: bool,
}

static HELPERS: LazyLock<Helpers> = LazyLock::new(Helpers::default);

/// How many it is worth to give work to: none where there is one processor.
pub fn most() -> usize {
    *COUNT
}

/// To ask for it means to read files, which the first helper does.
static COUNT: LazyLock<usize> =
    LazyLock::new(|| thread::available_parallelism().map_or(1, usize::from).saturating_sub(1).min(MOST));

/// Has a helper look for work, ahead of the first.
pub fn call() {
    HELPERS.start(&mut HELPERS.state());
}

/// Gives a job to whichever helper comes first, if any does.
pub fn ask(job: impl FnOnce() + Send + 'static) {
    let mut state = HELPERS.state();
    state.jobs.push_back(Box::new(job));
    if state.asleep > 0 {
        HELPERS.wake.notify_one();
    }
    // One that is awake will take the first.
    if state.jobs.len() > state.asleep.max(1) || state.threads == 0 {
        HELPERS.start(&mut state);
    }
}

/// Waits for what another thread is about to have done. Who sleeps has to be woken, which may take longer than that.
pub fn wait_for(done: impl Fn() -> bool) {
    let start = Instant::now();
    while most() > 0 && !done() && start.elapsed() < SOON {
        thread::yield_now();
    }
}

/// There is nothing more to do: who is gone when the process ends need not be ended.
pub fn dismiss() {
    HELPERS.state().dismissed = true;
    HELPERS.wake.notify_all();
}

impl Helpers {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&'static self, state: &mut State) {
        let thread = thread::Builder::new().name("helper".to_owned());
        if (state.threads == 0 || state.threads < most()) && thread.spawn(|| self.work()).is_ok() {
            state.threads += 1;
        }
    }

    fn work(&self) {
        LazyLock::force(&COUNT);
        while let Some(job) = self.next() {
            job();
        }
        self.state().threads -= 1;
    }

    /// The next job; none, where nothing more will come.
    fn next(&self) -> Option<Job> {
        let start = Instant::now();
        // Where there is one processor, whoever looks for work keeps others from it.
        while most() > 0 && start.elapsed() < AWAKE {
            let mut state = self.state();
            if state.dismissed || !state.jobs.is_empty() {
                return state.jobs.pop_front();
            }
            drop(state);
            thread::yield_now();
        }
        let mut state = self.state();
        loop {
            if state.dismissed || !state.jobs.is_empty() {
                return state.jobs.pop_front();
            }
            state.asleep += 1;
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.asleep -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn every_job_is_done_also_after_a_sleep() {
        let (sender, receiver) = mpsc::channel();
        for round in 0..3 {
            for number in 0..20 {
                let sender = sender.clone();
                ask(move || sender.send(number).expect("somebody listens"));
            }
            let mut done: Vec<i32> = receiver.iter().take(20).collect();
            done.sort_unstable();
            assert_eq!(done, (0..20).collect::<Vec<_>>(), "{round}");
            thread::sleep(AWAKE * 2);
        }
    }
}
