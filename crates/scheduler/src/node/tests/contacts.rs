//! Whom the node connects to, and when.

use super::*;

fn needs_rumours(node: &mut Node) -> bool {
    surroundings(node, CONTENT, MonoTime::ZERO).needs_rumours
}

#[test]
fn of_two_nodes_that_find_each_other_one_dials_at_once() {
    let mut node = node();
    node.handle(NodeInput::Found { node: id(9), addr: addr(9) }, secs(0));
    node.handle(NodeInput::Found { node: id(2), addr: addr(2) }, secs(0));
    insta::assert_snapshot!(words(&drain(&mut node)), @"dial 9");
    let due = node.poll_timeout().unwrap();
    node.handle(NodeInput::Timer, due);
    insta::assert_snapshot!(words(&drain(&mut node)), @"dial 2");
    assert_eq!(due, MonoTime::from_millis(700));
}

/// Of a hundred. If the smaller always dialled, the greatest would be dialled by ninety-nine.
#[test]
fn nobody_is_dialled_at_once_by_far_more_than_half_of_the_others() {
    let mut rng = Pcg64Mcg::seed_from_u64(1);
    let ids: Vec<_> = (0..100).map(|_| NodeId::new(rng.random())).collect();
    let dials = |me: NodeId, other: NodeId| {
        let mut node = Node::new(me, &NodeConfig::default(), 1);
        node.handle(NodeInput::Found { node: other, addr: addr(1) }, secs(0));
        drain(&mut node).len()
    };
    for me in &ids {
        let others = || ids.iter().filter(|other| *other != me);
        let dialled_by: usize = others().map(|other| dials(*other, *me)).sum();
        let dialling: usize = others().map(|other| dials(*me, *other)).sum();
        assert_eq!(dialled_by + dialling, 99, "one of each pair");
        assert!((30..=70).contains(&dialled_by), "{dialled_by}");
    }
}

#[test]
fn a_node_that_cannot_be_reached_is_tried_less_and_less_and_then_forgotten() {
    let mut node = node();
    node.handle(NodeInput::Found { node: id(9), addr: addr(9) }, secs(0));
    let mut dials = vec![secs(0)];
    drain(&mut node);
    while let Some(due) = node.poll_timeout() {
        node.handle(NodeInput::Timer, due);
        dials.extend(drain(&mut node).iter().map(|_| due));
    }
    let gaps: Vec<_> = dials.windows(2).map(|pair| pair[1].since(pair[0])).collect();
    assert!(gaps[0] >= Duration::from_secs(1) && gaps[0] <= Duration::from_millis(1500), "{gaps:?}");
    assert!(gaps.iter().all(|gap| *gap <= Duration::from_secs(90)), "{gaps:?}");
    assert_eq!(dials.len(), 11);
}

/// Somebody names five thousand; of whoever is found then, as many are dialled as without.
#[test]
fn names_that_nobody_stands_behind_keep_nobody_out() {
    let mut node = node();
    let named = |n: u64| {
        let mut name = [0xee; 32];
        name[..8].copy_from_slice(&(n << 32).to_be_bytes());
        NodeId::new(name)
    };
    for n in 0..5_000 {
        node.handle(NodeInput::Found { node: named(n), addr: addr(1) }, secs(0));
    }
    drain(&mut node);
    let is_dialled = |action: &NodeAction| matches!(action, NodeAction::Dial { node, .. } if *node == id(9));
    let mut dialled = false;
    for second in 1..120 {
        node.handle(NodeInput::Found { node: id(9), addr: addr(9) }, secs(second));
        dialled |= drain(&mut node).iter().any(is_dialled);
    }
    assert!(dialled, "it is found every second");
}

#[test]
fn no_more_is_dialled_than_connections_are_allowed() {
    let config = NodeConfig { connections_max: 2, ..NodeConfig::default() };
    let mut node = node_with(&config);
    up(&mut node, 8, secs(0));
    for n in 10..20 {
        node.handle(NodeInput::Found { node: id(n), addr: addr(n) }, secs(0));
    }
    let dialled = drain(&mut node).len();
    assert!((1..=6).contains(&dialled), "half of what is enough, and one is there already: {dialled}");
    up(&mut node, 9, secs(0));
    node.handle(NodeInput::Timer, secs(600));
    insta::assert_snapshot!(words(&drain(&mut node)), @"");
}

