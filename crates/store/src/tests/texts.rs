//! What a user reads when something fails, all of it once.

use std::io;

use super::*;
use crate::{
    AddError, DiscardError, FinishError, FinishPlainError, HashError, IdentityError, ListError,
    OpenContentError, OpenError, PlaceError, PlaceholderError, ReadError, WriteError,
};

#[test]
fn errors_name_the_path_and_the_sizes() {
    let path = || PathBuf::from("/d/f");
    let source = || io::Error::from(io::ErrorKind::StorageFull);
    let content = manifest_of(b"").content();
    let layout = PieceLayout::new(1, PIECE).unwrap();
    let piece = layout.piece(0).unwrap();
    let texts: Vec<String> = vec![
        OpenError::Owned { path: path() }.to_string(),
        OpenError::Directory { path: path(), source: source() }.to_string(),
        OpenError::Exposed { path: path(), mode: 0o22 }.to_string(),
        OpenError::Owner { path: path(), owner: 1, user: 2 }.to_string(),
        OpenError::Lock { path: path(), source: source() }.to_string(),
        IdentityError::File { path: path(), source: source() }.to_string(),
        IdentityError::Damaged { path: path(), got: 3 }.to_string(),
        IdentityError::Exposed { path: path(), mode: 0o644 }.to_string(),
        PlaceError::NoName { path: path() }.to_string(),
        PlaceError::Directory { path: path(), source: source() }.to_string(),
        PlaceError::IsDirectory { path: path() }.to_string(),
        PlaceError::NotAFile { path: path() }.to_string(),
        PlaceError::Open { path: path(), source: source() }.to_string(),
        PlaceholderError::Exists { path: path() }.to_string(),
        PlaceholderError::Create { path: path(), source: source() }.to_string(),
        BeginError::OtherContent { path: path() }.to_string(),
        BeginError::HandedOver { path: path() }.to_string(),
        BeginError::Compare { path: path(), source: AddError::Missing { path: path() } }.to_string(),
        BeginError::Busy { path: path() }.to_string(),
        BeginError::InTheWay { path: path() }.to_string(),
        BeginError::Part { path: path(), source: source() }.to_string(),
        BeginError::Full { path: path(), needed: 9, free: 5, source: source() }.to_string(),
        BeginError::Prepare { path: path(), source: source() }.to_string(),
        AddError::Missing { path: path() }.to_string(),
        AddError::Size { path: path(), want: 1, got: 2 }.to_string(),
        AddError::Mismatch { path: path(), piece }.to_string(),
        AddError::Changed { path: path() }.to_string(),
        AddError::Read { path: path(), source: source() }.to_string(),
        AddError::Record { path: path(), source: source() }.to_string(),
        WriteError::Size { piece, want: 1, got: 2 }.to_string(),
        WriteError::Hash { piece }.to_string(),
        WriteError::Full { path: path(), needed: 9, free: 5, source: source() }.to_string(),
        WriteError::File { path: path(), source: source() }.to_string(),
        WriteError::Closed { path: path() }.to_string(),
        ReadError::NotHad { piece }.to_string(),
        ReadError::Range { piece, offset: 1, size: 2, piece_size: 1 }.to_string(),
        ReadError::Changed { piece, path: path() }.to_string(),
        ReadError::Gone { path: path() }.to_string(),
        ReadError::File { path: path(), source: source() }.to_string(),
        FinishError::Incomplete { path: path(), missing: 1, pieces: 2 }.to_string(),
        FinishError::Exists { path: path() }.to_string(),
        FinishError::Sync { path: path(), source: source() }.to_string(),
        FinishError::PartGone { path: path() }.to_string(),
        FinishError::Rename { path: path(), source: source() }.to_string(),
        FinishError::Range { path: path() }.to_string(),
        FinishError::Changed { path: path(), piece }.to_string(),
        FinishError::Pack { path: path(), source: source() }.to_string(),
        FinishError::Closed { path: path() }.to_string(),
        FinishPlainError::Read { path: path(), source: source() }.to_string(),
        DiscardError { path: path(), source: source() }.to_string(),
        ListError { path: path(), source: source() }.to_string(),
        OpenContentError::NoManifest { content }.to_string(),
        OpenContentError::NoRecord { content, path: path() }.to_string(),
        HashError::Open { path: path(), source: source() }.to_string(),
        HashError::NotAFile { path: path() }.to_string(),
        HashError::Read { path: path(), source: source() }.to_string(),
        HashError::Changed { path: path() }.to_string(),
        HashError::Layout { path: path(), source: PieceLayout::new(1, 3).unwrap_err() }.to_string(),
    ];
    insta::assert_snapshot!(texts.join("\n"), @r"
    state directory /d/f is owned by another process
    state directory /d/f cannot be used
    others may write to state directory /d/f (mode 022); chmod go-w it
    state directory /d/f belongs to user 1, not to user 2
    could not lock /d/f
    identity /d/f cannot be used
    identity /d/f holds 3 bytes, 32 are needed; remove it to become a new node
    others may read identity /d/f (mode 644); remove it to become a new node
    /d/f names no file
    directory /d/f cannot be used
    /d/f is a directory
    /d/f is not a regular file
    could not open /d/f
    /d/f exists
    could not create /d/f
    /d/f exists with other content
    /d/f is there already
    could not compare /d/f with its manifest
    /d/f is being written by another process
    /d/f is in the way: it is a link, or not this user's file alone
    could not open /d/f
    no room for /d/f: 9 bytes are needed, 5 are free
    could not prepare /d/f
    /d/f does not exist
    /d/f has 2 bytes, its manifest says 1
    /d/f differs from its manifest in piece #0
    /d/f changed while it was read
    could not read /d/f
    could not write /d/f
    piece #0 has 1 bytes, not 2
    piece #0 does not have the hash that the manifest names
    the disk of /d/f is full: 9 bytes are needed, 5 are free
    could not write /d/f
    /d/f is not being written any more
    piece #0 is not had
    2 bytes from 1 on are not inside piece #0 of 1 bytes
    /d/f has changed: piece #0 is not had any more
    /d/f is gone
    could not read /d/f
    1 of 2 pieces of /d/f are missing
    /d/f exists
    could not bring /d/f to the disk
    part file /d/f was removed or replaced
    could not move the content to /d/f
    a range leaves the content for /d/f
    the part file of /d/f was changed: piece #0 is not had any more
    could not write /d/f
    /d/f is not being written any more
    could not read /d/f
    could not remove /d/f
    could not list /d/f
    there is no manifest of content uEKQKjSiy3CH/ZZ6+6baezJ1ezyoBchfhNAaE1/TtlQ=
    there is no record of content uEKQKjSiy3CH/ZZ6+6baezJ1ezyoBchfhNAaE1/TtlQ= at /d/f
    could not open /d/f
    /d/f is not a regular file
    could not read /d/f
    /d/f changed while it was read
    /d/f cannot be cut into pieces
    ");
}

#[test]
fn a_wrong_sha256_is_shown_beside_the_right_one() {
    let error = FinishPlainError::Sha256 { path: "/d/f".into(), want: [0xab; 32], got: [1; 32] }.to_string();
    assert_eq!(
        error,
        format!("/d/f was to have sha-256 {}, the origin sent {}", "ab".repeat(32), "01".repeat(32))
    );
}
