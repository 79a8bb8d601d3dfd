//! Nodes that come, go, come back, or are wrongly taken for gone.

use std::time::Duration;

use steadfast::registry::Registration;
use steadfast::runtime::NodeId;
use steadfast_sim::fault::{Fault, Target};

use super::town::{GROUPS, Setting, Town, cluster_cases, nodes};

cluster_cases! {
    b02_a_node_that_joins_late_receives_everything: nodes(3).weather().crash(3, 10),
    b04_the_survivor_is_clean_of_all_who_died_together: nodes(4).crash(2, 0).crash(3, 0).crash(4, 0),
    b14_rapid_disconnects_empty_nothing: flapping(),
    b25_an_unreachable_peer_is_given_up_and_cleaned_away: nodes(3).crash(3, 0),
    b26_in_a_rolling_restart_no_name_of_the_living_is_missing: rolling(),
    b34_no_name_is_held_twice_where_views_of_the_members_overlap: overlapping(),
    b39_what_was_removed_while_two_were_apart_stays_removed: overlapping(),
    h10_what_was_deleted_while_a_node_was_away_does_not_come_back_with_it: away(),
    b41_the_last_member_of_a_group_leaves_no_shell: nodes(3).weather(),
    b42_a_node_whose_network_comes_late_is_no_peer_of_itself: nodes(2).split(&[1], &[2], 15),
}

fn rolling() -> Setting {
    nodes(3).crash(1, 3).crash(2, 3).crash(3, 3)
}

/// One node loses its links a hundred times.
fn flapping() -> Setting {
    let cut = Fault::Cut { in_flight: true };
    let lonely = |setting: Setting, time: u32| {
        let (target, start) = (Target::Node(NodeId(1 + time % 3)), time * 400);
        setting.at(start.into(), cut, target, 300)
    };
    (20..120).fold(nodes(3), lonely)
}

fn away() -> Setting {
    nodes(3).split(&[1, 2], &[3], 20)
}

/// 2 and 3 do not reach each other; 1 reaches both.
fn overlapping() -> Setting {
    nodes(3).split(&[2], &[3], 20)
}

async fn b02_a_node_that_joins_late_receives_everything(town: Town) {
    town.world.note("crash 3");
    let mut held = Vec::new();
    for number in 0..50 {
        let name = format!("k{number}");
        let process = town.register(1 + number % 2, &name).await.expect("free");
        held.push((name, process));
        let wanted = Registration::new(GROUPS, "g", process);
        town.enter(1 + number % 2, wanted).await.expect("a group");
    }
    town.pass(12).await;
    for (name, process) in held {
        town.agree(&name, Some(process)).await;
    }
    let members = town.office(3).registry.members(GROUPS, "g");
    assert_eq!(members.map(|all| all.len()), Ok(50));
}

async fn b04_the_survivor_is_clean_of_all_who_died_together(town: Town) {
    for node in 1..=4 {
        let name = format!("k{node}");
        let process = town.register(node, &name).await.expect("free");
        town.agree(&name, Some(process)).await;
    }
    for node in 2..=4 {
        town.world.note(format!("crash {node}"));
    }
    let clean = town.world.until(Duration::from_secs(30), || {
        (2..=4).all(|node| town.holder(1, &format!("k{node}")).is_none())
    });
    assert!(clean.await);
    assert!(town.holder(1, "k1").is_some());
    town.audit();
}

async fn b14_rapid_disconnects_empty_nothing(town: Town) {
    let mut held = Vec::new();
    for node in 1..=3 {
        let name = format!("k{node}");
        held.push((town.register(node, &name).await.expect("free"), name));
    }
    // Meanwhile links come and go.
    for round in 0..100_u32 {
        let node = 1 + round % 3;
        let name = format!("extra{round}");
        let process = town.register(node, &name).await.expect("free");
        town.world.sleep(Duration::from_millis(400)).await;
        town.node(node).kill(process);
    }
    for (process, name) in held {
        town.agree(&name, Some(process)).await;
    }
    for round in 0..100_u32 {
        town.agree(&format!("extra{round}"), None).await;
    }
}

