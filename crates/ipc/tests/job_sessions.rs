//! Job sessions over real sockets, with clients that behave and clients that do not.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use swarmline_ipc::jobs::{
    CALLS_MAX, FromClient, FromOwner, JOB_SESSIONS_MAX, JobConnectError, JobReader, JobSession, JobSessions,
    JobWriter, OUTBOX_MAX, connect_jobs,
};
use swarmline_ipc::message::{ErrorKind, Event, Request, TransferError};
use swarmline_ipc::{Client, LINE_BYTES_MAX, Server};
use swarmline_jobs::{Call, Guid, HResult, JobId, JobType, Notice, Reply, Token};

struct Fixture {
    socket: PathBuf,
    server: Server,
    sessions: JobSessions,
    _dir: tempfile::TempDir,
}

async fn fixture() -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("ipc.sock");
    let (server, sessions) = Server::bind_with_jobs(&socket).await.unwrap();
    Fixture { server, sessions, socket, _dir: dir }
}

impl Fixture {
    async fn open(&mut self) -> (JobWriter, JobReader, JobSession) {
        let socket = self.socket.clone();
        let connecting = blocking(move || connect_jobs(&socket).unwrap());
        let (session, (writer, reader)) = tokio::join!(soon(self.sessions.next()), connecting);
        (writer, reader, session.unwrap())
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    soon(tokio::task::spawn_blocking(work)).await.unwrap()
}

/// A test that hangs fails.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), what).await.expect("within 60 s")
}

fn create(id: u64) -> FromClient {
    FromClient::Call { id, call: Call::CreateJob { name: "n".into(), kind: JobType::Download } }
}

/// A client that says these bytes after asking for jobs, and the last line that it hears.
fn say(socket: &Path, bytes: &[u8]) -> String {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.write_all(b"{\"request\":\"jobs\"}\n").unwrap();
    // A server that has heard enough closes before the last byte.
    let _ = stream.write_all(bytes);
    BufReader::new(stream).lines().map_while(Result::ok).last().unwrap_or_default()
}

#[tokio::test]
async fn both_sides_speak_when_they_like() {
    let mut fixture = fixture().await;
    let (mut writer, mut reader, mut session) = fixture.open().await;
    assert_eq!(session.user, rustix::process::geteuid().as_raw());

    let job = JobId(Guid::from_u128(7));
    let notice = FromOwner::Notice { ticket: 5, token: Token(2), notice: Notice::JobTransferred { job } };
    session.sender.send(notice.clone()).unwrap();
    writer.send(&create(1)).unwrap();
    writer.send(&FromClient::Returned { ticket: 5, code: HResult::E_FAIL }).unwrap();
    assert_eq!(soon(session.receiver.next()).await, Some(create(1)));
    assert_eq!(
        soon(session.receiver.next()).await,
        Some(FromClient::Returned { ticket: 5, code: HResult::E_FAIL })
    );
    let answer = FromOwner::Answer { id: 1, reply: Ok(Reply::Job(job)) };
    session.sender.send(answer.clone()).unwrap();
    drop(session);
    let heard = blocking(move || [reader.hear(), reader.hear(), reader.hear()]).await;
    assert_eq!(heard, [Some(notice), Some(answer), None]);
}

#[tokio::test]
async fn the_owner_learns_that_the_client_left() {
    let mut fixture = fixture().await;
    let (writer, _reader, mut session) = fixture.open().await;
    drop(writer);
    assert_eq!(soon(session.receiver.next()).await, None);
}

#[tokio::test]
async fn hostile_bytes_close_the_session_with_the_reason() {
    let mut fixture = fixture().await;
    let calls = |ids: &mut dyn Iterator<Item = u64>| -> Vec<u8> {
        ids.flat_map(|id| format!("{}\n", serde_json::to_string(&create(id)).unwrap()).into_bytes()).collect()
    };
    let mut long = vec![b'x'; LINE_BYTES_MAX + 1];
    long.push(b'\n');
    for (said, why) in [
        (b"hello?\n".to_vec(), "not understood"),
        (b"{\"request\":\"status\"}\n".to_vec(), "not understood"),
        (b"{\"call\":{\"id\":-1,\"call\":\"create_download\"}}\n".to_vec(), "not understood"),
        ([&[0xFF; 100][..], b"\n"].concat(), "not understood"),
        (long, "longer than"),
        (calls(&mut [3, 3].into_iter()), "call 3 waits for its answer already"),
        (calls(&mut (0..=CALLS_MAX as u64)), "calls wait for their answer"),
    ] {
        let socket = fixture.socket.clone();
        let saying = blocking(move || say(&socket, &said));
        let listening = async {
            let mut session = soon(fixture.sessions.next()).await.unwrap();
            // Reads everything and answers nothing.
            while soon(session.receiver.next()).await.is_some() {}
        };
        let (last, ()) = tokio::join!(saying, listening);
        assert!(last.starts_with("{\"closed\":") && last.contains(why), "{why}: {last}");
    }
}

