//! The node's rules, one at a time.

mod contacts;
mod properties;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use swarmline_types::message::WireRequest;
use swarmline_types::{PieceLayout, Rate};

use super::*;
use crate::ledger::Source;
use crate::limits::{ClassLimits, Limit};

const CONTENT: ContentId = ContentId::new([1; 32]);
const OTHER: ContentId = ContentId::new([2; 32]);

fn id(n: u8) -> NodeId {
    NodeId::new([n; 32])
}

fn addr(n: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, n], 7000))
}

fn secs(n: u64) -> MonoTime {
    MonoTime::from_millis(n * 1000)
}

fn node_with(config: &NodeConfig) -> Node {
    let mut node = Node::new(id(5), config, 1);
    node.open(CONTENT, MonoTime::ZERO);
    node
}

fn node() -> Node {
    node_with(&NodeConfig::default())
}

fn surroundings(node: &mut Node, content: ContentId, now: MonoTime) -> Surroundings {
    node.allowance(content, Priority::Foreground).surroundings(now)
}

fn drain(node: &mut Node) -> Vec<NodeAction> {
    std::iter::from_fn(|| node.poll_action()).collect()
}

fn up(node: &mut Node, peer: u8, now: MonoTime) -> Vec<NodeAction> {
    let input = NodeInput::Up {
        peer: id(peer),
        addr: Some(addr(peer)),
        class: CapacityClass::Wired,
        contents: vec![CONTENT],
    };
    node.handle(input, now);
    drain(node)
}

fn block(request: u32, offset: u32) -> BlockRequest {
    let piece = PieceLayout::new(64 << 20, 1 << 20).unwrap().piece(request % 64).unwrap();
    BlockRequest { request: WireRequest(request), piece, offset, size: 1 << 20 }
}

fn ask(node: &mut Node, peer: u8, request: u32, now: MonoTime) -> Vec<NodeAction> {
    let input = NodeInput::Asked { peer: id(peer), content: CONTENT, block: block(request, 0), has: true };
    node.handle(input, now);
    drain(node)
}

/// What was decided, in one word per request.
fn words(actions: &[NodeAction]) -> String {
    let word = |action: &NodeAction| match action {
        NodeAction::Serve { peer, block, .. } => format!("serve {}#{}", peer.as_bytes()[0], block.request.0),
        NodeAction::Reject { peer, request, .. } => format!("reject {}#{}", peer.as_bytes()[0], request.0),
        NodeAction::Disconnect { peer } => format!("cut {}", peer.as_bytes()[0]),
        NodeAction::Dial { node, .. } => format!("dial {}", node.as_bytes()[0]),
        NodeAction::Meet { peer, .. } => format!("meet {}", peer.as_bytes()[0]),
        NodeAction::Part { peer, .. } => format!("part {}", peer.as_bytes()[0]),
        NodeAction::Introduce { to, members, .. } => {
            let names: Vec<_> = members.iter().map(|member| member.node.as_bytes()[0].to_string()).collect();
            format!("introduce {} to {}", names.join("+"), to.as_bytes()[0])
        }
        NodeAction::Wake { content } => format!("wake {}", content.as_bytes()[0]),
    };
    actions.iter().map(word).collect::<Vec<_>>().join(", ")
}

#[test]
fn a_newcomer_meets_the_content_and_its_members() {
    let mut node = node();
    insta::assert_snapshot!(words(&up(&mut node, 1, secs(0))), @"meet 1");
    insta::assert_snapshot!(words(&up(&mut node, 2, secs(0))), @"meet 2, introduce 1 to 2");
    node.handle(NodeInput::Down { peer: id(1), clean: true }, secs(1));
    insta::assert_snapshot!(words(&drain(&mut node)), @"part 1");
}

