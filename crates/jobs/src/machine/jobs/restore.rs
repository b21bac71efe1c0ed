//! After a restart: what each job is, given what it was.
//!
//! What ran is queued, and everything else stands where it stood. Callbacks and streams are gone with the processes that
//! had them. An end that had begun is finished; a download that was not to survive is removed.

use super::super::desk::Desk;
use super::super::job::{Job, Stage};
use super::super::table::{Event, after};
use super::Jobs;
use crate::record::{FaceRecord, Record};
use crate::words::Phase;

impl Jobs {
    pub(super) fn restore(&mut self, mut records: Vec<Record>) {
        records.sort_by_key(|record| (record.order, record.job));
        for mut record in records {
            if self.jobs.contains_key(&record.job) {
                continue;
            }
            // Two of one place in the order cannot be ours, but neither is lost.
            while self.order.contains_key(&record.order) {
                record.order += 1;
            }
            let id = record.job;
            lose_streams(&mut record);
            self.insert(record);
            if let Some(job) = self.jobs.get_mut(&id) {
                job.restart(&mut self.desk);
            }
            self.desk.touched.insert(id);
        }
    }
}

impl Job {
    /// Goes on where its record says.
    fn restart(&mut self, desk: &mut Desk) {
        if self.take_up_end(desk) {
            return;
        }
        if let Some(phase) = after(Event::Restarts, self.phase()) {
            self.kept.phase = phase;
        }
        match self.phase() {
            Phase::Queued => self.line_up(desk),
            Phase::Retrying => {
                for live in &mut self.live {
                    if live.stage == Stage::Idle {
                        live.stage = Stage::Retrying { due: desk.now };
                    }
                }
                self.stalled_since = Some(desk.now);
            }
            Phase::Blocked => self.stalled_since = Some(desk.now),
            Phase::Arrived | Phase::Failed if self.legacy().is_some() => self.notifier.on_news(),
            _ => {}
        }
        self.judge_conditions(desk);
    }
}

/// A stream is gone, and what it took cannot be taken back: it has to be given again, from the start.
fn lose_streams(record: &mut Record) {
    let modern = matches!(record.face, FaceRecord::Modern(_));
    let mut lost = false;
    for file in record.files.iter_mut().filter(|file| file.stream && !file.here) {
        lost = true;
        file.stream = false;
        file.transferred = 0;
        if modern {
            file.ranges.clear();
        }
    }
    // A download takes a stream only before its first start, a job while it is suspended.
    if lost && modern && !record.phase.is_final() {
        record.phase = Phase::New;
    } else if lost && record.phase.is_active() {
        record.phase = Phase::Suspended;
    }
}
