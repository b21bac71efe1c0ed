//! What the engine is asked for, from what the machine wants.

use std::path::PathBuf;

use data_encoding::{BASE64, HEXLOWER};
use serde::Deserialize;
use swarmline_ipc::message::{GetOptions, GetRequest, Headers, ManifestSource, Span, Waivers};
use swarmline_jobs::machine::{Fault, Sink, TransferSpec};
use swarmline_jobs::{FileRange, HResult, SecurityFlags, TO_END};
use swarmline_types::ContentId;
use url::Url;

/// Names the piece hash file of a download, as callers write it. Other fields are not ours.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Integrity {
    pieces_hash_file_url: Option<String>,
    pieces_hash_file_digest: Option<String>,
    pieces_hash_file_digest_algorithm: Option<String>,
    hash_of_hashes: Option<String>,
}

/// The request for a file that is to be fetched to `destination` and held there.
pub(super) fn request_of(spec: &TransferSpec, destination: PathBuf) -> Result<GetRequest, Fault> {
    let integrity = match &spec.integrity {
        Some(text) => serde_json::from_str(text).map_err(|_| bad_info(HResult::DO_E_METAINFO_PARSE_HOH))?,
        None => Integrity::default(),
    };
    let phf_sha256 = digest_of(&integrity)?;
    let manifest = manifest_of(spec, integrity)?;
    let url = spec.url.as_deref().map(fetchable).transpose()?;
    if url.is_none() && !matches!(manifest, ManifestSource::Pinned { .. }) {
        return Err(Fault::NotFound);
    }
    Ok(GetRequest {
        url,
        destination,
        manifest,
        sha256: None,
        // What stands there is replaced when the file gets its name.
        force: true,
        priority: spec.priority,
        options: GetOptions {
            ranges: spec.ranges.iter().map(span).collect(),
            hold: true,
            headers: headers(spec.headers.as_deref()),
            auth_headers: headers(spec.auth_headers.as_deref()),
            https_to_http_redirects: spec.allow_insecure_redirect,
            waivers: waivers(spec.security),
            phf_sha256,
            in_order: matches!(spec.sink, Sink::Stream { .. }),
        },
    })
}

fn fetchable(url: &str) -> Result<Url, Fault> {
    let url = Url::parse(url).map_err(|_| Fault::InvalidUrl)?;
    if matches!(url.scheme(), "http" | "https") { Ok(url) } else { Err(Fault::InvalidUrl) }
}

/// The hash pins the manifest, wherever it comes from; an address alone names it.
fn manifest_of(spec: &TransferSpec, integrity: Integrity) -> Result<ManifestSource, Fault> {
    let pinned = match given(integrity.hash_of_hashes) {
        Some(hash) => {
            let hash = bytes_of(&hash).ok_or_else(|| bad_info(HResult::DO_E_METAINFO_PARSE_HOH))?;
            Some(ContentId::new(hash))
        }
        None => spec.content,
    };
    Ok(match (given(integrity.pieces_hash_file_url), pinned) {
        (Some(url), pinned) => ManifestSource::Url { url: fetchable(&url)?, pinned },
        (None, Some(content)) => ManifestSource::Pinned { content },
        (None, None) => ManifestSource::Origin,
    })
}

/// The digest of the piece hash file, in hexadecimal. One by another algorithm is that of no file.
fn digest_of(integrity: &Integrity) -> Result<Option<String>, Fault> {
    let Some(digest) = given(integrity.pieces_hash_file_digest.clone()) else { return Ok(None) };
    let algorithm = integrity.pieces_hash_file_digest_algorithm.as_deref().unwrap_or_default();
    let is_known = ["", "SHA256", "SHA-256"].iter().any(|known| known.eq_ignore_ascii_case(algorithm));
    let bytes = bytes_of(&digest).filter(|_| is_known);
    let bytes = bytes.ok_or_else(|| bad_info(HResult::DO_E_METAINFO_DIGEST_MATCH))?;
    Ok(Some(HEXLOWER.encode(&bytes)))
}

/// Callers write what they do not know as nothing, or not at all.
fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn bad_info(cause: HResult) -> Fault {
    Fault::NoManifest { cause }
}

fn bytes_of(base64: &str) -> Option<[u8; 32]> {
    BASE64.decode(base64.as_bytes()).ok()?.try_into().ok()
}

fn waivers(flags: SecurityFlags) -> Waivers {
    Waivers {
        unknown_authority: flags.contains(SecurityFlags::IGNORE_UNKNOWN_CA),
        wrong_usage: flags.contains(SecurityFlags::IGNORE_WRONG_USAGE),
        wrong_name: flags.contains(SecurityFlags::IGNORE_CN_INVALID),
        out_of_date: flags.contains(SecurityFlags::IGNORE_DATE_INVALID),
    }
}

fn span(range: &FileRange) -> Span {
    Span { offset: range.offset, length: (range.length != TO_END).then_some(range.length) }
}

