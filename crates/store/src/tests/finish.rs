//! From the part file to the destination, or away.

use std::os::unix::fs::MetadataExt;

use super::*;
use crate::{FinishError, ReadError, WriteError};

#[test]
fn a_destination_appears_complete_or_not_at_all() {
    let bench = Bench::small();
    let store = bench.store();
    let content = bench.begin(&store);
    bench.write(&content, &[0, 1, 2, 3, 4]);
    let error = content.finish().unwrap_err();
    assert!(matches!(error, FinishError::Incomplete { missing: 1, pieces: 6, .. }), "{error}");
    assert!(!bench.destination().exists());
    bench.write(&content, &[5]);
    content.finish().unwrap();
    content.finish().unwrap();
    assert_eq!(std::fs::read(bench.destination()).unwrap(), bench.bytes);
    assert_eq!(names(bench.dir.path()), ["file.iso", "state"]);
    assert_eq!(std::fs::metadata(bench.destination()).unwrap().nlink(), 1);
    assert_eq!(bench.readable(&content).len(), 6);
}

#[test]
fn bytes_behind_the_end_of_a_part_file_do_not_reach_the_destination() {
    let bench = Bench::small();
    let content = bench.begin(&bench.store());
    bench.write_all(&content);
    let part = File::options().write(true).open(bench.part()).unwrap();
    part.write_all_at(b"behind the end", bench.bytes.len() as u64).unwrap();
    content.finish().unwrap();
    assert_eq!(std::fs::read(bench.destination()).unwrap(), bench.bytes);
}

#[test]
fn a_file_that_came_meanwhile_is_not_replaced() {
    let bench = Bench::small();
    let store = bench.store();
    let content = bench.begin(&store);
    bench.write_all(&content);
    std::fs::write(bench.destination(), "the user's").unwrap();
    assert!(matches!(content.finish(), Err(FinishError::Exists { .. })));
    assert_eq!(std::fs::read(bench.destination()).unwrap(), b"the user's");
    assert_eq!(bench.readable(&content).len(), 6, "the part file is kept");
    std::fs::remove_file(bench.destination()).unwrap();
    content.finish().unwrap();
}

#[test]
fn a_finished_file_is_open_for_writing_by_nobody() {
    // else it could not be executed: `text file busy`
    let bench = Bench::small();
    let store = bench.store();
    let content = bench.finished(&store);
    let mut seen = 0;
    for entry in std::fs::read_dir("/proc/self/fd").unwrap().map(Result::unwrap) {
        if std::fs::read_link(entry.path()).is_ok_and(|path| path == bench.destination()) {
            let info =
                std::fs::read_to_string(Path::new("/proc/self/fdinfo").join(entry.file_name())).unwrap();
            let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap().trim();
            assert_eq!(u32::from_str_radix(flags, 8).unwrap() & 3, 0, "{info}");
            seen += 1;
        }
    }
    assert_eq!(seen, 1);
    drop(content);
}

#[test]
fn a_part_file_that_was_replaced_is_not_taken_for_ours() {
    let bench = Bench::small();
    let store = bench.store();
    let content = bench.begin(&store);
    bench.write_all(&content);
    std::fs::remove_file(bench.part()).unwrap();
    assert!(matches!(content.finish(), Err(FinishError::PartGone { .. })));
    std::fs::write(bench.part(), "foreign").unwrap();
    assert!(matches!(content.finish(), Err(FinishError::PartGone { .. })));
    assert!(!bench.destination().exists());
    content.discard().unwrap();
    assert_eq!(std::fs::read(bench.part()).unwrap(), b"foreign");
}

#[test]
fn discarding_leaves_nothing_but_a_finished_file() {
    let bench = Bench::small();
    let store = bench.store();
    let content = bench.begin(&store);
    bench.write(&content, &[0]);
    content.discard().unwrap();
    assert_eq!(names(bench.dir.path()), ["state"]);
    assert_eq!(store.contents().unwrap(), []);
    assert!(matches!(content.read(bench.piece(0), 0, 1), Err(ReadError::NotHad { .. })));
    let piece = bench.piece(1);
    assert!(matches!(content.write(piece, &[bench.bytes_of(piece)]), Err(WriteError::Closed { .. })));
    assert!(matches!(content.finish(), Err(FinishError::Closed { .. })));

    let content = bench.finished(&store);
    content.discard().unwrap();
    assert_eq!(names(bench.dir.path()), ["file.iso", "state"]);
    assert_eq!(store.contents().unwrap(), []);
}

#[test]
fn a_piece_that_fails_its_hash_writes_nothing() {
    let bench = Bench::small();
    let content = bench.begin(&bench.store());
    let piece = bench.piece(1);
    let mut wrong = bench.bytes_of(piece).to_vec();
    wrong[100] ^= 1;
    let error = content.write(piece, &[wrong.into()]).unwrap_err();
    assert!(matches!(error, WriteError::Hash { .. }) && error.is_senders_fault());
    let short = bench.bytes_of(piece).slice(1..);
    assert!(matches!(content.write(piece, &[short]), Err(WriteError::Size { want: 16384, got: 16383, .. })));
    assert!(std::fs::read(bench.part()).unwrap().iter().all(|byte| *byte == 0));
    assert!(content.have().is_none());
}

#[test]
fn the_parts_of_a_piece_are_joined() {
    let bench = Bench::small();
    let content = bench.begin(&bench.store());
    let piece = bench.piece(2);
    let bytes = bench.bytes_of(piece);
    content
        .write(piece, &[bytes.slice(..1), Bytes::new(), bytes.slice(1..9000), bytes.slice(9000..)])
        .unwrap();
    content.write(piece, &[bytes]).unwrap();
    assert_eq!(bench.readable(&content), [2]);
}

#[test]
fn only_what_is_had_is_read_and_only_inside_its_piece() {
    let bench = Bench::small();
    let content = bench.begin(&bench.store());
    bench.write(&content, &[5]);
    let (last, missing) = (bench.piece(5), bench.piece(4));
    assert_eq!(content.read(last, 70, 7).unwrap(), bench.bytes[bench.bytes.len() - 7..]);
    for (offset, size) in [(0, 0), (0, 78), (77, 1), (1, u32::MAX)] {
        assert!(matches!(content.read(last, offset, size), Err(ReadError::Range { piece_size: 77, .. })));
    }
    assert!(matches!(content.read(missing, 0, 1), Err(ReadError::NotHad { .. })));
}

#[test]
fn pieces_may_be_written_and_read_from_many_threads() {
    let bench = Bench::new(200 * PIECE as usize - 1);
    let store = bench.store();
    let content = bench.begin(&store);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (content, bench) = (content.clone(), &bench);
            scope.spawn(move || {
                // every piece by two threads, in opposite order
                let pieces = (0..200).filter(|piece| piece % 2 == thread % 2);
                let pieces: Vec<u32> = if thread < 2 { pieces.collect() } else { pieces.rev().collect() };
                for piece in pieces {
                    bench.write(&content, &[piece]);
                    let piece = bench.piece(piece);
                    let size = bench.manifest.layout().size_of(piece);
                    assert_eq!(content.read(piece, 0, size).unwrap(), bench.bytes_of(piece));
                }
            });
        }
    });
    content.finish().unwrap();
    assert_eq!(std::fs::read(bench.destination()).unwrap(), bench.bytes);
}
