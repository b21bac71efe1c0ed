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
    // Else the wait for others would be part of the delay.
    let background = "content.priority = 'background'\nscheduler.discovery_wait = '0s'\n";
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

/// One machine and 16 MiB: 3.4 s of the line, 16.8 s of 8 Mbit/s.
const ONE: &str = "content.size = '16MiB'\ncontent.priority = 'background'\nsite.peers = 1\nsite.wan = '40mbit'\n\
     scheduler.discovery_wait = '0s'\n";

#[test]
fn a_class_keeps_its_limit_whoever_decides() {
    for strategy in ["lane-and-mesh", "origin-only", "rarest-first", "rendezvous"] {
        let text = format!("{ONE}strategy = '{strategy}'\npeer.background_limit = '8mbit'");
        let narrow = outcome(&text, 1).total.makespan_s;
        assert!((16.2..17.8).contains(&narrow), "{strategy}: {narrow}");
        let text = format!("{ONE}strategy = '{strategy}'\npeer.foreground_limit = '8mbit'");
        let of_the_other = outcome(&text, 1).total.makespan_s;
        assert!(of_the_other < 6.0, "{strategy}: {of_the_other}");
    }
}

#[test]
fn a_part_of_the_line_is_a_limit() {
    let [rate, part] = ["8mbit", "20%"]
        .map(|limit| outcome(&format!("{ONE}peer.background_limit = '{limit}'"), 1).total.makespan_s);
    assert!((rate - part).abs() < 1e-9, "{rate} {part}");
}

/// 30 s before five nothing may be fetched; from 30 s before eight on everything may for so long, and then nothing until
/// five.
#[test]
fn hours_begin_and_end_by_the_clock() {
    let at = |mib: u32, clock: &str| {
        let text = format!(
            "content.size = '{mib}MiB'\ncontent.priority = 'background'\nsite.peers = 6\nsite.wan = '40mbit'\n\
             clock = '{clock}'\nscheduler.discovery_wait = '0s'\npeer.hours = '8..17'\npeer.background_limit_in_hours = 'nothing'"
        );
        let outcome = outcome(&text, 1);
        assert_all_finish(&outcome);
        outcome.total.makespan_s
    };
    let (at_night, before_five) = (at(16, "22"), at(16, "16:59:30"));
    assert!((before_five - at_night - 30.0).abs() < 1.0, "{at_night} {before_five}");
    let over_the_day = at(256, "7:59:30") - 9.0 * 3600.0;
    assert!((over_the_day - at(256, "22")).abs() < 3.0, "{over_the_day}");
}

/// Within the hours a tenth, outside all of it: 60 s at 4 Mbit/s bring 30 MB, and the rest comes at once.
#[test]
fn a_limit_ends_in_the_midst_of_a_download() {
    let text = format!(
        "{ONE}content.size = '64MiB'\nclock = '16:59'\npeer.hours = '8..17'\n\
         peer.background_limit_in_hours = '10%'"
    );
    let took = outcome(&text.replace("content.size = '16MiB'\n", ""), 1).total.makespan_s;
    let rest = (67.1 - 30.0) / 5.0;
    assert!((took - 60.0 - rest).abs() < 1.5, "{took}");
}

/// What comes from peers does not pass the line, so the limit is not about it. Of what the others begin all the same, a
/// piece would take two minutes; it is taken over.
#[test]
fn who_may_fetch_freely_feeds_those_who_may_not() {
    let some = "content.priority = 'background'\npeer.background_limit = '64kbit'\n\
                [[group]]\ncount = 1\nbackground_limit = 'unlimited'";
    let takes = takes(some);
    assert!(takes < 20.0, "{takes}");
}

#[test]
fn limits_are_refused_where_they_mean_nothing() {
    for (text, key) in [
        ("peer.background_limit_in_hours = '1mbit'", "peer.background_limit_in_hours"),
        (
            "site.wan = 'unlimited'\n[group]\nname = 'few'\ncount = 1\nforeground_limit = '5%'",
            "foreground_limit",
        ),
        ("peer.background_limit = '1kbit'", "64kbit"),
        ("peer.hours = '8..8'", "8..17"),
        ("clock = '25'", "17:30"),
    ] {
        let error = swarmline_sim::Scenario::parse(text).unwrap_err();
        let told = format!("{error}: {:?}", std::error::Error::source(&error).map(ToString::to_string));
        assert!(told.contains(key), "{text}: {told}");
    }
}
