//! Why an attempt failed, and what the caller may do about it.

use std::fmt;
use std::io;
use std::time::Duration;

use swarmline_types::ByteRange;

use crate::version::Version;

/// Why a fetch from the origin failed, and what the caller may do about it.
///
/// The texts are for users. None holds a user name, a password or a value from a query.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The URL cannot be fetched at all.
    #[error("cannot fetch {url}: only http and https URLs work")]
    Url {
        /// The URL, redacted.
        url: String,
    },
    /// No connection came about: name not found, refused, unreachable.
    #[error("could not reach {host}; check the address, the network and the proxy settings")]
    Connect {
        /// Host and port.
        host: String,
        /// What the system said.
        source: io::Error,
    },
    /// The connection could not be made safe.
    #[error(
        "no secure connection to {host}; check the URL, the clock and the CA certificates of this machine"
    )]
    Tls {
        /// Host and port.
        host: String,
        /// What was wrong.
        source: rustls::Error,
    },
    /// The origin was silent for too long.
    #[error("{host} {phase} within {after:?}; it may be overloaded, or the network down")]
    Timeout {
        /// Host and port.
        host: String,
        /// What was waited for.
        phase: Phase,
        /// How long.
        after: Duration,
    },
    /// What came is not HTTP.
    #[error("{host} sent no proper HTTP; check the URL and the proxy settings")]
    Protocol {
        /// Host and port.
        host: String,
        /// What was wrong.
        source: io::Error,
    },
    /// More redirects than are followed: most likely a circle.
    #[error("gave up after {limit} redirects; the origin seems to send us in a circle")]
    Redirects {
        /// How many are followed.
        limit: usize,
    },
    /// A redirect from https to http.
    #[error(
        "the origin redirects from https to http at {host}, which is not followed; use a URL that stays with https"
    )]
    Downgrade {
        /// Where it would lead: host and port.
        host: String,
    },
    /// A status that is no success.
    #[error("the origin answered {status}{}{}", AskedFor(*range), advice(*status))]
    Status {
        /// The status code.
        status: u16,
        /// The range that was asked for.
        range: Option<ByteRange>,
        /// How long the origin wants to be left alone; at most an hour.
        retry_after: Option<Duration>,
    },
    /// The body is coded, although we asked for it as it is.
    #[error(
        "the origin insists on content encoding {encoding:?}; ask its operator to serve the file as it is"
    )]
    Encoding {
        /// The coding, at most its first 60 characters.
        encoding: String,
    },
    /// Another range than the one asked for, or none.
    #[error(
        "the origin sent {} instead of bytes {want}; it, or a proxy on the way, does not serve ranges properly",
        Named(got.as_deref())
    )]
    ContentRange {
        /// The range that was asked for.
        want: ByteRange,
        /// The `Content-Range` that came, at most its first 60 characters.
        got: Option<String>,
    },
    /// The file is not the one the caller knows.
    #[error("the file changed at the origin: it was {old}, and is now {new}")]
    Changed {
        /// What the caller knew.
        old: Box<Version>,
        /// What the origin serves now.
        new: Box<Version>,
    },
    /// Fewer bytes than asked for or announced.
    #[error("the origin sent {got} bytes of {want}")]
    Short {
        /// Bytes asked for or announced.
        want: u64,
        /// Bytes that came or, if that is known beforehand, would come.
        got: u64,
    },
    /// More bytes than asked for or announced.
    #[error("the origin sent more than the {} asked for", Bytes(*want))]
    Long {
        /// Bytes asked for or announced.
        want: u64,
    },
    /// A small file is not small.
    #[error("the file at the origin is larger than the {limit} bytes allowed here")]
    TooLarge {
        /// Most bytes allowed.
        limit: u64,
    },
    /// The connection broke.
    #[error("the connection to the origin broke after {got} bytes")]
    Broken {
        /// Bytes of the body that had come.
        got: u64,
        /// What the system said.
        source: io::Error,
    },
}

/// What was waited for when time ran out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Phase {
    /// A connection, including its TLS handshake.
    Connect,
    /// The head of the answer.
    Head,
    /// The next bytes of the body.
    Body,
}

impl FetchError {
    /// Whether the same request may succeed later without a change on our side.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Status { status, .. } => matches!(status, 408 | 425 | 429 | 500..=599),
            Self::Connect { .. } | Self::Timeout { .. } | Self::Short { .. } | Self::Broken { .. } => true,
            // A middlebox can garble a handshake; it cannot make a bad certificate good.
            Self::Tls { source, .. } => {
                use rustls::Error::{InvalidCertificate, NoCertificatesPresented, PeerIncompatible};
                !matches!(source, InvalidCertificate(_) | NoCertificatesPresented | PeerIncompatible(_))
            }
            Self::Url { .. }
            | Self::Protocol { .. }
            | Self::Redirects { .. }
            | Self::Downgrade { .. }
            | Self::Encoding { .. }
            | Self::ContentRange { .. }
            | Self::Changed { .. }
            | Self::Long { .. }
            | Self::TooLarge { .. } => false,
        }
    }

    /// Whether the answer was of another file or range than the one asked for. One such may be a slip on the way, which
    /// the next request does not meet; a second one is what the origin has.
    pub fn is_contradiction(&self) -> bool {
        matches!(self, Self::Changed { .. } | Self::ContentRange { .. } | Self::Long { .. })
    }

    /// How long the origin wants to be left alone, if it says so; at most an hour.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The status, if that is what was wrong.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "accepted no connection",
            Self::Head => "sent no answer",
            Self::Body => "sent no further byte",
        })
    }
}

struct AskedFor(Option<ByteRange>);

impl fmt::Display for AskedFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |range| write!(f, " to a request for bytes {range}"))
    }
}

struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("byte"),
            bytes => write!(f, "{bytes} bytes"),
        }
    }
}

struct Named<'a>(Option<&'a str>);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(range) => write!(f, "{range:?}"),
            None => f.write_str("an unnamed range"),
        }
    }
}

fn advice(status: u16) -> &'static str {
    match status {
        401 | 403 => "; check user name, password and permission",
        404 | 410 => "; check the URL",
        407 => "; put the proxy's user name and password into HTTP_PROXY or HTTPS_PROXY",
        408 | 425 | 429 | 500..=599 => "; it may work later",
        _ => "",
    }
}

#[cfg(test)]
mod tests;
