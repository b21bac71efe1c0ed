//! Server and client over real sockets, with clients that behave and clients that do not.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use swarmline_ipc::message::{AddRequest, ErrorKind, Event, Progress, Request, TransferError};
use swarmline_ipc::{Answers, BindError, CLIENTS_MAX, Client, Gone, LINE_BYTES_MAX, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

struct Fixture {
    socket: PathBuf,
    server: Server,
    _dir: tempfile::TempDir,
}

async fn fixture() -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("ipc.sock");
    Fixture { server: Server::bind(&socket).await.unwrap(), socket, _dir: dir }
}

impl Fixture {
    async fn ask(&self, request: &Request) -> Answers {
        Client::connect(&self.socket).await.unwrap().request(request).await.unwrap()
    }
}

/// A client that says these bytes, and what it hears until it is closed.
async fn say(socket: &Path, bytes: &[u8]) -> String {
    let (mut read, mut write) = UnixStream::connect(socket).await.unwrap().into_split();
    // A server that has heard enough closes before the last byte.
    let _ = write.write_all(bytes).await;
    let mut heard = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(got @ 1..) = read.read(&mut buffer).await {
        heard.extend_from_slice(&buffer[..got]);
    }
    String::from_utf8(heard).unwrap()
}

fn progress(bytes_have: u64) -> Event {
    Event::Progress(Progress { bytes_have, ..Progress::default() })
}

fn completed() -> Event {
    Event::Completed(Progress::default())
}

/// A test that hangs fails.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), what).await.expect("within 20 s")
}

#[tokio::test]
async fn a_request_reaches_the_owner_and_its_events_the_client() {
    let mut fixture = fixture().await;
    let add = AddRequest { path: "/file".into(), phf: None };
    let mut answers = fixture.ask(&Request::Add(add)).await;
    let incoming = soon(fixture.server.next()).await;
    let Request::Add(add) = incoming.request else { panic!("{:?}", incoming.request) };
    assert_eq!(add.path, Path::new("/file"));

    incoming.events.send(progress(5)).unwrap();
    let Some(Event::Progress(heard)) = soon(answers.next()).await.unwrap() else { panic!("no progress") };
    assert_eq!(heard.bytes_have, 5);
    incoming.events.send(completed()).unwrap();
    drop(incoming.events);
    assert!(matches!(soon(answers.next()).await, Ok(Some(Event::Completed(_)))));
    assert!(matches!(soon(answers.next()).await, Ok(None)));
}

#[tokio::test]
async fn what_is_no_request_is_refused_and_closed() {
    let mut fixture = fixture().await;
    for (said, why) in [
        (&b"hello?\n"[..], "not understood"),
        (b"\n", "not understood"),
        (b"{\"request\":\"format_disk\"}\n", "unknown variant `format_disk`"),
        (b"{\"request\":\"add\",\"path\":\"/a\",\"more\":1}\n", "unknown field `more`"),
        (b"\xff\xfe\x00\n", "not understood"),
        (
            b"{\"request\":\"add\",\"path\":\"relative\",\"phf\":null}\n",
            "path: relative is not an absolute path",
        ),
        (&vec![b'['; 100_000], "not"),
        (&vec![b'x'; LINE_BYTES_MAX + 1], "longer than 1048576 bytes"),
    ] {
        let mut said = said.to_vec();
        if said.len() == 100_000 {
            said.push(b'\n');
        }
        let heard = soon(say(&fixture.socket, &said)).await;
        let Event::Failed(TransferError { kind, message, .. }) = serde_json::from_str(&heard).unwrap() else {
            panic!("{heard}")
        };
        assert_eq!(kind, ErrorKind::Usage, "{message}");
        assert!(message.contains(why), "{message}");
    }
    // None of it reached the owner: the first thing that does is this.
    let _answers = fixture.ask(&Request::Status).await;
    assert!(matches!(soon(fixture.server.next()).await.request, Request::Status));
}

#[tokio::test]
async fn a_client_that_leaves_inside_its_request_is_not_heard() {
    let mut fixture = fixture().await;
    let mut stream = UnixStream::connect(&fixture.socket).await.unwrap();
    stream.write_all(b"{\"request\":\"sta").await.unwrap();
    drop(stream);
    let add = AddRequest { path: "/file".into(), phf: None };
    let _answers = fixture.ask(&Request::Add(add)).await;
    assert!(matches!(soon(fixture.server.next()).await.request, Request::Add(_)));
}

#[tokio::test]
async fn leaving_takes_the_request_back() {
    let mut fixture = fixture().await;
    let answers = fixture.ask(&Request::Status).await;
    let incoming = soon(fixture.server.next()).await;
    drop(answers);
    soon(incoming.events.closed()).await;
    assert_eq!(incoming.events.send(completed()), Err(Gone));
}

#[tokio::test]
async fn a_second_request_on_a_connection_ends_it() {
    let mut fixture = fixture().await;
    let mut stream = UnixStream::connect(&fixture.socket).await.unwrap();
    stream.write_all(b"{\"request\":\"status\"}\n").await.unwrap();
    let incoming = soon(fixture.server.next()).await;
    stream.write_all(b"{\"request\":\"status\"}\n").await.unwrap();
    soon(incoming.events.closed()).await;
}

