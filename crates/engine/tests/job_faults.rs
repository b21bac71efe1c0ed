//! What goes wrong with a transfer, row by row: the code, what lay behind it, context and file that each face shows, and
//! that it goes on with what was here once the cause is gone.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use swarmline_jobs::machine::Config;
use swarmline_jobs::{
    BackgroundCopyJob, DoDownload, DownloadProperty, DownloadState, DownloadStatus, ErrorContext,
    FileProperty, HResult, JobService, JobState, Value,
};
use swarmline_proto::Manifest;
use swarmline_testkit::{Content, Fault, TestOrigin};

use support::desk::{
    Desk, Listener, Told, Watcher, download_of, hasty, job_of, until_status, until_told, wait_for,
};
use support::{MIB, alone, assert_absent, assert_holds, content, mib_per_s};

/// Larger than what is on its way at a time, so that something is left to be refused.
const FILE: u64 = 16 * MIB;
/// What is here when it goes wrong, at least.
const BEFORE: u64 = MIB;

/// One way to go wrong, and what is to be seen then.
struct Row {
    hurt: fn(&Case),
    heal: fn(&Case),
    /// The check against the piece hash file is mandatory; it is named by this JSON.
    integrity: Option<fn(&Case) -> String>,
    code: HResult,
    extended: HResult,
    context: ErrorContext,
    http_status: Option<u16>,
    /// It passes by itself, and is an error only when nothing has come for too long.
    passes: bool,
}

impl Row {
    fn new(hurt: fn(&Case), heal: fn(&Case), code: HResult) -> Self {
        let (extended, context) = (HResult::S_OK, ErrorContext::None);
        Self { hurt, heal, integrity: None, code, extended, context, http_status: None, passes: false }
    }

    /// The origin answers with this.
    fn status(hurt: fn(&Case), status: u16) -> Self {
        let http_status = Some(status);
        Self { http_status, ..Self::new(hurt, healed, HResult::from_http_status(status)) }
    }

    /// It is tried again until there was no progress for too long, which is all that the client is told.
    fn passing(self) -> Self {
        Self { extended: self.code, code: HResult::DO_E_DOWNLOAD_NO_PROGRESS, passes: true, ..self }
    }
}

/// An origin with a file that is to go wrong, and one that is fine.
struct Case {
    dir: tempfile::TempDir,
    origin: TestOrigin,
    file: Content,
    manifest: Manifest,
}

const PLACES: [&str; 3] = ["/file", "/file.phf", "/file/pieceshash"];

fn injected(case: &Case, fault: &Fault) {
    PLACES.iter().for_each(|path| case.origin.inject(path, fault.clone()));
}

fn healed(case: &Case) {
    PLACES.iter().for_each(|path| case.origin.heal(path));
}

impl Case {
    async fn new() -> Self {
        let (file, manifest) = content(4, FILE);
        let origin = TestOrigin::start(file.clone()).await;
        origin.put("/file.phf", manifest.to_phf());
        let (fine, fine_manifest) = content(3, MIB);
        origin.put("/fine", fine);
        origin.put("/fine.phf", fine_manifest.to_phf());
        Self { dir: tempfile::tempdir().unwrap(), origin, file, manifest }
    }

    fn out(&self) -> PathBuf {
        self.dir.path().join("file")
    }

    fn hash_of_hashes(&self) -> String {
        data_encoding::BASE64.encode(self.manifest.content().as_bytes())
    }

    /// A job of both files.
    fn job(&self, row: &Row, service: &Arc<dyn JobService>) -> Seen {
        let fine = self.dir.path().join("fine");
        let (file, out) = (self.origin.url(), self.out());
        let job = job_of(service, &[(self.origin.url_of("/fine"), &fine), (file, &out)]);
        if let Some(integrity) = row.integrity {
            let file = &job.enum_files().unwrap()[1];
            file.set_property(FileProperty::IntegrityCheckInfo, Value::Text(integrity(self))).unwrap();
            file.set_property(FileProperty::IntegrityCheckMandatory, Value::Bool(true)).unwrap();
        }
        let told = Listener::of(&job);
        Seen::Job(job, told)
    }

