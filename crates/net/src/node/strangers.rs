//! Programs that speak libp2p and not our protocol: they are left alone for a while.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use libp2p::PeerId;

/// At most [`STRANGERS_MAX`] of them; the one known longest makes room.
#[derive(Default)]
pub(super) struct Strangers(BTreeMap<PeerId, Instant>);

impl Strangers {
    pub(super) fn add(&mut self, peer: PeerId, now: Instant) {
        if self.0.len() >= STRANGERS_MAX
            && let Some(oldest) = self.0.iter().min_by_key(|(_, since)| **since).map(|(peer, _)| *peer)
        {
            self.0.remove(&oldest);
        }
        self.0.insert(peer, now);
    }

    pub(super) fn contains(&mut self, peer: &PeerId, now: Instant) -> bool {
        self.0.retain(|_, since| now.saturating_duration_since(*since) < LEFT_ALONE);
        self.0.contains_key(peer)
    }
}

const STRANGERS_MAX: usize = 256;
/// It may have been updated in the meantime, or be another program on the same key.
const LEFT_ALONE: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_is_left_alone_for_ten_minutes() {
        let (mut strangers, peer, start) = (Strangers::default(), PeerId::random(), Instant::now());
        strangers.add(peer, start);
        assert!(strangers.contains(&peer, start + Duration::from_secs(599)));
        assert!(!strangers.contains(&peer, start + Duration::from_secs(600)));
    }

    #[test]
    fn the_oldest_stranger_makes_room() {
        let (mut strangers, first, start) = (Strangers::default(), PeerId::random(), Instant::now());
        strangers.add(first, start);
        for nth in 1..=STRANGERS_MAX as u64 {
            strangers.add(PeerId::random(), start + Duration::from_millis(nth));
        }
        assert_eq!(strangers.0.len(), STRANGERS_MAX);
        assert!(!strangers.contains(&first, start + Duration::from_secs(1)));
    }
}
