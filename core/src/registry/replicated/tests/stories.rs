//! Splits, false alarms, restarts, and old news that arrives late.

use super::super::config::ReplicatedConfig;
use super::super::members::MemberNews;
use super::super::replica::Replica;
use super::network::{GROUPS, Network, SCOPE};
use crate::event::RegistryEvent;
use crate::registry::change::{Cause, Change};
use crate::registry::error::RegistryError;
use crate::registry::key::Keys;
use crate::registry::metadata::{Metadata, Value};
use crate::registry::operation::{Revision, Update};

fn network(nodes: u32) -> Network {
    Network::new(nodes, ReplicatedConfig::default())
}

#[test]
fn others_see_a_name_with_one_change_each() {
    let mut network = network(3);
    (1..=3).for_each(|node| drop(network.changes(node)));
    let process = network.register(1, SCOPE, "k").expect("free");
    network.flush(1);
    network.deliver_all();
    for node in 2..=3 {
        assert_eq!(network.holder(node, "k"), Some(process));
        assert_eq!(network.changes(node).len(), 1);
    }
    network.settle();
    assert!(network.changes(2).is_empty(), "nothing is told twice");
}

#[test]
fn a_node_that_joins_late_receives_everything() {
    let mut network = network(2);
    for number in 0..100 {
        network
            .register(1 + number % 2, SCOPE, &format!("k{number}"))
            .expect("free");
        network.register(1, GROUPS, "g").expect("a group");
    }
    network.settle();
    network.start(3);
    network.heal();
    network.settle();
    assert_eq!(network.site(3).seen.len(), 200);
}

#[test]
fn changes_of_one_owner_are_seen_in_its_order() {
    let mut network = network(2);
    network.changes(2);
    let process = network.register(1, SCOPE, "k").expect("free");
    let metadata = Metadata::new().with("v", 1);
    let update = Update::new(SCOPE, "k", Revision::Replace(metadata));
    let updated = network.act(1, |replica| replica.update(update));
    assert!(updated.is_some_and(|it| it.is_ok()));
    network.unregister(1, SCOPE, "k").expect("its own");
    network.flush(1);
    network.deliver_all();
    let changes = network.changes(2);
    let [
        Change::Registered(first),
        Change::Updated { entry, .. },
        Change::Unregistered { cause, .. },
    ] = &changes[..]
    else {
        panic!("{changes:?}");
    };
    assert_eq!((first.process, entry.process), (process, process));
    assert_eq!(*cause, Cause::Unregistered);
}

#[test]
fn the_dead_are_cleaned_away_together() {
    let mut network = network(4);
    for node in 1..=4 {
        network
            .register(node, SCOPE, &format!("k{node}"))
            .expect("free");
    }
    network.settle();
    for node in 2..=4 {
        network.crash(node);
        let member = network.member(node);
        network.tell(1, MemberNews::Down(member));
    }
    assert_eq!(network.site(1).seen.len(), 1);
    let dropped = |fact: &&RegistryEvent| matches!(fact, RegistryEvent::PeerDropped { .. });
    assert_eq!(network.site(1).facts.iter().filter(dropped).count(), 3);
}

#[test]
fn a_node_that_was_taken_for_dead_gets_its_names_back() {
    let mut network = network(3);
    let process = network.register(1, SCOPE, "k").expect("free");
    network.settle();
    let member = network.member(1);
    network.tell(2, MemberNews::Down(member));
    assert_eq!(network.holder(2, "k"), None);
    network.tell(2, MemberNews::Up(member));
    network.settle();
    assert_eq!(network.holder(2, "k"), Some(process));
}

#[test]
fn a_name_that_found_a_new_holder_meanwhile_goes_to_one_of_the_two() {
    let mut network = network(3);
    let first = network.register(1, SCOPE, "k").expect("free");
    network.settle();
    let member = network.member(1);
    network.tell(2, MemberNews::Down(member));
    let second = network
        .register(2, SCOPE, "k")
        .expect("free as far as it knows");
    network.flush(2);
    network.deliver_all();
    network.tell(2, MemberNews::Up(member));
    network.settle();
    for node in 1..=3 {
        assert_eq!(network.holder(node, "k"), Some(first));
    }
    assert!(!network.site(2).alive.contains(&second));
}

#[test]
fn what_was_queued_before_a_node_went_cannot_bring_its_names_back() {
    let mut network = network(2);
    network.register(1, SCOPE, "k").expect("free");
    network.flush(1);
    let late = network.flights.clone();
    network.deliver_all();
    network.unregister(1, SCOPE, "k").expect("its own");
    network.settle();
    let member = network.member(1);
    network.tell(2, MemberNews::Down(member));
    network.flights.extend(late.clone());
    network.deliver_all();
    assert!(network.site(2).seen.is_empty(), "it is no member");
    network.tell(2, MemberNews::Up(member));
    network.flights.clear();
    network.flights.extend(late);
    network.deliver_all();
    assert_eq!(network.holder(2, "k"), None, "it is old news");
    network.settle();
}

