//! Answers to peers: read from the store, handed to the network.

use bytes::Bytes;
use swarmline_scheduler::{Input, NodeInput, Ticket};
use swarmline_store::ReadError;
use swarmline_types::message::{BlockRequest, ContentMessage, WireRequest};
use swarmline_types::{ContentId, NodeId};
use tracing::{debug, info};

use super::{Driver, Outcome};
use crate::content::{Opening, with_causes};

/// Bytes read for a peer, or why not.
pub(crate) struct Read {
    peer: NodeId,
    content: ContentId,
    request: WireRequest,
    /// `None` if the work panicked.
    result: Option<Result<Bytes, ReadError>>,
}

impl Driver {
    pub(super) fn serve(&mut self, ticket: Ticket, peer: NodeId, content: ContentId, block: BlockRequest) {
        let Some(driven) = self.contents.get(&content) else {
            return self.node_input(NodeInput::Served { ticket });
        };
        let (file, results) = (driven.file.clone(), self.results.clone());
        let request = block.request;
        if let Some((old, _)) = self.tickets.insert((peer, request), (ticket, content)) {
            // A peer that uses a name twice gets one answer.
            self.node_input(NodeInput::Served { ticket: old });
        }
        let tell = move |result| {
            let _ = results.blocking_send(Outcome::Read(Read { peer, content, request, result }));
        };
        self.disk.start(move || file.read(block.piece, block.offset, block.size), tell);
    }

    pub(super) fn on_read(&mut self, read: Read) {
        let Read { peer, content, request, result } = read;
        match result {
            Some(Ok(bytes)) if self.tickets.contains_key(&(peer, request)) => {
                self.net.serve(peer, request, bytes)
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                info!(%content, %error, "cannot serve");
                self.say(peer, content, ContentMessage::Reject(request));
                self.end_answer(peer, request);
                self.notice_losses(content);
            }
            None => self.end_answer(peer, request),
        }
    }

    pub(super) fn on_served(&mut self, to: NodeId, request: WireRequest, bytes: u32) {
        if let Some((_, content)) = self.tickets.get(&(to, request))
            && let Some(driven) = self.contents.get_mut(content)
        {
            driven.served += u64::from(bytes);
            self.snapshots_due.insert(*content);
        }
        self.end_answer(to, request);
    }

    fn end_answer(&mut self, to: NodeId, request: WireRequest) {
        if let Some((ticket, _)) = self.tickets.remove(&(to, request)) {
            self.node_input(NodeInput::Served { ticket });
        }
    }

    /// Somebody changed the file: what the store no longer has, the scheduler has not either. Where nobody waits for it,
    /// nobody fetches it again: the content is left, since whoever is complete would serve on for a member that lacks
    /// pieces. Otherwise the rest of the file is checked in the background, so that peers learn of all of it at once.
    fn notice_losses(&mut self, content: ContentId) {
        if !self.take_losses(content) {
            return;
        }
        match self.contents.get(&content).is_some_and(|driven| driven.wanted_by.is_empty()) {
            true => self.forget(content),
            false => self.recheck(content),
        }
    }

    fn take_losses(&mut self, content: ContentId) -> bool {
        let Some(driven) = self.contents.get(&content) else { return false };
        let has = driven.file.have();
        let lost: Vec<_> = driven.machine.have().pieces().filter(|piece| !has.has(*piece)).collect();
        if lost.is_empty() {
            return false;
        }
        debug!(%content, lost = lost.len(), "pieces lost");
        lost.into_iter().for_each(|piece| self.input(content, Input::Lost { piece }));
        true
    }

    /// One check of a content at a time.
    fn recheck(&mut self, content: ContentId) {
        let Some(driven) = self.contents.get_mut(&content).filter(|driven| !driven.is_rechecked) else {
            return;
        };
        driven.is_rechecked = true;
        let (file, opening) = (driven.file.clone(), driven.opening);
        let (disk, results) = (self.disk.clone(), self.results.clone());
        tokio::spawn(async move {
            let checked = disk.run(move || file.recheck()).await;
            let error = checked.and_then(Result::err).map(|error| with_causes(&error));
            debug!(%content, error, "the rest of the file is checked");
            let _ = results.send(Outcome::Rechecked { content, opening }).await;
        });
    }

    pub(super) fn on_rechecked(&mut self, content: ContentId, opening: Opening) {
        let Some(driven) = self.current(content, opening) else { return };
        driven.is_rechecked = false;
        self.take_losses(content);
    }
}