#[test]
fn a_peer_meets_only_what_both_share() {
    let mut node = node();
    let input = NodeInput::Up { peer: id(1), addr: None, class: CapacityClass::Wired, contents: vec![OTHER] };
    node.handle(input, secs(0));
    insta::assert_snapshot!(words(&drain(&mut node)), @"");
    node.open(OTHER, secs(1));
    insta::assert_snapshot!(words(&drain(&mut node)), @"meet 1");
    node.handle(NodeInput::Joined { peer: id(1), content: CONTENT }, secs(1));
    insta::assert_snapshot!(words(&drain(&mut node)), @"meet 1");
    node.handle(NodeInput::Joined { peer: id(1), content: CONTENT }, secs(1));
    insta::assert_snapshot!(words(&drain(&mut node)), @"");
}

#[test]
fn a_banned_peer_does_not_meet_the_content_again_for_a_day() {
    let mut node = node();
    up(&mut node, 1, secs(0));
    node.handle(NodeInput::Banned { peer: id(1), content: CONTENT }, secs(1));
    insta::assert_snapshot!(words(&drain(&mut node)), @"cut 1");
    node.handle(NodeInput::Down { peer: id(1), clean: true }, secs(1));
    drain(&mut node);
    insta::assert_snapshot!(words(&up(&mut node, 1, secs(2))), @"");
    node.handle(NodeInput::Down { peer: id(1), clean: true }, secs(3));
    drain(&mut node);
    insta::assert_snapshot!(words(&up(&mut node, 1, secs(1 + 24 * 3600))), @"meet 1");
}

#[test]
fn the_queue_is_short_and_the_rest_is_rejected() {
    let mut node = node();
    up(&mut node, 1, secs(0));
    // Two in the making, four waiting; what the line carries is not known yet.
    for request in 0..6 {
        let actions = ask(&mut node, 1, request, secs(0));
        assert!(!words(&actions).contains("reject"), "{request}");
    }
    insta::assert_snapshot!(words(&ask(&mut node, 1, 6, secs(0))), @"reject 1#6");
}

#[test]
fn a_peer_that_fills_the_queue_makes_room_for_another() {
    let mut node = node();
    up(&mut node, 1, secs(0));
    up(&mut node, 2, secs(0));
    (0..6).for_each(|request| _ = ask(&mut node, 1, request, secs(0)));
    insta::assert_snapshot!(words(&ask(&mut node, 2, 20, secs(0))), @"reject 1#5");
    insta::assert_snapshot!(words(&ask(&mut node, 2, 21, secs(0))), @"reject 2#21");
}

/// How many requests a node takes that has sent so many pieces, one each `gap_ms`, over a line that needs 10 ms for one.
fn taken_after(pieces: u32, gap_ms: u64) -> usize {
    let mut node = node();
    up(&mut node, 1, secs(0));
    let mut now = secs(0);
    for request in 0..pieces {
        let ticket = served(&ask(&mut node, 1, request, now));
        node.handle(NodeInput::Served { ticket }, now + Duration::from_millis(10));
        drain(&mut node);
        now = now + Duration::from_millis(gap_ms);
    }
    let mut is_taken = |request: &u32| !words(&ask(&mut node, 1, *request, now)).contains("reject");
    (100..120).take_while(|request| is_taken(request)).count()
}

/// One is in the making, and has the line for itself for now.
#[test]
fn a_busy_line_has_a_short_queue() {
    assert_eq!(taken_after(20, 10), 1 + 2);
    assert_eq!(taken_after(12, 10), 1 + 8, "a burst");
    assert_eq!(taken_after(60, 30), 1 + 8, "the line has time to spare");
}

#[test]
fn a_piece_that_is_not_here_is_rejected() {
    let mut node = node();
    up(&mut node, 1, secs(0));
    let input = NodeInput::Asked { peer: id(1), content: CONTENT, block: block(3, 0), has: false };
    node.handle(input, secs(0));
    insta::assert_snapshot!(words(&drain(&mut node)), @"reject 1#3");
}

#[test]
fn a_large_piece_that_was_begun_goes_on() {
    let mut node = node();
    up(&mut node, 1, secs(0));
    up(&mut node, 2, secs(0));
    (0..12).for_each(|request| _ = ask(&mut node, 1, request, secs(0)));
    let input = NodeInput::Asked { peer: id(2), content: CONTENT, block: block(20, 1 << 20), has: true };
    node.handle(input, secs(0));
    insta::assert_snapshot!(words(&drain(&mut node)), @"");
}