    fn download(&self, row: &Row, service: &Arc<dyn JobService>) -> Seen {
        let download = download_of(service, &self.origin.url());
        let set = |property, value| download.set_property(property, value).unwrap();
        set(DownloadProperty::LocalPath, Value::Text(self.out().to_str().unwrap().into()));
        if let Some(integrity) = row.integrity {
            set(DownloadProperty::IntegrityCheckInfo, Value::Text(integrity(self)));
            set(DownloadProperty::IntegrityCheckMandatory, Value::Bool(true));
        }
        let told = Watcher::of(&download);
        Seen::Download(download, told)
    }
}

/// One face of a transfer.
enum Seen {
    Job(BackgroundCopyJob, Receiver<Told>),
    Download(DoDownload, Receiver<DownloadStatus>),
}

impl Seen {
    fn start(&self) {
        match self {
            Self::Job(job, _) => job.resume().unwrap(),
            Self::Download(download, _) => download.start(None).unwrap(),
        }
    }

    /// Bytes of the file that are here.
    fn bytes(&self) -> u64 {
        match self {
            Self::Job(job, _) => job.enum_files().unwrap()[1].get_progress().unwrap().bytes_transferred,
            Self::Download(download, _) => download.get_status().unwrap().bytes_transferred,
        }
    }

    /// Waits until it has failed for now, by this.
    fn until_it_is_tried_again(&self, code: HResult) {
        match self {
            Self::Job(job, told) => {
                until_told(told, |told| {
                    matches!(told, Told::Changed { state: JobState::TransientError, .. })
                        && job.get_error().is_ok_and(|error| error.get_error() == (ErrorContext::None, code))
                });
            }
            Self::Download(_, told) => {
                let status = until_status(told, |status| status.error == code);
                assert_eq!(status.state, DownloadState::Transferring);
            }
        }
    }

    /// Waits for the error, and compares all that is to be read of it.
    fn assert_fails(&self, row: &Row, url: &str) {
        match self {
            Self::Job(job, told) => {
                let end =
                    until_told(told, |told| matches!(told, Told::Error { .. } | Told::Transferred)).pop();
                let want = Told::Error { code: row.code, context: row.context, file: Some(1) };
                assert_eq!(end, Some(want));
                assert_eq!(job.get_state(), Ok(JobState::Error));
                let error = job.get_error().unwrap();
                assert_eq!(error.get_error(), (row.context, row.code));
                assert_eq!(error.get_file().unwrap().get_remote_name().as_deref(), Ok(url));
                assert_eq!(
                    (error.info().extended, error.info().http_status),
                    (row.extended, row.http_status)
                );
                let text = job.get_extended_error_info().unwrap();
                let json: serde_json::Value = serde_json::from_str(&text).unwrap();
                assert_eq!(json["code"], row.code.to_string());
                assert_eq!(json["extended"], row.extended.to_string());
                assert_eq!(json["httpStatus"], serde_json::json!(row.http_status));
                assert_eq!(json["file"], 1);
            }
            Self::Download(download, told) => {
                until_status(told, |status| status.state == DownloadState::Paused);
                let status = download.get_status().unwrap();
                assert_eq!((status.state, status.error), (DownloadState::Paused, row.code));
                assert_eq!(status.extended_error, row.extended);
            }
        }
    }

    fn assert_arrives(&self) {
        match self {
            Self::Job(job, told) => {
                until_told(told, |told| *told == Told::Transferred);
                assert_eq!(job.get_error().err(), Some(HResult::DO_E_ERROR_INFORMATION_UNAVAILABLE));
                job.complete().unwrap();
            }
            Self::Download(download, told) => {
                let status = until_status(told, |status| status.state == DownloadState::Transferred);
                assert_eq!((status.error, status.extended_error), (HResult::S_OK, HResult::S_OK));
                download.finalize().unwrap();
            }
        }
    }
}

