//! Downloads in the hand: held until they are handed over, told to change, read while they come.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use swarmline_engine::{Download, Engine, EngineConfig, Placeholder};
use swarmline_ipc::message::{
    ErrorKind, Event, FaultAt, GetOptions, GetRequest, Headers, IntegrityFault, ManifestSource, OriginFault,
    Phase, Span,
};
use swarmline_origin::OriginConfig;
use swarmline_testkit::{Content, Fault, TestOrigin};
use swarmline_types::Priority;
use tempfile::TempDir;
use url::Url;

use support::{
    MIB, alone, assert_absent, assert_holds, content, ended, failed, get, in_time, mib_per_s, node,
    origin_of, seed, start, until, until_held,
};

/// A node, an origin with a file, and where the file shall stand.
struct Case {
    dir: TempDir,
    file: Content,
    origin: TestOrigin,
    node: Engine,
}

impl Case {
    async fn both(len: u64) -> [Self; 2] {
        let (file, manifest) = content(len, len);
        let verified = origin_of(&file, &manifest).await;
        let plain = TestOrigin::start(file.clone()).await;
        [Self::of(file.clone(), verified).await, Self::of(file, plain).await]
    }

    async fn of(file: Content, origin: TestOrigin) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let node = start(&dir.path().join("node"), alone()).await;
        fs::create_dir(dir.path().join("to")).unwrap();
        Self { dir, file, origin, node }
    }

    fn out(&self) -> PathBuf {
        self.dir.path().join("to/out")
    }

    fn request(&self) -> GetRequest {
        let request = get(self.origin.url(), self.out(), ManifestSource::Origin);
        GetRequest { options: GetOptions { hold: true, ..GetOptions::default() }, ..request }
    }

    fn begin(&self) -> Download {
        self.node.begin(self.request(), None)
    }

    async fn held(&self) -> Download {
        let mut download = self.begin();
        until_held(&mut download.events).await;
        download
    }

    /// As after the death of the process.
    async fn restart(self) -> Self {
        self.node.shutdown().await;
        let node = start(&self.dir.path().join("node"), alone()).await;
        Self { node, ..self }
    }

    fn sent(&self) -> u64 {
        self.origin.counts("/file").body_bytes
    }
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_survives_a_restart_and_is_handed_over_then() {
    for case in Case::both(3 * MIB).await {
        let mut download = case.begin();
        let progress = until_held(&mut download.events).await;
        assert_eq!((progress.phase, progress.bytes_have), (Phase::Held, 3 * MIB));
        assert_absent(&case.out());
        drop(download);

        let case = case.restart().await;
        let sent = case.sent();
        let mut download = case.held().await;
        assert_eq!(case.sent(), sent, "nothing is fetched again");
        fs::write(case.out(), "in the way").unwrap();
        let error = download.control.hand_over(false).await.unwrap_err();
        assert_eq!((error.kind, error.cause.errno), (ErrorKind::Exists, Some(17)), "{error}");
        download.control.hand_over(true).await.unwrap();
        download.control.hand_over(true).await.unwrap();
        assert_holds(&case.out(), &case.file);
        assert_eq!(names(&case.dir.path().join("to")), ["out"]);
        let end = async { while !matches!(download.events.recv().await, Some(Event::Completed(_))) {} };
        in_time("the end", end).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rename_that_fails_says_why_and_may_be_repeated() {
    for case in Case::both(MIB).await {
        let download = case.held().await;
        let (to, away) = (case.dir.path().join("to"), case.dir.path().join("away"));
        fs::create_dir(case.out()).unwrap();
        let error = download.control.hand_over(true).await.unwrap_err();
        assert_eq!(error.cause.at, Some(FaultAt::Disk), "{error}");
        assert_eq!(error.cause.errno, Some(21), "a directory is never replaced: {error}");
        fs::rename(case.out(), &away).unwrap();
        download.control.hand_over(false).await.unwrap();
        assert_holds(&case.out(), &case.file);
        assert_eq!(names(&to), ["out"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_is_served_to_peers() {
    let (file, manifest) = content(2, 2 * MIB);
    let case = Case::of(file.clone(), origin_of(&file, &manifest).await).await;
    let download = case.held().await;
    let newcomer = node(&case.dir.path().join("newcomer"), &[&case.node]).await;
    let copy = case.dir.path().join("copy");
    let request = get(support::dead_url(), &copy, support::phf_file(case.dir.path(), &manifest));
    let progress = support::completed(newcomer.get(request)).await;
    assert_holds(&copy, &file);
    assert_eq!(progress.from_peers, 2 * MIB);
    download.control.discard().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_discarded_leaves_nothing() {
    for case in Case::both(3 * MIB).await {
        // While it comes, while it is held, and after it was put off.
        case.origin.limit(mib_per_s(4));
        let mut download = case.begin();
        until(&mut download.events, |progress| progress.bytes_have > 0).await;
        download.control.discard().await.unwrap();
        drop(download);
        assert_eq!(names(&case.dir.path().join("to")), Vec::<String>::new());

        case.origin.limit(None);
        let download = case.held().await;
        download.control.discard().await.unwrap();
        assert_eq!(names(&case.dir.path().join("to")), Vec::<String>::new());
        let error = download.control.hand_over(false).await.unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Usage | ErrorKind::Stopped), "{error}");
        drop(download);

        drop(case.held().await);
        let case = case.restart().await;
        assert_eq!(names(&case.dir.path().join("to")).len(), 1, "the part file");
        case.node.discard(&case.out(), None).await.unwrap();
        assert_eq!(names(&case.dir.path().join("to")), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_download_goes_on_when_the_one_it_shares_with_is_discarded() {
    let (file, manifest) = content(3, 4 * MIB);
    let case = Case::of(file.clone(), origin_of(&file, &manifest).await).await;
    case.origin.limit(mib_per_s(4));
    let mut first = case.begin();
    until(&mut first.events, |progress| progress.bytes_have > 0).await;
    let copy = case.dir.path().join("copy");
    let mut second = case.node.get(get(case.origin.url(), &copy, ManifestSource::Origin));
    until(&mut second, |progress| progress.phase == Phase::Fetching).await;
    first.control.discard().await.unwrap();
    case.origin.limit(None);
    support::completed(second).await;
    assert_holds(&copy, &file);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_placeholder_makes_way_for_the_file_and_goes_with_a_download_that_is_discarded() {
    for case in Case::both(MIB).await {
        let placeholder = Placeholder::create(&case.out()).unwrap();
        let mut download = case.node.begin(case.request(), Some(placeholder));
        until_held(&mut download.events).await;
        download.control.discard().await.unwrap();
        assert_absent(&case.out());

        let placeholder = Placeholder::create(&case.out()).unwrap();
        let mut download = case.node.begin(case.request(), Some(placeholder));
        until_held(&mut download.events).await;
        assert_eq!(fs::read(case.out()).unwrap(), b"");
        download.control.hand_over(false).await.unwrap();
        assert_holds(&case.out(), &case.file);
    }
}

/// Reads from the beginning on as bytes come, and never a byte that is not right.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_read_in_order_while_the_rest_arrives() {
    for case in Case::both(3 * MIB).await {
        for ranges in [vec![], vec![(2 * MIB + 5, MIB / 2), (77, MIB)]] {
            let ranges: Vec<_> =
                ranges.into_iter().map(|(offset, length)| Span { offset, length: Some(length) }).collect();
            let want: Vec<u8> = match ranges.as_slice() {
                [] => case.file.to_vec(),
                ranges => ranges
                    .iter()
                    .flat_map(|span| {
                        let length = usize::try_from(span.length.unwrap()).unwrap();
                        case.file.slice(span.offset, length).to_vec()
                    })
                    .collect(),
            };
            case.origin.limit(mib_per_s(8));
            let request = GetRequest {
                options: GetOptions { ranges, hold: true, ..GetOptions::default() },
                ..case.request()
            };
            let Download { mut events, control } = case.node.begin(request, None);
            // Events must be read, or the end waits with them.
            let listener = tokio::spawn(async move {
                until_held(&mut events).await;
                events
            });
            let mut verified = control.verified();
            let mut got = Vec::new();
            while got.len() < want.len() {
                match control.read(got.len() as u64, 100_000).await.unwrap() {
                    Some(bytes) => got.extend_from_slice(&bytes),
                    None => {
                        let so_far = got.len() as u64;
                        in_time("more bytes", verified.wait_for(|here| *here > so_far)).await.unwrap();
                    }
                }
            }
            assert!(got == want, "bytes differ");
            assert_eq!(control.read(got.len() as u64, 1).await.unwrap(), None);
            let _events = listener.await.unwrap();
            control.discard().await.unwrap();
            case.origin.limit(None);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_off_keeps_its_bytes_and_goes_on() {
    for case in Case::both(4 * MIB).await {
        case.origin.limit(mib_per_s(4));
        let mut download = case.begin();
        until(&mut download.events, |progress| progress.bytes_have >= MIB).await;
        download.control.pause().await;
        drop(download);
        case.origin.limit(None);
        let mut download = case.begin();
        let progress = until_held(&mut download.events).await;
        assert!(progress.bytes_resumed >= MIB, "{progress:?}");
        assert_eq!(progress.received, progress.from_origin + progress.from_peers);
        download.control.hand_over(false).await.unwrap();
        assert_holds(&case.out(), &case.file);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_url_is_asked_as_soon_as_it_is_named() {
    for case in Case::both(3 * MIB).await {
        // The first origin stops half-way through each answer, and would keep the download waiting.
        case.origin.inject("/file", Fault::HangAfter(MIB / 2));
        case.origin.put("/mirror", case.file.clone());
        case.origin.put("/mirror.phf", case.file.manifest(support::PIECE).to_phf());
        let mut download = case.begin();
        until(&mut download.events, |progress| progress.received > 0).await;
        let mirror = Url::parse(&case.origin.url_of("/mirror")).unwrap();
        download.control.set_url(mirror).await.unwrap();
        until_held(&mut download.events).await;
        assert!(case.origin.counts("/mirror").body_bytes > 0);
        download.control.hand_over(false).await.unwrap();
        assert_holds(&case.out(), &case.file);
        assert_eq!(names(&case.dir.path().join("to")), ["out"]);
        let error = download.control.set_url(Url::parse("ftp://h/f").unwrap()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Usage);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_may_change_its_class_on_the_way() {
    let (file, manifest) = content(4, 2 * MIB);
    let case = Case::of(file.clone(), origin_of(&file, &manifest).await).await;
    case.origin.limit(mib_per_s(4));
    let request = GetRequest { priority: Priority::Background, ..case.request() };
    let mut download = case.node.begin(request, None);
    download.control.set_priority(Priority::Foreground).await;
    until(&mut download.events, |progress| progress.bytes_have > 0).await;
    download.control.set_priority(Priority::Background).await;
    until_held(&mut download.events).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_handed_over_before_it_is_here() {
    let [case, _] = Case::both(3 * MIB).await;
    case.origin.limit(mib_per_s(4));
    let mut download = case.begin();
    until(&mut download.events, |progress| progress.bytes_have > 0).await;
    assert_eq!(download.control.hand_over(true).await.unwrap_err().kind, ErrorKind::Usage);
    case.origin.limit(None);
    until_held(&mut download.events).await;
    download.control.hand_over(false).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_go_to_the_origin_of_the_url_and_not_where_it_redirects() {
    let (file, _) = content(5, MIB);
    let case = Case::of(file.clone(), TestOrigin::start(file.clone()).await).await;
    let elsewhere = TestOrigin::start(file).await;
    case.origin.inject("/file", Fault::Redirect(elsewhere.url()));
    let pair = |name: &str| Headers(vec![(name.to_owned(), "secret".to_owned())]);
    let options = GetOptions {
        hold: true,
        headers: pair("X-Token"),
        auth_headers: pair("Authorization"),
        ..GetOptions::default()
    };
    let mut download = case.node.begin(GetRequest { options, ..case.request() }, None);
    until_held(&mut download.events).await;
    let sent = |origin: &TestOrigin, name: &str| {
        origin.last_request("/file").is_some_and(|request| request.header(name).is_some())
    };
    assert!(sent(&case.origin, "x-token"));
    assert!(!sent(&case.origin, "authorization"), "never over http");
    assert!(elsewhere.counts("/file").requests > 0);
    assert!(!sent(&elsewhere, "x-token") && !sent(&elsewhere, "authorization"));
}

fn impatient() -> EngineConfig {
    let short = Duration::from_millis(300);
    EngineConfig {
        origin: OriginConfig { connect_timeout: short, idle_timeout: short, ..OriginConfig::default() },
        no_progress_timeout: Duration::from_secs(2),
        orphan_grace: Duration::from_millis(500),
        ..alone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_carries_its_status_and_whether_it_may_pass() {
    let (file, manifest) = content(6, MIB);
    for is_verified in [true, false] {
        for (status, is_transient) in [(404, false), (403, false), (503, true)] {
            let origin = match is_verified {
                true => origin_of(&file, &manifest).await,
                false => TestOrigin::start(file.clone()).await,
            };
            origin.inject("/file", Fault::status(status));
            let dir = tempfile::tempdir().unwrap();
            let node = start(dir.path(), impatient()).await;
            let request = get(origin.url(), dir.path().join("out"), ManifestSource::Origin);
            let error = failed(node.get(request)).await;
            let cause = error.cause;
            assert_eq!(cause.http_status, Some(status), "{error}: {cause:?}");
            assert_eq!((cause.at, cause.origin), (Some(FaultAt::Origin), Some(OriginFault::Status)));
            assert_eq!(cause.is_transient, is_transient, "{error}: {cause:?}");
            assert_eq!(error.kind == ErrorKind::NoProgress, is_transient, "{error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_origin_that_is_silent_or_gone_is_told_apart() {
    let (file, manifest) = content(7, MIB);
    let silent = origin_of(&file, &manifest).await;
    silent.inject("/file", Fault::HangBeforeHeaders);
    let dir = tempfile::tempdir().unwrap();
    let node = start(dir.path(), impatient()).await;
    let out = dir.path().join("out");
    let error = failed(node.get(get(silent.url(), &out, ManifestSource::Origin))).await;
    assert_eq!(error.kind, ErrorKind::NoProgress, "{error}");
    assert_eq!((error.cause.origin, error.cause.is_transient), (Some(OriginFault::Timeout), true), "{error}");

    let request = get(support::dead_url(), &out, support::phf_file(dir.path(), &manifest));
    let error = failed(node.get(request)).await;
    assert_eq!(error.cause.origin, Some(OriginFault::Unreachable), "{error}");
    assert_eq!(error.cause.errno, Some(111), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_the_integrity_is_told() {
    let (file, manifest) = content(8, MIB);
    let (_, other) = content(9, MIB);
    let dir = tempfile::tempdir().unwrap();
    let node = start(dir.path(), impatient()).await;
    let out = dir.path().join("out");
    let fails =
        async |origin: &TestOrigin, manifest| failed(node.get(get(origin.url(), &out, manifest))).await;

    let origin = origin_of(&file, &manifest).await;
    let error = fails(&origin, support::pinned(&other)).await;
    assert_eq!(error.cause.integrity, Some(IntegrityFault::OtherContent), "{error}");

    let url = Url::parse(&origin.url_of("/none")).unwrap();
    let error = fails(&origin, ManifestSource::Url { url, pinned: None }).await;
    assert_eq!((error.kind, error.cause.integrity), (ErrorKind::Manifest, Some(IntegrityFault::Absent)));
    assert_eq!(error.cause.http_status, Some(404), "{error}");

    origin.put("/nonsense", b"{".to_vec());
    let url = Url::parse(&origin.url_of("/nonsense")).unwrap();
    let error = fails(&origin, ManifestSource::Url { url, pinned: None }).await;
    assert_eq!(error.cause.integrity, Some(IntegrityFault::Json), "{error}");

    let wrong = GetRequest {
        sha256: Some("ab".repeat(32)),
        ..get(origin.url(), dir.path().join("sum"), ManifestSource::Origin)
    };
    let error = failed(node.get(wrong)).await;
    assert_eq!(error.cause.integrity, Some(IntegrityFault::Sha256), "{error}");

    let (another, _) = content(10, MIB);
    let swapped = origin_of(&another, &manifest).await;
    let node = start(&dir.path().join("other"), impatient()).await;
    let error = failed(node.get(get(swapped.url(), &out, ManifestSource::Origin))).await;
    assert_eq!((error.kind, error.cause.integrity), (ErrorKind::Integrity, Some(IntegrityFault::Piece)));
}

/// Bytes by source sum to the bytes received, also for a download that joined another.
#[tokio::test(flavor = "multi_thread")]
async fn bytes_by_source_sum_to_the_bytes_received() {
    let (file, manifest) = content(11, 4 * MIB);
    let case = Case::of(file.clone(), origin_of(&file, &manifest).await).await;
    let holder = seed(&case.dir.path().join("holder"), &file, &manifest).await;
    let both = node(&case.dir.path().join("both"), &[&holder]).await;
    let first = both.get(get(case.origin.url(), case.dir.path().join("a"), ManifestSource::Origin));
    let second = both.get(get(case.origin.url(), case.dir.path().join("b"), ManifestSource::Origin));
    for events in [first, second] {
        let progress = ended(events).await.unwrap();
        assert_eq!(progress.received, progress.from_origin + progress.from_peers, "{progress:?}");
        assert!(progress.received <= 4 * MIB + progress.wasted, "{progress:?}");
    }
}
