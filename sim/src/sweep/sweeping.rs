//! The driver of a sweep.

use std::error::Error;
use std::ops::ControlFlow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::comparison::compare;
use super::isolated::{Keep, PlannedRun, Source, Watchdog, run_isolated};
use super::pool::{Pool, PoolError};
use super::seeds::Seeds;
use crate::isolation::IsolationError;
use crate::outcome::Outcome;
use crate::scenario::Scenario;

/// How many lines of its story a failed run brings along.
const TAIL_LINES: usize = 24;

/// Scenarios that are run with many seeds, by some workers.
pub struct Sweep {
    scenarios: Vec<Arc<dyn Scenario>>,
    workers: usize,
    watchdog: Watchdog,
}

/// Seeds of one scenario, run in order up to the first run that does not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hunt {
    /// The index of the scenario in the sweep.
    pub scenario: usize,
    /// The first seed.
    pub first: u64,
    /// How many seeds are run at most; at least one is.
    pub seeds_max: u64,
}

/// The run of one seed. Only a run that did not pass has lines in its tail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeedResult {
    /// The index of the scenario in the sweep.
    pub scenario: usize,
    /// The seed.
    pub seed: u64,
    /// The run, without its trace.
    pub planned: PlannedRun,
}

impl Sweep {
    /// The most workers that a sweep has.
    pub const WORKERS_MAX: usize = 256;

    /// A sweep over these scenarios. The number of workers is brought into the range
    /// from 1 to [`Sweep::WORKERS_MAX`].
    #[must_use]
    pub fn new(scenarios: Vec<Arc<dyn Scenario>>, workers: usize, watchdog: Watchdog) -> Self {
        Self {
            scenarios,
            workers: workers.clamp(1, Self::WORKERS_MAX),
            watchdog,
        }
    }

    /// Runs every scenario with every seed. `take` gets the results in the order of
    /// scenarios and seeds, and may end the sweep; `tick` hears of every result as it
    /// comes. The calling process must have one thread when this is called.
    ///
    /// # Errors
    ///
    /// See [`PoolError`].
    pub fn run(
        &self,
        seeds: Seeds,
        tick: impl FnMut(&SeedResult),
        take: impl FnMut(SeedResult) -> ControlFlow<()>,
    ) -> Result<(), PoolError> {
        let hunts = (0..self.scenarios.len()).flat_map(|scenario| {
            seeds.range().map(move |first| Hunt {
                scenario,
                first,
                seeds_max: 1,
            })
        });
        self.hunt(hunts, tick, take)
    }

    /// Goes through hunts. The result of a hunt is that of the last seed that it ran:
    /// the first that did not pass, or the last of all. Otherwise as [`Sweep::run`].
    ///
    /// # Errors
    ///
    /// See [`PoolError`].
    pub fn hunt(
        &self,
        hunts: impl IntoIterator<Item = Hunt>,
        tick: impl FnMut(&SeedResult),
        take: impl FnMut(SeedResult) -> ControlFlow<()>,
    ) -> Result<(), PoolError> {
        let pool = Pool::fork(self.workers, |hunt| {
            self.follow(hunt).map_err(|error| chain(&error))
        })?;
        pool.run(hunts.into_iter(), tick, take)
    }

    /// In a worker: one hunt.
    fn follow(&self, hunt: Hunt) -> Result<SeedResult, IsolationError> {
        let scenario = &*self.scenarios[hunt.scenario];
        let mut seed = hunt.first;
        let last = hunt.first.saturating_add(hunt.seeds_max.saturating_sub(1));
        loop {
            let planned = run_seed(scenario, seed, self.watchdog)?;
            if seed == last || planned.run.report.outcome != Outcome::Passed {
                return Ok(SeedResult {
                    scenario: hunt.scenario,
                    seed,
                    planned,
                });
            }
            seed += 1;
        }
    }
}

/// Runs one seed; if it fails, once more, to bring the end of its story along and to
/// see whether it fails the same way.
///
/// # Errors
///
/// See [`IsolationError`].
pub fn run_seed(
    scenario: &dyn Scenario,
    seed: u64,
    watchdog: Watchdog,
) -> Result<PlannedRun, IsolationError> {
    let source = Source::Seed(seed);
    let first = run_isolated(scenario, source, Keep::Report, watchdog)?;
    let report = &first.run.report;
    // A run that was killed or crashed would be so again, after as long a wait.
    if report.outcome == Outcome::Passed || report.known_digest().is_none() {
        return Ok(first);
    }
    let mut second = run_isolated(scenario, source, Keep::Tail(TAIL_LINES), watchdog)?;
    if let Some(diverged) = compare(&first, &second) {
        second.run.report.outcome = diverged;
    }
    Ok(second)
}

/// An error with its causes.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
