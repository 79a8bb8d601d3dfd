//! From simulated time to the clocks of one node, and back.

use std::time::Duration;

/// Parts of a nanosecond that clocks count in, so that a drift of one part per
/// million is exact.
const SCALE: u128 = 1_000_000;

const RATE_HEALTHY: u64 = 1_000_000;
const SLOW_HEALTHY: u64 = 1_000;

/// 2022-01-01, where the wall clocks begin.
const WALL_EPOCH: Duration = Duration::from_secs(1_640_995_200);

/// The clocks of one incarnation: a monotonic one that may drift, a wall clock that
/// may be off, and the progress of its timers, which falls behind the monotonic
/// clock while the node is slow.
///
/// All are piecewise linear in simulated time and go on without a step when a rate
/// changes. In the healthy case nothing is multiplied or divided.
#[derive(Debug, Clone)]
pub(crate) struct NodeClock {
    /// Simulated time when the incarnation started, and its monotonic clock then.
    started: u64,
    epoch: u64,
    /// The last change: simulated time, and in scaled units the two clocks.
    anchor: u64,
    clock: u128,
    progress: u128,
    /// Parts per million of simulated time.
    rate: u64,
    /// How many times slower, in thousandths.
    slow: u64,
    offset_ms: i64,
    plain: bool,
}

impl NodeClock {
    pub(crate) fn new(now: u64, epoch: u64) -> Self {
        Self {
            started: now,
            epoch,
            anchor: now,
            clock: u128::from(epoch) * SCALE,
            progress: u128::from(epoch) * SCALE,
            rate: RATE_HEALTHY,
            slow: SLOW_HEALTHY,
            offset_ms: 0,
            plain: true,
        }
    }

    /// The monotonic clock, in nanoseconds.
    pub(crate) fn read(&self, now: u64) -> u64 {
        if self.plain {
            return self.epoch.saturating_add(now.saturating_sub(self.started));
        }
        u64::try_from(self.clock_at(now) / SCALE).unwrap_or(u64::MAX)
    }

    /// How far the monotonic clock is ahead of simulated time, wrapping; `None` once
    /// its rate was changed.
    pub(crate) fn ahead(&self) -> Option<u64> {
        self.plain.then(|| self.epoch.wrapping_sub(self.started))
    }

    /// The wall clock, since the Unix epoch.
    pub(crate) fn wall(&self, now: u64) -> Duration {
        let run = self
            .started
            .saturating_add(self.read(now).saturating_sub(self.epoch));
        let healthy = WALL_EPOCH.saturating_add(Duration::from_nanos(run));
        let offset = Duration::from_millis(self.offset_ms.unsigned_abs());
        if self.offset_ms < 0 {
            healthy.saturating_sub(offset)
        } else {
            healthy.saturating_add(offset)
        }
    }

    /// How far timers must have come for one that is set now to fire at `deadline`.
    pub(crate) fn goal(&self, now: u64, deadline: u64) -> u128 {
        let deadline = u128::from(deadline) * SCALE;
        if self.plain {
            return deadline;
        }
        self.progress_at(now) + deadline.saturating_sub(self.clock_at(now))
    }

    /// The simulated time at which a timer fires: the first at which timers have
    /// come to `goal` and the monotonic clock to `deadline`. `u64::MAX` is never.
    pub(crate) fn due(&self, deadline: u64, goal: u128) -> u64 {
        if self.plain {
            return match deadline.checked_sub(self.epoch) {
                Some(ahead) => self.started.saturating_add(ahead),
                None => self.started,
            };
        }
        let rate = u128::from(self.rate);
        let slow = u128::from(self.slow);
        let healthy = u128::from(SLOW_HEALTHY);
        let clock = (u128::from(deadline) * SCALE).saturating_sub(self.clock);
        let progress = goal.saturating_sub(self.progress);
        let ahead = clock
            .div_ceil(rate)
            .max(progress.saturating_mul(slow).div_ceil(rate * healthy));
        u64::try_from(u128::from(self.anchor) + ahead).unwrap_or(u64::MAX)
    }

    /// From now on the clocks run at `rate` parts per million, timers `slow`
    /// thousandths slower than that. Answers whether anything changed.
    pub(crate) fn set_rates(&mut self, now: u64, rate: u64, slow: u64) -> bool {
        if (self.rate, self.slow) == (rate, slow) {
            return false;
        }
        (self.clock, self.progress) = (self.clock_at(now), self.progress_at(now));
        self.anchor = now;
        (self.rate, self.slow) = (rate, slow);
        self.plain = false;
        true
    }

