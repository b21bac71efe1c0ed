//! What a probe learns, and what it costs.

use swarmline_testkit::{Content, Counts, Fault, TestOrigin};
use swarmline_types::Rate;

use super::*;

async fn probed(
    len: u64,
    faults: impl IntoIterator<Item = Fault>,
) -> (TestOrigin, swarmline_origin::OriginInfo) {
    let origin = TestOrigin::start(Content::random(1, len)).await;
    faults.into_iter().for_each(|fault| origin.inject("/file", fault));
    let info = client().probe(&url(&origin.url())).await.unwrap();
    (origin, info)
}

#[tokio::test]
async fn a_probe_costs_one_request_and_one_byte() {
    let (origin, info) = probed(1000, []).await;
    assert_eq!((info.version.len, info.ranges), (Some(1000), true));
    assert_eq!(info.version.validator.unwrap().to_string(), "\"1-1000\"");
    assert_eq!(info.url.as_str(), origin.url());
    assert_eq!(origin.counts("/file"), Counts { requests: 1, body_bytes: 1 });
}

#[tokio::test]
async fn a_probe_keeps_its_connection_for_the_fetches() {
    let origin = TestOrigin::start(Content::random(1, 1000)).await;
    let client = client();
    client.probe(&url(&origin.url())).await.unwrap();
    hundred(&client, &origin).await.unwrap();
    assert_eq!(origin.connections(), 1);
}

#[tokio::test]
async fn an_origin_without_ranges_does_not_send_the_file() {
    let origin = TestOrigin::start(Content::random(1, 64 << 20)).await;
    origin.limit(Rate::bytes_per_s(50 << 20));
    origin.inject("/file", Fault::IgnoreRange);
    let info = client().probe(&url(&origin.url())).await.unwrap();
    assert_eq!((info.version.len, info.ranges), (Some(64 << 20), false));
    origin.until_idle("/file").await;
    let Counts { requests, body_bytes } = origin.counts("/file");
    assert!(requests == 1 && body_bytes < 32 << 20, "{body_bytes} bytes were sent");
}

#[tokio::test]
async fn an_empty_file_is_known_to_be_empty() {
    let (_origin, info) = probed(0, []).await;
    assert_eq!((info.version.len, info.ranges), (Some(0), true));
    let (_origin, info) = probed(0, [Fault::IgnoreRange]).await;
    assert_eq!(info.version.len, Some(0));
}

#[tokio::test]
async fn an_unknown_length_stays_unknown() {
    let (_origin, info) = probed(1000, [Fault::IgnoreRange, Fault::NoLength]).await;
    assert_eq!((info.version.len, info.ranges), (None, false));
    let (_origin, info) = probed(1000, [Fault::ContentRange(Some("bytes 0-0/*".into()))]).await;
    assert_eq!((info.version.len, info.ranges), (None, true));
}

#[tokio::test]
async fn the_best_validator_is_learnt() {
    for (faults, want) in [
        (vec![], Some("\"1-9\"")),
        (vec![Fault::WeakEtag], Some("Mon, 01 Jan 2024 00:01:00 GMT")),
        (vec![Fault::NoEtag], Some("Mon, 01 Jan 2024 00:01:00 GMT")),
        (vec![Fault::NoEtag, Fault::NoLastModified], None),
    ] {
        let (_origin, info) = probed(9, faults.clone()).await;
        assert_eq!(info.version.validator.map(|v| v.to_string()).as_deref(), want, "{faults:?}");
    }
}

#[tokio::test]
async fn a_probe_fails_as_a_fetch_does() {
    let origin = TestOrigin::empty().await;
    let missing = client().probe(&url(&origin.url())).await.unwrap_err();
    assert_eq!(missing.status(), Some(404));

    origin.put("/file", Content::random(1, 10));
    origin.inject("/file", Fault::ContentRange(Some("bytes 5-5/10".into())));
    let wrong = client().probe(&url(&origin.url())).await.unwrap_err();
    assert!(matches!(wrong, FetchError::ContentRange { .. }), "{wrong:?}");
}
