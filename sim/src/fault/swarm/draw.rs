//! Draws one swarm.

use std::time::Duration;

use steadfast::runtime::NodeId;

use super::fault_kind::FaultKind;
use super::recipe::Swarm;
use crate::fault::{Delay, Episode, Fault, Start, Target};
use crate::keyed::Key;
use crate::plan::Topology;

/// One drawing. Every number is a keyed hash of (seed, episode, what it is for).
pub(super) struct Draw<'a> {
    swarm: &'a Swarm,
    key: Key,
    nodes: Vec<NodeId>,
    /// The longest healthy delay, which strengths of message faults are measured by.
    delay_max: Duration,
}

impl<'a> Draw<'a> {
    pub(super) fn new(swarm: &'a Swarm, seed: u64, topology: &Topology) -> Self {
        let allowed = |node: &NodeId| swarm.nodes.is_empty() || swarm.nodes.contains(node);
        Self {
            swarm,
            key: Key::new(seed, "swarm"),
            nodes: topology.ids().filter(allowed).collect(),
            delay_max: topology.delay_max.max(Duration::from_micros(100)),
        }
    }

    pub(super) fn episodes(&self) -> Vec<Episode> {
        let kinds = self.mixture();
        if kinds.is_empty() || self.nodes.is_empty() || self.part("calm").chance(self.swarm.calm) {
            return Vec::new();
        }
        let share = 0.25 + 1.75 * self.part("count").unit();
        let count = (self.swarm.intensity * share).round().max(1.0) as u64;
        let mut episodes: Vec<Episode> = Vec::new();
        for index in 0..count.min(Swarm::EPISODES_MAX as u64) {
            let key = self.part("episode").with(index);
            let last = episodes.last();
            let episode = self.episode(key, choose_weighted(key.with_text("kind"), &kinds), last);
            episodes.push(episode);
        }
        episodes.sort_by_key(|episode| match episode.start {
            Start::At(at) => (0, at),
            Start::On { count, .. } => (1, Duration::from_secs(u64::from(count))),
        });
        episodes
    }

    fn part(&self, what: &str) -> Key {
        self.key.with_text(what)
    }

    /// Some of the allowed kinds: from one to all of them, the heavy ones more often.
    fn mixture(&self) -> Vec<(FaultKind, u32)> {
        let mut kinds = self.swarm.kinds.clone();
        let count = 1 + self.part("kinds").below(kinds.len() as u64) as usize;
        kinds.sort_by(|(left, left_weight), (right, right_weight)| {
            let rank = |kind: FaultKind, weight: u32| {
                let unit = self.part("mixture").with(kind as u64).unit();
                unit.powf(1.0 / f64::from(weight))
            };
            rank(*right, *right_weight).total_cmp(&rank(*left, *left_weight))
        });
        kinds.truncate(count);
        kinds
    }

    fn episode(&self, key: Key, kind: FaultKind, last: Option<&Episode>) -> Episode {
        let fault = self.fault(key.with_text("strength"), kind);
        let along = key.with_text("along").chance(self.swarm.correlated);
        let follows = last.filter(|last| along && last.fault.is_on_links() == kind.is_on_links());
        if let Some(last) = follows {
            return Episode {
                fault,
                ..last.clone()
            };
        }
        let target = if kind.is_on_links() {
            self.links(key.with_text("target"))
        } else {
            self.node(key.with_text("target"))
        };
        let heals = !key.with_text("heals").chance(self.swarm.unhealed);
        Episode {
            fault,
            target,
            start: self.start(key.with_text("start")),
            duration: heals.then(|| {
                let (shortest, longest) = (self.swarm.shortest, self.swarm.longest);
                logarithmic(key.with_text("length"), shortest, longest)
            }),
        }
    }

    fn start(&self, key: Key) -> Start {
        let triggers = &self.swarm.triggers;
        if !triggers.is_empty() && key.chance(self.swarm.triggered) {
            let index = key.with(1).below(triggers.len() as u64) as usize;
            return Start::On {
                event: triggers[index].clone(),
                // Mostly an early occurrence, as there may not be many.
                count: 1 + (8.0 * key.with(2).unit().powi(2)) as u32,
            };
        }
        let span = self.swarm.last.saturating_sub(self.swarm.first);
        Start::At(self.swarm.first + uniform(key.with(3), Duration::ZERO, span))
    }

    /// Mostly one node; sometimes all, as when power fails.
    fn node(&self, key: Key) -> Target {
        if key.chance(0.05) && self.swarm.nodes.is_empty() {
            return Target::All;
        }
        Target::Node(self.pick(key.with(1)))
    }

