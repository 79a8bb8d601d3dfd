//! The faults, for the list.

use std::time::Duration;

use steadfast_sim::fault::{Delay, Fault};

/// One of each kind.
pub(super) const ALL: [Fault; 17] = [
    Fault::Drop { probability: 0.5 },
    Fault::Delay(Delay::Uniform {
        min: Duration::ZERO,
        max: Duration::ZERO,
    }),
    Fault::Delay(Delay::Exponential {
        mean: Duration::ZERO,
    }),
    Fault::Delay(Delay::Bimodal {
        fast: Duration::ZERO,
        slow: Duration::ZERO,
        slow_probability: 0.5,
    }),
    Fault::Duplicate { probability: 0.5 },
    Fault::Reorder {
        probability: 0.5,
        window: Duration::ZERO,
    },
    Fault::Hold,
    Fault::Cut { in_flight: true },
    Fault::Crash { wipe_disk: false },
    Fault::Crash { wipe_disk: true },
    Fault::Pause,
    Fault::Slow { factor: 2.0 },
    Fault::ClockOffset { offset_ms: 0 },
    Fault::ClockDrift { rate_ppm: 0 },
    Fault::TornTail,
    Fault::DiskError { probability: 0.5 },
    Fault::DiskFull,
];

/// What it does, in one line.
pub(super) const fn story(fault: &Fault) -> &'static str {
    match fault {
        Fault::Drop { .. } => "messages are lost",
        Fault::Delay(Delay::Uniform { .. }) => "messages take longer, evenly between two bounds",
        Fault::Delay(Delay::Exponential { .. }) => "messages take longer, exponentially",
        Fault::Delay(Delay::Bimodal { .. }) => "most messages are fast, some are slow",
        Fault::Duplicate { .. } => "messages arrive twice",
        Fault::Reorder { .. } => "messages are put behind later ones",
        Fault::Hold => "messages are held, then all released in order",
        Fault::Cut { .. } => "links carry nothing: a partition, one way or both ways",
        Fault::Crash { wipe_disk: false } => "the node dies with what it had not synced",
        Fault::Crash { wipe_disk: true } => "the node dies and loses its disk",
        Fault::Pause => "the node stands still",
        Fault::Slow { .. } => "timers fire late and messages leave late",
        Fault::ClockOffset { .. } => "the wall clock jumps",
        Fault::ClockDrift { .. } => "the clocks run faster or slower",
        Fault::TornTail => "of a write that was not synced, a part survives a crash",
        Fault::DiskError { .. } => "disk operations fail",
        Fault::DiskFull => "the disk takes no more data",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_its_own_word_and_story() {
        let mut words = ALL.map(|fault| fault.word());
        words.sort_unstable();
        assert!(words.windows(2).all(|pair| pair[0] != pair[1]));
        let mut stories = ALL.map(|fault| story(&fault));
        stories.sort_unstable();
        assert!(stories.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
