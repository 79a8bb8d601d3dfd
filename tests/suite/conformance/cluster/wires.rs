//! What goes over the wires: order, losses, congestion, strange messages.

use std::time::Duration;

use steadfast::registry::replicated::ReplicatedConfig;
use steadfast::registry::{
    Change, Keys, Metadata, Notice, Query, Registration, Revision, Subscription, Update, Value,
};
use steadfast::runtime::{Network as _, NodeId};
use steadfast_sim::fault::{Fault, Target};

use super::town::{GROUPS, NAMES, Setting, Town, cluster_cases, nodes};

cluster_cases! {
    b01_others_see_a_name_its_metadata_and_one_change: nodes(2),
    b15_links_that_fail_one_way_and_late_empty_nothing: one_way(),
    b17_changes_of_one_owner_are_seen_in_its_order: nodes(2).weather(),
    b19_changes_that_overtake_a_snapshot_end_as_the_owner_has_it: overtaking(),
    b20_rows_of_a_scope_go_with_it_and_others_stay: nodes(2),
    b21_leaving_a_scope_and_joining_again_are_seen_in_that_order: nodes(2).weather(),
    b22_what_was_queued_before_a_scope_was_left_cannot_fill_it_again: held_back(),
    b24_a_congested_link_stops_no_local_caller: held_back(),
    b27_what_was_not_sent_when_the_driver_crashed_is_sent_by_the_next: nodes(2),
    b31_values_of_the_registry_are_seen_everywhere_and_so_is_their_end: nodes(3).weather(),
    b32_joining_again_and_joining_nobody_change_nothing: nodes(2),
    b37_other_versions_and_garbage_are_refused_and_harm_nothing: nodes(2),
}

fn one_way() -> Setting {
    let cut = Fault::Cut { in_flight: false };
    let (from, to) = (vec![NodeId(1)], vec![NodeId(2), NodeId(3)]);
    let target = Target::OneWay { from, to };
    nodes(3).on("deaf", cut, target, 12)
}

fn overtaking() -> Setting {
    let (probability, window) = (0.5, Duration::from_millis(200));
    let fault = Fault::Reorder {
        probability,
        window,
    };
    nodes(2).crash(2, 5).at(0, fault, Target::All, 60_000)
}

fn held_back() -> Setting {
    let (from, to) = (NodeId(1), NodeId(2));
    nodes(2).on("hold", Fault::Hold, Target::Link { from, to }, 5)
}

/// What a node tells of the scope of names from here on.
fn watch(town: &Town, node: u32) -> Subscription {
    let watched = town.office(node).registry.watch(NAMES, Query::all());
    let mut watched = watched.expect("the scope is open");
    let first = watched.try_next();
    assert!(matches!(first, Some(Notice::Snapshot(_))), "{first:?}");
    watched
}

/// Waits until so many changes were told, and answers them as words.
async fn told(town: &Town, watched: &mut Subscription, count: usize) -> Vec<&'static str> {
    let mut words = Vec::new();
    let enough = town.world.until(Duration::from_secs(30), || {
        while let Some(notice) = watched.try_next() {
            let Notice::Changes(changes) = notice else {
                panic!("{notice:?}");
            };
            words.extend(changes.iter().map(|change| match change {
                Change::Registered(_) => "registered",
                Change::Updated { .. } => "updated",
                Change::Unregistered { .. } => "unregistered",
            }));
        }
        words.len() >= count
    });
    assert!(enough.await, "{words:?}");
    words
}

async fn b01_others_see_a_name_its_metadata_and_one_change(town: Town) {
    let mut watched = watch(&town, 2);
    let process = town.process(1);
    let metadata = Metadata::new().with("tier", 2);
    let wanted = Registration::new(NAMES, "k", process).metadata(metadata.clone());
    town.enter(1, wanted).await.expect("free");
    assert_eq!(told(&town, &mut watched, 1).await, ["registered"]);
    let seen = town.office(2).registry.lookup(NAMES, "k");
    let seen = seen.expect("the scope is open").expect("it was told");
    assert_eq!((seen.process, seen.metadata), (process, metadata));
    town.pass(5).await;
    assert_eq!(watched.try_next(), None, "nothing is told twice");
}

async fn b15_links_that_fail_one_way_and_late_empty_nothing(town: Town) {
    let mut held = Vec::new();
    for node in 1..=3 {
        let name = format!("k{node}");
        held.push((town.register(node, &name).await.expect("free"), name));
    }
    town.world.note("deaf");
    town.pass(20).await;
    for (process, name) in held {
        town.agree(&name, Some(process)).await;
    }
}

async fn b17_changes_of_one_owner_are_seen_in_its_order(town: Town) {
    let mut watched = watch(&town, 2);
    for _ in 0..10 {
        town.register(1, "k").await.expect("free");
        let metadata = Metadata::new().with("v", 1);
        let update = Update::new(NAMES, "k", Revision::Replace(metadata));
        let updated = town.office(1).registry.update(update).await;
        assert!(updated.is_ok(), "{updated:?}");
        town.unregister(1, "k").await;
        let words = told(&town, &mut watched, 3).await;
        assert_eq!(words, ["registered", "updated", "unregistered"]);
    }
}

