//! Names that were given away twice.

use std::sync::Arc;

use super::super::config::{OnConflict, ReplicatedConfig};
use super::super::conflict::Resolver;
use super::network::{Flight, Network, SCOPE};
use crate::event::RegistryEvent;
use crate::process::ProcessId;
use crate::registry::change::{Cause, Change, Rule};
use crate::registry::error::RegistryError;
use crate::registry::key::{Key, Keys};
use crate::registry::operation::Registration;

fn network(nodes: u32) -> Network {
    Network::new(nodes, ReplicatedConfig::default())
}

fn lost(network: &mut Network, node: u32) -> Vec<(ProcessId, ProcessId, Rule)> {
    let facts = network.site(node).facts.iter();
    let lost = facts.filter_map(|fact| {
        let RegistryEvent::ConflictLost {
            winner,
            loser,
            rule,
            ..
        } = fact
        else {
            return None;
        };
        Some((*winner, *loser, *rule))
    });
    lost.collect()
}

#[test]
fn after_a_split_the_earlier_claim_wins_everywhere_and_the_loser_is_told_why() {
    let mut network = network(3);
    network.split(&[1]);
    network.register(1, SCOPE, "busy").expect("free here");
    let late = network.register(1, SCOPE, "k").expect("free here");
    let early = network.register(2, SCOPE, "k").expect("free there");
    network.changes(1);
    network.heal();
    network.settle();
    for node in 1..=3 {
        assert_eq!(network.holder(node, "k"), Some(early));
    }
    assert_eq!(lost(&mut network, 1), [(early, late, Rule::Earlier)]);
    assert_eq!(lost(&mut network, 2), []);
    assert!(
        !network.site(1).alive.contains(&late),
        "it was asked to exit"
    );
    let (winner, rule) = (early, Rule::Earlier);
    let cause = Cause::Conflict { winner, rule };
    let told = network.changes(1).into_iter().any(
        |change| matches!(change, Change::Unregistered { entry, cause: why } if entry.process == late && why == cause),
    );
    assert!(told);
}

#[test]
fn a_loser_may_stay_without_its_name() {
    let config = ReplicatedConfig::default().on_conflict(OnConflict::Tell);
    let mut network = Network::new(2, config);
    network.split(&[1]);
    let one = network.register(1, SCOPE, "k").expect("free here");
    let other = network.register(2, SCOPE, "k").expect("free there");
    network.heal();
    network.settle();
    assert_eq!(network.holder(2, "k"), Some(one));
    assert!(network.site(2).alive.contains(&other));
    // Started again or not, it finds the name taken.
    let again = network.ask(2, Registration::new(SCOPE, "k", other));
    let (key, holder) = (Key::new(SCOPE, "k"), one);
    assert_eq!(again, Err(RegistryError::AlreadyRegistered { key, holder }));
}

#[test]
fn a_higher_priority_wins_over_an_earlier_claim_and_stays_as_it_was_first() {
    let mut network = network(3);
    network.split(&[1]);
    let first = network.register(1, SCOPE, "k").expect("free here");
    let second = network.process(2);
    let wanted = Registration::new(SCOPE, "k", second).priority(1);
    network.ask(2, wanted).expect("free there");
    // Registering again does not make it any weaker: others may have yielded already.
    network
        .ask(2, Registration::new(SCOPE, "k", second))
        .expect("its own name");
    network.heal();
    network.settle();
    assert_eq!(network.holder(3, "k"), Some(second));
    assert_eq!(lost(&mut network, 1), [(second, first, Rule::Priority)]);
}

