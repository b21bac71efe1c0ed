//! Fetches that go well.

use swarmline_origin::Answer;
use swarmline_testkit::{Content, Counts, Fault, TestOrigin};
use swarmline_types::Rate;

use super::*;

const LEN: u64 = (1 << 20) + 17;

#[tokio::test]
async fn a_range_is_exactly_that_range() {
    let content = Content::random(1, LEN);
    let origin = TestOrigin::start(content.clone()).await;
    let client = client();
    let mut sent = 0;
    for (start, end) in [(0, 1), (0, LEN), (LEN - 1, LEN), (65_535, 65_537), (1 << 16, 1 << 20)] {
        let fetch = client.fetch(request(&origin, Some(range(start, end)))).await.unwrap();
        assert_eq!(fetch.answer(), Answer::Range { range: range(start, end) });
        assert_eq!(fetch.version().len, Some(LEN));
        assert!(
            read(fetch).await.unwrap() == content.slice(start, usize::try_from(end - start).unwrap()),
            "{start} to {end}"
        );
        sent += end - start;
    }
    assert_eq!(origin.counts("/file"), Counts { requests: 5, body_bytes: sent });
    assert_eq!(origin.connections(), 1, "what is read to its end keeps the connection");
}

#[tokio::test]
async fn a_whole_file_arrives_byte_for_byte() {
    let client = client();
    for len in [0, 1, LEN] {
        let content = Content::random(2, len);
        let origin = TestOrigin::start(content.clone()).await;
        let fetch = client.fetch(request(&origin, None)).await.unwrap();
        assert_eq!(fetch.answer(), Answer::Whole { len: Some(len) });
        assert!(read(fetch).await.unwrap() == content.to_vec(), "{len} bytes");
    }
}

#[tokio::test]
async fn ranges_beyond_four_gib_are_right() {
    let layout = swarmline_types::PieceLayout::new(5 << 30, 1 << 20).unwrap();
    let origin = TestOrigin::start(Content::stamped(layout)).await;
    let start = (1 << 32) + (3 << 20);
    let request = request(&origin, Some(range(start, start + 8)));
    let bytes = read(client().fetch(request).await.unwrap()).await.unwrap();
    assert_eq!(bytes, 4099_u64.to_be_bytes());
}

#[tokio::test]
async fn every_framing_gives_the_same_bytes() {
    let content = Content::random(3, LEN);
    let origin = TestOrigin::start(content.clone()).await;
    for framing in [Fault::Chunked, Fault::NoLength] {
        origin.heal("/file");
        origin.inject("/file", framing.clone());
        assert_eq!(hundred(&client(), &origin).await.unwrap(), content.slice(100, 100), "{framing:?}");

        let fetch = client().fetch(request(&origin, None)).await.unwrap();
        assert_eq!(fetch.answer(), Answer::Whole { len: None });
        assert!(read(fetch).await.unwrap() == content.to_vec(), "{framing:?}");
    }
}

#[tokio::test]
async fn an_origin_without_ranges_answers_with_everything() {
    let content = Content::random(4, 1000);
    let origin = TestOrigin::start(content.clone()).await;
    origin.inject("/file", Fault::IgnoreRange);
    let fetch = client().fetch(request(&origin, Some(range(100, 200)))).await.unwrap();
    assert_eq!(fetch.answer(), Answer::Whole { len: Some(1000) });
    assert_eq!(read(fetch).await.unwrap(), content.to_vec());
}

#[tokio::test]
async fn a_dropped_fetch_stops_the_download() {
    let origin = TestOrigin::start(Content::random(5, 64 << 20)).await;
    origin.limit(Rate::bytes_per_s(50 << 20));
    let mut fetch = client().fetch(request(&origin, None)).await.unwrap();
    let first = fetch.next().await.unwrap().unwrap();
    drop(fetch);
    origin.until_idle("/file").await;
    let sent = origin.counts("/file").body_bytes;
    assert!(first.len() as u64 <= sent && sent < 32 << 20, "{sent} bytes were sent");
}

#[tokio::test]
async fn a_dropped_wait_loses_no_byte() {
    let content = Content::random(6, 20_000);
    let origin = TestOrigin::start(content.clone()).await;
    origin.limit(Rate::bytes_per_s(200_000));
    let mut fetch = client().fetch(request(&origin, None)).await.unwrap();
    let mut bytes = Vec::new();
    loop {
        // Far shorter than the 10 ms between two slices: most waits are given up.
        match tokio::time::timeout(Duration::from_millis(1), fetch.next()).await {
            Err(_) => continue,
            Ok(Ok(Some(more))) => bytes.extend_from_slice(&more),
            Ok(end) => break assert!(matches!(end, Ok(None)), "{end:?}"),
        }
    }
    assert_eq!(bytes, content.to_vec());
}

#[tokio::test]
async fn the_bytes_are_asked_for_as_they_lie() {
    let origin = TestOrigin::start(Content::random(7, 1000)).await;
    let info = client().probe(&url(&origin.url())).await.unwrap();
    let known = info.version.clone();
    let request = FetchRequest { known: known.clone(), ..request(&origin, Some(range(100, 200))) };
    read(client().fetch(request).await.unwrap()).await.unwrap();

    let sent = origin.last_request("/file").unwrap();
    assert_eq!(sent.header("accept-encoding"), Some("identity"));
    assert_eq!(sent.header("range"), Some("bytes=100-199"));
    assert_eq!(sent.header("if-range"), Some(known.validator.unwrap().to_string().as_str()));
    assert!(sent.header("user-agent").unwrap().starts_with("swarmline/"), "{sent:?}");
    assert_eq!(sent.header("authorization"), None);
}

#[tokio::test]
async fn fetches_run_side_by_side() {
    let content = Content::random(8, LEN);
    let origin = TestOrigin::start(content.clone()).await;
    let client = client();
    let ranges: Vec<_> = (0..16).map(|i| range(i << 16, (i + 1) << 16)).collect();
    let fetches = ranges.iter().map(|&range| client.fetch(request(&origin, Some(range))));
    let open = futures::future::try_join_all(fetches).await.unwrap();
    for (fetch, range) in open.into_iter().zip(ranges) {
        assert!(read(fetch).await.unwrap() == content.slice(range.start(), 1 << 16), "{range}");
    }
}

#[tokio::test]
async fn user_name_and_password_are_sent() {
    let origin = TestOrigin::start(Content::random(9, 10)).await;
    let with_secrets = origin.url().replace("://", "://ann:p%40w@");
    client().get_small(&url(&with_secrets), 10).await.unwrap();
    // base64 of "ann:p@w"
    assert_eq!(origin.last_request("/file").unwrap().header("authorization"), Some("Basic YW5uOnBAdw=="));
}
