//! A plain HTTP/1.1 server of one folder: the origin in the measured office.
//!
//! GET and HEAD of files by name, one byte range per request, kept connections, a strong ETag. One thread per
//! connection. Says where it listens on its first line, serves until standard input closes, and then prints what it
//! served as one JSON object.

mod request;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use request::{Refusal, Request, Span};

/// More connections than this are refused with 503.
const CONNECTIONS_MAX: usize = 512;
/// How much is read from the disk and written to the socket at once.
const COPY_BYTES: usize = 256 * 1024;

/// Options of the hidden command.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The folder whose files are served
    folder: PathBuf,
    /// Address and port to listen on
    listen: SocketAddr,
}

/// What an origin has served.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Served {
    /// Requests that were understood.
    pub(crate) requests: u64,
    /// Bytes of bodies written into sockets, by the name of the file. Bounded by the files of the folder.
    pub(crate) body_bytes: BTreeMap<String, u64>,
}

/// Serves until standard input closes.
pub(crate) fn run(options: &Options) -> Result<()> {
    let origin = Origin::start(&options.folder, options.listen)?;
    let mut out = std::io::stdout();
    writeln!(out, "{}", origin.address)?;
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    writeln!(out, "{}", serde_json::to_string(&origin.state.served())?)?;
    Ok(())
}

/// A listening origin. It ends with the process.
struct Origin {
    address: SocketAddr,
    state: Arc<State>,
}

impl Origin {
    fn start(folder: &Path, listen: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(listen).with_context(|| format!("cannot listen on {listen}"))?;
        let address = listener.local_addr()?;
        let state = Arc::new(State { folder: folder.to_owned(), ..State::default() });
        let shared = Arc::clone(&state);
        thread::spawn(move || accept(&listener, &shared));
        Ok(Self { address, state })
    }
}

/// What all connections use.
#[derive(Default)]
struct State {
    folder: PathBuf,
    connections: AtomicUsize,
    requests: AtomicU64,
    body_bytes: Mutex<BTreeMap<String, u64>>,
}

impl State {
    fn served(&self) -> Served {
        let body_bytes = self.body_bytes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Served { requests: self.requests.load(Ordering::Relaxed), body_bytes }
    }

    fn count(&self, name: &str, bytes: usize) {
        let mut counters = self.body_bytes.lock().unwrap_or_else(PoisonError::into_inner);
        *counters.entry(name.to_owned()).or_default() += bytes as u64;
    }
}

fn accept(listener: &TcpListener, state: &Arc<State>) {
    for mut socket in listener.incoming().flatten() {
        if state.connections.fetch_add(1, Ordering::Relaxed) >= CONNECTIONS_MAX {
            state.connections.fetch_sub(1, Ordering::Relaxed);
            let _ = refuse(&mut socket, "503 Service Unavailable");
            continue;
        }
        let state = Arc::clone(state);
        thread::spawn(move || {
            // A client that goes away in mid-answer is none of the origin's business.
            let _ = converse(socket, &state);
            state.connections.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

/// Answers request after request until the client closes or breaks a rule.
fn converse(mut socket: TcpStream, state: &State) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let mut reader = BufReader::new(socket.try_clone()?);
    while !reader.fill_buf()?.is_empty() {
        match Request::read(&mut reader)? {
            Ok(request) => {
                state.requests.fetch_add(1, Ordering::Relaxed);
                answer(&mut socket, &request, state)?;
                if request.closes() {
                    break;
                }
            }
            Err(Refusal { status }) => return refuse(&mut socket, status),
        }
    }
    Ok(())
}

fn answer(socket: &mut TcpStream, request: &Request, state: &State) -> std::io::Result<()> {
    let Some((name, mut file)) = open(&state.folder, request.path()) else {
        return write!(socket, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    };
    let about = file.metadata()?;
    let (size, tag) =
        (about.len(), format!("\"{:x}-{:x}-{:x}\"", about.len(), about.mtime(), about.mtime_nsec()));
    let (status, range, extent) = match request.span(size, &tag) {
        Span::Whole => ("200 OK", String::new(), 0..size),
        Span::Part(part) => {
            let line = format!("Content-Range: bytes {}-{}/{size}\r\n", part.start, part.end - 1);
            ("206 Partial Content", line, part)
        }
        Span::Outside => {
            let line = format!("Content-Range: bytes */{size}\r\n");
            ("416 Range Not Satisfiable", line, 0..0)
        }
    };
    let length = extent.end - extent.start;
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{range}ETag: {tag}\r\nAccept-Ranges: bytes\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    socket.write_all(head.as_bytes())?;
    if request.wants_body() {
        file.seek(SeekFrom::Start(extent.start))?;
        copy(&mut file.take(length), socket, |bytes| state.count(name, bytes))?;
    }
    Ok(())
}

fn copy(from: &mut impl Read, to: &mut impl Write, count: impl Fn(usize)) -> std::io::Result<()> {
    let mut buffer = vec![0; COPY_BYTES];
    loop {
        let size = from.read(&mut buffer)?;
        if size == 0 {
            return Ok(());
        }
        to.write_all(&buffer[..size])?;
        count(size);
    }
}

/// A plain file directly in the folder, and its name; nothing hidden and nothing beyond.
fn open<'a>(folder: &Path, path: &'a str) -> Option<(&'a str, File)> {
    let name = path.strip_prefix('/')?;
    if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\', '\0']) {
        return None;
    }
    let file = File::open(folder.join(name)).ok()?;
    file.metadata().is_ok_and(|about| about.is_file()).then_some((name, file))
}

fn refuse(socket: &mut TcpStream, status: &str) -> std::io::Result<()> {
    write!(socket, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

#[cfg(test)]
mod tests;