#[test]
fn peers_are_served_in_turn() {
    let mut node = node_that_sent_in(Duration::ZERO);
    let mut tickets = VecDeque::new();
    let mut order = Vec::new();
    let mut note = |actions: Vec<NodeAction>, tickets: &mut VecDeque<Ticket>| {
        for action in actions {
            if let NodeAction::Serve { ticket, peer, .. } = action {
                tickets.push_back(ticket);
                order.push(peer.as_bytes()[0]);
            }
        }
    };
    (0..5).for_each(|request| note(ask(&mut node, 1, request, secs(0)), &mut tickets));
    (5..6).for_each(|request| note(ask(&mut node, 2, request, secs(0)), &mut tickets));
    (6..8).for_each(|request| note(ask(&mut node, 3, request, secs(0)), &mut tickets));
    while let Some(ticket) = tickets.pop_front() {
        node.handle(NodeInput::Served { ticket }, secs(0));
        note(drain(&mut node), &mut tickets);
    }
    // The first four were begun when nobody else had asked.
    assert_eq!(order, [1, 1, 1, 1, 2, 3, 1, 3]);
}

/// Who comes later and is next by name would pass for ever.
#[test]
fn whoever_waits_for_long_comes_first() {
    let mut node = slow_node();
    (4..=20).for_each(|peer| _ = up(&mut node, peer, secs(0)));
    let at = |step: u64| MonoTime::from_millis(1000 + 200 * step);
    let mut ticket = served(&ask(&mut node, 1, 1, at(0)));
    ask(&mut node, 20, 20, at(0));
    ask(&mut node, 2, 2, at(0));
    let mut order = Vec::new();
    for peer in 3..=12 {
        let now = at(u64::from(peer) - 2);
        node.handle(NodeInput::Served { ticket }, now);
        let next = drain(&mut node);
        ticket = served(&next);
        order.push(words(&next));
        ask(&mut node, peer, u32::from(peer), now);
    }
    // The eighth begins after 1.6 s.
    let first = order.iter().position(|next| next == "serve 20#20");
    assert_eq!(first, Some(7), "{order:?}");
}

/// The line is full when 2 and 3 ask for the same piece (requests that are 64 apart), and 1 for another.
#[test]
fn a_piece_that_goes_to_one_lets_others_pass_on_its_way_to_the_next() {
    let mut node = node_that_sent_in(Duration::ZERO);
    let begun: Vec<_> = (10..14).map(|request| served(&ask(&mut node, 1, request, secs(0)))).collect();
    for (peer, request) in [(2, 1), (3, 65), (1, 2)] {
        assert_eq!(words(&ask(&mut node, peer, request, secs(0))), "");
    }
    let mut order = Vec::new();
    for ticket in begun {
        node.handle(NodeInput::Served { ticket }, secs(0));
        order.push(words(&drain(&mut node)));
    }
    assert_eq!(order, ["serve 2#1", "serve 1#2", "serve 3#65", ""]);
}

/// A node with three peers that has sent 1 MiB, so that it knows what its line carries.
fn node_that_sent_in(took: Duration) -> Node {
    let mut node = node();
    (1..=3).for_each(|peer| _ = up(&mut node, peer, secs(0)));
    let ticket = served(&ask(&mut node, 1, 0, secs(0)));
    node.handle(NodeInput::Served { ticket }, secs(0) + took);
    drain(&mut node);
    node
}

fn slow_node() -> Node {
    node_that_sent_in(Duration::from_secs(1))
}

fn served(actions: &[NodeAction]) -> Ticket {
    let ticket = |action: &NodeAction| match action {
        NodeAction::Serve { ticket, .. } => Some(*ticket),
        _ => None,
    };
    actions.iter().find_map(ticket).unwrap()
}

