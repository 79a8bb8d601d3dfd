//! Losses, gaps, snapshots and what all that costs.

use std::time::Duration;

use super::super::config::ReplicatedConfig;
use super::super::members::MemberNews;
use super::super::wire::{Body, Seal};
use super::network::{Flight, Network, SCOPE};
use crate::event::RegistryEvent;

fn network(nodes: u32) -> Network {
    Network::new(nodes, ReplicatedConfig::default())
}

fn body(flight: &Flight) -> Body {
    let packet = Seal::of("names").decode(&flight.bytes);
    packet.expect("it was one of ours").body
}

fn snapshots(network: &mut Network, node: u32) -> usize {
    let facts = network.site(node).facts.iter();
    let synced = facts.filter(|fact| matches!(fact, RegistryEvent::PeerSynced { .. }));
    synced.count()
}

#[test]
fn changes_that_come_in_the_wrong_order_wait_for_those_before_them() {
    let mut network = network(2);
    for name in ["a", "b", "c"] {
        network.register(1, SCOPE, name).expect("free");
        network.flush(1);
    }
    network.deliver(2);
    assert_eq!(network.site(2).seen.len(), 0, "two are missing");
    let asks = network.flights.iter().map(body);
    let asks: Vec<_> = asks
        .filter(|body| matches!(body, Body::Pull { .. }))
        .collect();
    assert_eq!(asks.len(), 1, "it asks at once");
    network.deliver_all();
    assert_eq!(network.site(2).seen.len(), 3);
}

#[test]
fn a_change_that_was_lost_is_found_out_by_comparing() {
    let mut network = network(2);
    let process = network.register(1, SCOPE, "k").expect("free");
    network.flush(1);
    network.flights.clear();
    let synced = snapshots(&mut network, 2);
    network.round();
    assert_eq!(network.holder(2, "k"), Some(process));
    assert_eq!(
        snapshots(&mut network, 2),
        synced,
        "one change needs no snapshot"
    );
}

#[test]
fn whoever_missed_more_than_the_log_keeps_takes_a_snapshot() {
    let config = ReplicatedConfig::default().log(4, 1 << 20);
    let mut network = Network::new(2, config);
    let synced = snapshots(&mut network, 2);
    network.split(&[1]);
    for number in 0..20 {
        network
            .register(1, SCOPE, &format!("k{number}"))
            .expect("free");
    }
    network.heal();
    network.settle();
    assert!(snapshots(&mut network, 2) > synced);
    assert_eq!(network.site(2).seen.len(), 20);
}

#[test]
fn more_changes_at_once_than_the_log_keeps_are_still_heard_of() {
    let config = ReplicatedConfig::default().log(4, 1 << 20);
    let mut network = Network::new(2, config);
    for number in 0..20 {
        network
            .register(1, SCOPE, &format!("k{number}"))
            .expect("free");
    }
    network.flush(1);
    network.deliver_all();
    assert_eq!(
        network.site(2).seen.len(),
        20,
        "without waiting for a comparison"
    );
}

#[test]
fn a_snapshot_is_seen_as_a_whole_or_not_at_all_and_lost_parts_are_asked_for() {
    let mut network = network(1);
    network.room = 120;
    for number in 0..200 {
        network
            .register(1, SCOPE, &format!("k{number}"))
            .expect("free");
    }
    network.crash(1);
    network.start(1);
    for number in 0..200 {
        network
            .register(1, SCOPE, &format!("k{number}"))
            .expect("free");
    }
    network.start(2);
    network.introduce(1);
    network.introduce(2);
    let mut parts = 0;
    while !network.flights.is_empty() {
        let is_part = matches!(body(&network.flights[0]), Body::Part { .. });
        parts += usize::from(is_part);
        if is_part && parts % 7 == 3 {
            network.flights.swap_remove(0);
        } else {
            network.deliver(0);
        }
        let seen = network.site(2).seen.len();
        assert!(seen == 0 || seen == 200, "{seen} of 200");
        if network.flights.is_empty() {
            network.now = network.now + Duration::from_secs(2);
            network.tick(2);
        }
        assert!(parts < 1_000, "it never completes");
        if seen == 200 {
            break;
        }
    }
    assert!(parts > 20, "{parts} parts");
    assert_eq!(network.site(2).seen.len(), 200);
}

#[test]
fn changes_that_overtake_a_snapshot_are_applied_after_it() {
    let mut network = network(1);
    network.register(1, SCOPE, "old").expect("free");
    network.start(2);
    network.heal();
    // The question arrives, and the answer is on its way.
    let ask = network.flights.iter().position(|flight| flight.from == 2);
    network.deliver(ask.expect("it asks"));
    network.unregister(1, SCOPE, "old").expect("its own");
    let process = network.register(1, SCOPE, "new").expect("free");
    network.flush(1);
    let delta = network
        .flights
        .iter()
        .rposition(|flight| matches!(body(flight), Body::Delta { .. }));
    network.deliver(delta.expect("it was handed out"));
    assert_eq!(network.site(2).seen.len(), 0, "it waits");
    network.deliver_all();
    assert_eq!(network.holder(2, "old"), None);
    assert_eq!(network.holder(2, "new"), Some(process));
}

