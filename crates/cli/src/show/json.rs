//! One JSON object per line on stdout, the last one the result. `docs/cli.md` is the reference.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use swarmline_ipc::message::{Phase, Progress, Trust};
use swarmline_types::ContentId;

use super::Show;
use crate::exit::Failure;
use crate::screen;

/// What every line begins with; the rest of an object is `body`.
#[derive(Debug, Serialize)]
pub(crate) struct Line<T> {
    event: &'static str,
    /// Seconds since the command began, to the millisecond.
    #[serde(skip_serializing_if = "Option::is_none")]
    t_s: Option<f64>,
    #[serde(flatten)]
    body: T,
}

impl<T: Serialize> Line<T> {
    pub(crate) fn new(event: &'static str, at: Duration, body: T) -> Self {
        Self { event, t_s: Some(seconds(at)), body }
    }

    /// Of what comes out the same whenever and wherever it is asked.
    pub(crate) fn of_any_time(event: &'static str, body: T) -> Self {
        Self { event, t_s: None, body }
    }

    /// The line without its newline.
    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).expect("bodies are structs of texts, numbers and lists")
    }

    /// Prints the line.
    pub(crate) fn say(&self) {
        screen::say(&self.text());
    }
}

/// A failure as every command reports it; also the last line of `get`, which adds how far it came.
#[derive(Debug, Serialize)]
pub(crate) struct Failed<'a> {
    kind: &'static str,
    message: &'a str,
    exit_code: u8,
    elapsed_s: f64,
}

impl<'a> Failed<'a> {
    pub(crate) fn new(at: Duration, failure: &'a Failure) -> Self {
        Self {
            kind: failure.exit.name(),
            message: &failure.message,
            exit_code: failure.exit.code(),
            elapsed_s: seconds(at),
        }
    }
}

/// Seconds to the millisecond.
pub(crate) fn seconds(span: Duration) -> f64 {
    (span.as_secs_f64() * 1000.0).round() / 1000.0
}

/// One download as JSON.
pub(super) struct Json {
    /// As text: JSON has no other paths.
    destination: String,
    connected: u32,
    next: Duration,
    last: Progress,
}

impl Json {
    pub(super) fn new(destination: &Path) -> Self {
        Self {
            destination: PathBuf::from(destination).to_string_lossy().into_owned(),
            connected: 0,
            next: Duration::ZERO,
            last: Progress::default(),
        }
    }

    /// The lines that are due: at most two.
    fn lines(&mut self, at: Duration, progress: &Progress) -> Vec<String> {
        let mut lines: Vec<_> = self.peers(at, progress).into_iter().collect();
        if at >= self.next || progress.phase != self.last.phase {
            self.next = at + PROGRESS_EVERY;
            lines.push(Line::new("progress", at, Fields::of(progress)).text());
        }
        self.last = progress.clone();
        lines
    }

    fn peers(&mut self, at: Duration, progress: &Progress) -> Option<String> {
        let before = std::mem::replace(&mut self.connected, progress.connected);
        let body = Peers { connected: self.connected };
        (before != self.connected).then(|| Line::new("peers", at, body).text())
    }
}

impl Show for Json {
    fn progress(&mut self, at: Duration, progress: &Progress) {
        self.lines(at, progress).iter().for_each(|line| screen::say(line));
    }

    fn note(&mut self, at: Duration, text: &str) {
        Line::new("note", at, Note { message: text }).say();
    }

    fn completed(&mut self, at: Duration, progress: &Progress) {
        self.peers(at, progress).iter().for_each(|line| screen::say(line));
        let body =
            Completed { path: &self.destination, elapsed_s: seconds(at), progress: Fields::of(progress) };
        Line::new("completed", at, body).say();
    }

    fn failed(&mut self, at: Duration, failure: &Failure) {
        let body = FailedGet {
            path: &self.destination,
            failed: Failed::new(at, failure),
            progress: Fields::of(&self.last),
        };
        Line::new("failed", at, body).say();
        screen::note(&format!("error: {failure}"));
    }
}

#[derive(Serialize)]
struct Peers {
    connected: u32,
}

#[derive(Serialize)]
struct Note<'a> {
    message: &'a str,
}

#[derive(Serialize)]
struct Completed<'a> {
    path: &'a str,
    elapsed_s: f64,
    #[serde(flatten)]
    progress: Fields<'a>,
}

