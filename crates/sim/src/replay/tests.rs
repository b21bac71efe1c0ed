//! Simulated offices that are traced, and made into a scenario again: the second is like the first.

use super::*;
use crate::scenario::{Answer, Behaviour, Ending};
use crate::{Options, Outcome, Production, Traced, Unwatched, run, run_with};

fn traced(text: &str, seed: u64) -> (Outcome, Vec<(String, Vec<u8>)>) {
    let scenario = Scenario::parse(text).unwrap();
    let traced = Traced::new(&Production, 64 << 20);
    let outcome = run_with(&scenario, Options { strategy: &traced, ..Options::seeded(seed) }, &mut Unwatched);
    let named = traced.traces().into_iter().map(|(node, bytes)| (node.short(), bytes)).collect();
    (outcome.unwrap(), named)
}

fn office(text: &str, seed: u64) -> (Outcome, Office) {
    let (outcome, traces) = traced(text, seed);
    (outcome, Office::read(&traces).unwrap())
}

fn near(is: f64, should: f64, part: f64) -> bool {
    (is - should).abs() <= part * should
}

#[test]
fn an_office_is_measured_as_it_is() {
    let text = "site.peers = 5\ncontent.size = '24MiB'\nsite.wan = '20mbit'\nsite.lan = '200mbit'\narrive.over = '4s'";
    let (outcome, office) = office(text, 1);
    let (total, happened) = (&outcome.total, &office.happened);
    assert_eq!((happened.traces, happened.peers, happened.finished, happened.dropped), (5, 5, 5, 0));
    assert!(near(happened.makespan_s.unwrap(), total.makespan_s, 0.02), "{happened:?} {total:?}");
    assert!(near(happened.origin_bytes as f64, total.traffic.origin as f64, 0.01), "{happened:?}");
    assert_eq!(happened.others_bytes, 0, "each wrote its own trace");
    let site = &office.scenario.site[0];
    assert!(near(site.wan.bytes_per_s().unwrap() as f64, 2.5e6, 0.1), "{}", site.wan);
    assert!(near(site.lan.bytes_per_s().unwrap() as f64, 25e6, 0.4), "{}", site.lan);
    assert_eq!(office.scenario.content[0].size.0, 24 << 20);
}

#[test]
fn what_is_run_again_ends_like_the_first_time() {
    let text = "site.peers = 6\ncontent.size = '24MiB'\nsite.holders = 0\narrive.over = '6s'\n\
                [group]\ncount = 1\nends = '4s'\nending = 'leave'";
    let (first, office) = office(text, 3);
    let again = run(&office.scenario, 1, &mut Unwatched).unwrap();
    assert_eq!((again.total.unfinished, again.total.peers), (0, first.total.peers));
    assert!(
        near(again.total.makespan_s, first.total.makespan_s, 0.15),
        "{} {}",
        again.total.makespan_s,
        first.total.makespan_s
    );
    assert!(
        near(again.total.origin, first.total.origin, 0.15),
        "{} {}",
        again.total.origin,
        first.total.origin
    );
}

#[test]
fn one_trace_tells_of_the_others_too() {
    let text = "site.peers = 5\ncontent.size = '24MiB'\nsite.wan = '20mbit'";
    let (first, mut traces) = traced(text, 2);
    traces.truncate(1);
    let office = Office::read(&traces).unwrap();
    let happened = &office.happened;
    // The simulation ends with the last one, who tells nobody.
    assert_eq!((happened.traces, happened.peers), (1, 5), "{happened:?}");
    assert!(happened.finished >= 4, "{happened:?}");
    assert!(happened.others_bytes > happened.owner_bytes, "four of five fetch more than one: {happened:?}");
    assert!(near(happened.origin_bytes as f64, first.total.traffic.origin as f64, 0.1), "{happened:?}");
    assert!(near(office.scenario.site[0].wan.bytes_per_s().unwrap() as f64, 2.5e6, 0.2), "{happened:?}");
    let again = run(&office.scenario, 1, &mut Unwatched).unwrap();
    assert_eq!(again.total.unfinished, 0);
}

