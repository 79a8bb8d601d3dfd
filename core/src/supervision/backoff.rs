//! How long to wait before a restart.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Growing waits before restarts. OTP has none and restarts at once, which is
/// also what a supervisor without a back-off does here.
///
/// The wait before the n-th restart in a row is `base * factor^(n-1)`, at most
/// `cap`; of that, a random part of up to the fraction `jitter` is taken off, so
/// the wait lies in `[d * (1 - jitter), d]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Backoff {
    /// The first wait.
    pub base: Duration,
    /// What each further wait is multiplied with; finite and not negative.
    pub factor: f64,
    /// The longest wait.
    pub cap: Duration,
    /// The fraction of a wait that chance may take off, from 0 to 1.
    pub jitter: f64,
    /// A child that has run for this long has recovered: the next wait is `base` again.
    pub reset_after: Duration,
}

impl Backoff {
    /// How many steps are computed one by one; the wait does not change after them.
    const STEPS_MAX: u32 = 4096;

    /// Whether the numbers make sense.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.factor.is_finite() && self.factor >= 0.0 && (0.0..=1.0).contains(&self.jitter)
    }

    /// The wait before restart number `attempt` in a row, counted from 1, without
    /// jitter.
    #[must_use]
    pub fn ceiling(&self, attempt: u32) -> Duration {
        let cap = nanoseconds(self.cap);
        let mut delay = nanoseconds(self.base).min(cap);
        // Multiplied step by step: products are the same on every machine, powers
        // need not be.
        for _ in 1..attempt.min(Self::STEPS_MAX) {
            let next = (delay * self.factor).min(cap);
            if next.to_bits() == delay.to_bits() {
                break;
            }
            delay = next;
        }
        if delay >= cap {
            return self.cap;
        }
        Duration::from_nanos(delay as u64)
    }

    /// The wait before restart number `attempt` in a row. `draw` is a random number
    /// from 0 up to but not including 1.
    #[must_use]
    pub fn delay(&self, attempt: u32, draw: f64) -> Duration {
        let ceiling = self.ceiling(attempt);
        if self.jitter <= 0.0 {
            return ceiling;
        }
        let delay = nanoseconds(ceiling) * (1.0 - self.jitter * draw);
        Duration::from_nanos(delay as u64).min(ceiling)
    }
}

/// As a number to compute with; exact below 2^53 ns, which is 104 days.
fn nanoseconds(duration: Duration) -> f64 {
    duration.as_nanos() as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn backoff(base: u64, factor: f64, cap: u64, jitter: f64) -> Backoff {
        Backoff {
            base: Duration::from_millis(base),
            factor,
            cap: Duration::from_millis(cap),
            jitter,
            reset_after: Duration::from_secs(60),
        }
    }

    fn ceilings(backoff: &Backoff) -> Vec<u128> {
        (1..=6)
            .map(|attempt| backoff.ceiling(attempt).as_millis())
            .collect()
    }

    #[test]
    fn waits_grow_by_the_factor_up_to_the_cap() {
        let waits = ceilings(&backoff(100, 2.0, 1000, 0.0));
        assert_eq!(waits, [100, 200, 400, 800, 1000, 1000]);
    }

    #[test]
    fn factor_one_is_constant_and_factor_zero_waits_once() {
        assert_eq!(ceilings(&backoff(100, 1.0, 1000, 0.0)), [100; 6]);
        assert_eq!(
            ceilings(&backoff(100, 0.0, 1000, 0.0)),
            [100, 0, 0, 0, 0, 0]
        );
    }

    #[test]
    fn a_base_above_the_cap_waits_for_the_cap() {
        assert_eq!(ceilings(&backoff(500, 2.0, 300, 0.0)), [300; 6]);
    }

    #[test]
    fn numbers_that_make_no_sense_are_seen() {
        assert!(backoff(1, 2.0, 2, 1.0).is_valid());
        for (factor, jitter) in [
            (-1.0, 0.0),
            (f64::NAN, 0.0),
            (f64::INFINITY, 0.0),
            (1.0, 1.1),
            (1.0, -0.1),
            (1.0, f64::NAN),
        ] {
            assert!(
                !backoff(1, factor, 2, jitter).is_valid(),
                "{factor} {jitter}"
            );
        }
    }

    proptest! {
        #[test]
        fn jitter_stays_within_its_bounds(
            base in 0_u64..100_000,
            factor in 0.0_f64..10.0,
            cap in 0_u64..1_000_000,
            jitter in 0.0_f64..=1.0,
            attempt in 1_u32..10_000,
            draw in 0.0_f64..1.0,
        ) {
            let backoff = backoff(base, factor, cap, jitter);
            let ceiling = backoff.ceiling(attempt);
            let delay = backoff.delay(attempt, draw);
            prop_assert!(delay <= ceiling && ceiling <= backoff.cap);
            // One nanosecond is lost to rounding down.
            let floor = ceiling.mul_f64(1.0 - jitter).saturating_sub(Duration::from_nanos(1));
            prop_assert!(delay >= floor, "{delay:?} < {floor:?}");
        }
    }
}