#[tokio::test]
async fn a_client_that_does_not_read_misses_steps_and_hears_the_outcome() {
    let mut fixture = fixture().await;
    let mut answers = fixture.ask(&Request::Status).await;
    let incoming = soon(fixture.server.next()).await;
    // Far more than the socket and the queue take; the owner is never held up.
    for at in 0..100_000 {
        incoming.events.send(progress(at)).unwrap();
        if at % 100 == 0 {
            tokio::task::yield_now().await;
        }
    }
    incoming.events.send(completed()).unwrap();
    drop(incoming.events);
    let (mut steps, mut last) = (0, 0);
    loop {
        match soon(answers.next()).await.unwrap() {
            Some(Event::Progress(progress)) => {
                assert!(progress.bytes_have >= last, "steps stay in order");
                (steps, last) = (steps + 1, progress.bytes_have);
            }
            Some(Event::Completed(_)) => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(steps < 50_000, "{steps} of 100,000 steps were kept");
    assert!(matches!(soon(answers.next()).await, Ok(None)));
}

#[tokio::test]
async fn one_client_too_many_is_told_so() {
    let mut fixture = fixture().await;
    let mut held = Vec::new();
    for _ in 0..CLIENTS_MAX {
        let answers = fixture.ask(&Request::Status).await;
        held.push((answers, soon(fixture.server.next()).await));
    }
    let mut refused = fixture.ask(&Request::Status).await;
    let Some(Event::Failed(error)) = soon(refused.next()).await.unwrap() else { panic!("no refusal") };
    assert!(error.message.contains("32 clients"), "{error}");
    assert!(matches!(soon(refused.next()).await, Ok(None)));

    let (_answers, incoming) = held.pop().unwrap();
    drop(incoming);
    let next = async {
        loop {
            // The place is free as soon as the connection has ended, a moment after the owner let go.
            let mut answers = fixture.ask(&Request::Status).await;
            if let Ok(incoming) = tokio::time::timeout(Duration::from_millis(50), fixture.server.next()).await
            {
                return incoming;
            }
            assert!(matches!(answers.next().await, Ok(Some(Event::Failed(_)))));
        }
    };
    soon(next).await;
}

#[tokio::test]
async fn the_socket_is_private_replaced_when_stale_and_removed_at_the_end() {
    let fixture = fixture().await;
    let mode = std::fs::metadata(&fixture.socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let Fixture { socket, server, _dir } = fixture;
    drop(server);
    assert!(!socket.exists());
    assert!(Client::connect(&socket).await.unwrap_err().is_absent());

    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    assert!(socket.exists(), "a dead process leaves its socket");
    assert!(Client::connect(&socket).await.unwrap_err().is_absent());
    let mut server = Server::bind(&socket).await.unwrap();
    let _answers = Client::connect(&socket).await.unwrap().request(&Request::Status).await.unwrap();
    soon(server.next()).await;

    let successor = Server::bind(&socket).await.unwrap();
    drop(server);
    assert!(socket.exists(), "it is the successor's by now");
    drop(successor);
}

#[tokio::test]
async fn what_is_no_socket_is_not_removed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ipc.sock");
    std::fs::write(&path, "precious").unwrap();
    assert!(matches!(Server::bind(&path).await, Err(BindError::InTheWay { .. })));
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
}

#[tokio::test]
async fn a_path_longer_than_a_socket_address_serves_too() {
    let dir = tempfile::tempdir().unwrap();
    let deep = dir.path().join("d".repeat(200));
    std::fs::create_dir(&deep).unwrap();
    let socket = deep.join("ipc.sock");
    let mut server = Server::bind(&socket).await.unwrap();
    let mut answers = Client::connect(&socket).await.unwrap().request(&Request::Status).await.unwrap();
    soon(server.next()).await.events.send(completed()).unwrap();
    assert!(matches!(soon(answers.next()).await, Ok(Some(Event::Completed(_)))));
    drop(server);
    assert!(!socket.exists());
}

#[tokio::test]
async fn closing_delivers_what_waits() {
    let mut fixture = fixture().await;
    let mut answers = fixture.ask(&Request::Status).await;
    let idle = UnixStream::connect(&fixture.socket).await.unwrap();
    let incoming = soon(fixture.server.next()).await;
    incoming.events.send(completed()).unwrap();
    drop(incoming.events);
    soon(fixture.server.close()).await;
    assert!(!fixture.socket.exists());
    assert!(matches!(soon(answers.next()).await, Ok(Some(Event::Completed(_)))));
    assert!(matches!(soon(answers.next()).await, Ok(None)));
    drop(idle);
}

#[tokio::test]
async fn an_owner_that_dies_ends_the_answers() {
    let mut fixture = fixture().await;
    let mut answers = fixture.ask(&Request::Status).await;
    let incoming = soon(fixture.server.next()).await;
    drop(fixture.server);
    assert!(matches!(soon(answers.next()).await, Ok(None)));
    soon(incoming.events.closed()).await;
}

#[tokio::test]
async fn a_path_that_is_not_text_is_an_error_before_anything_is_sent() {
    use std::os::unix::ffi::OsStringExt;
    let fixture = fixture().await;
    let path = PathBuf::from(std::ffi::OsString::from_vec(b"/\xff".to_vec()));
    let client = Client::connect(&fixture.socket).await.unwrap();
    let error = client.request(&Request::Add(AddRequest { path, phf: None })).await.unwrap_err();
    assert!(error.to_string().contains("UTF-8"), "{error}");
}
