//! Peers that ask for more than anybody can give. In a program of its own: it is about the memory of a process.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use futures::future::join_all;
use swarmline_ipc::message::ManifestSource;
use swarmline_testkit::Content;

use support::{MIB, Stranger, alone, assert_holds, completed, get, mib_per_s, origin_of, start, until};

const STRANGERS: u8 = 8;

/// Most that the process may grow by, strangers included: 64 MiB.
const GROWTH_MAX: u64 = 64 * MIB;

/// A line of what the kernel says of this process's memory, in bytes.
fn memory(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|text| text.strip_prefix(line)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

/// Resident bytes now. From here on the kernel watches for the [`peak`].
fn resident() -> u64 {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    memory("VmRSS")
}

fn peak() -> u64 {
    memory("VmHWM")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_requests_takes_no_memory_and_stops_no_download() {
    let dir = tempfile::tempdir().unwrap();
    let file = Content::random(1, 48 * MIB);
    let manifest = file.manifest(1 << 20);
    let origin = origin_of(&file, &manifest).await;
    origin.limit(mib_per_s(12));
    let victim = start(dir.path(), alone()).await;
    let out = dir.path().join("out");
    let mut download = victim.get(get(origin.url(), &out, ManifestSource::Origin));
    until(&mut download, |progress| progress.bytes_have >= 8 * MIB).await;
    let before = resident();

    let flooders =
        join_all((1..=STRANGERS).map(|number| Stranger::flooding(number, &manifest, &victim))).await;
    completed(download).await;
    let grown = peak().saturating_sub(before);

    assert_holds(&out, &file);
    assert!(grown < GROWTH_MAX, "{grown} bytes more after the flood");
    for flooder in &flooders {
        flooder
            .until("the flooder is thrown out", |counts| counts.rejects > 0 && !counts.downs.is_empty())
            .await;
    }
}
