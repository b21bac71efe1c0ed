//! Sites in which not everybody is connected with everybody.

use std::time::Duration;

use crate::driver::{MIB, Office, Report};
use crate::{assert_everybody_has_it, office};

/// 100 nodes that find each other in the first 300 ms and choose whom to connect with.
fn large_site() -> Office {
    Office {
        nodes: 100,
        content_len: 32 * MIB,
        dials: true,
        meet_after_ms: (0, 300),
        settle: SETTLE,
        ..office()
    }
}

const SETTLE: Duration = Duration::from_secs(2);

#[test]
fn a_site_of_a_hundred_reads_the_origin_once() {
    for seed in 0..2 {
        let report = Office { seed, ..large_site() }.run();
        assert_everybody_has_it(&report);
        assert!(report.origin_ratio() <= 1.04, "{report}");
        assert!(report.makespan_ratio() <= 1.1, "{report}");
    }
}

#[test]
fn in_a_large_site_crashes_cost_little() {
    let crashes = (0..20).map(|n| (5 * n, 5_000 + 100 * n as u64)).collect();
    let report: Report = Office { crashes, ..large_site() }.run();
    report.assert_survivors_have_it();
    assert!(report.origin_ratio() <= 1.35, "{report}");
    assert!(report.makespan_ratio() <= 1.4, "{report}");
}
