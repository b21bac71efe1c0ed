//! Two nodes: hello, messages, bytes and goodbye.

mod nodes;

use std::time::Duration;

use nodes::{CONTENT, MIB, block, bytes, config, pair, pair_over, start};
use swarmline_net::{CloseReason, NetConfig, NetError, NetEvent, Transport};
use swarmline_types::message::{ContentMessage, LaneMessage, MemberInfo, Message, WireRequest};
use swarmline_types::{CapacityClass, ContentId, PieceRange};

#[tokio::test]
async fn both_hear_the_hello_of_the_other() {
    let near = start(NetConfig { class: CapacityClass::Wifi, agent: "near/1".into(), ..config(1) }).await;
    let mut far = start(config(2)).await;
    near.net.set_contents(vec![CONTENT]);
    near.net.dial(None, far.addr());
    let (hello, addr) = far
        .until("Up", |event| match event {
            NetEvent::Up { hello, addr, .. } => Some((hello.clone(), *addr)),
            _ => None,
        })
        .await;
    assert_eq!((hello.class, hello.agent.as_str()), (CapacityClass::Wifi, "near/1"));
    assert_eq!(hello.contents, [CONTENT]);
    assert_eq!(addr, near.addr(), "where it can be dialled, not where it dialled from");
}

#[tokio::test]
async fn a_key_that_was_not_dialled_is_refused() {
    let (mut near, far) = (start(config(1)).await, start(config(2)).await);
    let other = swarmline_net::Identity::from_seed([9; 32]).node();
    near.net.dial(Some(other), far.addr());
    near.until("Unreachable", |event| matches!(event, NetEvent::Unreachable { .. }).then_some(())).await;
    assert_eq!(near.seen().len(), 1);
}

#[tokio::test]
async fn messages_arrive_in_order_in_both_directions() {
    let (mut near, mut far) = pair().await;
    let piece = |index| PieceRange::one(nodes::layout().piece(index).unwrap());
    for index in 0..60 {
        let body = ContentMessage::Lane(LaneMessage::Claim(piece(index)));
        near.net.send(far.id(), Message::About { content: CONTENT, body });
        far.net.send(near.id(), Message::ManifestAsk { content: CONTENT, first: index });
    }
    for index in 0..60 {
        let claimed = far.until_body("claim", |body| match body {
            ContentMessage::Lane(LaneMessage::Claim(range)) => Some(*range),
            _ => None,
        });
        assert_eq!(claimed.await, piece(index));
        let asked = near.until("ask", |event| match event {
            NetEvent::Message { message: Message::ManifestAsk { first, .. }, .. } => Some(*first),
            _ => None,
        });
        assert_eq!(asked.await, index);
    }
}

#[tokio::test]
async fn contents_that_change_are_told_to_who_is_connected() {
    let (near, mut far) = pair().await;
    let other = ContentId::new([6; 32]);
    near.net.set_contents(vec![CONTENT]);
    near.net.set_contents(vec![other]);
    let mut told = Vec::new();
    while told.len() < 3 {
        told.push(
            far.until("join or leave", |event| match event {
                NetEvent::Message { message, .. } => Some(message.clone()),
                _ => None,
            })
            .await,
        );
    }
    assert_eq!(told, [Message::Join(CONTENT), Message::Join(other), Message::Leave(CONTENT)]);
}

#[tokio::test]
async fn answers_of_one_byte_and_one_mebibyte_go_both_ways_at_once() {
    let (mut near, mut far) = pair().await;
    exchange(&mut near, &mut far).await;
}

/// The stock transport is libp2p's own TLS and Yamux, so this is how a node gets on with any other libp2p.
#[tokio::test]
async fn fast_and_stock_transports_understand_each_other_whoever_dials() {
    for (first, second) in [(Transport::Fast, Transport::Stock), (Transport::Stock, Transport::Fast)] {
        let (mut near, mut far) = pair_over(first, second).await;
        exchange(&mut near, &mut far).await;
    }
}

/// Thirty requests in each direction, of many sizes, all at the same time.
async fn exchange(near: &mut nodes::TestNode, far: &mut nodes::TestNode) {
    let sizes = [1, 2, 4095, 65_536, 300_001, MIB - 1, MIB].into_iter().cycle();
    let requests: Vec<_> = sizes.zip(0..30).map(|(size, name)| block(name, size)).collect();
    for request in &requests {
        near.net.request(far.id(), CONTENT, *request);
        far.net.request(near.id(), CONTENT, *request);
    }
    async fn serve(node: &mut nodes::TestNode, to: swarmline_types::NodeId, count: usize) {
        for _ in 0..count {
            let asked = node.until_requested().await;
            node.net.serve(to, asked.request, bytes(asked.request.0, asked.size));
        }
    }
    let (near_id, far_id) = (near.id(), far.id());
    tokio::join!(serve(near, far_id, requests.len()), serve(far, near_id, requests.len()));
    for request in &requests {
        let name = request.request.0;
        let want = bytes(name, request.size);
        assert!(near.until_arrived(name).await == want, "request {name} near");
        assert!(far.until_arrived(name).await == want, "request {name} far");
    }
    assert_eq!(near.until_served(29).await, requests[29].size);
}

