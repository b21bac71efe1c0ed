//! Each baseline driven by hand: what it orders is what it models.

use std::time::Duration;

use swarmline_scheduler::{
    Action, Config, Explain, Failure, GiveUp, Input, Policy, RequestId, Source, Stage, Unlimited,
};
use swarmline_types::message::ContentMessage;
use swarmline_types::{Bitfield, CapacityClass, ContentId, MonoTime, NodeId, PieceIndex, PieceLayout};

use crate::outcome::Why;
use crate::scenario::StrategyName;
use crate::strategy::{Machine, Opening, Strategy};
use crate::{Options, Scenario, Traced, Unwatched, run_with};

const MIB: u32 = 1 << 20;

fn node(number: u8) -> NodeId {
    NodeId::new([number; 32])
}

fn layout(pieces: u32) -> PieceLayout {
    PieceLayout::new(u64::from(pieces) * u64::from(MIB), MIB).unwrap()
}

/// A machine and its clock.
struct Hand {
    machine: Box<dyn Machine>,
    layout: PieceLayout,
    now: MonoTime,
}

impl Hand {
    fn new(strategy: StrategyName, me: u8, pieces: u32, has: &[u32]) -> Self {
        Self::with(strategy, me, pieces, has, Config { discovery_wait: Duration::ZERO, ..Config::default() })
    }

    fn with(strategy: StrategyName, me: u8, pieces: u32, has: &[u32], config: Config) -> Self {
        let layout = layout(pieces);
        let opening = Opening {
            config,
            content: ContentId::new([9; 32]),
            layout,
            have: bits(&layout, has),
            me: node(me),
            seed: 1,
            now: MonoTime::ZERO,
        };
        Self { machine: strategy.open(opening), layout, now: MonoTime::ZERO }
    }

    fn piece(&self, piece: u32) -> PieceIndex {
        self.layout.piece(piece).unwrap()
    }

    fn tell(&mut self, input: Input) {
        self.machine.handle(input, &mut Unlimited, self.now);
    }

    /// A peer that has these pieces.
    fn meet(&mut self, peer: u8, has: &[u32]) {
        self.tell(Input::PeerUp { peer: node(peer), class: CapacityClass::Wired });
        let has = bits(&self.layout, has);
        self.tell(Input::Bitmap { peer: node(peer), has });
    }

    fn verify(&mut self, request: u64, piece: u32, ok: bool) {
        let piece = self.piece(piece);
        self.tell(Input::Verified { request: RequestId::new(request), piece, ok });
    }

    fn fail(&mut self, request: u64, why: Failure) {
        self.tell(Input::Failed { request: RequestId::new(request), why });
    }

    fn wait(&mut self, millis: u64) {
        self.now = self.now + Duration::from_millis(millis);
        self.tell(Input::Timer);
    }

    /// What it orders, without greetings.
    fn drain(&mut self) -> String {
        let mut lines = Vec::new();
        while let Some(action) = self.machine.poll_action() {
            lines.push(match action {
                Action::Send { message: ContentMessage::Bitmap(_), .. } => continue,
                Action::Send { to, message: ContentMessage::Have(pieces) } => {
                    let pieces: Vec<_> = pieces.iter().map(|piece| piece.get()).collect();
                    format!("tell {} of {pieces:?}", to.as_bytes()[0])
                }
                Action::Request { request, from, pieces } => {
                    let from = match from {
                        Source::Origin => "origin".into(),
                        Source::Peer(peer) => format!("peer {}", peer.as_bytes()[0]),
                    };
                    format!(
                        "ask {from} for {}+{} as #{}",
                        pieces.first().get(),
                        pieces.count(),
                        request.get()
                    )
                }
                Action::Cancel { request } => format!("cancel #{}", request.get()),
                Action::Ban { peer, .. } => format!("ban {}", peer.as_bytes()[0]),
                Action::Explain(Explain::Fetch { why, .. }) => format!("because {why:?}"),
                Action::Completed => "completed".into(),
                other => format!("{other:?}"),
            });
        }
        lines.join("\n")
    }
}

fn bits(layout: &PieceLayout, has: &[u32]) -> Bitfield {
    let mut bits = Bitfield::none(layout);
    has.iter().for_each(|piece| {
        bits.insert(layout.piece(*piece).unwrap());
    });
    bits
}

const BUSY: Failure = Failure::Transient { retry_after: None };

#[test]
fn alone_means_one_request_for_all_and_no_word_to_anybody() {
    let mut alone = Hand::new(StrategyName::OriginOnly, 1, 4, &[]);
    alone.meet(2, &[0, 1, 2, 3]);
    assert_eq!(alone.drain(), "because Alone\nask origin for 0+4 as #0");
    (0..4).for_each(|piece| alone.verify(0, piece, true));
    assert_eq!(alone.drain(), "completed");
    assert_eq!(alone.machine.stage(), Stage::Complete);
}