#[test]
fn what_peers_wait_for_is_owed_until_it_is_sent_or_they_are_gone() {
    let mut node = slow_node();
    let owed = |node: &mut Node| surroundings(node, OTHER, secs(1)).owed_mib;
    assert_eq!(owed(&mut node), 0);
    let ticket = served(&ask(&mut node, 1, 1, secs(1)));
    ask(&mut node, 2, 2, secs(1));
    assert_eq!(owed(&mut node), 2, "one is sent, one waits, of whichever content");
    node.handle(NodeInput::Served { ticket }, secs(2));
    assert_eq!(owed(&mut node), 1);
    node.handle(NodeInput::Down { peer: id(2), clean: true }, secs(2));
    assert_eq!(owed(&mut node), 0);
}

/// Whichever content it was of: they share the line.
#[test]
fn what_was_taken_back_and_comes_all_the_same_is_told_for_ten_seconds_and_counts_towards_the_limit() {
    let rate = Rate::bytes_per_s(100_000);
    let mut node = node_with(&NodeConfig { download_rate: rate, ..NodeConfig::default() });
    let gets_discards = |node: &mut Node, now| surroundings(node, CONTENT, now).gets_discards;
    assert!(!gets_discards(&mut node, secs(5)));
    let may_start = |node: &mut Node, now| {
        node.allowance(CONTENT, Priority::Foreground).try_start(Source::Peer(id(1)), 1, now)
    };
    assert!(may_start(&mut node, secs(5)));
    node.on_discarded_bytes(1_000_000, secs(5));
    assert!(gets_discards(&mut node, secs(14)) && !gets_discards(&mut node, secs(15)));
    assert!(!may_start(&mut node, secs(14)) && may_start(&mut node, secs(15)));
}

#[test]
fn what_went_to_peers_is_counted_for_its_content() {
    let mut node = slow_node();
    node.open(OTHER, secs(1));
    assert_eq!(surroundings(&mut node, CONTENT, secs(2)).given_mib, 1);
    assert_eq!(surroundings(&mut node, OTHER, secs(2)).given_mib, 0);
    let cancelled = served(&ask(&mut node, 1, 1, secs(1)));
    node.handle(NodeInput::Down { peer: id(1), clean: false }, secs(1));
    node.handle(NodeInput::Served { ticket: cancelled }, secs(2));
    assert_eq!(surroundings(&mut node, CONTENT, secs(2)).given_mib, 1, "nobody took it");
}

#[test]
fn a_slow_line_carries_one_answer_after_another() {
    let mut node = slow_node();
    let first = served(&ask(&mut node, 1, 1, secs(1)));
    insta::assert_snapshot!(words(&ask(&mut node, 2, 2, secs(1))), @"");
    node.handle(NodeInput::Served { ticket: first }, secs(2));
    insta::assert_snapshot!(words(&drain(&mut node)), @"serve 2#2");
}

/// Over a slow line the first two are there sooner than any of four; but whoever they go to may be slow as well.
#[test]
fn while_nothing_is_known_of_the_line_two_answers_go_first() {
    let mut node = node();
    (1..=3).for_each(|peer| _ = up(&mut node, peer, secs(0)));
    let told: Vec<_> = (1..=3).map(|n| words(&ask(&mut node, n, u32::from(n), secs(0)))).collect();
    assert_eq!(told, ["serve 1#1", "serve 2#2", ""]);
    assert_eq!(node.poll_timeout(), Some(secs(2)));
    node.handle(NodeInput::Timer, secs(2));
    insta::assert_snapshot!(words(&drain(&mut node)), @"serve 3#3");
}

#[test]
fn who_reads_slower_than_a_slow_line_holds_up_nobody() {
    let mut node = slow_node();
    ask(&mut node, 1, 1, secs(1));
    ask(&mut node, 2, 2, secs(1));
    let due = node.poll_timeout().unwrap();
    assert_eq!(due.since(secs(1)), Duration::from_millis(250));
    node.handle(NodeInput::Timer, due);
    insta::assert_snapshot!(words(&drain(&mut node)), @"serve 2#2");
}

#[test]
fn an_answer_has_the_line_for_three_quarters_of_its_time() {
    let mut node = slow_node();
    // 128 KiB take an eighth of a second.
    let small = BlockRequest { size: 128 << 10, ..block(1, 0) };
    node.handle(NodeInput::Asked { peer: id(1), content: CONTENT, block: small, has: true }, secs(1));
    served(&drain(&mut node));
    insta::assert_snapshot!(words(&ask(&mut node, 2, 2, secs(1))), @"");
    let waits = node.poll_timeout().unwrap().since(secs(1));
    assert_eq!(waits, Duration::from_micros(93_750));
}

