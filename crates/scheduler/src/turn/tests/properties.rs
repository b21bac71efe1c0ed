//! What holds whatever peers say, in whatever order.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// What is said, by whom, and a number for the rest.
type Step = (u8, u8, u32);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((0u8..10, 0u8..6, 0u32..4000), 1..80)
}

/// A search and what was said of it.
struct Manifest {
    turn: Turn,
    now: MonoTime,
    /// Those who were asked and are not gone.
    asked: BTreeSet<NodeId>,
    /// What the content is called, and since when.
    named: Option<(ContentId, MonoTime)>,
    is_reading: bool,
}

impl Manifest {
    fn new() -> Self {
        Self {
            turn: turn_of(node(200)),
            now: MonoTime::ZERO,
            asked: BTreeSet::new(),
            named: None,
            is_reading: false,
        }
    }

    fn anything(&mut self, (what, who, number): Step) {
        let (turn, peer, now) = (&mut self.turn, node(who), self.now);
        let class = if number.is_multiple_of(3) { CapacityClass::Never } else { CapacityClass::Wired };
        match what {
            0 => {
                turn.on_asked(peer, class, now);
                self.asked.insert(peer);
            }
            1 => {
                turn.on_gone(&peer);
                self.asked.remove(&peer);
            }
            2 => turn.on_question(&peer),
            3..=5 => self.answers_twice(&peer, number),
            6 => self.is_named(ContentId::new([(number % 2) as u8; 32]), number),
            7 => {
                self.is_reading = number.is_multiple_of(2);
                turn.set_reading(self.is_reading, now);
            }
            _ => self.now = self.now + Duration::from_millis(number.into()),
        }
    }

    /// Saying it again, later, gains no time.
    fn answers_twice(&mut self, peer: &NodeId, number: u32) {
        let word = match number % 3 {
            0 => Search::Idle,
            1 => Search::Looking,
            _ => Search::Reading,
        };
        self.turn.on_answer(peer, word, self.now);
        let due = self.turn.due(None);
        self.turn.on_answer(peer, word, self.now + Duration::from_millis(number.into()));
        assert_eq!(self.turn.due(None), due, "{word:?}");
    }

    fn is_named(&mut self, content: ContentId, number: u32) {
        let bytes = if number.is_multiple_of(5) { u64::MAX } else { number.into() };
        self.turn.on_named(content, bytes, self.now);
        if self.named.is_none_or(|(before, _)| before != content) {
            self.named = Some((content, self.now));
        }
    }

    /// The turn comes once there is a name, and however they lie it is over in time.
    fn check(&self, offered: Option<MonoTime>) {
        let due = self.turn.due(offered);
        assert_eq!(due.is_some(), self.named.is_some());
        if let Some((due, (_, named))) = due.zip(self.named) {
            let for_bytes = Duration::from_millis(64 << 10);
            let longest = (STEP * 9 + for_bytes).max(if offered.is_some() { STEP * 30 } else { STEP });
            assert!(due >= named, "{due:?} is before it was named at {named:?}");
            assert!(due <= named + longest, "{due:?} is long after {named:?}");
        }
        let word = if self.is_reading { Search::Reading } else { Search::Looking };
        assert_eq!(self.turn.search(), word);
        assert!(self.turn.lookers().all(|peer| self.asked.contains(&peer)), "one who is not there");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn whatever_is_said_the_turn_comes_in_time(steps in steps(), offered in 0u64..100_000) {
        let mut manifest = Manifest::new();
        for step in steps {
            manifest.anything(step);
            [None, Some(MonoTime::ZERO), Some(ms(offered)), Some(MonoTime::NEVER)].into_iter().for_each(|it| manifest.check(it));
        }
    }
}
