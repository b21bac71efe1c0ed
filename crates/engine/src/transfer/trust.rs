//! Which manifest a download trusts, and where it comes from.

use std::path::PathBuf;

use swarmline_ipc::message::{ErrorKind, ManifestSource, TransferError, Trust};
use swarmline_origin::{FetchError, Redacted};
use swarmline_proto::Manifest;
use swarmline_proto::manifest::PHF_BYTES_MAX;
use swarmline_scheduler::BackOff;
use swarmline_types::ContentId;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tracing::debug;
use url::Url;

use super::{Transfer, our_fault};
use crate::content::with_causes;
use crate::driver::Command;
use crate::error::failure;

/// What a download goes by.
pub(super) enum Resolved {
    Manifest {
        manifest: Manifest,
        trust: Trust,
    },
    /// There is none, for this reason.
    Plain {
        reason: String,
    },
}

/// Why a place has no manifest, for good.
struct Absent(String);

impl Transfer {
    /// Finds the manifest that the request says.
    pub(super) async fn resolve(&mut self) -> Result<Resolved, TransferError> {
        self.tell();
        match self.request.manifest.clone() {
            ManifestSource::File { path, pinned } => {
                let manifest = self.manifest_file(path, pinned).await?;
                Ok(Resolved::Manifest { manifest, trust: Trust::Pinned })
            }
            ManifestSource::Url { url, pinned } => {
                let trust = if pinned.is_some() { Trust::Pinned } else { trust_of(&url) };
                match self.manifest_at(&url, pinned).await? {
                    Ok(manifest) => Ok(Resolved::Manifest { manifest, trust }),
                    Err(Absent(why)) => Err(failure(ErrorKind::Manifest, why)),
                }
            }
            ManifestSource::Pinned { content } => {
                let manifest = self.manifest_of(content).await?;
                Ok(Resolved::Manifest { manifest, trust: Trust::Pinned })
            }
            ManifestSource::Origin => match self.beside_the_file(None).await? {
                Ok(manifest) => {
                    let trust = trust_of(&self.request.url);
                    Ok(Resolved::Manifest { manifest, trust })
                }
                Err(Absent(reason)) => Ok(Resolved::Plain { reason }),
            },
        }
    }

    /// What the origin's manifest is by now; nothing if it cannot be had at once.
    pub(super) async fn manifest_at_origin(&self) -> Option<Manifest> {
        for url in places(&self.request.url) {
            let small = self.shared.origin.get_small(&url, PHF_BYTES_MAX as u64).await;
            if let Some(manifest) = small.ok().and_then(|phf| Manifest::parse_phf(&phf).ok()) {
                return Some(manifest);
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
        let read = self.shared.disk.run(move || read_phf(&path, pinned)).await.ok_or_else(our_fault)?;
        read.map_err(|why| failure(ErrorKind::Manifest, format!("{shown}: {why}")))
    }

    /// A manifest whose hash is known: whoever has it is as good as any other.
    async fn manifest_of(&mut self, content: ContentId) -> Result<Manifest, TransferError> {
        let shared = self.shared.clone();
        if let Some(Some(manifest)) = self.shared.disk.run(move || shared.store.manifest(content)).await {
            return Ok(manifest);
        }
        let (reply, mut from_peer) = oneshot::channel();
        self.shared.command(Command::FindManifest { content, reply }).await;
        let grace = self.shared.settings.orphan_grace;
        let absent = tokio::select! {
            Ok(manifest) = &mut from_peer => return Ok(manifest),
            at_origin = self.beside_the_file(Some(content)) => match at_origin? {
                Ok(manifest) => return Ok(manifest),
                Err(Absent(why)) => why,
            },
        };
        match tokio::time::timeout(grace, from_peer).await {
            Ok(Ok(manifest)) => Ok(manifest),
            _ => Err(failure(
                ErrorKind::Manifest,
                format!("no peer has the manifest of {content}, and {absent}"),
            )),
        }
    }

    /// Looks where publishers put it: `.phf` behind the path, then `/pieceshash`.
    async fn beside_the_file(
        &mut self,
        want: Option<ContentId>,
    ) -> Result<Result<Manifest, Absent>, TransferError> {
        let mut reasons = Vec::new();
        for url in places(&self.request.url) {
            match self.manifest_at(&url, want).await? {
                Ok(manifest) => return Ok(Ok(manifest)),
                Err(Absent(why)) => reasons.push(why),
            }
        }
        Ok(Err(Absent(reasons.join("; "))))
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
            let error = match self.shared.origin.get_small(url, PHF_BYTES_MAX as u64).await {
                Ok(phf) => {
                    return Ok(parse(&phf, want).map_err(|why| Absent(format!("{}: {why}", Redacted(url)))));
                }
                Err(error) => error,
            };
            if !error.is_transient() {
                return Ok(Err(absent(url, &error)));
            }
            debug!(error = with_causes(&error), "no manifest yet");
            let wait = back_off.after_failure(error.retry_after());
            if Instant::now() + wait > patience {
                let text = format!("no manifest for too long: {}", with_causes(&error));
                return Err(failure(ErrorKind::NoProgress, text));
            }
            self.progress.trouble = Some(with_causes(&error));
            self.tell();
            tokio::time::sleep(wait).await;
        }
    }
}

fn absent(url: &Url, error: &FetchError) -> Absent {
    match error.status() {
        Some(status) => Absent(format!("{} is not there ({status})", Redacted(url))),
        None => Absent(format!("{}: {}", Redacted(url), with_causes(error))),
    }
}

fn parse(phf: &[u8], want: Option<ContentId>) -> Result<Manifest, String> {
    let parsed = match want {
        Some(want) => Manifest::parse_phf_of(phf, want),
        None => Manifest::parse_phf(phf),
    };
    parsed.map_err(|error| with_causes(&error))
}

/// Reads a piece hash file from disk. Blocking.
pub(crate) fn read_phf(path: &std::path::Path, want: Option<ContentId>) -> Result<Manifest, String> {
    let size = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > PHF_BYTES_MAX as u64 {
        return Err(format!("{size} bytes are too many for a piece hash file, {PHF_BYTES_MAX} are allowed"));
    }
    let phf = std::fs::read(path).map_err(|error| error.to_string())?;
    parse(&phf, want)
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

fn trust_of(url: &Url) -> Trust {
    if url.scheme() == "https" { Trust::Origin } else { Trust::OriginUnauthenticated }
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
