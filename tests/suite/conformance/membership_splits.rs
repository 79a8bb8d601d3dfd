//! Memberships on bad networks: splits, losses, and how many are taken for dead wrongly.

use std::collections::BTreeMap;
use std::time::Duration;

use steadfast::event::MembershipEvent;
use steadfast::membership::MembershipConfig;
use steadfast::runtime::NodeId;
use steadfast_sim::fault::{Fault, Target};

use super::harness::{Cluster, Saying};
use super::membership::agreement;

const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);
const CUT: Fault = Fault::Cut { in_flight: true };

fn nodes(range: std::ops::RangeInclusive<u32>) -> Vec<NodeId> {
    range.map(NodeId).collect()
}

fn downs(sayings: &[Saying], until: Duration) -> usize {
    let early = sayings.iter().filter(|saying| saying.at < until);
    let down = |saying: &&Saying| matches!(saying.event, MembershipEvent::MemberDown { .. });
    early.filter(down).count()
}

#[test]
fn h01_a_cut_between_two_is_bridged_by_the_others() {
    let cut = Target::Between {
        left: nodes(1..=1),
        right: nodes(2..=2),
    };
    let end = 23 * SECOND;
    for size in [2, 5] {
        let cluster = Cluster::new(size)
            .fault(CUT, cut.clone(), 3 * SECOND, None)
            .length(end)
            .drive(move |world| async move {
                let all: Vec<_> = (1..=size).collect();
                agreement(&world, &all, 2 * SECOND).await.map(drop)
            });
        for seed in 0..20 {
            let sayings = cluster.run(seed).sayings();
            let doubted = sayings.iter().filter(|saying| {
                let event = &saying.event;
                saying.at < end
                    && (matches!(event, MembershipEvent::MemberSuspected { .. })
                        || matches!(event, MembershipEvent::MemberDown { .. }))
            });
            // Two nodes have no third to ask.
            assert_eq!(doubted.count() > 0, size == 2, "seed {seed}: {sayings:#?}");
        }
    }
}

#[test]
fn h07_the_sides_of_a_long_split_find_each_other() {
    let splits = [
        (nodes(1..=1), nodes(2..=2)),
        (nodes(1..=2), nodes(3..=5)),
        (nodes(1..=4), nodes(5..=7)),
    ];
    for (left, right) in splits {
        let size = (left.len() + right.len()) as u32;
        let apart = Target::Between {
            left: left.clone(),
            right: right.clone(),
        };
        let cluster = Cluster::new(size)
            .configured(|node| {
                // Nobody has a seed on the other side of anything, once all have met.
                MembershipConfig::fast("test").seeds((node.0 > 1).then_some(NodeId(1)))
            })
            .fault(CUT, apart, 3 * SECOND, Some(120 * SECOND))
            .length(140 * SECOND)
            .drive(move |world| {
                let numbers = |nodes: &[NodeId]| nodes.iter().map(|node| node.0).collect();
                let sides: [Vec<u32>; 2] = [numbers(&left), numbers(&right)];
                async move {
                    let all: Vec<_> = (1..=size).collect();
                    agreement(&world, &all, 2 * SECOND).await?;
                    world.sleep_until(60 * SECOND).await;
                    for side in &sides {
                        agreement(&world, side, MILLISECOND).await?;
                    }
                    world.sleep_until(123 * SECOND).await;
                    agreement(&world, &all, 10 * SECOND).await?;
                    world.sleep_until(139 * SECOND).await;
                    agreement(&world, &all, MILLISECOND).await.map(drop)
                }
            });
        for seed in 0..10 {
            cluster.run(seed);
        }
    }
}

#[test]
fn h07_a_one_way_split_heals_too() {
    let deaf = Target::OneWay {
        from: nodes(1..=2),
        to: nodes(3..=5),
    };
    let cluster = Cluster::new(5)
        .fault(CUT, deaf, 3 * SECOND, Some(20 * SECOND))
        .length(40 * SECOND)
        .drive(|world| async move {
            let all = [1, 2, 3, 4, 5];
            agreement(&world, &all, 2 * SECOND).await?;
            world.sleep_until(23 * SECOND).await;
            agreement(&world, &all, 10 * SECOND).await.map(drop)
        });
    for seed in 0..20 {
        cluster.run(seed);
    }
}

#[test]
fn h14_stable_members_do_not_flap_on_a_faulty_network_and_the_dead_are_seen() {
    for (size, seeds) in [(10, 5), (40, 2), (100, 1)] {
        let dies = 30 * SECOND;
        let cluster = Cluster::new(size)
            .fault(
                Fault::Drop { probability: 0.05 },
                Target::All,
                Duration::ZERO,
                None,
            )
            .fault(
                Fault::Crash { wipe_disk: false },
                Target::Node(NodeId(2)),
                dies,
                None,
            )
            .length(45 * SECOND);
        for seed in 0..seeds {
            let sayings = cluster.run(seed).sayings();
            assert_eq!(downs(&sayings, dies), 0, "{size} nodes, seed {seed}");
            let mut seen = BTreeMap::new();
            for saying in sayings.iter().filter(|saying| saying.at < 45 * SECOND) {
                if let MembershipEvent::MemberDown { member } = saying.event {
                    assert_eq!(member.node, NodeId(2), "seed {seed}: {saying:?}");
                    seen.insert(saying.observer, saying.at - dies);
                }
            }
            assert_eq!(seen.len(), size as usize - 1, "{size} nodes, seed {seed}");
            let slowest = seen.values().max().expect("someone has seen it");
            assert!(
                *slowest < 10 * SECOND,
                "{size} nodes, seed {seed}: {slowest:?}"
            );
        }
    }
}

/// How many were suspected, and how many of them were taken for dead wrongly, in half
/// minutes of five nodes.
fn errors(preset: fn() -> MembershipConfig, probability: f64, seeds: u64) -> (usize, usize) {
    let cluster = Cluster::new(5)
        .configured(move |_| preset().seeds([NodeId(1)]))
        .fault(
            Fault::Drop { probability },
            Target::All,
            Duration::ZERO,
            None,
        )
        .length(30 * SECOND);
    let errors = (0..seeds).map(|seed| {
        let sayings = cluster.run(seed).sayings();
        let suspected =
            |saying: &&Saying| matches!(saying.event, MembershipEvent::MemberSuspected { .. });
        let suspected = sayings.iter().filter(suspected).count();
        (suspected, downs(&sayings, 30 * SECOND))
    });
    errors.fold((0, 0), |sum, errors| (sum.0 + errors.0, sum.1 + errors.1))
}

#[test]
fn the_living_are_rarely_taken_for_dead_on_a_lossy_network() {
    let lan = || MembershipConfig::lan("test");
    let fast = || MembershipConfig::fast("test");
    let counts = [(errors(lan, 0.1, 100)), (errors(fast, 0.3, 20))];
    // Plain SWIM with the numbers of `lan` takes 43 for dead at 10 %.
    let [(suspected, dead), (often_suspected, often_dead)] = counts;
    assert!(
        suspected > 20 && often_suspected > 200,
        "the network was good"
    );
    assert!(dead == 0 && often_dead <= 4, "{counts:?}");
}
