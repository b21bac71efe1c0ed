//! The origin over a real socket, read with a client of ten lines.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

const LEN: u64 = 1000;

async fn origin() -> (TestOrigin, Vec<u8>) {
    let content = Content::random(1, LEN);
    let bytes = content.to_vec();
    (TestOrigin::start(content).await, bytes)
}

async fn connect(origin: &TestOrigin) -> TcpStream {
    TcpStream::connect(origin.addr()).await.unwrap()
}

/// Sends one GET with extra header lines and reads until the origin closes.
async fn get_until_close(origin: &TestOrigin, headers: &str) -> (String, Vec<u8>) {
    let mut stream = connect(origin).await;
    let request = format!("GET /file HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    split(&answer)
}

fn split(answer: &[u8]) -> (String, Vec<u8>) {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return (String::new(), answer.to_vec());
    };
    (String::from_utf8(answer[..end].to_vec()).unwrap(), answer[end + 4..].to_vec())
}

#[tokio::test]
async fn bytes_and_counts_are_exact() {
    let (origin, bytes) = origin().await;
    let (head, body) = get_until_close(&origin, "").await;
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
    assert_eq!(body, bytes);
    let (head, body) = get_until_close(&origin, "Range: bytes=10-19\r\n").await;
    assert!(head.contains("Content-Range: bytes 10-19/1000"), "{head}");
    assert_eq!(body, bytes[10..20]);
    assert_eq!(origin.counts("/file"), Counts { requests: 2, body_bytes: LEN + 10 });
    assert_eq!(origin.last_request("/file").unwrap().header("range"), Some("bytes=10-19"));
}

#[tokio::test]
async fn one_connection_carries_many_requests() {
    let (origin, bytes) = origin().await;
    let mut stream = connect(&origin).await;
    for _ in 0..3 {
        stream.write_all(b"GET /file HTTP/1.1\r\nRange: bytes=0-3\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        while split(&answer).1.len() < 4 || split(&answer).0.is_empty() {
            assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0);
        }
        assert_eq!(split(&answer).1, bytes[..4]);
    }
    stream.write_all(b"HEAD /file HTTP/1.1\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let (head, body) = split(&answer);
    assert!(head.contains("Content-Length: 1000") && body.is_empty(), "{head}");
    assert_eq!(origin.counts("/file"), Counts { requests: 4, body_bytes: 12 });
}

#[tokio::test]
async fn a_missing_file_is_404_and_counted() {
    let (origin, _) = origin().await;
    origin.remove("/file");
    assert!(get_until_close(&origin, "").await.0.starts_with("HTTP/1.1 404"));
    assert_eq!(origin.total(), Counts { requests: 1, body_bytes: 0 });
}

#[tokio::test]
async fn a_replaced_file_has_another_etag() {
    let (origin, _) = origin().await;
    let (before, _) = get_until_close(&origin, "").await;
    origin.put("/file", b"new".as_slice());
    let (after, body) = get_until_close(&origin, "").await;
    let etag = |head: &str| head.lines().find(|line| line.starts_with("ETag")).map(str::to_owned);
    assert!(etag(&before).is_some() && etag(&before) != etag(&after), "{before}\n{after}");
    assert_eq!(body, b"new");
}

#[tokio::test]
async fn a_fault_ends_when_its_turns_are_over() {
    let (origin, bytes) = origin().await;
    let status = Fault::Status { status: 503, retry_after: Some("7".into()) };
    origin.inject("/file", status.first(1));
    let (head, _) = get_until_close(&origin, "").await;
    assert!(head.starts_with("HTTP/1.1 503") && head.contains("Retry-After: 7"), "{head}");
    assert_eq!(get_until_close(&origin, "").await.1, bytes);
}

