//! Connections: reads heads, sends what was planned, stops where the script says.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::plan::{Framing, Plan, Stop};
use super::request::read_head;
use super::state::State;

/// Most connections at once; further ones wait in the listener's queue.
const CONNECTIONS_MAX: usize = 1024;

/// Serves until it is aborted, and then takes all connections along.
pub(super) async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        if connections.len() >= CONNECTIONS_MAX {
            connections.join_next().await;
        }
        // An error here is of one connection that is already gone.
        if let Ok((stream, _)) = listener.accept().await {
            state.connected();
            connections.spawn(connection(stream, state.clone()));
        }
    }
}

/// One connection. How it ended is the client's to see.
async fn connection(mut stream: TcpStream, state: Arc<State>) {
    let _ = stream.set_nodelay(true);
    let mut buffer = Vec::new();
    while let Ok(Some(request)) = read_head(&mut stream, &mut buffer).await {
        let plan = state.answer(&request);
        let _sending = Sending { state: &state, path: request.path() };
        let mut answer = Answer { stream: &mut stream, state: &state, path: request.path() };
        match answer.send(&plan, request.method == "HEAD").await {
            Ok(After::Stay) => {}
            Ok(After::Close) | Err(_) => break,
            Ok(After::Hang) => return silence(&mut stream).await,
        }
    }
    let _ = stream.shutdown().await;
}

/// Waits for the client to leave.
async fn silence(stream: &mut TcpStream) {
    let mut sink = [0; 256];
    while matches!(stream.read(&mut sink).await, Ok(1..)) {}
}

/// An answer that is not complete, for as long as this lives.
struct Sending<'a> {
    state: &'a State,
    path: &'a str,
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        self.state.answered(self.path);
    }
}

/// What becomes of the connection after an answer.
enum After {
    Stay,
    Close,
    Hang,
}

struct Answer<'a> {
    stream: &'a mut TcpStream,
    state: &'a State,
    path: &'a str,
}

impl Answer<'_> {
    async fn send(&mut self, plan: &Plan, head_only: bool) -> io::Result<After> {
        let (limit, after) = match plan.stop {
            Some(Stop::HangBeforeHeaders) => return Ok(After::Hang),
            Some(Stop::CloseBeforeHeaders) => return Ok(After::Close),
            Some(Stop::Garbage) => {
                self.stream.write_all(b"This is no HTTP.\r\n\r\n").await?;
                return Ok(After::Close);
            }
            Some(Stop::HangAfter(bytes)) => (bytes, After::Hang),
            Some(Stop::CloseAfter(bytes)) => (bytes, After::Close),
            None if plan.close => (u64::MAX, After::Close),
            None => (u64::MAX, After::Stay),
        };
        self.stream.write_all(plan.head().as_bytes()).await?;
        if !head_only {
            self.send_body(plan, limit).await?;
            if plan.framing == Framing::Chunked && plan.stop.is_none() {
                self.stream.write_all(b"0\r\n\r\n").await?;
            }
        }
        Ok(after)
    }

    /// Sends the body and the excess behind it, `limit` bytes at most.
    async fn send_body(&mut self, plan: &Plan, limit: u64) -> io::Result<()> {
        let Some((content, range)) = &plan.body else { return Ok(()) };
        let body_end = range.end - range.start;
        let end = (body_end + plan.excess).min(limit);
        let mut buffer = Vec::new();
        let mut at = 0;
        while at < end {
            let boundary = if at < body_end { end.min(body_end) } else { end };
            let size = (boundary - at).min(self.state.pace.slice() as u64);
            buffer.clear();
            buffer.resize(usize::try_from(size).expect("at most one slice"), 0);
            if at < body_end {
                content.read(range.start + at, &mut buffer);
            }
            self.state.pace.wait(buffer.len()).await;
            self.send_slice(&buffer, plan.framing).await?;
            at += size;
        }
        Ok(())
    }

    async fn send_slice(&mut self, slice: &[u8], framing: Framing) -> io::Result<()> {
        if framing != Framing::Chunked {
            return self.send_counted(slice).await;
        }
        self.stream.write_all(format!("{:x}\r\n", slice.len()).as_bytes()).await?;
        self.send_counted(slice).await?;
        self.stream.write_all(b"\r\n").await
    }

    /// Counts before it sends, so that a client never holds a byte that is not yet counted.
    async fn send_counted(&mut self, slice: &[u8]) -> io::Result<()> {
        self.state.sending(self.path, slice.len() as u64);
        let mut rest = slice;
        while !rest.is_empty() {
            match self.stream.write(rest).await {
                Ok(sent @ 1..) => rest = &rest[sent..],
                broken => {
                    self.state.not_sent(self.path, rest.len() as u64);
                    return broken.and(Err(io::ErrorKind::WriteZero.into()));
                }
            }
        }
        Ok(())
    }
}
