//! The shared client: connections, timeouts, redirects. Knows nothing of ranges.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Response, StatusCode};
use tokio::sync::OnceCell;
use url::{Host, Url};

use crate::classify::Attempt;
use crate::error::{FetchError, Phase};
use crate::heard::LastAnswer;
use crate::redact::Redacted;
use crate::redirect;
use crate::terms::Terms;
use crate::waivers::Waivers;

/// How patient the client is.
#[derive(Clone, Debug)]
pub struct OriginConfig {
    /// Longest wait for a connection, including name lookup and TLS handshake. Default: 10 s.
    pub connect_timeout: Duration,
    /// Longest silence before and between the bytes of a body. Default: 20 s. For the head of an answer the connect
    /// timeout comes on top, whether or not a new connection was needed.
    pub idle_timeout: Duration,
    /// How many redirects of one request are followed. Default: 10.
    pub redirects_max: usize,
}

impl Default for OriginConfig {
    fn default() -> Self {
        let s = Duration::from_secs;
        Self { connect_timeout: s(10), idle_timeout: s(20), redirects_max: 10 }
    }
}

/// A client for any number of origins. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Origin {
    shared: Arc<Shared>,
    terms: Option<Arc<Terms>>,
    listener: Option<Arc<LastAnswer>>,
}

struct Shared {
    config: OriginConfig,
    waivers: Waivers,
    /// One for each [`Route`], built when first needed.
    clients: [OnceCell<Client>; 3],
}

/// What a URL needs of a client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Route {
    /// The proxies of the environment, and certificates: a proxy may want them even for http.
    Network,
    /// No proxy, but certificates.
    LoopbackTls,
    /// Neither. Reading the certificates takes some milliseconds, as long as a small file.
    Loopback,
}

impl Origin {
    /// Does no work yet: certificates and proxy settings are read before the first request, off the async threads.
    pub fn new(config: OriginConfig) -> Self {
        Self { shared: Shared::new(config, Waivers::default()), terms: None, listener: None }
    }

    /// The same client and connections, on these terms. Where they waive something of certificates, the connections are
    /// others.
    #[must_use]
    pub fn with_terms(&self, terms: Terms) -> Self {
        let waivers = terms.waivers();
        let shared = match waivers == self.shared.waivers {
            true => Arc::clone(&self.shared),
            false => Shared::new(self.shared.config.clone(), waivers),
        };
        Self { shared, terms: Some(Arc::new(terms)), listener: self.listener.clone() }
    }

    /// The same client, connections and terms, with every answer noted there.
    #[must_use]
    pub fn heard_by(&self, listener: Arc<LastAnswer>) -> Self {
        Self { listener: Some(listener), ..self.clone() }
    }

    /// Sends a GET and follows redirects until there is an answer, whatever its status.
    pub(crate) async fn get(&self, url: &Url, headers: &HeaderMap) -> Result<Answered, FetchError> {
        redirect::check(url)?;
        let config = &self.shared.config;
        let mut attempt = Attempt { url: url.clone(), config: config.clone() };
        for _ in 0..=config.redirects_max {
            let unasked = self.terms.as_ref().filter(|terms| !terms.is_challenged());
            let mut response = self.send(&attempt, headers).await?;
            let is_challenge = response.status() == StatusCode::UNAUTHORIZED;
            if is_challenge && unasked.is_some_and(|terms| terms.on_challenge(&attempt.url)) {
                response = self.send(&attempt, headers).await?;
            }
            let Some(to) = redirect::location(response.status(), response.headers()) else {
                return Ok(Answered { attempt, response });
            };
            let downgrade = self.terms.as_ref().is_some_and(|terms| terms.follows_downgrades());
            attempt.url = redirect::next(&attempt.url, to, downgrade)?;
        }
        Err(FetchError::Redirects { limit: config.redirects_max })
    }

    async fn send(&self, attempt: &Attempt, headers: &HeaderMap) -> Result<Response, FetchError> {
        let client = self.client(&attempt.url).await;
        // The library takes user name and password out of the URL and sends them as a header.
        let mut headers = headers.clone();
        self.terms.iter().for_each(|terms| terms.add_to(&mut headers, &attempt.url));
        let request = client.get(attempt.url.clone()).headers(headers);
        let response = tokio::time::timeout(attempt.patience(Phase::Head), request.send())
            .await
            .map_err(|_| attempt.timeout(Phase::Head))?
            .map_err(|error| attempt.no_answer(&error))?;
        self.listener.iter().for_each(|listener| listener.note(&response));
        tracing::debug!(url = %Redacted(&attempt.url), status = response.status().as_u16(), "origin answered");
        Ok(response)
    }

