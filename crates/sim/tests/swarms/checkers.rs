//! Every rule that a scheduler can break, broken: the run ends there, and says which and by whom.

use std::collections::VecDeque;

use swarmline_scheduler::config::{CLAIMS_MAX, MEMBERS_KNOWN_MAX};
use swarmline_scheduler::{Action, Allowance, Content, Input, Ledger, RequestId, Source, Stage, Unlimited};
use swarmline_sim::{Broken, Machine, Opening, Options, Scenario, Strategy, Unwatched, run_with};
use swarmline_types::message::ContentMessage;
use swarmline_types::{Bitfield, MonoTime, NodeId, PieceRange};

/// What is wrong with a machine that is the production one otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// Marks the last piece as soon as the first came.
    Marks,
    /// Tells its peers to have all, and believes it.
    Announces,
    /// Orders `Completed` when half is there.
    Completes,
    /// Stands as complete from the first piece on.
    Stands,
    /// Has all, and never says so.
    Conceals,
    /// Books nothing.
    ForgetsBooks,
    /// Books what came of the origin alone.
    ForgetsPeers,
    /// Starts whatever it likes.
    Overdraws,
    /// Asks the origin for all pieces, one by one.
    FloodsOrigin,
    /// Asks its first peer for all pieces at once.
    FloodsPeer,
    /// Forgets no claim.
    HoardsClaims,
    /// Forgets no member.
    HoardsMembers,
}

use Fault::*;

impl Strategy for Fault {
    fn name(&self) -> &'static str {
        "broken"
    }

    fn open(&self, opening: Opening) -> Box<dyn Machine> {
        let Opening { config, content, layout, have, me, seed, now } = opening;
        Box::new(Rotten {
            fault: *self,
            all: Bitfield::all(&layout),
            marked: have.clone(),
            books: Ledger::default(),
            orders: VecDeque::new(),
            has_begun: false,
            sound: Content::new(config, content, layout, have, me, seed, now),
        })
    }
}

struct Rotten {
    fault: Fault,
    all: Bitfield,
    marked: Bitfield,
    books: Ledger,
    orders: VecDeque<Action>,
    has_begun: bool,
    sound: Content,
}

impl Rotten {
    fn pieces(&self) -> u32 {
        self.all.piece_count()
    }

    fn on_peer(&mut self, peer: NodeId) {
        if self.fault == Announces {
            let message = ContentMessage::Bitmap(self.all.clone());
            self.orders.push_back(Action::Send { to: peer, message });
        }
        if self.fault == FloodsPeer {
            self.ask_for_all(Source::Peer(peer));
        }
    }

    fn ask_for_all(&mut self, from: Source) {
        let orders = self.all.pieces().zip(1 << 32..).map(|(piece, name)| Action::Request {
            request: RequestId::new(name),
            from,
            pieces: PieceRange::one(piece),
        });
        self.orders.extend(orders);
    }

    fn on_came(&mut self) {
        self.marked = self.sound.have().clone();
        match self.fault {
            Marks => _ = self.all.pieces().last().map(|last| self.marked.insert(last)),
            Completes if self.marked.count() == self.pieces() / 2 => {
                self.orders.push_back(Action::Completed);
            }
            _ => (),
        }
    }
}

impl Machine for Rotten {
    fn handle(&mut self, input: Input, allowance: &mut dyn Allowance, now: MonoTime) {
        let (peer, has_come) = match &input {
            Input::PeerUp { peer, .. } => (Some(*peer), false),
            Input::Verified { ok, .. } => (None, *ok),
            _ => (None, false),
        };
        match self.fault {
            Overdraws => self.sound.handle(input, &mut Unlimited, now),
            _ => self.sound.handle(input, allowance, now),
        }
        peer.into_iter().for_each(|peer| self.on_peer(peer));
        if has_come {
            self.on_came();
        }
        if self.fault == FloodsOrigin && !std::mem::replace(&mut self.has_begun, true) {
            self.ask_for_all(Source::Origin);
        }
    }

    fn poll_action(&mut self) -> Option<Action> {
        let of_sound = || self.sound.poll_action();
        match self.orders.pop_front().or_else(of_sound)? {
            Action::Completed if self.fault == Conceals => self.poll_action(),
            order => Some(order),
        }
    }

