//! An origin that misbehaves: a download finishes where it can; otherwise it says why, and nothing stands at its path.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures::future::join_all;
use swarmline_engine::EngineConfig;
use swarmline_ipc::message::{ErrorKind, Event, GetRequest, ManifestSource, Progress, TransferError, Trust};
use swarmline_proto::Manifest;
use swarmline_testkit::{Content, Fault, Rule, TestOrigin};
use tempfile::TempDir;
use tokio::sync::mpsc;

use support::{
    MIB, addr_of, alone, assert_absent, assert_holds, assert_says, completed, content, ended, failed, get,
    knowing, mib_per_s, node, phf_file, pinned, seed_with, start, until,
};

/// A file at an origin, and where it shall stand.
struct Case {
    dir: TempDir,
    file: Content,
    manifest: Manifest,
    origin: TestOrigin,
    config: EngineConfig,
}

impl Case {
    /// Without a manifest.
    async fn plain(len: u64) -> Self {
        let (file, manifest) = content(len, len);
        let origin = TestOrigin::start(file.clone()).await;
        let mut config = alone();
        config.orphan_grace = Duration::from_millis(200);
        config.origin.idle_timeout = Duration::from_millis(500);
        config.origin.connect_timeout = Duration::from_millis(500);
        Self { dir: tempfile::tempdir().unwrap(), file, manifest, origin, config }
    }

    /// With the manifest beside the file.
    async fn verified(len: u64) -> Self {
        let case = Self::plain(len).await;
        case.origin.put("/file.phf", case.manifest.to_phf());
        case
    }

    fn fault(self, rule: impl Into<Rule>) -> Self {
        self.origin.inject("/file", rule);
        self
    }

    /// Gives up when nothing comes for this long.
    fn impatient(mut self, patience: Duration) -> Self {
        self.config.no_progress_timeout = patience;
        self
    }

    fn out(&self) -> PathBuf {
        self.dir.path().join("out")
    }

    fn request(&self) -> GetRequest {
        get(self.origin.url(), self.out(), ManifestSource::Origin)
    }

    /// Starts a node and has it download.
    async fn begin(&self, request: GetRequest) -> mpsc::Receiver<Event> {
        start(self.dir.path(), self.config.clone()).await.get(request)
    }

    async fn run(&self) -> Result<Progress, TransferError> {
        ended(self.begin(self.request()).await).await
    }

    async fn completes(self) -> Progress {
        let progress = self.run().await.unwrap_or_else(|error| panic!("{:?}: {error}", error.kind));
        assert_holds(&self.out(), &self.file);
        progress
    }

    async fn fails(self, kind: ErrorKind, words: &[&str]) {
        let error = self.run().await.expect_err("this cannot complete");
        assert_says(&error, kind, words);
        assert_absent(&self.out());
    }
}

/// The same with and without a manifest.
async fn completes(len: u64, rule: impl Into<Rule>) {
    let rule = rule.into();
    let (plain, verified) = (Case::plain(len).await, Case::verified(len).await);
    tokio::join!(plain.fault(rule.clone()).completes(), verified.fault(rule).completes());
}

