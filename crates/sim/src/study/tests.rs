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

/// Peers of each run that got it, that stayed without it, and that went before.
fn became(study: &mut Study, finished: u32, unfinished: u32, went: u32) {
    for outcome in &mut study.outcomes {
        let total = &mut outcome.total;
        (total.finished, total.unfinished, total.went) = (finished, unfinished, went);
        total.peers = finished + unfinished + went;
        if finished == 0 {
            (total.makespan_s, total.makespan, total.mean) = (0.0, 0.0, 0.0);
        }
        outcome.contents.iter_mut().for_each(|content| content.figures = outcome.total);
    }
}

#[test]
fn where_somebody_who_stayed_is_never_done_no_bound_on_time_is_kept() {
    let mut study = sample::study(
        "content.makespan_max = 9\n[expect]\nmakespan_max = 9\nmean_max = 9\nover_bound_max = '9s'",
    );
    let keys = ["makespan", "mean", "over_bound", "content.0.makespan"];
    let met = |study: &Study| keys.map(|key| metric(study, key).is_met());
    assert_eq!(met(&study), [Some(true); 4]);
    became(&mut study, 3, 0, 1);
    assert_eq!(met(&study), [Some(true); 4], "who goes by itself is not waited for");
    for (finished, unfinished, went) in [(0, 4, 0), (3, 1, 0), (0, 0, 4), (0, 0, 0)] {
        became(&mut study, finished, unfinished, went);
        assert_eq!(met(&study), [Some(false); 4], "{finished} {unfinished} {went}");
        let times = ["makespan_s", "mean_s"].map(|key| metric(&study, key).mean());
        assert_eq!(times, [f64::INFINITY; 2], "{finished} {unfinished} {went}");
    }
}

#[test]
fn the_worst_may_lie_below_zero() {
    let mut study = sample::study("");
    study.outcomes.iter_mut().for_each(|outcome| outcome.total.bound_s = 5.0);
    let over = metric(&study, "over_bound");
    assert_eq!((over.best(), over.worst()), (2.01 - 5.0, 2.03 - 5.0));
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
fn a_single_content_is_told_of_where_it_has_a_target() {
    let told =
        |text: &str| sample::study(text).metrics().into_iter().find(|it| it.key == "content.0.makespan");
    assert_eq!(told("content.makespan_max = 1.001").and_then(|metric| metric.is_met()), Some(false));
    assert_eq!(told("content.size = '4MiB'"), None);
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
    study.outcomes.iter_mut().for_each(|outcome| outcome.total.traffic.origin = 0);
    assert!(study.answer().contains("The origin sends nothing."));
}

/// What some have is no measure for the bound on all, nor for what all would take.
#[test]
fn the_answer_gives_no_time_that_nobody_had() {
    let told = |finished, unfinished, went| {
        let mut study = sample::study("");
        became(&mut study, finished, unfinished, went);
        study.answer().split(" Of what was").next().unwrap_or_default().to_owned()
    };
    let sent = " The origin sends 4 MiB, 1.020 times one copy.";
    assert_eq!(told(0, 0, 0), format!("No honest peer wants it.{sent}"));
    assert_eq!(told(0, 0, 4), format!("Everybody goes before having it.{sent}"));
    assert_eq!(told(0, 3, 1), format!("Nobody ever gets it.{sent}"));
    let (left, rest) =
        ("Up to 1 peer never gets it", "the last of the others has it 2.0 s after the first one came");
    assert_eq!(told(3, 1, 0), format!("{left}; {rest}.{sent}"));
    assert!(
        told(3, 0, 1).starts_with("Everybody who stayed has it 2.0 s after the first one came; nobody could")
    );
}
