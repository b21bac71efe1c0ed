//! URLs as peers are asked about them.

use sha2::{Digest, Sha256};
use swarmline_types::UrlHash;
use url::Url;

/// SHA-256 of a URL as the URL standard writes it, without user name, password and fragment: those say nothing of what
/// lies there, and a hash does not keep a weak password secret.
pub(crate) fn url_hash(url: &Url) -> UrlHash {
    let mut bare = url.clone();
    bare.set_fragment(None);
    // Neither can fail on a URL with a host, and one without has neither.
    let _ = bare.set_username("");
    let _ = bare.set_password(None);
    UrlHash::new(Sha256::digest(bare.as_str()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(url: &str) -> UrlHash {
        url_hash(&Url::parse(url).unwrap())
    }

    #[test]
    fn one_place_has_one_hash_however_it_is_written() {
        let plain = hash("https://example.com/a/b.iso?x=1");
        for same in [
            "HTTPS://EXAMPLE.com:443/a/b.iso?x=1",
            "https://example.com/a/c/../b.iso?x=1#top",
            "https://ann:secret@example.com/a/b.iso?x=1",
        ] {
            assert_eq!(hash(same), plain, "{same}");
        }
        for other in [
            "http://example.com/a/b.iso?x=1",
            "https://example.com/a/b.iso",
            "https://example.com/a/B.iso?x=1",
            "https://example.com:8443/a/b.iso?x=1",
        ] {
            assert_ne!(hash(other), plain, "{other}");
        }
    }

    /// What other implementations must get as well.
    #[test]
    fn the_document_has_the_hash_of_a_known_url() {
        let hex: String =
            hash("https://example.com/disk.iso").as_bytes().iter().map(|b| format!("{b:02x}")).collect();
        let document = include_str!("../../../docs/protocol.md");
        assert!(document.contains(&hex), "docs/protocol.md lacks {hex}");
    }
}
