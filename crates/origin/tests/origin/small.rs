//! Small files, which are small or refused.

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
