//! Gives a client's stream what has arrived, in order, while the rest is still arriving.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use swarmline_ipc::jobs::SINK_BYTES_MAX;
use swarmline_jobs::machine::{Fault, TransferEvent, TransferId};
use swarmline_jobs::{ClientId, HResult, Token, Traffic};
use tokio::sync::{OwnedMutexGuard, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::super::fault::fault_of;
use super::attempt::End;
use super::{Outcome, Taken, Tools};
use crate::download::Control;

/// When bytes are asked for again that are verified and were not to be had: the file is being moved, or fetched again.
const AGAIN: Duration = Duration::from_millis(50);

/// See the module. A task of its own: a client that hangs in a write keeps it, and nothing else.
pub(super) struct Pump {
    pub(super) tools: Tools,
    pub(super) transfer: TransferId,
    pub(super) client: ClientId,
    pub(super) token: Token,
    pub(super) traffic: Arc<Mutex<Traffic>>,
    pub(super) cancel: CancellationToken,
}

impl Pump {
    /// Ends when all is held and the stream has it, or when the stream fails. When it is cancelled, a write that is under
    /// way comes to its end first, so that nothing is given twice. `heard` is what the machine knows to be taken.
    pub(super) async fn run(
        self,
        mut taken: OwnedMutexGuard<Taken>,
        heard: u64,
        control: Control,
        mut is_held: watch::Receiver<bool>,
    ) -> Result<(), End> {
        let stream = Some((self.client, self.token));
        if taken.stream != stream {
            *taken = Taken { stream, bytes: heard };
        }
        let mut verified = control.verified();
        loop {
            // Looked at first: what is verified by then is all there is.
            let all_is_here = *is_held.borrow_and_update();
            let here = *verified.borrow_and_update();
            if all_is_here && here < taken.bytes {
                // The file is another one by now, and what was given cannot be taken back.
                return Err(End::Failed(Fault::BadPiece));
            }
            while taken.bytes < here && self.pass_on(&mut taken, &control).await? {}
            if all_is_here && taken.bytes >= here {
                return Ok(());
            }
            let is_withheld = taken.bytes < here;
            tokio::select! {
                () = tokio::time::sleep(AGAIN), if is_withheld => {}
                Ok(()) = verified.changed() => {}
                Ok(()) = is_held.changed() => {}
                () = self.cancel.cancelled() => return Err(End::Cancelled),
                else => return Err(End::Cancelled),
            }
        }
    }

    /// The next bytes; `false` if they are not to be had at the moment.
    async fn pass_on(&self, taken: &mut Taken, control: &Control) -> Result<bool, End> {
        if self.cancel.is_cancelled() {
            return Err(End::Cancelled);
        }
        let most = u32::try_from(SINK_BYTES_MAX).expect("256 KiB");
        let read = control.read(taken.bytes, most).await;
        let Some(bytes) = read.map_err(|error| End::Failed(fault_of(&error)))? else { return Ok(false) };
        let size = bytes.len() as u64;
        let (done, answer) = oneshot::channel();
        let write = Outcome::Write { client: self.client, token: self.token, bytes: bytes.to_vec(), done };
        if self.tools.outcomes.send(write).await.is_err() {
            return Err(End::Cancelled);
        }
        match answer.await.unwrap_or(HResult::RPC_E_DISCONNECTED) {
            code if code.is_failure() => return Err(End::Failed(Fault::Stream { code })),
            _ => taken.bytes += size,
        }
        let traffic = *self.traffic.lock().unwrap_or_else(PoisonError::into_inner);
        let event = TransferEvent::Progress { transferred: taken.bytes, traffic };
        self.tools.tell(self.transfer, event).await;
        Ok(true)
    }
}
