//! What a store knows after a restart, and files that are added.

use super::*;
use crate::{AddError, OpenContentError};

#[test]
fn a_restart_finds_complete_and_unfinished_contents() {
    let bench = Bench::small();
    let store = bench.store();
    bench.finished(&store);
    let half = store.begin(&bench.manifest, &bench.path("half"), Begin::default()).unwrap().into_content();
    bench.write(&half, &[1, 2]);
    drop((half, store));

    let store = bench.store();
    let mut held = store.contents().unwrap();
    held.sort_by_key(|held| held.had);
    let shown: Vec<_> = held
        .iter()
        .map(|held| {
            (held.destination.file_name().unwrap().to_str().unwrap(), held.finished, held.had, held.pieces)
        })
        .collect();
    assert_eq!(shown, [("half", false, 2, 6), ("file.iso", true, 6, 6)]);
    assert_eq!(store.manifest(bench.manifest.content()), Some(bench.manifest.clone()));
    let half = store.open_content(held[0].content, &held[0].destination).unwrap();
    assert!(matches!(&half, Begun::Partial(content) if indices(content) == [1, 2]));
    let whole = store.open_content(held[1].content, &held[1].destination).unwrap();
    assert!(matches!(&whole, Begun::Complete(content) if bench.readable(content).len() == 6));
}

#[test]
fn contents_whose_files_are_gone_are_forgotten_with_their_manifest() {
    let bench = Bench::small();
    bench.finished(&bench.store());
    std::fs::remove_file(bench.destination()).unwrap();
    assert_eq!(bench.store().contents().unwrap(), []);
    assert_eq!(bench.store().manifest(bench.manifest.content()), None);
    assert_eq!(names(&bench.path("state/contents")), [""; 0]);
}

#[test]
fn contents_on_a_disk_that_is_not_there_are_not_forgotten() {
    let bench = Bench::small();
    std::fs::create_dir(bench.path("disk")).unwrap();
    let path = bench.path("disk/file");
    let store = bench.store();
    let content = store.begin(&bench.manifest, &path, Begin::default()).unwrap().into_content();
    bench.write_all(&content);
    content.finish().unwrap();
    std::fs::rename(bench.path("disk"), bench.path("unplugged")).unwrap();
    assert_eq!(store.contents().unwrap(), []);
    std::fs::rename(bench.path("unplugged"), bench.path("disk")).unwrap();
    assert_eq!(store.contents().unwrap().len(), 1);
}

#[test]
fn an_unfinished_content_remembers_that_it_may_replace() {
    let bench = Bench::small();
    std::fs::write(bench.destination(), "other").unwrap();
    let store = bench.store();
    drop(bench.try_begin(&store, Begin { force: true, ..Begin::default() }).unwrap());
    let content = store.open_content(bench.manifest.content(), &bench.destination()).unwrap().into_content();
    bench.write_all(&content);
    content.finish().unwrap();
    drop(content);
    // but a finished one that the user has edited since is his
    std::fs::write(bench.destination(), "edited").unwrap();
    let error = store.open_content(bench.manifest.content(), &bench.destination()).unwrap_err();
    assert!(matches!(error, OpenContentError::Begin(BeginError::OtherContent { .. })), "{error}");
    store.forget(bench.manifest.content(), &bench.destination()).unwrap();
    assert_eq!(store.contents().unwrap(), []);
}

#[test]
fn a_damaged_manifest_counts_as_none() {
    let bench = Bench::small();
    let store = bench.store();
    bench.finished(&store);
    let path = bench.path(&format!("state/contents/{}.phf", bench.manifest.content().hex()));
    for damage in ["", "{}", "no json"] {
        std::fs::write(&path, damage).unwrap();
        assert_eq!(store.manifest(bench.manifest.content()), None);
    }
    // right in itself, but of another content
    std::fs::write(&path, manifest_of(b"other").to_phf()).unwrap();
    assert_eq!(store.manifest(bench.manifest.content()), None);
    let error = store.open_content(bench.manifest.content(), &bench.destination()).unwrap_err();
    assert!(matches!(error, OpenContentError::NoManifest { .. }));
}