#[tokio::test]
async fn a_cancelled_answer_is_counted_and_does_not_arrive() {
    let (mut near, mut far) = pair().await;
    near.net.request(far.id(), CONTENT, block(1, MIB));
    let asked = far.until_requested().await;
    assert_eq!(near.net.cancel(far.id(), CONTENT, asked.request), 0, "nothing had come");
    let cancelled = far.until_body("cancel", |body| match body {
        ContentMessage::Cancel(request) => Some(*request),
        _ => None,
    });
    assert_eq!(cancelled.await, asked.request);
    // It comes although it was cancelled, as if the two had crossed.
    far.net.serve(near.id(), asked.request, bytes(1, MIB));
    let mut discarded = 0;
    while discarded < MIB {
        discarded += near
            .until("Discarded", |event| match event {
                NetEvent::Discarded { bytes, .. } => Some(*bytes),
                _ => None,
            })
            .await;
    }
    near.net.request(far.id(), CONTENT, block(2, 10));
    far.until_requested().await;
    far.net.serve(near.id(), WireRequest(2), bytes(2, 10));
    assert_eq!(near.until_arrived(2).await, bytes(2, 10), "the stream is still in step");
    assert!(
        !near.seen().iter().any(|event| matches!(event, NetEvent::Arrived { request, .. } if request.0 == 1))
    );
}

#[tokio::test]
async fn a_withdrawn_answer_ends_early_and_the_next_one_follows() {
    let (mut near, mut far) = pair().await;
    for name in [1, 2] {
        near.net.request(far.id(), CONTENT, block(name, MIB));
        far.until_requested().await;
    }
    far.net.serve(near.id(), WireRequest(1), bytes(1, MIB));
    far.net.serve(near.id(), WireRequest(2), bytes(2, MIB));
    far.net.withdraw(near.id(), WireRequest(2));
    assert_eq!(far.until_served(1).await, MIB);
    assert!(far.until_served(2).await < MIB);
    assert_eq!(near.until_arrived(1).await, bytes(1, MIB));
}

#[tokio::test]
async fn bytes_that_nobody_asked_for_end_the_connection() {
    let (mut near, mut far) = pair().await;
    far.net.serve(near.id(), WireRequest(77), bytes(0, 5));
    let (clean, why) = near.until_down(far.id()).await;
    assert!(!clean && why.is_violation(), "{why}");
    assert!(far.until_down(near.id()).await.0, "the other side is told goodbye");
}

#[tokio::test]
async fn more_bytes_than_asked_for_end_the_connection() {
    let (mut near, mut far) = pair().await;
    near.net.request(far.id(), CONTENT, block(1, 100));
    far.until_requested().await;
    far.net.serve(near.id(), WireRequest(1), bytes(0, 101));
    assert!(near.until_down(far.id()).await.1.is_violation());
}

#[tokio::test]
async fn members_can_only_be_neighbours() {
    let (near, mut far) = pair().await;
    let addrs = ["127.0.0.1:9", "192.168.1.7:9", "8.8.8.8:9"].map(|addr| addr.parse().unwrap());
    let member = MemberInfo { node: near.id(), class: CapacityClass::Wired, addrs: addrs.to_vec() };
    near.net.send(far.id(), Message::Members { content: CONTENT, members: vec![member] });
    let got = far
        .until("members", |event| match event {
            NetEvent::Message { message: Message::Members { members, .. }, .. } => Some(members.clone()),
            _ => None,
        })
        .await;
    assert_eq!(got[0].addrs, addrs[..2], "loopback is believed over loopback, the Internet never");
}

#[tokio::test]
async fn a_disconnect_is_clean_on_both_sides() {
    let (mut near, mut far) = pair().await;
    near.net.disconnect(far.id(), "enough");
    assert_eq!(near.until_down(far.id()).await, (true, CloseReason::Disconnected("enough".into())));
    assert_eq!(far.until_down(near.id()).await, (true, CloseReason::Goodbye));
    // And they can meet again.
    far.net.dial(Some(near.id()), near.addr());
    near.until_up(far.id()).await;
}

