//! The rules for one host, each by what the simulator knows better than its machines.

use swarmline_proto::wire::REQUEST_MAX;
use swarmline_scheduler::config::{CLAIMS_MAX, MEMBERS_KNOWN_MAX, OUTSIDERS_MAX};
use swarmline_scheduler::{Account, BANS_MAX, Stage};

use super::Bounds;
use crate::host::{Driven, Host};

/// A rule, and what is found instead.
pub(super) type Fault = (&'static str, String);

pub(super) const SERVED: &str = "no unverified byte is served";
pub(super) const ENDS: &str = "a run ends";
pub(super) const LINES: &str = "no line is faster than it is";
pub(super) const FASTEST: &str = "nobody is faster than possible";
const HAD: &str = "what is marked as had was verified";
const FINISHED: &str = "who says to have all has it";
const TOLD: &str = "who has all says so";
const BALANCES: &str = "the ledger balances";
const BOUND: &str = "everything has a bound";

/// Answers in the making: what the node lets be at a time, and one slice of an answer that was taken back.
const ANSWERS_MAX: usize = 5;
/// Pieces asked of peers at a time, of one content: the scheduler's most, with the smallest pieces, and probes.
const ASKED_MAX: usize = 256;
/// Bytes in a serving queue: eight pieces of the usual size.
const QUEUE_BYTES_MAX: usize = 8 << 20;
/// Beyond that, of each peer: blocks of a piece that was begun, and one for which another was given up.
const BLOCKS_BEYOND_MAX: usize = 5;

/// All that is wanted of a content is there.
pub(super) fn finished(driven: &Driven) -> Option<Fault> {
    let wanted = driven.wanted.pieces();
    let what = |came: usize| format!("{came} of {} pieces that are wanted came", wanted.count());
    let came = || driven.wanted.pieces().filter(|piece| driven.truth.has(*piece)).count();
    (!driven.is_here()).then(|| (FINISHED, what(came())))
}

/// What a host holds at a time. A few comparisons for each content.
pub(super) fn bounded(host: &Host, bounds: &Bounds) -> Option<Fault> {
    let connections = host.conns.len();
    let fetches = host.contents.iter().map(|driven| driven.fetches.len()).sum();
    over("answers in the making", host.uplink.len(), ANSWERS_MAX)
        .or_else(|| over("connections", connections, bounds.connections))
        .or_else(|| over("origin requests", fetches, bounds.origin_requests))
        .or_else(|| buffered(host, bounds))
        .or_else(|| host.contents.iter().find_map(|driven| bounded_content(driven, bounds)))
        .or_else(|| {
            let node = host.node.as_ref()?;
            let waiting_max = QUEUE_BYTES_MAX + bounds.connections * BLOCKS_BEYOND_MAX * REQUEST_MAX as usize;
            let owed_max = waiting_max + ANSWERS_MAX * REQUEST_MAX as usize;
            let owed = usize::try_from(node.owed_bytes()).unwrap_or(usize::MAX);
            over("bans", node.ban_count(), BANS_MAX).or_else(|| over("bytes owed to peers", owed, owed_max))
        })
}

/// One request always fits, however large.
fn buffered(host: &Host, bounds: &Bounds) -> Option<Fault> {
    let bytes: u64 = host.contents.iter().map(|driven| driven.buffered).sum();
    if bytes <= bounds.buffer_bytes {
        return None;
    }
    let requests: usize = host.contents.iter().map(|driven| driven.books.len()).sum();
    let what = format!("{requests} requests keep {bytes} bytes, and {} may be kept", bounds.buffer_bytes);
    (requests > 1).then_some((BOUND, what))
}

fn bounded_content(driven: &Driven, bounds: &Bounds) -> Option<Fault> {
    let machine = driven.machine.as_ref()?;
    let members_max = MEMBERS_KNOWN_MAX + OUTSIDERS_MAX + bounds.connections;
    over("pieces asked of peers", driven.asked.len(), ASKED_MAX)
        .or_else(|| over("runs with claims", machine.claimed_runs(), CLAIMS_MAX))
        .or_else(|| over("members", machine.member_count(), members_max))
}

fn over(of_what: &str, there: usize, most: usize) -> Option<Fault> {
    (there > most).then(|| (BOUND, format!("{there} {of_what}, and {most} may be")))
}

/// What the machine of a content believes, against what came of its orders. Walks the machine's accounts, one for each
/// peer that sent something, and its bitmap.
pub(super) fn driven(driven: &Driven) -> Option<Fault> {
    let machine = driven.machine.as_ref()?;
    if *machine.have() != driven.truth {
        let (marked, came) = (machine.have().count(), driven.truth.count());
        return Some((HAD, format!("{marked} are marked, {came} came")));
    }
    let stage = machine.stage();
    let is_told = stage.is_satisfied() && driven.done.is_some() || matches!(stage, Stage::Failed(_));
    if !is_told && driven.is_here() {
        return Some((TOLD, format!("all pieces that are wanted came, and it is {stage:?}")));
    }
    if let Some(fault) = finished(driven).filter(|_| stage.is_satisfied() || driven.done.is_some()) {
        return Some(fault);
    }
    let mut of_machine = Account::default();
    let ledger = machine.ledger()?;
    let accounts = ledger.accounts().map(|(_, account)| account).chain([ledger.others()]);
    accounts.for_each(|account| {
        of_machine.received += account.received;
        of_machine.kept += account.kept;
        of_machine.duplicate += account.duplicate;
        of_machine.failed_hash += account.failed_hash;
        of_machine.cancelled += account.cancelled;
    });
    (of_machine != driven.account)
        .then(|| (BALANCES, format!("the machine books {of_machine:?}, and {:?} came", driven.account)))
}

/// The simulator's own books: whatever came was judged, came in vain, or is of a request that is open. Walks these.
pub(super) fn booked(driven: &Driven) -> Option<Fault> {
    let account = &driven.account;
    let open: u64 = driven.books.values().map(|book| book.received - book.judged).sum();
    let sum = account.kept + account.duplicate + account.failed_hash + account.cancelled + open;
    (sum != account.received)
        .then(|| (BALANCES, format!("{account:?} and {open} bytes of open requests came")))
}
