//! What stands at the destination, who else writes to it, and what is in the way.

use std::os::unix::fs::{FileTypeExt, symlink};

use super::*;
use crate::PlaceError;

#[test]
fn a_destination_with_the_same_content_is_complete_already() {
    let bench = Bench::small();
    std::fs::write(bench.destination(), &bench.bytes).unwrap();
    let content = bench.complete(&bench.store());
    assert!(content.is_finished() && content.have().is_all());
    assert_eq!(bench.readable(&content).len(), 6);
    assert_eq!(names(bench.dir.path()), ["file.iso", "state"]);
}

#[test]
fn a_part_file_that_is_not_needed_any_more_goes() {
    let bench = Bench::small();
    let store = bench.store();
    let content = bench.begin(&store);
    std::fs::write(bench.destination(), &bench.bytes).unwrap();
    bench.complete(&store);
    assert!(bench.part().exists(), "one that is being written stays");
    drop(content);
    bench.complete(&store);
    assert_eq!(names(bench.dir.path()), ["file.iso", "state"]);
}

#[test]
fn a_destination_with_other_content_is_an_error_and_stays() {
    let bench = Bench::small();
    let mut same_length = bench.bytes.clone();
    *same_length.last_mut().unwrap() ^= 1;
    for other in [&b""[..], b"other", &same_length] {
        std::fs::write(bench.destination(), other).unwrap();
        let error = bench.try_begin(&bench.store(), Begin::default()).unwrap_err();
        assert!(
            matches!(&error, BeginError::OtherContent { path } if *path == bench.destination()),
            "{error}"
        );
        assert_eq!(std::fs::read(bench.destination()).unwrap(), other);
        assert_eq!(names(bench.dir.path()), ["file.iso", "state"]);
    }
}

#[test]
fn force_replaces_other_content_at_the_very_end() {
    let bench = Bench::small();
    std::fs::write(bench.destination(), "other").unwrap();
    let store = bench.store();
    let content = bench.try_begin(&store, Begin { force: true, ..Begin::default() }).unwrap().into_content();
    bench.write_all(&content);
    assert_eq!(std::fs::read(bench.destination()).unwrap(), b"other");
    content.finish().unwrap();
    assert_eq!(std::fs::read(bench.destination()).unwrap(), bench.bytes);
}

#[test]
fn force_on_the_same_content_fetches_nothing() {
    let bench = Bench::small();
    std::fs::write(bench.destination(), &bench.bytes).unwrap();
    let begun = bench.try_begin(&bench.store(), Begin { force: true, ..Begin::default() }).unwrap();
    assert!(matches!(begun, Begun::Complete(_)));
}

#[test]
fn two_stores_never_write_one_part_file() {
    let bench = Bench::small();
    let (one, two) = (bench.store(), bench.store_named("other"));
    let content = bench.begin(&one);
    bench.write(&content, &[0, 3]);
    let busy = bench.try_begin(&two, Begin::default()).unwrap_err();
    assert!(matches!(&busy, BeginError::Busy { path } if *path == bench.part()), "{busy}");
    assert_eq!(bench.readable(&content), [0, 3]);
    bench.write_all(&content);
    content.finish().unwrap();
    assert_eq!(bench.readable(&bench.complete(&two)).len(), 6);
}

#[test]
fn another_store_goes_on_with_what_a_dead_one_left() {
    let bench = Bench::small();
    let content = bench.begin(&bench.store());
    bench.write(&content, &[1, 5]);
    drop(content);
    let content = bench.begin(&bench.store_named("other"));
    assert_eq!(indices(&content), [1, 5]);
    bench.write_all(&content);
    content.finish().unwrap();
    assert_eq!(std::fs::read(bench.destination()).unwrap(), bench.bytes);
}

#[test]
fn two_callers_of_one_store_share_one_content() {
    let bench = Bench::small();
    let store = bench.store();
    let (one, two) = (bench.begin(&store), bench.begin(&store));
    bench.write(&one, &[2]);
    assert_eq!(indices(&two), [2]);
    bench.write_all(&two);
    one.finish().unwrap();
    two.finish().unwrap();
    assert!(bench.complete(&store).is_finished());
}