/// Header lines, each ended by CR LF, as names and values. A line without a colon is none.
fn headers(lines: Option<&str>) -> Headers {
    let pair = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.trim().to_owned(), value.trim().to_owned()))
    };
    Headers(lines.unwrap_or_default().lines().filter_map(pair).collect())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use swarmline_jobs::{ClientId, Token};
    use swarmline_types::Priority;

    use super::*;

    fn spec(change: impl FnOnce(&mut TransferSpec)) -> TransferSpec {
        let mut spec = TransferSpec {
            user: 0,
            priority: Priority::Background,
            url: Some("http://origin/file".into()),
            content: None,
            sink: Sink::File { path: "/out".into() },
            ranges: Vec::new(),
            size: None,
            headers: None,
            auth_headers: None,
            security: SecurityFlags::default(),
            allow_insecure_redirect: false,
            integrity: None,
            integrity_mandatory: false,
            stall_after: Duration::from_secs(30),
        };
        change(&mut spec);
        spec
    }

    fn manifest(change: impl FnOnce(&mut TransferSpec)) -> ManifestSource {
        request_of(&spec(change), "/out".into()).unwrap().manifest
    }

    #[test]
    fn the_piece_hash_file_is_the_one_that_the_caller_names() {
        let content = ContentId::new([7; 32]);
        let hash = BASE64.encode(&[7; 32]);
        assert_eq!(manifest(|_| ()), ManifestSource::Origin);
        assert_eq!(manifest(|spec| spec.content = Some(content)), ManifestSource::Pinned { content });
        let info = |text: String| move |spec: &mut TransferSpec| spec.integrity = Some(text);
        assert_eq!(
            manifest(info(format!(r#"{{"HashOfHashes":"{hash}","Other":1}}"#))),
            ManifestSource::Pinned { content }
        );
        assert_eq!(
            manifest(info(format!(r#"{{"PiecesHashFileUrl":"http://o/p","HashOfHashes":"{hash}"}}"#))),
            ManifestSource::Url { url: Url::parse("http://o/p").unwrap(), pinned: Some(content) }
        );
        let refused = |text: &str| request_of(&spec(info(text.into())), "/out".into()).unwrap_err();
        assert!(matches!(refused("no json"), Fault::NoManifest { .. }));
        assert!(matches!(refused(r#"{"HashOfHashes":"AAAA"}"#), Fault::NoManifest { .. }));
        assert_eq!(refused(r#"{"PiecesHashFileUrl":"file:///p"}"#), Fault::InvalidUrl);
    }

    #[test]
    fn the_digest_of_the_piece_hash_file_is_sha_256_or_that_of_no_file() {
        let digest = BASE64.encode(&[7; 32]);
        let asked = |json: serde_json::Value| {
            let spec = spec(|spec| spec.integrity = Some(json.to_string()));
            request_of(&spec, "/out".into()).map(|request| request.options.phf_sha256)
        };
        for algorithm in ["SHA256", "sha-256", ""] {
            let json = serde_json::json!({
                "PiecesHashFileDigest": digest,
                "PiecesHashFileDigestAlgorithm": algorithm,
            });
            assert_eq!(asked(json), Ok(Some("07".repeat(32))));
        }
        assert_eq!(asked(serde_json::json!({ "PiecesHashFileDigest": digest })), Ok(Some("07".repeat(32))));
        assert_eq!(asked(serde_json::json!({ "PiecesHashFileDigest": "" })), Ok(None));
        let other = Fault::NoManifest { cause: HResult::DO_E_METAINFO_DIGEST_MATCH };
        let json = |digest: &str, algorithm: &str| {
            serde_json::json!({
                "PiecesHashFileDigest": digest,
                "PiecesHashFileDigestAlgorithm": algorithm,
            })
        };
        assert_eq!(asked(json(&digest, "SHA1")).as_ref(), Err(&other));
        assert_eq!(asked(json("AAAA", "SHA256")), Err(other));
    }

    #[test]
    fn a_content_without_an_address_is_asked_of_peers_alone() {
        let content = ContentId::new([7; 32]);
        let spec = spec(|spec| (spec.url, spec.content) = (None, Some(content)));
        let request = request_of(&spec, "/out".into()).unwrap();
        assert_eq!((request.url, request.manifest), (None, ManifestSource::Pinned { content }));
    }

    #[test]
    fn a_stream_is_fetched_in_order_and_flags_waive_what_they_name() {
        let options =
            |change: fn(&mut TransferSpec)| request_of(&spec(change), "/out".into()).unwrap().options;
        assert_eq!(options(|_| ()), GetOptions { hold: true, ..GetOptions::default() });
        let stream = |spec: &mut TransferSpec| {
            spec.sink = Sink::Stream { client: ClientId(1), token: Token(1), taken: 0 };
        };
        assert!(options(stream).in_order);
        let waived = options(|spec| spec.security = SecurityFlags::from_bits(0x2100)).waivers;
        let want = Waivers { unknown_authority: true, out_of_date: true, ..Waivers::default() };
        assert_eq!(waived, want);
    }

    #[test]
    fn an_address_is_one_that_can_be_fetched() {
        for bad in ["ftp://origin/file", "file:///etc/passwd", "", "origin/file"] {
            let spec = spec(|spec| spec.url = Some(bad.into()));
            assert_eq!(request_of(&spec, "/out".into()).unwrap_err(), Fault::InvalidUrl, "{bad}");
        }
        let nothing = spec(|spec| spec.url = None);
        assert_eq!(request_of(&nothing, "/out".into()).unwrap_err(), Fault::NotFound);
    }

    #[test]
    fn ranges_and_headers_go_along() {
        let spec = spec(|spec| {
            spec.ranges = vec![FileRange { offset: 5, length: 2 }, FileRange { offset: 9, length: TO_END }];
            spec.headers = Some("X-One: 1\r\nX-Two:a:b\r\nnone\r\n".into());
        });
        let options = request_of(&spec, "/out".into()).unwrap().options;
        assert_eq!(options.ranges, [Span { offset: 5, length: Some(2) }, Span { offset: 9, length: None }]);
        let pairs: Vec<_> =
            options.headers.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("X-One", "1"), ("X-Two", "a:b")]);
        assert!(options.hold);
    }
}
