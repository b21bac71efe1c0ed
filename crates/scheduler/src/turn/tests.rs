mod properties;

use super::*;

const STEP: Duration = Duration::from_secs(1);
const CONTENT: ContentId = ContentId::new([0x11; 32]);
const KIB: u64 = 1 << 10;

fn node(n: u8) -> NodeId {
    NodeId::new([n; 32])
}

fn ms(n: u64) -> MonoTime {
    MonoTime::from_millis(n)
}

fn turn_of(me: NodeId) -> Turn {
    Turn::new(me, CapacityClass::Wired, STEP, ms(700))
}

fn asks(turn: &mut Turn, peer: NodeId) {
    turn.on_asked(peer, CapacityClass::Wired, MonoTime::ZERO);
}

/// The nodes from 1 on, as they rank.
fn ranked<const N: usize>() -> [NodeId; N] {
    let mut nodes: [NodeId; N] = std::array::from_fn(|n| node(u8::try_from(n + 1).unwrap()));
    nodes.sort_by_key(|node| manifest_key(&CONTENT, node, CapacityClass::Wired));
    nodes
}

/// A node that knows of three others that they look for it, and what the content is called since 100 ms.
fn one_of_four(rank: usize) -> (Turn, [NodeId; 4]) {
    let nodes = ranked();
    let mut turn = turn_of(nodes[rank]);
    for peer in nodes.into_iter().filter(|peer| *peer != nodes[rank]) {
        asks(&mut turn, peer);
        turn.on_answer(&peer, Search::Looking, ms(1));
    }
    turn.on_named(CONTENT, 100 * KIB, ms(100));
    (turn, nodes)
}

#[test]
fn nothing_is_due_before_the_content_has_a_name() {
    let mut turn = turn_of(node(1));
    asks(&mut turn, node(2));
    turn.on_answer(&node(2), Search::Idle, ms(1));
    assert_eq!(turn.due(None), None);
    turn.on_named(CONTENT, 0, ms(100));
    assert_eq!(turn.due(None), Some(ms(100)));
}

#[test]
fn who_has_met_nobody_listens_for_a_while() {
    let mut turn = turn_of(node(1));
    turn.on_named(CONTENT, 0, ms(100));
    assert_eq!(turn.due(None), Some(ms(700)));
    asks(&mut turn, node(2));
    turn.on_answer(&node(2), Search::Idle, ms(150));
    assert_eq!(turn.due(None), Some(ms(100)), "it is not deaf any more");
}

#[test]
fn those_who_look_read_one_after_another() {
    for rank in 0..4 {
        let (turn, _) = one_of_four(rank);
        assert_eq!(turn.due(None), Some(ms(100 + 1000 * rank as u64)), "rank {rank}");
    }
}

#[test]
fn who_never_fetches_for_others_comes_last_and_holds_nobody_up() {
    let nodes = ranked::<4>();
    let mut never = Turn::new(nodes[0], CapacityClass::Never, STEP, MonoTime::ZERO);
    let mut other = turn_of(nodes[3]);
    asks(&mut never, nodes[3]);
    other.on_asked(nodes[0], CapacityClass::Never, MonoTime::ZERO);
    for (turn, peer) in [(&mut never, nodes[3]), (&mut other, nodes[0])] {
        turn.on_question(&peer);
        turn.on_named(CONTENT, 0, ms(100));
    }
    assert_eq!((never.due(None), other.due(None)), (Some(ms(1100)), Some(ms(100))));
}

#[test]
fn nobody_is_first_before_all_have_answered_or_had_the_time() {
    let mut turn = turn_of(node(1));
    turn.on_named(CONTENT, 0, ms(100));
    turn.on_asked(node(2), CapacityClass::Wired, ms(90));
    turn.on_asked(node(3), CapacityClass::Wired, ms(80));
    assert_eq!(turn.due(None), Some(ms(340)));
    turn.on_answer(&node(2), Search::Idle, ms(110));
    assert_eq!(turn.due(None), Some(ms(330)));
    turn.on_gone(&node(3));
    assert_eq!(turn.due(None), Some(ms(100)));
}

