//! What work costs in processor time, and how repeated measurements are summed up.

use std::time::Duration;

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

/// The processor time of `work`, of all its threads and of the processes that it
/// waited for. Other load on the machine counts for little in it.
pub(crate) fn processor_time(work: impl FnOnce()) -> Duration {
    let before = used();
    work();
    used().saturating_sub(before)
}

/// The middle of some measurements with the outermost ones.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// Sums measurements up; there must be one at least.
    pub(crate) fn of(mut measurements: Vec<f64>) -> Self {
        measurements.sort_by(f64::total_cmp);
        Self {
            min: measurements[0],
            median: measurements[measurements.len() / 2],
            max: measurements[measurements.len() - 1],
        }
    }
}

fn used() -> Duration {
    [UsageWho::RUSAGE_SELF, UsageWho::RUSAGE_CHILDREN]
        .map(|who| total(&getrusage(who).expect("the system counts processor time")))
        .iter()
        .sum()
}

fn total(usage: &Usage) -> Duration {
    let microseconds = (usage.user_time() + usage.system_time()).num_microseconds();
    Duration::from_micros(microseconds.unsigned_abs())
}
