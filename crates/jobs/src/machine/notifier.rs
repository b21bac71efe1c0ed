//! What one client is told of one job, and when.
//!
//! At most one call is out at a time. Arrival and failure of a job are told until the client answers `S_OK`, while they
//! are true, also to a client that comes late; they go before everything else that waits. Changes are merged and told at
//! most twice a second. A download's changes of state are told one by one, and between them it gives a sign of life. The
//! wishes of the client (flags, frequency) count in the moment of telling, not of happening.

use std::collections::VecDeque;
use std::time::Duration;

use swarmline_types::MonoTime;

use super::action::Ticket;
use super::config::Config;
use crate::face::ClientId;
use crate::words::{DownloadStatus, HResult, NotifyFlags, SIZE_UNKNOWN, Token};

/// Files and states that wait to be told; beyond it the oldest is dropped.
const WAITING_MAX: usize = 64;

/// Who is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Listener {
    pub(super) client: ClientId,
    pub(super) token: Token,
    pub(super) knows_files: bool,
}

/// What the client wishes to be told of.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wishes {
    /// Of a job.
    Job {
        /// The calls that are chosen.
        flags: NotifyFlags,
        /// The one of them that the news needs, if there is any.
        news: NotifyFlags,
    },
    /// Of a download.
    Download {
        /// A sign of life so often; 0 is off.
        seconds: u32,
        /// Another each so many percent; 0 is off.
        percent: u32,
        /// Bytes may be moving, so signs of life are due.
        running: bool,
        /// Where it stands now.
        status: DownloadStatus,
    },
}

/// What is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Telling {
    /// The job arrived or failed; which of them the job knows.
    News,
    /// Something changed.
    Change,
    /// A file arrived.
    File(u32),
    /// A download's status.
    Status(DownloadStatus),
}

/// What is to be done now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Next {
    /// Tell this.
    Tell(Listener, Telling),
    /// Nothing before this point; `None` until something happens.
    Wait(Option<MonoTime>),
    /// All is told and nothing will follow: give the listener back.
    Close(Listener),
}

/// That the job arrived or failed.
#[derive(Clone, Copy, Debug)]
struct News {
    /// Which of all news of this job.
    number: u64,
    told: bool,
    refused: u32,
    not_before: MonoTime,
}

impl News {
    fn fresh(number: u64) -> Self {
        Self { number, told: false, refused: 0, not_before: MonoTime::ZERO }
    }
}

/// What one client is told of one job.
#[derive(Debug, Default)]
pub(super) struct Notifier {
    listener: Option<Listener>,
    /// The call that is out, and which news it tells.
    out: Option<(Ticket, Option<u64>)>,
    news: Option<News>,
    news_count: u64,
    changed: bool,
    change_told: Option<MonoTime>,
    /// At most [`WAITING_MAX`].
    files: VecDeque<u32>,
    /// At most [`WAITING_MAX`].
    statuses: VecDeque<DownloadStatus>,
    life_told: MonoTime,
    percent_told: u64,
    closing: bool,
}

impl Notifier {
    /// Who is told now.
    pub(super) fn listener(&self) -> Option<Listener> {
        self.listener
    }

    /// Another listener, or none, by the client's wish. Returns the one before. What that one has answered counts.
    pub(super) fn replace(&mut self, listener: Option<Listener>, now: MonoTime) -> Option<Listener> {
        self.out = None;
        self.forget_waiting();
        if let Some(news) = &mut self.news {
            *news = News { told: news.told, ..News::fresh(news.number) };
        }
        self.life_told = now;
        std::mem::replace(&mut self.listener, listener)
    }

    /// The listener is gone: whoever comes next is told again. Returns it.
    pub(super) fn lose(&mut self) -> Option<Listener> {
        self.out = None;
        self.forget_waiting();
        self.news = self.news.map(|news| News::fresh(news.number));
        self.listener.take()
    }

    /// The job arrived or failed. What has changed until now is part of it.
    pub(super) fn on_news(&mut self) {
        self.changed = false;
        self.news_count += 1;
        self.news = Some(News::fresh(self.news_count));
    }

    /// The job went on: it no longer is arrived or failed.
    pub(super) fn on_moved_on(&mut self) {
        self.news = None;
        self.on_change();
    }

    /// Something changed.
    pub(super) fn on_change(&mut self) {
        self.changed = self.listener.is_some();
    }

    /// A file arrived.
    pub(super) fn on_file(&mut self, file: u32) {
        if self.listener.is_some_and(|listener| listener.knows_files) {
            push_bounded(&mut self.files, file);
        }
    }

    /// A download's status changed.
    pub(super) fn on_status(&mut self, status: DownloadStatus) {
        if self.listener.is_some() {
            push_bounded(&mut self.statuses, status);
        }
    }

    /// The job is final: that is told, then nothing.
    pub(super) fn close(&mut self) {
        self.news = None;
        self.files.clear();
        self.closing = true;
    }