#[test]
fn what_an_unreachable_owner_has_comes_from_somebody_else() {
    // 2 and 3 do not reach each other, but are members for each other.
    let mut network = network(3);
    network.link(2, 3, false);
    let process = network.register(2, SCOPE, "k").expect("free");
    for _ in 0..12 {
        network.round();
    }
    assert_eq!(network.holder(3, "k"), Some(process));
    network.unregister(2, SCOPE, "k").expect("its own");
    for _ in 0..12 {
        network.round();
    }
    assert_eq!(network.holder(3, "k"), None);
}

#[test]
fn questions_to_a_peer_that_never_answers_stay_few_and_end_with_its_membership() {
    let mut network = network(2);
    network.link(1, 2, false);
    network.register(2, SCOPE, "k").expect("free");
    let member = network.member(2);
    // It is known to have changed something.
    network.act(1, |replica| {
        if let Some(peer) = replica.peers.get_mut(&member.node) {
            peer.head += 1;
        }
    });
    network.sent = (0, 0);
    for _ in 0..20 {
        network.now = network.now + Duration::from_millis(500);
        network.tick(1);
        network.deliver_all();
    }
    // One summary an interval, and one question every second.
    assert!(
        network.sent.0 <= 32,
        "{} messages in ten seconds",
        network.sent.0
    );
    network.tell(1, MemberNews::Down(member));
    network.sent = (0, 0);
    network.now = network.now + Duration::from_secs(5);
    network.tick(1);
    assert_eq!(network.sent.0, 0);
}

#[test]
fn idle_nodes_send_a_bounded_number_of_short_messages_whatever_their_number() {
    let mut costs = Vec::new();
    for nodes in [3, 12, 40] {
        let mut network = network(nodes);
        for node in 1..=nodes {
            network
                .register(node, SCOPE, &format!("k{node}"))
                .expect("free");
        }
        network.settle();
        network.round();
        network.sent = (0, 0);
        for _ in 0..10 {
            network.round();
        }
        let (messages, bytes) = network.sent;
        let rounds = 10 * usize::try_from(nodes).expect("few nodes");
        costs.push((messages / rounds, bytes / messages));
    }
    assert!(
        costs.iter().all(|(messages, _)| *messages <= 2),
        "{costs:?}"
    );
    assert!(costs.iter().all(|(_, bytes)| *bytes <= 40), "{costs:?}");
}

#[test]
fn a_flood_of_one_peer_is_cut_and_caught_up_with() {
    let config = ReplicatedConfig {
        pending_max: 3,
        ..ReplicatedConfig::default()
    };
    let mut network = Network::new(2, config);
    network.register(1, SCOPE, "first").expect("free");
    network.flush(1);
    let first = network.flights.pop().expect("it was handed out");
    for number in 0..10 {
        network
            .register(1, SCOPE, &format!("k{number}"))
            .expect("free");
        network.flush(1);
    }
    while let Some(place) = network.flights.iter().position(|it| it.from == 1) {
        network.deliver(place);
    }
    let replica = network.sites[&2].replica.as_ref().expect("it is up");
    let peer = &replica.peers[&crate::runtime::NodeId(1)];
    assert_eq!((peer.pending.len(), peer.overflowed), (3, true));
    assert_eq!(replica.laggards(network.now).1, [crate::runtime::NodeId(1)]);
    network.flights.push(first);
    network.settle();
    let replica = network.sites[&2].replica.as_ref().expect("it is up");
    assert!(!replica.peers[&crate::runtime::NodeId(1)].overflowed);
}

#[test]
fn lagging_for_long_is_noticed() {
    let mut network = network(2);
    network.register(1, SCOPE, "lost").expect("free");
    network.flush(1);
    network.flights.clear();
    network.register(1, SCOPE, "k").expect("free");
    network.flush(1);
    network.deliver(0);
    network.flights.clear();
    let late = |network: &Network| {
        let replica = network.sites[&2].replica.as_ref().expect("it is up");
        !replica.laggards(network.now).0.is_empty()
    };
    assert!(!late(&network));
    network.now = network.now + Duration::from_secs(11);
    assert!(late(&network));
    network.settle();
    assert!(!late(&network));
}

#[test]
fn a_claim_that_was_given_up_beats_nobody_who_begins_anew() {
    let mut network = network(1);
    network.register(1, SCOPE, "k").expect("free");
    network.start(2);
    network.introduce(1);
    network.introduce(2);
    network.deliver_all();
    assert!(network.holder(2, "k").is_some(), "it has a snapshot");
    network.unregister(1, SCOPE, "k").expect("it is held");
    network.flush(1);
    network.deliver_all();
    // At the same instant, so that a snapshot could be handed out once more.
    network.replace(2);
    let process = network.register(2, SCOPE, "k").expect("free");
    network.introduce(2);
    network.deliver_all();
    network.settle();
    assert_eq!(network.holder(2, "k"), Some(process));
    let facts = &network.site(2).facts;
    let lost = |fact: &RegistryEvent| matches!(fact, RegistryEvent::ConflictLost { .. });
    assert!(!facts.iter().any(lost), "{facts:?}");
}
