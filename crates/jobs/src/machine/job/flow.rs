//! From queued to arrived: starting, stopping, failing, waiting.

use std::time::Duration;

use swarmline_types::{ContentId, MonoTime, Priority};

use super::super::action::{Action, Sink, TransferSpec};
use super::super::desk::Desk;
use super::super::fault::Fault;
use super::super::table::{Event, after};
use super::super::timers::Due;
use super::{Job, Live, Save, Stage};
use crate::face::FileId;
use crate::words::{ErrorContext, ErrorInfo, FileTime, HResult, LinkCost, Phase};

impl Job {
    /// Now it stands there. Records, times, callbacks and waiting starts follow.
    pub(in super::super) fn enter(&mut self, desk: &mut Desk, phase: Phase) {
        let before = self.phase();
        self.kept.phase = phase;
        self.modified(desk);
        // A job that ran is queued again after a restart, so its record need not say that it runs.
        let runs = |phase| matches!(phase, Phase::Queued | Phase::Running);
        self.save_at_least(if runs(before) && runs(phase) { Save::Soon } else { Save::Now });
        if !phase.is_active() {
            self.stalled_since = None;
        }
        if phase == Phase::Arrived {
            self.kept.arrived = desk.wall;
        } else if before == Phase::Arrived && !phase.is_final() {
            self.kept.arrived = FileTime::ZERO;
        }
        self.tell_phase(desk, before);
    }

    /// What is missing is to be fetched.
    pub(in super::super) fn begin(&mut self, desk: &mut Desk) {
        self.enter(desk, Phase::Queued);
        self.line_up(desk);
        self.settle(desk);
        self.judge_conditions(desk);
    }

    /// All files that are missing wait for a place.
    pub(in super::super) fn line_up(&mut self, desk: &mut Desk) {
        for live in &mut self.live {
            if matches!(live.stage, Stage::Idle | Stage::Retrying { .. }) {
                live.stage = Stage::Waiting;
                live.failures = 0;
            }
        }
        desk.slots.enqueue(self.id(), self.class());
    }

    /// Nothing is fetched any more. What is being given its name gets it.
    pub(in super::super) fn halt(&mut self, desk: &mut Desk) {
        desk.slots.dequeue(self.id());
        for file in 0..self.live.len() {
            match self.live[file].stage {
                Stage::Fetching { transfer, .. } => {
                    self.leave(desk, file);
                    desk.order(Action::Stop { transfer });
                }
                Stage::Waiting | Stage::Retrying { .. } => self.live[file].stage = Stage::Idle,
                Stage::Idle | Stage::Placing { .. } | Stage::Here => {}
            }
        }
    }

    /// The attempt at this file is over: its place is free, its time goes into the record.
    pub(super) fn leave(&mut self, desk: &mut Desk, file: usize) {
        let (record, live) = self.file_mut(file).expect("a route names a file of its job");
        let Stage::Fetching { transfer, class, since } = live.stage else { return };
        live.stage = Stage::Idle;
        let span = since.map_or(Duration::ZERO, |since| desk.now.since(since));
        record.duration_ms =
            record.duration_ms.saturating_add(u64::try_from(span.as_millis()).unwrap_or(u64::MAX));
        desk.transfers.remove(&transfer);
        desk.slots.give_back(class);
    }

    /// A place is free, and it is this job's turn: an attempt at its first file that waits.
    pub(in super::super) fn start_next(&mut self, desk: &mut Desk) {
        let mut waiting = (0..self.live.len()).filter(|file| self.live[*file].stage == Stage::Waiting);
        let (Some(file), more) = (waiting.next(), waiting.next().is_some()) else { return };
        let (id, class) = (self.id(), self.class());
        let Some(sink) = self.sink(file) else {
            // The stream went with its client while the file waited.
            self.fail(desk, Fault::Stream { code: HResult::RPC_E_DISCONNECTED }.info(place(file)));
            return;
        };
        let transfer = desk.begin_transfer(id, file, class);
        self.live[file].stage = Stage::Fetching { transfer, class, since: None };
        self.live[file].before = self.kept.files[file].traffic;
        if let Some(earlier) = self.live[file].arrived_by.take() {
            desk.transfers.remove(&earlier);
        }
        self.stalled_since.get_or_insert(desk.now);
        desk.touched.insert(id);
        let spec = Box::new(self.spec(desk, file, sink));
        desk.order(Action::Start { transfer, job: id, file: FileId(place(file)), spec });
        if more {
            desk.slots.enqueue(id, class);
        }
    }

