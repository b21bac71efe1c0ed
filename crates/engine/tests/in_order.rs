//! One who reads in order is not kept waiting for what stands behind.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use swarmline_engine::Download;
use swarmline_ipc::message::{Event, GetOptions, GetRequest, ManifestSource};
use swarmline_testkit::Content;
use swarmline_types::PieceLayout;

use support::{MIB, alone, get, in_time, origin_of, start};

/// What is fetched ahead of a reader, in whatever order the site fetches, and a piece that is only half of it.
const AHEAD: u64 = 33 * MIB;

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_front_is_fetched_before_what_stands_far_behind() {
    let dir = tempfile::tempdir().unwrap();
    let file = Content::stamped(PieceLayout::new(80 * MIB, 1 << 20).unwrap());
    let origin = origin_of(&file, &file.manifest(1 << 20)).await;
    let node = start(dir.path(), alone()).await;
    let options = GetOptions { hold: true, in_order: true, ..GetOptions::default() };
    let request = GetRequest { options, ..get(origin.url(), dir.path().join("out"), ManifestSource::Origin) };
    let Download { mut events, control } = node.begin(request, None);
    let verified = control.verified();
    let (mut furthest, mut steps) = (0, 0);
    loop {
        match in_time("a step", events.recv()).await.unwrap() {
            Event::Progress(progress) => {
                // Bytes are counted before it is looked how many of them stand in front.
                furthest = furthest.max(progress.bytes_have.saturating_sub(*verified.borrow()));
                steps += u32::from(progress.bytes_have > 0);
            }
            Event::Held(progress) => break assert_eq!(progress.bytes_have, 80 * MIB),
            other => panic!("{other:?}"),
        }
    }
    assert!(steps > 0, "it is seen on its way");
    assert!(furthest <= AHEAD, "{furthest} bytes were here that could not be read yet");
    control.discard().await.unwrap();
    node.shutdown().await;
}
