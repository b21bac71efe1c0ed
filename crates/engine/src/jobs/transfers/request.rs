//! What the engine is asked for, from what the machine wants.

use std::path::PathBuf;

use data_encoding::BASE64;
use serde::Deserialize;
use swarmline_ipc::message::{GetOptions, GetRequest, Headers, ManifestSource, Span};
use swarmline_jobs::machine::{Fault, TransferSpec};
use swarmline_jobs::{FileRange, TO_END};
use swarmline_types::ContentId;
use url::Url;

/// Names the piece hash file of a download, as callers write it. Other fields are not ours.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Integrity {
    pieces_hash_file_url: Option<String>,
    hash_of_hashes: Option<String>,
}

/// The request for a file that is to be fetched to `destination` and held there.
pub(super) fn request_of(spec: &TransferSpec, destination: PathBuf) -> Result<GetRequest, Fault> {
    let manifest = manifest_of(spec)?;
    let url = match (&spec.url, &manifest) {
        (Some(url), _) => fetchable(url)?,
        (None, ManifestSource::Pinned { content }) => nowhere(*content)?,
        (None, _) => return Err(Fault::NotFound),
    };
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
        },
    })
}

fn fetchable(url: &str) -> Result<Url, Fault> {
    let url = Url::parse(url).map_err(|_| Fault::InvalidUrl)?;
    if matches!(url.scheme(), "http" | "https") { Ok(url) } else { Err(Fault::InvalidUrl) }
}

/// An origin for a content that has none: nobody is asked, since nothing may listen at port 0.
fn nowhere(content: ContentId) -> Result<Url, Fault> {
    Url::parse(&format!("http://127.0.0.1:0/{content}")).map_err(|_| Fault::NotFound)
}

/// The hash pins the manifest, wherever it comes from; an address alone names it.
fn manifest_of(spec: &TransferSpec) -> Result<ManifestSource, Fault> {
    let integrity = match &spec.integrity {
        Some(text) => Some(serde_json::from_str::<Integrity>(text).map_err(|_| bad_info())?),
        None => None,
    };
    let (url, hash) = integrity.map_or((None, None), |it| (it.pieces_hash_file_url, it.hash_of_hashes));
    let pinned = match hash {
        Some(hash) => Some(content_of(&hash).ok_or_else(bad_info)?),
        None => spec.content,
    };
    Ok(match (url, pinned) {
        (Some(url), pinned) => ManifestSource::Url { url: fetchable(&url)?, pinned },
        (None, Some(content)) => ManifestSource::Pinned { content },
        (None, None) => ManifestSource::Origin,
    })
}

fn bad_info() -> Fault {
    Fault::NoManifest { cause: swarmline_jobs::HResult::DO_E_METAINFO_PARSE_HOH }
}

fn content_of(base64: &str) -> Option<ContentId> {
    Some(ContentId::new(BASE64.decode(base64.as_bytes()).ok()?.try_into().ok()?))
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
    use swarmline_jobs::SecurityFlags;
    use swarmline_jobs::machine::Sink;
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
