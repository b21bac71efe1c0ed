//! Small files, which are small or refused.

use swarmline_origin::Beginning;
use swarmline_testkit::{Content, Fault, TestOrigin};

use super::*;

const LEN: u64 = 100_000;

#[tokio::test]
async fn a_file_up_to_the_limit_is_given_whole() {
    let content = Content::random(1, LEN);
    let origin = TestOrigin::start(content.clone()).await;
    for framing in [None, Some(Fault::Chunked), Some(Fault::NoLength)] {
        origin.heal("/file");
        framing.into_iter().for_each(|fault| origin.inject("/file", fault));
        assert_eq!(client().get_small(&url(&origin.url()), LEN).await.unwrap(), content.to_vec());
    }
    origin.put("/file", Content::random(1, 0));
    assert!(client().get_small(&url(&origin.url()), 0).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_larger_file_is_refused_in_every_framing() {
    let origin = TestOrigin::start(Content::random(1, LEN)).await;
    for framing in [None, Some(Fault::Chunked), Some(Fault::NoLength)] {
        origin.heal("/file");
        framing.into_iter().for_each(|fault| origin.inject("/file", fault));
        let error = client().get_small(&url(&origin.url()), LEN - 1).await.unwrap_err();
        assert!(matches!(error, FetchError::TooLarge { limit } if limit == LEN - 1), "{error:?}");
        assert!(!error.is_transient());
    }
}

#[tokio::test]
async fn an_announced_length_is_enough_to_refuse() {
    let origin = TestOrigin::start(Content::random(1, LEN)).await;
    origin.inject("/file", Fault::HangAfter(0));
    let error = impatient().get_small(&url(&origin.url()), LEN - 1).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { .. }), "{error:?}");
}

#[tokio::test]
async fn an_endless_file_is_refused_at_the_limit() {
    let origin = TestOrigin::start(Content::random(1, 1 << 40)).await;
    origin.inject("/file", Fault::Chunked);
    let error = client().get_small(&url(&origin.url()), LEN).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { .. }), "{error:?}");
}

#[tokio::test]
async fn there_is_none_and_you_may_not_are_two_things() {
    let origin = TestOrigin::empty().await;
    let get = async || client().get_small(&url(&origin.url()), 1).await.unwrap_err();
    assert_eq!(get().await.status(), Some(404));
    origin.inject("/file", Fault::status(403));
    assert_eq!(get().await.status(), Some(403));
}

#[tokio::test]
async fn a_beginning_is_as_long_as_was_asked_for() {
    let content = Content::random(1, LEN);
    let origin = TestOrigin::start(content.clone()).await;
    let begin = async |size| client().get_beginning(&url(&origin.url()), size, LEN).await.unwrap();
    for size in [1, 4096, LEN - 1] {
        let bytes = content.slice(0, usize::try_from(size).unwrap());
        assert_eq!(begin(size).await, Beginning::Part { bytes, len: Some(LEN) });
    }
    assert_eq!(origin.counts("/file").body_bytes, 1 + 4096 + LEN - 1);
    for size in [LEN, LEN + 1, u64::MAX] {
        assert_eq!(begin(size).await, Beginning::Whole(content.to_vec()), "{size}");
    }
}

#[tokio::test]
async fn the_beginning_of_an_empty_file_is_empty() {
    let origin = TestOrigin::start(Content::random(1, 0)).await;
    let begun = client().get_beginning(&url(&origin.url()), 4096, LEN).await.unwrap();
    assert_eq!(begun, Beginning::Whole(Vec::new()));
}

#[tokio::test]
async fn an_origin_without_ranges_gives_the_whole_file_or_too_much() {
    let content = Content::random(1, LEN);
    let origin = TestOrigin::start(content.clone()).await;
    origin.inject("/file", Fault::IgnoreRange);
    let begin = async |limit| client().get_beginning(&url(&origin.url()), 4096, limit).await;
    assert_eq!(begin(LEN).await.unwrap(), Beginning::Whole(content.to_vec()));
    let error = begin(LEN - 1).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { .. }), "{error:?}");
}

#[tokio::test]
async fn another_range_than_the_beginning_is_refused() {
    let origin = TestOrigin::start(Content::random(1, LEN)).await;
    for odd in ["bytes 0-4094/100000", "bytes 1-4096/100000", "bytes 0-99999/100000", "bytes 0-99/100", "x"] {
        origin.heal("/file");
        origin.inject("/file", Fault::ContentRange(Some(odd.into())));
        let error = client().get_beginning(&url(&origin.url()), 4096, LEN).await.unwrap_err();
        assert!(!error.is_transient() || matches!(error, FetchError::Short { .. }), "{odd}: {error:?}");
    }
}
