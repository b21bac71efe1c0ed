//! An HTTP/1.1 server on loopback that counts, keeps to a rate, and misbehaves when told to.
//!
//! Written on the bare socket: a proper HTTP library would refuse to send most of what the faults ask for.
//! It knows GET and HEAD, keep-alive, single ranges, If-Range, ETag and Last-Modified. Nothing more.

mod fault;
mod pace;
mod request;

mod plan;
mod state;

mod serve;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use swarmline_types::Rate;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::content::Content;

pub use fault::{Fault, Rule};
pub use request::Request;
pub use state::Counts;

/// How long a test waits for the origin before it fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A scripted origin. Dropping it closes its port and every connection.
///
/// Paths are compared as they stand in the request line, without their query.
#[derive(Debug)]
pub struct TestOrigin {
    addr: SocketAddr,
    state: Arc<state::State>,
    accepting: JoinHandle<()>,
}

impl TestOrigin {
    /// Serves `content` at `/file` on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn start(content: impl Into<Content>) -> Self {
        let origin = Self::empty().await;
        origin.put("/file", content);
        origin
    }

    /// Serves nothing yet.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn empty() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("loopback has a free port");
        let addr = listener.local_addr().expect("a bound socket has an address");
        let state = Arc::new(state::State::default());
        let accepting = tokio::spawn(serve::accept(listener, state.clone()));
        Self { addr, state, accepting }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The URL of `/file`.
    pub fn url(&self) -> String {
        self.url_of("/file")
    }

    /// The URL of a path, which begins with a slash.
    pub fn url_of(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// Serves `content` at `path` from the next request on, with a new ETag and Last-Modified.
    ///
    /// Answers already begun go on with what they began with, as from a file that was replaced.
    pub fn put(&self, path: &str, content: impl Into<Content>) {
        self.state.put(path, content.into());
    }

    /// Answers 404 at `path` from the next request on.
    pub fn remove(&self, path: &str) {
        self.state.remove(path);
    }

    /// Adds a fault to a path, from the next request on. All faults of a path act together.
    pub fn inject(&self, path: &str, rule: impl Into<Rule>) {
        self.state.inject(path, rule.into());
    }

    /// Takes all faults from a path, from the next request on.
    pub fn heal(&self, path: &str) {
        self.state.heal(path);
    }

    /// Shares `rate` among all connections, as a WAN link does; `None`, the default, lifts the limit.
    ///
    /// A token bucket over the bytes of bodies, one slice of about 10 ms per connection in turn.
    pub fn limit(&self, rate: Option<Rate>) {
        self.state.pace.limit(rate);
    }

    /// What has been asked and sent at a path so far. Requests for files that do not exist count too.
    pub fn counts(&self, path: &str) -> Counts {
        self.state.counts(path)
    }

    /// What has been asked and sent at all paths together.
    pub fn total(&self) -> Counts {
        self.state.total()
    }

    /// The newest request for a path.
    pub fn last_request(&self, path: &str) -> Option<Request> {
        self.state.last_request(path)
    }

    /// How many connections have been accepted so far.
    pub fn connections(&self) -> u64 {
        self.state.connections()
    }

    /// Waits until the counts of a path are as wished. This is how a test waits for a moment of a transfer.
    ///
    /// # Panics
    /// When they are not within a minute.
    pub async fn until(&self, path: &str, wish: impl Fn(Counts) -> bool) {
        self.wait(path, || wish(self.counts(path))).await;
    }

    /// Waits until no answer of a path is under way: every one is complete, or its client has left.
    ///
    /// # Panics
    /// When that does not happen within a minute.
    pub async fn until_idle(&self, path: &str) {
        self.wait(path, || self.state.is_idle(path)).await;
    }

    async fn wait(&self, path: &str, wish: impl Fn() -> bool) {
        let reached = async {
            loop {
                let changed = self.state.changed.notified();
                if wish() {
                    return;
                }
                changed.await;
            }
        };
        let late = tokio::time::timeout(PATIENCE, reached).await.is_err();
        assert!(!late, "{path} is still at {:?} after {PATIENCE:?}", self.counts(path));
    }
}

impl Drop for TestOrigin {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

#[cfg(test)]
mod tests;
