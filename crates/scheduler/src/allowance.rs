//! The border between a content and its node: what may start.

use swarmline_types::MonoTime;

use crate::ledger::Source;

/// What the node as a whole lets a content do: buffers, origin connections, rates, priorities.
pub trait Allowance {
    /// Whether a request for `bytes` may start now. If not, the content gets [`Input::Timer`](crate::Input::Timer) when
    /// it may be worth asking again.
    fn try_start(&mut self, from: Source, bytes: u64, now: MonoTime) -> bool;
    /// A request that started is over; `received` of its `bytes` came.
    fn end(&mut self, from: Source, bytes: u64, received: u64);
    /// The content needs the line to the origin, and is getting on: until then what can wait shall leave it alone.
    /// [`MonoTime::ZERO`] when it does not any more. Default ignored.
    fn keep_line(&mut self, _until: MonoTime) {}
    /// Whether what the content lacks can be had of nobody: not of its peers, and of no origin. Then the node connects with
    /// others, if there are any. Default ignored.
    fn seek_others(&mut self, _is_stranded: bool) {}
    /// What the content is told of its node now. Default as at a node that nobody is connected with.
    fn surroundings(&self, _now: MonoTime) -> Surroundings {
        Surroundings::default()
    }
}

/// What a content is told of its node, beside what it may start.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Surroundings {
    /// There are nodes on the site that this one is not connected with: too many, or one out of reach. Then the lane's
    /// messages are passed on as rumours.
    pub needs_rumours: bool,
    /// How much of the content the node has given to peers since it was opened, in whole MiB.
    pub given_mib: u64,
    /// What peers asked the node for and it has not sent yet, of all contents, in MiB rounded up.
    pub owed_mib: u64,
    /// What the node has taken back arrives all the same, or did so in the last ten seconds, of whichever content: its own
    /// line is behind, and whoever seems to be silent may not be.
    pub gets_discards: bool,
}

/// Lets everything start; for tests of a content alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unlimited;

impl Allowance for Unlimited {
    fn try_start(&mut self, _: Source, _: u64, _: MonoTime) -> bool {
        true
    }

    fn end(&mut self, _: Source, _: u64, _: u64) {}
}
