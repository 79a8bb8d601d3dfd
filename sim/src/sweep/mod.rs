//! Many seeds of many scenarios.
//!
//! Workers are forked before anything else happens; each takes seeds over a pipe and
//! forks a child for every run. Results come back in the order of scenarios and
//! seeds, whatever the number of workers, and no more than a bounded number of them
//! is held back, so memory does not grow with the number of seeds.

mod comparison;
mod figures;
mod isolated;
mod pool;
mod seeds;
mod sweeping;
#[cfg(test)]
mod tests;

pub use comparison::{compare, compare_with_capsule};
pub use figures::{FaultFigures, Figures, ScenarioFigures};
pub use isolated::{Keep, PlannedRun, Source, WALL_CLOCK, Watchdog, run_isolated};
pub use pool::PoolError;
pub use seeds::{Seeds, SeedsError};
pub use sweeping::{Hunt, SeedResult, Sweep, run_seed};