    async fn client(&self, url: &Url) -> &Client {
        let route = Route::of(url);
        let (config, waivers) = (self.shared.config.clone(), self.shared.waivers);
        let build = move || build(&config, route, waivers);
        let client = self.shared.clients[route as usize].get_or_init(|| async {
            // It fails only in a runtime that is shutting down, where nobody minds a blocked thread.
            tokio::task::spawn_blocking(build.clone()).await.unwrap_or_else(|_| build())
        });
        client.await
    }
}

impl Shared {
    fn new(config: OriginConfig, waivers: Waivers) -> Arc<Self> {
        Arc::new(Self { config, waivers, clients: Default::default() })
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Origin").field(&self.shared.config).finish()
    }
}

/// The head of an answer, from where the redirects have led.
pub(crate) struct Answered {
    pub(crate) attempt: Attempt,
    pub(crate) response: Response,
}

impl Route {
    fn of(url: &Url) -> Self {
        let is_loopback = match url.host() {
            Some(Host::Ipv4(addr)) => addr.is_loopback(),
            Some(Host::Ipv6(addr)) => addr.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            None => false,
        };
        match (is_loopback, url.scheme()) {
            (false, _) => Self::Network,
            (true, "http") => Self::Loopback,
            (true, _) => Self::LoopbackTls,
        }
    }
}

/// Reads the system's certificates where the route needs them, and blocks meanwhile.
fn build(config: &OriginConfig, route: Route, waivers: Waivers) -> Client {
    let builder = || match route {
        Route::Network => builder(config),
        Route::LoopbackTls | Route::Loopback => builder(config).no_proxy(),
    };
    if route != Route::Loopback {
        let with_certificates: Result<Client, Box<dyn Error>> = match waivers.is_none() {
            true => builder().build().map_err(Into::into),
            false => waivers
                .into_config()
                .map_err(Into::into)
                .and_then(|config| builder().tls_backend_preconfigured(config).build().map_err(Into::into)),
        };
        match with_certificates {
            Ok(client) => return client,
            // A machine without any CA certificate can still speak plain http.
            Err(error) => {
                tracing::warn!(%error, "no https: install the CA certificates of this system");
            }
        }
    }
    let without = builder().tls_certs_only([]).build();
    without.expect("nothing in it is read from the system or can be malformed")
}

fn builder(config: &OriginConfig) -> ClientBuilder {
    let identity = HeaderValue::from_static("identity");
    Client::builder()
        .user_agent(concat!("swarmline/", env!("CARGO_PKG_VERSION")))
        .default_headers(HeaderMap::from_iter([(ACCEPT_ENCODING, identity)]))
        .redirect(Policy::none())
        .connect_timeout(config.connect_timeout)
        .tcp_nodelay(true)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
        .pool_idle_timeout(IDLE_CONNECTION_AGE_MAX)
        .http2_initial_stream_window_size(H2_STREAM_WINDOW)
        .http2_initial_connection_window_size(H2_CONNECTION_WINDOW)
        // Dropping a silent fetch does not close a shared connection; an unanswered ping does, in time for the next.
        .http2_keep_alive_interval(config.idle_timeout / 2)
        .http2_keep_alive_timeout(config.idle_timeout / 2)
}

/// Most idle connections that are kept per host: as many as the lane fetches pieces at once, and some.
const IDLE_CONNECTIONS_MAX: usize = 8;
/// How long an idle connection is kept; origins close theirs after 5 to 75 s.
const IDLE_CONNECTION_AGE_MAX: Duration = Duration::from_secs(60);
/// Bytes in flight of one HTTP/2 fetch: 500 Mbit/s over 30 ms.
const H2_STREAM_WINDOW: u32 = 2 << 20;
/// Bytes in flight of all fetches over one HTTP/2 connection.
const H2_CONNECTION_WINDOW: u32 = 8 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_goes_without_proxies() {
        let route = |url: &str| Route::of(&Url::parse(url).unwrap());
        for host in ["127.0.0.1:1", "127.8.8.8", "[::1]", "localhost", "a.localhost"] {
            assert_eq!(route(&format!("http://{host}/")), Route::Loopback, "{host}");
            assert_eq!(route(&format!("https://{host}/")), Route::LoopbackTls, "{host}");
        }
        for host in ["10.0.0.1", "localhost.example.com", "[::2]", "mylocalhost"] {
            assert_eq!(route(&format!("http://{host}/")), Route::Network, "{host}");
        }
    }

    #[test]
    fn a_machine_without_certificates_still_gets_a_client() {
        assert!(builder(&OriginConfig::default()).tls_certs_only([]).build().is_ok());
    }
}