/// A job's patience, and more than that.
const LONG: Duration = Duration::from_secs(86_401);

fn config() -> Config {
    Config { stall_after: Duration::from_secs(2), ..hasty() }
}

/// Goes through a row on both faces.
async fn check(row: Row) {
    let row = Arc::new(row);
    for face in [Case::job, Case::download] {
        let case = Arc::new(Case::new().await);
        case.origin.limit(mib_per_s(8));
        let mut engine = alone();
        engine.orphan_grace = Duration::ZERO;
        let desk = Desk::open(case.dir.path(), engine, config()).await;
        // A piece hash file that is not as it should be is so from the beginning.
        let is_of_manifest = row.code == HResult::DO_E_INTEGRITYCHECKINFO_UNAVAILABLE;
        if is_of_manifest {
            (row.hurt)(&case);
        }
        let (mine, rules) = (Arc::clone(&case), Arc::clone(&row));
        let seen = desk
            .program(move |service| {
                let seen = face(&mine, &rules, &service);
                seen.start();
                if !is_of_manifest {
                    wait_for("bytes", || seen.bytes() >= BEFORE);
                    (rules.hurt)(&mine);
                }
                if rules.passes {
                    seen.until_it_is_tried_again(rules.extended);
                }
                seen
            })
            .await;
        if row.passes {
            desk.host.skip_time(LONG);
        }
        let (url, rules) = (case.origin.url(), Arc::clone(&row));
        let (seen, here) = tokio::task::spawn_blocking(move || {
            seen.assert_fails(&rules, &url);
            let here = seen.bytes();
            (seen, here)
        })
        .await
        .unwrap();
        assert_not_placed(&case.out(), &seen);
        case.origin.until_idle("/file").await;
        let before = case.origin.counts("/file").body_bytes;
        (row.heal)(&case);
        tokio::task::spawn_blocking(move || {
            seen.start();
            seen.assert_arrives();
        })
        .await
        .unwrap();
        assert_holds(&case.out(), &case.file);
        let again = case.origin.counts("/file").body_bytes - before;
        assert!(again <= FILE - here, "{again} bytes fetched, and {here} were here");
        desk.close().await;
    }
}