#[test]
fn a_node_that_is_out_of_reach_may_be_within_that_of_others() {
    let mut node = node();
    let mut found = |n: u8, now| {
        node.handle(NodeInput::Found { node: id(n), addr: addr(n) }, now);
        drain(&mut node)
    };
    found(8, secs(0));
    found(9, secs(0));
    up(&mut node, 8, secs(0));
    up(&mut node, 9, secs(0));
    node.handle(NodeInput::Down { peer: id(8), clean: false }, secs(1));
    node.handle(NodeInput::Timer, secs(3));
    node.handle(NodeInput::Timer, secs(9));
    drain(&mut node);
    assert!(!needs_rumours(&mut node), "it was here, and is gone");
    node.handle(NodeInput::Found { node: id(7), addr: addr(7) }, secs(10));
    assert!(!needs_rumours(&mut node));
    node.handle(NodeInput::Timer, secs(12));
    assert!(needs_rumours(&mut node), "found, and not reached twice");
}

/// Who dials half of what is enough is dialled by as many. What lacks after half a second is chosen too.
#[test]
fn where_not_all_can_be_connected_a_few_are_chosen() {
    let mut node = node_with(&NodeConfig::default());
    for n in 10..110 {
        node.handle(NodeInput::Found { node: id(n), addr: addr(n) }, secs(0));
    }
    node.handle(NodeInput::Timer, secs(1));
    drain(&mut node);
    assert!(needs_rumours(&mut node));
    (10..13).for_each(|n| _ = up(&mut node, n, secs(1)));
    drain(&mut node);
    let mut dialled = 0;
    while let Some(due) = node.poll_timeout().filter(|due| *due < secs(100)) {
        node.handle(NodeInput::Timer, due);
        for action in drain(&mut node) {
            if let NodeAction::Dial { node: found, .. } = action {
                dialled += 1;
                let number = (10..110).find(|n| id(*n) == found).unwrap();
                up(&mut node, number, due);
            }
        }
    }
    assert_eq!((dialled, node.connected()), (9, 12));
}

/// Takes in a fact, and reaches everybody whom the node dials then.
fn reach_all(node: &mut Node, input: NodeInput, now: MonoTime) {
    node.handle(input, now);
    while let Some(action) = node.poll_action() {
        if let NodeAction::Dial { node: found, .. } = action {
            let (addr, class) = (Some(addr(found.as_bytes()[0])), CapacityClass::Wired);
            node.handle(NodeInput::Up { peer: found, addr, class, contents: vec![CONTENT] }, now);
        }
    }
}

/// The first is found a moment after the start, and a handshake takes a while, too: of those who are dialled last one may
/// be a holder.
#[test]
fn where_all_are_connected_all_are_dialled_well_within_the_discovery_wait() {
    let mut node = node();
    for n in 10..41 {
        reach_all(&mut node, NodeInput::Found { node: id(n), addr: addr(n) }, MonoTime::from_millis(30));
    }
    let before = node.connected();
    while let Some(due) = node.poll_timeout().filter(|due| *due <= MonoTime::from_millis(200)) {
        reach_all(&mut node, NodeInput::Timer, due);
    }
    let all = (10..41).filter(|n| crate::node::contacts::dials_first(&id(5), &id(*n))).count();
    assert_eq!((before, node.connected()), (6, all));
}

#[test]
fn who_was_chosen_by_few_chooses_more_after_half_a_second() {
    let mut node = node_with(&NodeConfig::default());
    for n in 10..110 {
        reach_all(&mut node, NodeInput::Found { node: id(n), addr: addr(n) }, secs(0));
    }
    for (until_ms, connected) in [(499, 6), (501, 12)] {
        while let Some(due) = node.poll_timeout().filter(|due| *due <= MonoTime::from_millis(until_ms)) {
            reach_all(&mut node, NodeInput::Timer, due);
        }
        assert_eq!(node.connected(), connected, "{until_ms}");
    }
}

