//! The state tables: what each call does in each state, and what each event does.
//!
//! One row per call or event, one column per [`Phase`] in the order of [`Phase::ALL`]. The machine reads these tables and
//! decides nothing about states elsewhere; the tests read them too, and so does the documentation.

use crate::words::Phase;

/// A call of the legacy face that depends on the state.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum JobOperation {
    /// `AddFile`, `AddFileSet`, `AddFileWithRanges`.
    AddFiles,
    /// `SetRemoteName` of a file.
    SetRemoteName,
    /// `IDeliveryOptimizationFile2::SetProperty`.
    SetFileProperty,
    /// `SetPriority`, `SetNotifyFlags`, `SetNotifyInterface`, `SetNoProgressTimeout`, `IBackgroundCopyJob5::SetProperty`.
    Set,
    /// `Resume`.
    Resume,
    /// `Suspend`.
    Suspend,
    /// `Complete`.
    Complete,
    /// `Cancel`.
    Cancel,
}

/// A call of the modern face that depends on the state. When a property may be set stands in its row.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DownloadOperation {
    /// `Start`.
    Start,
    /// `Pause`.
    Pause,
    /// `Finalize`.
    Finalize,
    /// `Abort`.
    Abort,
}

/// What a call does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// `DO_E_INVALID_STATE`.
    Refuse,
    /// It does its work, and the state stays.
    Stay,
    /// What is missing is fetched: the job becomes queued.
    Start,
    /// Like `Start` when something was added since, else the state stays.
    StartMore,
    /// Nothing is fetched any more: the job becomes suspended.
    Pause,
    /// What is here is handed over: the job becomes final.
    HandOver,
    /// All is removed: the job becomes final.
    Discard,
}

/// What happens to a job as a whole, besides calls.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Event {
    /// One of its files is being fetched.
    Begins,
    /// None is being fetched, and at least one has no attempt behind it that failed: it waits for its turn.
    Waits,
    /// What is missing failed for now.
    Stumbles,
    /// A file failed for good.
    Fails,
    /// Everything is here.
    Finishes,
    /// A condition forbids to go on.
    Blocks,
    /// No condition does any longer, or the network is back.
    Unblocks,
    /// No byte came within the timeout.
    Expires,
    /// It reached its greatest age.
    Ages,
    /// The service was started again.
    Restarts,
}

type Row<T> = [T; Phase::ALL.len()];

/// Calls of the legacy face.
#[rustfmt::skip]
pub const JOB_TABLE: &[(JobOperation, Row<Verdict>)] = {
    use JobOperation as Op;
    use Verdict::{Discard as D, HandOver as H, Pause as P, Refuse as X, Start as R, StartMore as M, Stay as S};
    &[
        //                     new que run sus ret blo fai arr han dis
        (Op::AddFiles,        [S,  S,  S,  S,  S,  S,  S,  S,  X,  X]),
        (Op::SetRemoteName,   [S,  S,  S,  S,  S,  S,  S,  S,  X,  X]),
        (Op::SetFileProperty, [S,  X,  X,  S,  X,  X,  X,  X,  X,  X]),
        (Op::Set,             [S,  S,  S,  S,  S,  S,  S,  S,  X,  X]),
        (Op::Resume,          [R,  S,  S,  R,  R,  R,  R,  M,  X,  X]),
        (Op::Suspend,         [S,  P,  P,  S,  P,  P,  P,  S,  X,  X]),
        (Op::Complete,        [H,  H,  H,  H,  H,  H,  H,  H,  X,  X]),
        (Op::Cancel,          [D,  D,  D,  D,  D,  D,  D,  D,  X,  X]),
    ]
};

