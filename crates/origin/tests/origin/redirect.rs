//! Redirects over real connections. Where each location leads is tested beside the code.

use swarmline_testkit::{Content, Fault, TestOrigin};

use super::*;

/// `/0` leads to `/1`, and so on for `hops` redirects, to a file of 10 bytes.
async fn chain(hops: usize) -> TestOrigin {
    let origin = TestOrigin::empty().await;
    for hop in 0..hops {
        origin.inject(&format!("/{hop}"), Fault::Redirect(format!("/{}", hop + 1)));
    }
    origin.put(&format!("/{hops}"), Content::random(1, 10));
    origin
}

#[tokio::test]
async fn ten_redirects_are_followed_and_no_more() {
    let origin = chain(10).await;
    let info = client().probe(&url(&origin.url_of("/0"))).await.unwrap();
    assert_eq!(info.url.as_str(), origin.url_of("/10"));
    assert_eq!(info.version.len, Some(10));

    let origin = chain(11).await;
    let error = client().probe(&url(&origin.url_of("/0"))).await.unwrap_err();
    assert!(matches!(error, FetchError::Redirects { limit: 10 }), "{error:?}");
    assert_eq!(origin.counts("/11").requests, 0);
}

#[tokio::test]
async fn a_circle_ends() {
    let origin = TestOrigin::empty().await;
    origin.inject("/file", Fault::Redirect("/file".into()));
    let error = whole(&client(), &origin).await.unwrap_err();
    assert!(matches!(error, FetchError::Redirects { .. }) && !error.is_transient(), "{error:?}");
    assert_eq!(origin.counts("/file").requests, 11);
}

#[tokio::test]
async fn the_range_goes_along() {
    let content = Content::random(1, 1000);
    let origin = TestOrigin::empty().await;
    origin.inject("/file", Fault::Redirect("/there?x=1".into()));
    origin.put("/there", content.clone());
    let fetch = client().fetch(request(&origin, Some(range(100, 200)))).await.unwrap();
    assert_eq!(fetch.url().as_str(), origin.url_of("/there?x=1"));
    assert_eq!(read(fetch).await.unwrap(), content.slice(100, 100));
}

#[tokio::test]
async fn another_origin_learns_no_password() {
    let (here, there) = (TestOrigin::empty().await, TestOrigin::start(Content::random(1, 10)).await);
    here.inject("/start", Fault::Redirect(here.url_of("/same")));
    here.inject("/same", Fault::Redirect(there.url()));
    let start = here.url_of("/start").replace("://", "://ann:pw@");
    client().get_small(&url(&start), 10).await.unwrap();
    for path in ["/start", "/same"] {
        assert!(here.last_request(path).unwrap().header("authorization").is_some(), "{path}");
    }
    let asked = there.last_request("/file").unwrap();
    assert_eq!((asked.header("authorization"), asked.header("referer")), (None, None));
}

#[tokio::test]
async fn a_redirect_without_a_place_to_go_is_a_status() {
    let origin = TestOrigin::empty().await;
    origin.inject("/file", Fault::status(302));
    assert_eq!(whole(&client(), &origin).await.unwrap_err().status(), Some(302));
}
