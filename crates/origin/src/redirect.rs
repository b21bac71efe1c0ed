//! Where a redirect leads, and whether it may be followed. Pure.

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, LOCATION};
use url::Url;

use crate::error::FetchError;
use crate::redact::{Redacted, host};
use crate::version::text;

/// The location that an answer redirects to; `None` if it is an answer in itself.
pub(crate) fn location(status: StatusCode, headers: &HeaderMap) -> Option<&str> {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308).then(|| text(headers, LOCATION))?
}

/// The URL to ask next. `downgrade`: it may lead from https to http.
pub(crate) fn next(from: &Url, location: &str, downgrade: bool) -> Result<Url, FetchError> {
    let nowhere = |_| FetchError::Url { url: format!("{} (a redirect to no URL)", Redacted(from)) };
    let mut next = from.join(location).map_err(nowhere)?;
    check(&next)?;
    if from.scheme() == "https" && next.scheme() == "http" && !downgrade {
        return Err(FetchError::Downgrade { host: host(&next) });
    }
    let same_origin = next.origin() == from.origin();
    if same_origin && next.username().is_empty() && next.password().is_none() {
        // Neither can fail on an http URL with a host, which `check` has made sure of.
        let _ = next.set_username(from.username());
        let _ = next.set_password(from.password());
    }
    next.set_fragment(None);
    Ok(next)
}

/// Refuses what is neither http nor https.
pub(crate) fn check(url: &Url) -> Result<(), FetchError> {
    match url.scheme() {
        "http" | "https" => Ok(()),
        _ => Err(FetchError::Url { url: Redacted(url).to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leads(from: &str, location: &str) -> Result<String, FetchError> {
        next(&Url::parse(from).unwrap(), location, false).map(String::from)
    }

    #[test]
    fn a_location_may_be_relative() {
        assert_eq!(leads("https://h/a/b?x=1", "c").unwrap(), "https://h/a/c");
        assert_eq!(leads("https://h/a/b", "/c?y=2#z").unwrap(), "https://h/c?y=2");
        assert_eq!(leads("http://h/a", "https://g/b").unwrap(), "https://g/b");
    }

    #[test]
    fn https_never_falls_back_to_http_unless_that_is_asked_for() {
        let error = leads("https://h/a", "http://ann:pw@g:81/b").unwrap_err();
        assert!(matches!(&error, FetchError::Downgrade { host } if host == "g:81"), "{error}");
        let next = next(&Url::parse("https://ann:pw@h/a").unwrap(), "http://h/b", true).unwrap();
        assert_eq!(next.as_str(), "http://h/b", "the password stays behind");
    }

    #[test]
    fn credentials_stay_within_their_origin() {
        assert_eq!(leads("http://ann:pw@h/a", "/b").unwrap(), "http://ann:pw@h/b");
        assert_eq!(leads("http://ann:pw@h/a", "http://h:80/b").unwrap(), "http://ann:pw@h/b");
        for other in ["http://h:81/b", "https://h/b", "http://g/b", "//g/b"] {
            let next = leads("http://ann:pw@h/a", other).unwrap();
            assert!(!next.contains("ann") && !next.contains("pw"), "{next}");
        }
    }

    #[test]
    fn other_schemes_and_nonsense_lead_nowhere() {
        for location in ["ftp://h/a", "file:///etc/passwd", "data:,x", "http://"] {
            let error = leads("http://h/a", location).unwrap_err();
            assert!(matches!(error, FetchError::Url { .. }), "{location}: {error}");
        }
    }
}