    fn sink(&self, file: usize) -> Option<Sink> {
        let record = &self.kept.files[file];
        match &record.path {
            Some(path) => Some(Sink::File { path: path.clone() }),
            None => {
                let (client, token) = self.live[file].stream?;
                Some(Sink::Stream { client, token, taken: record.transferred })
            }
        }
    }

    fn spec(&self, desk: &Desk, file: usize, sink: Sink) -> TransferSpec {
        let record = &self.kept.files[file];
        let options = &record.options;
        TransferSpec {
            user: self.kept.user,
            priority: self.class(),
            url: record.url.clone(),
            content: record.id.as_deref().and_then(|id| id.parse::<ContentId>().ok()),
            sink,
            ranges: record.ranges.clone(),
            size: record.size.or(record.size_given),
            headers: options.headers.clone(),
            auth_headers: options.auth_headers.clone(),
            security: options.security,
            allow_insecure_redirect: options.allow_insecure_redirect,
            integrity: options.integrity.clone(),
            integrity_mandatory: options.integrity_mandatory,
            stall_after: desk.config.stall_after,
        }
    }

    /// Files of another class: in the line, and those being fetched.
    pub(in super::super) fn reclass(&mut self, desk: &mut Desk) {
        let now = self.class();
        desk.slots.reclass(self.id(), now);
        for live in &mut self.live {
            if let Stage::Fetching { transfer, class, .. } = &mut live.stage
                && *class != now
            {
                desk.slots.give_back(*class);
                desk.slots.take(now);
                *class = now;
                desk.order(Action::Reprioritise { transfer: *transfer, priority: now });
            }
        }
    }

    pub(super) fn note_error(&mut self, error: ErrorInfo) {
        self.kept.error = Some(error);
        self.kept.error_count = self.kept.error_count.saturating_add(1);
    }

    /// It failed until the client does something about it.
    pub(in super::super) fn fail(&mut self, desk: &mut Desk, error: ErrorInfo) {
        self.end_in(desk, Event::Fails, error);
    }

    fn end_in(&mut self, desk: &mut Desk, event: Event, error: ErrorInfo) {
        if let Some(phase) = after(event, self.phase()) {
            self.halt(desk);
            self.note_error(error);
            self.enter(desk, phase);
        }
    }

    /// What its files are doing says where it stands.
    pub(in super::super) fn settle(&mut self, desk: &mut Desk) {
        if !self.phase().is_active() {
            return;
        }
        let any = |test: fn(&Stage) -> bool| self.live.iter().any(|live| test(&live.stage));
        let event =
            if any(|stage| matches!(stage, Stage::Fetching { since: Some(_), .. } | Stage::Placing { .. })) {
                Event::Begins
            } else if any(|stage| matches!(stage, Stage::Fetching { .. } | Stage::Waiting)) {
                Event::Waits
            } else if any(|stage| matches!(stage, Stage::Retrying { .. })) {
                Event::Stumbles
            } else if any(|stage| *stage == Stage::Idle) {
                return;
            } else {
                Event::Finishes
            };
        if matches!(event, Event::Begins | Event::Stumbles) {
            self.stalled_since.get_or_insert(desk.now);
        }
        if let Some(phase) = after(event, self.phase()) {
            self.enter(desk, phase);
        }
    }

    /// Whether the conditions allow it to go on.
    pub(in super::super) fn judge_conditions(&mut self, desk: &mut Desk) {
        if self.is_placing() || !self.phase().is_active() {
            return;
        }
        match (self.block(desk), self.phase()) {
            (Some(code), Phase::Blocked) => self.kept.error = Some(plain_error(code, None)),
            (Some(code), _) => {
                let event = if self.timeout(desk).is_zero() { Event::Fails } else { Event::Blocks };
                self.end_in(desk, event, plain_error(code, None));
                if self.phase() == Phase::Blocked {
                    self.stalled_since.get_or_insert(desk.now);
                }
            }
            (None, Phase::Blocked) => self.go_on(desk),
            (None, _) => {}
        }
    }