/// A site that grows one by one would else be full when the next comes.
#[test]
fn where_all_are_connected_a_quarter_is_left_for_newcomers() {
    let mut node = node_with(&NodeConfig::default());
    for n in 10..58 {
        up(&mut node, n, secs(u64::from(n)));
    }
    assert!(!needs_rumours(&mut node));
    for n in 58..110 {
        node.handle(NodeInput::Found { node: id(n), addr: addr(n) }, secs(u64::from(n)));
    }
    while let Some(due) = node.poll_timeout().filter(|due| *due < secs(200)) {
        node.handle(NodeInput::Timer, due);
    }
    assert!(needs_rumours(&mut node));
    insta::assert_snapshot!(words(&drain(&mut node)), @"");
}

#[test]
fn who_knows_the_site_waits_only_to_hear_who_has_the_content() {
    const SETTLE: Duration = Duration::from_secs(2);
    let mut node = node();
    assert_eq!(node.discovery_wait(Duration::ZERO, secs(60)), Duration::ZERO, "nobody looks for others");
    assert_eq!(node.discovery_wait(SETTLE, secs(60)), DISCOVERY_WAIT, "nobody was ever there");
    up(&mut node, 1, secs(60));
    assert_eq!(node.discovery_wait(SETTLE, secs(61)), DISCOVERY_WAIT, "others may follow");
    assert_eq!(
        node.discovery_wait(Duration::ZERO, secs(61)),
        DISCOVERY_WAIT,
        "somebody is there all the same"
    );
    assert_eq!(node.discovery_wait(SETTLE, secs(62)), DISCOVERY_WAIT_SETTLED);
    node.handle(NodeInput::Down { peer: id(1), clean: false }, secs(63));
    assert_eq!(node.discovery_wait(SETTLE, secs(64)), DISCOVERY_WAIT, "who comes next has more to tell");
}

/// Half as many again, and once: what nobody has is not found by asking everybody.
#[test]
fn who_lacks_what_its_peers_lack_connects_with_others() {
    let mut node = node();
    (100..200).for_each(|n| node.handle(NodeInput::Found { node: id(n), addr: addr(n) }, secs(0)));
    (100..112).for_each(|n| _ = up(&mut node, n, secs(0)));
    node.handle(NodeInput::Timer, secs(10));
    drain(&mut node);
    let dials = |node: &mut Node, is_stranded, now| {
        node.allowance(CONTENT, Priority::Foreground).seek_others(is_stranded);
        node.handle(NodeInput::Timer, now);
        drain(node).iter().filter(|action| matches!(action, NodeAction::Dial { .. })).count()
    };
    assert_eq!(dials(&mut node, false, secs(10)), 0, "12 are enough");
    assert_eq!(dials(&mut node, true, secs(10)), 6);
    assert_eq!(dials(&mut node, true, secs(10)), 0, "these are under way");
    (112..124).for_each(|n| _ = up(&mut node, n, secs(11)));
    assert_eq!(dials(&mut node, true, secs(100)), 0);
}

#[test]
fn who_opens_a_content_looks_who_opens_it_too_before_it_dials() {
    let mut node = Node::new(id(5), &NodeConfig::default(), 1);
    (100..200).for_each(|n| node.handle(NodeInput::Found { node: id(n), addr: addr(n) }, secs(0)));
    for n in 100..112 {
        let up = NodeInput::Up {
            peer: id(n),
            addr: Some(addr(n)),
            class: CapacityClass::Wired,
            contents: Vec::new(),
        };
        node.handle(up, secs(0));
    }
    node.handle(NodeInput::Timer, secs(10));
    drain(&mut node);

    let joins = |node: &mut Node, from: u8, to: u8, now| {
        (from..to).for_each(|n| node.handle(NodeInput::Joined { peer: id(n), content: CONTENT }, now));
        let orders = words(&drain(node));
        orders.matches("dial").count()
    };
    node.open(CONTENT, secs(10));
    assert_eq!(joins(&mut node, 100, 108, secs(10)), 0, "others may be a little later");
    let due = node.poll_timeout().unwrap();
    assert!(due <= secs(10) + LOOK_AROUND, "{due:?}");
    node.handle(NodeInput::Timer, secs(10) + LOOK_AROUND);
    assert_eq!(joins(&mut node, 108, 108, secs(11)), 4, "8 of 12 share it");
}
