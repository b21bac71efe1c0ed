//! Sums over the downloads of a run, and the figures that are compared with the targets.

use std::collections::BTreeMap;

use super::{rounded, seconds};
use crate::lan::bound;
use crate::lan::heard::Tally;
use crate::lan::office::{Download, Measured};
use crate::lan::script::{Part, Script};
use crate::lan::targets::Figures;

/// What the hosts came to that were left alone.
pub(super) struct Sums {
    pub(super) survivors: usize,
    /// Survivors with all files.
    pub(super) completed: Vec<Done>,
    pub(super) all_right: bool,
    pub(super) makespan_s: Option<f64>,
    pub(super) tally: Option<Tally>,
}

/// A host with all files.
pub(super) struct Done {
    /// Since the start of the first.
    pub(super) at_s: f64,
    /// Since its own start.
    pub(super) took_s: f64,
}

pub(super) fn of(script: &Script, measured: &Measured, bound_s: f64) -> (Sums, Figures) {
    let stayed: Vec<&Download> =
        measured.downloads.iter().filter(|download| download.role.part.completes()).collect();
    let completed = completed(&stayed);
    let survivors = script.hosts.iter().filter(|role| role.part.completes()).count();
    let all = completed.len() == survivors;
    let makespan_s = all.then(|| completed.iter().map(|done| done.at_s).reduce(f64::max)).flatten();
    let tally = tally(&stayed);
    let all_right = stayed.iter().all(|download| download.right);

    let file = script.size_bytes() as f64;
    let origin = measured.passed.origin.iter().map(|line| line.sent_bytes).max().unwrap_or(0);
    let is_content = |name: &&String| script.files.iter().any(|file| file.name == name.as_str());
    let body_bytes = &measured.served.body_bytes;
    let urgent = urgent(&stayed).zip(bound::urgent(script));
    let liars = script.hosts.iter().filter(|role| role.part == Part::Corrupt).count();
    let vain = tally.map(|tally| (tally.duplicate + tally.cancelled) as f64 / file / survivors as f64);
    let bad = tally.filter(|_| liars > 0).map(|tally| tally.failed_hash as f64 / bound::PIECE_BYTES as f64);
    let seen: Option<Vec<f64>> = stayed.iter().map(|download| download.outcome.heard.peers_seen_s).collect();
    let figures = Figures {
        makespan_ratio: makespan_s.filter(|_| bound_s > 0.0).map(|makespan| rounded(makespan / bound_s)),
        origin_ratio: rounded(origin as f64 / file),
        origin_content_bytes: body_bytes.keys().filter(is_content).map(|name| body_bytes[name]).sum(),
        urgent_ratio: urgent.map(|(at_s, bound)| rounded(at_s / bound.as_secs_f64())),
        duplicates_ratio: vain.map(|ratio| (ratio * 1e5).round() / 1e5),
        bad_pieces_per_pair: bad.map(|pieces| rounded(pieces / (liars * survivors) as f64)),
        peers_seen_s: seen.and_then(|seen| seen.into_iter().reduce(f64::max)),
    };
    (Sums { survivors, completed, all_right, makespan_s, tally }, figures)
}

/// Hosts of which every download is complete.
fn completed(stayed: &[&Download]) -> Vec<Done> {
    let mut hosts = BTreeMap::<usize, Vec<&Download>>::new();
    for download in stayed {
        hosts.entry(download.role.number).or_default().push(download);
    }
    let done = |downloads: Vec<&Download>| -> Option<Done> {
        let times: Option<Vec<_>> = downloads.iter().map(|download| download.outcome.completed).collect();
        let (at, started) = (times?.into_iter().max()?, downloads.first()?.role.starts_at);
        Some(Done { at_s: seconds(at), took_s: seconds(at.saturating_sub(started)) })
    };
    hosts.into_values().filter_map(done).collect()
}

/// When the last of the files in the foreground was there; absent when one is not.
fn urgent(stayed: &[&Download]) -> Option<f64> {
    let urgent = stayed.iter().filter(|download| !download.file.background);
    let times: Option<Vec<_>> = urgent.map(|download| download.outcome.completed).collect();
    times?.into_iter().max().map(seconds)
}

/// Absent when one says nothing.
fn tally(stayed: &[&Download]) -> Option<Tally> {
    stayed.iter().try_fold(Tally::default(), |sum, download| {
        let more = download.outcome.heard.tally?;
        Some(Tally {
            from_origin: sum.from_origin + more.from_origin,
            from_peers: sum.from_peers + more.from_peers,
            duplicate: sum.duplicate + more.duplicate,
            failed_hash: sum.failed_hash + more.failed_hash,
            cancelled: sum.cancelled + more.cancelled,
        })
    })
}
