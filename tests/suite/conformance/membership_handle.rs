//! What holds for the handle of a membership whatever happens to its driver.

use std::time::Duration;

use steadfast::event::{Event, FailureEvent, MembershipEvent};
use steadfast::failure::Severity;
use steadfast::membership::{LeaveError, MemberChange, MembershipConfig};
use steadfast::runtime::{Clock as _, Network as _, NodeId};
use steadfast_sim::World;
use steadfast_sim::fault::{Fault, Target};
use steadfast_sim::trace::TraceEvent;

use super::harness::{Cluster, DRIVER, History, Views, agree};
use super::membership::agreement;

const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);

/// How many incidents of the cluster name this.
fn incidents(history: &History, named: &str) -> usize {
    let incident = |event: &TraceEvent| {
        let TraceEvent::Core(Event::Failure(FailureEvent::Incident { severity, what, .. })) = event
        else {
            return false;
        };
        *severity == Severity::Warning && what.contains(named)
    };
    let trace = history.trace().iter();
    trace.filter(|record| incident(&record.event)).count()
}

/// Kills the driver of a node.
async fn kill_driver(world: &World, node: u32) -> Result<(), String> {
    let supervisor = world.board::<Views>().of(node).supervisor;
    let child = supervisor
        .which_child(DRIVER)
        .await
        .map_err(|error| error.to_string())?;
    let process = child.process.ok_or("the driver does not run")?;
    world
        .node(NodeId(node))
        .ok_or("the node is down")?
        .kill(process);
    Ok(())
}

#[test]
fn a_driver_that_crashes_loses_no_member_and_no_subscriber() {
    let cluster = Cluster::new(5)
        .length(20 * SECOND)
        .drive(|world| async move {
            let all = [1, 2, 3, 4, 5];
            agreement(&world, &all, 2 * SECOND).await?;
            let membership = world.board::<Views>().of(3).membership;
            let mut changes = membership.subscribe();
            let before = membership.members();
            for _ in 0..5 {
                kill_driver(&world, 3).await?;
                if membership.members() != before {
                    return Err("members were lost".to_owned());
                }
                world.sleep(2 * SECOND).await;
                agreement(&world, &all, MILLISECOND).await?;
            }
            let first = changes.try_next();
            if !matches!(first, Some(MemberChange::Snapshot { resync: false, .. })) {
                return Err(format!("{first:?} is no snapshot"));
            }
            if let Some(change) = changes.try_next() {
                return Err(format!("{change:?}, but nothing has changed"));
            }
            // It still hears.
            let leaver = world.board::<Views>().of(4).membership;
            leaver
                .leave(SECOND)
                .await
                .map_err(|error| error.to_string())?;
            world.sleep(SECOND).await;
            match changes.try_next() {
                Some(MemberChange::Left(member)) if member == leaver.own() => Ok(()),
                other => Err(format!("{other:?}")),
            }
        });
    for seed in 0..10 {
        let sayings = cluster.run(seed).sayings();
        // Nobody noticed: the members stayed members.
        let early = sayings.iter().filter(|saying| saying.at < 12 * SECOND);
        let down = |event: &MembershipEvent| matches!(event, MembershipEvent::MemberDown { .. });
        assert!(
            !early.clone().any(|saying| down(&saying.event)),
            "{sayings:#?}"
        );
        let renewals = early.filter(|saying| {
            saying.observer == NodeId(3)
                && matches!(saying.event, MembershipEvent::IdentityRenewed { .. })
        });
        assert_eq!(renewals.count(), 5, "seed {seed}");
    }
}

#[test]
fn who_has_left_stays_away_when_its_driver_crashes() {
    let cluster = Cluster::new(3)
        .length(10 * SECOND)
        .drive(|world| async move {
            agreement(&world, &[1, 2, 3], 2 * SECOND).await?;
            let leaver = world.board::<Views>().of(3).membership;
            leaver
                .leave(SECOND)
                .await
                .map_err(|error| error.to_string())?;
            kill_driver(&world, 3).await?;
            world.sleep(3 * SECOND).await;
            agreement(&world, &[1, 2], MILLISECOND).await?;
            leaver.join(NodeId(1)).map_err(|error| error.to_string())?;
            agreement(&world, &[1, 2, 3], SECOND).await.map(drop)
        });
    for seed in 0..10 {
        cluster.run(seed);
    }
}