    pub(crate) const fn set_offset(&mut self, offset_ms: i64) {
        self.offset_ms = offset_ms;
    }

    /// How many times slower the node is, in thousandths.
    pub(crate) const fn slow(&self) -> u64 {
        self.slow
    }

    fn clock_at(&self, now: u64) -> u128 {
        self.clock + self.since_anchor(now) * u128::from(self.rate)
    }

    fn progress_at(&self, now: u64) -> u128 {
        let healthy = self.since_anchor(now) * u128::from(self.rate) * u128::from(SLOW_HEALTHY);
        self.progress + healthy / u128::from(self.slow)
    }

    fn since_anchor(&self, now: u64) -> u128 {
        u128::from(now.saturating_sub(self.anchor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn set(clock: &NodeClock, now: u64, ahead: u64) -> (u64, u128) {
        let deadline = clock.read(now) + ahead;
        (deadline, clock.goal(now, deadline))
    }

    #[test]
    fn a_healthy_clock_is_simulated_time_behind_an_epoch() {
        let clock = NodeClock::new(5, 100);
        assert_eq!(clock.read(5), 100);
        assert_eq!(clock.read(12), 107);
        let (deadline, goal) = set(&clock, 12, 30);
        assert_eq!(clock.due(deadline, goal), 42);
        assert_eq!(clock.due(3, clock.goal(12, 3)), 5);
        assert_eq!(clock.wall(5), WALL_EPOCH + Duration::from_nanos(5));
    }

    #[test]
    fn drift_changes_the_rate_without_a_step() {
        let mut clock = NodeClock::new(0, 7);
        let before = clock.read(SECOND);
        clock.set_rates(SECOND, 1_000_100, 1_000);
        assert_eq!(clock.read(SECOND), before);
        assert_eq!(clock.read(2 * SECOND), before + SECOND + 100_000);
        clock.set_rates(2 * SECOND, 1_000_000, 1_000);
        assert_eq!(clock.read(3 * SECOND), before + 2 * SECOND + 100_000);
    }

    #[test]
    fn readings_never_go_back_and_deadlines_are_never_early() {
        let mut clock = NodeClock::new(3, 11);
        let (mut now, mut last) = (3, 0);
        let rates = [1_000_000, 999_999, 100_001, 1_900_000, 1_000_001, 333_333];
        let slows = [1_000, 1_001, 7_777, 1_000, 999_999, 3_000];
        let mut timers: Vec<(u64, u128)> = Vec::new();
        for step in 0..600_u64 {
            let index = (step / 7) as usize;
            now += 1 + step * 37 % 1_000;
            clock.set_rates(now, rates[index % 6], slows[(index / 2) % 6]);
            assert!(clock.read(now) >= last);
            last = clock.read(now);
            timers.push(set(&clock, now, step * 13 % 997));
            for &(deadline, goal) in &timers {
                let due = clock.due(deadline, goal);
                assert!(clock.read(due.max(now)) >= deadline, "early");
                if due > now {
                    let earlier = due - 1;
                    let reached =
                        clock.read(earlier) >= deadline && clock.progress_at(earlier) >= goal;
                    assert!(!reached, "late");
                }
            }
        }
    }

    #[test]
    fn a_slow_node_fires_late_by_its_factor_while_it_is_slow() {
        let mut clock = NodeClock::new(0, 0);
        let (deadline, goal) = set(&clock, 0, 100);
        clock.set_rates(50, 1_000_000, 10_000);
        assert_eq!(clock.due(deadline, goal), 50 + 500);
        assert_eq!(clock.read(100), 100);
        clock.set_rates(300, 1_000_000, 1_000);
        assert_eq!(clock.due(deadline, goal), 300 + 25);
    }

    #[test]
    fn the_end_of_time_is_never() {
        let mut clock = NodeClock::new(9, 100);
        assert_eq!(clock.due(u64::MAX, clock.goal(9, u64::MAX)), u64::MAX - 91);
        clock.set_rates(10, 100_000, 1_000_000_000);
        assert_eq!(clock.due(u64::MAX, clock.goal(10, u64::MAX)), u64::MAX);
    }

    #[test]
    fn an_offset_moves_the_wall_clock_only() {
        let mut clock = NodeClock::new(0, 0);
        clock.set_offset(-1_500);
        assert_eq!(clock.read(10), 10);
        let behind = Duration::from_millis(1_500) - Duration::from_nanos(10);
        assert_eq!(clock.wall(10), WALL_EPOCH - behind);
        clock.set_offset(2);
        assert_eq!(clock.wall(0), WALL_EPOCH + Duration::from_millis(2));
    }
}
