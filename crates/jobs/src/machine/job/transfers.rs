//! What a transfer tells of its file, and what follows for the job.

use super::super::action::{Action, TransferId};
use super::super::desk::Desk;
use super::super::fault::Fault;
use super::super::input::TransferEvent;
use super::flow::{place, plain_error};
use super::{Job, Save, Stage};
use crate::face::FileId;
use crate::words::{HResult, Traffic};

/// Longest header block that is kept of an answer, in bytes.
const HEADERS_MAX: usize = 8 << 10;

impl Job {
    /// The attempt at a file is of no use any longer; another one waits for a place.
    pub(in super::super) fn start_over(&mut self, desk: &mut Desk, file: usize) {
        if let Stage::Fetching { transfer, .. } = self.live[file].stage {
            self.leave(desk, file);
            desk.order(Action::Stop { transfer });
        }
        self.live[file].stage = Stage::Waiting;
        desk.slots.enqueue(self.id(), self.class());
        self.settle(desk);
    }

    /// What a transfer tells. The route was looked up by its name, so it is a present one or one that arrived.
    pub(in super::super) fn on_transfer(
        &mut self,
        desk: &mut Desk,
        file: usize,
        transfer: TransferId,
        event: TransferEvent,
    ) {
        let present =
            matches!(self.live[file].stage, Stage::Fetching { transfer: own, .. } if own == transfer);
        match event {
            TransferEvent::Progress { traffic, .. } if self.live[file].arrived_by == Some(transfer) => {
                self.count(file, traffic);
            }
            _ if !present => {}
            TransferEvent::Started => self.on_started(desk, file),
            TransferEvent::Size(size) => self.on_size(desk, file, size),
            TransferEvent::Headers(mut headers) => {
                headers.truncate(headers.floor_char_boundary(HEADERS_MAX));
                self.live[file].headers = Some(headers);
            }
            TransferEvent::Mode(mode) => {
                self.kept.files[file].mode = Some(mode);
                self.save_at_least(Save::Soon);
            }
            TransferEvent::Progress { transferred, traffic } => {
                self.on_bytes(desk, file, transferred, traffic)
            }
            TransferEvent::Arrived => self.on_arrived(desk, file, transfer),
            TransferEvent::Failed(fault) => self.on_failed(desk, file, &fault),
        }
    }

    fn on_started(&mut self, desk: &mut Desk, file: usize) {
        if let Stage::Fetching { since, .. } = &mut self.live[file].stage {
            since.get_or_insert(desk.now);
        }
        self.settle(desk);
    }

    fn on_size(&mut self, desk: &mut Desk, file: usize, size: u64) {
        let record = &mut self.kept.files[file];
        record.size = Some(size);
        let refused = if record.size_given.is_some_and(|given| given != size) {
            Some(HResult::DO_E_HTTP_BLOCKSIZE_MISMATCH)
        } else {
            record.ranges.iter().find_map(|range| range.length_in(size).err())
        };
        self.changed(desk);
        if let Some(code) = refused {
            self.fail(desk, plain_error(code, Some(place(file))));
        }
    }

    fn on_bytes(&mut self, desk: &mut Desk, file: usize, transferred: u64, traffic: Traffic) {
        let wanted = self.wanted(file).unwrap_or(u64::MAX);
        self.count(file, traffic);
        let (record, live) = self.file_mut(file).expect("a route names a file of its job");
        let before = std::mem::replace(&mut record.transferred, transferred.min(wanted));
        if record.transferred > before {
            live.failures = 0;
            self.stalled_since = Some(desk.now);
            self.kept.error = None;
        }
        self.changed(desk);
    }

    /// Where bytes came from and went to, all attempts together.
    fn count(&mut self, file: usize, traffic: Traffic) {
        self.kept.files[file].traffic = self.live[file].before.plus(traffic);
        self.save_at_least(Save::Soon);
    }

    fn on_arrived(&mut self, desk: &mut Desk, file: usize, transfer: TransferId) {
        let route = desk.transfers.get(&transfer).copied();
        self.leave(desk, file);
        let wanted = self.wanted(file);
        let id = self.id();
        let user = self.kept.user;
        let places = self.modern().is_some();
        let (record, live) = self.file_mut(file).expect("a route names a file of its job");
        // It may go on serving, and then tells what it gave away.
        desk.transfers.extend(route.map(|route| (transfer, route)));
        live.arrived_by = Some(transfer);
        record.transferred = wanted.unwrap_or(record.transferred);
        match record.path.clone().filter(|_| places) {
            Some(path) => {
                let ask = desk.ask(id);
                live.stage = Stage::Placing { ask };
                desk.order(Action::HandOver { ask, job: id, file: FileId(place(file)), user, path });
            }
            None => {
                live.stage = Stage::Here;
                record.here = true;
                self.notifier.on_file(place(file));
            }
        }
        self.stalled_since = Some(desk.now);
        self.changed(desk);
        self.settle(desk);
    }

    /// A download's file has its name, or could not get it.
    pub(in super::super) fn on_placed(&mut self, desk: &mut Desk, file: usize, result: Result<(), HResult>) {
        let (record, live) = self.file_mut(file).expect("a stage belongs to a file");
        live.stage = Stage::Idle;
        match result {
            Ok(()) => {
                live.stage = Stage::Here;
                (record.here, record.placed) = (true, true);
                self.settle(desk);
            }
            Err(code) => self.fail(desk, plain_error(code, Some(place(file)))),
        }
    }

    fn on_failed(&mut self, desk: &mut Desk, file: usize, fault: &Fault) {
        self.leave(desk, file);
        let error = fault.info(place(file));
        if !fault.is_transient() || self.timeout(desk).is_zero() {
            self.fail(desk, error);
            return;
        }
        let live = &mut self.live[file];
        let doubled = desk.config.retry_min.saturating_mul(1 << live.failures.min(16));
        live.failures = live.failures.saturating_add(1);
        live.stage = Stage::Retrying { due: desk.now + doubled.min(desk.config.retry_max) };
        self.note_error(error);
        self.changed(desk);
        self.settle(desk);
    }
}
