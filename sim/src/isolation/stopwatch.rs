//! The machine's clock, for limits and figures that no run can see.

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "the only reader of the machine's clock in the simulator: watchdogs and throughput"
)]

use std::time::{Duration, Instant};

/// Wall-clock time since its start. Never used where a simulation runs: there the
/// simulator answers with simulated time.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the start.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    /// What is left of `limit`; zero once it has passed.
    #[must_use]
    pub fn left(self, limit: Duration) -> Duration {
        limit.saturating_sub(self.elapsed())
    }
}
