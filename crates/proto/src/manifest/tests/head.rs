//! The beginning of a piece hash file: what it says is the whole file's, or it says nothing.

use proptest::prelude::*;

use super::*;

fn phf(pieces: u32) -> Vec<u8> {
    manifest(pieces).to_phf()
}

/// A file with these texts replaced.
fn with(changes: &[(&str, &str)]) -> Vec<u8> {
    let text = String::from_utf8(phf(100)).unwrap();
    let changed = changes.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "{from} is not in {text}");
        text.replacen(from, to, 1)
    });
    changed.into_bytes()
}

#[test]
fn the_head_of_our_own_files_says_what_the_file_says() {
    for pieces in [0, 1, 100, 10_000] {
        let (manifest, phf) = (manifest(pieces), phf(pieces));
        let head = PhfHead::parse(&phf[..phf.len().min(PHF_HEAD_BYTES)]).unwrap();
        assert_eq!((head.content, head.layout), (manifest.content(), manifest.layout()));
    }
}

#[test]
fn a_head_is_enough_from_where_the_pieces_begin() {
    let phf = phf(100);
    let key = b"\"Pieces\"";
    let end = phf.windows(key.len()).position(|at| at == key).unwrap() + key.len();
    assert!(end < 200, "{end}");
    (0..end).for_each(|cut| assert!(PhfHead::parse(&phf[..cut]).is_err(), "{cut}"));
    (end..phf.len()).for_each(|cut| assert!(PhfHead::parse(&phf[..cut]).is_ok(), "{cut}"));
}

#[test]
fn other_keys_and_spaces_do_not_matter() {
    let odd = with(&[("{", " { \"Note\" : [1, {\"Pieces\": []}] ,\n"), ("\"Pieces\"", "\"Pi\\u0065ces\" ")]);
    assert_eq!(PhfHead::parse(&odd[..300]).unwrap().content, manifest(100).content());
}

#[test]
fn every_head_that_says_too_little_or_nonsense_is_its_own_error() {
    let hash = format!("\"HashOfHashes\":\"{}\",", manifest(100).content());
    let faults = [
        vec![],
        b"[]".to_vec(),
        b"{\"a\":1".to_vec(),
        b"{\"a\":1}".to_vec(),
        b"{\"a\" 1}".to_vec(),
        b"{\"\xff\":1}".to_vec(),
        vec![b'['; PHF_HEAD_BYTES],
        [b"{\"a\":".as_slice(), &[b'['; PHF_HEAD_BYTES]].concat(),
        [b"{\"a\":\"".as_slice(), &[b'x'; PHF_HEAD_BYTES]].concat(),
        vec![b' '; PHF_BYTES_MAX + 1],
        with(&[("\"MinorVersion\":0", "\"PieceSize\":1")]),
        with(&[("\"MajorVersion\":1", "\"MajorVersion\":2")]),
        with(&[("\"MinorVersion\":0", "\"MinorVersion\":1")]),
        with(&[(&hash, "")]),
        with(&[(&hash, "\"HashOfHashes\":7,")]),
        with(&[("\"ContentLength\":", "\"ContentLength\":-")]),
        with(&[("\"PieceSize\":1", "\"PieceSize\":2")]),
        with(&[("\"ContentLength\":", "\"ContentLength\":999999")]),
        with(&[("{", "{\"Pieces\":[],")]),
    ];
    let texts: Vec<String> = faults.iter().map(|head| text(&PhfHead::parse(head).unwrap_err())).collect();
    insta::assert_snapshot!(texts.join("\n"), @r"
    the first 0 bytes of the piece hash file end before its Pieces
    the piece hash file is not a readable JSON object: invalid type: sequence, expected the object of a piece hash file at line 1 column 0
    the first 6 bytes of the piece hash file end before its Pieces
    the first 7 bytes of the piece hash file end before its Pieces
    the piece hash file is not a readable JSON object: expected `:` at line 1 column 6
    the piece hash file is not a readable JSON object: invalid unicode code point at line 1 column 3
    the piece hash file is not a readable JSON object: invalid type: sequence, expected the object of a piece hash file at line 1 column 0
    the piece hash file is not a readable JSON object: recursion limit exceeded at line 1 column 132
    the first 4102 bytes of the piece hash file end before its Pieces
    a piece hash file of 67108865 bytes, at most 67108864 are allowed
    PieceSize stands twice in the piece hash file
    MajorVersion is 2, only 1 is known
    MinorVersion is 1, only 0 is known
    HashOfHashes is absent, not base64 of 32 bytes
    HashOfHashes is 7, not base64 of 32 bytes
    ContentLength is -1638400, not a number from 0 to 17592186044416
    PieceSize is 26384, not a power of two from 16384 to 16777216
    9999991638400 bytes in pieces of 16384 are more than 1048576 pieces
    MajorVersion is absent, only 1 is known
    ");
}

proptest! {
    /// A head that is believed says what the whole file says, wherever it is cut and whatever was changed in it.
    #[test]
    fn a_damaged_head_says_the_same_as_its_file_or_nothing(at in 0usize..300, byte in any::<u8>(), cut in 0usize..6000) {
        let mut phf = phf(100);
        phf[at] = byte;
        if let (Ok(manifest), Ok(head)) = (Manifest::parse_phf(&phf), PhfHead::parse(&phf[..cut.min(phf.len())])) {
            prop_assert_eq!((head.content, head.layout), (manifest.content(), manifest.layout()));
        }
    }

    #[test]
    fn random_bytes_are_no_head(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(PhfHead::parse(&bytes).is_err());
    }
}
