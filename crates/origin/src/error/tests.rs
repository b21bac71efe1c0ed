//! Every text once, to be read aloud.

use super::*;
use crate::version::Validator;

fn status(status: u16) -> FetchError {
    FetchError::Status { status, range: ByteRange::new(0, 1 << 20), retry_after: None }
}

fn version(tag: &str, len: u64) -> Box<Version> {
    let validator: Validator = tag.parse().unwrap();
    Box::new(Version { validator: Some(validator), len: Some(len) })
}

fn timeout(phase: Phase, after_s: u64) -> FetchError {
    FetchError::Timeout { host: "example.com".into(), phase, after: Duration::from_secs(after_s) }
}

#[test]
fn texts_say_what_happened_and_what_to_do() {
    let host = || "example.com:8443".to_owned();
    let source = || io::Error::other("cause");
    let want = ByteRange::new(0, 1 << 20).unwrap();
    let whole = FetchError::Status { status: 404, range: None, retry_after: None };
    let texts = [
        (
            FetchError::Url { url: "ftp://example.com/a".into() },
            "cannot fetch ftp://example.com/a: only http and https URLs work",
        ),
        (
            FetchError::Connect { host: host(), source: source() },
            "could not reach example.com:8443; check the address, the network and the proxy settings",
        ),
        (
            FetchError::Tls { host: host(), source: rustls::Error::DecryptError },
            "no secure connection to example.com:8443; check the URL, the clock and the CA certificates of this \
             machine",
        ),
        (
            timeout(Phase::Connect, 10),
            "example.com accepted no connection within 10s; it may be overloaded, or the network down",
        ),
        (
            timeout(Phase::Head, 20),
            "example.com sent no answer within 20s; it may be overloaded, or the network down",
        ),
        (
            timeout(Phase::Body, 20),
            "example.com sent no further byte within 20s; it may be overloaded, or the network down",
        ),
        (
            FetchError::Protocol { host: host(), source: source() },
            "example.com:8443 sent no proper HTTP; check the URL and the proxy settings",
        ),
        (
            FetchError::Redirects { limit: 10 },
            "gave up after 10 redirects; the origin seems to send us in a circle",
        ),
        (
            FetchError::Downgrade { host: host() },
            "the origin redirects from https to http at example.com:8443, which is not followed; use a URL that \
             stays with https",
        ),
        (whole, "the origin answered 404; check the URL"),
        (
            status(403),
            "the origin answered 403 to a request for bytes 0-1048575; check user name, password and permission",
        ),
        (
            status(407),
            "the origin answered 407 to a request for bytes 0-1048575; put the proxy's user name and password into \
             HTTP_PROXY or HTTPS_PROXY",
        ),
        (status(503), "the origin answered 503 to a request for bytes 0-1048575; it may work later"),
        (status(416), "the origin answered 416 to a request for bytes 0-1048575"),
        (
            FetchError::Encoding { encoding: "gzip".into() },
            "the origin insists on content encoding \"gzip\"; ask its operator to serve the file as it is",
        ),
        (
            FetchError::ContentRange { want, got: Some("bytes 5-9/10".into()) },
            "the origin sent \"bytes 5-9/10\" instead of bytes 0-1048575; it, or a proxy on the way, does not serve \
             ranges properly",
        ),
        (
            FetchError::ContentRange { want, got: None },
            "the origin sent an unnamed range instead of bytes 0-1048575; it, or a proxy on the way, does not serve \
             ranges properly",
        ),
        (
            FetchError::Changed { old: version("\"a\"", 10), new: version("\"b\"", 11) },
            "the file changed at the origin: it was 10 bytes, \"a\", and is now 11 bytes, \"b\"",
        ),
        (FetchError::Short { want: 100, got: 99 }, "the origin sent 99 bytes of 100"),
        (FetchError::Long { want: 100 }, "the origin sent more than the 100 bytes asked for"),
        (FetchError::Long { want: 1 }, "the origin sent more than the byte asked for"),
        (
            FetchError::TooLarge { limit: 100 },
            "the file at the origin is larger than the 100 bytes allowed here",
        ),
        (FetchError::Broken { got: 5, source: source() }, "the connection to the origin broke after 5 bytes"),
    ];
    for (error, text) in texts {
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn an_answer_of_something_else_contradicts_and_passes_not() {
    let changed = FetchError::Changed { old: version("\"a\"", 10), new: version("\"b\"", 11) };
    for error in [changed, FetchError::Long { want: 1 }] {
        assert!(error.is_contradiction() && !error.is_transient(), "{error}");
    }
    let short = FetchError::Short { want: 2, got: 1 };
    assert!(short.is_transient() && !short.is_contradiction());
}

#[test]
fn a_bad_certificate_stays_bad_and_a_garbled_handshake_may_not() {
    let transient = |source| FetchError::Tls { host: String::new(), source }.is_transient();
    assert!(!transient(rustls::CertificateError::Expired.into()));
    assert!(transient(rustls::Error::DecryptError));
}