#[test]
fn a_slow_line_sends_a_piece_to_one_at_a_time() {
    let mut node = slow_node();
    let first = served(&ask(&mut node, 1, 1, secs(1)));
    // Number 65 asks for the same piece as number 1.
    insta::assert_snapshot!(words(&ask(&mut node, 2, 65, secs(1))), @"reject 2#65");
    node.handle(NodeInput::Served { ticket: first }, secs(2));
    drain(&mut node);
    insta::assert_snapshot!(words(&ask(&mut node, 2, 65, secs(2))), @"serve 2#65");
}

/// Four answers that were made together end within a moment. Each taken for itself told of a line of a GB/s,
/// and eight pieces waited where there is time for one and a half.
#[test]
fn answers_that_end_together_tell_of_no_faster_line() {
    let mut node = slow_node();
    let mut tickets: Vec<_> = vec![served(&ask(&mut node, 1, 1, secs(1)))];
    for (peer, request) in [(2, 2), (3, 3), (1, 4)] {
        ask(&mut node, peer, request, secs(1));
        let due = node.poll_timeout().unwrap();
        node.handle(NodeInput::Timer, due);
        tickets.push(served(&drain(&mut node)));
    }
    for (after, ticket) in tickets.into_iter().enumerate() {
        let at = MonoTime::from_millis(5000 + after as u64);
        node.handle(NodeInput::Served { ticket }, at);
    }
    let told: Vec<_> = (10..20).map(|request| words(&ask(&mut node, 1, request, secs(6)))).collect();
    assert_eq!(told.iter().filter(|word| word.starts_with("reject")).count(), 7, "{told:?}");
}

/// A piece in four blocks, as they are asked for at once: what became of each.
fn ask_for_large(node: &mut Node, peer: u8, request: u32, piece: u32, now: MonoTime) -> String {
    let piece = PieceLayout::new(64 << 20, 4 << 20).unwrap().piece(piece).unwrap();
    let ask = |at: u32| {
        let (request, offset) = (WireRequest(request + at), at << 20);
        let block = BlockRequest { request, piece, offset, size: 1 << 20 };
        node.handle(NodeInput::Asked { peer: id(peer), content: CONTENT, block, has: true }, now);
        words(&drain(node))
    };
    (0..4).map(ask).collect::<Vec<_>>().join(";")
}

/// Nasty scenario 5157: each that asked made the other's piece break off, for ever.
#[test]
fn who_asks_for_a_large_piece_that_is_leaving_does_not_break_it_off() {
    let mut node = slow_node();
    insta::assert_snapshot!(ask_for_large(&mut node, 1, 100, 2, secs(1)), @"serve 1#100;;;");
    insta::assert_snapshot!(ask_for_large(&mut node, 2, 200, 2, secs(1)), @"reject 2#200;;;");
}

#[test]
fn who_asks_for_another_piece_breaks_off_none() {
    let mut node = slow_node();
    insta::assert_snapshot!(ask_for_large(&mut node, 1, 100, 2, secs(1)), @"serve 1#100;;;");
    insta::assert_snapshot!(ask_for_large(&mut node, 2, 200, 3, secs(1)), @"reject 2#200;;;");
}

/// What waits for the limit waits as long as for a slow line.
#[test]
fn a_limited_line_sends_a_piece_to_one_at_a_time() {
    let config = NodeConfig { upload_rate: Rate::bytes_per_s(1 << 20), ..NodeConfig::default() };
    let mut node = node_with(&config);
    (1..=3).for_each(|peer| _ = up(&mut node, peer, secs(0)));
    let ticket = served(&ask(&mut node, 1, 0, secs(0)));
    node.handle(NodeInput::Served { ticket }, MonoTime::from_millis(1));
    drain(&mut node);
    insta::assert_snapshot!(words(&ask(&mut node, 1, 1, MonoTime::from_millis(2))), @"");
    // Number 65 asks for the same piece as number 1.
    insta::assert_snapshot!(words(&ask(&mut node, 2, 65, MonoTime::from_millis(3))), @"reject 2#65");
}