#[test]
fn who_had_it_who_lied_and_who_went_are_known() {
    let text = "site.peers = 6\ncontent.size = '16MiB'\nsite.holders = 1\nsite.lan = '50mbit'\n\
                [[group]]\nname = 'liar'\ncount = 1\nbehaviour = 'corrupts'\n\
                [[group]]\nname = 'gone'\ncount = 1\nends = '1s'\nending = 'crash'";
    let (_, traces) = traced(text, 5);
    // Liars say nothing of themselves, and neither does who is gone.
    let of_witness = |trace: &&(String, Vec<u8>)| {
        let office = Office::read(std::slice::from_ref(*trace));
        office.is_ok_and(|it| it.scenario.group.iter().any(|group| group.peer.behaviour.is_some()))
    };
    let witness = traces.iter().find(of_witness).expect("somebody was sent a bad piece");
    let office = Office::read(std::slice::from_ref(witness)).unwrap();
    let groups = &office.scenario.group;
    let count = |is: fn(&crate::scenario::PeerPlan) -> bool| groups.iter().filter(|it| is(&it.peer)).count();
    assert_eq!(count(|peer| peer.behaviour == Some(Behaviour::Corrupts)), 1, "{groups:?}");
    assert_eq!(count(|peer| peer.ending == Some(Ending::Crash)), 1, "{groups:?}");
    assert!(office.happened.holders >= 1, "{:?}", office.happened);
}

#[test]
fn an_origin_that_failed_fails_again() {
    let text =
        "site.peers = 3\ncontent.size = '16MiB'\n[outage]\nfrom = '2s'\nuntil = '5s'\nretry_after = '2s'";
    let (_, office) = office(text, 1);
    let outage = &office.scenario.outage[0];
    assert_eq!(outage.answer, Answer::Overloaded);
    assert!((2.0..5.0).contains(&outage.from.0.as_secs_f64()), "the first request that met it: {outage:?}");
    assert!(outage.until.0.as_secs_f64() < 5.5 && office.happened.origin_errors > 0, "{outage:?}");
    assert!(outage.retry_after.is_some(), "{outage:?}");
}

#[test]
fn many_who_are_alike_are_drawn_together() {
    let text = "site.peers = 90\ncontent.size = '8MiB'\nsite.wan = '100mbit'\narrive.over = '20s'";
    let (_, office) = office(text, 1);
    let count: u32 = office.scenario.group.iter().filter_map(|group| group.count).sum();
    assert_eq!((count, office.scenario.site[0].peers), (90, 90));
    assert!(office.scenario.group.len() <= 64, "{}", office.scenario.group.len());
    assert_eq!(run(&office.scenario, 1, &mut Unwatched).unwrap().total.unfinished, 0);
}

/// The first that begins stands for those of whom nothing is known.
#[test]
fn how_long_nodes_leave_the_origin_alone_is_part_of_the_office() {
    let text = "site.peers = 4\ncontent.size = '8MiB'\npeer.foreground_delay = '12s'\npeer.deadline = '5m'\narrive.over = '1s'\n\
                [group]\ncount = 1\nforeground_delay = '0s'\narrives = '2s'";
    let (first, office) = office(text, 4);
    let peer = &office.scenario.peer;
    assert_eq!(peer.foreground_delay, Some(crate::scenario::Span::secs(12)));
    assert_eq!(peer.deadline, Some(crate::scenario::Span::secs(300)));
    let spared = office.scenario.group.iter().filter(|it| it.peer.foreground_delay.is_some());
    assert_eq!(spared.count(), 1, "{:?}", office.scenario.group);
    assert_eq!(office.left_out, [""; 0]);
    let again = run(&office.scenario, 1, &mut Unwatched).unwrap();
    assert!(near(again.total.makespan_s, first.total.makespan_s, 0.15), "{again:?}");
    // Without whom they wait for, all wait.
    let all = with_policy(&office.scenario, "policy.foreground_delay = '12s'").unwrap().scenario;
    let later = run(&all, 1, &mut Unwatched).unwrap();
    assert!(later.total.makespan_s > 12.0, "{} {}", later.total.makespan_s, again.total.makespan_s);
}