    fn poll_timeout(&self) -> Option<MonoTime> {
        self.sound.poll_timeout()
    }

    fn stage(&self) -> Stage {
        match self.fault {
            Stands if self.have().count() > 0 => Stage::Complete,
            Conceals => Stage::Fetching,
            _ => self.sound.stage(),
        }
    }

    fn have(&self) -> &Bitfield {
        match self.fault {
            Announces => &self.all,
            Marks => &self.marked,
            _ => self.sound.have(),
        }
    }

    fn ledger(&self) -> Option<&Ledger> {
        let forgets = match self.fault {
            ForgetsBooks => true,
            ForgetsPeers => self.sound.ledger().peers().received > 0,
            _ => false,
        };
        Some(if forgets { &self.books } else { self.sound.ledger() })
    }

    fn is_in_flight(&self, request: RequestId) -> bool {
        self.sound.is_in_flight(request)
    }

    fn claimed_runs(&self) -> usize {
        if self.fault == HoardsClaims { CLAIMS_MAX + 1 } else { self.sound.claimed_runs() }
    }

    fn member_count(&self) -> usize {
        if self.fault == HoardsMembers { 2 * MEMBERS_KNOWN_MAX } else { self.sound.member_count() }
    }
}

/// How a run with such machines ends: the rule, what was found, and after how many events.
fn broken(fault: Fault, more: &str) -> (&'static str, String, u64) {
    let text = format!("content.size = '20MiB'\ncontent.piece = '64KiB'\nsite.peers = 4\n{more}");
    let options = Options { strategy: &fault, ..Options::seeded(3) };
    match run_with(&Scenario::parse(&text).unwrap(), options, &mut Unwatched) {
        Err(Broken::Invariant { rule, what, peer: Some(_), events, .. }) => (rule, what, events),
        other => panic!("{fault:?}: {:?}", other.map(|outcome| outcome.total)),
    }
}

#[track_caller]
fn assert_broken(fault: Fault, rule: &str, what: &str) {
    let found = broken(fault, "");
    assert!(found.0 == rule && found.1.contains(what), "{fault:?}: {found:?}");
}

#[test]
fn what_never_came_is_not_marked() {
    assert_broken(Marks, "what is marked as had was verified", " are marked, ");
}

#[test]
fn what_never_came_is_not_served() {
    assert_broken(Announces, "no unverified byte is served", "was never verified");
}

#[test]
fn nobody_is_done_before_it_has_all() {
    let rule = "who says to have all has it";
    assert_broken(Completes, rule, "160 of 320 pieces that are wanted came");
    assert_broken(Stands, rule, " of 320 pieces that are wanted came");
}

#[test]
fn who_has_all_says_so() {
    assert_broken(Conceals, "who has all says so", "all pieces that are wanted came, and it is Fetching");
}

#[test]
fn what_came_is_booked() {
    assert_broken(ForgetsBooks, "the ledger balances", "the machine books Account { received: 0");
    assert_broken(ForgetsPeers, "the ledger balances", "the machine books Account { received: 0");
}

#[test]
fn no_more_is_begun_than_the_node_allows() {
    let rule = "everything has a bound";
    assert_broken(FloodsOrigin, rule, "origin requests, and 24 may be");
    assert_broken(FloodsPeer, rule, "pieces asked of peers, and 256 may be");
    let found = broken(Overdraws, "scheduler.buffer_bytes_max = '1MiB'");
    assert!(found.0 == rule && found.1.ends_with("bytes, and 1048576 may be kept"), "{found:?}");
}

#[test]
fn what_is_remembered_has_a_bound() {
    assert_broken(HoardsClaims, "everything has a bound", "4097 runs with claims, and 4096 may be");
    assert_broken(HoardsMembers, "everything has a bound", "4096 members, and ");
}

/// A rule is not asked now and then, but when it is broken.
#[test]
fn a_broken_rule_ends_the_run_in_the_event_that_breaks_it() {
    let every = |events: &str| broken(Marks, &format!("check.every = {events}"));
    assert_eq!(every("0"), every("1"));
    assert_eq!(every("0"), every("1000000"));
}
