//! Connections that do not come about, and what the user reads then.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::thread;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use swarmline_origin::{Phase, Terms, Waivers};
use swarmline_testkit::{Fault, TestOrigin};

use super::*;

/// A port that listens, and its `https://127.0.0.1:PORT/`.
fn listener() -> (TcpListener, Url) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, url(&format!("https://127.0.0.1:{port}/")))
}

/// A server that vouches for itself.
fn self_signed() -> Arc<rustls::ServerConfig> {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("data/self_signed.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("data/self_signed.pem")).unwrap();
    let config = rustls::ServerConfig::builder().with_no_client_auth();
    Arc::new(config.with_single_cert(vec![certificate], key).unwrap())
}

/// Everything that a user or a log could get to see of an error.
fn all_texts(error: &FetchError) -> String {
    let mut texts = format!("{error}\n{error:?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        texts += &format!("\n{error}\n{error:?}");
        cause = error.source();
    }
    texts
}

#[tokio::test]
async fn nobody_listening_is_told_with_host_and_cause() {
    let origin = TestOrigin::empty().await;
    let (addr, at) = (origin.addr().to_string(), url(&origin.url()));
    drop(origin);
    let error = client().probe(&at).await.unwrap_err();
    let FetchError::Connect { host, source } = &error else { panic!("{error:?}") };
    assert_eq!((host, source.kind()), (&addr, std::io::ErrorKind::ConnectionRefused));
    assert!(error.is_transient());
}

#[tokio::test]
async fn a_handshake_without_answer_is_a_connect_timeout() {
    // The system completes the TCP connection; nobody ever reads it.
    let (_silent, at) = listener();
    let error = impatient().probe(&at).await.unwrap_err();
    assert!(matches!(error, FetchError::Timeout { phase: Phase::Connect, after: SILENCE, .. }), "{error:?}");
    assert!(error.is_transient());
}

#[tokio::test]
async fn an_answer_in_clear_is_no_secure_connection() {
    let (listener, at) = listener();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        stream
    });
    let error = client().probe(&at).await.unwrap_err();
    assert!(matches!(error, FetchError::Tls { .. }) && error.is_transient(), "{error:?}");
    server.join().unwrap();
}

#[tokio::test]
async fn an_unknown_certificate_is_refused_for_good() {
    let (listener, at) = listener();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut tls = rustls::ServerConnection::new(self_signed()).unwrap();
        while tls.is_handshaking() && tls.complete_io(&mut stream).is_ok() {}
        assert!(tls.is_handshaking(), "the client must not trust us");
    });
    let error = client().probe(&at).await.unwrap_err();
    assert!(
        matches!(&error, FetchError::Tls { source: rustls::Error::InvalidCertificate(_), .. }),
        "{error:?}"
    );
    assert!(!error.is_transient());
    server.join().unwrap();
}

#[tokio::test]
async fn what_is_waived_of_a_certificate_does_not_keep_from_fetching() {
    let (listener, at) = listener();
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut tls = rustls::StreamOwned::new(rustls::ServerConnection::new(self_signed()).unwrap(), stream);
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            tls.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        tls.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbytes").unwrap();
        tls.conn.send_close_notify();
        tls.flush().unwrap();
    });
    let waivers = Waivers { unknown_authority: true, wrong_name: true, ..Waivers::default() };
    let terms = Terms::new(&at, &[], &[], false).unwrap().waiving(waivers);
    assert_eq!(client().with_terms(terms).get_small(&at, 5).await.unwrap(), b"bytes");
    server.join().unwrap();
}

#[tokio::test]
async fn other_schemes_are_refused_before_anything_is_sent() {
    for text in ["ftp://127.0.0.1/a", "file:///etc/passwd", "mailto:ann@example.com"] {
        let error = client().probe(&url(text)).await.unwrap_err();
        assert!(matches!(&error, FetchError::Url { .. }) && !error.is_transient(), "{error:?}");
    }
}

#[tokio::test]
async fn no_error_tells_a_secret() {
    let origin = TestOrigin::start(b"x".as_slice()).await;
    let secret = |at: &str| url(&format!("{at}?sig=zebra&zebra").replace("://", "://zebra:zebra@"));
    let gone = TestOrigin::empty().await.url();
    let (_silent, silent) = listener();
    let mut errors = Vec::new();
    for at in [gone.as_str(), silent.as_str(), "ftp://127.0.0.1/"] {
        errors.push(impatient().probe(&secret(at)).await.unwrap_err());
    }
    for fault in [
        Fault::status(404),
        Fault::HangBeforeHeaders,
        Fault::HangAfter(0),
        Fault::Garbage,
        Fault::CloseBeforeHeaders,
        Fault::CloseAfter(0),
        Fault::Encoding("gzip".into()),
        Fault::ContentRange(None),
        Fault::Redirect("/file".into()),
        Fault::Redirect("ftp://zebra@127.0.0.1/?zebra".into()),
        Fault::Redirect("http://zebra:zebra@/".into()),
    ] {
        origin.heal("/file");
        origin.inject("/file", fault);
        errors.push(impatient().probe(&secret(&origin.url())).await.unwrap_err());
    }
    for error in &errors {
        assert!(!all_texts(error).contains("zebra"), "{}", all_texts(error));
    }

    origin.heal("/file");
    let request = FetchRequest { url: secret(&origin.url()), ..request(&origin, Some(range(0, 1))) };
    let info = client().probe(&request.url).await.unwrap();
    let fetch = client().fetch(request.clone()).await.unwrap();
    for shown in [format!("{request:?}"), format!("{info:?}"), format!("{fetch:?}")] {
        assert!(shown.contains("sig=***") && !shown.contains("zebra"), "{shown}");
    }
}