#[test]
fn what_nodes_ran_with_and_no_scenario_says_is_left_out_by_name() {
    let (_, mut traces) = traced("site.peers = 2\ncontent.size = '4MiB'\nscheduler.window = 9", 1);
    traces.truncate(1);
    let (_, others) = traced("site.peers = 3\ncontent.size = '4MiB'", 2);
    traces.extend(others.into_iter().take(1));
    let office = Office::read(&traces).unwrap();
    assert_eq!(office.left_out.len(), 1, "{:?}", office.left_out);
    assert!(office.left_out[0].starts_with("scheduler: the parameters of "), "{:?}", office.left_out);
}

/// From their own traces, and from what one heard of the others. Thirds are no numbers that can be written down exactly.
#[test]
fn who_wants_a_part_wants_it_again() {
    let text = "site.peers = 4\ncontent.size = '48MiB'\nsite.wan = '20mbit'\npeer.wants = '25%..75%'\n\
                [[group]]\ncount = 1\nwants = '0.334..0.666'\n[[group]]\ncount = 1\nwants = '0..1'";
    let (first, traces) = traced(text, 1);
    let all = Office::read(&traces).unwrap();
    let of_one = Office::read(&traces[..1]).unwrap();
    for office in [&all, &of_one] {
        assert_eq!(office.left_out, [""; 0]);
        let layout = swarmline_types::PieceLayout::new(48 << 20, 1 << 20).unwrap();
        let pieces = |group: &crate::scenario::GroupPlan| {
            group.peer.wants.map_or(48, |wants| wants.of(&layout).pieces().count())
        };
        let mut wants: Vec<_> = office.scenario.group.iter().map(pieces).collect();
        wants.sort_unstable();
        assert_eq!(wants, [16, 24, 24, 48], "{:?}", office.scenario.group);
        assert!(office.happened.finished >= 3, "{:?}", office.happened);
    }
    let again = run(&all.scenario, 1, &mut Unwatched).unwrap();
    assert!(near(again.total.makespan_s, first.total.makespan_s, 0.15), "{again:?}");
    assert!(near(again.total.origin, first.total.origin, 0.15), "{again:?}");
}

/// Small, so that many can be tried.
fn small() -> Vec<u8> {
    let text = "site.peers = 3\ncontent.size = '3MiB'\n[group]\ncount = 1\nbehaviour = 'corrupts'";
    let (_, traces) = traced(text, 1);
    traces.into_iter().map(|(_, bytes)| bytes).max_by_key(Vec::len).unwrap()
}

proptest::proptest! {
    #[test]
    fn a_trace_that_somebody_changed_makes_a_scenario_or_is_refused(
        changes in proptest::collection::vec((proptest::arbitrary::any::<proptest::sample::Index>(), proptest::arbitrary::any::<u8>()), 1..8),
    ) {
        static TRACE: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(small);
        let mut bytes = TRACE.clone();
        for (at, byte) in changes {
            let body = bytes.len() - 16;
            bytes[16 + at.index(body)] = byte;
        }
        if let Ok(office) = Office::read(&[("changed".into(), bytes)]) {
            proptest::prop_assert!(office.scenario.check().is_ok());
            proptest::prop_assert_eq!(Scenario::parse(&office.scenario.to_toml()).unwrap().name, "replay");
        }
    }
}

#[test]
fn traces_that_do_not_go_together_are_refused_with_the_reason() {
    let (_, mut traces) = traced("site.peers = 2\ncontent.size = '2MiB'", 1);
    traces.push(traces[0].clone());
    assert!(Office::read(&traces).unwrap_err().to_string().contains("traces of one node"));
    let garbage = ("mine".to_owned(), b"{}".to_vec());
    let refused = Office::read(&[garbage]).unwrap_err();
    assert_eq!(refused.to_string(), "mine");
    let (_, idle) = traced("site.peers = 2\ncontent.size = '1MiB'\npeer.has = 1", 1);
    assert!(matches!(Office::read(&idle), Err(ReplayError::Nothing)), "nobody lacked anything");
}
