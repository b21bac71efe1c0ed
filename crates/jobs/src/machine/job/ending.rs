//! The two ends of a job: handed over, or discarded.
//!
//! Both are written down before anything is done on disk, so that a process that dies half-way is followed by one that
//! finishes. The record goes last.

use std::collections::BTreeSet;

use super::super::action::{Action, CallId};
use super::super::desk::Desk;
use super::super::timers::Due;
use super::flow::{place, plain_error};
use super::{Busy, Job, Save, Stage};
use crate::face::{ClientId, FileId, Reply};
use crate::words::{HResult, Phase};

impl Job {
    /// Everything is removed. A call that ordered it is answered when that is done.
    pub(in super::super) fn discard(&mut self, desk: &mut Desk, call: Option<CallId>) {
        let untouched = self.phase() == Phase::New;
        self.halt(desk);
        self.enter(desk, Phase::Discarded);
        let files = if untouched { 0..0 } else { 0..self.live.len() };
        self.remove(desk, files.collect(), call);
    }

    /// It reached its greatest age.
    pub(in super::super) fn age(&mut self, desk: &mut Desk) {
        self.kept.error = Some(plain_error(HResult::DO_E_JOB_TOO_OLD, None));
        self.discard(desk, None);
    }

    /// Removes what is left of these files, then the record.
    pub(in super::super) fn remove(&mut self, desk: &mut Desk, files: Vec<usize>, call: Option<CallId>) {
        let id = self.id();
        let discarded = self.phase() == Phase::Discarded;
        let mut asks = BTreeSet::new();
        for file in files {
            let ask = desk.ask(id);
            asks.insert(ask);
            let record = &self.kept.files[file];
            desk.order(Action::Discard {
                ask,
                job: id,
                file: FileId(place(file)),
                path: record.path.clone(),
                placeholder: discarded && record.placeholder,
            });
        }
        self.busy = Some(Busy::Discarding { asks, call });
        self.removed(desk);
    }

    /// The last order to remove something may be carried out.
    pub(in super::super) fn removed(&mut self, desk: &mut Desk) {
        if let Some(Busy::Discarding { asks, call }) = &self.busy
            && asks.is_empty()
        {
            let call = *call;
            self.busy = None;
            self.finish(desk, call);
        }
    }

    /// Nothing but its memory is left.
    fn finish(&mut self, desk: &mut Desk, call: Option<CallId>) {
        let id = self.id();
        self.over = true;
        desk.order(Action::Forget { job: id });
        if let Some(call) = call {
            desk.reply(call, Ok(Reply::Done));
        }
        for live in &mut self.live {
            if let Some((client, token)) = live.stream.take() {
                desk.order(Action::ReleaseToken { client, token });
            }
            if let Some(transfer) = live.arrived_by.take() {
                desk.transfers.remove(&transfer);
            }
        }
        self.notifier.close();
        desk.touched.insert(id);
    }

    /// What is here gets its name, the rest is dropped.
    pub(in super::super) fn complete(&mut self, desk: &mut Desk, call: Option<CallId>, user: u32) {
        self.halt(desk);
        if self.phase().is_active() {
            self.enter(desk, Phase::Suspended);
        }
        self.kept.completing_for = Some(user);
        self.changed_by_call(desk);
        self.hand_over_next(desk, call, user);
    }

    fn hand_over_next(&mut self, desk: &mut Desk, call: Option<CallId>, user: u32) {
        let id = self.id();
        let next = self.kept.files.iter().position(|file| file.here && !file.placed && file.path.is_some());
        if let Some(file) = next {
            let ask = desk.ask(id);
            self.busy = Some(Busy::HandingOver { ask, call, file, user });
            let path = self.kept.files[file].path.clone().unwrap_or_default();
            desk.order(Action::HandOver { ask, job: id, file: FileId(place(file)), user, path });
            return;
        }
        self.kept.completing_for = None;
        let untouched = self.phase() == Phase::New;
        self.enter(desk, Phase::HandedOver);
        let dropped =
            (0..self.live.len()).filter(|file| !untouched && !self.kept.files[*file].here).collect();
        self.remove(desk, dropped, call);
    }

    /// A file has its name, or could not get it: then those before it have theirs, and the job stays.
    pub(in super::super) fn on_handed_over(
        &mut self,
        desk: &mut Desk,
        (file, user): (usize, u32),
        call: Option<CallId>,
        result: Result<(), HResult>,
    ) {
        match result {
            Ok(()) => {
                self.kept.files[file].placed = true;
                self.changed(desk);
                self.hand_over_next(desk, call, user);
            }
            Err(code) => {
                self.kept.completing_for = None;
                self.changed_by_call(desk);
                if let Some(call) = call {
                    desk.reply(call, Err(code));
                }
            }
        }
    }

    /// A download's result is permanent.
    pub(in super::super) fn finalize(&mut self, desk: &mut Desk, call: CallId) {
        self.enter(desk, Phase::HandedOver);
        self.remove(desk, Vec::new(), Some(call));
    }

    /// Goes on with an end that a process before this one began. Returns whether there was one.
    pub(in super::super) fn take_up_end(&mut self, desk: &mut Desk) -> bool {
        let volatile = self.modern().is_some_and(|modern| !modern.non_volatile);
        let placed = self.kept.files.iter().all(|file| file.placed);
        match (self.phase(), self.kept.completing_for) {
            (Phase::HandedOver, _) => {
                let dropped = (0..self.live.len()).filter(|file| !self.kept.files[*file].here).collect();
                self.remove(desk, dropped, None);
            }
            (Phase::Discarded, _) => self.remove(desk, (0..self.live.len()).collect(), None),
            (_, Some(user)) => self.hand_over_next(desk, None, user),
            // What stands under its name was delivered; only its owner's process is gone.
            _ if volatile && placed => {
                self.kept.phase = Phase::HandedOver;
                self.remove(desk, Vec::new(), None);
            }
            _ if volatile => {
                self.kept.phase = Phase::Discarded;
                self.remove(desk, (0..self.live.len()).collect(), None);
            }
            _ => return false,
        }
        true
    }

    /// A client is gone, and with it what it gave: its callback, its streams.
    pub(in super::super) fn on_client_gone(&mut self, desk: &mut Desk, client: ClientId) {
        if self.notifier.listener().is_some_and(|listener| listener.client == client) {
            self.notifier.lose();
            desk.touched.insert(self.id());
        }
        let mut broken = None;
        for (file, live) in self.live.iter_mut().enumerate() {
            if live.stream.is_some_and(|(owner, _)| owner == client) {
                live.stream = None;
                if live.stage != Stage::Here {
                    broken.get_or_insert(file);
                }
            }
        }
        if let Some(file) = broken {
            self.fail(desk, plain_error(HResult::RPC_E_DISCONNECTED, Some(place(file))));
        }
    }

    /// Its record, if it has to be written now.
    pub(in super::super) fn take_save(&mut self, desk: &mut Desk) -> Option<Action> {
        if self.save != Save::Now || self.over {
            return None;
        }
        self.save = Save::No;
        desk.timers.set(Due::Save(self.id()), None);
        Some(Action::Save { job: self.id(), record: Box::new(self.kept.clone()) })
    }
}