async fn b19_changes_that_overtake_a_snapshot_end_as_the_owner_has_it(town: Town) {
    town.world.note("crash 2");
    for number in 0..200_u32 {
        town.register(1, &format!("k{number}")).await.expect("free");
    }
    // The other node comes back in the midst of this, and fetches a snapshot.
    for number in 0..200_u32 {
        town.unregister(1, &format!("k{number}")).await;
        town.register(1, &format!("n{number}")).await.expect("free");
        town.world.sleep(Duration::from_millis(40)).await;
    }
    for number in 0..200_u32 {
        town.agree(&format!("k{number}"), None).await;
        assert!(town.agreed(&format!("n{number}")).await.node == NodeId(1));
    }
}

async fn b20_rows_of_a_scope_go_with_it_and_others_stay(town: Town) {
    let process = town.register(1, "k").await.expect("free");
    let wanted = Registration::new(GROUPS, "g", process);
    town.enter(1, wanted).await.expect("a group");
    town.agree("k", Some(process)).await;
    let closed = town.office(1).registry.close_scope(NAMES).await;
    assert_eq!(closed, Ok(1));
    let gone = || town.holder(2, "k").is_none();
    assert!(town.world.until(Duration::from_secs(10), gone).await);
    let members = town.office(2).registry.members(GROUPS, "g");
    assert_eq!(members.map(|all| all.len()), Ok(1));
}

async fn b21_leaving_a_scope_and_joining_again_are_seen_in_that_order(town: Town) {
    let process = town.register(1, "k").await.expect("free");
    town.agree("k", Some(process)).await;
    let mut watched = watch(&town, 2);
    let registry = town.office(1).registry;
    assert_eq!(registry.close_scope(NAMES).await, Ok(1));
    assert_eq!(registry.open_scope(NAMES, Keys::Unique).await, Ok(()));
    let again = town.register(1, "k").await.expect("free again");
    let words = told(&town, &mut watched, 2).await;
    assert_eq!(words, ["unregistered", "registered"]);
    town.agree("k", Some(again)).await;
}

async fn b22_what_was_queued_before_a_scope_was_left_cannot_fill_it_again(town: Town) {
    town.world.note("hold");
    town.register(1, "k").await.expect("free");
    town.pass(1).await;
    let closed = town.office(1).registry.close_scope(NAMES).await;
    assert_eq!(closed, Ok(1));
    town.pass(15).await;
    assert_eq!(town.holder(2, "k"), None);
    let stats = town.office(2).registry.stats();
    assert_eq!(stats.entries(), 0);
}

async fn b24_a_congested_link_stops_no_local_caller(town: Town) {
    town.world.note("hold");
    let before = town.world.time();
    let mut held = Vec::new();
    for number in 0..500_u32 {
        let name = format!("k{number}");
        held.push((town.register(1, &name).await.expect("free"), name));
    }
    let took = town.world.time().saturating_sub(before);
    assert!(took < Duration::from_secs(1), "{took:?}");
    town.pass(6).await;
    for (process, name) in held {
        town.agree(&name, Some(process)).await;
    }
}

async fn b27_what_was_not_sent_when_the_driver_crashed_is_sent_by_the_next(town: Town) {
    let top = town.office(1).top;
    for round in 0..5_u32 {
        let children = top.which_children().await.expect("it answers");
        let driver = children.iter().find(|child| &*child.id == "replication");
        let driver = driver.and_then(|child| child.process);
        let name = format!("k{round}");
        let process = town.register(1, &name).await.expect("free");
        town.node(1).kill(driver.expect("it runs"));
        let late = format!("late{round}");
        let after = town.register(1, &late).await.expect("free");
        town.agree(&name, Some(process)).await;
        town.agree(&late, Some(after)).await;
    }
}

async fn b31_values_of_the_registry_are_seen_everywhere_and_so_is_their_end(town: Town) {
    let all_see = |value: Option<i64>| {
        let town = town.clone();
        async move {
            let value = value.map(Value::Int);
            let seen = || (1..=3).all(|node| town.office(node).registry.meta("f") == value);
            assert!(town.world.until(Duration::from_secs(20), seen).await);
        }
    };
    let put = town.office(1).registry.put_meta("f", 1).await;
    assert_eq!(put, Ok(None));
    all_see(Some(1)).await;
    let put = town.office(2).registry.put_meta("f", 2).await;
    assert_eq!(put, Ok(Some(Value::Int(1))));
    all_see(Some(2)).await;
    let deleted = town.office(3).registry.delete_meta("f").await;
    assert_eq!(deleted, Ok(Some(Value::Int(2))));
    all_see(None).await;
}

async fn b32_joining_again_and_joining_nobody_change_nothing(town: Town) {
    let process = town.register(1, "k").await.expect("free");
    town.agree("k", Some(process)).await;
    let mut watched = watch(&town, 2);
    for node in [1, 1, 2, 9] {
        let joined = town.office(2).membership.join(NodeId(node));
        assert!(joined.is_ok(), "{joined:?}");
        town.pass(2).await;
    }
    town.agree("k", Some(process)).await;
    assert_eq!(watched.try_next(), None);
}

async fn b37_other_versions_and_garbage_are_refused_and_harm_nothing(town: Town) {
    let port = ReplicatedConfig::default().port;
    let node = town.node(1);
    let strange = [vec![], vec![1; 5], vec![9; 100], vec![1; 4_000]];
    for payload in strange.iter().cycle().take(40) {
        let sent = node.runtime().send(NodeId(2), port, payload.clone());
        assert!(sent.is_ok(), "{sent:?}");
    }
    let process = town.register(1, "k").await.expect("free");
    town.agree("k", Some(process)).await;
    let other = town.register(2, "other").await.expect("free");
    town.agree("other", Some(other)).await;
}
