//! What peers say and do that do not keep to the protocol.

use swarmline_scheduler::config::RUN_SIZE;
use swarmline_scheduler::score;
use swarmline_types::message::{ContentMessage, LaneMessage, Message};
use swarmline_types::{Bitfield, PieceLayout, PieceRange, Wanted};

use super::{Event, Site};
use crate::scenario::Behaviour;

/// How often those speak who claim runs that they do not fetch.
const CLAIM_EVERY: std::time::Duration = std::time::Duration::from_secs(1);
/// How many runs they claim.
const CLAIMS: usize = 32;

/// What a liar says instead of what its scheduler would.
pub(super) fn instead_of(
    behaviour: Behaviour,
    body: ContentMessage,
    layout: &PieceLayout,
) -> Vec<ContentMessage> {
    match (behaviour, body) {
        (Behaviour::Corrupts | Behaviour::Stalls | Behaviour::Rejects, ContentMessage::Bitmap(_)) => {
            vec![ContentMessage::Bitmap(Bitfield::all(layout))]
        }
        // It does nothing for others, so it passes on nothing either.
        (Behaviour::Stalls, ContentMessage::Rumours(_) | ContentMessage::Lane(_)) => Vec::new(),
        (Behaviour::Leeches, ContentMessage::Bitmap(_)) => {
            vec![ContentMessage::Bitmap(Bitfield::none(layout))]
        }
        (Behaviour::Leeches, ContentMessage::Have(_)) => Vec::new(),
        (Behaviour::Hides, body @ ContentMessage::Bitmap(_)) => {
            vec![ContentMessage::Wanted(Wanted::default()), body]
        }
        (_, body) => vec![body],
    }
}

impl Site<'_> {
    /// Those who claim runs say so again.
    pub(super) fn on_lie(&mut self, host: u32, life: u32) {
        let behaviour = self.host(host).part.behaviour;
        let talks = matches!(behaviour, Behaviour::Claims | Behaviour::Heartbeats);
        if !talks || !self.lives(host, life) {
            return;
        }
        let tick = self.now.as_micros() / 1_000_000;
        let peers: Vec<_> = self.host(host).conns.iter().map(|(peer, _)| *peer).collect();
        for content in 0..self.frame.contents.len() {
            let runs = self.first_runs(content);
            let id = self.frame.contents[content].id;
            let mut bodies: Vec<_> = runs.iter().map(|run| LaneMessage::Claim(*run)).collect();
            if behaviour == Behaviour::Heartbeats {
                let layout = &self.frame.contents[content].layout;
                let grown = |run: &PieceRange| (*run, (1000 * tick).min(layout.span(*run).size()));
                bodies.push(LaneMessage::Progress(runs.iter().map(grown).collect()));
            }
            for to in &peers {
                for body in &bodies {
                    let body = ContentMessage::Lane(body.clone());
                    self.say(host, *to, Message::About { content: id, body });
                }
            }
        }
        self.queue.push(self.now + CLAIM_EVERY, Event::Lie { host, life });
    }

    /// The runs that the lane begins with, of those that somebody honest lacks.
    fn first_runs(&self, content: usize) -> Vec<PieceRange> {
        let facts = &self.frame.contents[content];
        let per_run = (RUN_SIZE / facts.layout.piece_size()).max(1);
        let count = facts.layout.piece_count();
        let is_had = |first: u32| {
            let piece = facts.layout.piece(first).expect("below the count");
            let lacks =
                |host: &crate::host::Host| host.part.counts() && !host.contents[content].truth.has(piece);
            !self.hosts.iter().any(lacks)
        };
        let mut firsts: Vec<_> =
            (0..count).step_by(per_run as usize).filter(|first| !is_had(*first)).collect();
        let order =
            |first: &u32| score::order(&facts.id, facts.layout.piece(*first).expect("below the count"));
        firsts.sort_by_cached_key(order);
        let run = |first: u32| facts.layout.piece_range(first, per_run.min(count - first));
        firsts.into_iter().take(CLAIMS).filter_map(run).collect()
    }
}