#[test]
fn a_winner_that_comes_and_ends_in_one_batch_leaves_the_name_with_its_holder() {
    let mut network = network(2);
    // Neither hears of the other before all of this has happened.
    for name in ["busy", "busier"] {
        network.register(1, SCOPE, name).expect("free here");
    }
    let own = network.register(1, SCOPE, "k").expect("free here");
    network.register(2, SCOPE, "other").expect("free there");
    network.register(2, SCOPE, "k").expect("free there");
    network.unregister(2, SCOPE, "k").expect("its own");
    network.changes(1);
    network.flush(1);
    network.flush(2);
    network.deliver_all();
    network.settle();
    assert_eq!(network.holder(2, "k"), Some(own));
    assert_eq!(lost(&mut network, 1), []);
    assert!(network.site(1).alive.contains(&own), "it was told nothing");
    let of_k = |change: &Change| {
        let (entry, gone) = match change {
            Change::Registered(entry) | Change::Updated { entry, .. } => (entry, false),
            Change::Unregistered { entry, .. } => (entry, true),
        };
        (entry.key.name == *"k").then_some((entry.process == own, gone))
    };
    let told: Vec<_> = network.changes(1).iter().filter_map(of_k).collect();
    let (lost, again) = ((true, true), (true, false));
    assert_eq!(told, [lost, (false, false), (false, true), again]);
}

#[test]
fn who_hears_of_the_end_of_a_winner_first_sees_the_loser_until_it_hears_of_the_rest() {
    let config = ReplicatedConfig::default().on_conflict(OnConflict::Tell);
    let mut network = Network::new(3, config);
    network.split(&[1]);
    network.register(1, SCOPE, "busy").expect("free here");
    let loser = network.register(1, SCOPE, "k").expect("free here");
    let winner = network.register(2, SCOPE, "k").expect("free there");
    network.heal();
    // 1 and 2 do not hear of each other yet; 3 hears of both.
    let meet = |network: &mut Network, other: u32| {
        for node in [3, other] {
            network.flush(node);
            network.tick(node);
        }
        let between = |it: &Flight| [(3, other), (other, 3)].contains(&(it.from, it.to));
        while let Some(place) = network.flights.iter().position(between) {
            network.deliver(place);
        }
    };
    for _ in 0..8 {
        meet(&mut network, 1);
        meet(&mut network, 2);
    }
    assert_eq!(network.holder(3, "k"), Some(winner));
    network.unregister(2, SCOPE, "k").expect("its own");
    meet(&mut network, 2);
    assert_eq!(network.holder(3, "k"), Some(loser));
    network.heal();
    network.settle();
    assert_eq!(network.holder(3, "k"), network.holder(1, "k"));
}

#[test]
fn a_split_in_three_has_one_winner() {
    let mut network = network(3);
    network.split(&[1]);
    network.split(&[2]);
    let claims: Vec<_> = (1..=3)
        .map(|node| network.register(node, SCOPE, "k").expect("free here"))
        .collect();
    network.heal();
    network.settle();
    for node in 1..=3 {
        assert_eq!(network.holder(node, "k"), Some(claims[0]));
    }
    let lost: usize = (1..=3).map(|node| lost(&mut network, node).len()).sum();
    assert_eq!(lost, 2);
}

#[test]
fn a_resolver_goes_before_the_other_rules() {
    let resolver = Resolver::new(|claim| u64::from(claim.process.node.0));
    let mut network = Network::new(3, ReplicatedConfig::default().resolver(resolver));
    network.split(&[1]);
    let first = network.register(1, SCOPE, "k").expect("free here");
    let second = network.register(3, SCOPE, "k").expect("free there");
    network.heal();
    network.settle();
    assert_eq!(network.holder(2, "k"), Some(second));
    assert_eq!(lost(&mut network, 1), [(second, first, Rule::Resolver)]);
}

#[test]
fn a_resolver_that_crashes_is_reported_and_the_default_rule_applies() {
    let resolver = Resolver::new(|_| panic!("no idea"));
    let mut network = Network::new(3, ReplicatedConfig::default().resolver(resolver));
    network.split(&[1]);
    let first = network.register(1, SCOPE, "k").expect("free here");
    network.register(2, SCOPE, "k").expect("free there");
    network.heal();
    network.settle();
    assert_eq!(network.holder(3, "k"), Some(first));
    let failed = |fact: &RegistryEvent| matches!(fact, RegistryEvent::ResolverFailed { what, .. } if what == "no idea");
    assert!(network.site(2).facts.iter().any(failed));
    network.register(1, SCOPE, "other").expect("it goes on");
}

