//! Downloads without a manifest.

use super::*;
use crate::plain::{BeginPlain, PlainPart};
use crate::{FinishError, FinishPlainError, PlainBegun};

const URL: &str = "http://origin/file.iso";
const BLOCK: usize = 16 << 20;

fn try_begin(bench: &Bench, how: BeginPlain) -> Result<PlainBegun, BeginError> {
    bench.store().begin_plain(URL, &bench.destination(), how)
}

fn begin(bench: &Bench) -> Box<PlainPart> {
    match try_begin(bench, BeginPlain::default()).unwrap() {
        PlainBegun::Partial(part) => part,
        PlainBegun::Complete(path) => panic!("{} is complete", path.display()),
    }
}

fn sha256(bytes: &[u8]) -> Option<[u8; 32]> {
    Some(Sha256::digest(bytes).into())
}

/// The part file of the bench's destination.
fn part_of(bench: &Bench) -> PathBuf {
    let name = names(bench.dir.path()).into_iter().find(|name| name.ends_with(".swarmline-part")).unwrap();
    bench.path(&name)
}

fn records_of(bench: &Bench) -> Records {
    Records::open(&bench.path("state/plain").join(&names(&bench.path("state/plain"))[0])).unwrap()
}

fn reboot(bench: &Bench) {
    let records = records_of(bench);
    let mut header: serde_json::Value = records.header().unwrap();
    header["epoch"]["boot"] = "another".into();
    records.set_header(&header).unwrap();
}

/// How much of `bytes`, received under an ETag and then interrupted, is there after `meddle`.
fn received_after(bytes: &[u8], meddle: impl FnOnce(&Bench)) -> u64 {
    let bench = Bench::small();
    let mut part = begin(&bench);
    part.restart(Some("\"v1\"")).unwrap();
    bytes.chunks(1_000_003).for_each(|some| part.append(some).unwrap());
    drop(part);
    meddle(&bench);
    let mut part = begin(&bench);
    let received = part.received();
    part.append(&bytes[usize::try_from(received).unwrap()..]).unwrap();
    part.finish().unwrap();
    assert!(std::fs::read(bench.destination()).unwrap() == bytes, "the bytes differ");
    received
}

#[test]
fn bytes_of_unknown_length_make_a_file() {
    for len in [0, 1, 100_000] {
        let bench = Bench::small();
        let mut part = begin(&bench);
        part.append(&bytes_of(len)).unwrap();
        assert_eq!(part.received(), len as u64);
        assert!(!bench.destination().exists());
        part.finish().unwrap();
        assert_eq!(std::fs::read(bench.destination()).unwrap(), bytes_of(len));
        assert_eq!(names(bench.dir.path()), ["file.iso", "state"]);
        assert_eq!(names(&bench.path("state/plain")), [""; 0]);
    }
}

#[test]
fn an_interrupted_download_goes_on_where_it_ended() {
    for len in [0, 5, BLOCK - 1, BLOCK, BLOCK + 1] {
        assert_eq!(received_after(&bytes_of(len), |_| ()), len as u64);
    }
}

#[test]
fn after_a_power_loss_whole_blocks_that_are_right_count() {
    let bytes = bytes_of(2 * BLOCK + 100);
    assert_eq!(received_after(&bytes, reboot), 2 * BLOCK as u64);
    let damaged = received_after(&bytes, |bench| {
        reboot(bench);
        flip(&part_of(bench), BLOCK as u64 + 7);
    });
    assert_eq!(damaged, BLOCK as u64);
}

#[test]
fn a_whole_block_without_its_record_counts_within_a_boot_only() {
    // What a kill between the two writes leaves.
    let bytes = bytes_of(BLOCK);
    assert_eq!(received_after(&bytes, |bench| records_of(bench).clear(0).unwrap()), BLOCK as u64);
    let rebooted = received_after(&bytes, |bench| {
        records_of(bench).clear(0).unwrap();
        reboot(bench);
    });
    assert_eq!(rebooted, 0);
}

#[test]
fn damaged_records_mean_starting_anew() {
    let bench = |meddle: fn(&Bench)| received_after(&bytes_of(1000), meddle);
    assert_eq!(bench(|bench| records_of(bench).reset().unwrap()), 0);
    assert_eq!(bench(|bench| std::fs::remove_file(part_of(bench)).unwrap()), 0);
    assert_eq!(bench(|bench| drop(std::fs::remove_dir_all(bench.path("state/plain")))), 0);
}

