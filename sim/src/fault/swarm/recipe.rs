//! What a swarm may contain.

use std::time::Duration;

use steadfast::runtime::NodeId;

use super::draw::Draw;
use super::fault_kind::FaultKind;
use crate::fault::{Episode, Trigger};
use crate::plan::Topology;

/// Draws a random set of episodes from a seed.
///
/// Every seed gets its own mixture: some of the allowed kinds and not the others, few
/// or many episodes, alone or several at once, and now and then nothing at all. A
/// mixture without some kind goes further into what the others can do than one that
/// always has everything.
///
/// ```
/// use std::time::Duration;
/// use steadfast_sim::Topology;
/// use steadfast_sim::fault::{FaultKind, Swarm};
///
/// let swarm = Swarm::of(FaultKind::MESSAGES)
///     .and(FaultKind::NODES)
///     .weight(FaultKind::Crash, 4)
///     .between(Duration::from_secs(1), Duration::from_secs(8));
/// let episodes = swarm.draw(42, &Topology::new(5));
/// assert!(episodes.len() <= Swarm::EPISODES_MAX);
/// assert_eq!(episodes, swarm.draw(42, &Topology::new(5)));
/// ```
#[derive(Debug, Clone)]
pub struct Swarm {
    pub(super) kinds: Vec<(FaultKind, u32)>,
    pub(super) intensity: f64,
    pub(super) first: Duration,
    pub(super) last: Duration,
    pub(super) shortest: Duration,
    pub(super) longest: Duration,
    pub(super) nodes: Vec<NodeId>,
    pub(super) triggers: Vec<Trigger>,
    pub(super) triggered: f64,
    pub(super) correlated: f64,
    pub(super) unhealed: f64,
    pub(super) calm: f64,
}

impl Swarm {
    /// How many episodes a swarm has at most.
    pub const EPISODES_MAX: usize = 64;

    /// A swarm of these kinds, all with weight 1: about 6 episodes of 10 milliseconds
    /// to 3 seconds, beginning in the first 8 seconds, on any node.
    #[must_use]
    pub fn of(kinds: &[FaultKind]) -> Self {
        let swarm = Self {
            kinds: Vec::new(),
            intensity: 6.0,
            first: Duration::ZERO,
            last: Duration::from_secs(8),
            shortest: Duration::from_millis(10),
            longest: Duration::from_secs(3),
            nodes: Vec::new(),
            triggers: Vec::new(),
            triggered: 0.3,
            correlated: 0.25,
            unhealed: 0.1,
            calm: 0.05,
        };
        swarm.and(kinds)
    }

    /// Allows these kinds too.
    #[must_use]
    pub fn and(mut self, kinds: &[FaultKind]) -> Self {
        for kind in kinds {
            if !self.kinds.iter().any(|(known, _)| known == kind) {
                self.kinds.push((*kind, 1));
            }
        }
        self
    }

    /// How likely a kind is, against the others; 0 takes it out.
    #[must_use]
    pub fn weight(mut self, kind: FaultKind, weight: u32) -> Self {
        self.kinds.retain(|(known, _)| *known != kind);
        if weight > 0 {
            self.kinds.push((kind, weight));
        }
        self
    }

    /// How many episodes there are on average. A single swarm has from a quarter of it
    /// to twice as many, at most [`EPISODES_MAX`](Self::EPISODES_MAX).
    #[must_use]
    pub const fn intensity(mut self, episodes: f64) -> Self {
        self.intensity = episodes;
        self
    }

    /// Between which times since the start of the run episodes begin.
    #[must_use]
    pub const fn between(mut self, first: Duration, last: Duration) -> Self {
        self.first = first;
        self.last = last;
        self
    }

    /// How long episodes hold. Short ones are as likely as long ones: lengths are
    /// even on a logarithmic scale.
    #[must_use]
    pub const fn lengths(mut self, shortest: Duration, longest: Duration) -> Self {
        self.shortest = shortest;
        self.longest = longest;
        self
    }

    /// Which nodes can be targets; all if empty.
    #[must_use]
    pub fn nodes(mut self, nodes: impl IntoIterator<Item = NodeId>) -> Self {
        self.nodes = nodes.into_iter().collect();
        self
    }

    /// What episodes can begin with, other than a time. With triggers given, three in
    /// ten episodes begin with one.
    #[must_use]
    pub fn triggers(mut self, triggers: impl IntoIterator<Item = Trigger>) -> Self {
        self.triggers = triggers.into_iter().collect();
        self
    }

    /// How often an episode has the start, the length and the target of the one before
    /// it, from 0 to 1.
    #[must_use]
    pub const fn correlated(mut self, probability: f64) -> Self {
        self.correlated = probability;
        self
    }

    /// How often an episode does not end by itself, from 0 to 1.
    #[must_use]
    pub const fn unhealed(mut self, probability: f64) -> Self {
        self.unhealed = probability;
        self
    }

    /// How often there is no episode at all, from 0 to 1.
    #[must_use]
    pub const fn calm(mut self, probability: f64) -> Self {
        self.calm = probability;
        self
    }

    /// The episodes that belong to a seed, in ascending order of their start; those
    /// that begin with a trigger come last.
    #[must_use]
    pub fn draw(&self, seed: u64, topology: &Topology) -> Vec<Episode> {
        Draw::new(self, seed, topology).episodes()
    }
}
