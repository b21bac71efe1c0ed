//! Who is connected, and what they were told about our contents.
//!
//! Shared between the handle that the engine holds and the task that owns the connections, so that a message to a peer
//! takes no detour. The lock is held for looking up only.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use swarmline_proto::wire::CONTENTS_MAX;
use swarmline_types::message::{Hello, Message};
use swarmline_types::{ContentId, NodeId};

use crate::session::Session;

/// At most as many sessions as the node may have peers.
#[derive(Default)]
pub(crate) struct Directory(Mutex<State>);

#[derive(Default)]
struct State {
    sessions: BTreeMap<NodeId, Session>,
    contents: BTreeSet<ContentId>,
}

impl Directory {
    pub(crate) fn get(&self, node: NodeId) -> Option<Session> {
        self.lock().sessions.get(&node).cloned()
    }

    /// What a hello says at the moment.
    pub(crate) fn contents(&self) -> Vec<ContentId> {
        self.lock().contents.iter().copied().collect()
    }

    /// A session begins. What changed since its hello was said is told at once, so that nothing falls in between.
    pub(crate) fn enter(&self, node: NodeId, session: Session, said: &Hello) {
        let mut state = self.lock();
        let said = said.contents.iter().copied().collect();
        tell_difference(&session, &said, &state.contents);
        state.sessions.insert(node, session);
    }

    pub(crate) fn leave(&self, node: NodeId) {
        self.lock().sessions.remove(&node);
    }

    /// Replaces our contents and tells every peer the difference.
    pub(crate) fn set_contents(&self, contents: Vec<ContentId>) {
        let given = contents.len();
        let contents: BTreeSet<_> = contents.into_iter().take(CONTENTS_MAX).collect();
        if given > CONTENTS_MAX {
            tracing::warn!(given, most = CONTENTS_MAX, "more contents than peers can be told of");
        }
        let mut state = self.lock();
        state.sessions.values().for_each(|session| tell_difference(session, &state.contents, &contents));
        state.contents = contents;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is complete before the lock is released.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tell_difference(session: &Session, said: &BTreeSet<ContentId>, now: &BTreeSet<ContentId>) {
    now.difference(said).for_each(|content| session.send(Message::Join(*content)));
    said.difference(now).for_each(|content| session.send(Message::Leave(*content)));
}
