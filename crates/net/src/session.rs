//! One connected peer: from the second hello to the end.
//!
//! One task reads and writes both streams. It tells the engine what comes, `Up` first and `Down` last, and waits when
//! the engine is busy, so that a peer is never read faster than it is heard. Others hold a [`Session`], whose methods
//! never wait: what does not fit a queue ends the session.

mod answers;
mod bucket;
mod expectations;
mod frames;
mod stop;

mod greeting;

mod control;
mod data;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::AsyncReadExt;
use libp2p::swarm::ConnectionId;
use swarmline_types::message::{BlockRequest, ContentMessage, Hello, Message, WireRequest};
use swarmline_types::{ContentId, NodeId};
use tokio::sync::mpsc;
use tokio::time::Instant;

use self::answers::{ANSWERS_MAX, Answer, Answers};
use self::bucket::Bucket;
use self::expectations::{Expectations, OPEN_MAX};
use self::stop::Stop;
use crate::buffers::Buffers;
use crate::error::CloseReason;
use crate::event::NetEvent;

pub(crate) use greeting::{Greeted, Whom, greet};

/// A handle on a session; cheap to clone.
#[derive(Clone)]
pub(crate) struct Session(Arc<Shared>);

struct Shared {
    connection: ConnectionId,
    since: Instant,
    messages: mpsc::Sender<Message<ContentMessage>>,
    answers: Answers,
    expectations: Mutex<Expectations>,
    stop: Stop,
}

impl Session {
    /// The session, and what it will have to send. Answers are read into buffers of `stock`.
    pub(crate) fn new(
        connection: ConnectionId,
        stock: Buffers,
    ) -> (Self, mpsc::Receiver<Message<ContentMessage>>) {
        let (messages, queue) = mpsc::channel(MESSAGES_MAX);
        let shared = Shared {
            connection,
            since: Instant::now(),
            messages,
            answers: Answers::default(),
            expectations: Mutex::new(Expectations::new(stock)),
            stop: Stop::default(),
        };
        (Self(Arc::new(shared)), queue)
    }

    pub(crate) fn connection(&self) -> ConnectionId {
        self.0.connection
    }

    pub(crate) fn age(&self) -> Duration {
        self.0.since.elapsed()
    }

    /// Ends it. The first reason counts.
    pub(crate) fn stop(&self, why: CloseReason) {
        self.0.stop.give(why);
    }

    pub(crate) fn send(&self, message: Message<ContentMessage>) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.0.messages.try_send(message) {
            self.stop(CloseReason::Overflow { queue: MESSAGES_MAX });
        }
    }

    pub(crate) fn request(&self, content: ContentId, block: BlockRequest) {
        if !self.expectations().expect(block.request, block.size) {
            return self.stop(CloseReason::Overflow { queue: OPEN_MAX });
        }
        self.send(Message::About { content, body: ContentMessage::Request(block) });
    }

    /// Gives the bytes that had come and are thrown away.
    pub(crate) fn cancel(&self, content: ContentId, request: WireRequest) -> u32 {
        let Some(bytes) = self.expectations().cancel(request) else { return 0 };
        self.send(Message::About { content, body: ContentMessage::Cancel(request) });
        bytes
    }

    /// Gives the bytes that had come and are thrown away.
    pub(crate) fn release(&self, request: WireRequest) -> u32 {
        self.expectations().release(request)
    }

    pub(crate) fn serve(&self, request: WireRequest, data: Bytes) {
        if !self.0.answers.push(Answer { request, data }) {
            self.stop(CloseReason::Overflow { queue: ANSWERS_MAX });
        }
    }

    pub(crate) fn withdraw(&self, request: WireRequest) {
        self.0.answers.withdraw(request);
    }

    fn expectations(&self) -> MutexGuard<'_, Expectations> {
        // Every change is complete before the lock is released.
        self.0.expectations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a session needs beside its connection.
pub(crate) struct Surroundings {
    /// Where the engine listens.
    pub(crate) events: mpsc::Sender<NetEvent>,
    /// Our hello, as it would be said now.
    pub(crate) hello: Hello,
}

/// Runs a session to its end, and returns why it ended. `enter` is called once both hellos are said, with what was
/// said, and before the engine hears of it.
pub(crate) async fn run(
    session: Session,
    mut queue: mpsc::Receiver<Message<ContentMessage>>,
    greeted: Greeted,
    around: Surroundings,
    enter: impl FnOnce(&Hello),
) -> CloseReason {
    let Greeted { node, addr, loopback, hello, said, control: (mut reader, mut writer), data, .. } = greeted;
    let events = around.events;
    let said = match said {
        Some(said) => said,
        None => {
            writer.push(&Message::Hello(around.hello.clone()));
            around.hello
        }
    };
    enter(&said);
    tracing::info!(node = %node.short(), %addr, agent = hello.agent, "peer up");
    if events.send(NetEvent::Up { node, addr, hello }).await.is_err() {
        return CloseReason::Shutdown;
    }
    let turns = Bucket::new(std::time::Instant::now());
    let peer = Peer { node, loopback, session: &session, events: &events, turns: &turns };
    let (mut data_in, mut data_out) = data.split();
    let why = tokio::select! {
        why = session.0.stop.wait() => why,
        why = peer.hear(&mut reader) => why,
        why = peer.speak(&mut writer, &mut queue) => why,
        why = peer.receive(&mut data_in) => why,
        why = peer.supply(&mut data_out) => why,
    };
    if !matches!(why, CloseReason::Lost(_) | CloseReason::Silent) {
        // Whether it gets there is not waited for any longer.
        let _ = tokio::time::timeout(GOODBYE_MAX, writer.goodbye()).await;
    }
    tracing::info!(node = %node.short(), reason = %Chain(&why), "peer down");
    let unfinished = session.expectations().finish();
    for (request, bytes) in unfinished {
        let _ = events.send(NetEvent::Discarded { from: node, request, bytes }).await;
    }
    let _ = events.send(NetEvent::Down { node, clean: why.is_clean(), why: why.clone() }).await;
    why
}

/// What the four loops of a session share.
struct Peer<'a> {
    node: NodeId,
    /// Whether it is on this host, so that it may tell of addresses on this host.
    loopback: bool,
    session: &'a Session,
    events: &'a mpsc::Sender<NetEvent>,
    /// When its messages are read.
    turns: &'a Bucket,
}

impl Peer<'_> {
    /// Tells the engine, when it has time.
    async fn tell(&self, event: NetEvent) -> Result<(), CloseReason> {
        self.events.send(event).await.map_err(|_| CloseReason::Shutdown)
    }
}

/// An error with its causes, in one line.
pub(crate) struct Chain<'a>(pub(crate) &'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            write!(f, ": {cause}")?;
            next = cause.source();
        }
        Ok(())
    }
}

/// Most messages that wait to be written to one peer; more means that it does not keep up, and it is disconnected.
pub(crate) const MESSAGES_MAX: usize = 1024;
/// How long a goodbye may take to be written.
const GOODBYE_MAX: Duration = Duration::from_secs(1);
