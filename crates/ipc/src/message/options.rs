//! What a download may be asked beside where from and where to.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::failure::{TransferError, sha256, usage};

/// Most ranges of one download: 1,024.
pub const RANGES_MAX: usize = 1024;
/// Most extra headers of one kind: 32.
pub const HEADERS_MAX: usize = 32;
/// Most bytes of all extra headers of one kind, names and values: 8 KiB.
pub const HEADERS_BYTES_MAX: usize = 8 << 10;

/// Wishes beside the usual; the default has none.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct GetOptions {
    /// Only these bytes, one range behind the other in this order; the whole file if there is none. At most
    /// [`RANGES_MAX`]. They may overlap.
    pub ranges: Vec<Span>,
    /// Whether the file is to wait, complete and verified, until it is handed over. Only who began the download inside
    /// the process can do that; for all others it stays in its part file.
    pub hold: bool,
    /// Headers that go along with requests to the scheme, host and port of the URL, and to no other.
    pub headers: Headers,
    /// Headers that go along, over https only, once that host has answered 401.
    pub auth_headers: Headers,
    /// Whether a redirect from https to http is followed. Default: no.
    pub https_to_http_redirects: bool,
    /// What is let pass of the certificates of origins, redirects included.
    pub waivers: Waivers,
    /// SHA-256 of the piece hash file itself, 64 hexadecimal digits. It is a property of the file, which peers do not pass
    /// on: with it the whole file is read from its address.
    pub phf_sha256: Option<String>,
    /// Whether what stands in front comes first, for one who reads while the rest is arriving.
    pub in_order: bool,
}

/// What is let pass of a certificate. The default is nothing.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Waivers {
    /// Nobody who is trusted vouches for it.
    pub unknown_authority: bool,
    /// It is meant for another use than serving.
    pub wrong_usage: bool,
    /// It names another host.
    pub wrong_name: bool,
    /// It, or one that vouches for it, is not valid yet, or no longer.
    pub out_of_date: bool,
}

/// A range of bytes of a file.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// First byte, counted from 0.
    pub offset: u64,
    /// Bytes, at least 1; all that follow if there is none.
    pub length: Option<u64>,
}

/// HTTP headers: names and values. Values are never shown.
#[derive(Clone, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Headers(pub Vec<(String, String)>);

impl GetOptions {
    pub(super) fn check(&self) -> Result<(), TransferError> {
        if self.ranges.len() > RANGES_MAX {
            let got = self.ranges.len();
            return Err(usage(format!("options.ranges: {got} ranges, at most {RANGES_MAX} are allowed")));
        }
        self.ranges.iter().try_for_each(Span::check)?;
        sha256("options.phf_sha256", self.phf_sha256.as_deref())?;
        self.headers.check("options.headers")?;
        self.auth_headers.check("options.auth_headers")
    }
}

impl Span {
    fn check(&self) -> Result<(), TransferError> {
        let Self { offset, length } = *self;
        match length {
            Some(0) => Err(usage(format!("options.ranges: a range of no bytes at {offset}"))),
            Some(length) if offset.checked_add(length).is_none() => {
                Err(usage(format!("options.ranges: {length} bytes from {offset} on are beyond 64 bits")))
            }
            _ => Ok(()),
        }
    }
}

impl Headers {
    /// Says which header is wrong, never its value.
    fn check(&self, field: &str) -> Result<(), TransferError> {
        let (got, bytes) =
            (self.0.len(), self.0.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>());
        if got > HEADERS_MAX || bytes > HEADERS_BYTES_MAX {
            return Err(usage(format!(
                "{field}: {got} headers of {bytes} bytes, at most {HEADERS_MAX} of {HEADERS_BYTES_MAX} are allowed"
            )));
        }
        for (name, value) in &self.0 {
            if name.is_empty() || !name.bytes().all(is_token) {
                return Err(usage(format!("{field}: {name:?} is not the name of a header")));
            }
            if OURS.iter().any(|ours| ours.eq_ignore_ascii_case(name)) {
                return Err(usage(format!("{field}: {name} is set by the transfer itself")));
            }
            if !value.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t')) {
                return Err(usage(format!("{field}: the value of {name} is not printable ASCII")));
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Headers on which the transfer, its framing or its connection rest.
const OURS: [&str; 14] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "if-range",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut GetOptions)) -> String {
        let mut options = GetOptions::default();
        change(&mut options);
        options.check().unwrap_err().message
    }

    fn span(offset: u64, length: u64) -> Span {
        Span { offset, length: Some(length) }
    }

    fn headers(pairs: &[(&str, &str)]) -> Headers {
        Headers(pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect())
    }

    #[test]
    fn ranges_are_not_empty_and_end_within_64_bits() {
        let ranges = vec![span(5, 1), span(0, u64::MAX), Span { offset: u64::MAX, length: None }];
        assert_eq!(GetOptions { ranges, ..GetOptions::default() }.check(), Ok(()));
        assert_eq!(refused(|it| it.ranges = vec![span(7, 0)]), "options.ranges: a range of no bytes at 7");
        assert!(refused(|it| it.ranges = vec![span(2, u64::MAX - 1)]).contains("beyond 64 bits"));
        assert!(refused(|it| it.ranges = vec![span(0, 1); RANGES_MAX + 1]).contains("1025 ranges"));
        assert!(refused(|it| it.phf_sha256 = Some("ab".into())).starts_with("options.phf_sha256: "));
    }

    #[test]
    fn headers_cannot_break_out_of_their_line_nor_change_the_request() {
        let good = headers(&[("X-Token", "a b\t~"), ("Authorization", "Bearer x")]);
        assert_eq!(
            GetOptions { headers: good.clone(), auth_headers: good, ..GetOptions::default() }.check(),
            Ok(())
        );
        for (name, value, says) in [
            ("", "x", "\"\" is not the name"),
            ("a b", "x", "\"a b\" is not the name"),
            ("a\r\nb", "x", "is not the name"),
            ("x", "secret\r\nHost: evil", "the value of x is not printable ASCII"),
            ("x", "sécret", "the value of x"),
            ("rAnGe", "bytes=0-", "rAnGe is set by the transfer itself"),
        ] {
            for message in [
                refused(|it| it.headers = headers(&[(name, value)])),
                refused(|it| it.auth_headers = headers(&[(name, value)])),
            ] {
                assert!(message.contains(says), "{message}");
                assert!(!message.contains("cret"), "{message}");
            }
        }
        assert!(refused(|it| it.headers = headers(&[("x", "y"); HEADERS_MAX + 1])).contains("33 headers"));
        let long = "v".repeat(HEADERS_BYTES_MAX);
        assert!(refused(|it| it.headers = headers(&[("x", &long)])).contains("8193 bytes"));
    }

    #[test]
    fn values_are_never_shown() {
        let options = GetOptions { headers: headers(&[("X-Token", "secret")]), ..GetOptions::default() };
        let shown = format!("{options:?}");
        assert!(shown.contains("X-Token") && !shown.contains("secret"), "{shown}");
    }
}
