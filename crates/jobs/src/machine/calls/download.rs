//! Methods of a download of the modern face. It is a job of one file.

use super::super::action::{Action, CallId};
use super::super::desk::Desk;
use super::super::job::{Busy, Job, Stage};
use super::super::table::{DownloadOperation, Verdict, download_verdict};
use super::{DONE, Outcome, check};
use crate::face::{Caller, DownloadCall, Reply};
use crate::words::{FileRange, HResult, Phase};

impl Job {
    pub(super) fn download_call(
        &mut self,
        desk: &mut Desk,
        id: CallId,
        caller: Caller,
        call: DownloadCall,
    ) -> Outcome {
        match call {
            DownloadCall::Start(ranges) => self.start(desk, id, ranges.unwrap_or_default()),
            DownloadCall::Pause => self.pause(desk),
            DownloadCall::Abort => match self.download_verdict(DownloadOperation::Abort)? {
                Verdict::Discard => {
                    self.discard(desk, Some(id));
                    Ok(None)
                }
                _ => DONE,
            },
            DownloadCall::Finalize => match self.download_verdict(DownloadOperation::Finalize)? {
                Verdict::HandOver => {
                    self.finalize(desk, id);
                    Ok(None)
                }
                _ => DONE,
            },
            DownloadCall::GetStatus => Ok(Some(Reply::Status(self.status()))),
            DownloadCall::SetProperty(property, value) => {
                self.set_download_property(desk, caller, property, value)
            }
            DownloadCall::GetProperty(property) => {
                self.download_property(caller, property).map(|value| Some(Reply::Value(value)))
            }
            DownloadCall::GetStats => Ok(Some(Reply::Stats(self.stats(desk, 0)))),
        }
    }

    fn download_verdict(&self, operation: DownloadOperation) -> Result<Verdict, HResult> {
        match download_verdict(operation, self.phase()) {
            Verdict::Refuse => Err(HResult::DO_E_INVALID_STATE),
            verdict => Ok(verdict),
        }
    }

    fn pause(&mut self, desk: &mut Desk) -> Outcome {
        if self.download_verdict(DownloadOperation::Pause)? == Verdict::Pause {
            self.halt(desk);
            self.enter(desk, Phase::Suspended);
        }
        DONE
    }

    fn start(&mut self, desk: &mut Desk, id: CallId, ranges: Vec<FileRange>) -> Outcome {
        match self.download_verdict(DownloadOperation::Start)? {
            Verdict::Start if self.phase() == Phase::New => self.start_first(desk, id, ranges),
            Verdict::Start => {
                if !ranges.is_empty() && ranges != self.kept.files[0].ranges {
                    return Err(HResult::DO_E_DOWNLOAD_RANGES_UNEXPECTED);
                }
                self.check_startable(0)?;
                let ranges = self.kept.files[0].ranges.clone();
                Ok(self.start_accepted(desk, id, ranges))
            }
            Verdict::StartMore if !ranges.is_empty() => self.start_more(desk, id, ranges),
            _ => self.wait_if_blocking(desk, id),
        }
    }

    fn start_first(&mut self, desk: &mut Desk, id: CallId, ranges: Vec<FileRange>) -> Outcome {
        let file = &self.kept.files[0];
        if file.url.is_none() && file.id.is_none() {
            return Err(HResult::DO_E_DOWNLOAD_NO_URI);
        }
        self.check_startable(0)?;
        if file.stream && ranges.is_empty() {
            return Err(HResult::DO_E_DOWNLOAD_RANGES_EXPECTED);
        }
        self.check_ranges(desk, &ranges, 0)?;
        let Some(path) = file.path.clone() else {
            return Ok(self.start_accepted(desk, id, ranges));
        };
        let ask = desk.ask(self.id());
        desk.order(Action::CreateDestination { ask, user: self.kept.user, path });
        self.busy = Some(Busy::Creating { ask, call: id, ranges });
        Ok(None)
    }

    /// Another part of a download that has arrived: it follows what is there.
    fn start_more(&mut self, desk: &mut Desk, id: CallId, more: Vec<FileRange>) -> Outcome {
        let held = self.kept.files[0].ranges.clone();
        if held.is_empty() {
            return Err(HResult::DO_E_DOWNLOAD_RANGES_UNEXPECTED);
        }
        self.check_startable(0)?;
        self.check_ranges(desk, &more, held.len())?;
        self.kept.files[0].here = false;
        self.kept.files[0].placed = false;
        self.live[0].stage = Stage::Idle;
        Ok(self.start_accepted(desk, id, [held, more].concat()))
    }

    fn check_ranges(&self, desk: &Desk, ranges: &[FileRange], held: usize) -> Result<(), HResult> {
        check::ranges(ranges, &desk.config)?;
        if held + ranges.len() > desk.config.ranges_per_file_max {
            return Err(HResult::BG_E_TOO_MANY_RANGES_IN_FILE);
        }
        self.admit(desk, size_of_val(ranges))?;
        let file = &self.kept.files[0];
        match file.size.or(file.size_given) {
            Some(size) => ranges.iter().try_for_each(|range| range.length_in(size).map(drop)),
            None => Ok(()),
        }
    }

    /// It runs, and the caller is answered now or, in blocking mode, when it ends.
    pub(super) fn start_accepted(
        &mut self,
        desk: &mut Desk,
        id: CallId,
        ranges: Vec<FileRange>,
    ) -> Option<Reply> {
        self.kept.files[0].ranges = ranges;
        self.weigh(desk);
        let blocking = self.modern().is_some_and(|modern| modern.blocking);
        if blocking {
            self.starts.push(id);
        }
        self.begin(desk);
        (!blocking).then_some(Reply::Done)
    }

    /// It runs already.
    fn wait_if_blocking(&mut self, desk: &mut Desk, id: CallId) -> Outcome {
        let blocking = self.modern().is_some_and(|modern| modern.blocking);
        if !blocking || !self.phase().is_active() {
            return DONE;
        }
        if !self.has_room(desk) {
            return Err(HResult::E_OUTOFMEMORY);
        }
        self.starts.push(id);
        Ok(None)
    }
}