#[tokio::test]
async fn an_answer_can_stop_short_in_every_framing() {
    let (origin, bytes) = origin().await;
    for framing in [None, Some(Fault::NoLength), Some(Fault::Chunked)] {
        origin.heal("/file");
        origin.inject("/file", Fault::CloseAfter(64));
        framing.clone().into_iter().for_each(|fault| origin.inject("/file", fault));
        let (head, body) = get_until_close(&origin, "").await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        match framing {
            Some(Fault::Chunked) => assert_eq!(body, [b"40\r\n", &bytes[..64], b"\r\n"].concat()),
            _ => assert_eq!(body, bytes[..64]),
        }
    }
    assert_eq!(origin.counts("/file").body_bytes, 3 * 64);
}

#[tokio::test]
async fn excess_and_a_wrong_length_are_as_told() {
    let (origin, bytes) = origin().await;
    origin.inject("/file", Fault::Excess(5));
    let (head, body) = get_until_close(&origin, "").await;
    assert!(head.contains("Content-Length: 1005"), "{head}");
    assert_eq!(body, [&bytes[..], &[0; 5]].concat());

    origin.heal("/file");
    origin.inject("/file", Fault::LengthOff(100));
    let (head, body) = get_until_close(&origin, "").await;
    assert!(head.contains("Content-Length: 1100"), "{head}");
    assert_eq!(body, bytes);
}

#[tokio::test]
async fn silence_lasts_until_the_client_leaves() {
    let (origin, bytes) = origin().await;
    origin.inject("/file", Fault::HangAfter(3));
    let mut stream = connect(&origin).await;
    stream.write_all(b"GET /file HTTP/1.1\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    while split(&answer).1.len() < 3 || split(&answer).0.is_empty() {
        assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0);
    }
    assert_eq!(split(&answer).1, bytes[..3]);
    let more = tokio::time::timeout(Duration::from_millis(50), stream.read_buf(&mut answer)).await;
    assert!(more.is_err(), "{more:?}");
}

#[tokio::test]
async fn a_rate_is_shared_by_all_connections() {
    let content = Content::random(1, 20_000);
    let origin = TestOrigin::start(content).await;
    origin.limit(Rate::bytes_per_s(200_000));
    let start = tokio::time::Instant::now();
    tokio::join!(get_until_close(&origin, ""), get_until_close(&origin, ""));
    // 40 kB at 200 kB/s; only the lower bound is certain on a busy machine.
    assert!(start.elapsed() >= Duration::from_millis(190), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_moment_of_a_transfer_can_be_waited_for() {
    let (origin, _) = origin().await;
    origin.limit(Rate::bytes_per_s(20_000));
    let transfer = get_until_close(&origin, "");
    let moment = origin.until("/file", |counts| counts.body_bytes >= LEN / 2);
    tokio::join!(transfer, moment);
}

#[tokio::test]
async fn a_dropped_origin_refuses_connections() {
    let (origin, _) = origin().await;
    let addr = origin.addr();
    let mut open = connect(&origin).await;
    // A request that has been answered shows that the connection was accepted.
    open.write_all(b"HEAD /file HTTP/1.1\r\n\r\n").await.unwrap();
    assert_ne!(open.read(&mut [0; 512]).await.unwrap(), 0);
    drop(origin);
    assert!(matches!(open.read(&mut [0; 512]).await, Ok(0) | Err(_)));
    assert!(TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn an_answer_is_under_way_until_its_client_leaves() {
    let (origin, _) = origin().await;
    origin.inject("/file", Fault::HangBeforeHeaders);
    let mut stream = connect(&origin).await;
    stream.write_all(b"GET /file HTTP/1.1\r\n\r\n").await.unwrap();
    origin.until("/file", |counts| counts.requests == 1).await;
    let idle = tokio::time::timeout(Duration::from_millis(50), origin.until_idle("/file")).await;
    assert!(idle.is_err(), "it hangs, so it is not idle");
    drop(stream);
    origin.until_idle("/file").await;
    assert_eq!(origin.connections(), 1);
}
