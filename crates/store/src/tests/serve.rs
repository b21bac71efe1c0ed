//! Serving a finished file that its owner edits, replaces, moves away: never a wrong byte.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::ReadError;

/// Does something also when the test fails.
struct OnDrop<F: Fn()>(F);

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

fn changed(result: Result<Bytes, ReadError>) -> bool {
    matches!(result, Err(ReadError::Changed { .. }))
}

#[test]
fn an_edit_costs_the_pieces_it_touched_and_no_other() {
    let bench = Bench::small();
    let store = bench.store();
    let content = bench.finished(&store);
    assert_eq!(bench.readable(&content).len(), 6);
    flip(&bench.destination(), 3 * u64::from(PIECE));
    assert!(changed(content.read(bench.piece(3), 100, 5)), "also for bytes of it that were not touched");
    assert!(matches!(content.read(bench.piece(3), 100, 5), Err(ReadError::NotHad { .. })));
    assert_eq!(bench.readable(&content), [0, 1, 2, 4, 5]);
    assert_eq!(indices(&content), [0, 1, 2, 4, 5]);
    assert!(!content.is_finished());
}

#[test]
fn an_edit_right_after_the_end_is_seen() {
    // Within one tick of the kernel's clock, where times alone would not tell.
    for _ in 0..20 {
        let bench = Bench::new(100);
        let content = bench.finished(&bench.store());
        flip(&bench.destination(), 50);
        assert!(changed(content.read(bench.piece(0), 0, 10)));
    }
}

#[test]
fn an_edit_whose_time_was_set_back_is_seen() {
    let bench = Bench::small();
    let content = bench.finished(&bench.store());
    let file = File::options().write(true).open(bench.destination()).unwrap();
    let before = file.metadata().unwrap().modified().unwrap();
    flip(&bench.destination(), 5);
    file.set_modified(before).unwrap();
    assert!(changed(content.read(bench.piece(0), 0, 1)));
}

#[test]
fn an_adopted_file_edited_right_after_is_never_served_wrong() {
    // Its stamp is young, so every read hashes.
    for _ in 0..20 {
        let bench = Bench::new(100);
        std::fs::write(bench.destination(), &bench.bytes).unwrap();
        let content = bench.store().add(&bench.destination(), &bench.manifest).unwrap();
        flip(&bench.destination(), 50);
        assert!(changed(content.read(bench.piece(0), 0, 10)));
    }
}

#[test]
fn a_young_stamp_never_spares_the_hash() {
    // Shown by a record made wrong after the first read, which only a second hash can notice.
    let bench = Bench::small();
    std::fs::write(bench.destination(), &bench.bytes).unwrap();
    let content = bench.store().add(&bench.destination(), &bench.manifest).unwrap();
    assert_eq!(bench.readable(&content).len(), 6);
    content.recheck().unwrap();
    Records::open(&bench.records()).unwrap().set(2, &[1; 32]).unwrap();
    assert!(changed(content.read(bench.piece(2), 0, 1)));
}

#[test]
fn a_file_whose_directory_was_exchanged_is_not_the_one_at_its_path() {
    // The finished file itself is untouched, so nothing about its own times tells.
    let bench = Bench::small();
    let path = bench.path("dir/file");
    std::fs::create_dir(bench.path("dir")).unwrap();
    let content = bench.store().begin(&bench.manifest, &path, Begin::default()).unwrap().into_content();
    bench.write_all(&content);
    content.finish().unwrap();
    std::fs::rename(bench.path("dir"), bench.path("away")).unwrap();
    std::fs::create_dir(bench.path("dir")).unwrap();
    std::fs::write(&path, "another").unwrap();
    assert!(changed(content.read(bench.piece(0), 0, 1)));
}

#[test]
fn an_edit_through_a_second_handle_during_reads_never_reaches_a_reader() {
    // One thread writes wrong and right bytes in turn, the other insists on what it gets.
    let bench = Bench::small();
    let content = bench.finished(&bench.store());
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let file = File::options().write(true).open(bench.destination()).unwrap();
            while !over.load(Ordering::Relaxed) {
                file.write_all_at(&[0xee; 64], 2 * u64::from(PIECE)).unwrap();
                file.write_all_at(&bench.bytes[..bench.bytes.len()], 0).unwrap();
            }
        });
        let _ends_the_writer = OnDrop(|| over.store(true, Ordering::Relaxed));
        for _ in 0..300 {
            bench.readable(&content);
        }
    });
}

#[test]
fn touching_a_file_without_changing_it_costs_nothing_but_hashing() {
    let bench = Bench::small();
    let content = bench.finished(&bench.store());
    std::fs::set_permissions(bench.destination(), Permissions::from_mode(0o600)).unwrap();
    assert_eq!(bench.readable(&content).len(), 6);
    touch_later(&bench.destination());
    assert_eq!(bench.readable(&content).len(), 6);
    assert!(content.is_finished());
}