#[test]
fn one_content_may_go_to_two_places_and_fill_one_from_the_other() {
    let bench = Bench::small();
    let store = bench.store();
    let first = bench.begin(&store);
    bench.write(&first, &[0, 4, 5]);
    let second = store.begin(&bench.manifest, &bench.path("copy"), Begin::default()).unwrap().into_content();
    bench.write(&second, &[4]);
    assert_eq!(second.fill_from(&first, &swarmline_types::Wanted::all(&first.layout())).unwrap(), 2);
    assert_eq!(indices(&second), [0, 4, 5]);
    assert_eq!(store.contents().unwrap().len(), 2);
}

#[test]
fn a_directory_a_device_and_a_missing_directory_are_told_apart() {
    let bench = Bench::small();
    let store = bench.store();
    let error = |path: &str| {
        store
            .begin(&bench.manifest, &bench.path(path), Begin { force: true, ..Begin::default() })
            .unwrap_err()
    };
    std::fs::create_dir(bench.path("dir")).unwrap();
    std::fs::write(bench.path("file"), "").unwrap();
    assert!(matches!(error("dir"), BeginError::Place(PlaceError::IsDirectory { .. })));
    assert!(matches!(error("/dev/null"), BeginError::Place(PlaceError::NotAFile { .. })));
    for (path, named) in [("none/x", "none"), ("file/x", "file")] {
        let BeginError::Place(PlaceError::Directory { path, .. }) = error(path) else { panic!("{path}") };
        assert_eq!(path, bench.path(named));
    }
    assert!(std::fs::metadata("/dev/null").unwrap().file_type().is_char_device());
}

#[test]
fn a_directory_that_cannot_be_written_to_is_named() {
    // No file can be made in /proc, for nobody.
    let bench = Bench::small();
    let error =
        bench.store().begin(&bench.manifest, Path::new("/proc/swarmline"), Begin::default()).unwrap_err();
    let BeginError::Place(PlaceError::Directory { path, .. }) = &error else { panic!("{error:?}") };
    assert_eq!(path, Path::new("/proc"));
}

#[test]
fn a_link_counts_as_what_it_leads_to_and_is_itself_replaced() {
    let bench = Bench::small();
    let store = bench.store();
    let target = bench.path("target");
    symlink(&target, bench.destination()).unwrap();
    let dead = bench.try_begin(&store, Begin::default()).unwrap_err();
    assert!(matches!(dead, BeginError::OtherContent { .. }), "{dead}");
    std::fs::write(&target, &bench.bytes).unwrap();
    assert_eq!(bench.readable(&bench.complete(&store)).len(), 6);

    std::fs::write(&target, "precious").unwrap();
    let forced = bench.try_begin(&store, Begin { force: true, ..Begin::default() }).unwrap().into_content();
    bench.write_all(&forced);
    forced.finish().unwrap();
    assert_eq!(std::fs::read(&target).unwrap(), b"precious");
    assert!(bench.destination().symlink_metadata().unwrap().is_file());
    assert_eq!(std::fs::read(bench.destination()).unwrap(), bench.bytes);
}

#[test]
fn a_planted_part_file_is_not_touched() {
    let bench = Bench::small();
    std::fs::write(bench.path("victim"), "precious").unwrap();
    symlink(bench.path("victim"), bench.part()).unwrap();
    let error = bench.try_begin(&bench.store(), Begin::default()).unwrap_err();
    assert!(matches!(error, BeginError::InTheWay { .. }), "{error}");
    assert_eq!(std::fs::read(bench.path("victim")).unwrap(), b"precious");
}

#[test]
fn a_content_that_cannot_fit_is_refused_at_the_beginning() {
    // 8 TiB that nobody has: the largest pieces, all with the hash of nothing.
    let bench = Bench::small();
    let layout = PieceLayout::new(1 << 43, 1 << 24).unwrap();
    let digests = vec![PieceHash::new([0; 32]); layout.piece_count() as usize];
    let manifest = Manifest::from_digests(layout, digests).unwrap();
    let store = bench.store();
    let error = store.begin(&manifest, &bench.destination(), Begin::default()).unwrap_err();
    let BeginError::Full { path, needed, free, .. } = &error else { panic!("{error:?}") };
    assert_eq!((path, *needed), (&bench.destination(), 1 << 43));
    assert!(*free < *needed && *free > 0);
    assert_eq!(names(bench.dir.path()), ["state"]);
}
