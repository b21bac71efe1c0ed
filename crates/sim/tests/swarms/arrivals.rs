//! A site to which machines come one after another.

use crate::{assert_all_finish, outcome};

/// Who comes when everybody has as many connections as fit meets nobody but those that come after him.
#[test]
fn a_site_that_outgrows_its_connections_stays_one() {
    let text = "content.size = '48MiB'\nsite.peers = 80\nsite.wan = '10mbit'\n\
                arrive.how = 'poisson'\narrive.over = '40s'";
    let outcome = outcome(text, 1);
    assert_all_finish(&outcome);
    assert!(outcome.total.origin < 1.1, "{:?}", outcome.total);
}

/// Machines that are on and connected when a content begins have nobody to wait for, and miss no holder by it.
#[test]
fn a_site_that_knows_itself_begins_sooner() {
    let office = |more: &str| {
        let text = format!("content.size = '32MiB'\nsite.peers = 60\nsite.wan = '1gbit'\n{more}");
        let outcome = outcome(&text, 1);
        assert_all_finish(&outcome);
        outcome.total
    };
    let (fresh, settled) = (office(""), office("content.start = '10s'"));
    assert!(settled.makespan_s < fresh.makespan_s - 0.1, "{} {}", settled.makespan_s, fresh.makespan_s);
    assert!(settled.origin < 1.01 && fresh.origin < 1.01, "{settled:?} {fresh:?}");
    let held = office("content.start = '10s'\nsite.holders = 1");
    assert!(held.traffic.origin == 0, "{held:?}");
}
