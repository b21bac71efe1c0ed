//! Reads the HTTP library's errors: what broke, told apart by type and never by text.
//!
//! None of its errors leaves this crate: some hold the URL. What is kept is the innermost cause.

use std::error::Error;
use std::io;
use std::iter;
use std::time::Duration;

use url::Url;

use crate::client::OriginConfig;
use crate::error::{FetchError, Phase};
use crate::redact::host;

/// What an attempt was about, for the errors that end it.
#[derive(Clone)]
pub(crate) struct Attempt {
    pub(crate) url: Url,
    pub(crate) config: OriginConfig,
}

impl Attempt {
    /// How long to wait. The library keeps the time of a new connection, but does not tell when it stands: so the
    /// head of an answer gets the time of both.
    pub(crate) fn patience(&self, phase: Phase) -> Duration {
        match phase {
            Phase::Connect => self.config.connect_timeout,
            Phase::Head => self.config.connect_timeout + self.config.idle_timeout,
            Phase::Body => self.config.idle_timeout,
        }
    }

    /// Silence until a clock ran out.
    pub(crate) fn timeout(&self, phase: Phase) -> FetchError {
        FetchError::Timeout { host: host(&self.url), phase, after: self.patience(phase) }
    }

    /// A request that brought no answer.
    pub(crate) fn no_answer(&self, error: &reqwest::Error) -> FetchError {
        let host = host(&self.url);
        let parses = find::<hyper::Error>(error).is_none_or(|error| !error.is_parse());
        if error.is_timeout() {
            self.timeout(if error.is_connect() { Phase::Connect } else { Phase::Head })
        } else if let Some(source) = find::<rustls::Error>(error) {
            FetchError::Tls { host, source: source.clone() }
        } else if error.is_connect() {
            FetchError::Connect { host, source: root_cause(error) }
        } else if !parses {
            FetchError::Protocol { host, source: root_cause(error) }
        } else {
            FetchError::Broken { got: 0, source: root_cause(error) }
        }
    }

    /// A body that ended in an error after `got` bytes, when `want` were due.
    pub(crate) fn broken_body(&self, error: &reqwest::Error, want: Option<u64>, got: u64) -> FetchError {
        if error.is_timeout() {
            return self.timeout(Phase::Body);
        }
        match want {
            Some(want) if got < want && is_early_end(error) => FetchError::Short { want, got },
            _ => FetchError::Broken { got, source: root_cause(error) },
        }
    }
}

/// Whether the origin closed the connection in the middle, as opposed to a network that broke.
fn is_early_end(error: &reqwest::Error) -> bool {
    let closed = |error: &io::Error| error.kind() == io::ErrorKind::UnexpectedEof;
    find::<io::Error>(error).is_some_and(closed)
        || find::<hyper::Error>(error).is_some_and(hyper::Error::is_incomplete_message)
}

/// An error and its causes, outermost first.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |error| cause(*error))
}

/// Steps into an `io::Error` too, which hides what it was made from.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    chain(error).find_map(|error| error.downcast_ref())
}

/// The innermost cause, which is what a user can act on: "connection refused", "name or service not known".
fn root_cause(error: &(dyn Error + 'static)) -> io::Error {
    let system = chain(error).filter_map(|error| error.downcast_ref::<io::Error>()).last();
    if let Some(code) = system.and_then(io::Error::raw_os_error) {
        return io::Error::from_raw_os_error(code);
    }
    let innermost = chain(error).last().map(ToString::to_string).unwrap_or_default();
    io::Error::new(system.map_or(io::ErrorKind::Other, io::Error::kind), innermost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_io_error_hides_is_found() {
        let tls = rustls::Error::HandshakeNotComplete;
        let wrapped = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, tls.clone()));
        assert_eq!(find::<rustls::Error>(&wrapped), Some(&tls));
        assert!(find::<rustls::Error>(&io::Error::other("no tls")).is_none());
    }

    #[test]
    fn the_root_cause_is_what_the_system_said() {
        let refused = io::Error::from_raw_os_error(111);
        let text = refused.to_string();
        assert_eq!(root_cause(&io::Error::other(refused)).to_string(), text);

        let named =
            io::Error::new(io::ErrorKind::NotFound, io::Error::new(io::ErrorKind::UnexpectedEof, "cut"));
        let cause = root_cause(&named);
        assert_eq!((cause.kind(), cause.to_string().as_str()), (io::ErrorKind::UnexpectedEof, "cut"));
    }
}
