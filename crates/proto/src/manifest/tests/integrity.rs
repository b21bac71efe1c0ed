//! What a publisher tells about a manifest.

use super::*;

const HASH: &str = "bLR+YkW147Gf10YSrQ6lgW3AC9E1aDesK3TaSr0DHJA=";

#[test]
fn what_publish_prints_is_what_get_reads() {
    let manifest = manifest(2);
    let phf = manifest.to_phf();
    let info = IntegrityCheckInfo::of(&manifest, &phf, Some("http://o/f.phf".to_owned()));
    insta::assert_snapshot!(info.to_json(), @r#"{"PiecesHashFileUrl":"http://o/f.phf","PiecesHashFileDigest":"T+CCf5df8No29o2HQiUM4x2aNDWfAQlO2JwzJiBZs5c=","PiecesHashFileDigestAlgorithm":"SHA256","HashOfHashes":"BjuBLMVoRGwYwg+PDyqg3ZVwRH77MvrcHHdZVNO0cxw="}"#);
    assert_eq!(IntegrityCheckInfo::parse(&info.to_json()).unwrap(), info);
    assert_eq!(info.open(&phf).unwrap(), manifest);
}

#[test]
fn only_the_hash_of_hashes_must_be_there() {
    let info = IntegrityCheckInfo::parse(&format!(r#"{{"HashOfHashes":"{HASH}","Other":[1]}}"#)).unwrap();
    assert_eq!(info.content.to_string(), HASH);
    assert_eq!((info.phf_url.as_ref(), info.phf_digest), (None, None));
    assert_eq!(info.to_json(), format!(r#"{{"HashOfHashes":"{HASH}"}}"#));
}

/// Some publishers write keys without a value.
#[test]
fn empty_texts_and_null_are_absent() {
    let info = format!(
        r#"{{"HashOfHashes":"{HASH}","PiecesHashFileUrl":"","PiecesHashFileDigest":"","PiecesHashFileDigestAlgorithm":null}}"#
    );
    let info = IntegrityCheckInfo::parse(&info).unwrap();
    assert_eq!((info.phf_url, info.phf_digest), (None, None));
}

#[test]
fn the_algorithm_may_be_spelt_in_its_usual_ways() {
    for name in ["SHA256", "sha256", "SHA-256"] {
        let info = format!(r#"{{"HashOfHashes":"{HASH}","PiecesHashFileDigestAlgorithm":"{name}"}}"#);
        assert!(IntegrityCheckInfo::parse(&info).is_ok(), "{name}");
    }
}

#[test]
fn every_fault_is_its_own_error() {
    let with = |more: &str| format!(r#"{{"HashOfHashes":"{HASH}",{more}}}"#);
    let faults = [
        " ".repeat(INTEGRITY_INFO_BYTES_MAX + 1),
        "HashOfHashes".to_owned(),
        "{}".to_owned(),
        r#"{"HashOfHashes":5}"#.to_owned(),
        r#"{"HashOfHashes":"AAAA"}"#.to_owned(),
        with(r#""PiecesHashFileDigest":"!""#),
        with(r#""PiecesHashFileDigestAlgorithm":"SHA1""#),
    ];
    let texts: Vec<String> =
        faults.iter().map(|fault| text(&IntegrityCheckInfo::parse(fault).unwrap_err())).collect();
    insta::assert_snapshot!(texts.join("\n"), @r#"
    integrity info of 65537 bytes, at most 65536 are allowed
    integrity info is not readable: expected value at line 1 column 1
    integrity info is not readable: missing field `HashOfHashes` at line 1 column 2
    integrity info is not readable: invalid type: integer `5`, expected a string at line 1 column 17
    HashOfHashes of the integrity info is not a hash: "AAAA" holds 3 bytes, 32 are needed
    PiecesHashFileDigest of the integrity info is not a hash: "!" is not base64
    PiecesHashFileDigestAlgorithm is "SHA1", only SHA256 is known
    "#);
}

/// The digest is of the bytes: even a file that says the same in other bytes is another file.
#[test]
fn a_file_with_another_digest_is_refused_before_it_is_read() {
    let manifest = manifest(1);
    let info = IntegrityCheckInfo::of(&manifest, &manifest.to_phf(), None);
    let spaced = [manifest.to_phf(), b" ".to_vec()].concat();
    assert!(Manifest::parse_phf(&spaced).is_ok());
    insta::assert_snapshot!(text(&info.open(&spaced).unwrap_err()), @"the piece hash file's digest is duAqjeH8g6REoOgZhKRcyx7oI2G+e5vpkh/JYupBKys=, expected was C8P1IMtpj5e3yCAlSPyyIcuOPlM5AETJqkCgflnOY98=");
    assert!(matches!(info.open(b"no JSON"), Err(PhfError::Digest { .. })));
    assert!(matches!(info.open(&vec![0; PHF_BYTES_MAX + 1]), Err(PhfError::Size { .. })));
}

#[test]
fn without_a_digest_the_hash_of_hashes_still_decides() {
    let info = IntegrityCheckInfo { content: manifest(1).content(), phf_url: None, phf_digest: None };
    assert!(info.open(&manifest(1).to_phf()).is_ok());
    assert!(matches!(info.open(&manifest(2).to_phf()), Err(PhfError::Unexpected { .. })));
}