#[test]
fn a_resolver_is_asked_only_where_there_is_a_conflict() {
    let asked = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counter = asked.clone();
    let resolver = Resolver::new(move |_| {
        counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        0
    });
    let mut network = Network::new(3, ReplicatedConfig::default().resolver(resolver));
    network.register(1, SCOPE, "k").expect("free");
    network.settle();
    assert_eq!(asked.load(std::sync::atomic::Ordering::Relaxed), 0);
}

#[test]
fn the_removal_of_a_loser_reaches_third_nodes() {
    let mut network = network(3);
    network.split(&[1]);
    network.split(&[2]);
    let winner = network.register(1, SCOPE, "k").expect("free here");
    let loser = network.register(2, SCOPE, "k").expect("free there");
    // The third node hears of the loser only, then of both.
    network.link(2, 3, true);
    network.introduce(3);
    network.introduce(2);
    network.link(1, 3, false);
    network.link(1, 2, false);
    for _ in 0..4 {
        network.round();
    }
    assert_eq!(network.holder(3, "k"), Some(loser));
    network.heal();
    network.settle();
    assert_eq!(network.holder(3, "k"), Some(winner));
    network.exit(winner);
    network.settle();
    for node in 1..=3 {
        assert_eq!(network.holder(node, "k"), None, "no zombie on n{node}");
    }
}

#[test]
fn the_end_of_a_loser_does_not_touch_the_winner() {
    let config = ReplicatedConfig::default().on_conflict(OnConflict::Tell);
    let mut network = Network::new(3, config);
    network.split(&[1]);
    let winner = network.register(1, SCOPE, "k").expect("free here");
    let loser = network.register(2, SCOPE, "k").expect("free there");
    network.heal();
    network.settle();
    network.exit(loser);
    network.settle();
    for node in 1..=3 {
        assert_eq!(network.holder(node, "k"), Some(winner));
    }
}

#[test]
fn a_winner_that_ends_while_it_wins_leaves_the_name_free_or_to_the_other() {
    for seed in 0..20 {
        let mut network = network(3);
        network.dice = crate::runtime::EntropyStream::from_seed([seed; 32]);
        network.split(&[1]);
        let winner = network.register(1, SCOPE, "k").expect("free here");
        let other = network.register(2, SCOPE, "k").expect("free there");
        network.heal();
        let delivered = network.flights.len().min(usize::from(seed));
        (0..delivered).for_each(|_| network.deliver(0));
        network.exit(winner);
        network.settle();
        let kept = network.site(2).alive.contains(&other).then_some(other);
        for node in 1..=3 {
            assert_eq!(network.holder(node, "k"), kept);
        }
    }
}

#[test]
fn a_restarted_node_does_not_take_names_from_those_who_have_long_held_them() {
    let mut network = network(3);
    for number in 0..10 {
        let name = format!("busy{number}");
        network.register(2, SCOPE, &name).expect("free");
    }
    let holder = network.register(2, SCOPE, "k").expect("free");
    network.settle();
    network.crash(1);
    network.start(1);
    // It has heard of nobody yet, and its logical clock begins anew.
    network
        .register(1, SCOPE, "k")
        .expect("free as far as it knows");
    network.heal();
    network.settle();
    for node in 1..=3 {
        assert_eq!(network.holder(node, "k"), Some(holder));
    }
}

#[test]
fn a_scope_with_two_kinds_of_keys_becomes_one_by_the_first_claim() {
    let mut network = Network::strangers(2, ReplicatedConfig::default());
    let open = |network: &mut Network, node, keys| {
        network
            .act(node, |replica| replica.open_scope(&"x".into(), keys))
            .expect("it is up")
            .expect("unknown here");
    };
    open(&mut network, 1, Keys::Unique);
    open(&mut network, 2, Keys::Duplicate);
    network.register(2, "x", "k").expect("a group there");
    network.heal();
    network.settle();
    for node in 1..=2 {
        assert_eq!(network.site(node).scopes.get("x"), Some(&Keys::Unique));
    }
    let warnings = [1, 2].map(|node| network.site(node).warnings.len());
    assert_eq!(warnings, [1, 1], "said once on each node");
    network.register(2, "x", "k").expect("free by the new kind");
    network.settle();
    assert!(network.register(1, "x", "k").is_err());
}