#[test]
fn what_was_never_begun_cannot_be_opened() {
    let bench = Bench::small();
    let error = bench.store().open_content(bench.manifest.content(), &bench.destination()).unwrap_err();
    assert!(matches!(error, OpenContentError::NoRecord { .. }));
}

#[test]
fn a_file_is_added_only_if_it_is_its_manifests() {
    let bench = Bench::new(40 * PIECE as usize + 3);
    let store = bench.store();
    let add = || store.add(&bench.destination(), &bench.manifest);
    assert!(matches!(add(), Err(AddError::Missing { .. })));
    std::fs::write(bench.destination(), &bench.bytes[1..]).unwrap();
    assert!(matches!(add(), Err(AddError::Size { .. })));
    std::fs::write(bench.destination(), &bench.bytes).unwrap();
    flip(&bench.destination(), 33 * u64::from(PIECE) + 1);
    assert!(matches!(add(), Err(AddError::Mismatch { piece, .. }) if piece.get() == 33));
    assert_eq!(store.contents().unwrap(), []);
    std::fs::write(bench.destination(), &bench.bytes).unwrap();
    assert_eq!(bench.readable(&add().unwrap()).len(), 41);
    assert!(add().unwrap().is_finished());
}

#[test]
fn an_old_file_that_was_added_is_believed_by_its_stamp() {
    // Change times cannot be set back, so the header says instead what an old file's would.
    let bench = Bench::small();
    std::fs::write(bench.destination(), &bench.bytes).unwrap();
    drop(bench.store().add(&bench.destination(), &bench.manifest).unwrap());
    let header: Header = Records::open(&bench.records()).unwrap().header().unwrap();
    assert!(matches!(header.phase, Phase::Finished { proven: false, .. }), "a young stamp proves nothing");
}

#[test]
fn a_download_at_the_same_place_survives_a_failed_comparison() {
    let bench = Bench::small();
    let store = bench.store();
    let content = bench.begin(&store);
    bench.write(&content, &[0, 1]);
    drop(content);
    std::fs::write(bench.destination(), "other").unwrap();
    bench.try_begin(&store, Begin::default()).unwrap_err();
    std::fs::remove_file(bench.destination()).unwrap();
    assert_eq!(indices(&bench.begin(&store)), [0, 1]);
}

#[test]
fn a_destination_tells_which_content_is_recorded_for_it() {
    let bench = Bench::small();
    let store = bench.store();
    let at = |path: &Path| store.content_at(path).unwrap();
    assert_eq!(at(&bench.destination()), None);
    let id = bench.manifest.content();
    let content = bench.begin(&store);
    assert_eq!(at(&bench.destination()), Some((id, bench.destination())), "while it is unfinished");
    // However the place is called.
    std::fs::create_dir(bench.path("dir")).unwrap();
    assert_eq!(at(&bench.path("dir/../file.iso")), Some((id, bench.destination())));
    assert_eq!(at(&bench.path("dir/file.iso")), None);
    assert_eq!(at(&bench.path("file.iso2")), None);
    assert_eq!(at(&bench.path("not/there")), None);
    bench.write_all(&content);
    content.finish().unwrap();
    assert_eq!(at(&bench.destination()), Some((id, bench.destination())), "when it stands there");
    store.forget(id, &bench.destination()).unwrap();
    assert_eq!(at(&bench.destination()), None);
}

#[test]
fn of_several_contents_recorded_for_a_destination_the_newest_counts() {
    let (bench, store_of) = (Bench::small(), Bench::new(3 * PIECE as usize));
    let store = bench.store();
    let other = store_of.manifest.content();
    drop(bench.begin(&store));
    let newer = store.begin(&store_of.manifest, &bench.destination(), Begin::default()).unwrap();
    drop(newer);
    let dir = bench.path("state/contents");
    let touch = |content: swarmline_types::ContentId, seconds| {
        let named = |path: &PathBuf| path.to_str().unwrap().contains(&content.hex());
        let mut paths = std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path());
        let path = paths.find(|path| named(path) && path.extension().unwrap() == "have").unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
    };
    touch(bench.manifest.content(), 2000);
    touch(other, 1000);
    assert_eq!(store.content_at(&bench.destination()).unwrap().unwrap().0, bench.manifest.content());
    touch(other, 3000);
    assert_eq!(store.content_at(&bench.destination()).unwrap().unwrap().0, other);
}
