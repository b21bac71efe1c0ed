//! Contents that are here and wait for their user: whole ones, ranges of them, and plain files.

use std::os::unix::fs::MetadataExt;

use swarmline_types::{ByteRange, Wanted};

use super::*;
use crate::{BeginPlain, FinishError, Placeholder, PlainBegun, PlainPart, Room};

fn sparse() -> Begin {
    Begin { room: Room::Sparse, packed: true, ..Begin::default() }
}

fn wanted(bench: &Bench, first: u32, count: u32) -> Wanted {
    Wanted::of(bench.manifest.layout().piece_range(first, count))
}

fn ranges(pairs: &[(u64, u64)]) -> Vec<ByteRange> {
    pairs.iter().map(|(start, end)| ByteRange::new(*start, *end).unwrap()).collect()
}

impl Bench {
    fn begin_with(&self, store: &Store, how: Begin) -> Content {
        self.try_begin(store, how).unwrap().into_content()
    }

    fn packed(&self, ranges: &[ByteRange]) -> Vec<u8> {
        let cut = |at: u64| usize::try_from(at).unwrap();
        ranges.iter().flat_map(|range| &self.bytes[cut(range.start())..cut(range.end())]).copied().collect()
    }
}

#[test]
fn only_what_is_wanted_takes_room() {
    let bench = Bench::new(200 * PIECE as usize);
    let content = bench.begin_with(&bench.store(), sparse());
    content.reserve(&wanted(&bench, 100, 10)).unwrap();
    let meta = std::fs::metadata(bench.part()).unwrap();
    assert_eq!(meta.len(), bench.bytes.len() as u64);
    let taken = meta.blocks() * 512;
    assert!((u64::from(PIECE) * 10..u64::from(PIECE) * 20).contains(&taken), "{taken} bytes");
}

#[test]
fn more_room_than_the_disk_has_is_refused_for_a_part_too() {
    // 8 TiB in pieces of 16 MiB, of which nothing is ever written.
    let bench = Bench::small();
    let layout = PieceLayout::new(1 << 43, 1 << 24).unwrap();
    let digests = vec![PieceHash::new([0; 32]); layout.piece_count() as usize];
    let manifest = Manifest::from_digests(layout, digests).unwrap();
    let begun = bench.store().begin(&manifest, &bench.destination(), sparse()).unwrap();
    let error = begun.into_content().reserve(&Wanted::all(&layout)).unwrap_err();
    assert!(matches!(error, crate::WriteError::Full { .. }), "{error}");
}

#[test]
fn a_held_content_is_served_survives_a_restart_and_is_finished_then() {
    let bench = Bench::small();
    let all = Wanted::all(&bench.manifest.layout());
    let store = bench.store();
    let content = bench.begin(&store);
    assert!(matches!(content.hold(&all), Err(FinishError::Incomplete { missing: 6, .. })));
    bench.write_all(&content);
    content.hold(&all).unwrap();
    assert_eq!(bench.readable(&content).len(), 6);
    assert!(!bench.destination().exists());
    drop((content, store));

    bench.reboot();
    let store = bench.store();
    let content = bench.begin(&store);
    assert!(content.have().is_all());
    content.hold(&all).unwrap();
    std::fs::write(bench.destination(), "in the way").unwrap();
    assert!(matches!(content.finish(), Err(FinishError::Exists { .. })));
    std::fs::remove_file(bench.destination()).unwrap();
    content.finish().unwrap();
    assert_eq!(std::fs::read(bench.destination()).unwrap(), bench.bytes);
}

#[test]
fn what_is_discarded_leaves_nothing_beside_the_destination() {
    let bench = Bench::small();
    let store = bench.store();
    let content = bench.begin(&store);
    bench.write_all(&content);
    content.hold(&Wanted::all(&bench.manifest.layout())).unwrap();
    content.discard().unwrap();
    assert_eq!(names(bench.dir.path()), ["state"]);
    assert!(store.contents().unwrap().is_empty());
}

#[test]
fn ranges_are_packed_in_the_order_given() {
    let piece = u64::from(PIECE);
    for wish in [
        vec![(0, 1)],
        vec![(10, 20), (30, 40), (5, 15)],
        vec![(3 * piece + 7, 5 * piece + 1), (piece - 1, piece + 1)],
        vec![(piece, 2 * piece), (0, 5 * piece + 77)],
    ] {
        let bench = Bench::small();
        let content = bench.begin_with(&bench.store(), sparse());
        let ranges = ranges(&wish);
        let layout = bench.manifest.layout();
        let wanted = Wanted::of(ranges.iter().map(|range| layout.pieces_of(*range).unwrap()));
        let pieces: Vec<_> = wanted.pieces().map(PieceIndex::get).collect();
        bench.write(&content, &pieces);
        content.hold(&wanted).unwrap();
        content.hand_over(&ranges).unwrap();
        assert_eq!(std::fs::read(bench.destination()).unwrap(), bench.packed(&ranges), "{wish:?}");
        assert_eq!(bench.readable(&content), pieces, "it is served on until it is discarded");
        content.discard().unwrap();
        assert_eq!(names(bench.dir.path()), ["file.iso", "state"]);
        assert!(content.is_closed());
    }
}

