//! Traces of a machine that is driven by hand: what is written is read, the same facts give the same orders, and bytes
//! of anybody are refused with the place and the bound.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "tests of small numbers")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use swarmline_scheduler::{Action, Allowance, Config, Content, Failure, Input, Policy, Source, Surroundings};
use swarmline_trace::{End, NodeFacts, Opened, Order, ReadError, Reader, Record, Scribe, Sink, again::again};
use swarmline_types::message::{LaneMessage, OriginNews, Rumour, Word};
use swarmline_types::{
    Bitfield, CapacityClass, ContentId, MonoTime, NodeId, PieceLayout, Priority, Rate, Wanted,
};

const ME: NodeId = NodeId::new([1; 32]);
const PEER: NodeId = NodeId::new([2; 32]);

/// Keeps what is written, and has room when the test says so.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<(Vec<u8>, u32)>>);

impl Kept {
    fn refuse(&self, writes: u32) {
        self.0.lock().unwrap().1 = writes;
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().0.clone()
    }
}

impl Sink for Kept {
    fn write(&mut self, bytes: &[u8]) -> bool {
        let (kept, refused) = &mut *self.0.lock().unwrap();
        if *refused > 0 {
            *refused -= 1;
            return false;
        }
        kept.extend_from_slice(bytes);
        true
    }
}

fn facts() -> NodeFacts {
    NodeFacts {
        node: ME,
        class: CapacityClass::Wifi,
        agent: "swarmline/test".into(),
        zero_unix_ms: 1_700_000_000_123,
        download_rate: Rate::bytes_per_s(2_500_000),
        upload_rate: None,
    }
}

fn opened(pieces: u32) -> Opened {
    let layout = PieceLayout::new(u64::from(pieces) << 20, 1 << 20).unwrap();
    let mut have = Bitfield::none(&layout);
    layout.pieces().take(2).for_each(|piece| _ = have.insert(piece));
    let config = Config { settle: Duration::ZERO, ..Config::default() };
    Opened { config, content: ContentId::new([9; 32]), layout, have, seed: 7 }
}

/// A machine, its scribe, and an origin that answers at once.
struct Bench {
    scribe: Scribe,
    kept: Kept,
    machine: Content,
    opened: Opened,
    now: MonoTime,
    seen: Vec<String>,
}

/// A node that lets everything start, and tells this of itself.
struct Giving(Surroundings);

impl Allowance for Giving {
    fn try_start(&mut self, _: Source, _: u64, _: MonoTime) -> bool {
        true
    }

    fn end(&mut self, _: Source, _: u64, _: u64) {}

    fn surroundings(&self, _now: MonoTime) -> Surroundings {
        self.0
    }
}

impl Bench {
    fn new(bytes_max: u64) -> Self {
        let (kept, opened) = (Kept::default(), opened(12));
        let mut scribe = Scribe::new(Box::new(kept.clone()), bytes_max, &facts());
        let now = MonoTime::from_millis(5);
        scribe.opened(&opened, now);
        let it = opened.clone();
        let machine = Content::new(it.config, it.content, it.layout, it.have, ME, it.seed, now);
        Self { scribe, kept, machine, opened, now, seen: Vec::new() }
    }

    fn tell(&mut self, input: Input) {
        self.now = self.now + Duration::from_micros(1_700);
        let seen = self.seen.len() as u64;
        let surroundings = Surroundings {
            needs_rumours: seen % 5 == 4,
            given_mib: seen * 20,
            owed_mib: seen % 13,
            gets_discards: seen % 3 == 2,
        };
        self.seen.push(format!("{input:?}, {surroundings:?}"));
        let mut node = Giving(surroundings);
        let (machine, now) = (&mut self.machine, self.now);
        self.scribe.handle(&self.opened.content, input, &mut node, now, |input, allowance| {
            machine.handle(input, allowance, now);
        });
        while let Some(action) = self.machine.poll_action() {
            self.scribe.order(&self.opened.content, &action, self.now);
            if let Action::Request { request, from: Source::Origin, pieces } = action {
                self.scribe.answered(&self.opened.content, request, self.now);
                let received = self.opened.layout.span(pieces).size();
                self.tell(Input::Progress { request, received });
                pieces.pieces().for_each(|piece| self.tell(Input::Verified { request, piece, ok: true }));
            }
        }
    }