#[test]
fn without_a_validator_nothing_is_resumed() {
    let bench = Bench::small();
    let mut part = begin(&bench);
    part.restart(None).unwrap();
    part.append(b"half").unwrap();
    drop(part);
    assert_eq!(begin(&bench).received(), 0);
    let mut part = begin(&bench);
    part.restart(Some(&"x".repeat(crate::VALIDATOR_MAX + 1))).unwrap();
    assert_eq!(part.validator(), None);
}

#[test]
fn a_restart_drops_the_old_version() {
    let bench = Bench::small();
    let mut part = begin(&bench);
    part.restart(Some("\"v1\"")).unwrap();
    part.append(b"a long first version").unwrap();
    part.restart(Some("\"v2\"")).unwrap();
    assert_eq!((part.received(), part.validator()), (0, Some("\"v2\"")));
    part.append(b"second").unwrap();
    drop(part);
    let part = begin(&bench);
    assert_eq!((part.received(), part.validator()), (6, Some("\"v2\"")));
    part.finish().unwrap();
    assert_eq!(std::fs::read(bench.destination()).unwrap(), b"second");
}

#[test]
fn blocks_of_an_old_version_never_match_a_new_validator() {
    // What a power loss in the middle of a restart may leave: the new name, the old records, the old bytes.
    let bytes = bytes_of(BLOCK);
    let kept = received_after(&bytes, |bench| {
        let records = records_of(bench);
        let mut header: serde_json::Value = records.header().unwrap();
        header["validator"] = "\"v2\"".into();
        records.set_header(&header).unwrap();
        reboot(bench);
    });
    assert_eq!(kept, 0);
}

#[test]
fn a_file_with_another_sha256_gets_no_name_and_leaves_nothing() {
    let bench = Bench::small();
    let how = BeginPlain { sha256: sha256(b"right"), ..BeginPlain::default() };
    let PlainBegun::Partial(mut part) = try_begin(&bench, how).unwrap() else { panic!("complete") };
    part.append(b"wrong").unwrap();
    assert!(matches!(part.finish(), Err(FinishPlainError::Sha256 { .. })));
    assert_eq!(names(bench.dir.path()), ["state"]);
    let PlainBegun::Partial(mut part) = try_begin(&bench, how).unwrap() else { panic!("complete") };
    part.append(b"right").unwrap();
    part.finish().unwrap();
    assert!(
        matches!(try_begin(&bench, how).unwrap(), PlainBegun::Complete(path) if path == bench.destination())
    );
}

#[test]
fn an_existing_file_is_replaced_only_by_force() {
    let bench = Bench::small();
    std::fs::write(bench.destination(), "the user's").unwrap();
    for sha256 in [None, sha256(b"other")] {
        let error = try_begin(&bench, BeginPlain { sha256, ..BeginPlain::default() }).unwrap_err();
        assert!(matches!(error, BeginError::OtherContent { .. }), "{error}");
    }
    let how = BeginPlain { force: true, ..BeginPlain::default() };
    let PlainBegun::Partial(mut part) = try_begin(&bench, how).unwrap() else { panic!("complete") };
    part.append(b"new").unwrap();
    assert_eq!(std::fs::read(bench.destination()).unwrap(), b"the user's");
    part.finish().unwrap();
    assert_eq!(std::fs::read(bench.destination()).unwrap(), b"new");
}

#[test]
fn a_file_that_came_meanwhile_is_not_replaced() {
    let bench = Bench::small();
    let mut part = begin(&bench);
    part.append(b"ours").unwrap();
    std::fs::write(bench.destination(), "the user's").unwrap();
    assert!(matches!(part.finish(), Err(FinishPlainError::Finish(FinishError::Exists { .. }))));
    assert_eq!(std::fs::read(bench.destination()).unwrap(), b"the user's");
}

#[test]
fn room_for_a_known_length_does_not_count_as_received() {
    let bench = Bench::small();
    let mut part = begin(&bench);
    part.restart(Some("\"v1\"")).unwrap();
    part.expect(1 << 20).unwrap();
    part.append(b"some").unwrap();
    assert!(matches!(part.expect(1 << 43), Err(crate::WriteError::Full { .. })));
    drop(part);
    let part = begin(&bench);
    assert_eq!(part.received(), 4);
    part.finish().unwrap();
    assert_eq!(std::fs::read(bench.destination()).unwrap(), b"some");
}

#[test]
fn one_url_has_one_writer_per_place() {
    let bench = Bench::small();
    let store = bench.store();
    let begin = |url| store.begin_plain(url, &bench.destination(), BeginPlain::default());
    let first = begin(URL).unwrap();
    assert!(matches!(begin(URL), Err(BeginError::Busy { .. })));
    assert!(begin("http://other/").is_ok());
    drop(first);
    assert!(begin(URL).is_ok());
}
