//! What goes along with the requests of one download: headers of its own, and how far redirects are trusted.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::waivers::Waivers;

/// Headers and leniency of one download. Clones of an [`Origin`](crate::Origin) that was given them share what they
/// have learnt.
pub struct Terms {
    /// The only scheme, host and port that see the headers.
    origin: url::Origin,
    is_https: bool,
    headers: HeaderMap,
    /// For a server that asks who it is.
    auth: HeaderMap,
    /// It has asked.
    is_challenged: AtomicBool,
    /// A redirect from https to http is followed.
    downgrade: bool,
    waivers: Waivers,
}

impl Terms {
    /// Headers for the origin of `url`: those of `headers` with every request, those of `auth` over https once it has
    /// answered 401. `downgrade`: whether redirects from https to http are followed. `None` if a name or a value cannot
    /// stand in HTTP.
    pub fn new(
        url: &Url,
        headers: &[(String, String)],
        auth: &[(String, String)],
        downgrade: bool,
    ) -> Option<Self> {
        let (headers, auth) = (map(headers)?, map(auth)?);
        let (is_https, waivers) = (url.scheme() == "https", Waivers::default());
        Some(Self {
            origin: url.origin(),
            is_https,
            headers,
            auth,
            is_challenged: false.into(),
            downgrade,
            waivers,
        })
    }

    /// The same, with this let pass of certificates, wherever redirects lead.
    #[must_use]
    pub fn waiving(self, waivers: Waivers) -> Self {
        Self { waivers, ..self }
    }

    pub(crate) fn waivers(&self) -> Waivers {
        self.waivers
    }

    pub(crate) fn follows_downgrades(&self) -> bool {
        self.downgrade
    }

    /// Puts beside `headers` what goes to this URL.
    pub(crate) fn add_to(&self, headers: &mut HeaderMap, url: &Url) {
        if url.origin() != self.origin {
            return;
        }
        headers.extend(self.headers.clone());
        if self.is_https && self.is_challenged() {
            headers.extend(self.auth.clone());
        }
    }

    /// Whether it is told already who asks.
    pub(crate) fn is_challenged(&self) -> bool {
        self.is_challenged.load(Ordering::Relaxed)
    }

    /// The server of this URL asks who it is. `true` if there is an answer to that, which goes along from now on.
    pub(crate) fn on_challenge(&self, url: &Url) -> bool {
        let may_answer = self.is_https && url.origin() == self.origin && !self.auth.is_empty();
        self.is_challenged.fetch_or(may_answer, Ordering::Relaxed);
        may_answer
    }
}

impl fmt::Debug for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terms")
            .field("headers", &self.headers.len())
            .field("auth", &self.auth.len())
            .field("downgrade", &self.downgrade)
            .field("waivers", &self.waivers)
            .finish_non_exhaustive()
    }
}

fn map(headers: &[(String, String)]) -> Option<HeaderMap> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let mut value = HeaderValue::from_str(value).ok()?;
        value.set_sensitive(true);
        map.append(HeaderName::from_bytes(name.as_bytes()).ok()?, value);
    }
    Some(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn terms(of: &str) -> Terms {
        let pair = |name: &str| vec![(name.to_owned(), "secret".to_owned())];
        Terms::new(&url(of), &pair("x-token"), &pair("authorization"), false).unwrap()
    }

    fn sent(terms: &Terms, to: &str) -> String {
        let mut headers = HeaderMap::new();
        terms.add_to(&mut headers, &url(to));
        let mut names: Vec<_> = headers.keys().map(ToString::to_string).collect();
        names.sort();
        names.join(" ")
    }

    #[test]
    fn headers_go_to_their_origin_and_nowhere_else() {
        let terms = terms("https://h/file");
        assert_eq!(sent(&terms, "https://h:443/other"), "x-token");
        for other in ["https://g/file", "https://h:444/file", "http://h/file"] {
            assert_eq!(sent(&terms, other), "", "{other}");
        }
    }

    #[test]
    fn who_it_is_is_told_only_when_asked_and_only_over_https() {
        let https = terms("https://h/file");
        assert_eq!(sent(&https, "https://h/file"), "x-token");
        assert!(!https.on_challenge(&url("https://g/file")) && !https.is_challenged());
        assert!(https.on_challenge(&url("https://h/file")) && https.is_challenged());
        assert_eq!(sent(&https, "https://h/file"), "authorization x-token");
        let http = terms("http://h/file");
        assert!(!http.on_challenge(&url("http://h/file")));
        assert_eq!(sent(&http, "http://h/file"), "x-token");
    }

    #[test]
    fn what_cannot_stand_in_a_header_makes_no_terms_and_values_are_not_shown() {
        let pair = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        for bad in [pair("a b", "x"), pair("a", "x\r\ny")] {
            assert!(Terms::new(&url("http://h/"), &bad, &[], false).is_none());
        }
        assert!(!format!("{:?}", terms("http://h/")).contains("secret"));
    }
}