    /// Every kind of input once, then all from the origin.
    fn run(&mut self) {
        let layout = self.opened.layout;
        let run = layout.piece_range(3, 2).unwrap();
        let piece = layout.piece(4).unwrap();
        let some = Wanted::of([run]);
        let rumour =
            |word| Rumour { member: PEER, class: CapacityClass::Slow, number: 3, has_all: true, word };
        self.tell(Input::PeerUp { peer: PEER, class: CapacityClass::Never });
        self.tell(Input::Bitmap { peer: PEER, has: Bitfield::none(&layout) });
        self.tell(Input::Have { peer: PEER, pieces: vec![piece] });
        self.tell(Input::PeerWants { peer: PEER, wanted: some.clone() });
        self.tell(Input::Lane { from: PEER, message: LaneMessage::Claim(run) });
        self.tell(Input::Lane { from: PEER, message: LaneMessage::Progress(vec![(run, 17)]) });
        let origin = OriginNews::Pause(Duration::from_millis(20));
        self.tell(Input::Lane { from: PEER, message: LaneMessage::Release { pieces: run, origin } });
        let rumours = [rumour(Word::Here(some.clone())), rumour(Word::Gone)];
        self.tell(Input::Rumours { from: PEER, rumours: rumours.into() });
        self.tell(Input::Want { wanted: some });
        self.tell(Input::Priority(Priority::Background));
        let policy = Policy { deadline: Some(MonoTime::from_millis(90_000)), ..Policy::default() };
        self.tell(Input::Policy(policy));
        let request = swarmline_scheduler::RequestId::new(900);
        self.tell(Input::Rejected { request });
        for why in [
            Failure::Transient { retry_after: Some(Duration::from_secs(2)) },
            Failure::Transient { retry_after: None },
            Failure::Contradiction,
            Failure::NoRanges,
            Failure::Fatal,
        ] {
            self.tell(Input::Failed { request, why });
        }
        self.tell(Input::Lost { piece });
        self.tell(Input::Priority(Priority::Foreground));
        self.tell(Input::PeerDown { peer: PEER, clean: true });
        self.finish();
    }

    fn finish(&mut self) {
        for _ in 0..200 {
            let Some(due) = self.machine.poll_timeout() else { break };
            self.now = self.now.max(due);
            self.tell(Input::Timer);
        }
        assert!(self.machine.have().is_all(), "{:?}", self.machine.stage());
        self.scribe.end(self.now);
    }
}

fn whole() -> (Vec<u8>, Vec<String>) {
    let mut bench = Bench::new(1 << 20);
    bench.run();
    (bench.kept.bytes(), bench.seen)
}

fn records(bytes: &[u8]) -> Result<Vec<(MonoTime, Record)>, ReadError> {
    let mut reader = Reader::new(bytes)?;
    let mut all = Vec::new();
    while let Some(record) = reader.next_record()? {
        all.push(record);
    }
    Ok(all)
}

#[test]
fn every_input_is_read_as_it_was_given() {
    let (bytes, seen) = whole();
    let reader = Reader::new(&bytes).unwrap();
    assert_eq!(*reader.node(), facts());
    let all = records(&bytes).unwrap();
    let inputs: Vec<_> = all
        .iter()
        .filter_map(|(_, record)| match record {
            Record::Input { input, allowed, .. } => Some(format!("{input:?}, {:?}", allowed.surroundings)),
            _ => None,
        })
        .collect();
    assert_eq!(inputs.len(), seen.len());
    // What a machine orders is told while it is given the next input, so they are written in the order of their ends.
    let sorted = |mut list: Vec<String>| {
        list.sort();
        list
    };
    assert_eq!(sorted(inputs), sorted(seen));
    assert!(all.windows(2).all(|pair| pair[0].0 <= pair[1].0), "time never goes back");
    let (_, Record::Opened { opened: first, .. }) = &all[0] else { panic!("{:?}", all[0]) };
    assert_eq!(format!("{first:?}"), format!("{:?}", opened(12)));
    assert!(matches!(all.last(), Some((_, Record::End(End::Stopped)))));
    let completed =
        |(_, record): &(MonoTime, Record)| matches!(record, Record::Order { order: Order::Completed, .. });
    assert_eq!(all.iter().filter(|it| completed(it)).count(), 1);
}

#[test]
fn the_same_facts_give_the_same_orders() {
    let told = again(&whole().0).unwrap();
    assert!(told.is_same(), "{told:?}");
    assert!(told.inputs > 30 && told.orders > 15, "{told:?}");
}

#[test]
fn another_decision_shows_where_it_was_made() {
    let mut bench = Bench::new(1 << 20);
    // The trace says another seed than the machine had.
    let mut other = bench.opened.clone();
    other.seed += 1;
    other.config.window = 1;
    bench.scribe.opened(&other, bench.now);
    bench.finish();
    let told = again(&bench.kept.bytes()).unwrap();
    assert!(told.difference.is_some_and(|it| it.then != it.now), "a seed decides something");
}

