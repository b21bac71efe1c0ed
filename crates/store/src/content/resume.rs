//! What of a part file can be believed when it is opened again.
//!
//! | found | believed |
//! |---|---|
//! | records of this very file, written in this epoch, none of its bytes newer than they | every recorded piece |
//! | records of this very file otherwise | recorded pieces whose bytes have the recorded BLAKE3 |
//! | other or damaged records, another file | pieces whose bytes have the SHA-256 of the manifest |
//!
//! A record is written only for a piece that passed SHA-256, and after its bytes. So within an epoch a record proves
//! the bytes, and across epochs the bytes are compared with the record. A damaged record matches no bytes.

use std::fs::File;
use std::io;
use std::sync::{Mutex, PoisonError};

use swarmline_proto::Manifest;
use swarmline_types::{Bitfield, PieceLayout};

use crate::epoch::Epoch;
use crate::hashing::{Both, blake3_of_piece, for_each_piece, read_piece};
use crate::header::{Header, Phase};
use crate::part::PartFile;
use crate::record::Records;
use crate::stamp::{FileId, Stamp};

/// Brings records and part file into agreement and says what is had. The header is left to be written afterwards.
///
/// `header` is what the records had, if they are of this content at this place.
pub(crate) fn reconcile(
    manifest: &Manifest,
    records: &Records,
    header: Option<&Header>,
    part: &PartFile,
) -> io::Result<Bitfield> {
    let layout = manifest.layout();
    let meta = part.file().metadata()?;
    let recorded = match header.map(|header| &header.phase) {
        Some(Phase::Part { epoch, id }) if *id == FileId::from(&meta) && !part.is_new() => Some(epoch),
        _ => None,
    };
    let Some(epoch) = recorded else {
        records.reset()?;
        records.reserve(layout.piece_count())?;
        return if part.is_new() {
            Ok(Bitfield::none(&layout))
        } else {
            verify_all(manifest, records, part.file())
        };
    };
    let same_epoch = epoch.is_some() && *epoch == Epoch::of(part.file());
    let newer = Stamp::from(&meta).is_modified_after(&Stamp::of(records.file())?);
    let have = recorded_pieces(records, &layout)?;
    // An earlier process had made the file as long as the content. Cut short, it has lost what was written there.
    if same_epoch && !newer && meta.len() >= layout.content_len() {
        return Ok(have);
    }
    drop_damaged(&layout, records, part.file(), have)
}

/// The pieces that have a record.
pub(crate) fn recorded_pieces(records: &Records, layout: &PieceLayout) -> io::Result<Bitfield> {
    let mut have = Bitfield::none(layout);
    records.scan(layout.piece_count(), |index| {
        have.insert(layout.piece(index).expect("only indices below the piece count are scanned"));
    })?;
    Ok(have)
}

/// Compares every recorded piece with its record and forgets those that differ.
fn drop_damaged(
    layout: &PieceLayout,
    records: &Records,
    file: &File,
    have: Bitfield,
) -> io::Result<Bitfield> {
    let kept = Mutex::new(have.clone());
    for_each_piece(layout, |piece, buffer| {
        if !have.has(piece) {
            return Ok(());
        }
        let digest = blake3_of_piece(file, layout, piece, buffer)?;
        if digest.is_none() || digest != records.get(piece.get())? {
            records.clear(piece.get())?;
            kept.lock().unwrap_or_else(PoisonError::into_inner).remove(piece);
        }
        Ok::<(), io::Error>(())
    })?;
    Ok(kept.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// Compares what the file holds with the manifest and records the pieces that pass.
fn verify_all(manifest: &Manifest, records: &Records, file: &File) -> io::Result<Bitfield> {
    let layout = manifest.layout();
    let written = pieces_with_data(file, &layout);
    let have = Mutex::new(Bitfield::none(&layout));
    for_each_piece(&layout, |piece, buffer| {
        if !written.has(piece) {
            return Ok(());
        }
        let mut both = Both::default();
        match read_piece(file, &layout, piece, buffer, |slice| both.update(slice)) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            other => other?,
        }
        let (sha256, blake3) = both.finish();
        if sha256 == manifest.digest(piece) {
            records.set(piece.get(), &blake3)?;
            have.lock().unwrap_or_else(PoisonError::into_inner).insert(piece);
        }
        Ok::<(), io::Error>(())
    })?;
    Ok(have.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// The pieces of which the file holds at least a byte on the disk or in memory; room that was never written to
/// counts as none. A piece of zeros may so be fetched again, and gigabytes of empty room are not hashed.
#[cfg(target_os = "linux")]
fn pieces_with_data(file: &File, layout: &PieceLayout) -> Bitfield {
    use rustix::fs::{SeekFrom, seek};
    use rustix::io::Errno;

    let size = u64::from(layout.piece_size());
    let mut pieces = Bitfield::none(layout);
    let mut at = 0;
    while at < layout.content_len() {
        let start = match seek(file, SeekFrom::Data(at)) {
            Ok(start) if start < layout.content_len() => start,
            Ok(_) | Err(Errno::NXIO) => break,
            Err(_) => return Bitfield::all(layout),
        };
        let Ok(end) = seek(file, SeekFrom::Hole(start)) else { return Bitfield::all(layout) };
        let end = end.min(layout.content_len()).max(start + 1);
        for index in start / size..end.div_ceil(size) {
            let piece = u32::try_from(index).ok().and_then(|index| layout.piece(index));
            pieces.insert(piece.expect("the data lie below the content's end"));
        }
        at = end.next_multiple_of(size);
    }
    pieces
}

#[cfg(not(target_os = "linux"))]
fn pieces_with_data(_file: &File, layout: &PieceLayout) -> Bitfield {
    Bitfield::all(layout)
}