#[test]
fn a_replaced_file_is_served_as_far_as_it_is_the_same() {
    let bench = Bench::small();
    let content = bench.finished(&bench.store());
    let mut bytes = bench.bytes.clone();
    bytes[0] ^= 1;
    std::fs::write(bench.path("new"), &bytes[..4 * PIECE as usize + 1]).unwrap();
    std::fs::rename(bench.path("new"), bench.destination()).unwrap();
    assert_eq!(bench.readable(&content), [1, 2, 3]);
    assert_eq!(indices(&content), [1, 2, 3]);
}

#[test]
fn a_file_cut_short_has_lost_its_end() {
    let bench = Bench::small();
    let content = bench.finished(&bench.store());
    let file = File::options().write(true).open(bench.destination()).unwrap();
    file.set_len(2 * u64::from(PIECE)).unwrap();
    assert!(changed(content.read(bench.piece(2), 0, 1)));
    assert_eq!(bench.readable(&content), [0, 1]);
}

#[test]
fn a_deleted_file_is_gone() {
    let bench = Bench::small();
    let store = bench.store();
    let content = bench.finished(&store);
    std::fs::remove_file(bench.destination()).unwrap();
    assert!(matches!(content.read(bench.piece(0), 0, 1), Err(ReadError::Gone { .. })));
    assert!(content.have().is_none() && content.is_closed());
    assert!(matches!(content.read(bench.piece(0), 0, 1), Err(ReadError::NotHad { .. })));
    assert_eq!(bench.finished(&store).destination(), bench.destination());
}

#[test]
fn a_directory_in_its_place_is_gone_too() {
    let bench = Bench::small();
    let content = bench.finished(&bench.store());
    std::fs::remove_file(bench.destination()).unwrap();
    std::fs::create_dir(bench.destination()).unwrap();
    assert!(matches!(content.recheck(), Err(ReadError::Gone { .. })));
}

#[test]
fn a_recheck_finds_every_changed_piece_at_once() {
    let bench = Bench::small();
    let content = bench.finished(&bench.store());
    assert_eq!(content.recheck().unwrap(), []);
    for piece in [4, 1] {
        flip(&bench.destination(), piece * u64::from(PIECE) + 3);
    }
    assert_eq!(content.recheck().unwrap(), [bench.piece(1), bench.piece(4)]);
    assert_eq!(indices(&content), [0, 2, 3, 5]);
    assert_eq!(content.recheck().unwrap(), []);
}

#[test]
fn after_an_edit_and_a_restart_the_file_is_other_content() {
    let bench = Bench::small();
    bench.finished(&bench.store());
    flip(&bench.destination(), 0);
    let store = bench.store();
    let error = bench.try_begin(&store, Begin::default()).unwrap_err();
    assert!(matches!(error, BeginError::OtherContent { .. }), "{error}");
}

#[test]
fn after_an_edit_that_was_seen_and_a_restart_it_is_not_complete() {
    let bench = Bench::small();
    let content = bench.finished(&bench.store());
    flip(&bench.destination(), 0);
    assert!(changed(content.read(bench.piece(0), 0, 1)));
    drop(content);
    let error = bench.try_begin(&bench.store(), Begin::default()).unwrap_err();
    assert!(matches!(error, BeginError::OtherContent { .. }), "{error}");
}

#[test]
fn after_a_restart_an_untouched_file_is_not_read_again() {
    // Shown by a manifest that the file does not fit: only reading it would tell.
    let bench = Bench::small();
    bench.finished(&bench.store());
    let records = Records::open(&bench.records()).unwrap();
    let header: Header = records.header().unwrap();
    assert!(
        matches!(header.phase, Phase::Finished { proven: true, .. }),
        "the test wants a disk whose stamps prove"
    );
    records.set(0, &[1; 32]).unwrap();
    let content = bench.complete(&bench.store());
    assert_eq!(content.read(bench.piece(0), 0, PIECE).unwrap(), bench.bytes_of(bench.piece(0)));
}

#[test]
fn after_a_power_loss_a_finished_file_is_hashed_again_as_it_is_read() {
    let bench = Bench::small();
    bench.finished(&bench.store());
    bench.reboot();
    Records::open(&bench.records()).unwrap().set(0, &[1; 32]).unwrap();
    let content = bench.complete(&bench.store());
    assert!(changed(content.read(bench.piece(0), 0, 1)));
    assert_eq!(bench.readable(&content), [1, 2, 3, 4, 5]);
}

#[test]
fn where_stamps_prove_nothing_every_read_is_hashed() {
    // A memory file system does not stamp every store into a mapping.
    let Ok(memory) = tempfile::tempdir_in("/dev/shm") else { return };
    let bench = Bench { dir: memory, ..Bench::small() };
    let content = bench.finished(&bench.store());
    let records = Records::open(&bench.records()).unwrap();
    assert!(matches!(records.header::<Header>().unwrap().phase, Phase::Finished { proven: false, .. }));
    records.set(1, &[1; 32]).unwrap();
    assert!(changed(content.read(bench.piece(1), 0, 1)));
    assert_eq!(bench.readable(&content), [0, 2, 3, 4, 5]);
}
