//! The jobs that wait for the writer, and when it begins to work on them.
//!
//! A commit costs much the same whether one job is in it or twenty. Some callers know that more is about to come; they put
//! a job and call the writer later. Whoever calls calls for all that wait.

use super::writer::Job;
use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;

#[derive(Debug, Default)]
pub(super) struct Line {
    state: Mutex<State>,
    called: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    is_called: bool,
    is_closed: bool,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { jobs, is_called, is_closed } = self;
        write!(f, "{} jobs, called: {is_called}, closed: {is_closed}", jobs.len())
    }
}

impl Line {
    /// Adds a job; the writer begins when it is [called](Self::call). On a closed line the job is dropped, which tells who
    /// waits for it.
    pub(super) fn put(&self, job: Job) {
        let mut state = self.state.lock();
        if !state.is_closed {
            state.jobs.push_back(job);
        }
    }

    /// The writer shall begin, if anything waits.
    pub(super) fn call(&self) {
        let mut state = self.state.lock();
        if !state.jobs.is_empty() && !std::mem::replace(&mut state.is_called, true) {
            self.called.notify_one();
        }
    }

    /// No further job is taken. Those that wait are still done.
    pub(super) fn close(&self) {
        self.state.lock().is_closed = true;
        self.called.notify_one();
    }

    /// Nobody does jobs any more.
    pub(super) fn abandon(&self) {
        let mut state = self.state.lock();
        state.is_closed = true;
        let jobs = std::mem::take(&mut state.jobs);
        drop(state);
        drop(jobs);
    }

    /// At most `most` jobs, as soon as the writer is called; `None` if the line is closed and empty.
    pub(super) fn next(&self, most: usize) -> Option<Vec<Job>> {
        let mut state = self.state.lock();
        while !state.is_called && !state.is_closed {
            self.called.wait(&mut state);
        }
        let jobs = state.take(most);
        (!jobs.is_empty()).then_some(jobs)
    }

    /// At most `most` jobs, whether the writer is called or not.
    pub(super) fn waiting(&self, most: usize) -> Vec<Job> {
        self.state.lock().take(most)
    }
}

impl State {
    fn take(&mut self, most: usize) -> Vec<Job> {
        let count = self.jobs.len().min(most);
        let taken = self.jobs.drain(..count).collect();
        self.is_called &= !self.jobs.is_empty();
        taken
    }
}

#[cfg(test)]
mod tests;
