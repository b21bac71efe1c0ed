//! Proxies from the environment.
//!
//! The environment belongs to a whole process, so the test starts itself again as a child that has one.

use swarmline_testkit::{Content, Fault, TestOrigin};
use tokio::process::Command;

use super::*;

/// URLs for the child, one a line, each with the size that it must get there.
const URLS: &str = "SWARMLINE_TEST_URLS";

#[tokio::test]
async fn a_proxy_is_used_but_never_for_loopback() {
    if let Ok(urls) = std::env::var(URLS) {
        return child(&urls).await;
    }
    let proxy = TestOrigin::empty().await;
    proxy.put("/far", Content::random(1, 3));
    let near = TestOrigin::start(Content::random(1, 5)).await;
    near.inject("/away", Fault::Redirect("http://far.invalid/far".into()));
    let urls = [
        "http://far.invalid/far 3".to_owned(),
        near.url() + " 5",
        near.url().replace("127.0.0.1", "localhost") + " 5",
        near.url_of("/away") + " 3",
    ];

    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "proxy::a_proxy_is_used_but_never_for_loopback"])
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .env("HTTP_PROXY", proxy.url_of("/").replace("://", "://ann:pw@"))
        .env(URLS, urls.join("\n"))
        .output()
        .await
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
    assert_eq!((proxy.total().requests, near.total().requests), (2, 3));
    let asked = proxy.last_request("/far").unwrap();
    assert_eq!(asked.target, "http://far.invalid/far");
    // base64 of "ann:pw"
    assert_eq!(asked.header("proxy-authorization"), Some("Basic YW5uOnB3"));
}

async fn child(urls: &str) {
    let client = client();
    for line in urls.lines() {
        let (at, size) = line.split_once(' ').unwrap();
        assert_eq!(client.get_small(&url(at), 100).await.unwrap().len().to_string(), size, "{at}");
    }
}
