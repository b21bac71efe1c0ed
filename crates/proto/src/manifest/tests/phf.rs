//! Piece hash files: two published ones, and every way to be none.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

/// Two files that Microsoft published, cut to the keys that count.
const PUBLISHED: [&str; 2] = [
    r#"{"MajorVersion":1,"MinorVersion":0,"HashOfHashes":"bLR+YkW147Gf10YSrQ6lgW3AC9E1aDesK3TaSr0DHJA=","ContentLength":244530,"PieceSize":1048576,"Pieces":["J/rmYNjGCeAgcDu0Y7ZgHmKBHcddsZl1vLfWjZWbUn0="]}"#,
    r#"{"MajorVersion":1,"MinorVersion":0,"HashOfHashes":"aGZA/I8Lc2F+ZsPzrXhTrcZaVte+PexJ5cOai52WjpQ=","ContentLength":4642818,"PieceSize":1048576,"Pieces":["WXdd9JFACfSvd8pL4CzlApi6zSFcMZvaEco9C+Zcjgc=","7ZyMYuVE3K+gFOLr9YJstAno6vzOeLxh5fLQ8mHKt4g=","kEyeX2FsHicx3AN64BNqAbaPMG4N/4HoME4mYX4ahCk=","r1xSeMQBrq4Lp/VMMEtdGRCLr9DzJrjW+T/yj/IBMt4=","8rPNGdVaZxgYMQ9SkBnjIWZ9TbIHb9zfGnM7Ub8xtb0="]}"#,
];

/// The second published file with some keys replaced.
fn with(changes: Value) -> Vec<u8> {
    let mut file: Map<String, Value> = serde_json::from_str(PUBLISHED[1]).unwrap();
    file.extend(changes.as_object().unwrap().clone());
    serde_json::to_vec(&file).unwrap()
}

fn without(key: &str) -> Vec<u8> {
    let mut file: Map<String, Value> = serde_json::from_str(PUBLISHED[1]).unwrap();
    file.remove(key).unwrap();
    serde_json::to_vec(&file).unwrap()
}

fn refusal(phf: impl AsRef<[u8]>) -> String {
    text(&Manifest::parse_phf(phf.as_ref()).unwrap_err())
}

#[test]
fn published_files_are_read_and_written_as_they_are() {
    for (published, pieces) in PUBLISHED.into_iter().zip([1, 5]) {
        let manifest = Manifest::parse_phf(published.as_bytes()).unwrap();
        assert_eq!(manifest.digests().len(), pieces);
        assert_eq!(String::from_utf8(manifest.to_phf()).unwrap(), published);
        assert_eq!(Manifest::from_digests(manifest.layout(), manifest.digests().to_vec()), Ok(manifest));
    }
}

#[test]
fn a_manifest_says_what_its_file_says() {
    let manifest = Manifest::parse_phf(PUBLISHED[1].as_bytes()).unwrap();
    assert_eq!(manifest.content().to_string(), "aGZA/I8Lc2F+ZsPzrXhTrcZaVte+PexJ5cOai52WjpQ=");
    assert_eq!(manifest.layout(), PieceLayout::new(4_642_818, 1 << 20).unwrap());
    let last = manifest.layout().piece(4).unwrap();
    let digest = data_encoding::BASE64.encode(manifest.digest(last).as_bytes());
    assert_eq!(digest, "8rPNGdVaZxgYMQ9SkBnjIWZ9TbIHb9zfGnM7Ub8xtb0=");
}

#[test]
fn order_spaces_escapes_and_unknown_keys_do_not_matter() {
    let published = Manifest::parse_phf(PUBLISHED[0].as_bytes()).unwrap();
    let same = r#" { "Pieces" : [ "J\/rmYNjGCeAgcDu0Y7ZgHmKBHcddsZl1vLfWjZWbUn0\u003d" ] ,
        "Extra": {"deep": [1, -2, 3.5, null, true, "x", {"Pieces": []}]}, "Extra": 2, "pieces": 1,
        "PieceSize":1048576,"ContentLength":244530,
        "Hash\u004ffHashes":"bLR+YkW147Gf10YSrQ6lgW3AC9E1aDesK3TaSr0DHJA=","MinorVersion":0,"MajorVersion":1 } "#;
    assert_eq!(Manifest::parse_phf(same.as_bytes()).unwrap(), published);
}

#[test]
fn an_empty_content_has_a_manifest_without_digests() {
    let empty = manifest(0);
    assert!(empty.digests().is_empty());
    assert_eq!(Manifest::parse_phf(&empty.to_phf()).unwrap(), empty);
}