async fn b25_an_unreachable_peer_is_given_up_and_cleaned_away(town: Town) {
    let process = town.register(3, "k").await.expect("free");
    town.agree("k", Some(process)).await;
    town.world.note("crash 3");
    town.agree("k", None).await;
    let peers = town.office(1).backend.peers();
    let gone = peers.iter().find(|peer| peer.member.node.0 == 3);
    assert!(
        gone.is_some_and(|peer| !peer.up && peer.entries == 0),
        "{peers:?}"
    );
}

async fn b26_in_a_rolling_restart_no_name_of_the_living_is_missing(town: Town) {
    for node in 1..=3_u32 {
        let mut held = Vec::new();
        for living in (1..=3).filter(|living| *living != node) {
            let name = format!("k{living}.{node}");
            let process = town.register(living, &name).await.expect("free");
            town.agree(&name, Some(process)).await;
            held.push((living, name, process));
        }
        town.world.note(format!("crash {node}"));
        for _ in 0..1_000 {
            town.world.sleep(Duration::from_millis(10)).await;
            for (living, name, process) in &held {
                let others = (1..=3).filter(|other| *other != node);
                let seen = others.map(|other| town.holder(other, name));
                let missing = seen.filter(|holder| *holder != Some(*process));
                assert_eq!(
                    missing.count(),
                    0,
                    "{name} of n{living} while n{node} restarts"
                );
            }
        }
        town.all_meet().await;
        for (_, name, process) in held {
            town.agree(&name, Some(process)).await;
        }
    }
}

async fn b34_no_name_is_held_twice_where_views_of_the_members_overlap(town: Town) {
    town.world.note("split");
    town.pass(1).await;
    let one = town.register(2, "k").await.expect("free");
    let other = town.register(3, "k").await;
    let winner = town.agreed("k").await;
    assert!(winner == one || other == Ok(winner));
    town.pass(25).await;
    town.agree("k", Some(winner)).await;
}

async fn b39_what_was_removed_while_two_were_apart_stays_removed(town: Town) {
    let process = town.register(2, "k").await.expect("free");
    town.agree("k", Some(process)).await;
    town.world.note("split");
    town.pass(5).await;
    town.unregister(2, "k").await;
    town.pass(25).await;
    town.agree("k", None).await;
}

async fn b41_the_last_member_of_a_group_leaves_no_shell(town: Town) {
    let process = town.process(1);
    let wanted = Registration::new(GROUPS, "g", process);
    town.enter(1, wanted).await.expect("a group");
    let size = |node| {
        town.office(node)
            .registry
            .members(GROUPS, "g")
            .map(|all| all.len())
    };
    let joined = town
        .world
        .until(Duration::from_secs(20), || size(3) == Ok(1));
    assert!(joined.await);
    town.node(1).kill(process);
    let left = town.world.until(Duration::from_secs(20), || {
        (1..=3).all(|node| size(node) == Ok(0))
    });
    assert!(left.await);
    let stats = town.office(3).registry.stats();
    assert!(
        stats.scopes.iter().all(|scope| scope.names == 0),
        "{stats:?}"
    );
}

async fn b42_a_node_whose_network_comes_late_is_no_peer_of_itself(town: Town) {
    town.world.note("split");
    town.pass(8).await;
    let process = town.register(1, "k").await.expect("free");
    town.pass(10).await;
    town.agree("k", Some(process)).await;
    for node in 1..=2 {
        let peers = town.office(node).backend.peers();
        assert!(
            peers.iter().all(|peer| peer.member.node.0 != node),
            "{peers:?}"
        );
    }
}

async fn h10_what_was_deleted_while_a_node_was_away_does_not_come_back_with_it(town: Town) {
    let process = town.register(1, "k").await.expect("free");
    let put = town.office(1).registry.put_meta("f", 1).await;
    assert!(put.is_ok(), "{put:?}");
    town.agree("k", Some(process)).await;
    let value = |node| town.office(node).registry.meta("f");
    let known = town
        .world
        .until(Duration::from_secs(20), || value(3).is_some());
    assert!(known.await);
    town.world.note("split");
    town.pass(8).await;
    town.unregister(1, "k").await;
    let deleted = town.office(2).registry.delete_meta("f").await;
    assert!(deleted.is_ok(), "{deleted:?}");
    town.pass(20).await;
    town.agree("k", None).await;
    assert_eq!([1, 2, 3].map(value), [None, None, None]);
}
