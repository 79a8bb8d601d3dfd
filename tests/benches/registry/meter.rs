//! Processor time of threads, and what repeated measurements come to.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// The processor time that this thread has used.
pub(crate) fn thread_time() -> Duration {
    time(ClockId::CLOCK_THREAD_CPUTIME_ID)
}

/// The processor time that all threads have used.
pub(crate) fn process_time() -> Duration {
    time(ClockId::CLOCK_PROCESS_CPUTIME_ID)
}

/// The middle of some measurements.
pub(crate) fn median(mut measurements: Vec<f64>) -> f64 {
    measurements.sort_by(f64::total_cmp);
    measurements[measurements.len() / 2]
}

/// Bytes of memory that are in use.
pub(crate) fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").expect("the system counts pages");
    let resident = pages.split(' ').nth(1).expect("the second field");
    resident.parse::<usize>().expect("a number of pages") * 4096
}

fn time(clock: ClockId) -> Duration {
    clock_gettime(clock)
        .expect("the system counts processor time")
        .into()
}