#[test]
fn every_malformed_field_is_its_own_error() {
    let hash = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let pieces = |entry: Value| with(json!({"Pieces": [hash, hash, entry, hash, 5]}));
    let faults = [
        vec![b' '; PHF_BYTES_MAX + 1],
        vec![],
        b"[]".to_vec(),
        b"{\"a\":1".to_vec(),
        b"{} {}".to_vec(),
        b"{\"\xff\":1}".to_vec(),
        b"{\"PieceSize\":1,\"PieceSize\":1}".to_vec(),
        without("MajorVersion"),
        with(json!({"MajorVersion": 2})),
        with(json!({"MajorVersion": "1"})),
        with(json!({"MinorVersion": 1})),
        without("MinorVersion"),
        without("HashOfHashes"),
        with(json!({"HashOfHashes": "x".repeat(100)})),
        with(json!({"HashOfHashes": ""})),
        with(json!({"HashOfHashes": {}})),
        without("ContentLength"),
        with(json!({"ContentLength": -1})),
        with(json!({"ContentLength": 4642818.0})),
        with(json!({"ContentLength": 1e300})),
        with(json!({"ContentLength": (1u64 << 44) + 1})),
        without("PieceSize"),
        with(json!({"PieceSize": 0})),
        with(json!({"PieceSize": 1_000_000})),
        with(json!({"PieceSize": 1 << 13})),
        with(json!({"PieceSize": 1 << 25})),
        with(json!({"PieceSize": 1u64 << 32})),
        with(json!({"ContentLength": (1u64 << 34) + 1, "PieceSize": 1 << 14})),
        without("Pieces"),
        with(json!({"Pieces": "none"})),
        with(json!({"Pieces": []})),
        with(json!({"Pieces": [1, 2, 3, 4, 5, 6]})),
        pieces(json!(null)),
        pieces(json!(true)),
        pieces(json!([hash])),
        pieces(json!(&hash[1..])),
        pieces(json!(hash.replace("A=", "B="))),
        pieces(json!(hash.replace("AAAA", "AA==",))),
        with(json!({"ContentLength": 4_642_819})),
    ];
    let texts: Vec<String> = faults.iter().map(refusal).collect();
    insta::assert_snapshot!(texts.join("\n"), @r#"
    a piece hash file of 67108865 bytes, at most 67108864 are allowed
    the piece hash file is not a readable JSON object: EOF while parsing a value at line 1 column 0
    the piece hash file is not a readable JSON object: invalid type: sequence, expected the object of a piece hash file at line 1 column 0
    the piece hash file is not a readable JSON object: EOF while parsing an object at line 1 column 6
    the piece hash file is not a readable JSON object: trailing characters at line 1 column 4
    the piece hash file is not a readable JSON object: invalid unicode code point at line 1 column 3
    PieceSize stands twice in the piece hash file
    MajorVersion is absent, only 1 is known
    MajorVersion is 2, only 1 is known
    MajorVersion is "1", only 1 is known
    MinorVersion is 1, only 0 is known
    MinorVersion is absent, only 0 is known
    HashOfHashes is absent, not base64 of 32 bytes
    HashOfHashes is "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", not base64 of 32 bytes
    HashOfHashes is "", not base64 of 32 bytes
    HashOfHashes is an object, not base64 of 32 bytes
    ContentLength is absent, not a number from 0 to 17592186044416
    ContentLength is -1, not a number from 0 to 17592186044416
    ContentLength is 4.642818e6, not a number from 0 to 17592186044416
    ContentLength is 1e300, not a number from 0 to 17592186044416
    ContentLength is 17592186044417, not a number from 0 to 17592186044416
    PieceSize is absent, not a power of two from 16384 to 16777216
    PieceSize is 0, not a power of two from 16384 to 16777216
    PieceSize is 1000000, not a power of two from 16384 to 16777216
    PieceSize is 8192, not a power of two from 16384 to 16777216
    PieceSize is 33554432, not a power of two from 16384 to 16777216
    PieceSize is 4294967296, not a power of two from 16384 to 16777216
    17179869185 bytes in pieces of 16384 are more than 1048576 pieces
    Pieces is absent, not an array
    Pieces is "none", not an array
    Pieces has 0 entries, the content has 5 pieces
    Pieces has 6 entries, the content has 5 pieces
    Pieces[2] is null, not base64 of 32 bytes
    Pieces[2] is true, not base64 of 32 bytes
    Pieces[2] is an array, not base64 of 32 bytes
    Pieces[2] is "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", not base64 of 32 bytes
    Pieces[2] is "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=", not base64 of 32 bytes
    Pieces[2] is "AA==AA==AA==AA==AA==AA==AA==AA==AA==AA==AAA=", not base64 of 32 bytes
    HashOfHashes is aGZA/I8Lc2F+ZsPzrXhTrcZaVte+PexJ5cOai52WjpQ=, but the file hashes to lPLTVw1gBqxOxb1IJB4yCZPa4gqZOKTLl989DuLtILQ=
    "#);
}

#[test]
fn a_file_of_another_content_is_refused() {
    let [one, other] = PUBLISHED.map(|phf| Manifest::parse_phf(phf.as_bytes()).unwrap().content());
    assert!(Manifest::parse_phf_of(PUBLISHED[0].as_bytes(), one).is_ok());
    let error = Manifest::parse_phf_of(PUBLISHED[0].as_bytes(), other).unwrap_err();
    insta::assert_snapshot!(text(&error), @"HashOfHashes is bLR+YkW147Gf10YSrQ6lgW3AC9E1aDesK3TaSr0DHJA=, expected was aGZA/I8Lc2F+ZsPzrXhTrcZaVte+PexJ5cOai52WjpQ=");
}

/// Each file has all the faults from one place of the order on; only the first of them counts.
#[test]
fn of_several_faults_the_first_in_the_order_of_checks_is_named() {
    let other = Manifest::parse_phf(PUBLISHED[0].as_bytes()).unwrap().content();
    let mut faults = json!({});
    let mut named = vec![];
    for (key, value) in [
        ("ContentLength", json!(4_642_819)),
        ("Pieces", json!([1, 2, 3, 4, 5])),
        ("PieceSize", json!(1 << 18)), // then there are 18 pieces
        ("Pieces", json!(0)),
        ("PieceSize", json!(0)),
        ("ContentLength", json!(-1)),
        ("HashOfHashes", json!(other.to_string())),
        ("HashOfHashes", json!(0)),
        ("MinorVersion", json!(1)),
        ("MajorVersion", json!(2)),
    ] {
        faults[key] = value;
        let want = Manifest::parse_phf(PUBLISHED[1].as_bytes()).unwrap().content();
        named.push(text(&Manifest::parse_phf_of(&with(faults.clone()), want).unwrap_err()));
    }
    insta::assert_snapshot!(named.join("\n"), @r"
    HashOfHashes is aGZA/I8Lc2F+ZsPzrXhTrcZaVte+PexJ5cOai52WjpQ=, but the file hashes to lPLTVw1gBqxOxb1IJB4yCZPa4gqZOKTLl989DuLtILQ=
    Pieces[0] is 1, not base64 of 32 bytes
    Pieces has 5 entries, the content has 18 pieces
    Pieces is 0, not an array
    PieceSize is 0, not a power of two from 16384 to 16777216
    ContentLength is -1, not a number from 0 to 17592186044416
    HashOfHashes is bLR+YkW147Gf10YSrQ6lgW3AC9E1aDesK3TaSr0DHJA=, expected was aGZA/I8Lc2F+ZsPzrXhTrcZaVte+PexJ5cOai52WjpQ=
    HashOfHashes is 0, not base64 of 32 bytes
    MinorVersion is 1, only 0 is known
    MajorVersion is 2, only 1 is known
    ");
}

/// The reader stops where serde_json's limit of nesting is, not at the end of the file.
#[test]
fn deep_nesting_is_refused_where_it_gets_deep() {
    for head in ["{\"Pieces\":", "{\"x\":", "", "{\"MajorVersion\":"] {
        let mut phf = head.as_bytes().to_vec();
        phf.resize(PHF_BYTES_MAX, b'[');
        let PhfError::Json(error) = Manifest::parse_phf(&phf).unwrap_err() else {
            panic!("{head} is not JSON")
        };
        assert!(error.column() < 200, "{head}: {error}");
    }
    let objects = "{\"a\":".repeat(1 << 20);
    let PhfError::Json(error) = Manifest::parse_phf(objects.as_bytes()).unwrap_err() else {
        panic!("not JSON")
    };
    assert!(error.column() < 5 * 200, "{error}");
}

#[test]
fn the_most_pieces_fit_into_the_largest_file() {
    let most = manifest(swarmline_types::PIECE_COUNT_MAX);
    let phf = most.to_phf();
    assert!(phf.len() <= PHF_BYTES_MAX);
    assert_eq!(Manifest::parse_phf(&phf).unwrap(), most);
}

proptest! {
    #[test]
    fn a_manifest_is_read_as_it_was_written(pieces in 0u32..40, bits in 14u32..25, short_by in 0u64..1 << 14) {
        let len = (u64::from(pieces) << bits).saturating_sub(short_by);
        let layout = PieceLayout::new(len, 1 << bits).unwrap();
        let digests = layout.pieces().map(|piece| PieceHash::new([piece.get().to_le_bytes()[0]; 32])).collect();
        let manifest = Manifest::from_digests(layout, digests).unwrap();
        prop_assert_eq!(Manifest::parse_phf(&manifest.to_phf()).unwrap(), manifest);
    }

    #[test]
    fn a_damaged_file_is_refused_or_the_same(at in 0..PUBLISHED[1].len(), byte in any::<u8>()) {
        let mut phf = PUBLISHED[1].as_bytes().to_vec();
        phf[at] = byte;
        if let Ok(manifest) = Manifest::parse_phf(&phf) {
            prop_assert_eq!(manifest, Manifest::parse_phf(PUBLISHED[1].as_bytes()).unwrap());
        }
    }

    #[test]
    fn random_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Manifest::parse_phf(&bytes).is_err());
    }
}
