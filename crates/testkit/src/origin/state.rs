//! What the origin serves, its script and its counters.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

use tokio::sync::Notify;

use super::fault::{Rule, take_turn};
use super::pace::Pace;
use super::plan::{Plan, Resource};
use super::request::Request;
use crate::content::Content;

/// Most paths with a memory of their own; requests for further unknown paths are answered, not counted.
const PATHS_MAX: usize = 4096;

/// What has been asked and sent.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// Requests whose head has been read.
    pub requests: u64,
    /// Bytes of bodies handed to the operating system. Never less than what a client has received, and exactly what
    /// was sent once the answer is complete.
    pub body_bytes: u64,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) pace: Pace,
    /// Told whenever a counter moves.
    pub(super) changed: Notify,
    connections: AtomicU64,
    paths: Mutex<BTreeMap<String, PathState>>,
}

#[derive(Debug, Default)]
struct PathState {
    content: Option<Content>,
    version: u32,
    rules: Vec<Rule>,
    counts: Counts,
    /// Answers that are not complete.
    answering: u32,
    last: Option<Request>,
}

impl State {
    fn paths(&self) -> MutexGuard<'_, BTreeMap<String, PathState>> {
        self.paths.lock().expect("no holder panics")
    }

    pub(super) fn put(&self, path: &str, content: Content) {
        let mut paths = self.paths();
        let state = paths.entry(path.to_owned()).or_default();
        state.content = Some(content);
        state.version += 1;
    }

    pub(super) fn remove(&self, path: &str) {
        if let Some(state) = self.paths().get_mut(path) {
            state.content = None;
        }
    }

    pub(super) fn inject(&self, path: &str, rule: Rule) {
        self.paths().entry(path.to_owned()).or_default().rules.push(rule);
    }

    pub(super) fn heal(&self, path: &str) {
        if let Some(state) = self.paths().get_mut(path) {
            state.rules.clear();
        }
    }

    pub(super) fn counts(&self, path: &str) -> Counts {
        self.paths().get(path).map(|state| state.counts).unwrap_or_default()
    }

    pub(super) fn total(&self) -> Counts {
        self.paths().values().fold(Counts::default(), |sum, state| Counts {
            requests: sum.requests + state.counts.requests,
            body_bytes: sum.body_bytes + state.counts.body_bytes,
        })
    }

    pub(super) fn last_request(&self, path: &str) -> Option<Request> {
        self.paths().get(path)?.last.clone()
    }

    pub(super) fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    pub(super) fn connected(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn is_idle(&self, path: &str) -> bool {
        self.paths().get(path).is_none_or(|state| state.answering == 0)
    }

    /// An answer is complete, or given up.
    pub(super) fn answered(&self, path: &str) {
        if let Some(state) = self.paths().get_mut(path) {
            state.answering = state.answering.saturating_sub(1);
        }
        self.changed.notify_waiters();
    }

    /// Counts a request and says how to answer it. The answer is under way until [`answered`](Self::answered).
    pub(super) fn answer(&self, request: &Request) -> Plan {
        let plan = {
            let mut paths = self.paths();
            if !paths.contains_key(request.path()) && paths.len() >= PATHS_MAX {
                return Plan::status(404);
            }
            let state = paths.entry(request.path().to_owned()).or_default();
            state.counts.requests += 1;
            state.answering += 1;
            state.last = Some(request.clone());
            let faults = take_turn(&mut state.rules);
            let resource = state.content.clone().map(|content| Resource { content, version: state.version });
            Plan::new(request, resource, &faults)
        };
        self.changed.notify_waiters();
        plan
    }

    /// Counts bytes that are about to be sent.
    pub(super) fn sending(&self, path: &str, bytes: u64) {
        if let Some(state) = self.paths().get_mut(path) {
            state.counts.body_bytes += bytes;
        }
        self.changed.notify_waiters();
    }

    /// Takes back bytes that were counted and could not be sent.
    pub(super) fn not_sent(&self, path: &str, bytes: u64) {
        if let Some(state) = self.paths().get_mut(path) {
            state.counts.body_bytes -= bytes;
        }
        self.changed.notify_waiters();
    }
}