#[test]
fn alone_goes_on_where_it_stood_after_a_pause_that_doubles() {
    let mut alone = Hand::new(StrategyName::OriginOnly, 1, 4, &[2]);
    alone.tell(Input::Timer);
    assert_eq!(alone.drain(), "because Alone\nask origin for 0+2 as #0");
    alone.verify(0, 0, true);
    alone.fail(0, BUSY);
    assert_eq!(
        (alone.drain(), alone.machine.poll_timeout()),
        (String::new(), Some(MonoTime::from_millis(1000)))
    );
    alone.wait(1000);
    assert_eq!(alone.drain(), "because Alone\nask origin for 1+1 as #1");
    alone.fail(1, BUSY);
    assert_eq!(alone.machine.poll_timeout(), Some(MonoTime::from_millis(3000)));
    alone.wait(2000);
    assert_eq!(alone.drain(), "because Alone\nask origin for 1+1 as #2");
    alone.verify(2, 1, true);
    assert_eq!(alone.drain(), "because Alone\nask origin for 3+1 as #3");
    alone.fail(3, BUSY);
    assert_eq!(
        alone.machine.poll_timeout(),
        Some(MonoTime::from_millis(4000)),
        "a piece came: patience is new"
    );
}

#[test]
fn a_missing_file_is_given_up() {
    for strategy in [StrategyName::OriginOnly, StrategyName::RarestFirst, StrategyName::Rendezvous] {
        let mut hand = Hand::new(strategy, 1, 1, &[]);
        hand.tell(Input::Timer);
        hand.drain();
        hand.fail(0, Failure::Fatal);
        hand.wait(10_000);
        assert_eq!(hand.machine.stage(), Stage::Failed(GiveUp::NoSource), "{strategy}");
    }
}

#[test]
fn a_web_seed_gives_one_piece_at_a_time_and_is_not_told_to_stop() {
    let mut hand = Hand::new(StrategyName::RarestFirst, 1, 2, &[]);
    hand.tell(Input::Timer);
    let first = hand.drain();
    assert!(first.starts_with("because Alone\nask origin for ") && first.lines().count() == 2, "{first}");
    // A peer has the other piece; and then it brings the one that the origin sends too.
    let at_origin = u32::from(first.contains("for 1+1"));
    hand.meet(2, &[1 - at_origin]);
    assert_eq!(hand.drain(), format!("ask peer 2 for {}+1 as #1", 1 - at_origin));
    hand.verify(1, 1 - at_origin, true);
    assert_eq!(hand.drain(), format!("tell 2 of [{}]", 1 - at_origin));
    hand.wait(10);
    assert_eq!(hand.drain(), "");
    assert!(hand.machine.is_in_flight(RequestId::new(0)));
}

#[test]
fn the_rarest_piece_comes_first_once_there_is_something_to_give() {
    let config = Config { has_origin: false, ..Config::default() };
    let mut hand = Hand::with(StrategyName::RarestFirst, 1, 12, &[0, 1, 2, 3], config);
    hand.meet(2, &[4, 5, 6, 7, 8]);
    hand.meet(3, &[4, 5, 6, 7, 9]);
    // Two each are under way already; what is pulled next is what one peer alone has.
    hand.drain();
    hand.tell(Input::Rejected { request: RequestId::new(0) });
    hand.tell(Input::Rejected { request: RequestId::new(1) });
    hand.drain();
    hand.wait(500);
    let next = hand.drain();
    let holders =
        |line: &str| if ["for 8+", "for 9+"].iter().any(|rare| line.contains(rare)) { 1 } else { 2 };
    let order: Vec<_> = next.lines().map(holders).collect();
    assert!(order.is_sorted() && !order.is_empty(), "{next}");
}

#[test]
fn everybody_is_told_of_every_piece_at_once() {
    let mut hand = Hand::new(StrategyName::RarestFirst, 1, 1, &[]);
    hand.meet(2, &[]);
    hand.meet(3, &[]);
    hand.drain();
    hand.verify(0, 0, true);
    assert_eq!(hand.drain(), "tell 2 of [0]\ntell 3 of [0]\ncompleted");
}

