//! Messages on their way, and what liars make of them.

use std::time::Duration;

use swarmline_scheduler::{Input, NodeInput};
use swarmline_types::message::{ContentMessage, LaneMessage};
use swarmline_types::{Bitfield, NodeId, PieceRange, Wanted};

use super::{Behaviour, CONTENT, Mail, STEP, Sending, World};

impl World {
    /// Liars say something else than their scheduler does.
    pub(super) fn send(&mut self, number: usize, to: NodeId, message: ContentMessage) {
        if self.hosts[number].behaviour == Behaviour::SaysItWantsNothing
            && matches!(message, ContentMessage::Bitmap(_))
        {
            self.post(number, to, ContentMessage::Wanted(Wanted::default()));
        }
        let message = match (self.hosts[number].behaviour, message) {
            (
                Behaviour::ClaimsToHaveAll | Behaviour::Corrupts | Behaviour::NeverAnswers,
                ContentMessage::Bitmap(_),
            ) => ContentMessage::Bitmap(Bitfield::all(&self.layout)),
            (_, message) => message,
        };
        self.post(number, to, message);
    }

    pub(super) fn post(&mut self, from: usize, to: NodeId, message: ContentMessage) {
        let to = self.number(to);
        self.mail.push_back((self.now + STEP, to, Mail::Message(from, message)));
    }

    pub(super) fn deliver(&mut self) {
        while self.mail.front().is_some_and(|(at, ..)| *at <= self.now) {
            let (_, to, mail) = self.mail.pop_front().unwrap();
            let (Mail::Message(from, _) | Mail::Bytes { from, .. }) = mail;
            if self.is_cut(from, to) {
                continue;
            }
            match mail {
                Mail::Message(from, message) => self.receive(to, from, message),
                Mail::Bytes { from, request, piece, received, is_last } => {
                    let Some(id) = self.hosts[to].asked.get(&request).copied() else { continue };
                    self.input(to, Input::Progress { request: id, received });
                    if is_last {
                        self.hosts[to].asked.remove(&request);
                        let ok = self.hosts[from].behaviour != Behaviour::Corrupts;
                        self.input(to, Input::Verified { request: id, piece, ok });
                    }
                }
            }
        }
    }

    pub(super) fn receive(&mut self, to: usize, from: usize, message: ContentMessage) {
        let peer = self.hosts[from].id;
        match message {
            ContentMessage::Bitmap(has) => self.input(to, Input::Bitmap { peer, has }),
            ContentMessage::Have(pieces) => self.input(to, Input::Have { peer, pieces }),
            ContentMessage::Lane(message) => self.input(to, Input::Lane { from: peer, message }),
            ContentMessage::Rumours(rumours) => self.input(to, Input::Rumours { from: peer, rumours }),
            ContentMessage::Wanted(wanted) => self.input(to, Input::PeerWants { peer, wanted }),
            ContentMessage::Cancel(request) => {
                self.node_input(to, NodeInput::Revoked { peer, request });
                let still = |s: &Sending| !(s.to == from && s.block.request == request);
                let gone: Vec<_> =
                    self.hosts[to].sending.iter().filter(|s| !still(s)).map(|s| s.ticket).collect();
                self.hosts[to].sending.retain(still);
                gone.into_iter().for_each(|ticket| self.node_input(to, NodeInput::Served { ticket }));
            }
            ContentMessage::Reject(request) => {
                if let Some(request) = self.hosts[to].asked.remove(&request) {
                    self.input(to, Input::Rejected { request });
                }
            }
            ContentMessage::Request(block) => {
                let has = match self.hosts[to].behaviour {
                    Behaviour::Corrupts => true,
                    Behaviour::NeverAnswers | Behaviour::ClaimsTheLane { .. } => return,
                    Behaviour::Honest | Behaviour::ClaimsToHaveAll | Behaviour::SaysItWantsNothing => {
                        self.hosts[to].content.have().has(block.piece)
                    }
                };
                self.node_input(to, NodeInput::Asked { peer, content: CONTENT, block, has });
            }
        }
    }

    /// The claimant of everything keeps talking.
    pub(super) fn lie(&mut self) {
        for number in 0..self.hosts.len() {
            let Behaviour::ClaimsTheLane { heartbeats } = self.hosts[number].behaviour else { continue };
            if self.now < self.hosts[number].next_lie {
                continue;
            }
            self.hosts[number].next_lie = self.now + Duration::from_secs(1);
            let tick = self.now.as_micros() / 1_000_000;
            let others: Vec<_> =
                self.hosts.iter().map(|host| host.id).filter(|id| *id != self.hosts[number].id).collect();
            for to in others {
                for piece in self.layout.pieces() {
                    let pieces = PieceRange::one(piece);
                    let claim = LaneMessage::Claim(pieces);
                    self.post(number, to, ContentMessage::Lane(claim));
                    if heartbeats {
                        let progress = LaneMessage::Progress(vec![(pieces, 1000 * tick)]);
                        self.post(number, to, ContentMessage::Lane(progress));
                    }
                }
            }
        }
    }
}
