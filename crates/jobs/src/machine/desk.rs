//! What all jobs share while one input is handled: the time, what is ordered, who is due, which place is free.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use swarmline_types::{MonoTime, Priority};

use super::action::{Action, AskId, CallId, Ticket, TransferId};
use super::conditions::Conditions;
use super::config::Config;
use super::notifier::Listener;
use super::slots::Slots;
use super::timers::Timers;
use crate::face::{JobId, Reply};
use crate::words::{FileTime, HResult};

/// The attempt at a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Route {
    pub(super) job: JobId,
    pub(super) file: usize,
}

/// What all jobs share.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) config: Config,
    pub(super) conditions: Conditions,
    pub(super) now: MonoTime,
    pub(super) wall: FileTime,
    pub(super) slots: Slots,
    pub(super) timers: Timers,
    /// Attempts that may still tell something: bounded by the number of files.
    pub(super) transfers: BTreeMap<TransferId, Route>,
    /// Bounded by the number of files.
    pub(super) asks: BTreeMap<AskId, JobId>,
    /// One per job at most.
    pub(super) tickets: BTreeMap<Ticket, JobId>,
    /// Jobs that this input changed.
    pub(super) touched: BTreeSet<JobId>,
    /// Orders of this input, to follow the records.
    pub(super) orders: Vec<Action>,
    /// Bytes of texts and ranges in all jobs.
    pub(super) weight: usize,
    /// Orders to be polled: bounded by what one input can cause.
    pub(super) actions: VecDeque<Action>,
    last_number: u64,
}

impl Desk {
    pub(super) fn new(config: Config) -> Self {
        let slots = Slots::new(config.running_files_max, config.foreground_reserve);
        Self {
            config,
            conditions: Conditions::default(),
            now: MonoTime::ZERO,
            wall: FileTime::ZERO,
            slots,
            timers: Timers::default(),
            transfers: BTreeMap::new(),
            asks: BTreeMap::new(),
            tickets: BTreeMap::new(),
            touched: BTreeSet::new(),
            orders: Vec::new(),
            weight: 0,
            actions: VecDeque::new(),
            last_number: 0,
        }
    }

    fn number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// A name for something asked of the driver.
    pub(super) fn ask(&mut self, job: JobId) -> AskId {
        let ask = AskId(self.number());
        self.asks.insert(ask, job);
        ask
    }

    /// A name for a callback.
    pub(super) fn ticket(&mut self, job: JobId) -> Ticket {
        let ticket = Ticket(self.number());
        self.tickets.insert(ticket, job);
        ticket
    }

    /// A name for an attempt at a file, which takes a place.
    pub(super) fn begin_transfer(&mut self, job: JobId, file: usize, class: Priority) -> TransferId {
        let transfer = TransferId(self.number());
        self.transfers.insert(transfer, Route { job, file });
        self.slots.take(class);
        transfer
    }

    pub(super) fn order(&mut self, action: Action) {
        self.orders.push(action);
    }

    pub(super) fn reply(&mut self, call: CallId, result: Result<Reply, HResult>) {
        self.order(Action::Reply { call, result });
    }

    pub(super) fn release(&mut self, listener: Option<Listener>) {
        if let Some(Listener { client, token, .. }) = listener {
            self.order(Action::ReleaseToken { client, token });
        }
    }
}
