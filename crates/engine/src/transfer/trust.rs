//! Which manifest a download trusts, and where it comes from.
//!
//! Trust is a pin or the origin's word, and the head of the origin's file is its word. The digests behind it prove
//! themselves, so a peer that has them is as good as the origin.

mod phf;

use std::path::PathBuf;

use swarmline_ipc::message::{
    Cause, ErrorKind, FaultAt, IntegrityFault, ManifestSource, TransferError, Trust, Waivers,
};
use swarmline_origin::{Beginning, FetchError, Redacted};
use swarmline_proto::Manifest;
use swarmline_proto::manifest::{PHF_BYTES_MAX, PHF_HEAD_BYTES};
use swarmline_scheduler::BackOff;
use swarmline_types::{ContentId, UrlHash};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tracing::debug;
use url::Url;

use super::{Transfer, our_fault};
use crate::content::with_causes;
use crate::driver::{Command, Held};
use crate::error::{IntoFailure, Trouble, failure};
use crate::url_hash::url_hash;
use phf::{Named, absent, named_by, parse};

pub(crate) use phf::{Absent, read_phf};

/// What a download goes by.
pub(super) enum Resolved {
    Manifest {
        manifest: Manifest,
        trust: Trust,
    },
    /// There is none, for this reason.
    Plain {
        url: Url,
        reason: String,
    },
}

/// Peers are asked about the URL as long as this is held.
pub(super) struct Lookout {
    url: UrlHash,
    _looking: Held,
    /// Peers wait for this node to read the manifest.
    _reading: Option<Held>,
}

impl Transfer {
    /// Finds the manifest that the request says.
    pub(super) async fn resolve(&mut self) -> Result<Resolved, TransferError> {
        self.tell();
        match &self.request.url {
            Some(url) if !matches!(self.request.manifest, ManifestSource::File { .. }) => {
                self.look_out(url_hash(url)).await;
            }
            _ => {}
        }
        let is_named = self.request.options.phf_sha256.is_some();
        match self.request.manifest.clone() {
            ManifestSource::File { path, pinned } => {
                let manifest = self.manifest_file(path, pinned).await?;
                Ok(Resolved::Manifest { manifest, trust: Trust::Pinned })
            }
            ManifestSource::Url { url, pinned } => {
                let trust = if pinned.is_some() || is_named { Trust::Pinned } else { self.trust_in(&url) };
                match self.manifest_at(&url, pinned).await? {
                    Ok(manifest) => Ok(Resolved::Manifest { manifest, trust }),
                    Err(Absent(why, cause)) => Err(failure(ErrorKind::Manifest, why).because(cause)),
                }
            }
            ManifestSource::Pinned { content } => {
                let manifest = self.manifest_of(content).await?;
                Ok(Resolved::Manifest { manifest, trust: Trust::Pinned })
            }
            ManifestSource::Origin => {
                let url = self.url()?;
                match self.beside_the_file(&url, None).await? {
                    Ok(manifest) => {
                        let trust = if is_named { Trust::Pinned } else { self.trust_in(&url) };
                        Ok(Resolved::Manifest { manifest, trust })
                    }
                    // A file that was named is wanted, and no other.
                    Err(Absent(why, cause)) if is_named => {
                        Err(failure(ErrorKind::Manifest, why).because(cause))
                    }
                    Err(Absent(reason, _)) => Ok(Resolved::Plain { url, reason }),
                }
            }
        }
    }

    /// What a manifest from there is believed for. Whoever let a certificate pass does not know who has answered.
    fn trust_in(&self, url: &Url) -> Trust {
        let is_proven = url.scheme() == "https" && self.request.options.waivers == Waivers::default();
        if is_proven { Trust::Origin } else { Trust::OriginUnauthenticated }
    }

    /// Asks peers about the URL from now on.
    async fn look_out(&mut self, url: UrlHash) {
        let (looking, held) = oneshot::channel();
        self.shared.command(Command::LookFor { url, looking }).await;
        self.lookout = Some(Lookout { url, _looking: held, _reading: None });
    }

    /// The origin's manifest, if it is one of another content by now; nothing if it cannot be had at once.
    pub(super) async fn manifest_other_than(&self, old: ContentId) -> Option<Manifest> {
        for url in self.request.url.iter().flat_map(places) {
            let phf = match self.beginning_of(&url).await {
                Ok(Beginning::Whole(phf)) => Some(phf),
                Ok(part) if named_by(&part).is_some_and(|named| named.head.content == old) => return None,
                _ => self.origin.get_small(&url, PHF_BYTES_MAX as u64).await.ok(),
            };
            if let Some(manifest) = phf.and_then(|phf| Manifest::parse_phf(&phf).ok()) {
                return Some(manifest).filter(|new| new.content() != old);
            }
        }
        None
    }

