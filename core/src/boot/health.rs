//! Whether a service is well: its check, and the verdict over many checks.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::error::HealthCheckError;
use crate::event::HealthStatus;
use crate::label::Label;
use crate::process::{Context, ExitReason, ProcessId};
use crate::runtime::Runtime;

/// What a check says of a service that answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It is well.
    Good,
    /// It works with limits, and says which.
    Degraded(Label),
}

type CheckAnswer = Pin<Box<dyn Future<Output = Result<Health, ExitReason>> + Send>>;

/// The body of a check; made anew for each run.
pub(super) type CheckBody<R> = Arc<dyn Fn(Context<R>, ProcessId) -> CheckAnswer + Send + Sync>;

/// How many checks of one kind it takes to change a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Thresholds {
    pub(super) failures_to_unhealthy: u32,
    pub(super) successes_to_healthy: u32,
}

/// A periodic check of one service.
///
/// Each run is a task of its own with its own time limit: a check that hangs is
/// killed and one that panics fails, and the next one comes after the interval all
/// the same.
pub struct HealthCheck<R: Runtime> {
    pub(super) interval: Duration,
    pub(super) limit: Duration,
    pub(super) thresholds: Thresholds,
    pub(super) body: CheckBody<R>,
}

impl<R: Runtime> HealthCheck<R> {
    /// A check that runs once the services are up and then `interval` after the end
    /// of the run before. `body` gets the context of the run's own process and the
    /// process of the service; it is not called while the service does not run.
    ///
    /// 5 s for each run, 3 failures in a row to unhealthy, 1 success to healthy.
    pub fn new<B, F, E>(interval: Duration, body: B) -> Self
    where
        B: Fn(Context<R>, ProcessId) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Health, E>> + Send + 'static,
        E: Into<ExitReason>,
    {
        let body = Arc::new(body);
        Self {
            interval,
            limit: Duration::from_secs(5),
            thresholds: Thresholds {
                failures_to_unhealthy: 3,
                successes_to_healthy: 1,
            },
            body: Arc::new(move |context, process| -> CheckAnswer {
                let body = body.clone();
                Box::pin(async move { body(context, process).await.map_err(Into::into) })
            }),
        }
    }

    /// How long one run may take.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// How many runs in a row must fail before the service is unhealthy.
    #[must_use]
    pub fn failures_to_unhealthy(mut self, failures: u32) -> Self {
        self.thresholds.failures_to_unhealthy = failures;
        self
    }

    /// How many runs in a row must succeed before an unhealthy service is no more so.
    #[must_use]
    pub fn successes_to_healthy(mut self, successes: u32) -> Self {
        self.thresholds.successes_to_healthy = successes;
        self
    }

    pub(super) fn validate(&self) -> Result<(), HealthCheckError> {
        if self.interval.is_zero() {
            return Err(HealthCheckError::ZeroInterval);
        }
        if self.limit.is_zero() {
            return Err(HealthCheckError::ZeroLimit);
        }
        let Thresholds {
            failures_to_unhealthy,
            successes_to_healthy,
        } = self.thresholds;
        if failures_to_unhealthy == 0 || successes_to_healthy == 0 {
            return Err(HealthCheckError::ZeroThreshold);
        }
        Ok(())
    }
}

impl<R: Runtime> Clone for HealthCheck<R> {
    fn clone(&self) -> Self {
        Self {
            interval: self.interval,
            limit: self.limit,
            thresholds: self.thresholds,
            body: self.body.clone(),
        }
    }
}

impl<R: Runtime> fmt::Debug for HealthCheck<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HealthCheck")
            .field("interval", &self.interval)
            .field("limit", &self.limit)
            .field("thresholds", &self.thresholds)
            .finish_non_exhaustive()
    }
}

/// What one run of a check came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Observation {
    Good,
    Degraded(Label),
    /// It failed, panicked or took too long; the text says which.
    Failed(Label),
}

/// The verdict over the checks of one process. Pure.
///
/// Good and degraded take effect at once. Unhealthy needs failures in a row, and
/// leaving it needs successes in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tracker {
    thresholds: Thresholds,
    verdict: HealthStatus,
    detail: Label,
    failures: u32,
    successes: u32,
}

impl Tracker {
    /// A service that has started counts as healthy until a check says otherwise.
    pub(super) fn new(thresholds: Thresholds) -> Self {
        Self {
            thresholds,
            verdict: HealthStatus::Healthy,
            detail: "running".into(),
            failures: 0,
            successes: 0,
        }
    }

    pub(super) const fn verdict(&self) -> HealthStatus {
        self.verdict
    }

    pub(super) const fn detail(&self) -> &Label {
        &self.detail
    }

    pub(super) fn observe(&mut self, observation: Observation) {
        let (verdict, detail) = match observation {
            Observation::Failed(why) => {
                self.successes = 0;
                self.failures = self.failures.saturating_add(1);
                if self.failures >= self.thresholds.failures_to_unhealthy {
                    self.verdict = HealthStatus::Unhealthy;
                    self.detail = why;
                }
                return;
            }
            Observation::Good => (HealthStatus::Healthy, "good".into()),
            Observation::Degraded(how) => (HealthStatus::Degraded, how),
        };
        self.failures = 0;
        self.successes = self.successes.saturating_add(1);
        let recovered = self.successes >= self.thresholds.successes_to_healthy;
        if self.verdict != HealthStatus::Unhealthy || recovered {
            self.verdict = verdict;
            self.detail = detail;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts(failures: u32, successes: u32, observations: &str) -> String {
        let mut tracker = Tracker::new(Thresholds {
            failures_to_unhealthy: failures,
            successes_to_healthy: successes,
        });
        let mut verdicts = String::new();
        for observation in observations.chars() {
            tracker.observe(match observation {
                'g' => Observation::Good,
                'd' => Observation::Degraded("slow".into()),
                _ => Observation::Failed("no".into()),
            });
            verdicts.push(match tracker.verdict() {
                HealthStatus::Healthy => 'H',
                HealthStatus::Degraded => 'D',
                HealthStatus::Unhealthy => 'U',
            });
        }
        verdicts
    }

    #[test]
    fn only_failures_in_a_row_make_unhealthy() {
        assert_eq!(verdicts(3, 1, "ffgffff"), "HHHHHUU");
        assert_eq!(verdicts(1, 1, "fgf"), "UHU");
        assert_eq!(verdicts(2, 1, "dffd"), "DDUD");
    }

    #[test]
    fn only_successes_in_a_row_end_unhealthy() {
        assert_eq!(verdicts(1, 3, "fggfgggg"), "UUUUUUHH");
        assert_eq!(verdicts(1, 2, "fddg"), "UUDH");
    }

    #[test]
    fn good_and_degraded_take_effect_at_once() {
        assert_eq!(verdicts(3, 3, "gdgd"), "HDHD");
    }

    #[test]
    fn the_detail_is_that_of_the_check_that_decided() {
        let mut tracker = Tracker::new(Thresholds {
            failures_to_unhealthy: 2,
            successes_to_healthy: 1,
        });
        tracker.observe(Observation::Degraded("slow".into()));
        tracker.observe(Observation::Failed("first".into()));
        assert_eq!(tracker.detail(), &Label::from("slow"));
        tracker.observe(Observation::Failed("second".into()));
        assert_eq!(tracker.detail(), &Label::from("second"));
    }
}