    /// A link, an isolated node, a partition one way or both, or the whole network.
    fn links(&self, key: Key) -> Target {
        let (left, right) = self.halves(key.with(1));
        if right.is_empty() {
            return Target::All;
        }
        match key.below(20) {
            0..=1 => Target::All,
            2..=7 => Target::Node(left[0]),
            8..=12 => Target::Link {
                from: left[0],
                to: right[0],
            },
            13..=16 => Target::Between { left, right },
            _ => Target::OneWay {
                from: left,
                to: right,
            },
        }
    }

    /// The nodes in random order, split in two; the second part is empty only if there
    /// is one node.
    fn halves(&self, key: Key) -> (Vec<NodeId>, Vec<NodeId>) {
        let mut left = self.nodes.clone();
        left.sort_by_key(|node| key.with(u64::from(node.0)).bits());
        let most = left.len().saturating_sub(1) as u64;
        let size = 1 + key.with_text("size").below(most) as usize;
        let right = left.split_off(size.min(left.len()));
        (left, right)
    }

    fn pick(&self, key: Key) -> NodeId {
        self.nodes[key.below(self.nodes.len() as u64) as usize]
    }

    fn fault(&self, key: Key, kind: FaultKind) -> Fault {
        let probability = |least: f64, most: f64| least * (most / least).powf(key.unit());
        let times = |most: u32| logarithmic(key.with(1), self.delay_max, self.delay_max * most);
        match kind {
            FaultKind::Drop => Fault::Drop {
                probability: probability(0.005, 0.7),
            },
            FaultKind::Delay => Fault::Delay(match key.with(2).below(3) {
                0 => {
                    let max = times(100);
                    let min = uniform(key.with(3), Duration::ZERO, max);
                    Delay::Uniform { min, max }
                }
                1 => Delay::Exponential { mean: times(50) },
                _ => Delay::Bimodal {
                    fast: Duration::ZERO,
                    slow: times(500),
                    slow_probability: probability(0.005, 0.3),
                },
            }),
            FaultKind::Duplicate => Fault::Duplicate {
                probability: probability(0.01, 0.8),
            },
            FaultKind::Reorder => Fault::Reorder {
                probability: probability(0.01, 0.8),
                window: times(50),
            },
            FaultKind::Hold => Fault::Hold,
            FaultKind::Cut => Fault::Cut {
                in_flight: key.chance(0.5),
            },
            FaultKind::Crash => Fault::Crash { wipe_disk: false },
            FaultKind::CrashWiped => Fault::Crash { wipe_disk: true },
            FaultKind::Pause => Fault::Pause,
            FaultKind::Slow => Fault::Slow {
                factor: 1.2 * (50.0_f64 / 1.2).powf(key.unit()),
            },
            FaultKind::ClockOffset => Fault::ClockOffset {
                offset_ms: signed(key.with(1), 10, 86_400_000),
            },
            FaultKind::ClockDrift => Fault::ClockDrift {
                rate_ppm: signed(key.with(1), 10, 200_000),
            },
            FaultKind::TornTail => Fault::TornTail,
            FaultKind::DiskError => Fault::DiskError {
                probability: probability(0.005, 0.5),
            },
            FaultKind::DiskFull => Fault::DiskFull,
        }
    }
}

fn choose_weighted(key: Key, kinds: &[(FaultKind, u32)]) -> FaultKind {
    let total = kinds.iter().map(|(_, weight)| u64::from(*weight)).sum();
    let mut left = key.below(total);
    for (kind, weight) in kinds {
        match left.checked_sub(u64::from(*weight)) {
            Some(rest) => left = rest,
            None => return *kind,
        }
    }
    unreachable!("the number is below the sum of all weights")
}

fn uniform(key: Key, least: Duration, most: Duration) -> Duration {
    let span = most.saturating_sub(least);
    least + span.mul_f64(key.unit())
}

/// Even on a logarithmic scale.
fn logarithmic(key: Key, least: Duration, most: Duration) -> Duration {
    let least = least.max(Duration::from_nanos(1));
    if most <= least {
        return least;
    }
    let ratio = most.as_secs_f64() / least.as_secs_f64();
    least.mul_f64(ratio.powf(key.unit())).min(most)
}

/// Of either sign, its size even on a logarithmic scale.
fn signed(key: Key, least: u32, most: u32) -> i64 {
    let size = f64::from(least) * (f64::from(most) / f64::from(least)).powf(key.unit());
    let size = size as i64;
    if key.with(1).chance(0.5) { size } else { -size }
}
