//! The ledger: where every received byte came from and what became of it.

use swarmline_types::{FlatMap, NodeId};

/// Where bytes come from.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Source {
    /// The HTTP origin.
    Origin,
    /// A node of the site.
    Peer(NodeId),
}

/// Bytes from one source. `received` is always the sum of the other four plus what is still in flight.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Account {
    /// Content bytes that arrived.
    pub received: u64,
    /// Passed their hash and were new.
    pub kept: u64,
    /// Passed their hash, but somebody else was faster.
    pub duplicate: u64,
    /// Did not pass their hash.
    pub failed_hash: u64,
    /// Arrived of a request that was cancelled or broke off.
    pub cancelled: u64,
}

impl Account {
    /// Bytes of pieces that are not decided yet.
    pub fn in_flight(&self) -> u64 {
        self.received - self.kept - self.duplicate - self.failed_hash - self.cancelled
    }

    fn add(&mut self, other: &Self) {
        self.received += other.received;
        self.kept += other.kept;
        self.duplicate += other.duplicate;
        self.failed_hash += other.failed_hash;
        self.cancelled += other.cancelled;
    }
}

/// Accounts of one content by source. Bounded: peers that come after the first [`SOURCES_MAX`] share one account,
/// [`others`](Self::others).
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    accounts: FlatMap<Source, Account>,
    others: Account,
}

/// Peers with an account of their own.
pub const SOURCES_MAX: usize = 1024;

impl Ledger {
    /// The account of one source.
    pub fn of(&self, source: Source) -> Account {
        self.accounts.get(&source).copied().unwrap_or_default()
    }

    /// All sources that have an account.
    pub fn accounts(&self) -> impl Iterator<Item = (Source, Account)> + '_ {
        self.accounts.iter().map(|(source, account)| (*source, *account))
    }

    /// What came from peers too many to list.
    pub fn others(&self) -> Account {
        self.others
    }

    /// All peers together.
    pub fn peers(&self) -> Account {
        let mut sum = self.others;
        self.accounts()
            .filter(|(source, _)| *source != Source::Origin)
            .for_each(|(_, account)| sum.add(&account));
        sum
    }

    pub(crate) fn entry(&mut self, source: Source) -> &mut Account {
        if self.accounts.len() > SOURCES_MAX && !self.accounts.contains_key(&source) {
            return &mut self.others;
        }
        self.accounts.get_or_insert_with(source, Account::default)
    }
}
