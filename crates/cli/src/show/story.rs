//! What people are told beside the numbers, each thing once: trust when it is known, trouble while it lasts, the end.

use std::path::{Path, PathBuf};
use std::time::Duration;

use swarmline_ipc::message::{Phase, Progress, Trust};

use super::meter::{Meter, time_left};
use crate::words;

/// Tells a bar and plain lines the same words.
#[derive(Debug)]
pub(super) struct Story {
    destination: PathBuf,
    trust: Trust,
    trouble: Option<String>,
    meter: Meter,
}

impl Story {
    pub(super) fn new(destination: &Path) -> Self {
        Self {
            destination: destination.to_owned(),
            trust: Trust::Unknown,
            trouble: None,
            meter: Meter::default(),
        }
    }

    /// Lines that are due because something has changed: at most two.
    pub(super) fn news(&mut self, progress: &Progress) -> Vec<String> {
        let mut news = Vec::new();
        if self.trust != progress.trust {
            self.trust = progress.trust.clone();
            news.extend(words::trust(&self.trust));
        }
        if self.trouble != progress.trouble {
            self.trouble.clone_from(&progress.trouble);
            news.extend(self.trouble.as_ref().map(|trouble| format!("still trying: {trouble}")));
        }
        news
    }

    /// The numbers behind the bar: `1.2 MiB/s, 3.0 s left; peers 5 MiB, origin 2 MiB; 7 peers`.
    pub(super) fn numbers(&mut self, at: Duration, progress: &Progress) -> String {
        let rate = self.meter.rate(at, progress.from_origin + progress.from_peers);
        match progress.phase {
            Phase::Fetching => {}
            phase => return words::phase(phase).to_owned(),
        }
        let left = progress.bytes_total.map(|total| total.saturating_sub(progress.bytes_have));
        let left = left.and_then(|left| time_left(left, rate));
        let left = left.map(|left| format!(", {} left", words::span(left))).unwrap_or_default();
        format!(
            "{}{left}; peers {}, origin {}; {}",
            words::rate(rate),
            words::bytes(progress.from_peers),
            words::bytes(progress.from_origin),
            words::count(progress.connected.into(), "peer", "peers"),
        )
    }

    /// That the destination is there, and where its bytes came from.
    pub(super) fn ending(&self, at: Duration, progress: &Progress) -> String {
        let total = progress.bytes_total.unwrap_or(progress.bytes_have);
        let path = self.destination.display();
        if progress.from_origin + progress.from_peers == 0 {
            return format!("{path} is already complete ({})", words::bytes(total));
        }
        let mut sources = format!(
            "  {} from peers, {} from the origin",
            words::bytes(progress.from_peers),
            words::bytes(progress.from_origin)
        );
        for (bytes, what) in [(progress.bytes_resumed, "resumed"), (progress.wasted, "received in vain")] {
            if bytes > 0 {
                sources += &format!(", {} {what}", words::bytes(bytes));
            }
        }
        format!("{path} is complete: {} in {}\n{sources}", words::bytes(total), words::span(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Duration = Duration::from_secs(10);

    fn story() -> Story {
        Story::new(Path::new("/srv/a.iso"))
    }

    #[test]
    fn each_thing_is_told_once() {
        let mut story = story();
        let mut progress = Progress::default();
        assert!(story.news(&progress).is_empty());
        progress.trust = Trust::OriginUnauthenticated;
        progress.trouble = Some("origin answered 503".into());
        assert_eq!(
            story.news(&progress),
            ["trust: origin (unauthenticated)", "still trying: origin answered 503"]
        );
        assert!(story.news(&progress).is_empty());
        progress.trouble = None;
        assert!(story.news(&progress).is_empty());
    }

    #[test]
    fn the_numbers_are_about_now() {
        let mut story = story();
        let mut progress = Progress {
            phase: Phase::Fetching,
            bytes_total: Some(10 << 20),
            connected: 1,
            ..Progress::default()
        };
        story.numbers(Duration::ZERO, &progress);
        (progress.from_peers, progress.from_origin, progress.bytes_have) = (4 << 20, 1 << 20, 5 << 20);
        assert_eq!(
            story.numbers(AT, &progress),
            "512.00 KiB/s, 10.0 s left; peers 4.00 MiB, origin 1.00 MiB; 1 peer"
        );
        progress.phase = Phase::Checking;
        assert_eq!(story.numbers(AT, &progress), "checking what is here already");
    }

    #[test]
    fn the_ending_says_where_the_bytes_came_from() {
        let mut progress =
            Progress { bytes_total: Some(6 << 20), from_peers: 4 << 20, ..Progress::default() };
        assert_eq!(
            story().ending(AT, &progress),
            "/srv/a.iso is complete: 6.00 MiB in 10.0 s\n  4.00 MiB from peers, 0 B from the origin"
        );
        (progress.bytes_resumed, progress.wasted) = (2 << 20, 100);
        assert!(story().ending(AT, &progress).ends_with(", 2.00 MiB resumed, 100 B received in vain"));
        progress.from_peers = 0;
        assert_eq!(story().ending(AT, &progress), "/srv/a.iso is already complete (6.00 MiB)");
    }
}
