//! One job: what is kept of it, what is under way, and the few moves that change where it stands.

mod ending;
mod flow;
mod reading;
mod telling;
mod transfers;

use std::collections::{BTreeSet, VecDeque};

use swarmline_types::{MonoTime, Priority};

use super::action::{AskId, CallId, TransferId};
use super::notifier::Notifier;
use crate::face::{Caller, ClientId, DownloadCall, FileCall, FileId, JobCall, JobId, NewFile};
use crate::record::{FaceRecord, FileRecord, LegacyRecord, ModernRecord, Record};
use crate::words::{DownloadState, FileRange, HResult, JobPriority, Phase, Token, Traffic};

/// A method of one job, whichever face it belongs to.
#[derive(Clone, Debug)]
pub(super) enum Method {
    Job(JobCall),
    File(FileId, FileCall),
    Download(DownloadCall),
}

impl Method {
    /// Whether it only reads, so that it need not wait for what is under way.
    pub(super) fn only_reads(&self) -> bool {
        use DownloadCall as D;
        use FileCall as F;
        use JobCall as J;
        match self {
            Self::Job(call) => !matches!(
                call,
                J::AddFiles(_)
                    | J::Suspend
                    | J::Resume
                    | J::Cancel
                    | J::Complete
                    | J::SetPriority(_)
                    | J::SetNotifyFlags(_)
                    | J::SetNotifyInterface(_)
                    | J::SetNoProgressTimeout(_)
                    | J::SetProperty(..)
            ),
            Self::File(_, call) => !matches!(call, F::SetRemoteName(_) | F::SetOptimizationProperty(..)),
            Self::Download(call) => {
                matches!(call, D::GetStatus | D::GetProperty(_) | D::GetStats)
            }
        }
    }
}

/// A call that waits for its turn.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) id: CallId,
    pub(super) caller: Caller,
    pub(super) method: Method,
}

/// What is under way with the driver on behalf of a call. One at a time; other calls that change the job wait.
#[derive(Debug)]
pub(super) enum Busy {
    /// Looking whether files may be added.
    Adding { ask: AskId, call: CallId, files: Vec<NewFile> },
    /// Looking whether a file may have this destination.
    Pathing { ask: AskId, call: CallId, file: usize, path: String },
    /// Making the destination of a download.
    Creating { ask: AskId, call: CallId, ranges: Vec<FileRange> },
    /// Giving files their names, one after another.
    HandingOver { ask: AskId, call: Option<CallId>, file: usize, user: u32 },
    /// Removing what is left of a final job.
    Discarding { asks: BTreeSet<AskId>, call: Option<CallId> },
}

/// Where one file stands in this process.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stage {
    /// Nothing is to be done for it now.
    Idle,
    /// It waits for a place.
    Waiting,
    /// An attempt has a place of this class; `since` when it has begun.
    Fetching { transfer: TransferId, class: Priority, since: Option<MonoTime> },
    /// The last attempt failed; the next one is due then.
    Retrying { due: MonoTime },
    /// It is being given its name.
    Placing { ask: AskId },
    /// It is here.
    Here,
}

/// What this process knows of one file beside its record.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) stage: Stage,
    pub(super) stream: Option<(ClientId, Token)>,
    pub(super) headers: Option<String>,
    /// Attempts that failed since bytes last came.
    pub(super) failures: u32,
    /// What the attempts before the present or last one counted.
    pub(super) before: Traffic,
    /// The attempt that brought it, which may go on serving it.
    pub(super) arrived_by: Option<TransferId>,
}

impl Live {
    pub(super) fn new(stage: Stage) -> Self {
        Self { stage, stream: None, headers: None, failures: 0, before: Traffic::default(), arrived_by: None }
    }
}

/// How soon the record has to be written.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Save {
    /// Nothing changed.
    No,
    /// With the next ones.
    Soon,
    /// Before anything that follows from it is told.
    Now,
}