/// It would have the place of another, and the piece would be sent twice.
#[test]
fn who_asks_for_a_piece_that_is_leaving_displaces_nobody() {
    let config = NodeConfig { upload_rate: Rate::bytes_per_s(1 << 20), ..NodeConfig::default() };
    let mut node = node_with(&config);
    (1..=2).for_each(|peer| _ = up(&mut node, peer, secs(0)));
    let ticket = served(&ask(&mut node, 1, 0, secs(0)));
    node.handle(NodeInput::Served { ticket }, MonoTime::from_millis(1));
    drain(&mut node);
    for request in 1..3 {
        insta::allow_duplicates! { insta::assert_snapshot!(words(&ask(&mut node, 1, request, secs(0))), @""); }
    }
    insta::assert_snapshot!(words(&ask(&mut node, 2, 65, MonoTime::from_millis(3))), @"reject 2#65");
}

#[test]
fn a_flood_of_requests_is_cut_off() {
    let mut node = node();
    up(&mut node, 1, secs(0));
    let cut = (0..3000).find(|request| words(&ask(&mut node, 1, *request, secs(0))).contains("cut"));
    assert!(cut.is_some_and(|requests| requests > 1000), "{cut:?}");
}

#[test]
fn what_is_taken_back_is_not_served() {
    let mut node = node();
    up(&mut node, 1, secs(0));
    let tickets: Vec<_> = (0..4)
        .flat_map(|request| ask(&mut node, 1, request, secs(0)))
        .filter_map(|action| match action {
            NodeAction::Serve { ticket, .. } => Some(ticket),
            _ => None,
        })
        .collect();
    node.handle(NodeInput::Revoked { peer: id(1), request: WireRequest(2) }, secs(0));
    node.handle(NodeInput::Served { ticket: tickets[0] }, secs(0));
    insta::assert_snapshot!(words(&drain(&mut node)), @"serve 1#3");
}

#[test]
fn who_goes_leaves_room_for_the_others() {
    let mut node = node();
    up(&mut node, 1, secs(0));
    up(&mut node, 2, secs(0));
    let tickets: Vec<_> = (0..8)
        .flat_map(|request| ask(&mut node, 1, request, secs(0)))
        .filter_map(|action| match action {
            NodeAction::Serve { ticket, .. } => Some(ticket),
            _ => None,
        })
        .collect();
    // One answer ends, and the next is ordered but not yet begun when the peer goes.
    node.handle(NodeInput::Served { ticket: tickets[0] }, secs(0));
    node.handle(NodeInput::Down { peer: id(1), clean: false }, secs(0));
    insta::assert_snapshot!(words(&drain(&mut node)), @"part 1");
    let served: Vec<_> = (20..25).map(|request| words(&ask(&mut node, 2, request, secs(0)))).collect();
    insta::assert_snapshot!(served.join(", "), @"serve 2#20, serve 2#21, serve 2#22, serve 2#23, ");
}

#[test]
fn the_upload_rate_spaces_answers() {
    let config = NodeConfig { upload_rate: Rate::bytes_per_s(1 << 20), ..NodeConfig::default() };
    let mut node = node_with(&config);
    up(&mut node, 1, secs(0));
    insta::assert_snapshot!(words(&ask(&mut node, 1, 0, secs(0))), @"serve 1#0");
    insta::assert_snapshot!(words(&ask(&mut node, 1, 1, secs(0))), @"");
    let due = node.poll_timeout().unwrap();
    assert!(due > MonoTime::from_millis(800) && due <= secs(1), "{due:?}");
    node.handle(NodeInput::Timer, due);
    insta::assert_snapshot!(words(&drain(&mut node)), @"serve 1#1");
}