#[tokio::test]
async fn a_shutdown_says_goodbye() {
    let (mut near, mut far) = pair().await;
    near.net.shutdown().await;
    assert_eq!(far.until_down(near.id()).await, (true, CloseReason::Goodbye));
    assert_eq!(near.until_down(far.id()).await, (true, CloseReason::Shutdown));
}

#[test]
fn a_node_that_dies_is_down_uncleanly() {
    // The dying node has a runtime of its own, which is torn down under it.
    let mortal = tokio::runtime::Runtime::new().unwrap();
    let dying = mortal.block_on(start(config(2)));
    let id = dying.id();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let mut near = start(config(1)).await;
        near.net.dial(Some(id), dying.addr());
        near.until_up(id).await;
        near.net.request(id, CONTENT, block(1, 100));
        mortal.shutdown_background();
        let (clean, why) = near.until_down(id).await;
        assert!(!clean && matches!(why, CloseReason::Lost(_)), "{why}");
    });
}

#[tokio::test]
async fn two_that_dial_each_other_keep_one_connection_and_nobody_sees_a_flap() {
    for round in 0..20 {
        let (mut near, mut far) = (start(config(1)).await, start(config(2)).await);
        let (near_id, far_id) = (near.id(), far.id());
        near.net.dial(Some(far_id), far.addr());
        far.net.dial(Some(near_id), near.addr());
        near.until_up(far_id).await;
        far.until_up(near_id).await;
        // A request in each direction proves that both kept the same one.
        near.net.request(far_id, CONTENT, block(1, 10));
        far.net.request(near_id, CONTENT, block(1, 10));
        near.until_requested().await;
        far.until_requested().await;
        near.net.serve(far_id, WireRequest(1), bytes(1, 10));
        far.net.serve(near_id, WireRequest(1), bytes(1, 10));
        near.until_arrived(1).await;
        far.until_arrived(1).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        for node in [&mut near, &mut far] {
            let ups = node.seen().iter().filter(|event| matches!(event, NetEvent::Up { .. })).count();
            let downs = node.seen().iter().filter(|event| matches!(event, NetEvent::Down { .. })).count();
            assert_eq!((ups, downs), (1, 0), "round {round}: {:#?}", node.seen());
        }
    }
}

#[tokio::test]
async fn a_node_takes_no_more_peers_than_it_may() {
    let mut hub = start(NetConfig { max_peers: 2, ..config(1) }).await;
    let mut peers = Vec::new();
    for seed in 2..4 {
        let mut peer = start(config(seed)).await;
        peer.net.dial(Some(hub.id()), hub.addr());
        peer.until_up(hub.id()).await;
        hub.until_up(peer.id()).await;
        peers.push(peer);
    }
    let late = start(config(9)).await;
    late.net.dial(Some(hub.id()), hub.addr());
    // Room is made only when a peer leaves, and then somebody new may come.
    let leaving = peers.pop().unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!hub.seen().iter().any(|event| matches!(event, NetEvent::Up { node, .. } if *node == late.id())));
    leaving.net.shutdown().await;
    hub.until_down(leaving.id()).await;
    late.net.dial(Some(hub.id()), hub.addr());
    hub.until_up(late.id()).await;
}

#[tokio::test]
async fn a_port_in_use_is_an_error_that_names_it() {
    let first = start(config(1)).await;
    let config = NetConfig { listen: vec![first.addr()], ..config(2) };
    let error = swarmline_net::Net::start(config).await.err().unwrap();
    assert!(matches!(&error, NetError::PortInUse { addr } if *addr == first.addr()), "{error:?}");
    assert!(error.to_string().contains(&first.addr().port().to_string()), "{error}");
}

#[tokio::test]
async fn a_configured_peer_is_dialled_again_when_it_is_back() {
    let mut far = start(config(2)).await;
    let addr = far.addr();
    let static_peers = vec![format!("localhost:{}", addr.port()).parse().unwrap()];
    let discovery = swarmline_net::Discovery::Static;
    let mut near = start(NetConfig { static_peers, discovery, ..config(1) }).await;
    near.until_up(far.id()).await;
    far.net.shutdown().await;
    near.until_down(far.id()).await;
    far = start(NetConfig { listen: vec![addr], ..config(2) }).await;
    near.until_up(far.id()).await;
}

#[tokio::test]
async fn a_peer_that_comes_back_unnoticed_takes_over_its_old_session() {
    let (mut near, far) = pair().await;
    let twin = start(NetConfig { seed: [2; 32], ..config(2) }).await;
    tokio::time::sleep(Duration::from_millis(3100)).await;
    twin.net.dial(Some(near.id()), near.addr());
    let (clean, why) = near.until_down(far.id()).await;
    assert_eq!((clean, why), (false, CloseReason::Replaced));
    near.until_up(twin.id()).await;
}
