//! Pieces that came whole: verified and written, then the scheduler knows.

use swarmline_scheduler::{Input, RequestId};
use swarmline_store::WriteError;
use swarmline_types::{ContentId, PieceIndex};
use tracing::{info, warn};

use super::{Driver, Outcome};
use crate::content::{Opening, with_causes};
use crate::error::Trouble;

/// What became of a piece on its way to the disk.
pub(crate) struct Written {
    pub(crate) content: ContentId,
    pub(crate) opening: Opening,
    pub(crate) request: RequestId,
    pub(crate) piece: PieceIndex,
    /// `None` if the work panicked.
    pub(crate) result: Option<Result<(), WriteError>>,
}

impl Driver {
    /// A piece came from a peer: off to the disk with it.
    pub(super) fn write(
        &mut self,
        content: ContentId,
        request: RequestId,
        piece: PieceIndex,
        parts: Vec<bytes::Bytes>,
    ) {
        let Some(driven) = self.contents.get(&content) else { return };
        let (file, results, opening) = (driven.file.clone(), self.results.clone(), driven.opening);
        let tell = move |result| {
            let written = Written { content, opening, request, piece, result };
            let _ = results.blocking_send(Outcome::Written(written));
        };
        self.disk.start(move || file.write(piece, &parts), tell);
    }

    pub(super) fn on_written(&mut self, written: Written) {
        let Written { content, opening, request, piece, result } = written;
        let Some(driven) = self.current(content, opening) else { return };
        let ok = match result {
            Some(Ok(())) => true,
            Some(Err(error)) if error.is_senders_fault() => {
                info!(%content, %piece, request = request.get(), "wrong hash");
                false
            }
            Some(Err(error)) => {
                warn!(%content, error = with_causes(&error), "cannot write");
                driven.disk_error.get_or_insert(Trouble::of(&error));
                return self.forget(content);
            }
            None => {
                let trouble = Trouble::ours("writing a piece failed for a reason of our own");
                driven.disk_error.get_or_insert(trouble);
                return self.forget(content);
            }
        };
        self.input(content, Input::Verified { request, piece, ok });
        // The machine counts the pieces of a request; once it has ended, its task has too.
        if let Some(driven) = self.contents.get_mut(&content)
            && !driven.machine.is_in_flight(request)
        {
            driven.fetches.remove(&request);
        }
    }
}
