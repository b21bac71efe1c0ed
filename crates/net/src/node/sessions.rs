//! One session for each node: from both streams to the goodbye.

use std::time::{Duration, Instant};

use libp2p::swarm::ConnectionId;
use swarmline_types::NodeId;
use swarmline_types::message::Hello;

use super::Node;
use crate::error::CloseReason;
use crate::session::{self, Chain, Greeted, Session, Surroundings, Whom};
use crate::streams::Streams;

impl Node {
    /// Begins to exchange hellos. Bounded by the number of connections.
    pub(super) fn greet(&mut self, connection: ConnectionId, streams: Streams) {
        let Some(link) = self.links.get(&connection) else { return };
        let whom =
            Whom { me: self.me, node: link.node, connection, remote: link.remote, dialled: link.dialled };
        let hello = self.hello_now();
        self.greetings.spawn(async move { (connection, session::greet(whom, streams, hello).await) });
    }

    pub(super) fn on_greeting(
        &mut self,
        (connection, greeted): (ConnectionId, Result<Greeted, CloseReason>),
    ) {
        match greeted {
            Ok(greeted) => self.on_greeted(greeted),
            Err(why) => {
                tracing::debug!(%connection, reason = %Chain(&why), "no hello");
                self.swarm.close_connection(connection);
            }
        }
    }

    fn on_greeted(&mut self, greeted: Greeted) {
        let Greeted { node, connection, .. } = greeted;
        let we_decide = self.me < node;
        let age = self.sessions.get(&node).map(Session::age);
        match judge(we_decide, age) {
            Verdict::Begin if self.sessions.len() < self.max_peers => self.begin(greeted),
            Verdict::Begin => {
                tracing::debug!(node = %node.short(), most = self.max_peers, "no room for another peer");
                self.swarm.close_connection(connection);
            }
            Verdict::Refuse => {
                self.swarm.close_connection(connection);
            }
            Verdict::Replace => {
                self.sessions[&node].stop(CloseReason::Replaced);
                if let Some(older) = self.parked.insert(node, greeted) {
                    self.swarm.close_connection(older.connection);
                }
            }
        }
    }

    fn begin(&mut self, greeted: Greeted) {
        let Greeted { node, connection, .. } = greeted;
        if !self.links.contains_key(&connection) {
            return;
        }
        let (session, queue) = Session::new(connection, self.stock.clone());
        self.sessions.insert(node, session.clone());
        self.redial.on_up(node);
        let around = Surroundings { events: self.events.clone(), hello: self.hello_now() };
        let shared = self.shared.clone();
        self.ended.spawn(async move {
            let entering = session.clone();
            let enter = |said: &Hello| shared.directory.enter(node, entering, said);
            (node, session::run(session, queue, greeted, around, enter).await)
        });
    }

    pub(super) fn on_ended(&mut self, (node, _): (NodeId, CloseReason)) {
        self.shared.directory.leave(node);
        if let Some(session) = self.sessions.remove(&node) {
            self.swarm.close_connection(session.connection());
        }
        match self.parked.remove(&node) {
            Some(next) => self.begin(next),
            None => self.redial.on_lost(node, Instant::now()),
        }
    }

    fn hello_now(&self) -> Hello {
        Hello { contents: self.shared.directory.contents(), ..self.hello.clone() }
    }
}

/// What becomes of a connection on which a node has said hello.
#[derive(Debug, Eq, PartialEq)]
enum Verdict {
    Begin,
    /// There is a session, and it stays.
    Refuse,
    /// There is a session, and it ends first.
    Replace,
}

/// The smaller of two ids decides, as `greeting` explains. What the other one decided is followed.
///
/// A node that comes while it is connected for long has lost the connection and we have not noticed.
fn judge(we_decide: bool, session_age: Option<Duration>) -> Verdict {
    match session_age {
        None => Verdict::Begin,
        Some(_) if !we_decide => Verdict::Replace,
        Some(age) if age >= SIMULTANEOUS_MAX => Verdict::Replace,
        Some(_) => Verdict::Refuse,
    }
}

/// Two connections within this span are taken for dials at the same moment.
const SIMULTANEOUS_MAX: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smaller_id_keeps_its_first_connection_and_the_other_follows() {
        let young = Some(Duration::from_millis(20));
        assert_eq!(judge(true, None), Verdict::Begin);
        assert_eq!(judge(true, young), Verdict::Refuse);
        assert_eq!(judge(false, young), Verdict::Replace);
    }

    #[test]
    fn a_node_that_comes_back_replaces_its_dead_connection() {
        for we_decide in [true, false] {
            assert_eq!(judge(we_decide, Some(Duration::from_secs(60))), Verdict::Replace);
        }
    }
}
