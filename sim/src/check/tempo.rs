//! What faults do to the time of a node.
//!
//! Times in a trace are the world's. A limit that a node keeps by its own clock is
//! exact in world time as long as nothing is wrong with the node's time. Otherwise
//! the bounds are as wide as the faults allow and no wider: a drifting clock
//! stretches or shrinks a limit by its rate, a slow node lengthens it by its factor,
//! and the time that a node stands still is added.

use std::collections::BTreeMap;
use std::time::Duration;

use steadfast::runtime::NodeId;

use crate::fault::{Fault, Target};
use crate::trace::{FaultEvent, NodeEvent, Record, RunEvent, TraceEvent};

/// How late a node that nothing is wrong with may do what is due: the simulated time
/// that its tasks need until they have all been polled.
pub(super) const SLACK: Duration = Duration::from_millis(50);

/// The error of converting between the world's time and a node's, in nanoseconds.
const ROUNDING: u64 = 1_000;

/// The slowest clock that the world has, as a rate.
const RATE_MIN: f64 = 0.001;

/// Something that changes how fast the time of nodes goes.
struct Influence {
    episode: u32,
    target: Target,
    /// How many times later timers fire; 1 for none.
    slow: f64,
    /// What a drift adds to the rate of the clock; 0 for none.
    drift: f64,
    from: u64,
    until: u64,
    /// Nodes that were healed earlier, and when.
    spared: Option<(u64, Vec<NodeId>)>,
}

impl Influence {
    fn touches(&self, node: NodeId, from: u64, to: u64) -> bool {
        let until = match &self.spared {
            Some((healed, nodes)) if nodes.contains(&node) => self.until.min(*healed),
            Some(_) | None => self.until,
        };
        self.from <= to && until >= from && self.target.covers_node(node)
    }
}

/// Stretches of time in which a node stood still, the last one perhaps still open.
#[derive(Default)]
struct Pauses {
    since: Option<u64>,
    past: Vec<(u64, u64)>,
}

/// Knows the faults of time that hold, or have held. Bounded by the episodes of the
/// plan.
pub(super) struct Tempo {
    influences: Vec<Influence>,
    pauses: BTreeMap<NodeId, Pauses>,
}

impl Tempo {
    /// Nothing is wrong.
    pub(super) const fn new() -> Self {
        Self {
            influences: Vec::new(),
            pauses: BTreeMap::new(),
        }
    }

    /// Takes note of what a record says about time.
    pub(super) fn observe(&mut self, record: &Record) {
        match &record.event {
            TraceEvent::Fault(event) => self.fault(record.time, event),
            TraceEvent::Node(event) => {
                if let Some(node) = record.node {
                    self.node(record.time, node, event);
                }
            }
            TraceEvent::Run(RunEvent::CoreHealed { core }) => {
                for influence in &mut self.influences {
                    influence.spared = Some((record.time, core.clone()));
                }
            }
            TraceEvent::Core(_)
            | TraceEvent::Run(_)
            | TraceEvent::Task(_)
            | TraceEvent::Net(_)
            | TraceEvent::Disk(_) => {}
        }
    }

    /// The first world time at which `local` may have passed on the node's clock
    /// since the world time `from`, seen from `now`.
    pub(super) fn earliest(&self, node: NodeId, from: u64, now: u64, local: Duration) -> u64 {
        let (_, _, fastest) = self.rates(node, from, now);
        let passed = scaled(local, 1.0 / fastest);
        from.saturating_add(passed).saturating_sub(ROUNDING)
    }

    /// The last world time by which the node must have acted on a timer of `local`
    /// set at the world time `from`, seen from `now`. Grows while the node stands
    /// still.
    pub(super) fn latest(&self, node: NodeId, from: u64, now: u64, local: Duration) -> u64 {
        let (slow, slowest, _) = self.rates(node, from, now);
        let passed = scaled(local.saturating_add(SLACK), slow / slowest);
        from.saturating_add(passed)
            .saturating_add(self.stood_still(node, from, now))
            .saturating_add(ROUNDING)
    }