#[test]
fn a_snapshot_that_is_older_than_what_was_known_is_not_taken() {
    let mut network = network(2);
    network.register(1, SCOPE, "k").expect("free");
    // A snapshot of this moment stays on its way, and none that was made before.
    network.now = network.now + std::time::Duration::from_secs(5);
    let now = network.now;
    let (one, life) = (
        network.member(1),
        network.sites[&1].replica.as_ref().map(|it| it.me.life),
    );
    network.act(1, |replica| {
        replica.answer_pull(crate::runtime::NodeId(2), one, None, now);
    });
    let late = network.flights.clone();
    assert!(life.is_some() && !late.is_empty());
    network.unregister(1, SCOPE, "k").expect("its own");
    network.settle();
    network.tell(2, MemberNews::Down(one));
    network.tell(2, MemberNews::Up(one));
    network.flights.clear();
    network.flights.extend(late);
    network.changes(2);
    network.deliver_all();
    let seen = network.changes(2);
    assert!(seen.is_empty(), "not even for a moment: {seen:?}");
    network.settle();
}

#[test]
fn a_restart_replaces_what_the_node_held_before_and_old_messages_count_no_more() {
    let mut network = network(2);
    network.register(1, SCOPE, "old").expect("free");
    network.flush(1);
    let late = network.flights.clone();
    network.settle();
    network.crash(1);
    network.start(1);
    network.heal();
    let process = network.register(1, SCOPE, "new").expect("free");
    network.settle();
    assert_eq!(network.holder(2, "old"), None);
    network.flights.extend(late);
    network.deliver_all();
    assert_eq!(network.holder(2, "old"), None);
    assert_eq!(network.holder(2, "new"), Some(process));
    network.settle();
}

#[test]
fn flapping_a_hundred_times_empties_nothing() {
    let mut network = network(3);
    for node in 1..=3 {
        for number in 0..5 {
            network
                .register(node, SCOPE, &format!("k{node}.{number}"))
                .expect("free");
        }
    }
    network.settle();
    for time in 0..100 {
        let (at, of) = (1 + time % 3, 1 + (time + 1) % 3);
        let member = network.member(of);
        network.tell(at, MemberNews::Down(member));
        for _ in 0..time % 4 {
            if !network.flights.is_empty() {
                network.deliver(0);
            }
        }
        network.tell(at, MemberNews::Up(member));
        network.flush(of);
    }
    network.settle();
    for node in 1..=3 {
        assert_eq!(network.site(node).seen.len(), 15);
    }
}

#[test]
fn a_node_that_is_told_of_itself_does_not_take_itself_for_a_peer() {
    let mut network = network(2);
    let own = network.member(1);
    network.tell(1, MemberNews::Up(own));
    network.tell(1, MemberNews::Down(own));
    network.register(1, SCOPE, "k").expect("free");
    network.settle();
    let replica = network.sites[&1].replica.as_ref().expect("it is up");
    assert!(!replica.peers.contains_key(&own.node));
}

#[test]
fn what_was_removed_while_two_nodes_were_apart_stays_removed() {
    // Both 2 and 3 see 1 all the time, but not each other.
    let mut network = network(3);
    network.register(2, SCOPE, "k").expect("free");
    network.settle();
    network.link(2, 3, false);
    let (two, three) = (network.member(2), network.member(3));
    network.tell(2, MemberNews::Down(three));
    network.tell(3, MemberNews::Down(two));
    network.unregister(2, SCOPE, "k").expect("its own");
    for _ in 0..5 {
        network.round();
    }
    network.heal();
    network.settle();
    for node in 1..=3 {
        assert_eq!(network.holder(node, "k"), None);
    }
}

#[test]
fn a_name_is_held_once_even_where_views_of_the_members_overlap() {
    // A ring of four in which each node reaches its neighbours only, and knows so.
    let mut network = network(4);
    for (one, other) in [(1, 3), (2, 4)] {
        network.link(one, other, false);
        let (first, second) = (network.member(one), network.member(other));
        network.tell(one, MemberNews::Down(second));
        network.tell(other, MemberNews::Down(first));
    }
    network.register(1, SCOPE, "k").expect("free");
    network
        .register(3, SCOPE, "k")
        .expect("free as far as it knows");
    for _ in 0..8 {
        network.round();
    }
    network.heal();
    network.settle();
    let holders: Vec<_> = (1..=4).map(|node| network.holder(node, "k")).collect();
    assert!(holders[0].is_some() && holders.iter().all(|it| *it == holders[0]));
}

#[test]
fn a_scope_that_a_node_leaves_loses_its_rows_there_and_others_keep_theirs() {
    let mut network = network(2);
    network.register(1, SCOPE, "k").expect("free");
    network.register(1, GROUPS, "g").expect("a group");
    network.settle();
    let closed = network.act(1, |replica| replica.close_scope(&SCOPE.into()));
    assert_eq!(closed, Some(Ok(1)));
    network.flush(1);
    network.deliver_all();
    assert_eq!(network.site(2).seen.len(), 1);
    assert!(
        network.site(2).scopes.contains_key(SCOPE),
        "it has it open itself"
    );
}

