//! What becomes of a file that arrived, or that nobody wants any more.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use swarmline_ipc::message::{ErrorKind, Event, ManifestSource, TransferError};
use swarmline_jobs::machine::{Answered, Sink, TransferSpec};
use swarmline_jobs::record::Record;
use swarmline_jobs::{FileId, HResult, JobId};
use swarmline_types::ContentId;

use super::super::fault::{code_of, code_of_failure};
use super::request::request_of;
use super::{Slot, Tools, destinations};

/// Gives a file its final name. A download that is not in hand any more, after a restart above all, is taken up anew for
/// that.
pub(super) async fn hand_over(
    tools: &Tools,
    slot: Arc<Slot>,
    (job, file): (JobId, FileId),
    path: &str,
) -> Result<Answered, HResult> {
    let mut held = slot.turn.lock().await;
    if let Some(kept) = &*held {
        match kept.control.hand_over(true).await {
            Ok(()) => {
                *held = None;
                return Ok(Answered::Done);
            }
            // It ended meanwhile; what is here is still here.
            Err(error) if matches!(error.kind, ErrorKind::Stopped | ErrorKind::Usage) => *held = None,
            Err(error) => return Err(code_of_failure(&error)),
        }
    }
    take_up(tools, (job, file), path).await
}

async fn take_up(tools: &Tools, (job, file): (JobId, FileId), path: &str) -> Result<Answered, HResult> {
    let (records, engine, destination) = (tools.records.clone(), tools.engine.clone(), PathBuf::from(path));
    let looked = tokio::task::spawn_blocking(move || {
        let record = records.read(job)?;
        Ok((record, engine.content_at(&destination)))
    });
    let (record, content): (Record, Option<ContentId>) =
        looked.await.map_err(|_| HResult::DO_E_FATAL_CORE_ERROR)?.map_err(|error| code_of(&error))?;
    let mut spec = spec_of(&record, file, path).ok_or(HResult::DO_E_FATAL_CORE_ERROR)?;
    if content.is_none() && !spec.integrity_mandatory {
        // It came without its piece hash file.
        spec.integrity = None;
    }
    let mut request = request_of(&spec, path.into()).map_err(|fault| fault.code())?;
    if let Some(content) = content {
        // What is here tells what it is, so that nobody has to be asked.
        request.manifest = ManifestSource::Pinned { content };
    }
    let mut download = tools.engine.begin(request, None);
    let result = loop {
        match download.events.recv().await {
            Some(Event::Held(_)) => break download.control.hand_over(true).await,
            Some(Event::Completed(_)) => break Ok(()),
            Some(Event::Failed(error)) => break Err(error),
            Some(_) => {}
            None => break Err(TransferError::new(ErrorKind::Stopped, "the download is over")),
        }
    };
    if result.is_err() {
        download.control.pause().await;
    }
    result.map(|()| Answered::Done).map_err(|error| code_of_failure(&error))
}

/// What the machine would order, as far as it matters for what is here already.
fn spec_of(record: &Record, file: FileId, path: &str) -> Option<TransferSpec> {
    let file = record.files.get(file.0 as usize)?;
    Some(TransferSpec {
        user: record.user,
        priority: record.priority.class(),
        url: file.url.clone(),
        content: file.id.as_deref().and_then(|id| id.parse().ok()),
        sink: Sink::File { path: path.to_owned() },
        ranges: file.ranges.clone(),
        size: file.size,
        headers: file.options.headers.clone(),
        auth_headers: file.options.auth_headers.clone(),
        security: file.options.security,
        allow_insecure_redirect: file.options.allow_insecure_redirect,
        integrity: file.options.integrity.clone(),
        integrity_mandatory: file.options.integrity_mandatory,
        stall_after: Duration::MAX,
    })
}

/// Removes what a file left, and with `placeholder` its destination.
pub(super) async fn discard(
    tools: &Tools,
    slot: Arc<Slot>,
    (job, file): (JobId, FileId),
    path: Option<String>,
    placeholder: bool,
) -> Result<Answered, HResult> {
    let mut held = slot.turn.lock().await;
    let place = path.as_ref().map_or_else(|| tools.stream_place(job, file), PathBuf::from);
    if let Some(kept) = held.take() {
        let _ = kept.control.discard().await;
    }
    if let Err(error) = tools.engine.discard(&place, None).await {
        tracing::warn!(%job, %error, "something of a file may be left");
    }
    if let Some(path) = path.filter(|_| placeholder) {
        let _ = tokio::task::spawn_blocking(move || destinations::remove(&path)).await;
    }
    Ok(Answered::Done)
}