    /// How much time may have passed on the node's clock between two world times, at
    /// least and at most.
    pub(super) fn elapsed(&self, node: NodeId, from: u64, to: u64) -> (Duration, Duration) {
        let (_, slowest, fastest) = self.rates(node, from, to);
        let world = Duration::from_nanos(to.saturating_sub(from));
        if slowest == 1.0 && fastest == 1.0 {
            return (world, world);
        }
        let least = scaled(world, slowest).saturating_sub(ROUNDING);
        let most = scaled(world, fastest).saturating_add(ROUNDING);
        (Duration::from_nanos(least), Duration::from_nanos(most))
    }

    /// Whether the node's time was not the world's at any moment between the two.
    pub(super) fn is_disturbed(&self, node: NodeId, from: u64, to: u64) -> bool {
        let mut influences = self.influences.iter();
        influences.any(|influence| influence.touches(node, from, to))
            || self.stood_still(node, from, to) > 0
    }

    /// Slow factor, slowest rate and fastest rate of the clock.
    fn rates(&self, node: NodeId, from: u64, to: u64) -> (f64, f64, f64) {
        let (mut slow, mut behind, mut ahead) = (1.0, 0.0, 0.0);
        let touching = self.influences.iter();
        for influence in touching.filter(|influence| influence.touches(node, from, to)) {
            slow *= influence.slow;
            behind += influence.drift.min(0.0);
            ahead += influence.drift.max(0.0);
        }
        (slow, f64::max(1.0 + behind, RATE_MIN), 1.0 + ahead)
    }

    fn stood_still(&self, node: NodeId, from: u64, now: u64) -> u64 {
        let Some(pauses) = self.pauses.get(&node) else {
            return 0;
        };
        let open = pauses.since.map(|since| (since, now));
        let within = |(start, end): (u64, u64)| end.min(now).saturating_sub(start.max(from));
        pauses.past.iter().copied().chain(open).map(within).sum()
    }

    fn fault(&mut self, time: u64, event: &FaultEvent) {
        match event {
            FaultEvent::Fired {
                episode,
                fault,
                target,
            } => {
                let (slow, drift) = match *fault {
                    Fault::Slow { factor } => (factor.max(1.0), 0.0),
                    Fault::ClockDrift { rate_ppm } => (1.0, rate_ppm as f64 / 1e6),
                    Fault::Drop { .. }
                    | Fault::Delay(_)
                    | Fault::Duplicate { .. }
                    | Fault::Reorder { .. }
                    | Fault::Hold
                    | Fault::Cut { .. }
                    | Fault::Crash { .. }
                    | Fault::Pause
                    | Fault::ClockOffset { .. }
                    | Fault::TornTail
                    | Fault::DiskError { .. }
                    | Fault::DiskFull => return,
                };
                self.influences.push(Influence {
                    episode: *episode,
                    target: target.clone(),
                    slow,
                    drift,
                    from: time,
                    until: u64::MAX,
                    spared: None,
                });
            }
            FaultEvent::Healed { episode, .. } => {
                let influences = self.influences.iter_mut();
                for influence in influences.filter(|influence| influence.episode == *episode) {
                    influence.until = influence.until.min(time);
                }
            }
            FaultEvent::Armed { .. } | FaultEvent::Effective { .. } => {}
        }
    }

    fn node(&mut self, time: u64, node: NodeId, event: &NodeEvent) {
        let pauses = self.pauses.entry(node).or_default();
        match event {
            NodeEvent::Paused => {
                pauses.since.get_or_insert(time);
            }
            NodeEvent::Started { .. } | NodeEvent::Crashed { .. } | NodeEvent::Resumed => {
                if let Some(since) = pauses.since.take() {
                    pauses.past.push((since, time));
                }
            }
            NodeEvent::Stopping { .. } | NodeEvent::Stopped { .. } => {}
        }
    }
}

/// A duration times a factor, in nanoseconds.
fn scaled(duration: Duration, factor: f64) -> u64 {
    let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    if factor == 1.0 {
        // Exact when nothing is wrong: floats have fewer digits.
        return nanoseconds;
    }
    // A cast saturates, which is what a bound wants.
    (nanoseconds as f64 * factor) as u64
}

#[cfg(test)]
mod tests {
    use super::super::tests::history::{History, MS};
    use super::*;

