//! A host: the machines of one node, what is under way for them, and what the simulator knows better than they do.

use std::net::{Ipv4Addr, SocketAddr};

use swarmline_scheduler::{Account, FetchReason, Node, RequestId};
use swarmline_types::{Bitfield, FlatMap, MonoTime, NodeId, PIECE_SIZE_MAX, PieceIndex, Priority, Wanted};

use crate::cast::Part;
use crate::chance::word;
use crate::link::{Inlet, Uplink};
use crate::strategy::Machine;

/// Whether a host is there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Presence {
    /// Not yet, or for a while.
    Away,
    /// Its process runs.
    Here,
    /// For good.
    Gone,
}

/// A host of a site.
pub(crate) struct Host {
    pub(crate) part: Part,
    pub(crate) id: NodeId,
    pub(crate) presence: Presence,
    /// How often it has come: what was meant for an earlier life is void.
    pub(crate) life: u32,
    /// While it is here.
    pub(crate) node: Option<Box<Node>>,
    /// For each content.
    pub(crate) contents: Vec<Driven>,
    /// Peers and the connections with them, ascending. Bounded by the node's connections.
    pub(crate) conns: Vec<(u32, u32)>,
    pub(crate) uplink: Uplink,
    pub(crate) inlet: Inlet,
    pub(crate) disk: Inlet,
    /// Blocks asked of peers, by name on the wire. Bounded by the requests in flight.
    pub(crate) wires: FlatMap<u32, Wire>,
    pub(crate) next_wire: u32,
    /// Contents with orders that were not carried out yet.
    pub(crate) dirty: u64,
    /// Something happened to it in this event: what it holds is checked at the end.
    pub(crate) is_touched: bool,
    /// When its timer goes off; [`MonoTime::NEVER`] if it does not.
    pub(crate) timer: MonoTime,
    /// Connections to the origin that stand idle and have passed their slow start.
    pub(crate) warm: u32,
    /// Its origin fetches are not read on before.
    pub(crate) held_until: Held,
    /// It has come to an end that was foreseen, and has none again.
    pub(crate) has_ended: bool,
    /// Whether its outcome is known: done, gone or given up.
    pub(crate) is_settled: bool,
    pub(crate) done: Option<MonoTime>,
    pub(crate) gone: Option<MonoTime>,
    pub(crate) gave_up: bool,
    pub(crate) sent: u64,
    pub(crate) from_origin: u64,
}

/// Until when answers of the origin are not read on: of all contents, and of those of a class.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Held {
    all: MonoTime,
    foreground: MonoTime,
    background: MonoTime,
}

impl Held {
    /// For contents of that class.
    pub(crate) fn until(&self, class: Priority) -> MonoTime {
        self.all.max(match class {
            Priority::Foreground => self.foreground,
            Priority::Background => self.background,
        })
    }

    /// Holds all, or those of a class alone.
    pub(crate) fn hold(&mut self, of: Option<Priority>, until: MonoTime) {
        let held = match of {
            None => &mut self.all,
            Some(Priority::Foreground) => &mut self.foreground,
            Some(Priority::Background) => &mut self.background,
        };
        *held = (*held).max(until);
    }
}

/// A content of a host.
pub(crate) struct Driven {
    pub(crate) wants: bool,
    /// What of it, if anything.
    pub(crate) wanted: Wanted,
    /// While it is driven.
    pub(crate) machine: Option<Box<dyn Machine>>,
    /// Pieces that came and were right, whatever the machine thinks; they outlive the process.
    pub(crate) truth: Bitfield,
    /// Bytes that it lacked when the run began.
    pub(crate) lacked: u64,
    /// Pieces asked of peers.
    pub(crate) asked: FlatMap<RequestId, Asked>,
    /// Fetches under way, by their number on the site.
    pub(crate) fetches: FlatMap<RequestId, u32>,
    /// Requests that the machine has not ended, and their bytes.
    pub(crate) books: FlatMap<RequestId, Book>,
    /// What these keep in memory.
    pub(crate) buffered: u64,
    /// A piece was judged or a request ended in this event: the books are compared at the end.
    pub(crate) is_moved: bool,
    /// What became of all bytes of this life's requests, and of earlier lives.
    pub(crate) account: Account,
    pub(crate) earlier: Account,
    /// Bytes that peers sent it.
    pub(crate) from_peers: u64,
    /// Why the latest fetch was begun.
    pub(crate) why: Option<(RequestId, FetchReason)>,
    pub(crate) done: Option<MonoTime>,
}

/// A piece asked of a peer.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) peer: u32,
    pub(crate) piece: PieceIndex,
    pub(crate) size: u32,
    /// Blocks asked for so far.
    pub(crate) next_block: u32,
    /// Bytes that came, of all blocks.
    pub(crate) received: u64,
    /// A byte of it is wrong.
    pub(crate) is_bad: bool,
}

/// A block under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wire {
    pub(crate) content: usize,
    pub(crate) request: RequestId,
    pub(crate) size: u32,
    pub(crate) received: u64,
}