#[test]
fn who_reads_is_waited_for_whatever_its_rank() {
    let (mut first, nodes) = one_of_four(0);
    first.on_answer(&nodes[3], Search::Reading, ms(90));
    assert_eq!(first.due(None), Some(ms(90 + 3000 + 100)));
    first.on_answer(&nodes[3], Search::Reading, ms(2000));
    assert_eq!(first.due(None), Some(ms(90 + 3000 + 100)), "saying it again gains nothing");
    first.on_question(&nodes[3]);
    assert_eq!(first.due(None), Some(ms(90 + 3000 + 100)), "it reads all the same");
    first.on_answer(&nodes[3], Search::Idle, ms(2100));
    assert_eq!(first.due(None), Some(ms(100)));
}

#[test]
fn the_next_moves_up_when_the_first_is_gone() {
    let (mut second, nodes) = one_of_four(1);
    second.on_answer(&nodes[0], Search::Reading, ms(120));
    second.on_gone(&nodes[0]);
    assert_eq!(second.due(None), Some(ms(100)));
}

#[test]
fn a_node_that_reads_says_so_and_its_own_others_wait_for_it() {
    let (mut turn, nodes) = one_of_four(0);
    assert_eq!(turn.search(), Search::Looking);
    turn.set_reading(true, ms(100));
    turn.set_reading(true, ms(900));
    assert_eq!((turn.search(), turn.due(None)), (Search::Reading, Some(ms(100 + 3000 + 100))));
    assert!(
        turn.lookers()
            .eq([1, 2, 3].map(|rank| nodes[rank]).into_iter().collect::<std::collections::BTreeSet<_>>())
    );
    turn.set_reading(false, ms(1000));
    assert_eq!((turn.search(), turn.due(None)), (Search::Looking, Some(ms(100))));
}

#[test]
fn who_offers_it_is_given_time_for_each_part_and_not_for_ever() {
    let (turn, _) = one_of_four(0);
    assert_eq!(turn.due(Some(MonoTime::ZERO)), Some(ms(3100)));
    assert_eq!(turn.due(Some(ms(3000))), Some(ms(6000)));
    assert_eq!(turn.due(Some(ms(29_000))), Some(ms(30_100)));
}

/// However many liars there are and whatever they say, whenever they say it.
#[test]
fn liars_that_offer_nothing_cost_nine_steps_at_most() {
    let mut turn = turn_of(node(200));
    turn.on_named(CONTENT, 0, ms(100));
    for at in 0..100u8 {
        let now = ms(100 + u64::from(at) * 1000);
        turn.on_asked(node(at), CapacityClass::Wired, now);
        if at % 2 == 0 {
            turn.on_answer(&node(at), Search::Reading, now);
        }
    }
    assert_eq!(turn.due(None), Some(ms(100 + 9000)));
}

#[test]
fn whatever_length_the_origin_claims_the_wait_ends() {
    let mut turn = turn_of(node(1));
    asks(&mut turn, node(2));
    turn.on_answer(&node(2), Search::Reading, ms(100));
    turn.on_named(CONTENT, u64::MAX, ms(100));
    assert_eq!(turn.due(None), Some(ms(100 + 3000 + (64 << 10))));
}

#[test]
fn a_content_that_is_named_anew_starts_anew() {
    let (mut turn, _) = one_of_four(0);
    turn.on_named(CONTENT, 100 * KIB, ms(5000));
    assert_eq!(turn.due(None), Some(ms(100)), "it is the same");
    turn.on_named(ContentId::new([9; 32]), 0, ms(5000));
    assert!(turn.due(None) >= Some(ms(5000)));
}

/// Any pair among nodes that hear each other: whatever was said in whatever order, one reads and one waits for it.
#[test]
fn of_two_that_hear_each_other_one_reads() {
    let [first, second] = ranked();
    for (is_later, rank_of_late) in [(second, 1), (first, 0)] {
        let early = if is_later == first { second } else { first };
        // The early one begins alone: the other answers that it does nothing.
        let mut reader = turn_of(early);
        asks(&mut reader, is_later);
        reader.on_answer(&is_later, Search::Idle, ms(5));
        reader.on_named(CONTENT, 0, ms(10));
        assert_eq!(reader.due(None), Some(ms(10)));
        reader.set_reading(true, ms(10));
        // Then the other begins, and hears that it is being read, whether it would rank first or not.
        let mut late = turn_of(is_later);
        late.on_asked(early, CapacityClass::Wired, ms(20));
        late.on_named(CONTENT, 0, ms(20));
        assert!(late.due(None) > Some(ms(20)), "not before the answer is here");
        late.on_answer(&early, reader.search(), ms(21));
        assert_eq!(late.due(None), Some(ms(21 + 3000)), "rank {rank_of_late}");
    }
}