#[test]
fn one_request_always_fits_the_buffers() {
    let config = NodeConfig { buffer_bytes_max: 1 << 20, ..NodeConfig::default() };
    let mut node = node_with(&config);
    let source = Source::Peer(id(1));
    assert!(node.allowance(CONTENT, Priority::Foreground).try_start(source, 16 << 20, secs(0)));
    assert!(!node.allowance(CONTENT, Priority::Foreground).try_start(source, 1, secs(0)));
    node.allowance(CONTENT, Priority::Foreground).end(source, 16 << 20, 16 << 20);
    node.handle(NodeInput::Timer, secs(0));
    insta::assert_snapshot!(words(&drain(&mut node)), @"wake 1");
}

#[test]
fn the_foreground_goes_first() {
    let config = NodeConfig { buffer_bytes_max: 1 << 20, ..NodeConfig::default() };
    let mut node = node_with(&config);
    let source = Source::Peer(id(1));
    assert!(node.allowance(OTHER, Priority::Background).try_start(source, 1 << 20, secs(0)));
    assert!(!node.allowance(CONTENT, Priority::Foreground).try_start(source, 1 << 20, secs(0)));
    node.allowance(OTHER, Priority::Background).end(source, 1 << 20, 1 << 20);
    assert!(!node.allowance(OTHER, Priority::Background).try_start(source, 1 << 20, secs(0)));
    assert!(node.allowance(CONTENT, Priority::Foreground).try_start(source, 1 << 20, secs(0)));
}

#[test]
fn the_line_is_kept_for_the_foreground_while_it_gets_on() {
    let mut node = node();
    let peer = Source::Peer(id(1));
    node.allowance(CONTENT, Priority::Foreground).keep_line(secs(10));
    assert!(!node.allowance(OTHER, Priority::Background).try_start(Source::Origin, 1, secs(0)));
    assert!(node.allowance(OTHER, Priority::Background).try_start(peer, 1, secs(0)));
    assert!(node.allowance(OTHER, Priority::Foreground).try_start(Source::Origin, 1, secs(0)));
    assert_eq!(node.poll_timeout(), Some(secs(10)));
    assert!(node.allowance(OTHER, Priority::Background).try_start(Source::Origin, 1, secs(10)));
}

#[test]
fn when_the_foreground_is_done_the_background_goes_on_at_once() {
    let mut node = node();
    node.allowance(CONTENT, Priority::Foreground).keep_line(secs(10));
    assert!(!node.allowance(OTHER, Priority::Background).try_start(Source::Origin, 1, secs(0)));
    node.allowance(CONTENT, Priority::Foreground).keep_line(MonoTime::ZERO);
    node.handle(NodeInput::Timer, secs(1));
    assert!(matches!(drain(&mut node)[..], [NodeAction::Wake { content: OTHER }]));
    assert!(node.allowance(OTHER, Priority::Background).try_start(Source::Origin, 1, secs(1)));
}

#[test]
fn the_download_rate_covers_peers_and_origin_alike() {
    let config = NodeConfig { download_rate: Rate::bytes_per_s(1_000_000), ..NodeConfig::default() };
    let mut node = node_with(&config);
    let source = Source::Peer(id(1));
    assert_eq!(node.on_origin_bytes(Priority::Foreground, 100, secs(0)), Hold::default());
    assert!(node.on_origin_bytes(Priority::Foreground, 1_000_000, secs(0)).all.is_some());
    assert!(!node.allowance(CONTENT, Priority::Foreground).try_start(source, 1, secs(0)));
    let due = node.poll_timeout().unwrap();
    assert!(due > MonoTime::from_millis(800), "{due:?}");
    node.handle(NodeInput::Timer, due);
    insta::assert_snapshot!(words(&drain(&mut node)), @"wake 1");
    assert!(node.allowance(CONTENT, Priority::Foreground).try_start(source, 1, due));
}