/// A job's file is not there; a download's is as empty as it was made.
fn assert_not_placed(out: &Path, seen: &Seen) {
    match seen {
        Seen::Job(..) => assert_absent(out),
        Seen::Download(..) => assert_eq!(std::fs::metadata(out).unwrap().len(), 0),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_gone_is_an_error_until_it_is_back() {
    check(Row::status(|case| injected(case, &Fault::status(404)), 404)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_forbidden_is_an_error_of_the_remote_file() {
    let row = Row::status(|case| injected(case, &Fault::status(403)), 403);
    check(Row { context: ErrorContext::RemoteFile, ..row }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_origin_that_is_silent_is_an_error_when_the_job_has_waited_long_enough() {
    let hurt = |case: &Case| injected(case, &Fault::HangBeforeHeaders);
    check(Row::new(hurt, healed, HResult::WININET_E_TIMEOUT).passing()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_origin_that_is_overloaded_is_named_behind_the_lack_of_progress() {
    check(Row::status(|case| injected(case, &Fault::status(503)), 503).passing()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_not_what_the_piece_hash_file_says_are_an_error() {
    let hurt = |case: &Case| {
        // All of it, so that it is met wherever the transfer is; what is here already is right.
        let wrong = Content::made(FILE, |_, out| out.fill(7));
        case.origin.put("/file", wrong);
    };
    let heal = |case: &Case| case.origin.put("/file", case.file.clone());
    let info = |case: &Case| {
        let (url, hash) = (case.origin.url_of("/file.phf"), case.hash_of_hashes());
        serde_json::json!({ "PiecesHashFileUrl": url, "HashOfHashes": hash }).to_string()
    };
    let row = Row::new(hurt, heal, HResult::DO_E_BAD_PIECE_HASH);
    check(Row { integrity: Some(info), ..row }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mandatory_check_without_its_piece_hash_file_is_an_error() {
    let info = |case: &Case| {
        let url = case.origin.url_of("/manifest");
        serde_json::json!({ "PiecesHashFileUrl": url, "HashOfHashes": case.hash_of_hashes() }).to_string()
    };
    let heal = |case: &Case| case.origin.put("/manifest", case.manifest.to_phf());
    let row = Row::new(|_| (), heal, HResult::DO_E_INTEGRITYCHECKINFO_UNAVAILABLE);
    check(Row { integrity: Some(info), ..row }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_piece_hash_file_with_another_digest_is_an_error_that_says_so() {
    let info = |case: &Case| {
        let digest = data_encoding::BASE64.encode(&sha256(&case.manifest.to_phf()));
        serde_json::json!({
            "PiecesHashFileUrl": case.origin.url_of("/manifest"),
            "PiecesHashFileDigest": digest,
            "PiecesHashFileDigestAlgorithm": "SHA256",
        })
        .to_string()
    };
    // The same manifest, and not the same file.
    let hurt = |case: &Case| case.origin.put("/manifest", [case.manifest.to_phf(), b" ".to_vec()].concat());
    let heal = |case: &Case| case.origin.put("/manifest", case.manifest.to_phf());
    let row = Row::new(hurt, heal, HResult::DO_E_INTEGRITYCHECKINFO_UNAVAILABLE);
    check(Row { integrity: Some(info), extended: HResult::DO_E_METAINFO_DIGEST_MATCH, ..row }).await;
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_without_patience_takes_the_first_failure_for_an_error_of_its_own_code() {
    let case = Case::new().await;
    case.origin.inject("/file", Fault::status(503));
    let mut engine = alone();
    engine.no_progress_timeout = Duration::from_millis(300);
    let desk = Desk::open(case.dir.path(), engine, config()).await;
    let (url, out) = (case.origin.url(), case.out());
    desk.program(move |service| {
        let job = job_of(&service, &[(url, &out)]);
        job.set_no_progress_timeout(0).unwrap();
        let told = Listener::of(&job);
        job.resume().unwrap();
        let end = until_told(&told, |told| matches!(told, Told::Error { .. } | Told::Transferred)).pop();
        let (code, context) = (HResult::HTTP_E_STATUS_500, ErrorContext::None);
        assert_eq!(end, Some(Told::Error { code, context, file: Some(0) }));
        job.cancel().unwrap();
    })
    .await;
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_is_not_mandatory_does_not_keep_a_file_from_coming() {
    let case = Case::new().await;
    let desk = Desk::open(case.dir.path(), alone(), config()).await;
    let wrong = data_encoding::BASE64.encode(&[7; 32]);
    let infos = [
        serde_json::json!({ "PiecesHashFileUrl": case.origin.url_of("/none") }),
        serde_json::json!({ "PiecesHashFileUrl": case.origin.url_of("/fine.phf"), "HashOfHashes": wrong }),
        serde_json::json!({ "HashOfHashes": "AAAA" }),
        serde_json::json!({ "PiecesHashFileDigest": wrong }),
    ];
    for info in infos {
        let (url, out) = (case.origin.url_of("/fine"), case.out());
        desk.program(move |service| {
            let job = job_of(&service, &[(url, &out)]);
            let file = &job.enum_files().unwrap()[0];
            file.set_property(FileProperty::IntegrityCheckInfo, Value::Text(info.to_string())).unwrap();
            let told = Listener::of(&job);
            job.resume().unwrap();
            let end = until_told(&told, |told| matches!(told, Told::Error { .. } | Told::Transferred)).pop();
            assert_eq!(end, Some(Told::Transferred), "{info}");
            job.complete().unwrap();
        })
        .await;
        assert_holds(&case.out(), &content(3, MIB).0);
        std::fs::remove_file(case.out()).unwrap();
    }
    desk.close().await;
}