    async fn manifest_file(
        &self,
        path: PathBuf,
        pinned: Option<ContentId>,
    ) -> Result<Manifest, TransferError> {
        let shown = path.display().to_string();
        let sha256 = self.request.options.phf_sha256.clone();
        let read = self.shared.disk.run(move || read_phf(&path, pinned, sha256.as_deref()));
        let read = read.await.ok_or_else(our_fault)?;
        read.map_err(|Absent(why, cause)| {
            failure(ErrorKind::Manifest, format!("{shown}: {why}")).because(cause)
        })
    }

    /// A manifest whose hash is known: whoever has it is as good as any other, unless the file was named as well.
    async fn manifest_of(&mut self, content: ContentId) -> Result<Manifest, TransferError> {
        let url = self.request.url.clone();
        if let Some(url) = url.as_ref().filter(|_| self.request.options.phf_sha256.is_some()) {
            let found = self.beside_the_file(url, Some(content)).await?;
            return found.map_err(|Absent(why, cause)| failure(ErrorKind::Manifest, why).because(cause));
        }
        let shared = self.shared.clone();
        if let Some(Some(manifest)) = self.shared.disk.run(move || shared.store.manifest(content)).await {
            return Ok(manifest);
        }
        let (reply, mut from_peer) = oneshot::channel();
        self.shared.command(Command::FindManifest { content, reply }).await;
        let grace = self.shared.settings.orphan_grace;
        let absent = match &url {
            Some(url) => tokio::select! {
                Ok(manifest) = &mut from_peer => return Ok(manifest),
                at_origin = self.beside_the_file(url, Some(content)) => match at_origin? {
                    Ok(manifest) => return Ok(manifest),
                    Err(absent) => Some(absent),
                },
            },
            None => None,
        };
        if let Ok(Ok(manifest)) = tokio::time::timeout(grace, from_peer).await {
            return Ok(manifest);
        }
        let text = format!("no peer has the manifest of {content}");
        Err(match absent {
            Some(Absent(why, cause)) => {
                failure(ErrorKind::Manifest, format!("{text}, and {why}")).because(cause)
            }
            // Whoever has it may come yet.
            None => {
                let cause = Cause { at: Some(FaultAt::Peers), is_transient: true, ..Cause::default() };
                failure(ErrorKind::Origin, format!("{text}, and no address of it is known")).because(cause)
            }
        })
    }

    /// Looks where publishers put it: `.phf` behind the path, then `/pieceshash`.
    async fn beside_the_file(
        &mut self,
        url: &Url,
        want: Option<ContentId>,
    ) -> Result<Result<Manifest, Absent>, TransferError> {
        let (mut reasons, mut cause) = (Vec::new(), Cause::default());
        for url in places(url) {
            match self.manifest_at(&url, want).await? {
                Ok(manifest) => return Ok(Ok(manifest)),
                Err(Absent(why, of_place)) => {
                    reasons.push(why);
                    // A file that is there and wrong says more than one that is not there.
                    let says_more = cause.integrity.is_none_or(|fault| fault == IntegrityFault::Absent);
                    cause = if says_more { of_place } else { cause };
                }
            }
        }
        Ok(Err(Absent(reasons.join("; "), cause)))
    }

    /// Tries until it is here, or certainly is not, or too long has passed.
    async fn manifest_at(
        &mut self,
        url: &Url,
        want: Option<ContentId>,
    ) -> Result<Result<Manifest, Absent>, TransferError> {
        let patience = Instant::now() + self.shared.settings.no_progress_timeout;
        let mut back_off = BackOff::new(self.shared.settings.seed);
        loop {
            let error = match self.try_manifest_at(url, want).await {
                Ok(found) => return Ok(found),
                Err(error) => error,
            };
            if !error.is_transient() {
                return Ok(Err(absent(url, &error)));
            }
            debug!(error = with_causes(&error), "no manifest yet");
            let wait = back_off.after_failure(error.retry_after());
            if Instant::now() + wait > patience {
                let text = format!("no manifest for too long: {}", with_causes(&error));
                let cause = Cause { at: Some(FaultAt::Manifest), is_transient: true, ..error.details() };
                return Err(failure(ErrorKind::NoProgress, text).because(cause));
            }
            self.note(Trouble::of(&error));
            tokio::time::sleep(wait).await;
        }
    }

