//! Outcomes made by hand, for tests of what is made of them.

use swarmline_types::{CapacityClass, Priority};

use super::Study;
use crate::outcome::{
    Completions, ContentOutcome, Egress, Figures, Holders, Messages, Outcome, PeerOutcome, Series, Traffic,
};
use crate::scenario::{Behaviour, Scenario};

/// Four peers that share one content of four pieces in two seconds; the later the seed the slower.
pub(crate) fn outcome(scenario: &Scenario, seed: u64) -> Outcome {
    let late = seed as f64 / 100.0;
    let figures = Figures {
        peers: 4,
        finished: 4,
        bound_s: 2.0,
        makespan_s: 2.0 + late,
        makespan: (2.0 + late) / 2.0,
        mean_s: 1.9,
        mean: 0.95,
        origin: 1.0 + late,
        duplicate: 0.01,
        upload_spread: 1.5,
        traffic: Traffic { wanted: 16 << 20, origin: 4 << 20, ..Traffic::default() },
        messages: Messages { have: 32, requests: 16, lane: 8, ..Messages::default() },
        ..Figures::default()
    };
    let peer = |peer: u32| PeerOutcome {
        site: 0,
        peer,
        group: String::new(),
        behaviour: Behaviour::Honest,
        class: CapacityClass::Wired,
        arrived_s: 0.0,
        done_s: Some(1.7 + f64::from(peer) / 10.0 + late),
        contents_done_s: vec![],
        gone_s: None,
        sent: 3 << 20,
        received: 4 << 20,
        from_origin: 1 << 20,
    };
    let content = |content: &crate::scenario::ContentPlan| ContentOutcome {
        name: content.name.clone(),
        priority: Priority::Foreground,
        size: 4 << 20,
        pieces: 4,
        figures,
    };
    let steps = 20;
    let front = |step: u16, row: u16| (step * 60).saturating_sub(row * 200).min(1000);
    let holders = Holders {
        content: 0,
        peers: 4,
        pieces: vec![1; 4],
        filled: (0..steps).map(|step| (0..4).map(|row| front(step, row)).collect()).collect(),
    };
    let egress = Egress { owner: vec![200_000; 20], take_over: vec![0; 20], ..Egress::default() };
    Outcome {
        scenario: scenario.name.clone(),
        question: scenario.question.clone(),
        strategy: scenario.strategy.to_string(),
        seed,
        events: 1000,
        ended_s: 2.2,
        total: figures,
        sites: vec![],
        contents: scenario.content.iter().map(content).collect(),
        completions: Completions { peers: (0..4).map(peer).collect(), percentiles_s: vec![] },
        series: Series {
            step_s: 0.1,
            egress,
            capacity: Some(250_000.0),
            exchanged: vec![0; 20],
            completions: vec![0; 20],
            present: vec![4; 20],
            holders: vec![holders],
        },
        fetches: vec![],
        fetches_left_out: 0,
    }
}

/// A study of three seeds of this scenario.
pub(crate) fn study(text: &str) -> Study {
    let scenario = Scenario::parse(text).expect("the sample is a scenario");
    let outcomes = (1..=3).map(|seed| outcome(&scenario, seed)).collect();
    Study { scenario, outcomes }
}
