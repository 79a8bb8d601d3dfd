//! What the monitor makes of what it saw. Pure.

use std::time::Duration;

use crate::event::HealthStatus;
use crate::label::Label;
use crate::registry::facade::OperationStats;
use crate::registry::report::BackendHealth;

/// What one look at a backend came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Observation {
    pub(super) status: HealthStatus,
    pub(super) detail: Label,
}

/// What happened to the changes between two looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Window {
    /// Changes that came to an end.
    pub(super) count: u64,
    /// Those that the backend could not do.
    pub(super) failed: u64,
    /// Changes that were timed.
    pub(super) timed: u64,
    /// How long those took together.
    pub(super) time_total: Duration,
}

impl Window {
    /// What lies between two readings of the counters.
    pub(super) fn between(before: &[OperationStats], now: &[OperationStats]) -> Self {
        let sum = |stats: &[OperationStats]| {
            stats.iter().fold(Self::default(), |sum, stats| Self {
                count: sum.count + stats.count,
                failed: sum.failed + stats.failed,
                timed: sum.timed + stats.timed,
                time_total: sum.time_total + stats.time_total,
            })
        };
        let (before, now) = (sum(before), sum(now));
        Self {
            count: now.count.saturating_sub(before.count),
            failed: now.failed.saturating_sub(before.failed),
            timed: now.timed.saturating_sub(before.timed),
            time_total: now.time_total.saturating_sub(before.time_total),
        }
    }

    fn mean(&self) -> Duration {
        let timed = u32::try_from(self.timed).unwrap_or(u32::MAX);
        self.time_total.checked_div(timed).unwrap_or_default()
    }
}

/// Puts together what a backend says of itself and how its changes fared: the worse of
/// the two counts. More than half of the changes failed: unhealthy; some did, or they
/// took longer than `latency_max` on average: degraded.
pub(super) fn observe(
    health: &BackendHealth,
    window: Window,
    latency_max: Duration,
) -> Observation {
    let (count, failed, mean) = (window.count, window.failed, window.mean());
    let (status, detail) = if failed * 2 > count {
        let detail = format!("{failed} of {count} changes failed");
        (HealthStatus::Unhealthy, detail)
    } else if failed > 0 {
        let detail = format!("{failed} of {count} changes failed");
        (HealthStatus::Degraded, detail)
    } else if mean > latency_max {
        let detail = format!("changes take {mean:?}, and {latency_max:?} is the most");
        (HealthStatus::Degraded, detail)
    } else {
        (HealthStatus::Healthy, String::new())
    };
    if status > health.status {
        let detail = detail.into();
        Observation { status, detail }
    } else {
        Observation {
            status: health.status,
            detail: health.detail.clone(),
        }
    }
}

/// A verdict that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) from: HealthStatus,
    pub(super) to: HealthStatus,
    pub(super) detail: Label,
}

/// The verdict over many looks. It changes only after so many looks in a row that all
/// say something else: to the best that any of them said if it gets worse, to the
/// worst if it gets better.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    threshold: u32,
    status: HealthStatus,
    /// Looks in a row that say something worse, or something better.
    run: Option<Run>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Run {
    worse: bool,
    looks: u32,
    nearest: HealthStatus,
}

impl Verdict {
    /// A backend that was just put in charge counts as healthy.
    pub(super) const fn new(threshold: u32) -> Self {
        Self {
            threshold,
            status: HealthStatus::Healthy,
            run: None,
        }
    }

    pub(super) const fn status(&self) -> HealthStatus {
        self.status
    }

    pub(super) fn see(&mut self, observation: Observation) -> Option<Turn> {
        let Observation { status, detail } = observation;
        if status == self.status {
            self.run = None;
            return None;
        }
        let worse = status > self.status;
        let run = match self.run.take().filter(|run| run.worse == worse) {
            Some(run) => Run {
                worse,
                looks: run.looks + 1,
                nearest: if worse {
                    run.nearest.min(status)
                } else {
                    run.nearest.max(status)
                },
            },
            None => Run {
                worse,
                looks: 1,
                nearest: status,
            },
        };
        if run.looks < self.threshold {
            self.run = Some(run);
            return None;
        }
        let from = std::mem::replace(&mut self.status, run.nearest);
        Some(Turn {
            from,
            to: run.nearest,
            detail,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts(threshold: u32, looks: &str) -> String {
        let mut verdict = Verdict::new(threshold);
        let looks = looks.chars().map(|look| {
            let status = match look {
                'h' => HealthStatus::Healthy,
                'd' => HealthStatus::Degraded,
                _ => HealthStatus::Unhealthy,
            };
            let before = verdict.status();
            let turn = verdict.see(Observation {
                status,
                detail: "".into(),
            });
            assert_eq!(turn.map_or(before, |turn| turn.to), verdict.status());
            match verdict.status() {
                HealthStatus::Healthy => 'H',
                HealthStatus::Degraded => 'D',
                HealthStatus::Unhealthy => 'U',
            }
        });
        looks.collect()
    }

    #[test]
    fn a_backend_that_flaps_changes_no_verdict() {
        assert_eq!(verdicts(3, "uhuuhuuhdd"), "HHHHHHHHHH");
        assert_eq!(verdicts(2, "uuhuhuhu"), "HUUUUUUU");
    }

    #[test]
    fn looks_in_a_row_that_say_otherwise_change_it_to_what_all_of_them_bear_out() {
        assert_eq!(verdicts(3, "uuuhhh"), "HHUUUH");
        assert_eq!(verdicts(3, "uduuuu"), "HHDDDU");
        assert_eq!(verdicts(1, "uhd"), "UHD");
        assert_eq!(verdicts(2, "uudh"), "HUUD");
    }

    fn window(count: u64, failed: u64, mean_ms: u64) -> Window {
        Window {
            count,
            failed,
            timed: 10,
            time_total: Duration::from_millis(mean_ms * 10),
        }
    }

    #[test]
    fn the_worse_of_what_is_said_and_what_is_seen_counts() {
        let said = |status| BackendHealth::new(status, "said", 0);
        let limit = Duration::from_millis(50);
        let status = |health, window| observe(&said(health), window, limit).status;
        use HealthStatus::{Degraded, Healthy, Unhealthy};
        assert_eq!(status(Healthy, window(10, 0, 1)), Healthy);
        assert_eq!(status(Healthy, window(10, 5, 1)), Degraded);
        assert_eq!(status(Healthy, window(10, 6, 1)), Unhealthy);
        assert_eq!(status(Healthy, window(10, 0, 51)), Degraded);
        assert_eq!(status(Unhealthy, window(10, 0, 1)), Unhealthy);
        assert_eq!(status(Healthy, Window::default()), Healthy);
        let slow = observe(&said(Healthy), window(10, 0, 51), limit);
        assert!(slow.detail.contains("51ms"), "{}", slow.detail);
    }
}
