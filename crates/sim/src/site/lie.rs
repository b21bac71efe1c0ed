//! What peers say and do that do not keep to the protocol.

use swarmline_scheduler::config::RUN_SIZE;
use swarmline_scheduler::score;
use swarmline_types::message::{ContentMessage, LaneMessage, Message, Rumour, Word};
use swarmline_types::{Bitfield, CapacityClass, PieceLayout, PieceRange, Wanted};

use super::{Event, Site};
use crate::chance;
use crate::host::id_of;
use crate::scenario::Behaviour;

/// How often those speak who claim runs that they do not fetch, or speak for others.
const SAID_EVERY: std::time::Duration = std::time::Duration::from_secs(1);
/// How many runs they claim.
const CLAIMS: usize = 32;
/// How many names they invent each time: far more than are listened to from one peer.
const NAMES: u64 = 1024;
/// As many as fit one message.
const NAMES_AT_ONCE: usize = 32;

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
    /// Those who say what is not so say it again.
    pub(super) fn on_lie(&mut self, host: u32, life: u32) {
        let behaviour = self.host(host).part.behaviour;
        let talks = matches!(behaviour, Behaviour::Claims | Behaviour::Heartbeats | Behaviour::Invents);
        if !talks || !self.lives(host, life) {
            return;
        }
        let peers: Vec<_> = self.host(host).conns.iter().map(|(peer, _)| *peer).collect();
        for content in 0..self.frame.contents.len() {
            let id = self.frame.contents[content].id;
            let bodies = match behaviour {
                Behaviour::Invents => self.invented(host, content),
                _ => self.claims_of_nothing(behaviour, content),
            };
            for to in &peers {
                for body in &bodies {
                    self.say(host, *to, Message::About { content: id, body: body.clone() });
                }
            }
        }
        self.queue.push(self.now + SAID_EVERY, Event::Lie { host, life });
    }

    fn claims_of_nothing(&self, behaviour: Behaviour, content: usize) -> Vec<ContentMessage> {
        let runs = self.first_runs(content);
        let mut said: Vec<_> = runs.iter().map(|run| LaneMessage::Claim(*run)).collect();
        if behaviour == Behaviour::Heartbeats {
            let layout = &self.frame.contents[content].layout;
            let tick = self.now.as_micros() / 1_000_000;
            let grown = |run: &PieceRange| (*run, (1000 * tick).min(layout.span(*run).size()));
            said.push(LaneMessage::Progress(runs.iter().map(grown).collect()));
        }
        said.into_iter().map(ContentMessage::Lane).collect()
    }

    /// Members that are not there, each second others.
    fn invented(&self, host: u32, content: usize) -> Vec<ContentMessage> {
        let layout = &self.frame.contents[content].layout;
        let name = |n| chance::word(self.seed, u64::from(host), self.now.as_micros() + n);
        let names = (0..NAMES).map(|n| Rumour {
            member: id_of(name(n), u32::MAX),
            class: CapacityClass::Wired,
            number: 1,
            has_all: false,
            word: Word::Here(Wanted::all(layout)),
        });
        let rumours: Vec<_> = names.collect();
        rumours.chunks(NAMES_AT_ONCE).map(|some| ContentMessage::Rumours(some.into())).collect()
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