#[test]
fn what_there_is_no_room_for_is_counted_and_the_rest_still_fits() {
    let mut bench = Bench::new(1 << 20);
    bench.kept.refuse(9);
    bench.run();
    let bytes = bench.kept.bytes();
    let mut reader = Reader::new(&bytes).unwrap();
    while reader.next_record().unwrap().is_some() {}
    assert!(reader.dropped() > 0);
    assert_eq!(reader.end(), Some(End::Stopped));
    let told = again(&bytes).unwrap();
    assert!(told.difference.is_none() && !told.is_same(), "nothing is compared behind a gap: {told:?}");
}

#[test]
fn a_trace_that_is_full_says_so_and_is_no_longer_than_allowed() {
    for bytes_max in [0, 100, 300, 700] {
        let mut bench = Bench::new(bytes_max);
        bench.run();
        let bytes = bench.kept.bytes();
        assert!(bytes.len() as u64 <= bytes_max.max(80), "{} of {bytes_max}", bytes.len());
        if bytes_max >= 300 {
            let all = records(&bytes).unwrap();
            assert!(matches!(all.last(), Some((_, Record::End(End::Full)))), "{:?}", all.last());
            assert_eq!(again(&bytes).unwrap().difference, None);
        }
    }
}

#[test]
fn a_trace_that_was_cut_off_is_read_up_to_there() {
    let (bytes, _) = whole();
    let all = records(&bytes).unwrap().len();
    let most = records(&bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(most.len(), all - 1);
    assert_eq!(again(&bytes[..bytes.len() / 2]).unwrap().difference, None);
}

#[test]
fn what_is_no_trace_is_refused_with_the_reason() {
    let (bytes, _) = whole();
    assert_eq!(records(b"{}").unwrap_err(), ReadError::Magic);
    let mut newer = bytes.clone();
    newer[15] = 2;
    assert_eq!(records(&newer).unwrap_err(), ReadError::Version { got: 2 });
    let mut long = bytes[..16].to_vec();
    long.extend([0xff, 0xff, 0xff, 0x7f]);
    let refused = records(&long).unwrap_err().to_string();
    assert_eq!(refused, "at byte 16: length of a record is 268435455, and may be at most 524288");
    let mut twice = bytes.clone();
    twice.truncate(bytes.len() - 4);
    twice.extend(&bytes[16..]);
    assert_eq!(records(&twice).unwrap_err(), ReadError::Node { offset: bytes.len() - 4 + 1 });
}

#[test]
fn contents_that_nobody_could_keep_in_mind_are_not_read_and_not_written() {
    let kept = Kept::default();
    let mut scribe = Scribe::new(Box::new(kept.clone()), 1 << 20, &facts());
    let large = |name: u8| {
        let layout = PieceLayout::new(1 << 40, 1 << 20).unwrap();
        let have = Bitfield::none(&layout);
        Opened { config: Config::default(), content: ContentId::new([name; 32]), layout, have, seed: 1 }
    };
    let opened = |bytes: &[u8]| {
        let all = records(bytes).unwrap();
        all.iter().filter(|(_, record)| matches!(record, Record::Opened { .. })).count()
    };
    // A content that is opened again takes its own place.
    for name in [1, 1, 2, 3, 4, 5] {
        scribe.opened(&large(name), MonoTime::ZERO);
    }
    assert_eq!(opened(&kept.bytes()), 5, "four of 2^20 pieces, one of them twice");
    scribe.closed(&ContentId::new([2; 32]), MonoTime::ZERO);
    scribe.opened(&large(6), MonoTime::ZERO);
    scribe.end(MonoTime::ZERO);
    assert_eq!(opened(&kept.bytes()), 6);
    // Somebody may write more than a scribe does.
    let frame = |name: u8| {
        let kept = Kept::default();
        let mut scribe = Scribe::new(Box::new(kept.clone()), 1 << 20, &facts());
        let head = kept.bytes();
        scribe.opened(&large(name), MonoTime::ZERO);
        (head.clone(), kept.bytes()[head.len()..].to_vec())
    };
    let mut more = frame(1).0;
    (1..=5).for_each(|name| more.extend(frame(name).1));
    let refused = records(&more).unwrap_err();
    assert!(matches!(refused, ReadError::Bound { got: 5_242_880, max: 4_194_304, .. }), "{refused}");
}

proptest! {
    #[test]
    fn bytes_of_anybody_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let mut trace = swarmline_trace::MAGIC.to_vec();
        trace.extend(bytes);
        let _ = records(&trace);
    }

    #[test]
    fn a_trace_that_somebody_changed_is_read_or_refused_and_can_be_run_again(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let (mut bytes, _) = whole();
        let body = bytes.len() - 16;
        for (at, byte) in changes {
            bytes[16 + at.index(body)] = byte;
        }
        let _ = again(&bytes);
    }
}
