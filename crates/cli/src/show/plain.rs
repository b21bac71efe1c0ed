//! A line every few seconds, for logs and pipes.

use std::path::Path;
use std::time::Duration;

use swarmline_ipc::message::{Phase, Progress};

use super::Show;
use super::story::Story;
use crate::exit::Failure;
use crate::{screen, words};

/// One download as lines.
pub(super) struct Plain {
    story: Story,
    next: Duration,
}

impl Plain {
    pub(super) fn new(destination: &Path) -> Self {
        Self { story: Story::new(destination), next: screen::PLAIN_EVERY }
    }

    /// The line that is due, if one is.
    fn line(&mut self, at: Duration, progress: &Progress) -> Option<String> {
        // The meter wants to see every step, whether it is shown or not.
        let numbers = self.story.numbers(at, progress);
        if at < self.next {
            return None;
        }
        self.next = at + screen::PLAIN_EVERY;
        let have = match (progress.phase, progress.bytes_total) {
            (Phase::Fetching, Some(total)) => {
                format!("{}% of {}, ", words::percent(progress.bytes_have, total), words::bytes(total))
            }
            (Phase::Fetching, None) => format!("{}, ", words::bytes(progress.bytes_have)),
            _ => String::new(),
        };
        Some(format!("{}: {have}{numbers}", words::span(at)))
    }
}

impl Show for Plain {
    fn progress(&mut self, at: Duration, progress: &Progress) {
        self.story.news(progress).iter().for_each(|line| screen::note(line));
        if let Some(line) = self.line(at, progress) {
            screen::note(&line);
        }
    }

    fn note(&mut self, _: Duration, text: &str) {
        screen::note(text);
    }

    fn completed(&mut self, at: Duration, progress: &Progress) {
        self.story.news(progress).iter().for_each(|line| screen::note(line));
        screen::say(&self.story.ending(at, progress));
    }

    fn failed(&mut self, _: Duration, failure: &Failure) {
        screen::note(&format!("error: {failure}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_comes_every_few_seconds_and_not_oftener() {
        let mut plain = Plain::new(Path::new("/a"));
        let progress = Progress {
            phase: Phase::Fetching,
            bytes_total: Some(4 << 20),
            bytes_have: 1 << 20,
            ..Progress::default()
        };
        let lines: Vec<_> = (0..=120)
            .filter_map(|tenths| plain.line(Duration::from_millis(tenths * 100), &progress))
            .collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0], "5.0 s: 25% of 4.00 MiB, 0 B/s; peers 0 B, origin 0 B; 0 peers");
    }
}