    /// What keeps it from trying is over.
    pub(in super::super) fn go_on(&mut self, desk: &mut Desk) {
        if let Some(phase) = after(Event::Unblocks, self.phase()) {
            self.enter(desk, phase);
            self.line_up(desk);
        }
    }

    fn block(&self, desk: &Desk) -> Option<HResult> {
        let conditions = desk.conditions;
        let (cost, cellular) = match (self.legacy(), self.modern()) {
            (Some(legacy), _) => (legacy.cost.allows(conditions.cost), true),
            (None, Some(modern)) => {
                let policy = self.cost_policy();
                let cellular = !modern.disallow_cellular && policy.allows(LinkCost::UNRESTRICTED, true);
                (policy.allows(conditions.cost, false), cellular)
            }
            (None, None) => (true, true),
        };
        conditions.block(cost, cellular)
    }

    /// After how long without a byte it fails. Zero is no patience: its first failure is for good, and until there is one
    /// it may take its time.
    pub(in super::super) fn timeout(&self, desk: &Desk) -> Duration {
        let default = || match self.class() {
            Priority::Foreground => desk.config.no_progress_foreground,
            Priority::Background => desk.config.no_progress_background,
        };
        match (self.kept.no_progress_timeout_s, self.modern()) {
            (None, _) | (Some(0), Some(_)) => default(),
            (Some(seconds), _) => Duration::from_secs(seconds.into()),
        }
    }

    /// The timeout without progress may be over.
    pub(in super::super) fn on_no_progress(&mut self, desk: &mut Desk) {
        if self.expires(desk).is_none_or(|due| desk.now < due) {
            return;
        }
        let expired = plain_error(HResult::DO_E_DOWNLOAD_NO_PROGRESS, None);
        let error = match &self.kept.error {
            Some(behind) => {
                let (file, http_status) = (behind.file, behind.http_status);
                ErrorInfo { extended: behind.code, file, http_status, ..expired }
            }
            None => expired,
        };
        self.end_in(desk, Event::Expires, error);
    }

    /// When it will have waited for too long.
    fn expires(&self, desk: &Desk) -> Option<MonoTime> {
        let timeout = Some(self.timeout(desk)).filter(|timeout| !timeout.is_zero() && !self.is_placing())?;
        self.stalled_since.map(|since| since + timeout)
    }

    /// Files whose pause is over wait for a place again, and with them those that were added meanwhile.
    pub(in super::super) fn on_retry(&mut self, desk: &mut Desk) {
        let is_due = |live: &Live| matches!(live.stage, Stage::Retrying { due } if due <= desk.now);
        if self.live.iter().any(is_due) {
            for live in self.live.iter_mut().filter(|live| live.stage == Stage::Idle || is_due(live)) {
                live.stage = Stage::Waiting;
            }
            desk.slots.enqueue(self.id(), self.class());
            self.settle(desk);
        }
    }

    /// Its timers, as it stands now.
    pub(in super::super) fn arm(&mut self, desk: &mut Desk) {
        let id = self.id();
        let retry = self.live.iter().filter_map(|live| match live.stage {
            Stage::Retrying { due } => Some(due),
            _ => None,
        });
        desk.timers.set(Due::Retry(id), retry.min());
        desk.timers.set(Due::NoProgress(id), self.expires(desk));
    }
}

/// Place of a file in its job as the client counts.
pub(in super::super) fn place(file: usize) -> u32 {
    u32::try_from(file).unwrap_or(u32::MAX)
}

/// An error without more to it.
pub(in super::super) fn plain_error(code: HResult, file: Option<u32>) -> ErrorInfo {
    ErrorInfo { context: ErrorContext::None, code, file, extended: HResult::S_OK, http_status: None }
}