#[test]
fn a_farewell_that_nobody_answers_says_so() {
    let cluster = Cluster::new(3)
        .fault(
            Fault::Cut { in_flight: true },
            Target::Node(NodeId(3)),
            3 * SECOND,
            None,
        )
        .length(10 * SECOND)
        .drive(|world| async move {
            agreement(&world, &[1, 2, 3], 2 * SECOND).await?;
            world.sleep_until(3 * SECOND + MILLISECOND).await;
            let leaver = world.board::<Views>().of(3).membership;
            match leaver.leave(100 * MILLISECOND).await {
                Err(LeaveError::TimedOut { .. }) => {}
                other => return Err(format!("{other:?} is too early")),
            }
            match leaver.leave(5 * SECOND).await {
                Err(LeaveError::Unanswered) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        });
    for seed in 0..10 {
        cluster.run(seed);
    }
}

#[test]
fn a_subscriber_that_does_not_read_gets_a_fresh_snapshot() {
    let cluster = Cluster::new(5)
        .fault(
            Fault::Crash { wipe_disk: false },
            Target::Node(NodeId(2)),
            3 * SECOND,
            None,
        )
        .length(10 * SECOND)
        .drive(|world| async move {
            agreement(&world, &[1, 2, 3, 4, 5], 2 * SECOND).await?;
            let membership = world.board::<Views>().of(1).membership;
            let mut slow = membership.subscribe_with(2);
            let mut quick = membership.subscribe();
            world.sleep_until(9 * SECOND).await;
            let told: Vec<_> = std::iter::from_fn(|| slow.try_next()).collect();
            let [
                MemberChange::Snapshot {
                    peers,
                    resync: true,
                },
            ] = &told[..]
            else {
                return Err(format!("{told:?}"));
            };
            let all: Vec<_> = std::iter::from_fn(|| quick.try_next()).collect();
            if *peers == membership.peers() && peers.len() == 3 && all.len() == 3 {
                Ok(())
            } else {
                Err(format!("{peers:?}; {all:?}"))
            }
        });
    for seed in 0..10 {
        cluster.run(seed);
    }
}

#[test]
fn another_cluster_is_refused_and_named_once() {
    let cluster = Cluster::new(4)
        .configured(|node| {
            let name = if node == NodeId(4) { "other" } else { "test" };
            MembershipConfig::fast(name).seeds([NodeId(1)])
        })
        .length(10 * SECOND)
        .drive(|world| async move {
            world.sleep_until(5 * SECOND).await;
            agreement(&world, &[1, 2, 3], MILLISECOND).await?;
            agreement(&world, &[4], MILLISECOND).await?;
            let refused = world.board::<Views>().of(1).membership.counts().foreign;
            (refused > 5)
                .then_some(())
                .ok_or(format!("{refused} refused"))
        });
    for seed in 0..5 {
        let history = cluster.run(seed);
        assert_eq!(incidents(&history, "n4 belongs to another cluster"), 1);
        let named = history
            .sayings()
            .into_iter()
            .filter(|saying| saying.event == MembershipEvent::ForeignCluster { peer: NodeId(4) });
        assert_eq!(named.count(), 1);
    }
}

#[test]
fn garbage_is_counted_and_changes_nothing() {
    let cluster = Cluster::new(3)
        .length(10 * SECOND)
        .drive(|world| async move {
            agreement(&world, &[1, 2, 3], 2 * SECOND).await?;
            let port = world.board::<Views>().of(1).membership.config().port;
            let stranger = world.node(NodeId(2)).ok_or("n2 is down")?;
            for len in 0..200_usize {
                for first in [1, 2, 77] {
                    let mut garbage = vec![len as u8; len];
                    if let Some(byte) = garbage.first_mut() {
                        *byte = first;
                    }
                    let sent = stranger.runtime().send(NodeId(1), port, garbage);
                    sent.map_err(|error| error.to_string())?;
                }
                stranger.runtime().sleep(MILLISECOND).await;
            }
            world.sleep(SECOND).await;
            let counts = world.board::<Views>().of(1).membership.counts();
            // Version 1 is ours. What is shorter than an envelope has no version at all.
            let envelope = 13;
            let expected = (3 * envelope + 200 - envelope, 2 * (200 - envelope));
            if (counts.garbage, counts.other_version) != expected {
                return Err(format!("{counts:?}"));
            }
            let all = agree(&world, &[1, 2, 3]);
            all.then_some(())
                .ok_or_else(|| "the view has changed".to_owned())
        });
    let history = cluster.run(1);
    // Two other versions, but it is reported once for each peer, until it speaks ours.
    assert!(incidents(&history, "n2 speaks version") >= 1);
    let downs = history
        .sayings()
        .into_iter()
        .filter(|saying| matches!(saying.event, MembershipEvent::MemberDown { .. }));
    assert_eq!(downs.count(), 0);
}

#[test]
fn an_unreachable_peer_is_named_once_until_it_is_back() {
    let cluster = Cluster::new(2)
        .fault(
            Fault::Crash { wipe_disk: false },
            Target::Node(NodeId(2)),
            3 * SECOND,
            Some(3 * SECOND),
        )
        .fault(
            Fault::Crash { wipe_disk: false },
            Target::Node(NodeId(2)),
            10 * SECOND,
            Some(3 * SECOND),
        )
        .length(15 * SECOND);
    for seed in 0..5 {
        let history = cluster.run(seed);
        assert_eq!(incidents(&history, "n2 is unreachable"), 2, "seed {seed}");
    }
}

#[test]
fn who_shuts_down_in_order_is_told_from_who_crashes() {
    let cluster = Cluster::new(3)
        .length(8 * SECOND)
        .drive(|world| async move {
            agreement(&world, &[1, 2, 3], 2 * SECOND).await?;
            let supervisor = world.board::<Views>().of(3).supervisor;
            supervisor
                .stop(5 * SECOND)
                .await
                .map_err(|error| error.to_string())?;
            agreement(&world, &[1, 2], SECOND).await.map(drop)
        });
    for seed in 0..10 {
        let sayings = cluster.run(seed).sayings();
        let early = sayings.iter().filter(|saying| saying.at < 7 * SECOND);
        let left =
            early.filter(|saying| matches!(saying.event, MembershipEvent::MemberLeft { .. }));
        assert_eq!(left.count(), 2, "seed {seed}: {sayings:#?}");
    }
}
