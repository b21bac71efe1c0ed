//! What the table of members holds, and who is ranked.

use rand::SeedableRng;
use rand::seq::SliceRandom;

use super::*;
use crate::config::MEMBERS_KNOWN_MAX;

const CONTENT: ContentId = ContentId::new([1; 32]);

fn node(n: usize) -> NodeId {
    let mut id = [0; 32];
    id[..8].copy_from_slice(&n.to_le_bytes());
    NodeId::new(id)
}

fn at_s(seconds: u64) -> MonoTime {
    MonoTime::from_millis(seconds * 1000)
}

/// Who hears of so many, in an order of its own.
fn who_hears_of(numbers: std::ops::Range<usize>, seed: u64) -> Members {
    let (mut members, mut rng) = (Members::default(), Pcg64Mcg::seed_from_u64(seed));
    let mut numbers: Vec<_> = numbers.collect();
    numbers.shuffle(&mut rng);
    for n in numbers {
        members.hear(node(n), CapacityClass::Wired, 1, &CONTENT, &mut rng, at_s(0));
    }
    members
}

fn ranked(members: &Members) -> Vec<NodeId> {
    members
        .iter()
        .filter(|member| member.is_ranked() && !member.is_outside())
        .map(|member| member.id)
        .collect()
}

#[test]
fn invented_names_push_out_only_what_is_hearsay_too() {
    let (mut members, mut rng) = (Members::default(), Pcg64Mcg::seed_from_u64(1));
    (0..64).for_each(|n| members.connect(node(n), CapacityClass::Wired, &CONTENT, at_s(0)));
    for n in 64..10 * MEMBERS_KNOWN_MAX {
        members.hear(node(n), CapacityClass::Wired, 1, &CONTENT, &mut rng, at_s(0));
        assert!(members.iter().count() <= MEMBERS_KNOWN_MAX + OUTSIDERS_MAX + 64);
    }
    assert!((0..64).all(|n| members.get(&node(n)).is_some_and(Member::is_ranked)));
    assert_eq!(members.ranked(), members.iter().filter(|member| member.is_ranked()).count());
}

/// If each remembered others, each would wait for others, and some for nobody.
#[test]
fn where_there_are_too_many_all_rank_the_same() {
    let first = who_hears_of(0..10_000, 1);
    let members = ranked(&first).len();
    assert!((MEMBERS_KNOWN_MAX / 2..MEMBERS_KNOWN_MAX).contains(&members), "{members}");
    assert_eq!(ranked(&first), ranked(&who_hears_of(0..10_000, 2)));
    let all = ranked(&who_hears_of(0..MEMBERS_KNOWN_MAX, 1));
    assert_eq!(all.len(), MEMBERS_KNOWN_MAX, "no more than can be remembered");
}

/// Nobody speaks to it of those who were left out, so there seem to be no more than can be remembered.
#[test]
fn a_newcomer_leaves_out_whom_others_have_left_out() {
    let others = who_hears_of(0..10_000, 1);
    let (mut newcomer, mut rng) = (Members::default(), Pcg64Mcg::seed_from_u64(3));
    for id in ranked(&others) {
        newcomer.hear(id, CapacityClass::Wired, 1, &CONTENT, &mut rng, at_s(0));
    }
    assert_eq!(ranked(&newcomer), ranked(&others));
    let would_rank = |members: &Members, n| members.would_rank(&node(n), &CONTENT);
    assert!((10_000..11_000).all(|n| would_rank(&newcomer, n) == would_rank(&others, n)));
}

#[test]
fn when_few_are_left_all_are_ranked_again() {
    let mut members = who_hears_of(0..10_000, 1);
    let outsider = (10_000..).map(node).find(|id| !members.would_rank(id, &CONTENT)).unwrap();
    members.connect(outsider, CapacityClass::Wired, &CONTENT, at_s(0));
    assert!(members.get(&outsider).unwrap().is_outside());
    members.tick(at_s(151));
    assert!(!members.get(&outsider).unwrap().is_outside());
    assert_eq!((members.iter().count(), members.ranked()), (1, 1));
}

/// But it looks for itself who would come before it if all took part: the committee may be names only.
#[test]
fn nobody_of_the_committee_waits_for_an_outsider_whatever_it_draws() {
    let mut members = who_hears_of(0..10_000, 1);
    let outsider = (10_000..).map(node).find(|id| !members.would_rank(id, &CONTENT)).unwrap();
    members.connect(outsider, CapacityClass::Wired, &CONTENT, at_s(0));
    let (outsider, one) = (members.get(&outsider).unwrap(), members.get(&ranked(&members)[0]).unwrap());
    let mut comes_before_me = 0;
    for run in 0..2_000 {
        let run = score::draw_of_run(&CONTENT, run);
        let (outsider, one) = (outsider.entrant(run), one.entrant(run));
        assert!(one.is_before(&outsider) && !outsider.is_seen_before(&one));
        comes_before_me += u32::from(one.is_seen_before(&outsider));
    }
    assert!((900..1_100).contains(&comes_before_me), "{comes_before_me} of 2000");
}

#[test]
fn a_committee_of_which_many_do_not_come_may_be_names_only() {
    let mut members = who_hears_of(0..10_000, 1);
    let absent = ranked(&members);
    let (few, many) = (absent.len() / 8, absent.len() / 8 + 1);
    absent[..few].iter().for_each(|id| members.miss(id, at_s(1)));
    assert!(!members.is_committee_absent());
    absent[few..many].iter().for_each(|id| members.miss(id, at_s(1)));
    assert!(members.is_committee_absent());
}

#[test]
fn who_is_not_heard_of_is_forgotten_and_who_is_connected_is_not() {
    let (mut members, mut rng) = (Members::default(), Pcg64Mcg::seed_from_u64(1));
    members.connect(node(0), CapacityClass::Wired, &CONTENT, at_s(0));
    members.hear(node(1), CapacityClass::Wired, 1, &CONTENT, &mut rng, at_s(0));
    members.hear(node(2), CapacityClass::Wired, 1, &CONTENT, &mut rng, at_s(0));
    members.hear(node(2), CapacityClass::Wired, 2, &CONTENT, &mut rng, at_s(100));
    members.tick(at_s(151));
    let known: Vec<_> = members.iter().map(|member| member.id).collect();
    assert_eq!(known, [node(0), node(2)]);
}

#[test]
fn a_suspect_is_ranked_again_after_a_minute() {
    let mut members = Members::default();
    members.connect(node(0), CapacityClass::Wired, &CONTENT, at_s(0));
    members.suspect(&node(0), Blame::Late, at_s(1));
    members.tick(at_s(60));
    assert!(!members.get(&node(0)).unwrap().is_ranked());
    members.tick(at_s(61));
    assert!(members.get(&node(0)).unwrap().is_ranked());
}

#[test]
fn who_was_missed_is_ranked_again_when_it_speaks_and_who_let_a_run_rot_is_not() {
    let mut members = Members::default();
    for n in 0..2 {
        members.connect(node(n), CapacityClass::Wired, &CONTENT, at_s(0));
    }
    members.miss(&node(0), at_s(1));
    members.suspect(&node(1), Blame::Rot, at_s(1));
    assert!(!members.iter().any(Member::is_ranked));
    members.appear(&node(0));
    members.appear(&node(1));
    let ranked: Vec<_> = members.iter().map(Member::is_ranked).collect();
    assert_eq!(ranked, [true, false]);
}

#[test]
fn a_member_takes_little_room() {
    assert!(size_of::<Member>() <= 56, "{}", size_of::<Member>());
}