/// The bytes of a request.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Book {
    pub(crate) size: u64,
    pub(crate) received: u64,
    pub(crate) judged: u64,
}

impl Host {
    pub(crate) fn is_here(&self) -> bool {
        self.presence == Presence::Here
    }

    pub(crate) fn conn_with(&self, peer: u32) -> Option<u32> {
        let at = self.conns.binary_search_by_key(&peer, |(peer, _)| *peer).ok()?;
        Some(self.conns[at].1)
    }

    pub(crate) fn add_conn(&mut self, peer: u32, conn: u32) {
        match self.conns.binary_search_by_key(&peer, |(peer, _)| *peer) {
            Ok(at) => self.conns[at].1 = conn,
            Err(at) => self.conns.insert(at, (peer, conn)),
        }
    }

    pub(crate) fn remove_conn(&mut self, peer: u32) {
        if let Ok(at) = self.conns.binary_search_by_key(&peer, |(peer, _)| *peer) {
            self.conns.remove(at);
        }
    }

    /// Whether it has all that it wants.
    pub(crate) fn has_all(&self) -> bool {
        self.contents.iter().all(|content| !content.wants || content.done.is_some())
    }
}

impl Driven {
    pub(crate) fn new(wants: bool, wanted: Wanted, truth: Bitfield, lacked: u64) -> Self {
        Self {
            wants,
            wanted,
            machine: None,
            truth,
            lacked,
            asked: FlatMap::new(),
            fetches: FlatMap::new(),
            books: FlatMap::new(),
            buffered: 0,
            is_moved: false,
            account: Account::default(),
            earlier: Account::default(),
            from_peers: 0,
            why: None,
            done: None,
        }
    }

    /// The process ends, and with it all that was under way.
    pub(crate) fn end_life(&mut self) {
        self.machine = None;
        self.asked.clear();
        self.fetches.clear();
        let open: Vec<_> = self.books.keys().copied().collect();
        open.into_iter().for_each(|request| self.close_book(request));
        let of_life = std::mem::take(&mut self.account);
        self.earlier.received += of_life.received;
        self.earlier.kept += of_life.kept;
        self.earlier.duplicate += of_life.duplicate;
        self.earlier.failed_hash += of_life.failed_hash;
        self.earlier.cancelled += of_life.cancelled;
    }

    /// Whether all that is wanted of it is here.
    pub(crate) fn is_here(&self) -> bool {
        self.truth.missing().all(|piece| !self.wanted.has(piece))
    }

    /// A request begins. Of a stream from the origin no more than its current piece is in memory.
    pub(crate) fn open_book(&mut self, request: RequestId, size: u64) {
        self.buffered += buffered(size);
        self.books.insert(request, Book { size, ..Book::default() });
    }

    /// Bytes of a request came; `received` in all.
    pub(crate) fn book(&mut self, request: RequestId, received: u64) {
        if let Some(book) = self.books.get_mut(&request) {
            let received = received.min(book.size);
            self.account.received += received.saturating_sub(book.received);
            book.received = book.received.max(received);
        }
    }

    /// Nothing more of a request counts: what was not judged was in vain.
    pub(crate) fn close_book(&mut self, request: RequestId) {
        if let Some(book) = self.books.remove(&request) {
            self.is_moved = true;
            self.buffered -= buffered(book.size);
            self.account.cancelled += book.received - book.judged;
        }
    }
}

fn buffered(size: u64) -> u64 {
    size.min(u64::from(PIECE_SIZE_MAX))
}

/// The node id of a host: a hash, so that ranks are fair, that ends with the host's number, so that it is found at once.
pub(crate) fn id_of(seed: u64, host: u32) -> NodeId {
    let mut bytes = [0; 32];
    for (place, part) in bytes.chunks_exact_mut(8).enumerate() {
        let entity = u64::from(host) << 2 | u64::try_from(place).unwrap_or_default();
        part.copy_from_slice(&word(seed, entity, 0xd1).to_le_bytes());
    }
    bytes[28..].copy_from_slice(&host.to_be_bytes());
    NodeId::new(bytes)
}

/// The host of a node id.
pub(crate) fn host_of(id: &NodeId) -> u32 {
    let bytes = id.as_bytes();
    u32::from_be_bytes([bytes[28], bytes[29], bytes[30], bytes[31]])
}

/// Where a host accepts connections.
pub(crate) fn addr_of(host: u32) -> SocketAddr {
    let [_, a, b, c] = host.to_be_bytes();
    (Ipv4Addr::new(10, a, b, c), 4001).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_names_its_host_and_the_seed_names_the_id() {
        for host in [0, 1, 255, 99_999] {
            assert_eq!(host_of(&id_of(7, host)), host);
        }
        assert_ne!(id_of(7, 1), id_of(8, 1));
        assert_ne!(id_of(7, 1).as_bytes()[..8], id_of(7, 2).as_bytes()[..8]);
    }
}
