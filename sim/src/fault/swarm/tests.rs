//! Claims about swarms.

use std::collections::BTreeSet;
use std::time::Duration;

use steadfast::runtime::NodeId;

use super::{FaultKind, Swarm};
use crate::fault::{Episode, Fault, Start, Target, Trigger};
use crate::plan::{Plan, Topology};

const SEEDS: u64 = 600;

fn everything() -> Swarm {
    Swarm::of(FaultKind::MESSAGES)
        .and(FaultKind::NODES)
        .and(FaultKind::CLOCKS)
        .and(FaultKind::DISKS)
        .triggers([Trigger::Restart])
}

fn draw(swarm: &Swarm, seed: u64) -> Vec<Episode> {
    swarm.draw(seed, &Topology::new(5))
}

fn words(episodes: &[Episode]) -> BTreeSet<&'static str> {
    episodes
        .iter()
        .map(|episode| episode.fault.word())
        .collect()
}

#[test]
fn every_swarm_can_be_run() {
    for nodes in 1..=6 {
        for seed in 0..SEEDS {
            let mut plan = Plan::new("swarm", seed, nodes);
            plan.episodes = everything().draw(seed, &plan.topology);
            assert_eq!(plan.validate(), Ok(()), "seed {seed}");
            assert!(plan.episodes.len() <= Swarm::EPISODES_MAX);
        }
    }
}

#[test]
fn a_seed_has_one_swarm_and_seeds_differ() {
    let swarms: BTreeSet<_> = (0..SEEDS)
        .map(|seed| {
            let episodes = draw(&everything(), seed);
            assert_eq!(episodes, draw(&everything(), seed));
            format!("{episodes:?}")
        })
        .collect();
    // The calm ones are alike.
    assert!(swarms.len() > SEEDS as usize * 9 / 10, "{}", swarms.len());
}

#[test]
fn mixtures_have_every_kind_and_leave_every_kind_out() {
    let swarms: Vec<_> = (0..SEEDS).map(|seed| draw(&everything(), seed)).collect();
    let all: BTreeSet<_> = swarms.iter().flat_map(|swarm| words(swarm)).collect();
    assert_eq!(all.len(), 17, "{all:?}");
    for word in all {
        let with = swarms.iter().filter(|swarm| words(swarm).contains(word));
        let with = with.count();
        assert!((20..500).contains(&with), "{word} in {with}");
    }
    let alone = swarms.iter().filter(|swarm| words(swarm).len() == 1);
    assert!(alone.count() > 20);
}

#[test]
fn only_allowed_kinds_nodes_and_times_are_drawn() {
    let swarm = Swarm::of(&[FaultKind::Crash, FaultKind::Drop])
        .weight(FaultKind::Drop, 0)
        .nodes([NodeId(2), NodeId(4)])
        .between(Duration::from_secs(2), Duration::from_secs(3))
        .lengths(Duration::from_millis(100), Duration::from_millis(200));
    for seed in 0..SEEDS {
        for episode in draw(&swarm, seed) {
            assert_eq!(episode.fault, Fault::Crash { wipe_disk: false });
            let allowed = [NodeId(2), NodeId(4)].map(Target::Node);
            assert!(allowed.contains(&episode.target), "{:?}", episode.target);
            let Start::At(at) = episode.start else {
                panic!("{:?}", episode.start);
            };
            assert!((2.0..=3.0).contains(&at.as_secs_f64()), "{at:?}");
            let lengths = Duration::from_millis(100)..=Duration::from_millis(200);
            assert!(
                episode
                    .duration
                    .is_none_or(|length| lengths.contains(&length))
            );
        }
    }
}

#[test]
fn weights_decide_how_often_a_kind_is_drawn() {
    let swarm = Swarm::of(FaultKind::MESSAGES).weight(FaultKind::Hold, 10);
    let drawn: Vec<_> = (0..SEEDS).flat_map(|seed| draw(&swarm, seed)).collect();
    let of = |word| {
        drawn
            .iter()
            .filter(|episode| episode.fault.word() == word)
            .count()
    };
    assert!(of("hold") > 4 * of("cut"), "{} {}", of("hold"), of("cut"));
    assert!(of("cut") > 50);
}

#[test]
fn some_episodes_come_together_and_some_do_not_end() {
    let alone = everything().correlated(0.0).unhealed(0.0).calm(0.0);
    let together = everything().correlated(1.0).unhealed(1.0).calm(0.0);
    for seed in 0..SEEDS {
        let episodes = draw(&alone, seed);
        assert!(!episodes.is_empty());
        assert!(episodes.iter().all(|episode| episode.duration.is_some()));
        let episodes = draw(&together, seed);
        assert!(episodes.iter().all(|episode| episode.duration.is_none()));
        let of_nodes = |episode: &&Episode| !episode.fault.is_on_links();
        let pairs: Vec<_> = episodes.iter().filter(of_nodes).collect();
        if pairs.len() == episodes.len() {
            assert!(pairs.windows(2).all(|pair| pair[0].start == pair[1].start));
            assert!(
                pairs
                    .windows(2)
                    .all(|pair| pair[0].target == pair[1].target)
            );
        }
    }
    assert!((0..SEEDS).any(|seed| draw(&everything(), seed).is_empty()));
    assert!((0..SEEDS).all(|seed| draw(&everything().calm(1.0), seed).is_empty()));
}

#[test]
fn the_number_of_episodes_follows_the_intensity() {
    let mean = |intensity| {
        let swarm = everything().intensity(intensity).calm(0.0);
        let drawn: usize = (0..SEEDS).map(|seed| draw(&swarm, seed).len()).sum();
        drawn as f64 / SEEDS as f64
    };
    assert!((2.0..4.5).contains(&mean(3.0)), "{}", mean(3.0));
    assert!((10.0..16.0).contains(&mean(12.0)), "{}", mean(12.0));
    assert!(mean(1e9) <= Swarm::EPISODES_MAX as f64);
}
