//! Who is in the cluster: members come, fall silent, come back and leave.

use std::collections::BTreeMap;
use std::time::Duration;

use steadfast::event::MembershipEvent;
use steadfast::membership::MemberChange;
use steadfast::runtime::{Incarnation, NodeId};
use steadfast_sim::World;
use steadfast_sim::fault::{Fault, Target};

use super::harness::{Cluster, Saying, Views, agree};

const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);
const SEEDS: u64 = 20;
const ALL: [u32; 5] = [1, 2, 3, 4, 5];
const CUT: Fault = Fault::Cut { in_flight: true };

/// Waits until these nodes agree that they are the cluster.
pub(super) async fn agreement(
    world: &World,
    nodes: &[u32],
    limit: Duration,
) -> Result<Duration, String> {
    let began = world.time();
    if world.until(limit, || agree(world, nodes)).await {
        return Ok(world.time().saturating_sub(began));
    }
    let views = world.board::<Views>();
    let seen = nodes.iter().map(|node| {
        let members = views.of(*node).membership.members();
        let members = members
            .iter()
            .map(|peer| format!("{} {}", peer.member, peer.state));
        format!("n{node}: {}", members.collect::<Vec<_>>().join(", "))
    });
    Err(format!(
        "no agreement: {}",
        seen.collect::<Vec<_>>().join("; ")
    ))
}

/// The word and the member of what was said, if it is about another node.
fn about(event: &MembershipEvent) -> Option<(&'static str, NodeId, Incarnation)> {
    let (word, member) = match event {
        MembershipEvent::MemberUp { member } => ("up", member),
        MembershipEvent::MemberSuspected { member } => ("suspected", member),
        MembershipEvent::MemberRefuted { member } => ("refuted", member),
        MembershipEvent::MemberDown { member } => ("down", member),
        MembershipEvent::MemberLeft { member } => ("left", member),
        MembershipEvent::IdentityRenewed { .. }
        | MembershipEvent::Departed { .. }
        | MembershipEvent::ForeignCluster { .. } => return None,
    };
    Some((word, member.node, member.incarnation))
}

/// What each observer said of `node` between two times, as `up 1`, by observer.
fn said_of(
    sayings: &[Saying],
    node: u32,
    (from, until): (Duration, Duration),
) -> BTreeMap<NodeId, Vec<String>> {
    let mut said: BTreeMap<NodeId, Vec<String>> = BTreeMap::new();
    for saying in sayings
        .iter()
        .filter(|said| (from..until).contains(&said.at))
    {
        if let Some((word, about, incarnation)) = about(&saying.event)
            && about == NodeId(node)
        {
            let line = format!("{word} {incarnation}");
            said.entry(saying.observer).or_default().push(line);
        }
    }
    said
}

fn count(sayings: &[Saying], word: &str, until: Duration) -> usize {
    let early = sayings.iter().filter(|saying| saying.at < until);
    let words = early.filter_map(|saying| about(&saying.event));
    words.filter(|(said, _, _)| *said == word).count()
}

#[test]
fn h02_a_suspect_that_lives_refutes_before_it_is_taken_for_dead() {
    let end = 8 * SECOND;
    let cluster = Cluster::new(5)
        .fault(
            CUT,
            Target::Node(NodeId(3)),
            3 * SECOND,
            Some(900 * MILLISECOND),
        )
        .length(end)
        .drive(|world| async move {
            agreement(&world, &ALL, 2 * SECOND).await?;
            world.sleep_until(6 * SECOND).await;
            agreement(&world, &ALL, MILLISECOND).await.map(drop)
        });
    let mut suspected = 0;
    for seed in 0..SEEDS {
        let sayings = cluster.run(seed).sayings();
        suspected += count(&sayings, "suspected", end);
        assert_eq!(count(&sayings, "down", end), 0, "seed {seed}: {sayings:#?}");
        let refuted = count(&sayings, "refuted", end);
        assert_eq!(refuted, count(&sayings, "suspected", end), "seed {seed}");
    }
    assert!(suspected > 10, "only {suspected} suspicions to refute");
}

#[test]
fn h04_a_live_member_that_was_taken_for_dead_comes_back_by_itself() {
    let cluster = Cluster::new(5)
        .fault(CUT, Target::Node(NodeId(3)), 3 * SECOND, Some(5 * SECOND))
        .length(20 * SECOND)
        .drive(|world| async move {
            agreement(&world, &ALL, 2 * SECOND).await?;
            world.sleep_until(7 * SECOND).await;
            agreement(&world, &[1, 2, 4, 5], MILLISECOND).await?;
            world.sleep_until(8 * SECOND).await;
            agreement(&world, &ALL, 5 * SECOND).await.map(drop)
        });
    for seed in 0..SEEDS {
        let sayings = cluster.run(seed).sayings();
        let renewed = sayings.iter().any(|saying| {
            saying.observer == NodeId(3)
                && matches!(
                    saying.event,
                    MembershipEvent::IdentityRenewed { generation: 1, .. }
                )
        });
        assert!(renewed, "seed {seed}: {sayings:#?}");
        let said = said_of(&sayings, 3, (Duration::ZERO, 19 * SECOND));
        for observer in [1, 2, 4, 5] {
            let said: Vec<_> = said[&NodeId(observer)]
                .iter()
                .filter(|said| !said.starts_with("suspected") && !said.starts_with("refuted"))
                .collect();
            // Its incarnation is the same: it never restarted.
            assert_eq!(said, ["up 1", "down 1", "up 1"], "seed {seed}, n{observer}");
        }
    }
}