#[tokio::test]
async fn calls_that_were_answered_no_longer_count() {
    let mut fixture = fixture().await;
    let (mut writer, mut reader, mut session) = fixture.open().await;
    let answering = tokio::spawn(async move {
        while let Some(FromClient::Call { id, .. }) = session.receiver.next().await {
            session.sender.send(FromOwner::Answer { id, reply: Ok(Reply::Done) }).unwrap();
        }
    });
    blocking(move || {
        for id in 0..3 * CALLS_MAX as u64 {
            writer.send(&create(id % 2)).unwrap();
            assert_eq!(reader.hear(), Some(FromOwner::Answer { id: id % 2, reply: Ok(Reply::Done) }));
        }
    })
    .await;
    soon(answering).await.unwrap();
}

#[tokio::test]
async fn a_client_that_does_not_read_is_let_go() {
    let mut fixture = fixture().await;
    let (_writer, _reader, session) = fixture.open().await;
    let release = || session.sender.send(FromOwner::Release { token: Token(1) });
    // The task that writes does not run in between, so that nothing leaves the queue.
    let sent = std::iter::repeat_with(release).take_while(Result::is_ok).count();
    assert!(sent >= OUTBOX_MAX - 1, "{sent}");
    let mut receiver = session.receiver;
    assert_eq!(soon(receiver.next()).await, None);
}

#[tokio::test]
async fn sessions_have_a_bound_of_their_own() {
    let mut fixture = fixture().await;
    let mut all = Vec::new();
    for _ in 0..JOB_SESSIONS_MAX {
        all.push(fixture.open().await);
    }
    let socket = fixture.socket.clone();
    let refused = blocking(move || connect_jobs(&socket)).await.unwrap_err();
    assert!(matches!(refused, JobConnectError::Refused(_)), "{refused:?}");

    // Sessions keep nobody out who asks something else.
    let mut answers =
        Client::connect(&fixture.socket).await.unwrap().request(&Request::Status).await.unwrap();
    let incoming = soon(fixture.server.next()).await;
    let failed = TransferError::new(ErrorKind::Stopped, String::new());
    incoming.events.send(Event::Failed(failed)).unwrap();
    assert!(matches!(soon(answers.next()).await, Ok(Some(Event::Failed(_)))));

    all.pop();
    let again = async {
        loop {
            let socket = fixture.socket.clone();
            if let Ok(session) = blocking(move || connect_jobs(&socket)).await {
                return session;
            }
        }
    };
    soon(again).await;
}

#[test]
fn an_owner_that_ends_before_it_answers_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("ipc.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    // What was read ends, what was not is reset.
    for has_read in [false, true] {
        let error = std::thread::scope(|scope| {
            let client = scope.spawn(|| connect_jobs(&socket).unwrap_err());
            let (stream, _) = listener.accept().unwrap();
            if has_read {
                BufReader::new(&stream).read_line(&mut String::new()).unwrap();
            }
            drop(stream);
            client.join().unwrap()
        });
        assert!(matches!(error, JobConnectError::Gone), "{error:?}");
    }
}

#[tokio::test]
async fn a_process_without_jobs_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("ipc.sock");
    let _server = Server::bind(&socket).await.unwrap();
    let refused = blocking(move || connect_jobs(&socket)).await.unwrap_err();
    let JobConnectError::Refused(error) = refused else { panic!("{refused:?}") };
    assert_eq!(error.message, "the running process has no jobs");
}

#[tokio::test]
async fn closing_the_server_ends_its_sessions() {
    let mut fixture = fixture().await;
    let (_writer, mut reader, session) = fixture.open().await;
    drop(session);
    drop(fixture.sessions);
    soon(fixture.server.close()).await;
    assert_eq!(blocking(move || reader.hear()).await, None);
}