    /// One attempt. The head alone is read of a large file, and the rest taken from a peer where one has it. A file whose
    /// head says nothing is read as a whole.
    async fn try_manifest_at(
        &mut self,
        url: &Url,
        want: Option<ContentId>,
    ) -> Result<Result<Manifest, Absent>, FetchError> {
        if self.request.options.phf_sha256.is_some() {
            let phf = self.origin.get_small(url, PHF_BYTES_MAX as u64).await?;
            return Ok(self.read(url, &phf, want));
        }
        let named = match self.beginning_of(url).await {
            Ok(Beginning::Whole(phf)) => return Ok(self.read(url, &phf, want)),
            Ok(part) => named_by(&part),
            Err(error) if error.is_transient() || is_final(&error) => return Err(error),
            // Perhaps it is only the range that is not to the origin's liking.
            Err(_) => None,
        };
        match named {
            Some(named) => match want.filter(|want| *want != named.head.content) {
                Some(want) => Ok(Err(named.is_not(url, want))),
                None => self.manifest_named(url, named, want).await,
            },
            None => {
                let phf = self.origin.get_small(url, PHF_BYTES_MAX as u64).await?;
                Ok(self.read(url, &phf, want))
            }
        }
    }

    async fn beginning_of(&self, url: &Url) -> Result<Beginning, FetchError> {
        self.origin.get_beginning(url, PHF_HEAD_BYTES as u64, PHF_BYTES_MAX as u64).await
    }

    /// The manifest that the origin has named: from disk, from a peer, or, when it is this node's turn, from the origin.
    async fn manifest_named(
        &mut self,
        url: &Url,
        named: Named,
        want: Option<ContentId>,
    ) -> Result<Result<Manifest, Absent>, FetchError> {
        let (shared, origin, content) = (self.shared.clone(), self.origin.clone(), named.head.content);
        let store = shared.store.clone();
        if let Some(Some(manifest)) = shared.disk.run(move || store.manifest(content)).await {
            return Ok(named.agrees(url, manifest));
        }
        let (reply, mut from_peer) = oneshot::channel();
        shared.command(Command::FindManifest { content, reply }).await;
        tokio::select! {
            biased;
            Ok(manifest) = &mut from_peer => return Ok(named.agrees(url, manifest)),
            () = self.my_turn(&named) => {}
        }
        let whole = origin.get_small(url, PHF_BYTES_MAX as u64);
        tokio::select! {
            biased;
            Ok(manifest) = from_peer => Ok(named.agrees(url, manifest)),
            // The file may be another one by now, which is the origin's word as well.
            phf = whole => Ok(self.read(url, &phf?, want)),
        }
    }

    fn read(&self, url: &Url, phf: &[u8], want: Option<ContentId>) -> Result<Manifest, Absent> {
        let parsed = parse(phf, want, self.request.options.phf_sha256.as_deref());
        parsed.map_err(|Absent(why, cause)| Absent(format!("{}: {why}", Redacted(url)), cause))
    }

    /// Waits until nobody else can be expected to bring the manifest.
    async fn my_turn(&mut self, named: &Named) {
        let Some(lookout) = &mut self.lookout else { return };
        lookout._reading = None;
        let (turn, mine) = oneshot::channel();
        let (url, content, bytes) = (lookout.url, named.head.content, named.bytes);
        self.shared.command(Command::AwaitTurn { url, content, bytes, turn }).await;
        lookout._reading = mine.await.ok();
    }
}

/// Whether the origin would answer the same to a request without a range.
fn is_final(error: &FetchError) -> bool {
    matches!(error, FetchError::TooLarge { .. }) || matches!(error.status(), Some(401 | 403 | 404 | 410))
}

/// Where the manifest of a URL may stand. What follows a `?` stays behind.
fn places(url: &Url) -> [Url; 2] {
    [".phf", "/pieceshash"].map(|ending| {
        let mut place = url.clone();
        place.set_path(&format!("{}{ending}", url.path()));
        place.set_fragment(None);
        place
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_stands_before_the_query() {
        let url = Url::parse("https://example.com/a/b.iso?token=1#top").unwrap();
        let [phf, pieceshash] = places(&url);
        assert_eq!(phf.as_str(), "https://example.com/a/b.iso.phf?token=1");
        assert_eq!(pieceshash.as_str(), "https://example.com/a/b.iso/pieceshash?token=1");
    }
}