#[test]
fn h05_a_restart_takes_the_place_of_the_old_and_no_old_news_marks_it() {
    let crash = Fault::Crash { wipe_disk: false };
    for outage in [50 * MILLISECOND, 1_400 * MILLISECOND, 4 * SECOND] {
        let back = 3 * SECOND + outage;
        let cluster = Cluster::new(5)
            .fault(crash, Target::Node(NodeId(3)), 3 * SECOND, Some(outage))
            .length(20 * SECOND)
            .drive(move |world| async move {
                agreement(&world, &ALL, 2 * SECOND).await?;
                world.sleep_until(back + MILLISECOND).await;
                agreement(&world, &ALL, SECOND).await.map(drop)
            });
        for seed in 0..SEEDS {
            let sayings = cluster.run(seed).sayings();
            let said = said_of(&sayings, 3, (Duration::ZERO, 19 * SECOND));
            for observer in [1, 2, 4, 5] {
                let said: Vec<_> = said[&NodeId(observer)]
                    .iter()
                    .filter(|said| *said != "suspected 1" && *said != "refuted 1")
                    .collect();
                assert_eq!(said, ["up 1", "down 1", "up 2"], "seed {seed}, n{observer}");
            }
        }
    }
}

#[test]
fn h06_who_leaves_is_marked_left_fast_and_without_suspicion() {
    let cluster = Cluster::new(5)
        .length(12 * SECOND)
        .drive(|world| async move {
            agreement(&world, &ALL, 2 * SECOND).await?;
            world.sleep_until(3 * SECOND).await;
            let leaver = world.board::<Views>().of(3).membership;
            leaver
                .leave(SECOND)
                .await
                .map_err(|error| error.to_string())?;
            agreement(&world, &[1, 2, 4, 5], SECOND).await?;
            if !leaver.members().is_empty() || leaver.is_up(NodeId(3)) {
                return Err("who has left is not out".to_owned());
            }
            Ok(())
        });
    for seed in 0..SEEDS {
        let sayings = cluster.run(seed).sayings();
        let said = said_of(&sayings, 3, (Duration::ZERO, 11 * SECOND));
        for observer in [1, 2, 4, 5] {
            assert_eq!(said[&NodeId(observer)], ["up 1", "left 1"], "seed {seed}");
        }
    }
}

#[test]
fn h06_who_has_left_can_join_again() {
    let cluster = Cluster::new(3)
        .length(8 * SECOND)
        .drive(|world| async move {
            agreement(&world, &[1, 2, 3], 2 * SECOND).await?;
            let leaver = world.board::<Views>().of(3).membership;
            leaver
                .leave(SECOND)
                .await
                .map_err(|error| error.to_string())?;
            agreement(&world, &[1, 2], SECOND).await?;
            world.sleep(2 * SECOND).await;
            agreement(&world, &[1, 2], MILLISECOND).await?;
            leaver.join(NodeId(2)).map_err(|error| error.to_string())?;
            agreement(&world, &[1, 2, 3], SECOND).await.map(drop)
        });
    for seed in 0..SEEDS {
        cluster.run(seed);
    }
}

#[test]
fn h09_the_changes_of_a_member_come_in_their_order() {
    let cluster = Cluster::new(3)
        .fault(CUT, Target::Node(NodeId(3)), 3 * SECOND, Some(4 * SECOND))
        .length(12 * SECOND)
        .drive(|world| async move {
            agreement(&world, &[1, 2, 3], 2 * SECOND).await?;
            let membership = world.board::<Views>().of(1).membership;
            let mut changes = membership.subscribe();
            world.sleep_until(11 * SECOND).await;
            let first = changes.try_next();
            let Some(MemberChange::Snapshot {
                peers,
                resync: false,
            }) = first
            else {
                return Err(format!("{first:?} is no snapshot"));
            };
            if peers != membership.peers() {
                return Err(format!("{peers:?} are not the peers"));
            }
            let rest: Vec<_> = std::iter::from_fn(|| changes.try_next()).collect();
            let member = peers[1].member;
            let [
                suspicions @ ..,
                MemberChange::Down(down),
                MemberChange::Up(up),
            ] = &rest[..]
            else {
                return Err(format!("{rest:?}"));
            };
            let orderly = suspicions.iter().enumerate().all(|(index, change)| {
                *change
                    == if index % 2 == 0 {
                        MemberChange::Suspected(member)
                    } else {
                        MemberChange::Refuted(member)
                    }
            });
            if (*down, *up, orderly) == (member, member, true) {
                Ok(())
            } else {
                Err(format!("{rest:?}"))
            }
        });
    for seed in 0..SEEDS {
        cluster.run(seed);
    }
}

#[test]
fn the_same_seed_gives_the_same_history() {
    let cluster = Cluster::new(5)
        .fault(
            Fault::Drop { probability: 0.2 },
            Target::All,
            SECOND,
            Some(5 * SECOND),
        )
        .fault(CUT, Target::Node(NodeId(2)), 3 * SECOND, Some(3 * SECOND))
        .length(10 * SECOND);
    let digests: Vec<_> = (0..10).map(|seed| cluster.run(seed).digest()).collect();
    let again: Vec<_> = (0..10).map(|seed| cluster.run(seed).digest()).collect();
    assert_eq!(digests, again);
    assert_ne!(digests[0], digests[1]);
}
