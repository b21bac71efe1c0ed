//! What an administrator says of the origin.

use crate::{assert_all_finish, outcome};

const OFFICE: &str = "content.size = '16MiB'\nsite.peers = 6\nsite.wan = '40mbit'\n";

/// Seconds until the last had it.
fn takes(more: &str) -> f64 {
    let outcome = outcome(&format!("{OFFICE}{more}"), 1);
    assert_all_finish(&outcome);
    assert!(outcome.total.origin < 1.05, "{more}: {}", outcome.total.origin);
    outcome.total.makespan_s
}

#[test]
fn a_delay_holds_everybody_back_from_the_origin_for_so_long() {
    let (at_once, later) = (takes(""), takes("peer.foreground_delay = '20s'"));
    assert!((later - at_once - 20.0).abs() < 1.0, "{at_once} {later}");
}

#[test]
fn the_delay_of_the_background_is_its_own() {
    let background = "content.priority = 'background'\n";
    let at_once = takes(&format!("{background}peer.foreground_delay = '20s'"));
    let later = takes(&format!("{background}peer.background_delay = '20s'"));
    assert!((later - at_once - 20.0).abs() < 1.0, "{at_once} {later}");
}

#[test]
fn a_deadline_cuts_the_delay_short() {
    let takes = takes("peer.foreground_delay = '10m'\npeer.deadline = '1m'");
    assert!(takes < 70.0, "{takes}");
}

/// Who may ask at once fetches for those who have to wait.
#[test]
fn a_group_may_be_spared_the_wait() {
    let some = "peer.foreground_delay = '10m'\n[[group]]\ncount = 2\nforeground_delay = '0s'";
    let takes = takes(some);
    assert!(takes < 60.0, "{takes}");
}
