//! URLs that may be shown and logged.

use std::fmt;

use url::Url;

/// Shows a URL without what may be a secret: user name, password, values in the query, fragment.
///
/// `https://ann:pw@example.com/a?sig=Zm9v&x` becomes `https://***@example.com/a?sig=***&***`.
#[derive(Clone, Copy)]
pub struct Redacted<'a>(pub &'a Url);

impl fmt::Display for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.0;
        write!(f, "{}:", url.scheme())?;
        if url.has_authority() {
            let secret = !url.username().is_empty() || url.password().is_some();
            write!(f, "//{}{}", if secret { "***@" } else { "" }, host(url))?;
        }
        f.write_str(url.path())?;
        let Some(query) = url.query() else { return Ok(()) };
        for (index, pair) in query.split('&').enumerate() {
            f.write_str(if index == 0 { "?" } else { "&" })?;
            match pair.split_once('=') {
                Some((key, _)) => write!(f, "{key}=***")?,
                None => f.write_str("***")?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Host and, unless it is the scheme's own, port; never user name or password.
pub(crate) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(url: &str) -> String {
        Redacted(&Url::parse(url).unwrap()).to_string()
    }

    #[test]
    fn what_is_no_secret_is_shown() {
        for url in ["https://example.com/a/b.iso", "http://[::1]:8080/", "ftp://example.com/x"] {
            assert_eq!(shown(url), url);
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        for (url, want) in [
            ("https://ann:pw@example.com/a", "https://***@example.com/a"),
            ("https://token@example.com/a", "https://***@example.com/a"),
            ("https://:pw@example.com/a", "https://***@example.com/a"),
            ("http://h:81/a?sig=pw&x=1&pw#pw", "http://h:81/a?sig=***&x=***&***"),
            ("http://h/a?sig=p=w&", "http://h/a?sig=***&***"),
        ] {
            assert_eq!(shown(url), want);
            assert_eq!(format!("{:?}", Redacted(&Url::parse(url).unwrap())), want);
        }
    }
}
