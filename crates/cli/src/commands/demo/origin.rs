//! The origin of the demonstration: a web server with one file and its piece hash file, behind one slow line.

use std::convert::Infallible;
use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures::stream::{self, Stream};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderName, IF_RANGE, RANGE,
};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use swarmline_store::{HashError, hash_file};
use swarmline_types::{ContentId, PIECE_SIZE_DEFAULT, Rate};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};
use url::Url;

use super::link::Link;
use super::range::{Asked, asked};
use crate::exit::{Exit, Failure, with_causes};

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// A running origin. Dropping it closes its port and every connection.
#[derive(Debug)]
pub(super) struct Origin {
    addr: SocketAddr,
    shop: Arc<Shop>,
    accepting: JoinHandle<()>,
}

/// What it offers, and what it has sent.
#[derive(Debug)]
struct Shop {
    name: String,
    content: ContentId,
    file: Arc<Source>,
    phf: Arc<Source>,
    link: Arc<Link>,
    /// Bytes of all bodies that were handed to connections.
    sent: Arc<AtomicU64>,
}

/// Where the bytes of one resource come from.
#[derive(Debug)]
enum Source {
    File(File, u64),
    Memory(Bytes),
}

impl Origin {
    /// Hashes the file and serves it on a free port of loopback.
    pub(super) async fn start(file: &Path, wan: Rate) -> Result<Self, Failure> {
        let path = file.to_owned();
        let opened = tokio::task::spawn_blocking(move || open(&path, wan)).await;
        let shop = Arc::new(opened.map_err(|error| Failure::caused_by(Exit::Other, &error))??);
        let failed = |error: io::Error| {
            Failure::new(Exit::Other, format!("could not listen on loopback: {}", with_causes(&error)))
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shop)));
        Ok(Self { addr, shop, accepting })
    }

    pub(super) fn url(&self) -> Url {
        format!("http://{}{FILE_PATH}", self.addr).parse().expect("an address and a constant make a URL")
    }

    pub(super) fn file_name(&self) -> &str {
        &self.shop.name
    }

    pub(super) fn file_bytes(&self) -> u64 {
        self.shop.file.len()
    }

    /// Bytes of all bodies so far, the piece hash file's included.
    pub(super) fn sent_bytes(&self) -> u64 {
        self.shop.sent.load(Ordering::Relaxed)
    }

    /// The original, to compare with.
    pub(super) fn reader(&self) -> io::Result<File> {
        match &*self.shop.file {
            Source::File(file, _) => file.try_clone(),
            Source::Memory(_) => unreachable!("the file itself is never held in memory"),
        }
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Blocks for as long as hashing the file takes.
fn open(path: &Path, wan: Rate) -> Result<Shop, Failure> {
    let manifest = hash_file(path, PIECE_SIZE_DEFAULT, &|_| ()).map_err(|error| {
        let exit = if matches!(error, HashError::Layout { .. }) { Exit::Usage } else { Exit::Disk };
        Failure::caused_by(exit, &error)
    })?;
    let file = File::open(path)
        .map_err(|error| Failure::new(Exit::Disk, format!("could not open {}: {error}", path.display())))?;
    Ok(Shop {
        name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        content: manifest.content(),
        file: Arc::new(Source::File(file, manifest.layout().content_len())),
        phf: Arc::new(Source::Memory(manifest.to_phf().into())),
        link: Arc::new(Link::new(wan)),
        sent: Arc::default(),
    })
}

async fn accept(listener: TcpListener, shop: Arc<Shop>) {
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let serving = serve(stream, Arc::clone(&shop));
                connections.spawn(async move {
                    serving.await;
                    drop(slot);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the origin could not accept a connection");
                tokio::time::sleep(super::TICK).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, shop: Arc<Shop>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let response = shop.answer(&request);
        async move { Ok::<_, Infallible>(response) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection to the origin ended");
    }
}

impl Shop {
    fn answer(&self, request: &Request<Incoming>) -> Response<Body> {
        let source = match request.uri().path() {
            FILE_PATH => &self.file,
            PHF_PATH => &self.phf,
            _ => return empty(StatusCode::NOT_FOUND),
        };
        if request.method() != Method::GET && request.method() != Method::HEAD {
            return empty(StatusCode::METHOD_NOT_ALLOWED);
        }
        let header = |name: HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
        let etag = format!("\"{}\"", self.content.hex());
        let range = header(RANGE).filter(|_| header(IF_RANGE).is_none_or(|known| known == etag));
        let len = source.len();
        let response = Response::builder().header(ETAG, etag).header(ACCEPT_RANGES, "bytes");
        let (response, start, end) = match asked(range, len) {
            Asked::Whole => (response.status(StatusCode::OK), 0, len),
            Asked::Part(start, end) => {
                let range = format!("bytes {start}-{}/{len}", end - 1);
                (response.status(StatusCode::PARTIAL_CONTENT).header(CONTENT_RANGE, range), start, end)
            }
            Asked::Nothing => {
                let range = format!("bytes */{len}");
                (response.status(StatusCode::RANGE_NOT_SATISFIABLE).header(CONTENT_RANGE, range), 0, 0)
            }
        };
        let body = match *request.method() {
            Method::HEAD => Empty::new().map_err(|never| match never {}).boxed_unsync(),
            _ => StreamBody::new(self.send(source, start, end)).boxed_unsync(),
        };
        response
            .header(CONTENT_TYPE, "application/octet-stream")
            .header(CONTENT_LENGTH, end - start)
            .body(body)
            .expect("every header is made of numbers and hexadecimal digits")
    }

    /// The bytes of a body, at the pace of the line. Holds one turn in memory.
    fn send(
        &self,
        source: &Arc<Source>,
        start: u64,
        end: u64,
    ) -> impl Stream<Item = io::Result<Frame<Bytes>>> + use<> {
        let (source, link, sent) = (Arc::clone(source), Arc::clone(&self.link), Arc::clone(&self.sent));
        stream::try_unfold(start, move |at| {
            let (source, link, sent) = (Arc::clone(&source), Arc::clone(&link), Arc::clone(&sent));
            async move {
                let size = link.turn_bytes().min(end - at);
                if size == 0 {
                    return Ok(None);
                }
                let read = tokio::task::spawn_blocking(move || source.read(at, size)).await;
                let bytes = read.map_err(io::Error::other)??;
                link.carry(size).await;
                sent.fetch_add(size, Ordering::Relaxed);
                Ok(Some((Frame::data(bytes), at + size)))
            }
        })
    }
}

impl Source {
    fn len(&self) -> u64 {
        match self {
            Self::File(_, len) => *len,
            Self::Memory(bytes) => bytes.len() as u64,
        }
    }

    /// Bytes inside the source; blocks. At most one turn.
    fn read(&self, at: u64, size: u64) -> io::Result<Bytes> {
        let len = usize::try_from(size).map_err(io::Error::other)?;
        match self {
            Self::File(file, _) => {
                let mut bytes = vec![0; len];
                file.read_exact_at(&mut bytes, at)?;
                Ok(bytes.into())
            }
            Self::Memory(bytes) => {
                let start = usize::try_from(at).map_err(io::Error::other)?;
                Ok(bytes.slice(start..start + len))
            }
        }
    }
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Empty::new().map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = status;
    response
}

const FILE_PATH: &str = "/file";
const PHF_PATH: &str = "/file.phf";
/// Most connections at a time; more wait to be accepted. 64 nodes with all their requests need fewer.
const CONNECTIONS_MAX: usize = 2048;

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn origin(bytes: &[u8], bytes_per_s: u64) -> (Origin, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("big file");
        std::fs::write(&path, bytes).unwrap();
        (Origin::start(&path, Rate::bytes_per_s(bytes_per_s).unwrap()).await.unwrap(), dir)
    }

    /// Head and body of the answer.
    async fn ask(origin: &Origin, method: &str, path: &str, headers: &str) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect(origin.addr).await.unwrap();
        let request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        (String::from_utf8(answer[..end].to_vec()).unwrap().to_ascii_lowercase(), answer[end..].to_vec())
    }

    #[tokio::test]
    async fn it_serves_the_file_ranges_of_it_and_its_hashes_and_counts_all() {
        let bytes: Vec<u8> = (0..100_000u32).map(|at| (at % 251) as u8).collect();
        let (origin, _dir) = origin(&bytes, 1_000_000_000).await;
        let (head, body) = ask(&origin, "GET", "/file", "").await;
        assert!(head.starts_with("http/1.1 200 ") && head.contains("accept-ranges: bytes"), "{head}");
        assert_eq!(body, bytes);

        let (head, body) = ask(&origin, "GET", "/file", "Range: bytes=99990-\r\n").await;
        assert!(head.starts_with("http/1.1 206 "), "{head}");
        assert!(head.contains("content-range: bytes 99990-99999/100000"), "{head}");
        assert_eq!(body, bytes[99_990..]);
        assert_eq!(origin.sent_bytes(), 100_010);

        let (_, phf) = ask(&origin, "GET", "/file.phf", "").await;
        let manifest = swarmline_proto::Manifest::parse_phf(&phf).unwrap();
        assert_eq!(manifest.content(), origin.shop.content);
        assert_eq!(origin.sent_bytes(), 100_010 + phf.len() as u64);
    }

    #[tokio::test]
    async fn a_range_of_another_version_is_the_whole_file() {
        let (origin, _dir) = origin(&[1; 5000], 1_000_000_000).await;
        let (head, _) = ask(&origin, "GET", "/file", "Range: bytes=0-9\r\nIf-Range: \"other\"\r\n").await;
        assert!(head.starts_with("http/1.1 200 "), "{head}");
        let same = format!("Range: bytes=0-9\r\nIf-Range: \"{}\"\r\n", origin.shop.content.hex());
        assert!(ask(&origin, "GET", "/file", &same).await.0.starts_with("http/1.1 206 "));
    }

    #[tokio::test]
    async fn what_is_not_there_has_no_body() {
        let (origin, _dir) = origin(&[1; 5000], 1_000_000_000).await;
        for (method, path, headers, status) in [
            ("GET", "/other", "", 404),
            ("POST", "/file", "Content-Length: 0\r\n", 405),
            ("GET", "/file", "Range: bytes=5000-\r\n", 416),
            ("HEAD", "/file", "", 200),
        ] {
            let (head, body) = ask(&origin, method, path, headers).await;
            assert!(head.starts_with(&format!("http/1.1 {status} ")), "{head}");
            assert!(body.is_empty());
        }
        assert_eq!(origin.sent_bytes(), 0);
    }

    #[tokio::test]
    async fn all_connections_share_the_line() {
        let (origin, _dir) = origin(&[1; 50_000], 500_000).await;
        let began = tokio::time::Instant::now();
        let (first, second) =
            tokio::join!(ask(&origin, "GET", "/file", ""), ask(&origin, "GET", "/file", ""));
        assert_eq!((first.1.len(), second.1.len()), (50_000, 50_000));
        // 100,000 bytes at 500,000 a second, less the little that is caught up on.
        assert!(began.elapsed().as_millis() >= 175, "{:?}", began.elapsed());
    }
}