#[test]
fn ranges_that_cannot_be_handed_over_leave_everything_as_it_was() {
    let bench = Bench::small();
    let content = bench.begin_with(&bench.store(), sparse());
    bench.write(&content, &[1]);
    let whole = bench.bytes.len() as u64;
    assert!(matches!(content.hand_over(&ranges(&[(0, whole + 1)])), Err(FinishError::Range { .. })));
    let missing = content.hand_over(&ranges(&[(0, 2 * u64::from(PIECE))]));
    assert!(matches!(missing, Err(FinishError::Incomplete { missing: 1, .. })));
    let second = ranges(&[(u64::from(PIECE), u64::from(PIECE) + 5)]);
    std::fs::write(bench.destination(), "in the way").unwrap();
    assert!(matches!(content.hand_over(&second), Err(FinishError::Exists { .. })));
    assert_eq!(indices(&content), [1]);
    assert_eq!(names(bench.dir.path()).len(), 3, "destination, part file, state");
    std::fs::remove_file(bench.destination()).unwrap();
    content.hand_over(&second).unwrap();
    assert_eq!(std::fs::read(bench.destination()).unwrap(), bench.packed(&second));
}

#[test]
fn a_byte_that_was_changed_in_the_part_file_is_never_handed_over() {
    let bench = Bench::small();
    let content = bench.begin_with(&bench.store(), sparse());
    bench.write(&content, &[0, 1, 2]);
    flip(&bench.part(), u64::from(PIECE) + 9);
    let error = content.hand_over(&ranges(&[(0, 3 * u64::from(PIECE))])).unwrap_err();
    assert!(matches!(error, FinishError::Changed { piece, .. } if piece.get() == 1), "{error}");
    assert_eq!(indices(&content), [0, 2], "it must be fetched again");
    assert!(!bench.destination().exists());
    bench.write(&content, &[1]);
    content.hand_over(&ranges(&[(0, 3 * u64::from(PIECE))])).unwrap();
}

#[test]
fn what_stands_at_the_destination_of_ranges_is_never_taken_for_them() {
    let bench = Bench::small();
    std::fs::write(bench.destination(), &bench.bytes).unwrap();
    let store = bench.store();
    assert!(matches!(bench.try_begin(&store, sparse()), Err(BeginError::OtherContent { .. })));
    let forced = bench.begin_with(&store, Begin { force: true, ..sparse() });
    bench.write(&forced, &[0]);
    forced.hand_over(&ranges(&[(1, 3)])).unwrap();
    assert_eq!(std::fs::read(bench.destination()).unwrap(), bench.packed(&ranges(&[(1, 3)])));
}

/// Killed between the rename and the removal of the records.
#[test]
fn ranges_that_were_handed_over_are_not_asked_for_again() {
    let bench = Bench::small();
    let store = bench.store();
    let content = bench.begin_with(&store, sparse());
    bench.write(&content, &[0]);
    let (records, part) = (std::fs::read(bench.records()).unwrap(), std::fs::read(bench.part()).unwrap());
    let path = bench.records();
    // Handed over, with records and part file put back as the kill would have left them.
    content.hand_over(&ranges(&[(1, 3)])).unwrap();
    content.discard().unwrap();
    std::fs::write(&path, records).unwrap();
    std::fs::write(bench.part(), part).unwrap();
    let records = Records::open(&path).unwrap();
    let header: Header = records.header().unwrap();
    let id = (&std::fs::metadata(bench.destination()).unwrap()).into();
    records.set_header(&header.handing_over(id)).unwrap();
    drop(content);
    assert!(matches!(bench.try_begin(&store, sparse()), Err(BeginError::HandedOver { .. })));
    assert_eq!(names(bench.dir.path()), ["file.iso", "state"], "nothing is left beside it");
    assert!(matches!(bench.try_begin(&store, sparse()), Err(BeginError::OtherContent { .. })));
}

