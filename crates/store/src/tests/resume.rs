//! What is had after a process died, the machine was switched off, or somebody touched the files.

use super::*;

/// What a new process has after `meddle` came between it and one that wrote pieces 0, 2 and 5 and was killed.
///
/// Dropping without finishing is what a kill does: nothing is flushed, nothing is said goodbye to.
fn had_after(meddle: impl FnOnce(&Bench)) -> Vec<u32> {
    let bench = Bench::small();
    let content = bench.begin(&bench.store());
    bench.write(&content, &[0, 2, 5]);
    drop(content);
    meddle(&bench);
    let content = bench.begin(&bench.store());
    let had = indices(&content);
    assert_eq!(bench.readable(&content), had);
    bench.write_all(&content);
    content.finish().unwrap();
    assert_eq!(std::fs::read(bench.destination()).unwrap(), bench.bytes);
    had
}

fn size_of_piece() -> u64 {
    u64::from(PIECE)
}

#[test]
fn a_killed_process_loses_nothing_it_had() {
    assert_eq!(had_after(|_| ()), [0, 2, 5]);
}

#[test]
fn within_a_boot_records_are_believed_and_not_read_again() {
    // Shown by a change that nobody could see: the time of the part file is set back behind the records'.
    let bench = Bench::small();
    let content = bench.begin(&bench.store());
    bench.write(&content, &[0, 2]);
    drop(content);
    flip(&bench.part(), 0);
    let file = File::options().write(true).open(bench.part()).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(60)).unwrap();
    assert_eq!(indices(&bench.begin(&bench.store())), [0, 2]);
}

#[test]
fn after_a_power_loss_only_pieces_that_are_there_are_believed() {
    assert_eq!(had_after(Bench::reboot), [0, 2, 5]);
    let lost = had_after(|bench| {
        bench.reboot();
        flip(&bench.part(), 2 * size_of_piece() + 9);
    });
    assert_eq!(lost, [0, 5]);
}

#[test]
fn a_part_file_written_to_after_its_records_is_compared_with_them() {
    let edited = had_after(|bench| {
        flip(&bench.part(), 5 * size_of_piece());
        touch_later(&bench.part());
    });
    assert_eq!(edited, [0, 2]);
}

#[test]
fn a_part_file_cut_short_has_lost_what_was_behind() {
    let cut = |len| {
        had_after(move |bench| File::options().write(true).open(bench.part()).unwrap().set_len(len).unwrap())
    };
    assert_eq!(cut(3 * size_of_piece()), [0, 2]);
    assert_eq!(cut(3 * size_of_piece() - 1), [0]);
    assert_eq!(cut(0), [0; 0]);
}

#[test]
fn a_removed_part_file_means_nothing_is_had() {
    assert_eq!(had_after(|bench| std::fs::remove_file(bench.part()).unwrap()), [0; 0]);
}

#[test]
fn a_replaced_part_file_is_compared_with_the_manifest() {
    // Its piece 3 is right although no record says so, its piece 0 is wrong although one does.
    let had = had_after(|bench| {
        let mut bytes = bench.bytes.clone();
        bytes[7] ^= 1;
        std::fs::write(bench.path("new"), bytes).unwrap();
        std::fs::rename(bench.path("new"), bench.part()).unwrap();
    });
    assert_eq!(had, [1, 2, 3, 4, 5]);
}

#[test]
fn without_records_the_part_file_is_compared_with_the_manifest() {
    assert_eq!(had_after(|bench| std::fs::remove_file(bench.records()).unwrap()), [0, 2, 5]);
    assert_eq!(had_after(|bench| std::fs::write(bench.records(), "").unwrap()), [0, 2, 5]);
    assert_eq!(had_after(|bench| std::fs::write(bench.records(), vec![0xff; 40_000]).unwrap()), [0, 2, 5]);
    assert_eq!(had_after(|bench| flip(&bench.records(), 60)), [0, 2, 5]);
}

#[test]
fn without_records_a_damaged_piece_is_not_had() {
    let had = had_after(|bench| {
        flip(&bench.records(), 0);
        flip(&bench.part(), 2 * size_of_piece());
    });
    assert_eq!(had, [0, 5]);
}

#[test]
fn room_that_was_never_written_to_is_not_hashed() {
    // Shown by a content of zeros: read, the empty room would be right.
    let dir = tempfile::tempdir().unwrap();
    let manifest = manifest_of(&[0; 3 << 14]);
    let begin = |state: &str| {
        let store = Store::open(&dir.path().join(state)).unwrap();
        store.begin(&manifest, &dir.path().join("zeros"), Begin::default()).unwrap().into_content()
    };
    let content = begin("one");
    content.write(manifest.layout().piece(1).unwrap(), &[vec![0; 1 << 14].into()]).unwrap();
    drop(content);
    assert_eq!(indices(&begin("two")), [1]);
}

#[test]
fn a_damaged_record_costs_its_piece_and_no_other() {
    let had = had_after(|bench| {
        bench.reboot();
        flip(&bench.records(), crate::record::offset_of(2) + 31);
    });
    assert_eq!(had, [0, 5]);
}

#[test]
fn a_record_of_a_piece_that_was_never_written_is_not_believed_after_a_power_loss() {
    let had = had_after(|bench| {
        Records::open(&bench.records()).unwrap().set(1, &[9; 32]).unwrap();
        bench.reboot();
    });
    assert_eq!(had, [0, 2, 5]);
}

#[test]
fn records_cut_short_cost_the_pieces_behind() {
    let had = had_after(|bench| {
        let records = File::options().write(true).open(bench.records()).unwrap();
        records.set_len(crate::record::offset_of(2) + 5).unwrap();
    });
    assert_eq!(had, [0]);
}

#[test]
fn records_of_another_content_under_this_name_are_not_believed() {
    let had = had_after(|bench| {
        let records = Records::open(&bench.records()).unwrap();
        let mut header: Header = records.header().unwrap();
        header.content = swarmline_types::ContentId::new([1; 32]);
        records.set_header(&header).unwrap();
        flip(&bench.part(), 0);
    });
    assert_eq!(had, [2, 5]);
}

#[test]
fn a_piece_without_its_record_is_fetched_again() {
    // What a kill between the two writes leaves.
    let had = had_after(|bench| Records::open(&bench.records()).unwrap().clear(0).unwrap());
    assert_eq!(had, [2, 5]);
}

#[test]
fn a_kill_between_the_last_name_and_its_record_leaves_a_complete_content() {
    let bench = Bench::small();
    let content = bench.begin(&bench.store());
    bench.write_all(&content);
    drop(content);
    std::fs::rename(bench.part(), bench.destination()).unwrap();
    let store = bench.store();
    let held = store.contents().unwrap();
    assert!(held[0].finished);
    let begun = store.open_content(held[0].content, &held[0].destination).unwrap();
    assert!(matches!(begun, Begun::Complete(_)));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(32))]

    /// Any bytes over any part of the have-map: no wrong byte is had, and the download comes to its end.
    #[test]
    fn whatever_happens_to_the_records_no_wrong_byte_is_kept(
        at in 0u64..17_000,
        junk in proptest::collection::vec(0u8.., 1..200),
        reboot: bool,
        flipped in 0u64..5 * 16_384,
    ) {
        had_after(|bench| {
            if reboot {
                bench.reboot();
            }
            File::options().write(true).open(bench.records()).unwrap().write_all_at(&junk, at).unwrap();
            flip(&bench.part(), flipped);
            touch_later(&bench.part());
        });
    }
}
