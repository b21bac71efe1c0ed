//! What stands at a destination: the complete content, or what stood there before.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use swarmline_engine::Engine;
use swarmline_ipc::message::{ErrorKind, GetRequest, ManifestSource};
use swarmline_testkit::{Content, TestOrigin, pattern};
use tempfile::TempDir;

use support::{
    MIB, alone, assert_absent, assert_holds, assert_says, completed, content, failed, get, mib_per_s,
    origin_of, start, until,
};

/// A node, an origin with a file, and where the file shall stand.
struct Case {
    dir: TempDir,
    file: Content,
    origin: TestOrigin,
    node: Engine,
}

impl Case {
    async fn verified(len: u64) -> Self {
        let (file, manifest) = content(len, len);
        Self::of(file.clone(), origin_of(&file, &manifest).await).await
    }

    async fn plain(len: u64) -> Self {
        let (file, _) = content(len, len);
        Self::of(file.clone(), TestOrigin::start(file).await).await
    }

    async fn both(len: u64) -> [Self; 2] {
        [Self::verified(len).await, Self::plain(len).await]
    }

    async fn of(file: Content, origin: TestOrigin) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let node = start(dir.path(), alone()).await;
        Self { dir, file, origin, node }
    }

    fn out(&self) -> PathBuf {
        self.dir.path().join("out")
    }

    fn request(&self) -> GetRequest {
        get(self.origin.url(), self.out(), ManifestSource::Origin)
    }

    fn sha256(&self) -> Option<String> {
        Some(pattern::sha256(&self.file.to_vec()).iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Bytes of the file that the origin has sent.
    fn sent(&self) -> u64 {
        self.origin.counts("/file").body_bytes
    }
}

/// What lies in a directory beside the state.
fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = entries.filter(|name| name != "state").collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_content_is_complete_without_a_byte() {
    let case = Case::verified(3 * MIB).await;
    fs::write(case.out(), case.file.to_vec()).unwrap();
    let progress = completed(case.node.get(case.request())).await;
    assert_eq!((progress.bytes_have, case.sent()), (3 * MIB, 0));
    assert_holds(&case.out(), &case.file);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_manifest_the_sha256_tells_that_it_is_the_same() {
    let case = Case::plain(3 * MIB).await;
    fs::write(case.out(), case.file.to_vec()).unwrap();
    completed(case.node.get(GetRequest { sha256: case.sha256(), ..case.request() })).await;
    assert_eq!(case.sent(), 0);
    let error = failed(case.node.get(case.request())).await;
    assert_says(&error, ErrorKind::Exists, &["--force"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_content_is_left_alone_unless_forced() {
    for case in Case::both(3 * MIB).await {
        fs::write(case.out(), "mine").unwrap();
        let error = failed(case.node.get(case.request())).await;
        assert_says(&error, ErrorKind::Exists, &[case.out().to_str().unwrap(), "--force"]);
        assert_eq!((fs::read(case.out()).unwrap(), case.sent()), (b"mine".to_vec(), 0));
        assert_eq!(names(case.dir.path()), ["out"]);

        completed(case.node.get(GetRequest { force: true, ..case.request() })).await;
        assert_holds(&case.out(), &case.file);
        assert_eq!(names(case.dir.path()), ["out"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_to_be_replaced_stays_until_all_is_here() {
    for case in Case::both(3 * MIB).await {
        fs::write(case.out(), "mine").unwrap();
        case.origin.limit(mib_per_s(4));
        let mut events = case.node.get(GetRequest { force: true, ..case.request() });
        until(&mut events, |progress| progress.bytes_have > 0).await;
        assert_eq!(fs::read(case.out()).unwrap(), b"mine");
        case.origin.limit(None);
        completed(events).await;
        assert_holds(&case.out(), &case.file);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_to_stand_there_meanwhile_is_left_alone() {
    for case in Case::both(3 * MIB).await {
        case.origin.limit(mib_per_s(4));
        let mut events = case.node.get(case.request());
        until(&mut events, |progress| progress.bytes_have > 0).await;
        fs::write(case.out(), "mine").unwrap();
        case.origin.limit(None);
        assert_says(&failed(events).await, ErrorKind::Exists, &[case.out().to_str().unwrap()]);
        assert_eq!(fs::read(case.out()).unwrap(), b"mine");

        // What came is kept, so that nothing is fetched twice.
        let sent = case.sent();
        completed(case.node.get(GetRequest { force: true, ..case.request() })).await;
        assert_holds(&case.out(), &case.file);
        assert!(case.sent() - sent <= 1, "{} bytes again", case.sent() - sent);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_is_never_replaced() {
    for case in Case::both(MIB).await {
        fs::create_dir(case.out()).unwrap();
        for force in [false, true] {
            let error = failed(case.node.get(GetRequest { force, ..case.request() })).await;
            assert_says(&error, ErrorKind::Exists, &[case.out().to_str().unwrap(), "directory"]);
        }
        assert!(case.out().is_dir());
        assert_eq!(case.sent(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_is_missing_or_takes_no_file_ends_it_with_its_name() {
    for case in Case::both(MIB).await {
        // Not even root can make a file in the second one.
        for dir in [case.dir.path().join("missing"), PathBuf::from("/proc")] {
            let destination = dir.join("out");
            let error = failed(case.node.get(GetRequest { destination, ..case.request() })).await;
            assert_says(&error, ErrorKind::Disk, &[dir.to_str().unwrap()]);
        }
        assert_eq!(case.sent(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_longer_than_the_system_takes_ends_it_with_the_reason() {
    for case in Case::both(MIB).await {
        // Directories that are there, almost as deep as they can be reached.
        let mut deep = case.dir.path().canonicalize().unwrap();
        while deep.as_os_str().len() < 3900 {
            deep.push("d".repeat(100));
        }
        fs::create_dir_all(&deep).unwrap();
        let of_len = |len: usize| deep.join("x".repeat(len - deep.as_os_str().len() - 1));
        let too_long = [
            ("in all", of_len(4096)),
            ("with what a part file's name has more", of_len(4095)),
            ("in its name alone", case.dir.path().join("x".repeat(256))),
        ];
        for (what, destination) in too_long {
            let error = failed(case.node.get(GetRequest { destination, ..case.request() })).await;
            assert!(error.message.contains("name too long"), "{what}: {error}");
            assert_eq!(error.kind, ErrorKind::Disk, "{what}");
        }
        assert_eq!((names(&deep).len(), case.sent()), (0, 0));
        // Whatever it is called by.
        let roundabout = case.dir.path().join("./".repeat(1500)).join("out");
        completed(case.node.get(GetRequest { destination: roundabout, ..case.request() })).await;
        assert_holds(&case.out(), &case.file);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_as_long_as_can_be_completes_and_is_resumed() {
    for case in Case::both(3 * MIB).await {
        let base = case.request();
        let Case { dir, file, origin, node } = case;
        // Alike for longer than a part file's name has room for.
        let outs = ["1", "2"].map(|end| dir.path().join("x".repeat(254) + end));
        let request = |out: &PathBuf| GetRequest { destination: out.clone(), ..base.clone() };
        origin.limit(mib_per_s(4));
        let mut events = node.get(request(&outs[0]));
        until(&mut events, |progress| progress.bytes_have >= MIB).await;
        node.shutdown().await;
        origin.limit(None);
        drop(events);
        let node = start(dir.path(), alone()).await;
        let progress = completed(node.get(request(&outs[0]))).await;
        assert!(progress.bytes_resumed >= MIB, "{progress:?}");
        completed(node.get(request(&outs[1]))).await;
        outs.iter().for_each(|out| assert_holds(out, &file));
        assert_eq!(names(dir.path()).len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relative_destination_is_refused() {
    let case = Case::verified(MIB).await;
    let destination = PathBuf::from("out");
    assert_says(
        &failed(case.node.get(GetRequest { destination, ..case.request() })).await,
        ErrorKind::Usage,
        &["out"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sha256_that_does_not_match_leaves_nothing() {
    for case in Case::both(3 * MIB).await {
        let wrong = "ab".repeat(32);
        let error = failed(case.node.get(GetRequest { sha256: Some(wrong.clone()), ..case.request() })).await;
        assert_says(&error, ErrorKind::Integrity, &[&wrong, &case.sha256().unwrap()]);
        assert_absent(&case.out());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sha256_that_matches_completes() {
    for case in Case::both(3 * MIB).await {
        completed(case.node.get(GetRequest { sha256: case.sha256(), ..case.request() })).await;
        assert_holds(&case.out(), &case.file);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_its_user_deleted_is_fetched_again() {
    let case = Case::verified(3 * MIB).await;
    completed(case.node.get(case.request())).await;
    fs::remove_file(case.out()).unwrap();
    completed(case.node.get(case.request())).await;
    assert_holds(&case.out(), &case.file);
    assert_eq!(case.sent(), 6 * MIB);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_its_user_edited_is_other_content() {
    let case = Case::verified(3 * MIB).await;
    completed(case.node.get(case.request())).await;
    fs::write(case.out(), "mine").unwrap();
    assert_says(&failed(case.node.get(case.request())).await, ErrorKind::Exists, &["--force"]);
    assert_eq!(fs::read(case.out()).unwrap(), b"mine");
    completed(case.node.get(GetRequest { force: true, ..case.request() })).await;
    assert_holds(&case.out(), &case.file);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_here_is_copied_and_not_fetched() {
    let case = Case::verified(3 * MIB).await;
    completed(case.node.get(case.request())).await;
    let destination = case.dir.path().join("second");
    completed(case.node.get(GetRequest { destination: destination.clone(), ..case.request() })).await;
    assert_holds(&destination, &case.file);
    assert_eq!(case.sent(), 3 * MIB);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_gone_or_spoilt_is_not_copied() {
    let case = Case::verified(3 * MIB).await;
    completed(case.node.get(case.request())).await;
    let mut spoilt = case.file.to_vec();
    spoilt[2 << 20] ^= 1;
    fs::write(case.out(), spoilt).unwrap();
    let second = case.dir.path().join("second");
    completed(case.node.get(GetRequest { destination: second.clone(), ..case.request() })).await;
    assert_holds(&second, &case.file);

    fs::remove_file(case.out()).unwrap();
    fs::remove_file(&second).unwrap();
    let third = case.dir.path().join("third");
    completed(case.node.get(GetRequest { destination: third.clone(), ..case.request() })).await;
    assert_holds(&third, &case.file);
}