#[derive(Serialize)]
struct FailedGet<'a> {
    path: &'a str,
    #[serde(flatten)]
    failed: Failed<'a>,
    #[serde(flatten)]
    progress: Fields<'a>,
}

/// How far a download is, flat.
#[derive(Serialize)]
struct Fields<'a> {
    phase: Phase,
    hash_of_hashes: Option<ContentId>,
    trust: &'static str,
    trust_reason: Option<&'a str>,
    bytes_total: Option<u64>,
    bytes_have: u64,
    bytes_resumed: u64,
    from_origin: u64,
    from_peers: u64,
    wasted: u64,
    duplicate: u64,
    failed_hash: u64,
    cancelled: u64,
    connected: u32,
    sharing: u32,
    needed: bool,
    trouble: Option<&'a str>,
}

impl<'a> Fields<'a> {
    fn of(progress: &'a Progress) -> Self {
        let (trust, trust_reason) = match &progress.trust {
            Trust::Unknown => ("unknown", None),
            Trust::Pinned => ("pinned", None),
            Trust::Origin => ("origin", None),
            Trust::OriginUnauthenticated => ("origin_unauthenticated", None),
            Trust::None { reason } => ("none", Some(reason.as_str())),
        };
        Self {
            phase: progress.phase,
            hash_of_hashes: progress.content,
            trust,
            trust_reason,
            bytes_total: progress.bytes_total,
            bytes_have: progress.bytes_have,
            bytes_resumed: progress.bytes_resumed,
            from_origin: progress.from_origin,
            from_peers: progress.from_peers,
            wasted: progress.wasted,
            duplicate: progress.duplicate,
            failed_hash: progress.failed_hash,
            cancelled: progress.cancelled,
            connected: progress.connected,
            sharing: progress.sharing,
            needed: progress.needed,
            trouble: progress.trouble.as_deref(),
        }
    }
}

/// How often progress is told while nothing else changes: 1 s.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    fn fetching(connected: u32) -> Progress {
        Progress { phase: Phase::Fetching, connected, bytes_total: Some(9), ..Progress::default() }
    }

    fn events(lines: &[String]) -> Vec<String> {
        let event = |line: &String| serde_json::from_str::<serde_json::Value>(line).unwrap()["event"].clone();
        lines.iter().map(|line| event(line).as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn peers_are_told_when_they_change_and_progress_once_a_second() {
        let mut json = Json::new(Path::new("/a"));
        let ms = Duration::from_millis;
        assert_eq!(events(&json.lines(ms(0), &Progress::default())), ["progress"]);
        assert_eq!(events(&json.lines(ms(100), &fetching(0))), ["progress"], "the phase changed");
        assert!(json.lines(ms(300), &fetching(0)).is_empty());
        let lines = json.lines(ms(412), &fetching(7));
        assert_eq!(lines, [r#"{"event":"peers","t_s":0.412,"connected":7}"#]);
        assert!(json.lines(ms(600), &fetching(7)).is_empty());
        assert_eq!(events(&json.lines(ms(1100), &fetching(7))), ["progress"]);
        assert_eq!(events(&json.lines(ms(1200), &fetching(6))), ["peers"]);
    }

    #[test]
    fn lines_are_flat() {
        let trust = Trust::None { reason: "no manifest at the origin".into() };
        let progress = Progress { trust, ..fetching(1) };
        let body = Completed { path: "/a", elapsed_s: 1.5, progress: Fields::of(&progress) };
        assert_eq!(
            Line::new("completed", Duration::from_micros(1_500_400), body).text(),
            "{\"event\":\"completed\",\"t_s\":1.5,\"path\":\"/a\",\"elapsed_s\":1.5,\"phase\":\"fetching\",\
             \"hash_of_hashes\":null,\"trust\":\"none\",\"trust_reason\":\"no manifest at the origin\",\
             \"bytes_total\":9,\"bytes_have\":0,\"bytes_resumed\":0,\"from_origin\":0,\"from_peers\":0,\"wasted\":0,\
             \"duplicate\":0,\"failed_hash\":0,\"cancelled\":0,\"connected\":1,\"sharing\":0,\"needed\":false,\"trouble\":null}"
        );
        let failure = Failure::new(Exit::Origin, "origin answered 404");
        assert_eq!(
            Line::new("failed", Duration::ZERO, Failed::new(Duration::ZERO, &failure)).text(),
            r#"{"event":"failed","t_s":0.0,"kind":"origin","message":"origin answered 404","exit_code":3,"elapsed_s":0.0}"#
        );
    }
}
