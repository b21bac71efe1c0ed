//! What is kept of the last answer.

use std::sync::Arc;

use swarmline_origin::LastAnswer;
use swarmline_testkit::{Content, Fault};

use super::*;

#[tokio::test]
async fn the_head_of_the_last_answer_is_kept_be_it_a_refusal() {
    let origin = TestOrigin::start(Content::random(1, 1000)).await;
    let heard = Arc::new(LastAnswer::default());
    let (client, other) = (client().heard_by(Arc::clone(&heard)), client());
    assert!(heard.head().is_none());
    hundred(&client, &origin).await.unwrap();
    let first = heard.head().unwrap();
    assert!(first.starts_with("HTTP/1.1 206 Partial Content\r\n"), "{first}");
    for line in ["content-range: bytes 100-199/1000\r\n", "etag: \"1-1000\"\r\n"] {
        assert!(first.contains(line), "{first}");
    }
    whole(&other, &origin).await.unwrap();
    assert!(Arc::ptr_eq(&first, &heard.head().unwrap()), "what others hear is not kept");
    origin.inject("/file", Fault::status(403));
    whole(&client, &origin).await.unwrap_err();
    assert!(heard.head().unwrap().starts_with("HTTP/1.1 403 Forbidden\r\n"));
    origin.inject("/file", Fault::HangBeforeHeaders);
    let silent = impatient().heard_by(Arc::clone(&heard));
    whole(&silent, &origin).await.unwrap_err();
    assert!(heard.head().unwrap().starts_with("HTTP/1.1 403"), "silence is no answer");
}

#[tokio::test]
async fn a_head_is_cut_off_at_a_line() {
    let origin = TestOrigin::start(Content::random(1, 1000)).await;
    // As long as the server sends one, it is in the head that is kept, or the head ends before it.
    origin.inject("/file", Fault::Encoding("x".repeat(9000)));
    let heard = Arc::new(LastAnswer::default());
    whole(&client().heard_by(Arc::clone(&heard)), &origin).await.unwrap_err();
    let head = heard.head().unwrap();
    assert!(head.len() < 8192 && head.ends_with("\r\n") && !head.contains("xxx"), "{} bytes", head.len());
}
