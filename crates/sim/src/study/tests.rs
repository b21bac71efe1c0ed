use super::*;

fn metric(study: &Study, key: &str) -> Metric {
    study.metrics().into_iter().find(|metric| metric.key == key).unwrap()
}

#[test]
fn targets_are_held_against_the_mean() {
    // 1.01, 1.02 and 1.03 times one copy
    let study = sample::study("[expect]\norigin_max = 1.0201\nmakespan_max = 1.004");
    let origin = metric(&study, "origin");
    assert_eq!((origin.best(), origin.worst(), origin.is_met()), (1.01, 1.03, Some(true)));
    assert_eq!(metric(&study, "makespan").is_met(), Some(false));
    assert!(!study.is_met());
    assert_eq!(metric(&study, "mean").is_met(), None);
}

#[test]
fn nobody_may_be_left_without_it_in_any_run() {
    let mut study = sample::study("");
    assert!(study.is_met());
    study.outcomes[2].total.unfinished = 1;
    assert_eq!(metric(&study, "unfinished").is_met(), Some(false));
    study.scenario.expect.unfinished_max = 1;
    assert!(study.is_met());
}

#[test]
fn where_nobody_is_ever_done_no_bound_on_time_is_kept() {
    let mut study = sample::study("[expect]\nmakespan_max = 9\nmean_max = 9");
    assert_eq!(metric(&study, "makespan").is_met(), Some(true));
    for outcome in &mut study.outcomes {
        outcome.total.unfinished = outcome.total.finished;
        outcome.total.finished = 0;
        (outcome.total.makespan, outcome.total.mean) = (0.0, 0.0);
    }
    assert_eq!([metric(&study, "makespan").is_met(), metric(&study, "mean").is_met()], [Some(false); 2]);
    assert!(study.answer().starts_with("Nobody ever gets it."), "{}", study.answer());
}

#[test]
fn every_bound_of_a_scenario_is_the_target_of_a_metric() {
    let bounds = [
        "makespan_max",
        "over_bound_max",
        "mean_max",
        "origin_max",
        "duplicate_max",
        "bad_max",
        "have_max",
        "requests_max",
        "upload_spread_max",
        "unfinished_max",
    ];
    let expect = toml::Value::try_from(crate::scenario::Expect {
        makespan_max: Some(1.0),
        over_bound_max: Some(crate::scenario::Span::secs(1)),
        mean_max: Some(1.0),
        origin_max: Some(1.0),
        duplicate_max: Some(1.0),
        bad_max: Some(1.0),
        have_max: Some(1.0),
        requests_max: Some(1.0),
        upload_spread_max: Some(1.0),
        unfinished_max: 1,
    })
    .unwrap();
    let keys: Vec<_> = expect.as_table().unwrap().keys().map(String::as_str).collect();
    let sorted = std::collections::BTreeSet::from(bounds);
    assert_eq!(keys.iter().copied().collect::<std::collections::BTreeSet<_>>(), sorted);
    for bound in bounds {
        let value = if bound == "over_bound_max" { "'5s'" } else { "5" };
        let study = sample::study(&format!("[expect]\n{bound} = {value}"));
        assert_eq!(metric(&study, bound.trim_end_matches("_max")).target, Some(5.0), "{bound}");
    }
}

#[test]
fn contents_have_targets_of_their_own() {
    let study = sample::study("[[content]]\nname = 'first'\nmakespan_max = 1.001\n[[content]]");
    assert_eq!(metric(&study, "content.0.makespan").is_met(), Some(false));
    assert_eq!(metric(&study, "content.1.makespan").is_met(), None);
    assert_eq!(metric(&study, "content.0.makespan").label, "first: time / its own bound");
}

#[test]
fn messages_count_for_each_peer_and_piece() {
    let study = sample::study("");
    // 32 to 4 peers about 4 pieces
    assert_eq!((metric(&study, "have").mean(), metric(&study, "requests").mean()), (2.0, 1.0));
}

#[test]
fn the_answer_says_when_what_and_what_went_wrong() {
    let mut study = sample::study("");
    assert_eq!(
        study.answer(),
        "Everybody has it 2.0 s after the first one came; nobody could be faster than 2.0 s. The origin sends 4 MiB, \
         1.020 times one copy; without sharing it would send 4 times as much. Of what was received, 1 % was in vain."
    );
    study.outcomes[0].total.unfinished = 2;
    assert!(study.answer().starts_with("Up to 2 peers never get it;"), "{}", study.answer());
    study.outcomes.iter_mut().for_each(|outcome| outcome.total.traffic.origin = 0);
    assert!(study.answer().contains("The origin sends nothing."));
}
