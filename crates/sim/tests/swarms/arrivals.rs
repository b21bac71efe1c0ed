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
