//! What is in flight: every request to a peer or the origin, and how its bytes are booked.

use swarmline_types::{FlatMap, MonoTime, NodeId, PieceIndex, PieceRange};

use crate::coverage::Coverage;
use crate::ledger::{Ledger, Source};

/// Name of a request; never used twice by one content.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RequestId(u64);

impl RequestId {
    /// A name for a request of another scheduler behind the same border; [`Content`](crate::Content) makes its own.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number, for display and for tables of the driver.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// A request that is not over.
#[derive(Debug)]
pub(crate) struct InFlight {
    pub(crate) source: Source,
    pub(crate) pieces: PieceRange,
    pub(crate) started: MonoTime,
    pub(crate) last_progress: MonoTime,
    /// Content bytes that arrived.
    pub(crate) received: u64,
    /// Of these, bytes of pieces whose hash was checked.
    judged: u64,
    /// Of `pieces`, how many were not checked yet.
    unjudged_pieces: u32,
    /// What the node's allowance was charged.
    pub(crate) size: u64,
}

impl InFlight {
    pub(crate) fn peer(&self) -> Option<NodeId> {
        match self.source {
            Source::Peer(peer) => Some(peer),
            Source::Origin => None,
        }
    }

    /// Whether four fifths of what was not checked yet are here: too much to be thrown away.
    pub(crate) fn is_nearly_here(&self) -> bool {
        let (here, all) = (self.received - self.judged.min(self.received), self.size - self.judged);
        here * 5 >= all * 4
    }
}

/// What became of a piece.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    Kept,
    Duplicate,
    Bad,
}

/// All requests of one content. Bounded by the lane's window and the mesh's limit on requests in flight.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    next: u64,
    in_flight: FlatMap<RequestId, InFlight>,
    at_peers: usize,
    /// Goes up with every request that begins or ends.
    changes: u32,
}

impl Requests {
    pub(crate) fn start(
        &mut self,
        source: Source,
        pieces: PieceRange,
        coverage: &mut Coverage,
        now: MonoTime,
    ) -> RequestId {
        let id = RequestId(self.next);
        self.next += 1;
        self.changes += 1;
        self.at_peers += usize::from(source != Source::Origin);
        pieces.pieces().for_each(|piece| coverage.add_copy(piece));
        let size = coverage.runs().layout().span(pieces).size();
        let request = InFlight {
            source,
            pieces,
            started: now,
            last_progress: now,
            received: 0,
            judged: 0,
            unjudged_pieces: pieces.count(),
            size,
        };
        self.in_flight.insert(id, request);
        id
    }

    pub(crate) fn get(&self, id: RequestId) -> Option<&InFlight> {
        self.in_flight.get(&id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (RequestId, &InFlight)> {
        self.in_flight.iter().map(|(id, request)| (*id, request))
    }

    /// Goes up with every request that begins or ends.
    pub(crate) fn changes(&self) -> u32 {
        self.changes
    }

    /// Requests to anybody.
    pub(crate) fn len(&self) -> usize {
        self.in_flight.len()
    }

    /// Requests to peers.
    pub(crate) fn at_peers(&self) -> usize {
        self.at_peers
    }

    /// `received` bytes have come in all. `true` if that is more than before.
    pub(crate) fn progress(
        &mut self,
        id: RequestId,
        received: u64,
        ledger: &mut Ledger,
        now: MonoTime,
    ) -> bool {
        let Some(request) = self.in_flight.get_mut(&id) else { return false };
        let received = received.min(request.size);
        let new = received.saturating_sub(request.received);
        if new > 0 {
            request.received = received;
            request.last_progress = now;
            ledger.entry(request.source).received += new;
        }
        new > 0
    }

    /// The hash of one of its pieces was checked. `true` if it was the last.
    pub(crate) fn judge(
        &mut self,
        id: RequestId,
        piece: PieceIndex,
        verdict: Verdict,
        coverage: &Coverage,
        ledger: &mut Ledger,
        now: MonoTime,
    ) -> bool {
        let Some(request) = self.in_flight.get_mut(&id) else { return false };
        let size = u64::from(coverage.runs().layout().size_of(piece));
        request.judged = (request.judged + size).min(request.size);
        request.unjudged_pieces = request.unjudged_pieces.saturating_sub(1);
        let (received, is_last) = (request.received.max(request.judged), request.unjudged_pieces == 0);
        let account = ledger.entry(request.source);
        match verdict {
            Verdict::Kept => account.kept += size,
            Verdict::Duplicate => account.duplicate += size,
            Verdict::Bad => account.failed_hash += size,
        }
        self.progress(id, received, ledger, now);
        is_last
    }

    /// The request is over: what was not checked was in vain.
    pub(crate) fn end(
        &mut self,
        id: RequestId,
        coverage: &mut Coverage,
        ledger: &mut Ledger,
    ) -> Option<InFlight> {
        let request = self.in_flight.remove(&id)?;
        self.changes += 1;
        self.at_peers -= usize::from(request.source != Source::Origin);
        request.pieces.pieces().for_each(|piece| coverage.remove_copy(piece));
        ledger.entry(request.source).cancelled += request.received - request.judged;
        Some(request)
    }
}