/// One job or download.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) kept: Record,
    /// One for each file of the record.
    pub(super) live: Vec<Live>,
    pub(super) notifier: Notifier,
    pub(super) busy: Option<Busy>,
    /// Bounded by the configuration, together with `starts`.
    pub(super) waiting: VecDeque<Waiting>,
    /// Blocking starts, answered when the download ends.
    pub(super) starts: Vec<CallId>,
    /// Since when no byte came, while it wants some.
    pub(super) stalled_since: Option<MonoTime>,
    pub(super) save: Save,
    /// Its record is gone: it only answers whoever still holds it.
    pub(super) over: bool,
    /// What became of it last, as the client of a download sees it.
    pub(super) last_status: Option<(DownloadState, HResult, HResult)>,
    /// Bytes of its texts and ranges.
    pub(super) weight: usize,
}

impl Job {
    pub(super) fn new(kept: Record) -> Self {
        let live = kept
            .files
            .iter()
            .map(|file| Live::new(if file.here { Stage::Here } else { Stage::Idle }))
            .collect();
        Self {
            kept,
            live,
            notifier: Notifier::default(),
            busy: None,
            waiting: VecDeque::new(),
            starts: Vec::new(),
            stalled_since: None,
            save: Save::No,
            over: false,
            last_status: None,
            weight: 0,
        }
    }

    pub(super) fn id(&self) -> JobId {
        self.kept.job
    }

    pub(super) fn phase(&self) -> Phase {
        self.kept.phase
    }

    pub(super) fn class(&self) -> Priority {
        self.kept.priority.class()
    }

    pub(super) fn legacy(&self) -> Option<&LegacyRecord> {
        match &self.kept.face {
            FaceRecord::Legacy(legacy) => Some(legacy),
            FaceRecord::Modern(_) => None,
        }
    }

    pub(super) fn modern(&self) -> Option<&ModernRecord> {
        match &self.kept.face {
            FaceRecord::Modern(modern) => Some(modern),
            FaceRecord::Legacy(_) => None,
        }
    }

    pub(super) fn legacy_mut(&mut self) -> Option<&mut LegacyRecord> {
        match &mut self.kept.face {
            FaceRecord::Legacy(legacy) => Some(legacy),
            FaceRecord::Modern(_) => None,
        }
    }

    pub(super) fn modern_mut(&mut self) -> Option<&mut ModernRecord> {
        match &mut self.kept.face {
            FaceRecord::Modern(modern) => Some(modern),
            FaceRecord::Legacy(_) => None,
        }
    }

    /// A file with what this process knows of it.
    pub(super) fn file_mut(&mut self, file: usize) -> Option<(&mut FileRecord, &mut Live)> {
        self.kept.files.get_mut(file).zip(self.live.get_mut(file))
    }

    pub(super) fn save_at_least(&mut self, save: Save) {
        self.save = self.save.max(save);
    }

    /// Something is under way with the driver that no call may cross.
    pub(super) fn is_busy(&self) -> bool {
        self.busy.is_some() || self.is_placing()
    }

    /// A download's file is being given its name.
    pub(super) fn is_placing(&self) -> bool {
        self.live.iter().any(|live| matches!(live.stage, Stage::Placing { .. }))
    }

    /// Bytes of its texts and ranges.
    pub(super) fn measure(&self) -> usize {
        let own = self.kept.name.len()
            + self.modern().and_then(|m| m.correlation_vector.as_ref()).map_or(0, String::len);
        own + self.kept.files.iter().map(weight_of).sum::<usize>()
    }
}

/// Bytes of one file's texts and ranges.
fn weight_of(file: &FileRecord) -> usize {
    let options = &file.options;
    let texts = [
        &file.id,
        &file.url,
        &file.path,
        &options.decryption,
        &options.integrity,
        &options.headers,
        &options.auth_headers,
    ];
    let texts: usize = texts.into_iter().flatten().map(String::len).sum();
    texts + file.ranges.len() * size_of::<FileRange>() + size_of::<FileRecord>()
}

/// A priority of the modern face.
pub(super) fn priority_of(foreground: bool) -> JobPriority {
    if foreground { JobPriority::Foreground } else { JobPriority::Normal }
}