#[test]
fn a_liar_is_banned_and_its_other_requests_are_taken_back() {
    let config = Config { has_origin: false, ..Config::default() };
    let mut hand = Hand::with(StrategyName::RarestFirst, 1, 4, &[], config);
    hand.meet(2, &[0, 1, 2, 3]);
    let asked = hand.drain();
    let first: u32 = asked.split(&[' ', '+'][..]).nth(4).unwrap().parse().unwrap();
    assert_eq!(asked.lines().count(), 2, "two at one peer: {asked}");
    hand.verify(0, first, false);
    assert_eq!(hand.drain(), "ban 2\ncancel #1");
}

#[test]
fn a_silent_peer_is_left_after_twenty_seconds() {
    let config = Config { has_origin: false, ..Config::default() };
    let mut hand = Hand::with(StrategyName::RarestFirst, 1, 1, &[], config);
    hand.meet(2, &[0]);
    assert_eq!(hand.drain(), "ask peer 2 for 0+1 as #0");
    hand.wait(19_999);
    assert_eq!(hand.drain(), "");
    hand.wait(1);
    assert_eq!(hand.drain(), "cancel #0");
}

#[test]
fn each_piece_has_one_owner_and_all_agree() {
    let owned = |me: u8| {
        let mut hand = Hand::new(StrategyName::Rendezvous, me, 64, &[]);
        (1..=4).filter(|peer| *peer != me).for_each(|peer| hand.meet(peer, &[]));
        let mut owned = Vec::new();
        // It fetches its own pieces one after another, in order.
        for request in 0.. {
            let Some(line) =
                hand.drain().lines().rev().find(|line| line.starts_with("ask")).map(String::from)
            else {
                break;
            };
            let piece: u32 = line.split(&[' ', '+'][..]).nth(3).unwrap().parse().unwrap();
            hand.verify(request, piece, true);
            owned.push(piece);
        }
        owned
    };
    let mut all: Vec<_> = (1..=4).flat_map(owned).collect();
    all.sort_unstable();
    // The first piece of each was asked for before it knew the others.
    all.dedup();
    assert_eq!(all, (0..64).collect::<Vec<_>>());
}

/// Forty members, two pieces, nobody does anything: who takes over after which silence.
#[test]
fn an_idle_peer_takes_over_after_five_seconds_of_silence_for_each_rank() {
    let config = || Config { discovery_wait: Duration::from_millis(250), ..Config::default() };
    let ranks: Vec<usize> = (1..=40)
        .map(|me| {
            let mut hand = Hand::with(StrategyName::Rendezvous, me, 2, &[], config());
            (1..=40).filter(|peer| *peer != me).for_each(|peer| hand.meet(peer, &[]));
            hand.wait(250);
            if !hand.drain().is_empty() {
                return 0;
            }
            hand.wait(4_749);
            assert_eq!(hand.drain(), "", "{me}: five seconds are not over");
            hand.wait(1);
            let helps_himself = |_: &usize| {
                let taken = hand.drain();
                hand.wait(5_000);
                taken.starts_with("because TakeOver\nask origin for ") && taken.lines().count() == 2
            };
            (1..=8).find(helps_himself).expect("in the end everybody does")
        })
        .collect();
    let of = |rank: usize| ranks.iter().filter(|it| **it == rank).count();
    assert!(
        (1..=2).contains(&of(0)) && (1..=2).contains(&of(1)) && of(2) <= 2,
        "one for each piece: {ranks:?}"
    );
}

#[test]
fn what_turns_up_on_the_lan_is_left_to_the_lan() {
    let mut hand = Hand::new(StrategyName::Rendezvous, 1, 1, &[]);
    hand.tell(Input::Timer);
    assert_eq!(hand.drain(), "because Owner\nask origin for 0+1 as #0");
    hand.meet(2, &[0]);
    assert_eq!(hand.drain(), "cancel #0\nask peer 2 for 0+1 as #1");
    // It says that it has the piece, and gives nothing: the owner does not wait for it a second time.
    hand.wait(20_000);
    assert_eq!(hand.drain(), "cancel #1\nbecause Owner\nask origin for 0+1 as #2");
}

/// Five who say that they have everything take turns in saying nothing.
#[test]
fn the_silent_are_not_asked_again_while_there_is_an_origin() {
    for strategy in [StrategyName::RarestFirst, StrategyName::Rendezvous] {
        let config = Config { class: CapacityClass::Never, ..Config::default() };
        let mut hand = Hand::with(strategy, 1, 1, &[], config);
        (2..=6).for_each(|peer| hand.meet(peer, &[0]));
        let mut said = String::new();
        for _ in 0..30 {
            said += &hand.drain();
            hand.wait(5_000);
        }
        assert!(said.contains("ask origin for 0+1"), "{strategy}: {said}");
        let asked = said.matches("ask peer").count();
        assert!(asked <= 6, "{strategy}: {said}");
    }
}

