//! What the client is told, and blocked callers with it.

use super::super::action::Action;
use super::super::desk::Desk;
use super::super::notifier::{Next, Telling, Wishes};
use super::super::timers::Due;
use super::{Job, Save};
use crate::face::{DownloadId, FileId, Notice, Reply};
use crate::words::{HResult, NotifyFlags, Phase};

impl Job {
    /// Something about it is no longer as it was.
    pub(in super::super) fn modified(&mut self, desk: &mut Desk) {
        self.kept.modified = desk.wall;
        desk.touched.insert(self.id());
    }

    /// Bytes moved, or a transfer told something.
    pub(in super::super) fn changed(&mut self, desk: &mut Desk) {
        self.modified(desk);
        self.save_at_least(Save::Soon);
        self.notifier.on_change();
    }

    /// A call changed it, and is answered when that is saved.
    pub(in super::super) fn changed_by_call(&mut self, desk: &mut Desk) {
        self.changed(desk);
        self.save_at_least(Save::Now);
    }

    /// It came to stand where it stands.
    pub(super) fn tell_phase(&mut self, desk: &mut Desk, before: Phase) {
        if self.modern().is_some() {
            let status = self.status();
            let seen = (status.state, status.error, status.extended_error);
            if self.last_status.replace(seen) != Some(seen) {
                self.notifier.on_status(status);
            }
        } else if matches!(self.phase(), Phase::Arrived | Phase::Failed) {
            self.notifier.on_news();
        } else if before != self.phase() {
            self.notifier.on_moved_on();
        }
        self.answer_starts(desk);
    }

    fn answer_starts(&mut self, desk: &mut Desk) {
        let result = match self.phase() {
            Phase::Arrived | Phase::Suspended => Ok(Reply::Done),
            Phase::Failed => Err(self.kept.error.as_ref().map_or(HResult::E_FAIL, |error| error.code)),
            Phase::Discarded => Err(HResult::E_ABORT),
            _ => return,
        };
        for call in std::mem::take(&mut self.starts) {
            desk.reply(call, result.clone());
        }
    }

    /// Orders the callback that is due, or says when to look again.
    pub(in super::super) fn tell(&mut self, desk: &mut Desk) {
        let id = self.id();
        let wishes = self.wishes();
        let wait = match self.notifier.next(wishes, desk.now, &desk.config) {
            Next::Tell(listener, telling) => {
                if let Some(notice) = self.notice(telling) {
                    let ticket = desk.ticket(id);
                    self.notifier.told(telling, ticket, desk.now);
                    let (client, token) = (listener.client, listener.token);
                    desk.actions.push_back(Action::CallbackDue { client, token, ticket, notice });
                }
                None
            }
            Next::Wait(at) => at,
            Next::Close(listener) => {
                self.notifier.lose();
                let (client, token) = (listener.client, listener.token);
                desk.actions.push_back(Action::ReleaseToken { client, token });
                None
            }
        };
        desk.timers.set(Due::Notify(id), wait);
    }

    fn wishes(&self) -> Wishes {
        match (self.legacy(), self.modern()) {
            (Some(legacy), _) => {
                let arrived = self.phase() == Phase::Arrived;
                let news = if arrived { NotifyFlags::JOB_TRANSFERRED } else { NotifyFlags::JOB_ERROR };
                Wishes::Job { flags: legacy.notify, news }
            }
            (None, modern) => Wishes::Download {
                seconds: modern.map_or(0, |modern| modern.callback_seconds),
                percent: modern.map_or(0, |modern| modern.callback_percent),
                running: self.phase() == Phase::Running,
                status: self.status(),
            },
        }
    }

    fn notice(&self, telling: Telling) -> Option<Notice> {
        let job = self.id();
        Some(match telling {
            Telling::News if self.phase() == Phase::Arrived => Notice::JobTransferred { job },
            Telling::News => Notice::JobError { job, error: self.kept.error.clone()? },
            Telling::Change => Notice::JobModification { job },
            Telling::File(file) => Notice::FileTransferred { job, file: FileId(file) },
            Telling::Status(status) => Notice::StatusChange { download: DownloadId(job.0), status },
        })
    }
}