/// Calls of the modern face. A pause of a download that waits for a condition keeps it from going on by itself.
#[rustfmt::skip]
pub const DOWNLOAD_TABLE: &[(DownloadOperation, Row<Verdict>)] = {
    use DownloadOperation as Op;
    use Verdict::{Discard as D, HandOver as H, Pause as P, Refuse as X, Start as R, StartMore as M, Stay as S};
    &[
        //               new que run sus ret blo fai arr han dis
        (Op::Start,     [R,  S,  S,  R,  S,  R,  R,  M,  X,  X]),
        (Op::Pause,     [S,  P,  P,  S,  P,  P,  S,  S,  X,  X]),
        (Op::Finalize,  [X,  X,  X,  X,  X,  X,  X,  H,  S,  X]),
        (Op::Abort,     [D,  D,  D,  D,  D,  D,  D,  D,  X,  S]),
    ]
};

/// Events, for both faces. Where nothing stands, the event comes too late or cannot come.
#[rustfmt::skip]
pub const EVENT_TABLE: &[(Event, Row<Option<Phase>>)] = {
    use Phase::{Arrived, Blocked, Discarded, Failed, Queued, Retrying, Running};
    const NO: Option<Phase> = None;
    const Q: Option<Phase> = Some(Queued);
    const R: Option<Phase> = Some(Running);
    const T: Option<Phase> = Some(Retrying);
    const B: Option<Phase> = Some(Blocked);
    const F: Option<Phase> = Some(Failed);
    const A: Option<Phase> = Some(Arrived);
    const D: Option<Phase> = Some(Discarded);
    &[
        //                  new que run sus ret blo fai arr han dis
        (Event::Begins,    [NO, R,  NO, NO, R,  NO, NO, NO, NO, NO]),
        (Event::Waits,     [NO, NO, Q,  NO, Q,  NO, NO, NO, NO, NO]),
        (Event::Stumbles,  [NO, T,  T,  NO, NO, NO, NO, NO, NO, NO]),
        (Event::Fails,     [NO, F,  F,  NO, F,  F,  NO, NO, NO, NO]),
        (Event::Finishes,  [NO, A,  A,  NO, A,  NO, NO, NO, NO, NO]),
        (Event::Blocks,    [NO, B,  B,  NO, B,  NO, NO, NO, NO, NO]),
        (Event::Unblocks,  [NO, NO, NO, NO, Q,  Q,  NO, NO, NO, NO]),
        (Event::Expires,   [NO, F,  F,  NO, F,  F,  NO, NO, NO, NO]),
        (Event::Ages,      [D,  D,  D,  D,  D,  D,  D,  D,  NO, NO]),
        (Event::Restarts,  [NO, NO, Q,  NO, NO, NO, NO, NO, NO, NO]),
    ]
};

fn cell<K: PartialEq, T: Copy>(table: &[(K, Row<T>)], row: &K, phase: Phase) -> T {
    let (_, cells) = table.iter().find(|(key, _)| key == row).expect("each row stands in its table");
    cells[phase as usize]
}

/// What a call of the legacy face does in a state.
pub fn job_verdict(operation: JobOperation, phase: Phase) -> Verdict {
    cell(JOB_TABLE, &operation, phase)
}

/// What a call of the modern face does in a state.
pub fn download_verdict(operation: DownloadOperation, phase: Phase) -> Verdict {
    cell(DOWNLOAD_TABLE, &operation, phase)
}

/// Where an event leads from a state; `None` when it changes nothing.
pub fn after(event: Event, phase: Phase) -> Option<Phase> {
    cell(EVENT_TABLE, &event, phase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_the_phases_in_their_order() {
        for (index, phase) in Phase::ALL.into_iter().enumerate() {
            assert_eq!(phase as usize, index);
        }
    }

    #[test]
    fn no_call_and_no_event_leads_out_of_a_final_state() {
        for phase in [Phase::HandedOver, Phase::Discarded] {
            let moves = |verdict| !matches!(verdict, Verdict::Refuse | Verdict::Stay);
            assert!(!JOB_TABLE.iter().any(|(_, row)| moves(row[phase as usize])));
            assert!(!DOWNLOAD_TABLE.iter().any(|(_, row)| moves(row[phase as usize])));
            assert!(EVENT_TABLE.iter().all(|(_, row)| row[phase as usize].is_none()));
        }
    }
}