#[test]
fn a_placeholder_makes_way_for_its_content_alone() {
    for is_packed in [false, true] {
        let bench = Bench::small();
        let store = bench.store();
        let placeholder = Placeholder::create(&bench.destination()).unwrap();
        let how = Begin { packed: is_packed, ..Begin::default() };
        assert!(matches!(bench.try_begin(&store, how), Err(BeginError::OtherContent { .. })));
        let content = bench.begin_with(&store, Begin { placeholder: Some(placeholder), ..how });
        bench.write_all(&content);
        std::fs::write(bench.destination(), "the user's").unwrap();
        let part = ranges(&[(5, 50)]);
        let end = || if is_packed { content.hand_over(&part) } else { content.finish() };
        assert!(matches!(end(), Err(FinishError::Exists { .. })));
        std::fs::write(bench.destination(), "").unwrap();
        end().unwrap();
        content.discard().unwrap();
        let want = if is_packed { bench.packed(&part) } else { bench.bytes.clone() };
        assert_eq!(std::fs::read(bench.destination()).unwrap(), want);
        assert_eq!(names(bench.dir.path()), ["file.iso", "state"]);
    }
}

const URL: &str = "http://origin/file";

fn begin_plain(bench: &Bench, how: BeginPlain) -> PlainBegun {
    bench.store().begin_plain(URL, &bench.destination(), how).unwrap()
}

fn plain(bench: &Bench) -> PlainPart {
    match begin_plain(bench, BeginPlain::default()) {
        PlainBegun::Partial(part) => *part,
        PlainBegun::Complete(path) => panic!("{} is complete", path.display()),
    }
}

/// Without a validator nothing else would survive.
#[test]
fn a_held_plain_file_survives_a_restart_and_is_finished_then() {
    for len in [0, 5, (16 << 20) + 3, 16 << 20] {
        let bench = Bench::new(0);
        let bytes = bytes_of(len);
        let mut part = plain(&bench);
        part.restart(None).unwrap();
        part.append(&bytes).unwrap();
        part.hold().unwrap();
        drop(part);
        let part = plain(&bench);
        assert!(part.is_held(), "{len} bytes");
        std::fs::write(bench.destination(), "in the way").unwrap();
        assert!(part.finish().is_err());
        std::fs::remove_file(bench.destination()).unwrap();
        part.finish().unwrap();
        assert_eq!(std::fs::read(bench.destination()).unwrap(), bytes);
        assert_eq!(names(bench.dir.path()), ["file.iso", "state"]);
    }
}

#[test]
fn a_held_plain_file_that_was_cut_or_changed_is_not_believed() {
    let bench = Bench::new(0);
    for damage in [
        |path: &Path| flip(path, 3),
        |path: &Path| File::options().write(true).open(path).unwrap().set_len(2).unwrap(),
    ] {
        let mut part = plain(&bench);
        part.restart(None).unwrap();
        part.append(b"twelve bytes").unwrap();
        part.hold().unwrap();
        let path = bench.path(names(bench.dir.path()).iter().find(|name| name.ends_with("-part")).unwrap());
        drop(part);
        damage(&path);
        let part = plain(&bench);
        assert!(!part.is_held() && part.received() == 0);
        part.discard().unwrap();
        assert_eq!(names(bench.dir.path()), ["state"]);
    }
}

#[test]
fn a_plain_file_replaces_its_placeholder_and_tells_that_it_was_handed_over() {
    let bench = Bench::new(0);
    let placeholder = Some(Placeholder::create(&bench.destination()).unwrap());
    let PlainBegun::Partial(mut part) =
        begin_plain(&bench, BeginPlain { placeholder, ..BeginPlain::default() })
    else {
        panic!("a placeholder is no file");
    };
    part.restart(None).unwrap();
    part.append(b"bytes").unwrap();
    part.hold().unwrap();
    let plain_dir = bench.path("state/plain");
    let name = names(&plain_dir).remove(0);
    let record = std::fs::read(plain_dir.join(&name)).unwrap();
    part.finish().unwrap();
    drop(part);
    // Killed between the rename and the removal of the record.
    std::fs::write(plain_dir.join(&name), record).unwrap();
    assert!(matches!(begin_plain(&bench, BeginPlain::default()), PlainBegun::Complete(_)));
    assert!(names(&plain_dir).is_empty());
}

#[test]
fn what_is_left_of_downloads_to_a_place_goes_and_nothing_else_does() {
    let bench = Bench::small();
    let store = bench.store();
    let content = bench.begin(&store);
    bench.write(&content, &[0]);
    assert!(!store.clear(&bench.destination()).unwrap());
    assert_eq!(indices(&content), [0], "what is being written stays");
    assert_eq!(store.contents().unwrap().len(), 1);
    drop(content);
    for name in [".file.iso.swarmline-part", ".file.iso.0123456x.swarmline-part", "file.iso", ".file.iso.x"] {
        std::fs::write(bench.path(name), "the user's").unwrap();
    }
    assert!(store.clear(&bench.destination()).unwrap());
    assert!(store.contents().unwrap().is_empty());
    let left =
        [".file.iso.0123456x.swarmline-part", ".file.iso.swarmline-part", ".file.iso.x", "file.iso", "state"];
    assert_eq!(names(bench.dir.path()), left);
}