    /// What is to be done now. When it says `Tell`, [`told`](Self::told) follows.
    pub(super) fn next(&mut self, wishes: Wishes, now: MonoTime, config: &Config) -> Next {
        let Some(listener) = self.listener else { return Next::Wait(None) };
        if self.out.is_some() {
            return Next::Wait(None);
        }
        let mut wait = None;
        let telling = match wishes {
            Wishes::Job { flags, news } => self.of_job(flags, news, now, config, &mut wait),
            Wishes::Download { seconds, percent, running, status } => {
                self.statuses.front().copied().map(Telling::Status).or_else(|| {
                    let due = running
                        && !self.closing
                        && self.sign_of_life(seconds, percent, &status, now, &mut wait);
                    due.then_some(Telling::Status(status))
                })
            }
        };
        match telling {
            Some(telling) => Next::Tell(listener, telling),
            None if self.closing => Next::Close(listener),
            None => Next::Wait(wait),
        }
    }

    fn of_job(
        &mut self,
        flags: NotifyFlags,
        news_flag: NotifyFlags,
        now: MonoTime,
        config: &Config,
        wait: &mut Option<MonoTime>,
    ) -> Option<Telling> {
        let wanted = |flag| flags.contains(flag) && !flags.contains(NotifyFlags::DISABLE);
        if let Some(news) = self.news.filter(|news| !news.told && wanted(news_flag)) {
            if news.not_before <= now {
                return Some(Telling::News);
            }
            *wait = Some(news.not_before);
        }
        if !wanted(NotifyFlags::FILE_TRANSFERRED) {
            self.files.clear();
        }
        if let Some(file) = self.files.front() {
            return Some(Telling::File(*file));
        }
        self.changed &= wanted(NotifyFlags::JOB_MODIFICATION);
        if self.changed {
            let at = match self.change_told {
                Some(told) if !self.closing => told + config.modification_interval,
                _ => now,
            };
            if at <= now {
                return Some(Telling::Change);
            }
            *wait = Some(wait.map_or(at, |wait| wait.min(at)));
        }
        None
    }

    fn sign_of_life(
        &self,
        seconds: u32,
        percent: u32,
        status: &DownloadStatus,
        now: MonoTime,
        wait: &mut Option<MonoTime>,
    ) -> bool {
        let at = self.life_told + Duration::from_secs(seconds.into());
        if seconds > 0 {
            *wait = Some(at);
        }
        let grown = percent_of(status).saturating_sub(self.percent_told);
        (seconds > 0 && at <= now) || (percent > 0 && grown >= percent.into())
    }

    /// What [`next`](Self::next) said is being told, under this name.
    pub(super) fn told(&mut self, telling: Telling, ticket: Ticket, now: MonoTime) {
        let news = self.news.filter(|_| telling == Telling::News).map(|news| news.number);
        self.out = Some((ticket, news));
        match telling {
            Telling::News => {}
            Telling::Change => {
                self.changed = false;
                self.change_told = Some(now);
            }
            Telling::File(_) => {
                self.files.pop_front();
            }
            Telling::Status(status) => {
                self.statuses.pop_front();
                self.life_told = now;
                self.percent_told = percent_of(&status);
            }
        }
    }

    /// A call came back. Returns the listener if the answer says that it is gone.
    pub(super) fn returned(
        &mut self,
        ticket: Ticket,
        result: HResult,
        now: MonoTime,
        config: &Config,
    ) -> Option<Listener> {
        let (out, news) = self.out?;
        if out != ticket {
            return None;
        }
        self.out = None;
        if matches!(result, HResult::RPC_E_DISCONNECTED | HResult::CO_E_OBJNOTCONNECTED) {
            return self.lose();
        }
        // The job may have gone on and failed again meanwhile: that is other news.
        if let Some(told) = self.news.as_mut().filter(|told| news == Some(told.number)) {
            if result == HResult::S_OK {
                told.told = true;
            } else {
                let doubled = config.callback_retry_min.saturating_mul(1 << told.refused.min(16));
                told.not_before = now + doubled.min(config.callback_retry_max);
                told.refused = told.refused.saturating_add(1);
            }
        }
        None
    }

    fn forget_waiting(&mut self) {
        self.changed = false;
        self.files.clear();
        self.statuses.clear();
    }
}

fn push_bounded<T>(queue: &mut VecDeque<T>, item: T) {
    if queue.len() == WAITING_MAX {
        queue.pop_front();
    }
    queue.push_back(item);
}

/// Full percents; 0 while the total is not known.
fn percent_of(status: &DownloadStatus) -> u64 {
    match status.bytes_total {
        0 | SIZE_UNKNOWN => 0,
        total => u64::try_from(u128::from(status.bytes_transferred) * 100 / u128::from(total)).unwrap_or(0),
    }
}
