//! What lies at other places is copied, and only what is right.

use std::os::unix::fs::MetadataExt;

use swarmline_types::Wanted;

use super::*;
use crate::Room;

impl Bench {
    /// The same content, at another place, with what lies elsewhere.
    fn begin_copy(&self, store: &Store) -> Content {
        let copy = store.begin(&self.manifest, &self.path("copy"), Begin::default()).unwrap().into_content();
        store.fill_from_elsewhere(&copy, &Wanted::all(&copy.layout())).unwrap();
        copy
    }
}

#[test]
fn what_an_earlier_download_left_at_another_place_is_copied() {
    let bench = Bench::small();
    let left = bench.begin(&bench.store());
    bench.write(&left, &[0, 2, 5]);
    drop(left);

    let store = bench.store();
    let copy = bench.begin_copy(&store);
    assert_eq!(indices(&copy), [0, 2, 5]);
    assert_eq!(bench.readable(&copy), [0, 2, 5]);
    let all = Wanted::all(&copy.layout());
    assert_eq!(store.fill_from_elsewhere(&copy, &all).unwrap(), 0, "there is no more");
    bench.write_all(&copy);
    copy.finish().unwrap();
    assert_eq!(std::fs::read(bench.path("copy")).unwrap(), bench.bytes);
    let nodes = [bench.path("copy"), bench.part()].map(|path| std::fs::metadata(path).unwrap().ino());
    assert_ne!(nodes[0], nodes[1], "never one file under two names");
    assert_eq!(indices(&bench.begin(&store)), [0, 2, 5], "what it was copied from can go on too");
}

#[test]
fn only_what_is_wanted_is_copied() {
    let bench = Bench::small();
    let left = bench.begin(&bench.store());
    bench.write(&left, &[0, 2, 5]);
    drop(left);
    let store = bench.store();
    let copy = store.begin(&bench.manifest, &bench.path("copy"), Begin::default()).unwrap().into_content();
    let wanted = Wanted::of(copy.layout().piece_range(1, 3));
    assert_eq!(store.fill_from_elsewhere(&copy, &wanted).unwrap(), 1);
    assert_eq!(indices(&copy), [2]);
}

#[test]
fn a_few_ranges_left_in_a_large_file_take_no_more_room_by_being_read() {
    let bench = Bench::small();
    let sparse = Begin { room: Room::Sparse, ..Begin::default() };
    let left = bench.store().begin(&bench.manifest, &bench.destination(), sparse).unwrap().into_content();
    bench.write(&left, &[2]);
    drop(left);
    let room = || std::fs::metadata(bench.part()).unwrap().blocks();
    let before = room();
    assert_eq!(indices(&bench.begin_copy(&bench.store())), [2]);
    assert_eq!(room(), before);
}

#[test]
fn what_was_damaged_there_is_not_copied() {
    let bench = Bench::small();
    let left = bench.begin(&bench.store());
    bench.write(&left, &[0, 1, 2]);
    drop(left);
    flip(&bench.part(), u64::from(PIECE) + 7);
    // Whatever the records say: the hash of the bytes decides.
    let copy = bench.begin_copy(&bench.store());
    assert_eq!(indices(&copy), [0, 2]);
    assert_eq!(bench.readable(&copy), [0, 2]);
}

#[test]
fn finished_files_and_files_in_the_making_are_copied_from() {
    let bench = Bench::small();
    let store = bench.store();
    let first = bench.begin(&store);
    bench.write(&first, &[3]);
    assert_eq!(indices(&bench.begin_copy(&store)), [3]);
    bench.write_all(&first);
    first.finish().unwrap();
    assert!(bench.begin_copy(&store).have().is_all());
}

#[test]
fn what_is_gone_there_is_not_made_again() {
    let bench = Bench::small();
    let left = bench.begin(&bench.store());
    bench.write(&left, &[0]);
    drop(left);
    std::fs::remove_file(bench.part()).unwrap();
    let copy = bench.begin_copy(&bench.store());
    assert!(copy.have().is_none());
    assert!(!bench.part().exists());
}

#[test]
fn what_another_process_writes_there_is_left_alone() {
    let bench = Bench::small();
    let left = bench.begin(&bench.store());
    bench.write(&left, &[0]);
    drop(left);
    let _writes = crate::part::PartFile::open(&bench.part()).unwrap();
    assert!(bench.begin_copy(&bench.store()).have().is_none());
}