/// A piece takes ten seconds: with two more beside it each would crawl, and others would copy them.
#[test]
fn under_a_limit_nothing_is_begun_while_an_origin_request_takes_long() {
    let config = NodeConfig { download_rate: Rate::bytes_per_s(100_000), ..NodeConfig::default() };
    let mut node = node_with(&config);
    let try_start = |node: &mut Node, content, from, bytes| {
        node.allowance(content, Priority::Foreground).try_start(from, bytes, secs(0))
    };
    assert!(try_start(&mut node, CONTENT, Source::Origin, 90_000), "for less than a second");
    assert!(try_start(&mut node, CONTENT, Source::Origin, 1_000_000));
    assert!(!try_start(&mut node, CONTENT, Source::Origin, 1));
    assert!(!try_start(&mut node, CONTENT, Source::Peer(id(1)), 1), "it would hold up the answer");
    assert!(try_start(&mut node, OTHER, Source::Origin, 1), "another content has others that wait for it");
    node.allowance(CONTENT, Priority::Foreground).end(Source::Origin, 1_000_000, 1_000_000);
    node.handle(NodeInput::Timer, secs(0));
    insta::assert_snapshot!(words(&drain(&mut node)), @"wake 1");
    assert!(try_start(&mut node, CONTENT, Source::Peer(id(1)), 1));
}

/// Half of what comes from peers would be spent; the limit of a class is about the origin alone.
#[test]
fn the_limit_of_a_class_covers_the_origin_and_no_peer_and_not_the_other_class() {
    let usual = ClassLimits { background: "800kbit".parse().unwrap(), ..ClassLimits::default() };
    let config = NodeConfig {
        origin_limits: OriginLimits { usual, ..OriginLimits::default() },
        ..NodeConfig::default()
    };
    let mut node = node_with(&config);
    node.open(OTHER, secs(0));
    let hold = node.on_origin_bytes(Priority::Background, 1_010_000, secs(0));
    assert_eq!((hold.all, hold.of_class.is_some_and(|until| until > secs(9))), (None, true), "{hold:?}");
    assert!(node.allowance(CONTENT, Priority::Background).try_start(Source::Peer(id(1)), 1, secs(0)));
    assert!(node.allowance(OTHER, Priority::Foreground).try_start(Source::Origin, 1, secs(0)));
    assert!(!node.allowance(CONTENT, Priority::Background).try_start(Source::Origin, 1, secs(0)));
    let due = node.poll_timeout().unwrap();
    assert_eq!(Some(due), hold.of_class);
    node.handle(NodeInput::Timer, due);
    insta::assert_snapshot!(words(&drain(&mut node)), @"wake 1");
    assert!(node.allowance(CONTENT, Priority::Background).try_start(Source::Origin, 1, due));
}

#[test]
fn a_foreground_that_keeps_its_own_limit_holds_no_background_up() {
    for (foreground, bytes) in [(Limit::Nothing, 0), ("800kbit".parse().unwrap(), 1_000_000)] {
        let usual = ClassLimits { foreground, ..ClassLimits::default() };
        let config = NodeConfig {
            origin_limits: OriginLimits { usual, ..OriginLimits::default() },
            ..NodeConfig::default()
        };
        let mut node = node_with(&config);
        let try_start = |node: &mut Node, content, priority, bytes| {
            node.allowance(content, priority).try_start(Source::Origin, bytes, secs(0))
        };
        assert_eq!(try_start(&mut node, CONTENT, Priority::Foreground, bytes), bytes > 0);
        assert!(!try_start(&mut node, CONTENT, Priority::Foreground, 1));
        assert!(try_start(&mut node, OTHER, Priority::Background, 1));
    }
}

#[test]
fn whoever_was_refused_by_the_hour_is_woken_when_it_is_over() {
    let within = ClassLimits { background: Limit::Nothing, ..ClassLimits::default() };
    let in_hours = Some(("8..17".parse().unwrap(), within));
    let config = NodeConfig {
        origin_limits: OriginLimits { in_hours, ..OriginLimits::default() },
        ..NodeConfig::default()
    };
    let mut node = node_with(&config);
    node.handle(NodeInput::Clock("16:59:00".parse().unwrap()), secs(5));
    assert!(!node.allowance(CONTENT, Priority::Background).try_start(Source::Origin, 1, secs(6)));
    assert_eq!(node.poll_timeout(), Some(secs(65)));
    node.handle(NodeInput::Timer, secs(65));
    insta::assert_snapshot!(words(&drain(&mut node)), @"wake 1");
    assert!(node.allowance(CONTENT, Priority::Background).try_start(Source::Origin, 1, secs(65)));
}
