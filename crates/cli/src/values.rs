//! What people type, as types: each parser accepts exactly what its help says and names the way out.

use std::str::FromStr;
use std::time::Duration;

use swarmline_types::{PieceLayout, Rate, parse_duration, parse_size};
use url::Url;

/// A limit on a rate: `unlimited` and `0` mean none.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Limit(pub(crate) Option<Rate>);

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Rate::parse_limit(text).map(Self).map_err(|error| format!("{error}, or unlimited"))
    }
}

/// How long `get` serves others after its file is complete.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum ServeFor {
    /// As long as a connected peer still lacks something, at most [`ServeFor::NEEDED_MAX`].
    #[default]
    Needed,
    /// This long, whoever comes.
    Span(Duration),
    /// Until a signal comes.
    Forever,
}

impl ServeFor {
    /// The longest that a download keeps its caller waiting for others unasked: 60 s.
    pub(crate) const NEEDED_MAX: Duration = Duration::from_secs(60);
}

impl FromStr for ServeFor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            "forever" => Ok(Self::Forever),
            text => parse_duration(text).map(Self::Span).map_err(|error| format!("{error}, or forever")),
        }
    }
}

/// Where a piece hash file is: `http://` and `https://` begin an address, everything else is a path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum FileOrUrl {
    File(std::path::PathBuf),
    Url(Url),
}

impl FromStr for FileOrUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let lower = text.to_ascii_lowercase();
        if lower.starts_with("http://") || lower.starts_with("https://") {
            return web_address(text).map(Self::Url);
        }
        Ok(Self::File(text.into()))
    }
}

/// An http or https address.
pub(crate) fn web_address(text: &str) -> Result<Url, String> {
    let example = "write it like https://example.org/file.iso";
    let url: Url = text.parse().map_err(|error| format!("{error}; {example}"))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        other => Err(format!("{other} cannot be fetched, only http and https; {example}")),
    }
}

/// A piece size: a power of two from 16 KiB to 16 MiB.
pub(crate) fn piece_size(text: &str) -> Result<u32, String> {
    let size = parse_size(text).map_err(|error| error.to_string())?;
    let refused = || format!("{size} is not a power of two from 16KiB to 16MiB");
    let size = u32::try_from(size).map_err(|_| refused())?;
    PieceLayout::new(0, size).map(|layout| layout.piece_size()).map_err(|_| refused())
}

/// SHA-256 in hexadecimal, in lower case.
pub(crate) fn sha256(text: &str) -> Result<String, String> {
    if text.len() == 64 && text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(text.to_ascii_lowercase());
    }
    Err("64 hexadecimal digits are needed, as sha256sum prints them".into())
}

/// A span of time that is not 0.
pub(crate) fn some_time(text: &str) -> Result<Duration, String> {
    match parse_duration(text) {
        Ok(Duration::ZERO) => Err("must be longer than 0".into()),
        Ok(span) => Ok(span),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_limit_has_two_spellings() {
        assert_eq!("unlimited".parse(), Ok(Limit(None)));
        assert_eq!("0".parse(), Ok(Limit(None)));
        assert_eq!("8mbit".parse(), Ok(Limit(Rate::bytes_per_s(1_000_000))));
        let error = "fast".parse::<Limit>().unwrap_err();
        assert!(error.contains("\"fast\" is not a rate") && error.ends_with("or unlimited"), "{error}");
    }

    #[test]
    fn serving_ends_at_once_after_a_span_or_never() {
        assert_eq!("0".parse(), Ok(ServeFor::Span(Duration::ZERO)));
        assert_eq!("2m".parse(), Ok(ServeFor::Span(Duration::from_secs(120))));
        assert_eq!("forever".parse(), Ok(ServeFor::Forever));
        assert!("ever".parse::<ServeFor>().unwrap_err().ends_with("or forever"));
    }

    #[test]
    fn an_address_and_a_path_are_told_apart() {
        assert!(matches!("HTTPS://a/b".parse(), Ok(FileOrUrl::Url(_))));
        assert!(matches!("a/http.phf".parse(), Ok(FileOrUrl::File(_))));
        assert!("http://".parse::<FileOrUrl>().is_err());
        assert!(web_address("ftp://a/b").unwrap_err().starts_with("ftp cannot be fetched"));
        assert!(web_address("example.org/file").is_err());
    }

    #[test]
    fn piece_sizes_keep_to_their_bounds() {
        assert_eq!(piece_size("1MiB"), Ok(1 << 20));
        assert_eq!(piece_size("16KiB"), Ok(1 << 14));
        for refused in ["0", "8KiB", "3MiB", "32MiB", "1TiB"] {
            assert!(piece_size(refused).unwrap_err().contains("power of two"), "{refused}");
        }
    }

    #[test]
    fn a_hash_has_64_digits_of_either_case() {
        assert_eq!(sha256(&"AB".repeat(32)), Ok("ab".repeat(32)));
        assert!(sha256(&"ab".repeat(31)).is_err());
        assert!(sha256(&"xy".repeat(32)).is_err());
        assert!(sha256(&"é".repeat(32)).is_err());
    }
}