    const N1: NodeId = NodeId(1);
    const N2: NodeId = NodeId(2);
    const SECOND: Duration = Duration::from_secs(1);
    const LATE: u64 = 50 * MS + ROUNDING;

    fn tempo(history: History) -> Tempo {
        let mut tempo = Tempo::new();
        history
            .into_records()
            .iter()
            .for_each(|record| tempo.observe(record));
        tempo
    }

    #[test]
    fn limits_are_exact_when_nothing_is_wrong() {
        let tempo = tempo(History::new());
        assert_eq!(
            tempo.earliest(N1, 5, 9_000 * MS, SECOND),
            1_000 * MS + 5 - ROUNDING
        );
        assert_eq!(
            tempo.latest(N1, 5, 9_000 * MS, SECOND),
            1_000 * MS + 5 + LATE
        );
        let (least, most) = tempo.elapsed(N1, 0, 1_000 * MS);
        assert_eq!((least, most), (SECOND, SECOND));
    }

    #[test]
    fn a_drift_widens_the_bounds_of_its_node_while_it_holds() {
        let drift = Fault::ClockDrift { rate_ppm: -500_000 };
        let history = History::new().at(100).fired(0, drift, Target::Node(N1));
        let tempo = tempo(history.at(400).healed(0));
        assert_eq!(
            tempo.latest(N1, 0, 9_000 * MS, SECOND),
            2 * (1_050 * MS) + ROUNDING
        );
        assert_eq!(
            tempo.earliest(N1, 0, 9_000 * MS, SECOND),
            1_000 * MS - ROUNDING
        );
        assert_eq!(tempo.latest(N2, 0, 9_000 * MS, SECOND), 1_000 * MS + LATE);
        let after = 500 * MS;
        assert_eq!(
            tempo.latest(N1, after, 9_000 * MS, SECOND),
            after + 1_000 * MS + LATE
        );
    }

    #[test]
    fn a_fast_clock_makes_limits_pass_early() {
        let drift = Fault::ClockDrift { rate_ppm: 250_000 };
        let tempo = tempo(History::new().fired(0, drift, Target::All));
        assert_eq!(
            tempo.earliest(N1, 0, 9_000 * MS, SECOND),
            800 * MS - ROUNDING
        );
        assert_eq!(tempo.latest(N1, 0, 9_000 * MS, SECOND), 1_000 * MS + LATE);
        assert!(tempo.elapsed(N1, 0, 800 * MS).1 >= SECOND);
    }

    #[test]
    fn a_slow_node_is_late_but_never_early() {
        let slow = Fault::Slow { factor: 3.0 };
        let tempo = tempo(History::new().fired(0, slow, Target::Node(N1)));
        assert_eq!(
            tempo.latest(N1, 0, 9_000 * MS, SECOND),
            3 * 1_050 * MS + ROUNDING
        );
        assert_eq!(
            tempo.earliest(N1, 0, 9_000 * MS, SECOND),
            1_000 * MS - ROUNDING
        );
    }

    #[test]
    fn the_time_that_a_node_stands_still_is_added() {
        let history = History::new().at(100).paused(1).at(300).resumed(1);
        let tempo = tempo(history.at(600).paused(1));
        assert_eq!(tempo.latest(N1, 0, 500 * MS, SECOND), 1_200 * MS + LATE);
        assert_eq!(tempo.latest(N1, 0, 700 * MS, SECOND), 1_300 * MS + LATE);
        assert_eq!(
            tempo.latest(N1, 200 * MS, 500 * MS, SECOND),
            1_300 * MS + LATE
        );
        assert_eq!(tempo.latest(N2, 0, 700 * MS, SECOND), 1_000 * MS + LATE);
    }

    #[test]
    fn the_healed_core_keeps_exact_time_again() {
        let slow = Fault::Slow { factor: 3.0 };
        let history = History::new().fired(0, slow, Target::All);
        let tempo = tempo(history.at(1_000).core_healed(&[1]));
        let from = 2_000 * MS;
        assert_eq!(
            tempo.latest(N1, from, 9_000 * MS, SECOND),
            from + 1_000 * MS + LATE
        );
        assert!(tempo.latest(N2, from, 9_000 * MS, SECOND) > from + 3_000 * MS);
    }
}