#[test]
fn a_delay_of_policy_holds_whoever_has_peers_to_wait_for() {
    let policy = Policy { foreground_delay: Duration::from_secs(60), ..Policy::default() };
    let config = || Config { discovery_wait: Duration::ZERO, policy, ..Config::default() };
    for strategy in [StrategyName::OriginOnly, StrategyName::RarestFirst, StrategyName::Rendezvous] {
        let mut hand = Hand::with(strategy, 1, 1, &[], config());
        hand.wait(59_999);
        assert_eq!(hand.drain().is_empty(), strategy != StrategyName::OriginOnly, "{strategy}");
        hand.wait(1);
        assert!(strategy == StrategyName::OriginOnly || hand.drain().contains("ask origin"), "{strategy}");
    }
    let mut soon = Hand::with(StrategyName::RarestFirst, 1, 1, &[], config());
    soon.wait(1);
    soon.tell(Input::Priority(swarmline_types::Priority::Background));
    assert!(soon.drain().contains("ask origin"), "the delay is that of the foreground");
}

/// Twice the 2 s that two pieces take at the rate that is assumed are left of the deadline.
#[test]
fn a_deadline_ends_the_wait_of_a_baseline_too() {
    let deadline = Some(MonoTime::from_millis(30_000));
    let policy = Policy { foreground_delay: Duration::from_secs(600), deadline, ..Policy::default() };
    let config = Config { discovery_wait: Duration::ZERO, policy, ..Config::default() };
    let mut hand = Hand::with(StrategyName::RarestFirst, 1, 2, &[], config);
    hand.wait(25_999);
    assert_eq!(hand.drain(), "");
    hand.wait(1);
    assert!(hand.drain().contains("ask origin"));
    hand.verify(0, 0, true);
    hand.verify(0, 1, true);
    hand.wait(10);
    assert_eq!(hand.machine.stage(), Stage::Complete, "a wait that is over stays over");
}

#[test]
fn who_leaves_moves_only_what_was_his() {
    let config = Config { discovery_wait: Duration::from_secs(1), ..Config::default() };
    let mut hand = Hand::with(StrategyName::Rendezvous, 1, 1, &[], config);
    (2..=40).for_each(|peer| hand.meet(peer, &[]));
    (2..=40).for_each(|peer| hand.tell(Input::PeerDown { peer: node(peer), clean: false }));
    hand.wait(1000);
    assert_eq!(hand.drain(), "because Owner\nask origin for 0+1 as #0");
}

#[test]
fn an_origin_without_ranges_is_asked_for_everything() {
    for strategy in [StrategyName::OriginOnly, StrategyName::RarestFirst, StrategyName::Rendezvous] {
        let mut hand = Hand::new(strategy, 1, 3, &[]);
        hand.tell(Input::Timer);
        hand.drain();
        hand.fail(0, Failure::NoRanges);
        hand.wait(10);
        assert!(hand.drain().ends_with("ask origin for 0+3 as #1"), "{strategy}");
    }
}

#[test]
fn the_same_seed_gives_the_same_orders() {
    let orders = || {
        let mut hand = Hand::new(StrategyName::RarestFirst, 1, 32, &[]);
        (2..=9).for_each(|peer| hand.meet(peer, &[u32::from(peer), u32::from(peer) + 10]));
        hand.drain()
    };
    assert_eq!(orders(), orders());
}

/// Who agrees with nobody is not alone for that; sums have no place of their own for it.
#[test]
fn the_origin_is_asked_for_the_reason_that_the_strategy_has() {
    for (strategy, whys) in [
        (StrategyName::OriginOnly, &[Why::Unshared][..]),
        (StrategyName::RarestFirst, &[Why::Beside]),
        (StrategyName::Rendezvous, &[Why::Owner, Why::TakeOver]),
    ] {
        let text = format!("strategy = '{strategy}'\nsite.peers = 4\ncontent.size = '4MiB'");
        let scenario = Scenario::parse(&text).unwrap();
        let traced = Traced::new(&scenario.strategy, 1 << 20);
        let outcome =
            run_with(&scenario, Options { strategy: &traced, ..Options::seeded(1) }, &mut Unwatched);
        let outcome = outcome.unwrap();
        assert!(!outcome.fetches.is_empty());
        assert!(outcome.fetches.iter().all(|fetch| whys.contains(&fetch.why)), "{:?}", outcome.fetches);
        let messages = &outcome.total.messages;
        let agreed = messages.fetches_owner + messages.fetches_take_over;
        assert_eq!(messages.fetches_alone + agreed, messages.fetches, "{strategy}");
        assert_eq!(agreed > 0, strategy == StrategyName::Rendezvous, "{strategy}");
    }
}
