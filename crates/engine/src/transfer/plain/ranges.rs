//! Ranges of a file without a manifest: one request each, written one behind the other.

use swarmline_ipc::message::{Cause, ErrorKind, FaultAt, OriginFault, TransferError};
use swarmline_origin::{Answer, FetchRequest, OriginInfo};
use swarmline_store::PlainPart;
use swarmline_types::ByteRange;
use tracing::info;
use url::Url;

use super::Broken;
use crate::error::{IntoFailure, failure};
use crate::transfer::Transfer;
use crate::transfer::wish::resolve;

impl Transfer {
    /// Fetches what is missing of the ranges, if the origin still has what was begun, otherwise all of them. Gives the
    /// part back, unless a panic swallowed it.
    pub(super) async fn attempt_ranges(
        &mut self,
        mut part: PlainPart,
        url: &Url,
    ) -> (Option<PlainPart>, Result<(), Broken>) {
        let found = match self.origin.probe(url).await {
            Ok(found) => found,
            Err(error) => return (Some(part), Err(Broken::Origin(error))),
        };
        let rest = match self.prepare(&mut part, &found) {
            Ok(rest) => rest,
            Err(error) => return (Some(part), Err(Broken::Fatal(error))),
        };
        let mut part = Some(part);
        for range in rest {
            if let Err(end) = self.fetch_range(range, &found, (url, &mut part)).await {
                return (part, Err(end));
            }
        }
        (part, Ok(()))
    }

    /// What is still to be asked for, behind what is here.
    fn prepare(&mut self, part: &mut PlainPart, found: &OriginInfo) -> Result<Vec<ByteRange>, TransferError> {
        if !found.ranges {
            return Err(no_ranges());
        }
        let spans = resolve(&self.request.options.ranges, found.version.len)?;
        let validator = found.version.validator.as_ref().map(ToString::to_string);
        if part.received() == 0 || validator.is_none() || part.validator() != validator.as_deref() {
            part.restart(validator.as_deref()).map_err(IntoFailure::into_failure)?;
            self.live.set_prefix(0);
        }
        let size = spans.iter().map(|span| span.size()).sum();
        self.progress.bytes_total = Some(size);
        part.expect(size).map_err(IntoFailure::into_failure)?;
        let rest = behind(&spans, part.received());
        info!(received = part.received(), ranges = rest.len(), "fetching ranges");
        Ok(rest)
    }

    async fn fetch_range(
        &mut self,
        range: ByteRange,
        found: &OriginInfo,
        (url, part): (&Url, &mut Option<PlainPart>),
    ) -> Result<(), Broken> {
        let (url, known) = (url.clone(), found.version.clone());
        let request = FetchRequest { url, range: Some(range), known };
        let mut answer = self.origin.fetch(request).await.map_err(Broken::Origin)?;
        match answer.answer() {
            Answer::Range { .. } => self.receive(&mut answer, part).await,
            // It served a range just now, so this is not the file that it was.
            Answer::Whole { .. } => Err(Broken::Fatal(no_ranges())),
        }
    }
}

/// Ranges one behind the other, without their first `done` bytes.
fn behind(spans: &[ByteRange], mut done: u64) -> Vec<ByteRange> {
    let cut = |span: &ByteRange| {
        let here = done.min(span.size());
        done -= here;
        ByteRange::new(span.start() + here, span.end())
    };
    spans.iter().filter_map(cut).collect()
}

fn no_ranges() -> TransferError {
    let cause = Cause { at: Some(FaultAt::Origin), origin: Some(OriginFault::NoRanges), ..Cause::default() };
    failure(ErrorKind::NoRanges, "the origin does not serve ranges, and there is no manifest").because(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_here_is_not_asked_for_again() {
        let spans = [(10, 20), (0, 5), (7, 8)].map(|(start, end)| ByteRange::new(start, end).unwrap());
        let left = |done| behind(&spans, done).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        assert_eq!(left(0), "10-19 0-4 7-7");
        assert_eq!(left(3), "13-19 0-4 7-7");
        assert_eq!(left(10), "0-4 7-7");
        assert_eq!(left(15), "7-7");
        assert_eq!(left(16), "");
    }
}
