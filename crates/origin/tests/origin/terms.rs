//! The caller's own headers: with every kind of request, and only at their origin.

use swarmline_origin::Terms;
use swarmline_testkit::Content;

use super::*;

#[tokio::test]
async fn every_kind_of_request_carries_the_callers_headers() {
    let origin = TestOrigin::start(Content::random(1, 1000)).await;
    let at = url(&origin.url());
    let token = vec![("X-Token".to_owned(), "secret".to_owned())];
    let client = client().with_terms(Terms::new(&at, &token, &[], false).unwrap());
    let sent = |range: Option<&str>| {
        let request = origin.last_request("/file").unwrap();
        assert_eq!(request.header("x-token"), Some("secret"));
        assert_eq!(request.header("range"), range);
    };
    client.get_beginning(&at, 64, 2000).await.unwrap();
    sent(Some("bytes=0-63"));
    client.get_small(&at, 2000).await.unwrap();
    sent(None);
    client.probe(&at).await.unwrap();
    sent(Some("bytes=0-0"));
    hundred(&client, &origin).await.unwrap();
    sent(Some("bytes=100-199"));
    whole(&client, &origin).await.unwrap();
    sent(None);
}