#[test]
fn leaving_a_scope_and_joining_again_is_seen_in_that_order() {
    let mut network = network(2);
    network.register(1, SCOPE, "k").expect("free");
    network.settle();
    network.changes(2);
    let keys = Keys::Unique;
    let closed = network.act(1, |replica| replica.close_scope(&SCOPE.into()));
    assert!(closed.is_some_and(|it| it.is_ok()));
    let opened = network.act(1, |replica| replica.open_scope(&SCOPE.into(), keys));
    assert_eq!(opened, Some(Ok(())));
    let again = network.register(1, SCOPE, "k").expect("free again");
    network.settle();
    let changes = network.changes(2);
    let [
        Change::Unregistered { cause, .. },
        Change::Registered(entry),
    ] = &changes[..]
    else {
        panic!("{changes:?}");
    };
    assert_eq!((cause, entry.process), (&Cause::ScopeClosed, again));
}

#[test]
fn a_scope_is_known_wherever_a_member_has_it_open() {
    let mut network = network(2);
    let keys = Keys::Unique;
    let opened = network.act(1, |replica| replica.open_scope(&"x".into(), keys));
    assert_eq!(opened, Some(Ok(())));
    network.settle();
    let process = network.register(2, "x", "k").expect("known from the other");
    network.settle();
    // It is now open on both, so that the end of the first changes nothing.
    let member = network.member(1);
    network.tell(2, MemberNews::Down(member));
    assert!(
        network
            .site(2)
            .seen
            .values()
            .any(|it| it.process == process)
    );
}

#[test]
fn values_of_the_registry_are_seen_everywhere_and_so_is_their_end() {
    let mut network = network(3);
    let put = |network: &mut Network, node, value| {
        let put = network.act(node, |replica| replica.write_meta("f".into(), value));
        put.expect("it is up").expect("there is room")
    };
    assert_eq!(put(&mut network, 1, Some(Value::Int(1))), None);
    network.settle();
    assert_eq!(
        put(&mut network, 2, Some(Value::Int(2))),
        Some(Value::Int(1))
    );
    network.settle();
    let seen = |network: &Network, node: u32| {
        let replica = network.sites[&node].replica.as_ref().expect("it is up");
        replica.meta.get("f").cloned()
    };
    assert_eq!(seen(&network, 3), Some(Value::Int(2)));
    assert_eq!(put(&mut network, 3, None), Some(Value::Int(2)));
    network.settle();
    assert_eq!(
        [1, 2, 3].map(|node| seen(&network, node)),
        [None, None, None]
    );
}

#[test]
fn a_value_that_was_deleted_while_a_node_was_away_does_not_come_back_with_it() {
    let mut network = network(3);
    let value = Some(Value::Int(1));
    drop(network.act(1, |replica| replica.write_meta("f".into(), value)));
    network.settle();
    network.split(&[3]);
    drop(network.act(1, |replica| replica.write_meta("f".into(), None)));
    for _ in 0..1_000 {
        network.round();
    }
    network.heal();
    network.settle();
    let replica = network.sites[&3].replica.as_ref().expect("it is up");
    assert_eq!(replica.meta.get("f"), None);
}

#[test]
fn a_value_outlives_the_node_that_wrote_it() {
    let mut network = network(2);
    let value = Some(Value::Int(1));
    drop(network.act(1, |replica| replica.write_meta("f".into(), value)));
    network.settle();
    network.crash(1);
    let member = network.member(1);
    network.tell(2, MemberNews::Down(member));
    network.start(3);
    network.heal();
    network.settle();
    let replica = network.sites[&3].replica.as_ref().expect("it is up");
    assert_eq!(replica.meta.get("f"), Some(&Value::Int(1)));
}

#[test]
fn whoever_hands_over_holds_nothing_and_takes_nothing() {
    let mut network = network(2);
    network.register(1, SCOPE, "k").expect("free");
    network.settle();
    assert_eq!(network.act(1, Replica::hand_over), Some(1));
    network.flush(1);
    network.deliver_all();
    network.register(2, SCOPE, "k").expect("free at once");
    let refused = network.register(1, SCOPE, "other");
    assert!(matches!(refused, Err(RegistryError::Unavailable { .. })));
    network.settle();
}

#[test]
fn a_life_that_ended_is_forgotten_even_by_those_who_missed_its_end() {
    let mut network = network(3);
    network.register(1, SCOPE, "k").expect("free");
    network.settle();
    network.link(1, 3, false);
    network.act(1, Replica::end);
    network.deliver_all();
    assert!(network.holder(2, "k").is_none() && network.holder(3, "k").is_some());
    // Nobody answers for it any more; the others pass its end on.
    network.crash(1);
    for _ in 0..12 {
        network.round();
    }
    assert_eq!(network.holder(3, "k"), None);
}
