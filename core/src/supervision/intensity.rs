//! How many restarts are allowed in a sliding window.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::runtime::Timestamp;

/// At most `intensity` restarts within any `period`. As in OTP, a restart that is
/// exactly `period` old still counts, and the window slides rather than resets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RestartLimit {
    /// Restarts allowed; 0 allows none. At most [`RestartLimit::INTENSITY_MAX`].
    pub intensity: u32,
    /// The length of the window; more than zero.
    pub period: Duration,
}

impl RestartLimit {
    /// The largest intensity; it bounds the memory of a window.
    pub const INTENSITY_MAX: u32 = 1_000_000;
}

impl Default for RestartLimit {
    /// OTP's default: one restart in five seconds.
    fn default() -> Self {
        Self {
            intensity: 1,
            period: Duration::from_secs(5),
        }
    }
}

/// What one more restart means for a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Restarts in the window, this one included.
    pub(super) in_window: u32,
    /// Whether this one is allowed.
    pub(super) allowed: bool,
}

/// The restarts that a limit remembers: never more than its intensity.
#[derive(Debug, Default)]
pub(super) struct Window(VecDeque<Timestamp>);

impl Window {
    /// Whether one more restart at `now` is within `limit`. Changes nothing but
    /// forgetting what is too old.
    pub(super) fn consider(&mut self, limit: RestartLimit, now: Timestamp) -> Verdict {
        while self
            .0
            .front()
            .is_some_and(|restart| now.since(*restart) > limit.period)
        {
            self.0.pop_front();
        }
        let in_window = u32::try_from(self.0.len())
            .unwrap_or(u32::MAX)
            .saturating_add(1);
        Verdict {
            in_window,
            allowed: in_window <= limit.intensity,
        }
    }

    /// Remembers a restart that was allowed.
    pub(super) fn record(&mut self, now: Timestamp) {
        self.0.push_back(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Timestamp {
        Timestamp::ZERO + Duration::from_secs(seconds)
    }

    fn limit(intensity: u32, period: u64) -> RestartLimit {
        RestartLimit {
            intensity,
            period: Duration::from_secs(period),
        }
    }

    fn restart(window: &mut Window, limit: RestartLimit, now: Timestamp) -> Verdict {
        let verdict = window.consider(limit, now);
        if verdict.allowed {
            window.record(now);
        }
        verdict
    }

    #[test]
    fn intensity_zero_allows_no_restart() {
        let verdict = restart(&mut Window::default(), limit(0, 5), seconds(0));
        assert_eq!(
            verdict,
            Verdict {
                in_window: 1,
                allowed: false
            }
        );
    }

    #[test]
    fn the_restart_after_the_last_allowed_one_is_refused() {
        let mut window = Window::default();
        let limit = limit(2, 5);
        assert!(restart(&mut window, limit, seconds(0)).allowed);
        assert!(restart(&mut window, limit, seconds(1)).allowed);
        let third = restart(&mut window, limit, seconds(2));
        assert_eq!(
            third,
            Verdict {
                in_window: 3,
                allowed: false
            }
        );
    }

    #[test]
    fn a_restart_exactly_one_period_old_still_counts() {
        let mut window = Window::default();
        let limit = limit(1, 5);
        assert!(restart(&mut window, limit, seconds(0)).allowed);
        assert!(!restart(&mut window, limit, seconds(5)).allowed);
        let later = seconds(5) + Duration::from_nanos(1);
        assert!(restart(&mut window, limit, later).allowed);
    }

    #[test]
    fn the_window_slides_and_does_not_reset() {
        let mut window = Window::default();
        let limit = limit(2, 10);
        for second in [0, 9] {
            assert!(restart(&mut window, limit, seconds(second)).allowed);
        }
        // A bucket that resets at 10 s would allow both.
        assert!(restart(&mut window, limit, seconds(11)).allowed);
        assert!(!restart(&mut window, limit, seconds(12)).allowed);
    }

    #[test]
    fn restarts_spaced_wider_than_the_window_never_exceed() {
        let mut window = Window::default();
        for step in 0..1000 {
            let verdict = restart(&mut window, limit(1, 5), seconds(step * 6));
            assert!(verdict.allowed, "step {step}");
        }
        assert_eq!(window.0.len(), 1);
    }
}