async fn fails(rule: impl Into<Rule>, kind: ErrorKind, words: &[&str]) {
    let rule = rule.into();
    let (plain, verified) = (Case::plain(MIB).await, Case::verified(MIB).await);
    tokio::join!(plain.fault(rule.clone()).fails(kind, words), verified.fault(rule).fails(kind, words));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_ends_it_with_the_status() {
    fails(Fault::status(404), ErrorKind::Origin, &["404", "check the URL"]).await;
    fails(Fault::status(403), ErrorKind::Origin, &["403", "permission"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_that_passes_is_waited_out() {
    completes(MIB, Fault::status(500).first(2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_the_origin_asks_for_is_kept() {
    let paused = async |status| {
        let busy = Fault::Status { status, retry_after: Some("2".into()) };
        let before = Instant::now();
        completes(MIB, busy.first(1)).await;
        assert!(before.elapsed() >= Duration::from_secs(2), "{status}");
    };
    tokio::join!(paused(429), paused(503));
}

/// Aim: what one is told, the other hears from it. Each asks at a path of its own, so that it shows who does; nobody tells
/// the second to wait but the first.
async fn is_left_alone_by_both(status: u16) {
    const LEN: u64 = 16 * MIB;
    let busy = Fault::Status { status, retry_after: Some("5".into()) };
    let case = Case::verified(LEN).await.fault(busy.first(1));
    let (first_url, second_url) = (case.origin.url(), case.origin.url_of("/second"));
    case.origin.put("/second", case.file.clone());
    // Four seconds for all of it, so that the second is busy when the first comes.
    case.origin.limit(mib_per_s(4));
    let dirs = ["first", "second"].map(|name| case.dir.path().join(name));
    let outs = dirs.each_ref().map(|dir| dir.join("out"));
    let request = |url: &str, number: usize| get(url, &outs[number], phf_file(&dirs[number], &case.manifest));

    let second = start(&dirs[1], case.config.clone()).await;
    let second_download = second.get(request(&second_url, 1));
    case.origin.until("/second", |counts| counts.body_bytes > 0).await;
    let first = node(&dirs[0], &[&second]).await;
    let first_download = first.get(request(&first_url, 0));
    case.origin.until("/file", |counts| counts.requests > 0).await;
    let refused = Instant::now();

    case.origin.until_idle("/second").await;
    let sent = case.origin.counts("/second").body_bytes;
    assert!(sent < LEN, "{status}: it went on to the end");
    case.origin.limit(None);
    tokio::join!(completed(first_download), completed(second_download));
    assert!(refused.elapsed() >= Duration::from_secs(5), "{status}: after {:?}", refused.elapsed());
    outs.iter().for_each(|out| assert_holds(out, &case.file));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_the_origin_asks_of_one_is_kept_by_the_whole_site() {
    tokio::join!(is_left_alone_by_both(429), is_left_alone_by_both(503));
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_left_and_asked_again() {
    let [never, broken_off] =
        [Fault::HangBeforeHeaders, Fault::HangAfter(300_000)].map(|fault| fault.first(1));
    tokio::join!(completes(MIB, never), completes(MIB, broken_off));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_is_made_again() {
    let (at_once, later) = (Fault::CloseBeforeHeaders.first(1), Fault::CloseAfter(300_000).first(2));
    tokio::join!(completes(MIB, at_once), completes(MIB, later));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_before_a_break_is_not_fetched_again() {
    let case = Case::verified(MIB).await.fault(Fault::CloseAfter(300_000).first(1));
    let progress = case.run().await.unwrap();
    // Whole pieces count, and the fifth was not whole.
    assert_eq!(progress.from_origin, MIB + 300_000 % u64::from(support::PIECE));
    assert_holds(&case.out(), &case.file);
    let case = Case::plain(MIB).await.fault(Fault::CloseAfter(300_000).first(1));
    assert_eq!(case.run().await.unwrap().from_origin, MIB);
    assert_holds(&case.out(), &case.file);
}

/// What had come since the last word of it was not counted when the answer broke off.
#[tokio::test(flavor = "multi_thread")]
async fn the_last_bytes_before_a_break_are_counted() {
    let case = Case::verified(MIB).await.fault(Fault::CloseAfter(5_000).first(1));
    assert_eq!(case.run().await.unwrap().from_origin, MIB + 5_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_origin_that_stays_silent_is_given_up_in_time() {
    let patience = Duration::from_secs(2);
    let (plain, verified) = (Case::plain(MIB).await, Case::verified(MIB).await);
    let cases = [plain, verified].map(|case| case.fault(Fault::HangBeforeHeaders).impatient(patience));
    let [plain, verified] = cases.map(|case| case.fails(ErrorKind::NoProgress, &["sent no answer"]));
    tokio::join!(plain, verified);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_ends_before_its_announced_length_is_not_taken_for_the_file() {
    Case::plain(MIB).await.fault(Fault::LengthOff(100).first(1)).completes().await;
    Case::plain(MIB).await.fault(Fault::LengthOff(100)).fails(ErrorKind::Origin, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_that_is_announced_too_short_is_asked_for_again() {
    Case::verified(3 * MIB).await.fault(Fault::LengthOff(-100).first(1)).completes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_length_that_is_not_the_manifests_ends_it_with_both() {
    for off in [-100, 100] {
        let told = MIB.saturating_add_signed(off).to_string();
        let case = Case::verified(MIB).await.fault(Fault::LengthOff(off));
        case.fails(ErrorKind::Origin, &[&MIB.to_string(), &told]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_answer_that_is_not_what_was_asked_for_is_asked_for_again() {
    // Whole, and in ranges.
    for len in [MIB, 3 * MIB] {
        let range = Fault::ContentRange(Some("bytes 5-9/10".into()));
        let slips = [Fault::LengthOff(-100), Fault::LengthOff(100), Fault::Excess(100), range];
        let cases = slips.map(async |slip| Case::verified(len).await.fault(slip.first(1)).completes().await);
        join_all(cases).await;
    }
}

/// A download without a manifest of which the first 300 000 bytes are here, and the next answer has one too many.
async fn over_long(times: u32) -> (Case, mpsc::Receiver<Event>) {
    let case = Case::plain(MIB).await.fault(Fault::HangAfter(300_000).first(1));
    let events = case.begin(case.request()).await;
    case.origin.until("/file", |counts| counts.body_bytes >= 300_000).await;
    case.origin.inject("/file", Fault::Excess(1).first(times));
    (case, events)
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_manifest_one_answer_that_is_too_long_is_asked_for_again() {
    let (case, events) = over_long(1).await;
    completed(events).await;
    assert_holds(&case.out(), &case.file);
    let (case, events) = over_long(u32::MAX).await;
    assert_says(&failed(events).await, ErrorKind::Origin, &["more than the byte asked for"]);
    assert_absent(&case.out());
}

#[tokio::test(flavor = "multi_thread")]
async fn more_bytes_than_the_manifest_has_are_not_taken() {
    let case = Case::verified(MIB).await.fault(Fault::Chunked).fault(Fault::Excess(100));
    // All pieces are here before the first byte too many.
    case.completes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_http_ends_it() {
    fails(Fault::Garbage, ErrorKind::Origin, &["no proper HTTP"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_origin_without_ranges_is_read_whole_and_once() {
    let len = 5 * MIB;
    let case = Case::verified(len).await.fault(Fault::IgnoreRange);
    let progress = case.completes().await;
    assert_eq!((progress.from_origin, progress.wasted), (len, 0));
    Case::plain(len).await.fault(Fault::IgnoreRange).completes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_unknown_length_is_read_to_its_end() {
    completes(3 * MIB, Fault::Chunked).await;
    completes(3 * MIB, Fault::NoLength).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_followed() {
    for case in [Case::plain(3 * MIB).await, Case::verified(3 * MIB).await] {
        case.origin.put("/elsewhere", case.file.clone());
        let to = case.origin.url_of("/elsewhere");
        case.fault(Fault::Redirect(to)).completes().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_in_a_circle_end_it() {
    fails(Fault::Redirect("/file".into()), ErrorKind::Origin, &["circle"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_is_none_is_told_and_not_used() {
    let case = Case::plain(MIB).await;
    case.origin.put("/file.phf", Content::from(b"not JSON".to_vec()));
    let progress = case.completes().await;
    let Trust::None { reason } = progress.trust else { panic!("{:?}", progress.trust) };
    assert!(reason.contains("/file.phf") && reason.contains("/file/pieceshash"), "{reason}");
}

/// Ten mebibytes of which the first is here.
async fn half_way(source: impl FnOnce(&Case) -> ManifestSource) -> (Case, mpsc::Receiver<Event>) {
    let case = Case::verified(10 * MIB).await;
    // Slow enough that most of it is not asked for yet when one is here.
    case.origin.limit(mib_per_s(2));
    let manifest = source(&case);
    let events = case.begin(GetRequest { manifest, ..case.request() }).await;
    case.origin.until("/file", |counts| counts.body_bytes > MIB).await;
    (case, events)
}

/// Replaces file and manifest, as a publisher does, and lifts the limit.
fn replace(case: &Case, len: u64) -> (Content, Manifest) {
    let (file, manifest) = content(99, len);
    case.origin.put("/file.phf", manifest.to_phf());
    case.origin.put("/file", file.clone());
    case.origin.limit(None);
    (file, manifest)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pinned_content_that_is_replaced_half_way_ends_it_with_both_hashes() {
    let replaced = async |source: fn(&Case) -> ManifestSource, len| {
        let (case, events) = half_way(source).await;
        let (_, new) = replace(&case, len);
        let hashes = [&case.manifest, &new].map(|manifest| manifest.content().to_string());
        assert_says(&failed(events).await, ErrorKind::Integrity, &[&hashes[0], &hashes[1]]);
        assert_absent(&case.out());
    };
    let by_hash = |case: &Case| pinned(&case.manifest);
    let by_file = |case: &Case| phf_file(case.dir.path(), &case.manifest);
    tokio::join!(replaced(by_hash, 10 * MIB), replaced(by_file, 10 * MIB), replaced(by_hash, 9 * MIB));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_content_that_the_origin_replaces_half_way_is_begun_anew_and_never_mixed() {
    let replaced = async |len| {
        let (case, events) = half_way(|_| ManifestSource::Origin).await;
        let (new_file, new) = replace(&case, len);
        let progress = completed(events).await;
        assert_eq!((progress.content, progress.bytes_total), (Some(new.content()), Some(len)));
        assert_holds(&case.out(), &new_file);
    };
    tokio::join!(replaced(10 * MIB), replaced(9 * MIB));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_manifest_a_file_that_changes_is_begun_anew_and_never_mixed() {
    let changed = async |len| {
        let case = Case::plain(MIB).await.fault(Fault::HangAfter(600_000).first(1));
        let mut events = case.begin(case.request()).await;
        case.origin.until("/file", |counts| counts.body_bytes >= 600_000).await;
        let (new_file, _) = content(98, len);
        case.origin.put("/file", new_file.clone());
        until(&mut events, |progress| progress.trouble.is_some()).await;
        completed(events).await;
        assert_holds(&case.out(), &new_file);
    };
    tokio::join!(changed(MIB), changed(2 * MIB));
}

/// A download that has asked the origin before it meets a peer that has everything.
async fn with_a_holder(spoil: impl FnOnce(&Case)) -> Progress {
    let mut case = Case::verified(MIB).await;
    case.config.orphan_grace = Duration::from_secs(10);
    spoil(&case);
    let node = start(case.dir.path(), case.config.clone()).await;
    let download = node.get(GetRequest { manifest: pinned(&case.manifest), ..case.request() });
    case.origin.until("/file", |counts| counts.requests > 0).await;
    let dir = case.dir.path().join("holder");
    let _holder = seed_with(&dir, &case.file, &case.manifest, knowing([addr_of(&node)])).await;
    let progress = completed(download).await;
    assert_holds(&case.out(), &case.file);
    progress
}

#[tokio::test(flavor = "multi_thread")]
async fn no_fault_of_the_origin_is_fatal_while_a_peer_has_everything() {
    let faults = [
        Fault::status(404),
        Fault::status(403),
        Fault::status(500),
        Fault::HangBeforeHeaders,
        Fault::CloseBeforeHeaders,
        Fault::Garbage,
        Fault::LengthOff(1),
        Fault::Redirect("/file".into()),
    ];
    for fault in faults {
        let progress = with_a_holder(|case| case.origin.inject("/file", fault.clone())).await;
        assert_eq!((progress.from_peers, progress.from_origin), (MIB, 0), "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_bytes_at_the_origin_are_not_fatal_while_a_peer_has_the_right_ones() {
    let progress = with_a_holder(|case| case.origin.put("/file", content(97, MIB).0)).await;
    assert!(progress.from_origin > 0 && progress.wasted == progress.from_origin, "{progress:?}");
    assert_eq!(progress.from_peers, MIB);
}
